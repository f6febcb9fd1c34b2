"""Acts and pages: what the API can do has a page, or stands here with the reason why not."""

from graphql import FieldNode, OperationDefinitionNode, build_schema, parse

import schema
from web.pages.table import operations

OTHER_DOORS = {
    # Many rows at once: the roster page, a file, a program or the command line.
    "recordRoster", "importHours", "acceptMonth", "bringCopy",
    "allotFunds", "allotByFormula", "authoriseSource", "closeSource",
    "agreePackage", "recordVisits", "acceptVisits", "enterOrganisation", "registerUnit",
}  # fmt: skip
"""Acts that are done by another door than a page."""


def test_every_act_has_a_page_or_stands_in_the_list_of_those_that_have_none() -> None:
    """An act that only the API has is no act for whoever stands at a desk."""
    asked = {
        field.name.value
        for text in operations().values()
        for one in parse(text).definitions
        if isinstance(one, OperationDefinitionNode) and one.operation.value == "mutation"
        for field in one.selection_set.selections
        if isinstance(field, FieldNode)
    }
    mutations = build_schema(schema.printed()).mutation_type
    assert mutations
    assert mutations.fields.keys() - asked == OTHER_DOORS

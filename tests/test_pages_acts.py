"""Acts and doors: what the API can do is done on a page and at the command line too.

A page asks stored operations, and `timebank ask` takes each by its name, with the rights of whoever
proves who they are.
"""

from graphql import FieldNode, OperationDefinitionNode, build_schema, parse

import schema
from web.commands.asking import Document
from web.pages.every import FORMS, PAGES
from web.pages.table import operations

OTHER_DOORS = {
    # Many rows at once: the roster page, a file, a program or the command line.
    "recordRoster", "importHours", "bringCopy",
    "allotFunds", "allotByFormula", "authoriseSource", "closeSource",
    "agreePackage", "recordVisits", "acceptVisits", "enterOrganisation",
}  # fmt: skip
"""Acts that are done by another door than a page."""
BY_SCRIPT = {"sync_scans"}
"""Stored operations that the offline queue of the desk asks."""


def on_pages() -> set[str]:
    """The stored operations that pages and their forms ask."""
    pages = {name for page in PAGES for name in (page.operation, page.lookup) if name}
    return pages | {form.mutation for form in FORMS}


def test_the_operation_of_a_form_asks_one_thing() -> None:
    """What a form did is told by the one field that its operation asks."""
    for form in FORMS:
        (asked,) = parse(operations()[form.mutation]).definitions
        assert isinstance(asked, OperationDefinitionNode)
        assert len(asked.selection_set.selections) == 1, form.mutation


def test_every_act_has_a_page_or_stands_in_the_list_of_those_that_have_none() -> None:
    """An act that only the API has is no act for whoever stands at a desk."""
    asked = {
        field.name.value
        for name, text in operations().items()
        if name in on_pages() | BY_SCRIPT
        for one in parse(text).definitions
        if isinstance(one, OperationDefinitionNode) and one.operation.value == "mutation"
        for field in one.selection_set.selections
        if isinstance(field, FieldNode)
    }
    mutations = build_schema(schema.printed()).mutation_type
    assert mutations
    assert mutations.fields.keys() - asked == OTHER_DOORS


def test_every_stored_operation_is_on_a_page_and_is_asked_by_name_at_the_command_line() -> None:
    stored = operations()
    assert stored.keys() - on_pages() == BY_SCRIPT
    document = Document("r", encoding="utf-8")
    for name, text in stored.items():
        with document.convert(name, None, None) as opened:
            assert opened.read() == text

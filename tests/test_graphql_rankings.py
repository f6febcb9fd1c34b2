"""No ranking of people and no online time, anywhere in the schema (domain 2 and 8)."""

import re
from collections.abc import Iterator

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
)

import schema
from schema.fields import field

FORBIDDEN = re.compile(
    r"rank(s|ed|ing|ings)?|leaderboards?|league|top|podium|online|seen|streaks?|"
    r"percentile|quantile|score(s|d)?|points?"
)
# Words that mean something else here, each with what it means.
MEANT = {"Session.seen": "when one's own device was last signed in, for oneself alone"}


def names(built: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Every name of the schema: where it stands, and the name."""
    for kind in built.type_map.values():
        if kind.name.startswith("__"):
            continue
        yield kind.name, kind.name
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, made in kind.fields.items():
                yield f"{kind.name}.{name}", name
                for given in made.args:
                    yield f"{kind.name}.{name}({given})", given
        elif isinstance(kind, GraphQLInputObjectType):
            for name in kind.fields:
                yield f"{kind.name}.{name}", name
        elif isinstance(kind, GraphQLEnumType):
            for name in kind.values:
                yield f"{kind.name}.{name}", name


def ranking(built: GraphQLSchema) -> set[str]:
    """Where a word stands that compares people or tells when they are online."""
    return {
        where
        for where, name in names(built)
        if any(FORBIDDEN.fullmatch(word) for word in words(name)) and where not in MEANT
    }


def words(name: str) -> list[str]:
    """The words of a name in camel or snake case."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]


def test_nothing_in_the_schema_ranks_people_or_tells_when_they_are_online() -> None:
    assert ranking(schema.build()._schema) == set()


def test_what_is_excused_is_there() -> None:
    assert set(MEANT) <= {where for where, _ in names(schema.build()._schema)}


@pytest.mark.parametrize("name", ["rank", "topHelpers", "lastSeen", "onlineMinutes"])
def test_such_a_field_would_be_found(name: str) -> None:
    def told() -> int:
        """Something."""
        return 1

    made = type("Query", (), {name: field(told), "__annotations__": {name: int}})
    built = strawberry.Schema(query=strawberry.type(made))
    (wrong,) = ranking(built._schema)
    assert wrong.startswith("Query.")

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
    r"percentile|quantile|score(s|d)?|points?|best|worst|winners?|champions?|medals?|badges?|"
    r"idle|typing"
)
# Words that mean something else here, each with what it means.
SCORED = "what reviewers give an application for money, never a person (domain 10)"
GRADED = "the grade that an organisation asks for, out of 1,000, never a person's (domain 9)"
MEANT = {
    "Session.seen": "when one's own device was last signed in, for oneself alone",
    "FundGrant.points": SCORED,
    "FundGrantState.SCORED": SCORED,
    "GrantRejectReason.SCORE_TOO_LOW": SCORED,
    "Mutation.scoreGrant": SCORED,
    "ReviewGrantInput.points": SCORED,
    "ScoreGrantInput": SCORED,
    "ScoreGrantPayload": SCORED,
    "UserErrorCode.POINTS_WRONG": SCORED,
    "Action.SCORE_ORGANISATION": GRADED,
    "AssessOwnGradeInput.points": GRADED,
    "GradeState.SCORED": GRADED,
    "Mutation.scoreGrade": GRADED,
    "OrganisationGrade.ownPoints": GRADED,
    "OrganisationGrade.points": GRADED,
    "ScoreGradeInput": GRADED,
    "ScoreGradeInput.points": GRADED,
    "ScoreGradePayload": GRADED,
    "UserErrorCode.GRADE_POINTS_TOO_FEW": GRADED,
    "UserErrorCode.GRADE_POINTS_WRONG": GRADED,
}


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


def test_what_is_told_of_members_and_areas_compares_nobody() -> None:
    """A statement has no place and nobody who was helped; a figure has no person at all."""
    built = schema.build()._schema
    people = {"number", "name", "person", "member", "claimant", "volunteer", "resident"}
    for kind, may in (
        ("UnitStatement", {"name"}),
        ("WishFigure", set()),
        ("PostFigure", set()),
        ("OfficeFigure", set()),
        ("NearPost", set()),
        ("NearWish", set()),
    ):
        made = built.type_map[kind]
        assert isinstance(made, GraphQLObjectType)
        assert {word for name in made.fields for word in words(name)} & people == may
        assert not {"community", "station", "area", "address", "place"} & set(made.fields)


@pytest.mark.parametrize(
    "name",
    ["rank", "topHelpers", "lastSeen", "onlineMinutes", "bestMember", "isIdle", "badgeCount"],
)
def test_such_a_field_would_be_found(name: str) -> None:
    def told() -> int:
        """Something."""
        return 1

    made = type("Query", (), {name: field(told), "__annotations__": {name: int}})
    built = strawberry.Schema(query=strawberry.type(made))
    (wrong,) = ranking(built._schema)
    assert wrong.startswith("Query.")

"""Resolvers called directly: what they are given is what the library would have given them."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest
import strawberry
from graphql import GraphQLObjectType

from schema import build
from schema.columns import DEFINITION, mark_columns
from schema.resolvers import call_directly
from tests.walking import walked


@strawberry.enum
class Shade(Enum):
    LIGHT = "light"
    DARK = "dark"


@strawberry.input
class Stroke:
    width: int
    shade: Shade = Shade.LIGHT
    under: Stroke | None = None
    dots: list[int] | None = None
    name: str | None = strawberry.UNSET


@strawberry.input
class Painted:
    strokes_of_it: list[Stroke]
    signed: strawberry.Maybe[str] = None


class Source:
    """What the root field hangs on."""


@strawberry.type
class Query:
    @strawberry.field
    def strokes(
        self,
        info: strawberry.Info[Any, None],
        first: Stroke,
        the_others: list[Stroke] | None = None,
        shades: list[Shade] | None = None,
        count: int | None = 7,
    ) -> str:
        """What came, and of which types."""
        return repr((info.context, type(self).__name__, first, the_others, shades, count))

    @strawberry.field
    async def later(self, shade: Shade = Shade.DARK, tags: list[str] | None = None) -> str:
        """Without its context."""
        return repr((shade, tags))

    @strawberry.field
    def called(self, source: str, given: int = 1) -> str:
        """With arguments that are called as those of the call itself are."""
        return repr((source, given))

    @strawberry.field
    def painted(self, it: Painted) -> str:
        """With an argument that has no direct way."""
        return repr(it)


ASKED = [
    "{ strokes(first: {width: 1}) }",
    "{ strokes(first: {width: 1, shade: DARK, dots: [], name: null}, count: null) }",
    "{ strokes(first: {width: 1, under: {width: 2, under: {width: 3, dots: [4]}}}) }",
    "{ strokes(first: {width: 1}, theOthers: [{width: 2}, {width: 3, name: \"n\"}], shades: []) }",
    "{ strokes(first: {width: 1, under: null}, theOthers: null, shades: [DARK, LIGHT]) }",
    "{ later }",
    "{ called(source: \"a\") }",
    "{ later(shade: LIGHT, tags: [\"a\"]) }",
    "{ later(tags: null) }",
    "{ painted(it: {strokesOfIt: [{width: 1}], signed: \"x\"}) }",
    "{ painted(it: {strokesOfIt: []}) }",
    "query($s: Stroke! = {width: 9}) { strokes(first: $s, theOthers: [$s]) }",
]  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("text", ASKED)
async def test_arguments_come_as_by_the_library(text: str) -> None:
    async def answer(directly: bool) -> Any:
        made = strawberry.Schema(Query)
        mark_columns(made)
        if directly:
            call_directly(made)
        result = await walked(made, text, root=Source(), context="context")
        assert not result.errors
        return result.data

    assert await answer(directly=True) == await answer(directly=False)


def test_every_resolver_of_ours_is_called_directly_but_where_an_argument_is_unusual() -> None:
    made = strawberry.Schema(Query)
    before = {name: field.resolve for name, field in _fields(made).items()}
    call_directly(made)
    same = {name for name, field in _fields(made).items() if field.resolve is before[name]}
    assert same == {"painted"}


def test_no_resolver_of_the_house_takes_the_library_s_way() -> None:
    made = build()
    mark_columns(made)
    before = _resolvers(made)
    call_directly(made)
    assert [name for name, how in _resolvers(made).items() if how is before[name]] == []


def _fields(made: strawberry.Schema) -> dict[str, Any]:
    root = made._schema.query_type
    assert root is not None
    return dict(root.fields)


def _resolvers(made: strawberry.Schema) -> dict[str, Any]:
    """The fields that have a resolver of ours."""
    return {
        f"{kind.name}.{name}": field.resolve
        for kind in made._schema.type_map.values()
        if isinstance(kind, GraphQLObjectType) and kind.name != "Subscription"
        for name, field in kind.fields.items()
        if getattr(field.extensions.get(DEFINITION), "base_resolver", None)
    }

"""The schema put together: roots of many parts, nodes by prefix, conventions kept throughout."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_specified_scalar_type,
)

import schema
from schema import nodes
from schema.context import Context
from schema.fields import field
from schema.nodes import Node, answers_for
from timebank import ids
from timebank.actors import PUBLIC
from timebank.clock import SystemClock


@strawberry.type
class Thing(Node):
    pass


@strawberry.type
class Query:
    @field
    def thing(self) -> Thing | None:
        """One."""
        return None


BATCHES: list[list[str]] = []
HIDDEN = ids.new("tng")


async def things(context: Context, keys: Sequence[str]) -> Mapping[str, Thing]:
    BATCHES.append(list(keys))
    return {key: Thing(id=strawberry.ID(key)) for key in keys if key != HIDDEN}


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> strawberry.Schema:
    monkeypatch.setattr(nodes, "_reads", {})
    BATCHES.clear()
    answers_for("tng", things)
    return strawberry.Schema(schema.merged("Query", [nodes.Query, Query], "All."))


async def ask(toy: strawberry.Schema, query: str, **variables: Any) -> Any:
    context = Context(actor=PUBLIC, clock=SystemClock(), secret=b"")
    return await toy.execute(query, variables, context_value=context)


@pytest.mark.anyio
async def test_nodes_are_found_in_one_read_and_the_hidden_look_missing(
    toy: strawberry.Schema,
) -> None:
    one, other = ids.new("tng"), ids.new("tng")
    strange = [ids.new("xyz"), "", "tng", "tng_", one.upper(), one + "0", "é", "tng_" + "8" * 26]
    query = "query($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { id } node(id: $id) { id } }"
    result = await ask(toy, query, ids=[one, HIDDEN, *strange, other], id=one)
    assert result.errors is None
    expected = [{"id": one}, *[None] * (len(strange) + 1), {"id": other}]
    assert result.data == {"nodes": expected, "node": {"id": one}}
    assert [[one, HIDDEN, other]] == BATCHES


@pytest.mark.anyio
@pytest.mark.filterwarnings("ignore")
async def test_more_than_a_hundred_nodes_are_a_mistake(toy: strawberry.Schema) -> None:
    result = await ask(toy, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["a"] * 101)
    assert result.errors[0].extensions == {"code": "BAD_USER_INPUT"}


def test_a_prefix_has_one_read(toy: strawberry.Schema) -> None:
    async def others(context: Context, keys: Sequence[str]) -> Mapping[str, Thing]:
        return {}

    answers_for("tng", things)
    with pytest.raises(TypeError, match="another capability"):
        answers_for("tng", others)
    with pytest.raises(TypeError):
        answers_for("toolong", others)


def test_two_parts_with_the_same_field_are_a_mistake() -> None:
    @strawberry.type
    class Again:
        @field
        def thing(self) -> int:
            """Another."""
            return 1

    with pytest.raises(TypeError, match="both have thing"):
        schema.merged("Query", [Query, Again], "All.")


# The conventions, for whatever the capabilities bring (api 1 to 11)


@pytest.fixture(scope="module")
def whole() -> GraphQLSchema:
    return schema.build()._schema


def own_types(whole: GraphQLSchema) -> list[Any]:
    return [
        kind
        for name, kind in whole.type_map.items()
        if not name.startswith("__") and not is_specified_scalar_type(kind)
    ]


def fields_of(whole: GraphQLSchema) -> list[tuple[Any, str, Any]]:
    holders = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)
    return [
        (kind, name, field)
        for kind in own_types(whole)
        if isinstance(kind, holders)
        for name, field in kind.fields.items()
    ]


def test_everything_has_a_description(whole: GraphQLSchema) -> None:
    mute = [kind.name for kind in own_types(whole) if not kind.description]
    for kind, name, made in fields_of(whole):
        mute += [] if made.description else [f"{kind.name}.{name}"]
        for argument, given in getattr(made, "args", {}).items():
            if not given.description:
                mute.append(f"{kind.name}.{name}({argument})")
    for kind in own_types(whole):
        if isinstance(kind, GraphQLEnumType):
            mute += [f"{kind.name}.{n}" for n, v in kind.values.items() if not v.description]
    assert mute == []


def test_every_mutation_has_one_input_one_payload_and_both_are_its_own(
    whole: GraphQLSchema,
) -> None:
    wrong = []
    for name, made in (whole.mutation_type.fields if whole.mutation_type else {}).items():
        pascal = name[0].upper() + name[1:]
        arguments = {argument: str(given.type) for argument, given in made.args.items()}
        payload = get_named_type(made.type)
        envelope = {"entry", "replayed", "userErrors"} <= set(getattr(payload, "fields", {}))
        if arguments != {"input": f"{pascal}Input!"} or str(made.type) != f"{pascal}Payload":
            wrong.append(f"{name}: {arguments} {made.type}")
        elif not envelope:
            wrong.append(f"{name}: no envelope")
    assert wrong == []


def test_lists_hold_no_nulls_unless_asked_for_by_id(whole: GraphQLSchema) -> None:
    gaps = [
        f"{kind.name}.{name}"
        for kind, name, made in fields_of(whole)
        if is_list_type(inner := get_nullable_type(made.type))
        and not isinstance(inner.of_type, GraphQLNonNull)
        and (kind.name, name) != ("Query", "nodes")
    ]
    assert gaps == []


def test_there_is_no_json_scalar(whole: GraphQLSchema) -> None:
    assert not {"JSON", "Any", "Void"} & set(whole.type_map)

"""The role matrix: every field of the API, for every role, in its scope and out of it.

`role_matrix.csv` says it: a root field has one answer a column (`yes`; `scope`: only where the role
reaches; `no`), be it asked, done or followed; a field of an object is seen by whoever sees the
`object`. Columns are the public, somebody else, the person concerned, and every role. The table is
held to the schema and to what the real commands and reads do, so that a new field, or a new role,
without an answer fails.
"""

import asyncio
import csv
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    is_composite_type,
)

import schema
from schema.context import Context
from schema.errors import Refused
from schema.ledger import ENTRIES
from tests.role_city import City, found_city
from tests.volunteering import captured
from tests.wire import SECRET, api, ask, once
from tests.world import open_world
from timebank.access import Role
from timebank.actors import Actor
from timebank.devices import enrol_device
from timebank.entries import size
from timebank.publication import publishing
from timebank.sign_in import actor_of

TABLE = Path(__file__).with_name("role_matrix.csv")
COLUMNS = ["public", "other", "self", *Role]
ROOTS = ("Query", "Mutation", "Subscription")
FOLLOWED_SECONDS = 3.0
"""How long whoever is told nothing is listened for."""
DENIED = {"FORBIDDEN", "UNAUTHENTICATED"}
HIDDEN = {
    "NOT_FOUND",
    "NOT_YOUR_HOURS",
    "NOT_CONCERNED",
    "STATION_UNKNOWN",
    "ONLY_DISTRICT_ATTESTS",
}


def matrix() -> dict[str, list[str]]:
    """The table: a field's answers."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["field", *COLUMNS]
    table = {field: answers for field, *answers in rows}
    assert len(table) == len(rows)
    return table


def fields() -> list[str]:
    """Every field of every object of the schema."""
    return [
        f"{kind.name}.{name}"
        for kind in schema.build()._schema.type_map.values()
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
        for name in kind.fields
    ]


def is_root(field: str) -> bool:
    """Whether a field is a root field, which is where access is decided."""
    return field.startswith(tuple(f"{root}." for root in ROOTS))


def test_every_field_has_an_answer_and_every_answer_a_field() -> None:
    assert sorted(set(fields()) - set(matrix())) == []
    assert sorted(set(matrix()) - set(fields())) == []


def test_every_answer_is_one_of_those_there_are() -> None:
    for field, answers in matrix().items():
        if is_root(field):
            assert len(answers) == len(COLUMNS), field
            assert set(answers) <= {"yes", "no", "scope"}, field
            assert "scope" not in answers[:3], field
        else:
            assert answers == ["object"], field


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[City]:
    async with open_world(sqlite_url, tmp_path) as world:
        yield await found_city(world)


def document_of(root: str, name: str, field: GraphQLField) -> str:
    """An operation that asks one root field, all of its arguments being variables."""
    takes = ", ".join(f"${argument}: {given.type}" for argument, given in field.args.items())
    gives = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    kind = get_named_type(field.type)
    asks = "{ __typename }" if is_composite_type(kind) else ""
    if root == "Mutation":
        rows = " rows { userErrors { code } }" if "rows" in getattr(kind, "fields", {}) else ""
        asks = f"{{ userErrors {{ code }}{rows} }}"
    elif root == "Subscription":
        asks = "{ cursor }"
    elif kind.name.endswith("Connection"):
        asks = "{ edges { cursor } }"
    head = f"{root.lower()}({takes})" if takes else root.lower()
    return f"{head} {{ {name}{f'({gives})' if gives else ''} {asks} }}"


async def is_told(city: City, actor: Actor, name: str) -> bool:
    """Whether an actor who follows something is told anything."""
    kind = api().schema.get_type("Subscription")
    assert isinstance(kind, GraphQLObjectType)
    field = kind.fields[name]
    operation = api().documents.prepare(document_of("Subscription", name, field)).pick(None)
    given = await city.fill(name, field.args)
    context = Context(actor=actor, clock=city.world.clock, secret=SECRET)
    with suppress(TimeoutError):
        try:
            async with (
                asyncio.timeout(FOLLOWED_SECONDS),
                aclosing(api().follow(operation, given, context)) as answers,
            ):
                async for answer in answers:
                    return bool(answer.data and answer.data[name]) and not answer.errors
        except Refused as refused:
            return refused.code not in DENIED
    return False


async def is_let(city: City, column: str, near: bool, root: str, name: str) -> bool:
    """Whether an actor is let do, or see, what a root field is for."""
    actor = (city.near if near else city.far)[column]
    kind = api().schema.get_type(root)
    assert isinstance(kind, GraphQLObjectType)
    field = kind.fields[name]
    if root == "Subscription":
        return await is_told(city, actor, name)
    if root == "Mutation":
        inputs: Any = get_named_type(field.args["input"].type)
        given = once() if "idempotencyKey" in inputs.fields else {}
        wanted = {n: f for n, f in inputs.fields.items() if n != "idempotencyKey"}
        told = await ask(
            city.world,
            actor,
            document_of(root, name, field),
            input=await city.fill(name, wanted) | given,
        )
    else:
        told = await ask(
            city.world,
            actor,
            document_of(root, name, field),
            **await city.fill(name, field.args),
        )
    if errors := told.get("errors"):
        assert set(errors) <= DENIED, (name, column, errors)
        return False
    if root == "Mutation":
        payload = told[name]
        answered = [payload, *payload.get("rows", [])]
        codes = {error["code"] for part in answered for error in part["userErrors"]}
        return not codes & HIDDEN
    seen = told[name]
    if isinstance(seen, dict) and "edges" in seen:
        seen = seen["edges"]
    told_of = seen if isinstance(seen, list) else [seen]
    return any(one is not None and one is not False for one in told_of)


async def answers_of(city: City, root: str, name: str) -> list[str]:
    """What the API really answers, a column each. Whoever is out of reach asks first."""
    far = {role: await is_let(city, role, False, root, name) for role in Role}
    told = []
    for column in COLUMNS:
        near = await is_let(city, column, True, root, name)
        beyond = far.get(Role(column), near) if column in set(Role) else near
        told.append("yes" if near and beyond else "scope" if near else "no")
        assert near or not beyond, (name, column)
    return told


@pytest.mark.anyio
@pytest.mark.parametrize("root", ["Query", "Mutation"])
async def test_the_table_says_what_the_api_does(city: City, root: str) -> None:
    table = matrix()
    wrong = {}
    for field in fields():
        kind, name = field.split(".")
        if kind == root and field in table:
            really = await answers_of(city, root, name)
            told = dict(zip(COLUMNS, table[field], strict=True))
            if differs := {
                column: f"{told[column]} in the table, {does} in fact"
                for column, does in zip(COLUMNS, really, strict=True)
                if told[column] != does
            }:
                wrong[field] = differs
    assert wrong == {}


async def write_last(city: City) -> None:
    """Make an entry that concerns the subject the last there is, for whoever follows."""
    world = city.world
    await captured(world, city.subject, starts=world.clock.now() - timedelta(hours=7))
    last = await size() - 1
    city.things |= {"entries.after": ENTRIES.cursor((last - 1,)), "receipt.seq": last}


@pytest.mark.anyio
async def test_the_table_says_who_may_follow_what(city: City) -> None:
    await write_last(city)
    world, wrong = city.world, {}
    async with publishing(world.settings):
        for root in [field for field in fields() if field.startswith("Subscription.")]:
            near = [is_let(city, column, True, *root.split(".")) for column in COLUMNS]
            beyond = [is_let(city, role, False, *root.split(".")) for role in Role]
            told = await asyncio.gather(*near, *beyond)
            reached = dict(zip(Role, told[len(COLUMNS) :], strict=True))
            really = [
                "no" if not seen else "yes" if reached.get(column, True) else "scope"
                for column, seen in zip(COLUMNS, told, strict=False)
            ]
            if matrix()[root] != really:
                wrong[root] = dict(zip(COLUMNS, really, strict=True))
    assert wrong == {}


OF_DEVICES = {"Query.stationCode", "Query.stationDay", "Query.attendance", "Query.attended"}


@pytest.mark.anyio
async def test_the_table_says_what_the_api_does_for_a_device_as_for_the_public(
    city: City,
) -> None:
    made = await enrol_device(
        city.world.staff[Role.STATION_MANAGER], station=city.world.station, name="平板"
    )
    city.near["device"] = await actor_of(made.token)
    await write_last(city)
    more = {
        field
        for field, answers in matrix().items()
        if is_root(field)
        and answers[0] == "no"
        and await is_let(city, "device", True, *field.split("."))
    }
    assert more == {*OF_DEVICES, "Mutation.scanVolunteer", "Mutation.syncScans"}

"""Statements: a page of a hundred rows, with all that hangs on each, takes a handful of them."""

from datetime import timedelta

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from tests.test_lookups import asked
from tests.volunteering import captured
from tests.wire import api, ask
from tests.world import World
from timebank.access import Role

__all__ = ["asked"]
pytestmark = pytest.mark.anyio

ROWS = 100
HANDFUL = 15
"""Every field at once, whatever the number of rows; who asks is read once an answer."""


def whole(kind: GraphQLObjectType, *, depth: int = 2) -> str:
    """All fields of a type that take no argument, and of what hangs on it."""
    told = []
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if field.args or name == "entry":
            continue
        if is_leaf_type(inner):
            told.append(name)
        elif depth > 1 and isinstance(inner, GraphQLObjectType):
            told.append(f"{name} {whole(inner, depth=depth - 1)}")
    return "{ " + " ".join(told) + " }"


async def statements_of(
    world: World, asked: list[str], role: Role, root: str, node: str, first: int
) -> tuple[int, int]:
    """How many rows a page has, and how many statements it took."""
    kind = api().schema.get_type(node)
    assert isinstance(kind, GraphQLObjectType)
    asked.clear()
    document = f"{{ {root}, first: {first}) {{ nodes {whole(kind)} }} }}"
    told = await ask(world, world.staff[role], document)
    assert "errors" not in told, told
    (page,) = told.values()
    return len(page["nodes"]), len(asked)


async def test_a_hundred_records_of_a_hundred_people(world: World, asked: list[str]) -> None:
    for n in range(ROWS):
        who = await world.volunteer()
        world.clock.move(timedelta(minutes=2))
        await captured(world, who, starts=world.clock.now() - timedelta(hours=3), minutes=30 + n)
    root = f'waitingRecords(scope: "{world.station_path}"'
    few = await statements_of(world, asked, Role.STATION_MANAGER, root, "ServiceRecord", 2)
    many = await statements_of(world, asked, Role.STATION_MANAGER, root, "ServiceRecord", ROWS)
    assert (few[0], many[0]) == (2, ROWS)
    assert many[1] <= HANDFUL
    assert many[1] <= few[1] + 1


async def test_a_hundred_activities_of_a_station(world: World, asked: list[str]) -> None:
    for n in range(ROWS):
        await world.activity(starts_in=timedelta(hours=n))
    root = f'activities(station: "{world.station}"'
    few = await statements_of(world, asked, Role.STATION_CLERK, root, "Activity", 2)
    many = await statements_of(world, asked, Role.STATION_CLERK, root, "Activity", ROWS)
    assert (few[0], many[0]) == (2, ROWS)
    assert many[1] <= HANDFUL
    assert many[1] <= few[1] + 1

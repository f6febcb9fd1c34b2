"""Divisions: the real area tree, its two kinds of parent, and its adoption."""

from collections import Counter
from typing import cast

import pytest

from ledger.entry import Sealed
from tests.wire import ask
from tests.world import World, key
from timebank import divisions
from timebank.actors import PUBLIC, SYSTEM, person
from timebank.divisions import Area, AreaLevel, DivisionsAdoptedAlready, adopt_divisions
from timebank.projections import Rows
from timebank.refusals import Forbidden
from timebank.tables import count, find

pytestmark = pytest.mark.anyio
TREE = {area.code: area for area in divisions.divisions()}


def test_the_city_has_its_real_areas_and_three_zones() -> None:
    assert Counter(area.level for area in TREE.values()) == {
        AreaLevel.CITY: 1,
        AreaLevel.DISTRICT: 13 + 3,
        AreaLevel.STREET: 181,
        AreaLevel.COMMUNITY: 1541,
        AreaLevel.VILLAGE: 1942,
    }


def test_every_path_runs_along_the_managing_parents_to_the_city() -> None:
    for area in TREE.values():
        above = TREE[area.manager].path if area.manager else ""
        assert area.path == f"{above}{area.code}/"


@pytest.mark.parametrize(
    ("code", "parent", "manager"),
    [
        ("420111080", "420111", "4201H1"),
        ("420115086", "420115", "4201H1"),
        ("420114070", "420114", "4201E1"),
        ("420113", "420100", "4201E1"),
        ("420106490", "420106", "4201S1"),
        ("420111491", "420111", "4201S1"),
        ("420102002", "420102", "420102"),
    ],
)
def test_a_zone_manages_streets_that_the_law_counts_to_another_district(
    code: str, parent: str, manager: str
) -> None:
    assert (TREE[code].parent, TREE[code].manager) == (parent, manager)


def test_communities_of_a_zone_street_are_the_zones() -> None:
    below = [area for area in TREE.values() if area.parent == "420111080"]

    assert below
    assert all(area.path.startswith("420100/4201H1/420111080/") for area in below)


async def test_the_tree_is_adopted_once(world: World) -> None:
    assert await count(Area) == len(TREE)
    assert await find(Area, "420111080") == TREE["420111080"]
    with pytest.raises(DivisionsAdoptedAlready):
        await adopt_divisions(SYSTEM, key=key())


async def test_a_zone_is_listed_with_what_it_manages(world: World) -> None:
    managed = (await divisions.areas_managed_by(["4201E1"]))["4201E1"]

    assert [area.code for area in managed] == ["420113", "420114070", "420114071", "420114072"]


async def test_people_do_not_adopt_divisions() -> None:
    with pytest.raises(Forbidden):
        await adopt_divisions(person("per_1"), key=key())


def test_a_ledger_that_names_another_data_set_is_not_projected() -> None:
    event = divisions.DivisionsAdopted(dataset="wuhan-2023", digest="0" * 64)

    with pytest.raises(LookupError):
        divisions._adopted(Rows({}), event, cast(Sealed, None))


async def test_areas_on_the_wire(world: World) -> None:
    query = "query($c: String!) { area(code: $c) { name level parent { name } manager { name } } }"
    assert await ask(world, PUBLIC, query, c="420111080") == {
        "area": {
            "name": "关东街道",
            "level": "STREET",
            "parent": {"name": "洪山区"},
            "manager": {"name": "东湖新技术开发区"},
        }
    }
    city = await ask(world, PUBLIC, query, c="420100")
    assert (city["area"]["parent"], city["area"]["manager"]) == (None, None)
    assert await ask(world, PUBLIC, query, c="no") == {"area": None}
    managed = "query($c: String!) { area(code: $c) { manages { code } } }"
    codes = (await ask(world, PUBLIC, managed, c="4201S1"))["area"]["manages"]
    assert codes == [{"code": "420106490"}, {"code": "420111491"}]

"""Work units: registered by their street, seen by everybody."""

import pytest

from tests.membership import work_unit
from tests.wire import act, ask, form
from tests.world import COMMUNITY, World, key
from timebank import replay
from timebank.access import Role, ScopeUnknown, grant_role
from timebank.actors import SYSTEM
from timebank.refusals import Forbidden, NotFound
from timebank.texts import TextMissing
from timebank.units import register_unit, units_by_id

pytestmark = pytest.mark.anyio


async def test_a_street_registers_a_unit_and_everybody_sees_it(world: World) -> None:
    street = world.staff[Role.STREET_OFFICER]
    for name in ("第一中学", "市民之家"):
        await act(world, street, "registerUnit", "unit { id }", area=COMMUNITY, name=name)
    asked = """query($s: String!) {
        units(scope: $s) { nodes { name area { code } } pageInfo { hasNextPage } } }"""
    told = (await ask(world, form(), asked, s="420100/420102/"))["units"]
    assert [unit["name"] for unit in told["nodes"]] == ["第一中学", "市民之家"]
    assert {unit["area"]["code"] for unit in told["nodes"]} == {COMMUNITY}
    assert (await ask(world, form(), asked, s="420100/420103/"))["units"]["nodes"] == []
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_nobody_else_registers_one_and_it_has_a_name_and_a_place(world: World) -> None:
    street = world.staff[Role.STREET_OFFICER]
    for actor, area, name, no in (
        (world.staff[Role.STATION_MANAGER], COMMUNITY, "第一中学", Forbidden),
        (street, "000", "第一中学", NotFound),
        (street, COMMUNITY, " ", TextMissing),
    ):
        with pytest.raises(no):
            await register_unit(actor, area=area, name=name, key=key())


async def test_a_role_may_end_with_a_unit_and_with_no_other_path(world: World) -> None:
    unit, who = await work_unit(world), await world.volunteer()
    path = (await units_by_id([unit]))[unit].path
    role = Role.UNIT_PARTY_ADMIN
    await grant_role(SYSTEM, person=who.id, role=role, scope=path, key=key())
    with pytest.raises(ScopeUnknown):
        await grant_role(SYSTEM, person=who.id, role=role, scope=f"420100/{unit}/", key=key())

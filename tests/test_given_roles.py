"""Given roles: an operator sees those that stand in their scope, and ends them."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.world import key, open_world
from timebank import replay
from timebank.access import Role, end_role, grant_role
from timebank.actors import SYSTEM
from timebank.clock import day_of
from timebank.divisions import CITY_PATH
from timebank.given_roles import roles_given

pytestmark = pytest.mark.anyio


async def test_an_operator_sees_the_roles_that_stand_below_a_path(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        operator = await world.officer(Role.OPERATOR, f"{CITY_PATH}420102/")
        who, path = await world.volunteer(), world.station_path
        today = day_of(world.clock.now())
        before = {one.id for one in await roles_given(operator, path)}
        given = [
            await grant_role(SYSTEM, person=who.id, role=role, scope=path, until=until, key=key())
            for role, until in ((Role.STATION_CLERK, None), (Role.AUDITOR, today))
        ]
        lasting, short = (one.grant for one in given)
        seen = [one.id for one in await roles_given(operator, path) if one.id not in before]
        assert seen == [short, lasting]
        (least,) = await roles_given(operator, path, limit=1)
        assert (least.id, least.person, least.role, least.until) == (
            short,
            who.id,
            Role.AUDITOR,
            today,
        )
        assert await roles_given(operator, CITY_PATH) == []
        assert await roles_given(world.staff[Role.DISTRICT_LEAD], path) == []
        world.clock.move(timedelta(days=1))
        assert short not in {one.id for one in await roles_given(operator, path)}
        await end_role(operator, person=who.id, grant=lasting, key=key())
        assert {one.id for one in await roles_given(operator, path)} == before
        assert (await replay.compare(world.settings.database_url)).differing == 0

"""Restrictions: one at a time, and lifted by the person alone."""

from pathlib import Path

import pytest

from tests.world import key, open_world
from timebank.actors import PUBLIC
from timebank.data_requests import RequestKind, request_data
from timebank.refusals import Unauthenticated
from timebank.restrictions import Restricted, lift_restriction, restricted_among
from timebank.tables import find

pytestmark = pytest.mark.anyio


async def test_a_restriction_stands_from_the_request_until_it_is_lifted(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        who, other = await world.volunteer(), await world.volunteer()
        ids = [who.person or "", other.person or ""]
        assert await restricted_among(ids) == {}
        await request_data(who, kind=RequestKind.RESTRICTION, key=key())
        assert (await restricted_among(ids)).keys() == {who.person}
        held = await find(Restricted, ids[0])
        assert held
        assert held.since.date() == world.clock.now().date()
        with pytest.raises(Unauthenticated):
            await lift_restriction(PUBLIC, key=key())
        await lift_restriction(who, key=key())
        assert await restricted_among(ids) == {}

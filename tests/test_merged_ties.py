"""Merged ties: what of kin, proxies and household goes over, and what stood already or any more."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.erasing import whose
from tests.families import tied
from tests.merging import merged
from tests.moving import entries_of
from tests.world import World, key, open_world
from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.households import HouseholdMember, register_household
from timebank.journal import Answer, write
from timebank.kin import KinPair, Kinship, KinState, KinTie, end_kin, pair_id, propose_kin
from timebank.merged_ties import Ties, move_ties, ties_of
from timebank.proxies import ProxyFor, end_proxy, name_proxy, proxy_key
from timebank.tables import find

pytestmark = pytest.mark.anyio


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


async def named(city: World, principal: Actor, proxy: Actor) -> str:
    """The mandate of one to act for another."""
    number = await city.number_of(proxy)
    return (await name_proxy(principal, number=number, key=key())).mandate


async def state_of(tie: str) -> KinState:
    """What became of a kinship."""
    held = await find(KinTie, tie)
    assert held
    return held.state


async def told(city: World) -> list[tuple[str, dict[str, object]]]:
    """The kinships and mandates that were said to follow others, with all that was said."""
    entries = await entries_of(city.settings.database_url)
    return [(one.kind, dict(one.body)) for one in entries if one.body.get("follows")]


async def test_kinships_follow_from_either_side_unless_they_stand_already(city: World) -> None:
    gone, kept, sister, brother = [await city.volunteer() for _ in range(4)]
    by_gone = await tied(city, gone, sister, Kinship.SIBLING)
    by_other = await tied(city, brother, gone, Kinship.SIBLING)
    await tied(city, kept, brother, Kinship.OTHER)
    number = await city.number_of(gone)
    friend = await city.volunteer()
    offered = (await propose_kin(friend, number=number, kinship=Kinship.OTHER, key=key())).tie
    itself = await tied(city, gone, kept, Kinship.OTHER)
    await merged(city, gone, kept)
    assert [await state_of(one) for one in (by_gone, by_other, itself, offered)] == [
        *([KinState.ENDED] * 3),
        KinState.DECLINED,
    ]
    pair = await find(KinPair, pair_id(whose(kept), whose(brother)))
    assert pair
    assert pair.kinship is Kinship.OTHER
    assert await find(KinPair, pair_id(whose(kept), whose(kept))) is None
    ((kind, said),) = await told(city)
    assert (kind, said["follows"]) == ("kin.registered", by_gone)
    assert said["tie"] != said["follows"]
    assert {said["one"], said["other"]} == {whose(kept), whose(sister)}


async def test_mandates_follow_either_way_unless_they_stand_already(city: World) -> None:
    gone, kept, helper, elder = [await city.volunteer() for _ in range(4)]
    by_gone, for_gone = await named(city, gone, helper), await named(city, elder, gone)
    standing = await named(city, kept, elder)
    await named(city, gone, elder)
    await named(city, gone, kept)
    await merged(city, gone, kept)
    assert {
        said["follows"]: (said["principal"], said["proxy"]) for _, said in await told(city)
    } == {
        by_gone: (whose(kept), whose(helper)),
        for_gone: (whose(elder), whose(kept)),
    }
    held = await find(ProxyFor, proxy_key(whose(kept), whose(elder)))
    assert held
    assert held.mandate == standing
    assert await find(ProxyFor, proxy_key(whose(kept), whose(kept))) is None


async def test_two_of_one_household_stay_in_it_as_one(city: World) -> None:
    gone, kept, kin = [await city.volunteer() for _ in range(3)]
    clerk = city.staff[Role.STATION_CLERK]
    first, second, third = [await city.number_of(one) for one in (gone, kept, kin)]
    await register_household(clerk, first=first, second=second, key=key())
    await register_household(clerk, first=first, second=third, key=key())
    await merged(city, gone, kept)
    members = [await find(HouseholdMember, whose(one)) for one in (kept, kin, gone)]
    assert members[0]
    assert members[1]
    assert (members[0].household, members[2]) == (members[1].household, None)


async def test_what_ended_since_it_was_read_does_not_follow(city: World) -> None:
    gone, kept, other = [await city.volunteer() for _ in range(3)]
    tie = await tied(city, gone, other, Kinship.OTHER)
    mandate = await named(city, gone, other)
    read = await ties_of(whose(gone))
    assert (set(read.kin), set(read.mandates)) == ({tie}, {mandate})
    await end_kin(gone, tie=tie, key=key())
    await end_proxy(gone, mandate=mandate, key=key())
    # What has ended is not read any more.
    assert await ties_of(whose(gone)) == Ties(kin={}, mandates={})
    before = len(await entries_of(city.settings.database_url))

    def work(batch: Batch) -> Answer:
        move_ties(batch, read, whose(gone), whose(kept))
        return Answer()

    await write(SYSTEM, None, work, answer=Answer)
    assert len(await entries_of(city.settings.database_url)) == before

"""Wish rounds: what follows by the clock when nobody acts, in every state where something does."""

from datetime import date

import pytest

from tests.test_member_reports import entries_of
from tests.wishing import DAY, claim_of, granted, listed, team_leader, told, wish_of
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import SYSTEM
from timebank.refusals import Forbidden, NotFound
from timebank.timers import sweep
from timebank.wish_claims import claim_wish
from timebank.wish_closings import close_by_phone
from timebank.wish_granting import contact_resident, fulfil_by_community
from timebank.wish_life import WishRating, WishReturnReason, WishState
from timebank.wish_rounds import WishNotDue, move_wish_on, wishes_due

pytestmark = pytest.mark.anyio


async def swept() -> int:
    """How many wishes a round moved on."""
    return {run.name: run.done for run in await sweep()}["wishes.due"]


@pytest.mark.parametrize("contacted", [False, True])
async def test_a_claimant_who_does_nothing_in_time_gives_the_wish_back(
    world: World, contacted: bool
) -> None:
    leader, wish, other = await team_leader(world), await listed(world), await listed(world)
    claim = (await claim_wish(leader, wish=wish, claimant=world.team, key=key())).claim
    if contacted:
        await contact_resident(leader, claim=claim, key=key())
    days = 30 if contacted else 7
    world.clock.move(days * DAY)
    assert wish not in await wishes_due(skip=0, limit=9), "the last day is whole"
    with pytest.raises(WishNotDue):
        await move_wish_on(SYSTEM, wish=wish)
    world.clock.move(DAY)
    await sweep()
    held = await wish_of(wish)
    assert (held.state, held.claim, held.round) == (WishState.PUBLISHED, None, 1)
    reason = WishReturnReason.NOT_FULFILLED if contacted else WishReturnReason.NO_CONTACT
    assert (await claim_of(claim)).ended is reason
    if not contacted:
        assert held.place < (await wish_of(other)).place
    await claim_wish(leader, wish=wish, claimant=world.team, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_what_nobody_claims_goes_two_rounds_and_then_the_community_handles_it(
    world: World,
) -> None:
    wish = await listed(world)
    world.clock.move(31 * DAY)
    assert await swept() == 1
    held = await wish_of(wish)
    assert (held.state, held.round) == (WishState.PUBLISHED, 2)
    assert held.place.startswith("0/")
    assert held.due == date(2027, 1, 20)
    world.clock.move(30 * DAY)
    assert await swept() == 0
    world.clock.move(DAY)
    assert await swept() == 1
    assert (await wish_of(wish)).state is WishState.COMMUNITY
    manager = world.staff[Role.STATION_MANAGER]
    await fulfil_by_community(manager, wish=wish, key=key())
    await close_by_phone(manager, wish=wish, granted=True, rating=WishRating.GOOD, key=key())
    assert [entry.kind for entry in await entries_of(world, "wish.")][3:] == [
        "wish.carried_over",
        "wish.taken_over",
        "wish.fulfilled",
        "wish.closed",
    ], "the ledger tells the whole story"
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_a_resident_who_says_nothing_closes_it_neutral(world: World) -> None:
    wish = await listed(world)
    await granted(world, wish)
    world.clock.move(14 * DAY)
    assert await swept() == 0
    world.clock.move(DAY)
    assert await swept() == 1
    held = await wish_of(wish)
    assert (held.state, held.rating) == (WishState.CLOSED, WishRating.NEUTRAL)
    assert await swept() == 0


async def test_what_staff_are_late_with_is_not_decided_by_the_software(world: World) -> None:
    wish = await told(world)
    world.clock.move(60 * DAY)
    assert await swept() == 0
    for id, no in ((wish, WishNotDue), ("wsh_none", NotFound)):
        with pytest.raises(no):
            await move_wish_on(SYSTEM, wish=id)
    with pytest.raises(Forbidden):
        await move_wish_on(world.staff[Role.STATION_MANAGER], wish=wish)

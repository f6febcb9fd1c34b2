"""Granting wishes: contact, some days more once, giving back, done; by the claimant alone."""

from datetime import date

import pytest

from tests.membership import member
from tests.test_member_reports import entries_of
from tests.wire import act
from tests.wishing import DAY, claim_of, listed, team_leader, wish_of
from tests.world import World, key
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.erased import personal_places
from timebank.lifecycles import NotInThisState
from timebank.notices import NoticeCode, inbox_of
from timebank.refusals import NotFound, Unauthenticated
from timebank.texts import Text
from timebank.wish_claims import claim_wish
from timebank.wish_granting import (
    ExtendedAlready,
    contact_resident,
    extend_wish,
    fulfil_by_community,
    fulfil_wish,
    give_wish_back,
)
from timebank.wish_life import WishReturnReason, WishState

pytestmark = pytest.mark.anyio


async def test_a_member_contacts_takes_some_days_more_once_and_grants(world: World) -> None:
    resident, who = await world.volunteer(), await member(world)
    wish = await listed(world, by=resident)
    claim = (await claim_wish(who, wish=wish, key=key())).claim
    assert (await wish_of(wish)).due == date(2026, 11, 27), "seven days for contact"
    with pytest.raises(NotInThisState):
        await fulfil_wish(who, claim=claim, key=key())
    await contact_resident(who, claim=claim, key=key())
    assert (await wish_of(wish)).due == date(2026, 12, 20)
    await extend_wish(who, claim=claim, key=key())
    assert (await wish_of(wish)).due == date(2027, 1, 4)
    with pytest.raises(ExtendedAlready):
        await extend_wish(who, claim=claim, key=key())
    world.clock.move(DAY)
    await fulfil_wish(who, claim=claim, evidence="换了新的水龙头", key=key())
    assert (Text, f"{claim}:evidence") in await personal_places(resident.person or "")
    held = await wish_of(wish)
    assert (held.state, held.due) == (WishState.FULFILLED, date(2026, 12, 5))
    (notice,) = await inbox_of(resident)
    assert (notice.code, notice.about) == (NoticeCode.WISH_FULFILLED, wish)
    for entry in await entries_of(world, "wish."):
        assert who.id.encode() not in entry.bytes, "what a member does names no person"
        assert "水龙头" not in entry.bytes.decode()


async def test_a_wish_given_back_stands_before_the_others_and_asks_for_no_reason(
    world: World,
) -> None:
    leader = await team_leader(world)
    first, second = await listed(world), await listed(world)
    claim = (await claim_wish(leader, wish=second, claimant=world.team, key=key())).claim
    await contact_resident(leader, claim=claim, key=key())
    await give_wish_back(leader, claim=claim, key=key())
    held = await wish_of(second)
    assert (held.state, held.claim) == (WishState.PUBLISHED, None)
    assert held.place < (await wish_of(first)).place
    assert (await claim_of(claim)).ended is WishReturnReason.GIVEN_BACK
    with pytest.raises(NotInThisState):
        await give_wish_back(leader, claim=claim, key=key())


async def test_only_the_claimant_acts_on_a_claim(world: World) -> None:
    who, wish = await member(world), await listed(world)
    claim = (await claim_wish(who, wish=wish, key=key())).claim
    strangers = [await member(world), await team_leader(world), *world.staff.values()]
    for actor in strangers:
        for act_on in (contact_resident, extend_wish, give_wish_back, fulfil_wish):
            with pytest.raises(NotFound):
                await act_on(actor, claim=claim, key=key())
    for act_on in (contact_resident, give_wish_back):
        with pytest.raises(Unauthenticated):
            await act_on(PUBLIC, claim=claim, key=key())
    with pytest.raises(NotFound):
        await fulfil_by_community(world.staff[Role.STATION_MANAGER], wish=wish, key=key())
    other = await listed(world)
    with pytest.raises(NotInThisState):
        await fulfil_by_community(world.staff[Role.STATION_MANAGER], wish=other, key=key())


async def test_the_api_grants_a_wish(world: World) -> None:
    leader, wish = await team_leader(world), await listed(world)
    claim = (await claim_wish(leader, wish=wish, claimant=world.team, key=key())).claim
    for name, state in (
        ("contactResident", "IN_PROGRESS"),
        ("extendWish", "IN_PROGRESS"),
        ("fulfilWish", "FULFILLED"),
    ):
        told = await act(world, leader, name, "claim { wish { state } }", claim=claim)
        assert told == {"claim": {"wish": {"state": state}}, "userErrors": []}
    late = await act(world, leader, "giveWishBack", "claim { id }", claim=claim)
    assert [no["code"] for no in late["userErrors"]] == ["NOT_IN_THIS_STATE"]
    manager = world.staff[Role.STATION_MANAGER]
    not_theirs = await act(world, manager, "fulfilWishByCommunity", "wish { id }", wish=wish)
    assert [no["code"] for no in not_theirs["userErrors"]] == ["NOT_FOUND"]

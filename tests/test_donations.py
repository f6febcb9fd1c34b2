"""Donations: into escrow, back within their days, and then the pool's for good."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.credit import credit
from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import accounts, replay
from timebank.access import Role
from timebank.accounts import NotEnoughTime, NotPositive
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.donations import (
    LIFECYCLE,
    DonationFinal,
    DonationSettled,
    DonationState,
    DonationStillOpen,
    DonationTakenBack,
    donate,
    donations_due,
    donations_of,
    settle_donation,
    take_back_donation,
    visible_donations,
)
from timebank.events import Event
from timebank.lifecycles import NotInThisState, step
from timebank.people import PersonNotActive, suspend_person
from timebank.person_life import SuspensionReason
from timebank.pools import NotAPool
from timebank.proxies import name_proxy
from timebank.refusals import Forbidden, NotFound, Unauthenticated

EVENTS: list[type[Event]] = [DonationSettled, DonationTakenBack]
WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}
DISTRICT = "420102"
INSTANT = timedelta(microseconds=1)


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(DonationState)
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert reached | {DonationState.WAITING} == set(DonationState)
    for state in DonationState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in DonationState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.fixture
async def one_world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as made:
        yield made


async def donor_of(world: World) -> Actor:
    """Somebody with 100 minutes."""
    who = await world.volunteer()
    await credit(who.id, world.station, 100)
    return who


async def held(who: Actor) -> tuple[int, int]:
    """What the donor and the pool hold."""
    codes = [accounts.volunteer(who.id), accounts.pool(DISTRICT)]
    told = await accounts.balances_of(codes)
    return told[codes[0]], told[codes[1]]


@pytest.mark.anyio
async def test_a_donation_can_be_taken_back_until_its_days_are_over(world: World) -> None:
    who = await donor_of(world)
    first = await donate(who, area=DISTRICT, minutes=60, key=key())
    second = await donate(who, area=DISTRICT, minutes=30, key=key())
    assert await held(who) == (10, 0)
    world.clock.move(timedelta(days=7) - INSTANT)
    with pytest.raises(DonationStillOpen):
        await settle_donation(SYSTEM, donation=first.donation)
    assert await donations_due(skip=0, limit=9) == []
    await take_back_donation(who, donation=first.donation, key=key())
    assert await held(who) == (70, 0)
    world.clock.move(INSTANT)
    with pytest.raises(DonationFinal):
        await take_back_donation(who, donation=second.donation, key=key())
    assert await donations_due(skip=0, limit=9) == [second.donation]
    with pytest.raises(Forbidden):
        await settle_donation(who, donation=second.donation)
    await settle_donation(SYSTEM, donation=second.donation)
    assert await held(who) == (70, 30)
    for attempt in (
        settle_donation(SYSTEM, donation=second.donation),
        take_back_donation(who, donation=second.donation, key=key()),
        settle_donation(SYSTEM, donation=first.donation),
    ):
        with pytest.raises(NotInThisState):
            await attempt
    assert await donations_due(skip=0, limit=9) == []
    assert (await accounts.conservation()).whole
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_donation_that_breaks_a_rule_moves_nothing(one_world: World) -> None:
    world = one_world
    who = await donor_of(world)
    for area, minutes, refusal in (
        (DISTRICT, 101, NotEnoughTime),
        (DISTRICT, 0, NotPositive),
        ("420102002", 9, NotAPool),
        ("none", 9, NotFound),
    ):
        with pytest.raises(refusal):
            await donate(who, area=area, minutes=minutes, key=key())
    with pytest.raises(Unauthenticated):
        await donate(PUBLIC, area=DISTRICT, minutes=9, key=key())
    await suspend_person(
        world.staff[Role.DISTRICT_LEAD],
        person=who.id,
        reason=SuspensionReason.CONDUCT,
        key=key(),
    )
    with pytest.raises(PersonNotActive):
        await donate(who, area=DISTRICT, minutes=9, key=key())
    assert await held(who) == (100, 0)


@pytest.mark.anyio
async def test_a_proxy_donates_for_another_and_a_stranger_sees_nothing(one_world: World) -> None:
    world = one_world
    who, helper, stranger = await donor_of(world), await world.volunteer(), await world.volunteer()
    number = await world.number_of(who)
    with pytest.raises(NotFound):
        await donate(helper, area=DISTRICT, minutes=9, donor=number, key=key())
    await name_proxy(who, number=await world.number_of(helper), key=key())
    made = await donate(helper, area="420100", minutes=9, donor=number, key=key())
    assert await accounts.balance_of(accounts.volunteer(who.id)) == 91
    (seen,) = await donations_of(helper, principal=number, **WHOLE)
    assert seen.id == made.donation
    for id in (made.donation, "don_none"):
        with pytest.raises(NotFound) as no:
            await take_back_donation(stranger, donation=id, key=key())
        assert no.value.what == "donation"
    assert await visible_donations(stranger, [made.donation]) == {}
    assert await donations_of(stranger, principal=number, **WHOLE) == []
    await take_back_donation(helper, donation=made.donation, key=key())
    assert await accounts.balance_of(accounts.volunteer(who.id)) == 100


@pytest.mark.anyio
async def test_a_donation_is_made_and_taken_back_over_the_wire(one_world: World) -> None:
    world = one_world
    who = await donor_of(world)
    asks = "donation { id area minutes state until }"
    made = await act(world, who, "donate", asks, area=DISTRICT, minutes=40)
    donation = made["donation"]
    assert donation == {
        "id": donation["id"],
        "area": DISTRICT,
        "minutes": 40,
        "state": "WAITING",
        "until": "2026-11-27T04:00:00Z",
    }
    listed = await ask(world, who, "{ donations(first: 2) { nodes { id state } } }")
    assert listed["donations"]["nodes"] == [{"id": donation["id"], "state": "WAITING"}]
    back = await act(world, who, "takeBackDonation", "donation { state }", donation=donation["id"])
    assert back["donation"] == {"state": "TAKEN_BACK"}
    refused = await act(world, who, "donate", asks, area="420102002", minutes=40)
    assert refused["userErrors"] == [{"code": "NOT_A_POOL", "path": ["area"]}]

"""Closings: what is left is donated, kept, taken over by heirs, or goes to the pool in the end."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.credit import credit, earn
from tests.families import family, tied
from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import accounts, replay
from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.clock import months_later
from timebank.closings import (
    LIFECYCLE,
    BalanceLapsed,
    Closing,
    ClosingState,
    EstateSettled,
    Rest,
    StillKept,
    close_account,
    closing_of,
    closings_due,
    decide_lapse,
    lapse_balance,
    reopen_account,
)
from timebank.donations import donations_of, settle_donation, take_back_donation
from timebank.estates import (
    EstateOver,
    EstateTooSoon,
    report_death,
    settle_estate,
    withdraw_death,
)
from timebank.events import Event
from timebank.gifts import accept_gift, offer_gift
from timebank.kin import Kinship
from timebank.lifecycles import NotInThisState, step
from timebank.people import PersonNotActive, people_by_id
from timebank.person_life import AccountReopened, DeathWithdrawn, PersonState
from timebank.policy import SEED, read_policy
from timebank.refusals import Forbidden, NotFound

EVENTS: list[type[Event]] = [AccountReopened, DeathWithdrawn, EstateSettled, BalanceLapsed]
RULES = read_policy(SEED.read_text("utf-8")).credit
POOL = accounts.pool("420102")
TODAY, YEAR_LATER = date(2026, 11, 20), date(2027, 11, 20)
DAY = timedelta(days=1)
WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(ClosingState)
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert reached | {ClosingState.KEPT, ClosingState.FROZEN} == set(ClosingState)
    for state in ClosingState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in ClosingState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 11, 20), 12, date(2027, 11, 20)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 1, 31), -2, date(2025, 11, 30)),
        (date(2026, 11, 20), -24, date(2024, 11, 20)),
    ],
)
def test_months_are_counted_as_the_civil_code_counts_them(
    day: date, months: int, later: date
) -> None:
    assert months_later(day, months) == later


def frozen(state: ClosingState = ClosingState.FROZEN) -> Closing:
    """A death reported today."""
    return Closing(person="per_1", path="", state=state, since=TODAY, until=YEAR_LATER, by="per_2")


def test_what_is_kept_lapses_after_its_last_day() -> None:
    for state in (ClosingState.KEPT, ClosingState.FROZEN):
        decide_lapse(frozen(state), YEAR_LATER + DAY)
        with pytest.raises(StillKept):
            decide_lapse(frozen(state), YEAR_LATER)


# On a real bank


@pytest.fixture
async def one_world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as made:
        yield made


async def holder(world: World, minutes: int = 100) -> Actor:
    """Somebody with minutes."""
    who = await world.volunteer()
    await credit(who.id, world.station, minutes)
    return who


async def held(*people: Actor) -> list[int]:
    """What people hold, and after them the pool."""
    codes = [*(accounts.volunteer(who.id) for who in people), POOL]
    told = await accounts.balances_of(codes)
    return [told[code] for code in codes]


async def state_of(who: Actor) -> PersonState:
    """Whether somebody may serve."""
    return (await people_by_id([who.id]))[who.id].state


async def whole(world: World) -> None:
    """The books are whole and say the same once more."""
    assert (await accounts.conservation()).whole
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_what_is_kept_waits_a_year_for_its_holder_and_then_is_the_pools(
    world: World,
) -> None:
    who, other = await holder(world), await holder(world)
    for person in (who, other):
        await close_account(person, rest=Rest.KEEP, key=key())
        with pytest.raises(NotInThisState):
            await close_account(person, rest=Rest.KEEP, key=key())
    assert await held(who, other) == [100, 100, 0]
    assert await state_of(who) is PersonState.CLOSED
    world.clock.move(YEAR_LATER - TODAY)
    assert await closings_due(skip=0, limit=9) == []
    with pytest.raises(StillKept):
        await lapse_balance(SYSTEM, person=who.id)
    await reopen_account(other, key=key())
    assert await state_of(other) is PersonState.ACTIVE
    world.clock.move(DAY)
    assert await closings_due(skip=0, limit=9) == [who.id]
    with pytest.raises(Forbidden):
        await lapse_balance(who, person=who.id)
    await lapse_balance(SYSTEM, person=who.id)
    for person in (who, other):
        with pytest.raises(NotInThisState):
            await lapse_balance(SYSTEM, person=person.id)
    assert await closings_due(skip=0, limit=9) == []
    assert await held(who, other) == [0, 100, 100]
    await reopen_account(who, key=key())
    assert await state_of(who) is PersonState.ACTIVE
    closing = await closing_of(who)
    assert closing
    assert closing.state is ClosingState.REOPENED
    await whole(world)


@pytest.mark.anyio
async def test_who_donates_with_the_closing_can_think_again_for_some_days(
    one_world: World,
) -> None:
    world = one_world
    who, other, poor = await holder(world), await holder(world), await world.volunteer()
    for person in (who, other, poor):
        await close_account(person, rest=Rest.DONATE, key=key())
    assert await held(who, other) == [0, 0, 0]
    (mine,) = await donations_of(who, **WHOLE)
    (theirs,) = await donations_of(other, **WHOLE)
    assert await donations_of(poor, **WHOLE) == []
    await take_back_donation(who, donation=mine.id, key=key())
    world.clock.move(7 * DAY)
    await settle_donation(SYSTEM, donation=theirs.id)
    assert await held(who, other) == [100, 0, 100]


@pytest.mark.anyio
async def test_a_closed_account_spends_and_receives_nothing_until_it_is_open_again(
    one_world: World,
) -> None:
    world = one_world
    _, mother, daughter = await family(world)
    await tied(world, mother, daughter, Kinship.CHILD)
    await earn(mother.id, world.station, 300)
    number = await world.number_of(daughter)
    before = await offer_gift(mother, receiver=number, minutes=60, key=key())
    await close_account(daughter, rest=Rest.KEEP, key=key())
    with pytest.raises(PersonNotActive):
        await accept_gift(daughter, gift=before.gift, key=key())
    await close_account(mother, rest=Rest.KEEP, key=key())
    with pytest.raises(PersonNotActive):
        await offer_gift(mother, receiver=number, minutes=60, key=key())
    await reopen_account(daughter, key=key())
    await accept_gift(daughter, gift=before.gift, key=key())
    assert await held(mother, daughter) == [240, 60, 0]


@pytest.mark.anyio
async def test_heirs_take_over_what_has_room_and_the_pool_gets_the_rest(world: World) -> None:
    dead, heir = await holder(world), await holder(world, 89_970)
    clerk, lead = world.staff[Role.STATION_CLERK], world.staff[Role.DISTRICT_LEAD]
    await report_death(clerk, person=dead.id, key=key())
    assert await state_of(dead) is PersonState.DECEASED
    number = await world.number_of(heir)
    with pytest.raises(EstateTooSoon):
        await settle_estate(lead, person=dead.id, heir=number, key=key())
    world.clock.move(8 * DAY)
    with pytest.raises(NotFound):
        await settle_estate(clerk, person=dead.id, heir=number, key=key())
    done = await settle_estate(lead, person=dead.id, heir=number, key=key())
    assert (done.taken, done.donated) == (30, 70)
    assert await held(dead, heir) == [0, 90_000, 70]
    for attempt in (
        settle_estate(lead, person=dead.id, key=key()),
        settle_estate(lead, person=heir.id, key=key()),
        withdraw_death(lead, person=dead.id, key=key()),
        lapse_balance(SYSTEM, person=dead.id),
    ):
        with pytest.raises(NotInThisState):
            await attempt
    await whole(world)


@pytest.mark.anyio
async def test_a_wrong_report_is_withdrawn_and_an_unclaimed_account_lapses(
    one_world: World,
) -> None:
    world = one_world
    alive, dead = await holder(world), await holder(world)
    clerk, lead = world.staff[Role.STATION_CLERK], world.staff[Role.DISTRICT_LEAD]
    await close_account(dead, rest=Rest.KEEP, key=key())
    for person in (alive, dead):
        await report_death(clerk, person=person.id, key=key())
    with pytest.raises(NotInThisState):
        await reopen_account(dead, key=key())
    with pytest.raises(NotFound):
        await withdraw_death(clerk, person=alive.id, key=key())
    await withdraw_death(lead, person=alive.id, key=key())
    assert await state_of(alive) is PersonState.ACTIVE
    world.clock.move(YEAR_LATER + DAY - TODAY)
    with pytest.raises(EstateOver):
        await settle_estate(lead, person=dead.id, key=key())
    assert await closings_due(skip=0, limit=9) == [dead.id]
    await lapse_balance(SYSTEM, person=dead.id)
    assert await held(alive, dead) == [100, 0, 100]


@pytest.mark.anyio
async def test_an_account_is_closed_and_reopened_over_the_wire(one_world: World) -> None:
    world = one_world
    who = await holder(world)
    asks = "{ closing { state since until } me { state } }"
    assert await ask(world, who, asks) == {"closing": None, "me": {"state": "ACTIVE"}}
    closed = await act(world, who, "closeAccount", "person { state }", rest="KEEP")
    assert closed["person"] == {"state": "CLOSED"}
    assert (await ask(world, who, asks))["closing"] == {
        "state": "KEPT",
        "since": "2026-11-20",
        "until": "2027-11-20",
    }
    opened = await act(world, who, "reopenAccount", "person { state }")
    assert opened["person"] == {"state": "ACTIVE"}
    clerk, lead = world.staff[Role.STATION_CLERK], world.staff[Role.DISTRICT_LEAD]
    frozen = await act(world, clerk, "reportDeath", "person { state }", person=who.id)
    assert frozen["person"] == {"state": "DECEASED"}
    early = await act(world, lead, "settleEstate", "takenMinutes", person=who.id)
    assert early["userErrors"] == [{"code": "ESTATE_TOO_SOON", "path": None}]
    world.clock.move(8 * DAY)
    asks = "takenMinutes donatedMinutes"
    settled = await act(world, lead, "settleEstate", asks, person=who.id)
    assert settled == {"takenMinutes": 0, "donatedMinutes": 100, "userErrors": []}
    late = await act(world, lead, "withdrawDeath", "person { id }", person=who.id)
    assert late["userErrors"] == [{"code": "NOT_IN_THIS_STATE", "path": None}]

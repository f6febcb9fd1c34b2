"""Accepted months: one tap, many records, each answered for; and who may ask for whose month."""

from datetime import date, timedelta

import pytest

from tests.test_silence import silent
from tests.volunteering import captured, confirmed, record_of, visited
from tests.wire import act
from tests.world import World, found_station, key
from timebank import replay
from timebank.accepted_months import MonthWrong, NothingToAccept, accept_month, decide_month
from timebank.access import Role
from timebank.accounts import balance_of, volunteer
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.hours import totals_of
from timebank.proxies import end_proxy, name_proxy
from timebank.record_life import RecordState
from timebank.refusals import NotFound, Unauthenticated
from timebank.reversals import repudiate_hours

HOUR = timedelta(hours=1)
MONTH = "2026-11"


async def waiting_records(world: World, who: Actor, count: int = 3) -> list[str]:
    """Confirmed records of half an hour each, on two days of the month."""
    starts = [world.clock.now() - (24 * (n % 2) + n + 1) * HOUR for n in range(count)]
    ids = [await captured(world, who, starts=at, minutes=30) for at in starts]
    await confirmed(world, ids)
    return ids


async def states(ids: list[str]) -> set[RecordState]:
    return {(await record_of(id)).state for id in ids}


# Decisions


@pytest.mark.parametrize(
    ("month", "days"),
    [
        ("2026-03", (date(2026, 3, 1), date(2026, 4, 1))),
        ("2026-12", (date(2026, 12, 1), date(2027, 1, 1))),
    ],
)
def test_a_month_has_its_days(month: str, days: tuple[date, date]) -> None:
    assert decide_month(month) == days


@pytest.mark.parametrize(
    "month",
    ["", "2026", "2026-13", "2026-00", "2026-3", "26-03", "2026-03-01", "２０２６-03", "3-2026"],
)
def test_a_month_has_one_spelling(month: str) -> None:
    with pytest.raises(MonthWrong):
        decide_month(month)


# Records


@pytest.mark.anyio
async def test_a_month_is_accepted_at_one_tap(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    ids, theirs = await waiting_records(world, who), await waiting_records(world, other)
    open_one = await captured(world, who, starts=world.clock.now() - 9 * HOUR, minutes=30)
    world.clock.move(24 * HOUR)
    visit = await visited(world, who)
    await confirmed(world, [visit])
    assert await states([visit]) == {RecordState.POSTED}
    tapped = key()
    told = await accept_month(who, month=MONTH, key=tapped)
    assert sorted(outcome.record for outcome in told.outcomes) == sorted(ids)
    assert await states(ids) == {RecordState.POSTED}
    assert await states(theirs) == {RecordState.CONFIRMED}
    assert await states([open_one]) == {RecordState.CAPTURED}
    again = await accept_month(who, month=MONTH, key=tapped)
    assert (again.replayed, again.outcomes) == (True, told.outcomes)
    with pytest.raises(NothingToAccept):
        await accept_month(who, month=MONTH, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_only_the_days_of_the_month_are_accepted(world: World) -> None:
    who = await world.volunteer()
    ids = await waiting_records(world, who)
    for month in ("2026-10", "2026-12", "2025-11"):
        with pytest.raises(NothingToAccept):
            await accept_month(who, month=month, key=key())
    assert await states(ids) == {RecordState.CONFIRMED}


@pytest.mark.anyio
async def test_what_counted_in_silence_is_accepted_with_its_month(world: World) -> None:
    who = await world.volunteer()
    id = await silent(world, who, minutes=90)
    await accept_month(who, month=MONTH, key=key())
    person = who.person or ""
    total = (await totals_of([person]))[person]
    assert (total.minutes, total.credited, await balance_of(volunteer(person))) == (90, 90, 90)
    assert await states([id]) == {RecordState.POSTED}


@pytest.mark.anyio
async def test_a_record_that_must_wait_holds_up_no_other(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    manager = world.staff[Role.STATION_MANAGER]
    held = await waiting_records(world, who, 2)
    free = await captured(world, who, starts=world.clock.now() - 7 * HOUR, by=manager)
    confirming = await world.officer(Role.STATION_MANAGER, world.station_path)
    await act(world, confirming, "confirmHours", "replayed", records=[free])
    disowned = await captured(world, other)
    await repudiate_hours(other, records=[disowned], key=key())
    told = await accept_month(who, month=MONTH, key=key())
    codes = {outcome.record: outcome.code for outcome in told.outcomes}
    assert codes == {free: None, **dict.fromkeys(held, "BATCH_HELD")}


# For somebody


@pytest.mark.anyio
async def test_the_counter_accepts_a_month_with_a_hand_that_turned_no_key(world: World) -> None:
    who = await world.volunteer()
    ids = await waiting_records(world, who)
    number = await world.number_of(who)
    for role in (Role.STATION_CLERK, Role.STATION_MANAGER):
        told = await accept_month(world.staff[role], month=MONTH, number=number, key=key())
        assert {outcome.code for outcome in told.outcomes} == {"SAME_HAND"}
    assert await states(ids) == {RecordState.CONFIRMED}
    third = await world.officer(Role.STATION_CLERK, world.station_path)
    told = await accept_month(third, month=MONTH, number=f" {number.lower()} ", key=key())
    assert {outcome.code for outcome in told.outcomes} == {None}
    assert await states(ids) == {RecordState.POSTED}


@pytest.mark.anyio
async def test_a_proxy_accepts_the_principals_month(world: World) -> None:
    who, proxy = await world.volunteer(), await world.volunteer()
    ids = await waiting_records(world, who)
    number = await world.number_of(who)
    with pytest.raises(NotFound):
        await accept_month(proxy, month=MONTH, number=number, key=key())
    named = await name_proxy(who, number=await world.number_of(proxy), key=key())
    with pytest.raises(NothingToAccept):
        await accept_month(proxy, month=MONTH, key=key())
    await accept_month(proxy, month=MONTH, number=number, key=key())
    assert await states(ids) == {RecordState.POSTED}
    await end_proxy(who, mandate=named.mandate, key=key())
    with pytest.raises(NotFound):
        await accept_month(proxy, month=MONTH, number=number, key=key())


@pytest.mark.anyio
async def test_nobody_else_learns_whether_there_is_such_a_person(world: World) -> None:
    who = await world.volunteer()
    await waiting_records(world, who)
    number = await world.number_of(who)
    other = await found_station(world, number="002", area="420102002004")
    path = f"420100/420102/420102002/420102002004/{other}/"
    elsewhere = await world.officer(Role.STATION_MANAGER, path)
    lead, stranger = world.staff[Role.DISTRICT_LEAD], await world.volunteer()
    for actor in (elsewhere, lead, stranger):
        for name in (number, "WH-0000-000-0000", ""):
            with pytest.raises(NotFound):
                await accept_month(actor, month=MONTH, number=name, key=key())
    for actor in (PUBLIC, SYSTEM):
        with pytest.raises(Unauthenticated):
            await accept_month(actor, month=MONTH, number=number, key=key())


# On the wire


@pytest.mark.anyio
async def test_a_month_on_the_wire(world: World) -> None:
    who = await world.volunteer()
    await waiting_records(world, who, 2)
    asks = "outcomes { record { state waitingOn { party } } userErrors { code } }"
    done = await act(world, who, "acceptMonth", asks, month=MONTH)
    posted = {"record": {"state": "POSTED", "waitingOn": None}, "userErrors": []}
    assert done == {"outcomes": [posted, posted], "userErrors": []}
    empty = await act(world, who, "acceptMonth", asks, month=MONTH)
    assert empty["userErrors"] == [{"code": "NOTHING_TO_ACCEPT", "path": ["month"]}]
    wrong = await act(world, who, "acceptMonth", asks, month="11/2026")
    assert wrong["userErrors"] == [{"code": "MONTH_WRONG", "path": ["month"]}]

"""Confirmations: three keys, each in another hand, and what they mint."""

from datetime import date, timedelta

import pytest

from tests.volunteering import MINUTE, captured, child, confirmed, posted, record_of, visited
from tests.world import World, key
from timebank.access import Role
from timebank.accounts import balance_of, volunteer
from timebank.actors import PUBLIC, Actor
from timebank.confirmations import (
    BatchHeld,
    MinutesWrong,
    OwnHours,
    SameHand,
    TooManyRecords,
    accept_hours,
    confirm_hours,
    reject_hours,
    review_hours,
)
from timebank.hours import totals_of
from timebank.lifecycles import NotInThisState
from timebank.record_life import RecordState, RejectReason
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.reversals import repudiate_hours

pytestmark = pytest.mark.anyio


async def state(id: str) -> RecordState:
    return (await record_of(id)).state


async def minutes_of(who: Actor) -> tuple[int, int]:
    """Lifetime minutes of service, and the balance."""
    person = who.person or ""
    total = (await totals_of([person])).get(person)
    return (total.minutes if total else 0, await balance_of(volunteer(person)))


async def test_paper_needs_three_keys_and_mints_nothing(world: World) -> None:
    who = await world.volunteer()
    id = await captured(world, who)
    with pytest.raises(NotInThisState):
        await accept_hours(who, records=[id], key=key())
    await confirmed(world, [id])
    assert await minutes_of(who) == (0, 0)
    await accept_hours(who, records=[id], key=key())
    assert await state(id) is RecordState.POSTED
    assert await minutes_of(who) == (60, 0)
    with pytest.raises(NotInThisState):
        await accept_hours(who, records=[id], key=key())


async def test_a_visit_checked_out_by_oneself_is_posted_with_its_confirmation(
    world: World,
) -> None:
    who = await world.volunteer()
    id = await visited(world, who)
    await confirmed(world, [id])
    assert await state(id) is RecordState.POSTED
    assert await minutes_of(who) == (120, 120)


async def test_fewer_confirmed_minutes_wait_for_the_volunteer(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    id = await visited(world, who)
    for wrong in (0, 121):
        with pytest.raises(MinutesWrong):
            await confirm_hours(manager, records=[id], minutes=wrong, key=key())
    await confirm_hours(manager, records=[id], minutes=90, key=key())
    assert await state(id) is RecordState.CONFIRMED
    await accept_hours(who, records=[id], key=key())
    assert await minutes_of(who) == (90, 90)


async def test_a_day_mints_no_more_than_its_cap_and_children_nothing(world: World) -> None:
    who = await world.volunteer()
    for _ in range(2):
        await confirmed(world, [await visited(world, who, minutes=150)])
        world.clock.move(30 * MINUTE)
    assert await minutes_of(who) == (300, 240)
    young = await child(world, date(2011, 1, 1))
    await confirmed(world, [await visited(world, young)])
    assert await minutes_of(young) == (120, 0)


async def test_nobody_turns_two_keys(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    id = await captured(world, who, by=manager)
    with pytest.raises(SameHand):
        await confirm_hours(manager, records=[id], key=key())
    own = await captured(world, manager)
    with pytest.raises(OwnHours):
        await confirm_hours(manager, records=[own], key=key())
    clerks = await captured(world, who, starts=world.clock.now() - timedelta(hours=5))
    with pytest.raises(Forbidden):
        await confirm_hours(world.staff[Role.STATION_CLERK], records=[clerks], key=key())
    with pytest.raises(NotFound):
        await confirm_hours(await world.volunteer(), records=[clerks], key=key())
    with pytest.raises(Unauthenticated):
        await confirm_hours(PUBLIC, records=[clerks], key=key())


async def test_a_long_day_goes_to_a_third_person(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    id = await captured(world, who, minutes=481)
    await confirmed(world, [id])
    assert await state(id) is RecordState.TO_REVIEW
    with pytest.raises(SameHand):
        await review_hours(manager, records=[id], key=key())
    await review_hours(world.staff[Role.DISTRICT_LEAD], records=[id], key=key())
    assert await state(id) is RecordState.CONFIRMED


async def test_a_rejected_record_frees_its_time(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    id = await captured(world, who)
    await reject_hours(manager, records=[id], reason=RejectReason.WRONG_TIMES, key=key())
    assert await state(id) is RecordState.REJECTED
    await captured(world, who)
    with pytest.raises(NotInThisState):
        await confirm_hours(manager, records=[id], key=key())


async def test_the_counter_accepts_only_with_a_hand_that_turned_no_key(world: World) -> None:
    who = await world.volunteer()
    id = await captured(world, who)
    await confirmed(world, [id])
    for role in (Role.STATION_CLERK, Role.STATION_MANAGER):
        with pytest.raises(SameHand):
            await accept_hours(world.staff[role], records=[id], key=key())
    other = await world.officer(Role.STATION_CLERK, world.station_path)
    await accept_hours(other, records=[id], key=key())
    assert await minutes_of(who) == (60, 0)


async def test_many_records_are_answered_each(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    good = await captured(world, who)
    done = await posted(world, await world.volunteer())
    told = await confirm_hours(manager, records=[good, done, "rec_none"], key=key())
    assert [outcome.code for outcome in told.outcomes] == [
        None,
        "NOT_IN_THIS_STATE",
        "NOT_FOUND",
    ]
    assert await state(good) is RecordState.CONFIRMED
    with pytest.raises(TooManyRecords):
        await confirm_hours(manager, records=[], key=key())
    with pytest.raises(TooManyRecords):
        await confirm_hours(manager, records=[good, done], minutes=5, key=key())


async def test_a_disowned_record_holds_what_the_same_hand_recorded_that_day(
    world: World,
) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    mine, theirs = await captured(world, who), await captured(world, other)
    await repudiate_hours(who, records=[mine], key=key())
    with pytest.raises(BatchHeld) as told:
        await confirm_hours(world.staff[Role.STATION_MANAGER], records=[theirs], key=key())
    assert told.value.details == {"record": mine}

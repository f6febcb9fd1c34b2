"""Forgotten visits: closed at the planned end, unconfirmed, told, and never credited."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.world import NOON, World, key
from timebank import replay
from timebank.access import Role
from timebank.activities import Move, move_activity
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.attendance import (
    Attendance,
    CheckedInElsewhere,
    CheckedOut,
    Present,
    Visit,
    Way,
    Whereabouts,
    check_in,
    end_activity,
    scan,
)
from timebank.captures import VisitNotClosed, capture_visit
from timebank.forgotten_visits import CheckOutOpen, close_visit, decide_forgotten, forgotten
from timebank.notices import Notice, NoticeCode
from timebank.refusals import Forbidden, NotFound
from timebank.station_codes import station_code
from timebank.tables import find, select
from timebank.timers import sweep

MINUTE = timedelta(minutes=1)
HALF_HOUR = 30 * MINUTE


async def arrived(world: World, who: Actor, *, minutes: int = 120) -> str:
    """An activity that somebody checked in to."""
    activity = await world.activity(minutes=minutes)
    manager = world.staff[Role.STATION_MANAGER]
    await move_activity(manager, activity=activity, move=Move.START, key=key())
    code = await station_code(world.staff[Role.STATION_CLERK], world.station)
    await check_in(who, activity=activity, code=code, key=key())
    return activity


async def visit(activity: str, who: Actor) -> Visit:
    held = await find(Attendance, f"{activity}/{who.person}")
    assert held
    return held.visits[-1]


async def codes(who: Actor) -> list[NoticeCode]:
    return [notice.code for notice in await select(Notice, person=who.person, order=["id"])]


# Decisions


def test_a_visit_is_forgotten_when_nobody_may_check_out_any_more() -> None:
    end = datetime(2026, 11, 20, 6, tzinfo=UTC)
    there = Whereabouts(person="per_1", activity="act_1", planned_end=end)
    for early in (end - MINUTE, end, end + HALF_HOUR):
        with pytest.raises(CheckOutOpen):
            decide_forgotten(there, early)
    assert decide_forgotten(there, end + HALF_HOUR + MINUTE) == CheckedOut(
        activity="act_1", person="per_1", at=end, way=Way.UNCONFIRMED
    )


# Records


@pytest.mark.anyio
async def test_a_missing_check_out_closes_by_itself_and_counts_for_nothing(world: World) -> None:
    who = await world.volunteer()
    activity = await arrived(world, who)
    world.clock.move(150 * MINUTE)
    assert await forgotten(skip=0, limit=9) == []
    await sweep()
    assert (await visit(activity, who)).ended is None
    world.clock.move(MINUTE)
    assert await forgotten(skip=0, limit=9) == [who.person]
    await sweep()
    closed = await visit(activity, who)
    assert (closed.ended, closed.ended_by) == (NOON + 120 * MINUTE, Way.UNCONFIRMED)
    assert await codes(who) == [NoticeCode.VISIT_UNCONFIRMED]
    with pytest.raises(VisitNotClosed):
        await capture_visit(who, activity=activity, person=who.person or "", visit=0, key=key())
    there = await find(Present, activity)
    assert there is not None
    assert there.people == ()
    assert await forgotten(skip=0, limit=9) == []
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_whoever_forgot_is_free_for_the_next_activity(world: World) -> None:
    who = await world.volunteer()
    await arrived(world, who, minutes=60)
    world.clock.move(91 * MINUTE)
    with pytest.raises(CheckedInElsewhere):
        await arrived(world, who)
    await sweep()
    later = await arrived(world, who)
    assert (await visit(later, who)).ended is None


@pytest.mark.anyio
async def test_an_organiser_who_ends_later_finds_them_closed(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    activity = await arrived(world, who)
    manager, clerk = world.staff[Role.STATION_MANAGER], world.staff[Role.STATION_CLERK]
    world.clock.move(110 * MINUTE)
    await scan(clerk, activity=activity, number=await world.number_of(other), key=key())
    await end_activity(manager, activity=activity, key=key())
    world.clock.move(60 * MINUTE)
    (run,) = [run for run in await sweep() if run.name == "visits.forgotten"]
    assert (run.done, run.refused, run.failed) == (0, 0, 0)
    for person in (who, other):
        assert (await visit(activity, person)).ended_by is Way.UNCONFIRMED
        assert await codes(person) == [NoticeCode.VISIT_UNCONFIRMED]


@pytest.mark.anyio
async def test_a_check_out_that_comes_too_late_is_told_like_a_missing_one(world: World) -> None:
    who = await world.volunteer()
    activity = await arrived(world, who)
    world.clock.move(160 * MINUTE)
    number = await world.number_of(who)
    await scan(world.staff[Role.STATION_CLERK], activity=activity, number=number, key=key())
    assert (await visit(activity, who)).ended_by is Way.UNCONFIRMED
    assert await codes(who) == [NoticeCode.VISIT_UNCONFIRMED]


@pytest.mark.anyio
async def test_only_the_software_closes_what_was_forgotten(world: World) -> None:
    who = await world.volunteer()
    await arrived(world, who)
    person = who.person or ""
    with pytest.raises(CheckOutOpen):
        await close_visit(SYSTEM, person=person, key=key())
    world.clock.move(timedelta(days=1))
    for actor in (PUBLIC, who, world.staff[Role.STATION_MANAGER]):
        with pytest.raises(Forbidden):
            await close_visit(actor, person=person, key=key())
    await close_visit(SYSTEM, person=person, key=key())
    with pytest.raises(NotFound):
        await close_visit(SYSTEM, person=person, key=key())
    assert (await find(Whereabouts, person)) is None
    assert world.clock.now().date() == date(2026, 11, 21)

"""Captures: what comes in by hand or from a visit, and what does not."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.volunteering import MINUTE, captured, child, record_of, visited
from tests.wire import act
from tests.world import World, found_station, key
from timebank.access import Role
from timebank.activities import ActivityKind, ActivityNotOpen, Move, move_activity
from timebank.actors import PUBLIC
from timebank.attendance import end_activity, scan
from timebank.attestations import EvidenceMissing, OnlyDistrictAttests
from timebank.captures import ActivityElsewhere, VisitNotClosed, capture_hours, capture_visit
from timebank.days import (
    LateReasonMissing,
    Overlaps,
    ReviewReason,
    TooLateToRecord,
)
from timebank.people import PersonNotActive, suspend_person
from timebank.person_life import SuspensionReason
from timebank.record_life import CaptureMode, Evidence, LateReason, RecordState
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.sign_ups import BelowServiceAge

pytestmark = pytest.mark.anyio


async def test_a_clerk_captures_from_paper_and_nobody_else_does(world: World) -> None:
    who = await world.volunteer()
    held = await record_of(await captured(world, who))
    assert (held.state, held.mode, held.minutes) == (
        RecordState.CAPTURED,
        CaptureMode.MANUAL,
        60,
    )
    assert (held.recorder, held.path) == (
        world.staff[Role.STATION_CLERK].id,
        world.station_path,
    )
    early = world.clock.now() - timedelta(hours=5)
    with pytest.raises(Forbidden):
        await captured(world, who, by=who, starts=early)
    with pytest.raises(Unauthenticated):
        await captured(world, who, by=PUBLIC, starts=early)
    other = await found_station(world, number="002", area="420102002004")
    with pytest.raises(Forbidden):
        await captured(world, who, station=other, starts=early)


async def test_nobody_serves_in_two_places_at_once_and_the_clash_is_named(world: World) -> None:
    who = await world.volunteer()
    first = await captured(world, who)
    with pytest.raises(Overlaps) as told:
        await captured(world, who, minutes=30)
    assert told.value.details == {"record": first}
    await captured(world, await world.volunteer())


async def test_the_unknown_the_young_and_the_suspended_are_not_recorded(world: World) -> None:
    who = await child(world, date(2012, 11, 20))
    await captured(world, who)
    with pytest.raises(BelowServiceAge):
        await captured(world, who, starts=world.clock.now() - timedelta(days=1))
    older = await world.volunteer()
    await suspend_person(
        world.staff[Role.DISTRICT_LEAD],
        person=older.person or "",
        reason=SuspensionReason.FALSE_HOURS,
        key=key(),
    )
    with pytest.raises(PersonNotActive):
        await captured(world, older)
    with pytest.raises(NotFound):
        await capture_hours(
            world.staff[Role.STATION_CLERK],
            volunteer="per_nobody",
            station=world.station,
            starts=world.clock.now() - 60 * MINUTE,
            ends=world.clock.now(),
            kind=ActivityKind.ELDER,
            key=key(),
        )


async def test_what_comes_late_needs_a_reason_and_then_the_district(world: World) -> None:
    who = await world.volunteer()

    async def file(
        days: int, role: Role, late: LateReason | None, evidence: Evidence | None = None
    ) -> str:
        starts = world.clock.now() - timedelta(days=days, hours=1)
        made = await capture_hours(
            world.staff[role],
            volunteer=who.person or "",
            station=world.station,
            starts=starts,
            ends=starts + 60 * MINUTE,
            kind=ActivityKind.ELDER,
            late=late,
            evidence=evidence,
            key=key(),
        )
        return made.record

    with pytest.raises(LateReasonMissing):
        await file(4, Role.STATION_CLERK, None)
    held = await record_of(await file(4, Role.STATION_CLERK, LateReason.PAPER_FOUND))
    assert held.review == (ReviewReason.LATE,)
    with pytest.raises(TooLateToRecord):
        await file(31, Role.STATION_CLERK, LateReason.PAPER_FOUND)
    with pytest.raises(EvidenceMissing):
        await file(31, Role.DISTRICT_LEAD, LateReason.PAPER_FOUND)
    with pytest.raises(OnlyDistrictAttests):
        await file(5, Role.STATION_CLERK, LateReason.PAPER_FOUND, Evidence.PAPER_ROSTER)
    attested = await file(31, Role.DISTRICT_LEAD, LateReason.PAPER_FOUND, Evidence.PAPER_ROSTER)
    held = await record_of(attested)
    assert (held.mode, held.evidence) == (CaptureMode.EXTERNAL, Evidence.PAPER_ROSTER)
    assert held.review == (ReviewReason.EXTERNAL, ReviewReason.LATE)


async def test_an_activity_takes_records_of_its_own_station_while_it_is_held(world: World) -> None:
    who, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    activity = await world.activity()
    other = await found_station(world, number="002", area="420102002004")

    async def file(station: str, by: Role = Role.STATION_CLERK) -> str:
        made = await capture_hours(
            world.staff[by],
            volunteer=who.person or "",
            station=station,
            activity=activity,
            starts=world.clock.now() - 60 * MINUTE,
            ends=world.clock.now(),
            kind=ActivityKind.ELDER,
            key=key(),
        )
        return made.record

    with pytest.raises(ActivityNotOpen):
        await file(world.station)
    await move_activity(clerk, activity=activity, move=Move.START, key=key())
    with pytest.raises(ActivityElsewhere):
        await file(other, Role.DISTRICT_LEAD)
    assert (await record_of(await file(world.station))).activity == activity


async def test_a_visit_becomes_one_record_however_often_it_is_asked_for(world: World) -> None:
    who = await world.volunteer()
    held = await record_of(await visited(world, who))
    assert (held.mode, held.own, held.minutes) == (CaptureMode.CHECK_IN, True, 120)
    again = await capture_visit(
        world.staff[Role.STATION_CLERK],
        activity=held.activity or "",
        person=held.volunteer,
        visit=0,
        key=key(),
    )
    assert (again.record, again.entry) == (held.id, None)
    with pytest.raises(NotFound):
        await capture_visit(
            await world.volunteer(),
            activity=held.activity or "",
            person=held.volunteer,
            visit=0,
            key=key(),
        )


@pytest.mark.one_database
async def test_a_visit_recorded_late_says_why_and_stays_attended(world: World) -> None:
    who, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    activity, number = await world.activity(), await world.number_of(who)
    await move_activity(clerk, activity=activity, move=Move.START, key=key())
    for _ in range(2):
        await scan(clerk, activity=activity, number=number, key=key())
        world.clock.move(timedelta(hours=1))
    told: dict[str, Any] = {"activity": activity, "person": who.person or ""}
    world.clock.move(timedelta(days=4))
    with pytest.raises(LateReasonMissing):
        await capture_visit(who, **told, visit=0, key=key())
    made = await act(world, who, "captureVisit", "record { id }", **told, late="SYSTEM_DOWN")
    held = await record_of(made["record"]["id"])
    assert (held.mode, held.minutes) == (CaptureMode.CHECK_IN, 60)
    assert (held.late, held.review) == (LateReason.SYSTEM_DOWN, (ReviewReason.LATE,))


async def test_a_visit_that_nobody_ended_is_no_record(world: World) -> None:
    who, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    activity = await world.activity()
    await move_activity(clerk, activity=activity, move=Move.START, key=key())
    await scan(clerk, activity=activity, number=await world.number_of(who), key=key())

    async def capture() -> str:
        made = await capture_visit(
            clerk, activity=activity, person=who.person or "", visit=0, key=key()
        )
        return made.record

    with pytest.raises(VisitNotClosed):
        await capture()
    world.clock.move(timedelta(hours=3))
    await end_activity(clerk, activity=activity, key=key())
    with pytest.raises(VisitNotClosed):
        await capture()
    with pytest.raises(NotFound):
        await capture_visit(clerk, activity=activity, person=who.person or "", visit=1, key=key())


async def test_past_sixty_people_an_hour_a_second_reviewer_looks(world: World) -> None:
    people = [await world.volunteer() for _ in range(61)]
    made = [await record_of(await captured(world, who)) for who in people]
    assert [held.review for held in made] == [()] * 60 + [(ReviewReason.RECORDER_PEOPLE,)]

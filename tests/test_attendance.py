"""Attendance: visits that begin and end by station code or staff scan, or are left unconfirmed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.wire import act, ask
from tests.world import NOON, World, found_station, key
from timebank.access import Role
from timebank.activities import ActivityNotOpen, Move, move_activity
from timebank.actors import PUBLIC, Actor
from timebank.attendance import (
    CheckedInAlready,
    CheckedInElsewhere,
    NotCheckedIn,
    NotYetTime,
    TooManyCheckIns,
    Visit,
    Way,
    check_in,
    check_out,
    end_activity,
    scan,
)
from timebank.people import PersonNotActive, suspend_person
from timebank.person_life import SuspensionReason
from timebank.programme import attendance_of
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.replay import compare
from timebank.sign_ups import BelowServiceAge, sign_up
from timebank.station_codes import StationCodeWrong, code_at, is_code, station_code
from timebank.wait_lists import withdraw

pytestmark = pytest.mark.anyio
MINUTE = timedelta(minutes=1)


async def code(world: World) -> str:
    return await station_code(world.staff[Role.STATION_CLERK], world.station)


async def enter(world: World, who: Actor, activity: str) -> None:
    await check_in(who, activity=activity, code=await code(world), key=key())


async def leave(world: World, who: Actor, activity: str) -> None:
    await check_out(who, activity=activity, code=await code(world), key=key())


async def visits(world: World, activity: str) -> tuple[Visit, ...]:
    rows = await attendance_of(world.staff[Role.STATION_CLERK], activity)
    assert len(rows) == 1
    return rows[0].visits


# Station codes


@pytest.mark.parametrize(
    ("at", "told"),
    [(59, "119246"), (1111111109, "084774"), (1234567890, "819424"), (20000000000, "737706")],
)
def test_codes_are_those_of_rfc_6238(at: int, told: str) -> None:
    # Appendix B, SHA-256: eight digits there, whose last six are ours.
    secret = b"12345678901234567890123456789012"

    assert code_at(secret, datetime.fromtimestamp(at, UTC)) == told


@pytest.mark.parametrize(
    ("later", "holds"), [(0, True), (29, True), (30, True), (59, True), (60, False), (-1, False)]
)
def test_a_code_holds_for_its_half_minute_and_the_next(later: int, holds: bool) -> None:
    secret = b"12345678901234567890123456789012"
    shown = code_at(secret, NOON)

    assert is_code(secret, shown, NOON + timedelta(seconds=later)) is holds


async def test_the_screen_shows_a_code_that_changes(world: World) -> None:
    first = await code(world)
    assert (len(first), first.isdigit(), await code(world)) == (6, True, first)

    world.clock.move(timedelta(seconds=60))
    assert await code(world) != first


async def test_only_staff_of_the_station_see_its_code(world: World) -> None:
    with pytest.raises(Forbidden):
        await station_code(await world.volunteer(), world.station)
    with pytest.raises(NotFound):
        await station_code(world.staff[Role.STATION_CLERK], "sta_none")


# One's own device


async def test_a_visit_by_code_is_kept_in_whole_minutes(world: World) -> None:
    ann, activity = await world.volunteer(), await world.activity()
    world.clock.move(timedelta(minutes=2, seconds=31))
    await enter(world, ann, activity)
    world.clock.move(timedelta(minutes=60, seconds=10))
    await leave(world, ann, activity)

    assert await visits(world, activity) == (
        Visit(
            began=NOON + 2 * MINUTE,
            began_by=Way.STATION_CODE,
            ended=NOON + 62 * MINUTE,
            ended_by=Way.STATION_CODE,
        ),
    )


async def test_a_wrong_or_foreign_code_opens_nothing(world: World) -> None:
    ann, activity = await world.volunteer(), await world.activity()
    other = await found_station(world, number="002")
    foreign = await station_code(await world.officer(Role.STATION_CLERK), other)
    shown = await code(world)

    for wrong in (foreign, "", "1234567", "一二三四五六", f"{(int(shown) + 1) % 10**6:06d}"):
        with pytest.raises(StationCodeWrong):
            await check_in(ann, activity=activity, code=wrong, key=key())
    await check_in(ann, activity=activity, code=shown, key=key())
    with pytest.raises(StationCodeWrong):
        await check_out(ann, activity=activity, code=foreign, key=key())


@pytest.mark.parametrize(
    ("minute", "opens"), [(-31, False), (-30, True), (119, True), (120, False)]
)
async def test_check_in_opens_half_an_hour_before_and_ends_with_the_activity(
    world: World, minute: int, opens: bool
) -> None:
    ann, activity = await world.volunteer(), await world.activity(starts_in=40 * MINUTE)
    world.clock.move((40 + minute) * MINUTE)

    if opens:
        await enter(world, ann, activity)
    else:
        with pytest.raises(NotYetTime):
            await enter(world, ann, activity)


async def test_nobody_is_in_two_places(world: World) -> None:
    ann, here, there = await world.volunteer(), await world.activity(), await world.activity()
    await enter(world, ann, here)

    with pytest.raises(CheckedInAlready):
        await enter(world, ann, here)
    with pytest.raises(CheckedInElsewhere):
        await enter(world, ann, there)
    with pytest.raises(NotCheckedIn):
        await leave(world, ann, there)
    await leave(world, ann, here)
    await enter(world, ann, there)


async def test_at_most_three_visits_of_an_activity_a_day(world: World) -> None:
    ann, activity = await world.volunteer(), await world.activity()
    for _ in range(3):
        await enter(world, ann, activity)
        world.clock.move(5 * MINUTE)
        await leave(world, ann, activity)

    with pytest.raises(TooManyCheckIns):
        await enter(world, ann, activity)
    assert len(await visits(world, activity)) == 3


async def test_nobody_checks_in_once_it_has_ended(world: World) -> None:
    ann, activity = await world.volunteer(), await world.activity()
    manager = world.staff[Role.STATION_MANAGER]
    await move_activity(manager, activity=activity, move=Move.START, key=key())
    await end_activity(manager, activity=activity, key=key())

    with pytest.raises(ActivityNotOpen):
        await enter(world, ann, activity)


async def test_who_may_not_serve_does_not_check_in(world: World) -> None:
    day, activity = NOON.date(), await world.activity()
    almost_14 = date(day.year - 14, day.month, day.day + 1)
    suspended = await world.volunteer()
    await suspend_person(
        world.staff[Role.DISTRICT_LEAD],
        person=suspended.person or "",
        reason=SuspensionReason.CONDUCT,
        key=key(),
    )

    with pytest.raises(PersonNotActive):
        await enter(world, suspended, activity)
    # Registered on the 14th birthday; the activity was held on the day before it.
    world.clock.move(timedelta(days=1))
    ward = await world.ward(birth=almost_14)
    yesterday = await world.activity(starts_in=-timedelta(hours=14), minutes=16 * 60)
    with pytest.raises(BelowServiceAge):
        await enter(world, ward, yesterday)


# Staff


async def test_staff_scan_in_and_out(world: World) -> None:
    ann, activity = await world.volunteer(), await world.activity()
    number, clerk = await world.number_of(ann), world.staff[Role.STATION_CLERK]

    await scan(clerk, activity=activity, number=f" {number.lower()} ", key=key())
    world.clock.move(45 * MINUTE)
    await scan(clerk, activity=activity, number=number, key=key())

    (visit,) = await visits(world, activity)
    assert (visit.began_by, visit.ended_by) == (Way.STAFF_SCAN, Way.STAFF_SCAN)
    assert visit.ended == visit.began + 45 * MINUTE


async def test_a_number_that_nobody_has_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await scan(
            world.staff[Role.STATION_CLERK],
            activity=await world.activity(),
            number="WH-0000-000-0000",
            key=key(),
        )


async def test_volunteers_scan_nobody(world: World) -> None:
    ann, activity = await world.volunteer(), await world.activity()

    for number in (await world.number_of(ann), "WH-0000-000-0000"):
        with pytest.raises(Forbidden):
            await scan(ann, activity=activity, number=number, key=key())


# What was forgotten


async def test_who_is_still_there_at_the_end_is_closed_as_unconfirmed(world: World) -> None:
    ann, activity = await world.volunteer(), await world.activity(minutes=120)
    manager = world.staff[Role.STATION_MANAGER]
    await move_activity(manager, activity=activity, move=Move.START, key=key())
    await enter(world, ann, activity)
    world.clock.move(300 * MINUTE)
    await end_activity(manager, activity=activity, key=key())

    (visit,) = await visits(world, activity)
    assert (visit.ended, visit.ended_by) == (NOON + 120 * MINUTE, Way.UNCONFIRMED)
    with pytest.raises(NotCheckedIn):
        await leave(world, ann, activity)
    await enter(world, ann, await world.activity())


@pytest.mark.parametrize(
    ("minute", "ended", "way"),
    [(150, 150, Way.STATION_CODE), (151, 120, Way.UNCONFIRMED), (1500, 120, Way.UNCONFIRMED)],
)
async def test_a_check_out_long_after_the_end_counts_as_forgotten(
    world: World, minute: int, ended: int, way: Way
) -> None:
    ann, activity = await world.volunteer(), await world.activity(minutes=120)
    await enter(world, ann, activity)
    world.clock.move(minute * MINUTE)
    await leave(world, ann, activity)

    (visit,) = await visits(world, activity)
    assert (visit.ended, visit.ended_by) == (NOON + ended * MINUTE, way)


async def test_a_day_at_the_station_is_the_same_when_replayed(world: World) -> None:
    ann, ben = await world.volunteer(), await world.volunteer()
    activity, manager = await world.activity(), world.staff[Role.STATION_MANAGER]
    for one in (ann, ben):
        await sign_up(one, activity=activity, key=key())
    await withdraw(ben, activity=activity, key=key())
    await move_activity(manager, activity=activity, move=Move.START, key=key())
    for one in (ann, ben):
        await enter(world, one, activity)
    world.clock.move(90 * MINUTE)
    await leave(world, ann, activity)
    await end_activity(manager, activity=activity, key=key())

    told = await compare(world.settings.database_url)

    assert told.differences == ()


# Who sees it


async def test_staff_see_everybodys_visits_and_others_their_own(world: World) -> None:
    ann, ben = await world.volunteer(), await world.volunteer()
    activity = await world.activity()
    for one in (ann, ben):
        await enter(world, one, activity)
    clerk = world.staff[Role.STATION_CLERK]
    stranger = await world.officer(Role.STATION_CLERK, "420100/420103/")

    seen = [row.person for row in await attendance_of(clerk, activity)]
    assert set(seen) == {ann.person, ben.person}
    assert [row.person for row in await attendance_of(clerk, activity, limit=1)] == seen[:1]
    later = await attendance_of(clerk, activity, after=f"{activity}/{seen[0]}")
    assert [row.person for row in later] == seen[1:]
    back = await attendance_of(clerk, activity, backward=True, limit=1)
    assert [row.person for row in back] == seen[1:]
    assert [row.person for row in await attendance_of(ann, activity)] == [ann.person]
    assert await attendance_of(stranger, activity) == []
    assert await attendance_of(clerk, "act_none") == []
    with pytest.raises(Unauthenticated):
        await attendance_of(PUBLIC, activity)


async def test_attendance_on_the_wire(world: World) -> None:
    ann, activity = await world.volunteer(), await world.activity()
    clerk, number = world.staff[Role.STATION_CLERK], await world.number_of(ann)
    screen = "query($s: ID!) { stationCode(station: $s) }"
    shown = (await ask(world, clerk, screen, s=world.station))["stationCode"]
    given = {"activity": activity, "code": shown}

    wrong = await act(world, ann, "checkIn", "activity { id }", **given | {"code": "x"})
    assert [error["code"] for error in wrong["userErrors"]] == ["STATION_CODE_WRONG"]
    entered = await act(world, ann, "checkIn", "activity { id }", **given)
    assert entered["activity"] == {"id": activity}
    world.clock.move(MINUTE / 2)
    left = await act(world, ann, "checkOut", "activity { id }", **given)
    assert left["userErrors"] == []
    asks = "person { number }"
    scanned = await act(world, clerk, "scanVolunteer", asks, activity=activity, number=number)
    assert scanned["person"] == {"number": number}

    listed = await ask(
        world,
        clerk,
        "query($a: ID!) { attendance(activity: $a) { nodes { person { number } activity { id }"
        " visits { beganBy ended endedBy } } } }",
        a=activity,
    )
    assert listed["attendance"]["nodes"] == [
        {
            "person": {"number": number},
            "activity": {"id": activity},
            "visits": [
                {
                    "beganBy": "STATION_CODE",
                    "ended": "2026-11-20T04:00:00Z",
                    "endedBy": "STATION_CODE",
                },
                {"beganBy": "STAFF_SCAN", "ended": None, "endedBy": None},
            ],
        }
    ]

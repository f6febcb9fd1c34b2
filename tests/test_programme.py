"""The programme: what is on, how a station's day goes, who is in, and who may ask."""

from datetime import timedelta

import pytest

from tests.wire import act, ask
from tests.world import NOON, World, found_station, key
from timebank.access import Role
from timebank.activities import (
    ActivityState,
    Move,
    activity,
    move_activity,
)
from timebank.activity_life import CancelReason
from timebank.actors import PUBLIC, Actor
from timebank.attendance import check_in, check_out, end_activity, scan
from timebank.captures import capture_visit
from timebank.clock import day_of
from timebank.divisions import CITY_PATH
from timebank.places import stations_on
from timebank.programme import (
    StationDay,
    activities_of,
    attendance_on,
    attended,
    door_is_open,
    open_activities,
    presence,
    records_of_visits,
    station_day,
)
from timebank.sign_ups import sign_up
from timebank.station_codes import station_code
from timebank.wait_lists import cancel_activity

pytestmark = pytest.mark.anyio
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def scanned(world: World, who: Actor, at: str) -> None:
    clerk, number = world.staff[Role.STATION_CLERK], await world.number_of(who)
    await scan(clerk, activity=at, number=number, key=key())


async def ids_of(world: World, **asked: object) -> list[str]:
    return [held.id for held in await activities_of(world.station, **asked)]  # type: ignore[arg-type]  # each test names real arguments


async def test_a_station_s_activities_are_found_by_state_and_by_time(world: World) -> None:
    early = await world.activity(starts_in=2 * HOUR, minutes=60)
    late = await world.activity(starts_in=20 * HOUR, minutes=60)
    manager = world.staff[Role.STATION_MANAGER]
    await move_activity(manager, activity=late, move=Move.START, key=key())

    assert await ids_of(world) == [early, late]
    assert await ids_of(world, state=ActivityState.RUNNING) == [late]
    assert await ids_of(world, ends_after=NOON + 3 * HOUR) == [late]
    assert await ids_of(world, ends_after=NOON + 3 * HOUR - MINUTE) == [early, late]
    assert await ids_of(world, starts_before=NOON + 20 * HOUR) == [early]


async def test_an_activity_of_sixteen_hours_is_found_to_its_last_minute(world: World) -> None:
    long = await world.activity(minutes=16 * 60)

    assert await ids_of(world, ends_after=NOON + 16 * HOUR - MINUTE) == [long]
    assert await ids_of(world, ends_after=NOON + 16 * HOUR) == []


async def test_what_is_open_near_leaves_out_the_past_the_closed_and_other_streets(
    world: World,
) -> None:
    past = await world.activity(minutes=60)
    coming = await world.activity(starts_in=3 * HOUR)
    off, running = await world.activity(starts_in=HOUR), await world.activity(starts_in=HOUR)
    manager = world.staff[Role.STATION_MANAGER]
    await cancel_activity(manager, activity=off, reason=CancelReason.WEATHER, key=key())
    await move_activity(manager, activity=running, move=Move.START, key=key())
    world.clock.move(2 * HOUR)

    assert past
    assert [held.id for held in await open_activities(world.station_path)] == [coming]
    assert [held.id for held in await open_activities(CITY_PATH)] == [coming]
    assert await open_activities("420100/420103/") == []


@pytest.mark.parametrize(
    ("minute", "is_open"), [(-31, False), (-30, True), (0, True), (119, True), (500, True)]
)
async def test_the_door_opens_half_an_hour_before_and_closes_when_it_is_ended(
    world: World, minute: int, is_open: bool
) -> None:
    held = await activity(await world.activity(starts_in=HOUR))
    assert held
    assert door_is_open(held, held.starts + minute * MINUTE) is is_open
    manager = world.staff[Role.STATION_MANAGER]
    await move_activity(manager, activity=held.id, move=Move.START, key=key())
    await end_activity(manager, activity=held.id, key=key())
    ended = await activity(held.id)
    assert ended
    assert door_is_open(ended, held.starts + minute * MINUTE) is False


async def test_a_day_counts_the_signed_up_the_present_and_the_left(world: World) -> None:
    ann, ben, cai = [await world.volunteer() for _ in range(3)]
    here, tomorrow = await world.activity(), await world.activity(starts_in=24 * HOUR)
    off = await world.activity(starts_in=5 * HOUR)
    for who, at in ((ann, here), (ben, here), (cai, here), (ann, tomorrow), (ben, off)):
        await sign_up(who, activity=at, key=key())
    manager, clerk = world.staff[Role.STATION_MANAGER], world.staff[Role.STATION_CLERK]
    await cancel_activity(manager, activity=off, reason=CancelReason.SAFETY, key=key())
    await move_activity(manager, activity=here, move=Move.START, key=key())
    for who in (ann, ben):
        await scanned(world, who, here)
    world.clock.move(HOUR)
    await scanned(world, ben, here)
    await capture_visit(clerk, activity=here, person=ben.person or "", visit=0, key=key())

    today = day_of(NOON)
    counted = StationDay(
        station=world.station,
        day=today,
        activities=(here,),
        signed_up=3,
        present=1,
        left=1,
        to_confirm=1,
    )
    assert await station_day(clerk, world.station) == counted
    came = [held.person for held in await attendance_on(counted)]
    assert came == sorted(came)
    assert set(came) == {ann.person, ben.person}
    assert [row.person for row in await attendance_on(counted, backward=True, limit=1)] == came[1:]
    other = await station_day(clerk, world.station, today + timedelta(days=1))
    assert other
    assert (other.signed_up, other.present, other.left, other.to_confirm) == (1, 0, 0, 1)
    empty = await station_day(clerk, world.station, today - timedelta(days=9))
    assert empty
    assert (empty.signed_up, await attendance_on(empty)) == (0, [])


async def test_a_station_s_day_is_for_those_who_check_people_in_there(world: World) -> None:
    stranger = await world.officer(Role.STATION_CLERK, "420100/420103/")

    for who in (PUBLIC, await world.volunteer(), stranger, world.staff[Role.DISTRICT_LEAD]):
        assert await station_day(who, world.station) is None
    assert await station_day(world.staff[Role.STATION_CLERK], "sta_none") is None


async def test_somebody_s_presence_is_where_they_are_now_and_their_own_affair(
    world: World,
) -> None:
    ann, ben, at = await world.volunteer(), await world.volunteer(), await world.activity()
    assert await presence(ann) is None
    await scanned(world, ann, at)

    held = await presence(ann)
    assert held
    assert (held.activity, held.open) == (at, True)
    assert await presence(ben) is None
    assert await presence(PUBLIC) is None
    clerk = world.staff[Role.STATION_CLERK]
    stranger = await world.officer(Role.STATION_CLERK, "420100/420103/")
    assert await attended(clerk, held.id) == held == await attended(ann, held.id)
    for who in (ben, PUBLIC, stranger):
        assert await attended(who, held.id) is None
    assert await attended(clerk, f"{at}/{ben.person}") is None


async def test_a_visit_knows_the_record_it_became(world: World) -> None:
    ann, at = await world.volunteer(), await world.activity()
    manager, clerk = world.staff[Role.STATION_MANAGER], world.staff[Role.STATION_CLERK]
    await move_activity(manager, activity=at, move=Move.START, key=key())
    for act_of in (check_in, check_out, check_in):
        code = await station_code(clerk, world.station)
        await act_of(ann, activity=at, code=code, key=key())
        world.clock.move(30 * MINUTE)
    made = await capture_visit(ann, activity=at, person=ann.person or "", visit=0, key=key())

    id = f"{at}/{ann.person}"
    assert await records_of_visits([id, "act_x/per_y"]) == {id: (made.record, None)}


async def test_a_path_tells_its_station_and_an_area_has_none(world: World) -> None:
    other = await found_station(world, number="002")
    team = f"{world.station_path}{world.team}/"
    found = await stations_on([world.station_path, team, CITY_PATH, "no/path/"])

    assert {path: held.id for path, held in found.items()} == {
        world.station_path: world.station,
        team: world.station,
    }
    assert other not in {held.id for held in found.values()}


async def test_the_programme_on_the_wire(world: World) -> None:
    ann, at = await world.volunteer(), await world.activity()
    clerk, number = world.staff[Role.STATION_CLERK], await world.number_of(ann)
    asks = "attendance { id number visits { began ended record { id } } }"
    told = await act(world, clerk, "scanVolunteer", asks, activity=at, number=number)
    seen = told["attendance"]
    assert (seen["number"], seen["visits"]) == (
        number,
        [{"began": "2026-11-20T04:00:00Z", "ended": None, "record": None}],
    )

    day = "query($s: ID!, $a: ID!) { stationDay(station: $s)"
    day += " { day present station { number } attendance { nodes { number personId } } }"
    day += " attended(id: $a) { number } myGrants { station { number } }"
    day += " activities(station: $s, state: OPEN) { nodes { id doorIsOpen } }"
    day += ' openActivities(area: "420102") { nodes { id } } }'
    asked = await ask(world, clerk, day, s=world.station, a=seen["id"])
    assert asked == {
        "stationDay": {
            "day": "2026-11-20",
            "present": 1,
            "station": {"number": "001"},
            "attendance": {"nodes": [{"number": number, "personId": ann.person}]},
        },
        "attended": {"number": number},
        "myGrants": [{"station": {"number": "001"}}],
        "activities": {"nodes": [{"id": at, "doorIsOpen": True}]},
        "openActivities": {"nodes": [{"id": at}]},
    }
    own = await ask(world, ann, "{ presence { activity { id } visits { began } } }")
    assert own["presence"]["activity"] == {"id": at}

"""Activities: declared in time, moved along their life cycle, called off before they start."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from ledger.entry import decode
from ledger.reader import open_reader, read_entries, read_head
from tests.wire import act, ask
from tests.world import NOON, World, found_station, key, path_of
from timebank.access import Role
from timebank.activities import (
    LIFECYCLE,
    ActivityKind,
    ActivityState,
    Move,
    activity,
    move_activity,
)
from timebank.activity_life import CancelReason
from timebank.activity_plans import (
    DeclaredTooLate,
    SeatsWrong,
    TimesWrong,
    decide_declare,
    declare_activity,
)
from timebank.actors import PUBLIC
from timebank.attendance import end_activity
from timebank.clock import instant
from timebank.events import Event
from timebank.lifecycles import NotInThisState, step
from timebank.places import StationNotActive, suspend_station
from timebank.policy import SEED, read_policy
from timebank.programme import activities_of
from timebank.refusals import Forbidden, NotFound
from timebank.replay import compare
from timebank.station_life import StationReason
from timebank.teams import create_team, dissolve_team
from timebank.texts import TextMissing, TextTooLong, read_texts
from timebank.wait_lists import cancel_activity

pytestmark = pytest.mark.anyio
EVENTS: set[type[Event]] = {event for moves in LIFECYCLE.values() for event in moves}
POLICY = read_policy(SEED.read_text("utf-8"))
HOUR = timedelta(hours=1)
TODAY = NOON.date()


async def declare(world: World, role: Role = Role.STATION_MANAGER, **change: Any) -> str:
    asked: dict[str, Any] = {
        "station": world.station,
        "kind": ActivityKind.CULTURE,
        "title": "社区合唱",
        "seats": 9,
        "starts": NOON + HOUR,
        "ends": NOON + 3 * HOUR,
        "key": key(),
    }
    made = await declare_activity(world.staff[role], **(asked | change))
    return made.activity


async def state_of(id: str) -> ActivityState:
    held = await activity(id)
    assert held
    return held.state


# Decisions


def test_every_state_of_an_activity_is_listed_and_reached() -> None:
    reached = {state for moves in LIFECYCLE.values() for state in moves.values()}

    assert set(LIFECYCLE) == set(ActivityState) == reached | {ActivityState.DRAFT}


@pytest.mark.parametrize("state", ActivityState)
def test_a_move_that_is_not_listed_is_refused(state: ActivityState) -> None:
    for event in EVENTS:
        if event in LIFECYCLE[state]:
            assert step(LIFECYCLE, state, event) is LIFECYCLE[state][event]
        else:
            with pytest.raises(NotInThisState):
                step(LIFECYCLE, state, event)


@pytest.mark.parametrize(
    ("seats", "starts"),
    [
        (1, NOON),
        (9, NOON),
        (10, instant(TODAY + timedelta(days=3))),
        (500, instant(TODAY + timedelta(days=30))),
    ],
)
def test_few_people_need_no_notice_and_many_need_three_days(seats: int, starts: datetime) -> None:
    decide_declare(starts=starts, ends=starts + HOUR, seats=seats, now=NOON, policy=POLICY)


@pytest.mark.parametrize(
    ("starts", "lasts", "seats", "refusal"),
    [
        (NOON, timedelta(0), 5, TimesWrong),
        (NOON, -HOUR, 5, TimesWrong),
        (NOON, 16 * HOUR + timedelta(minutes=1), 5, TimesWrong),
        (NOON, HOUR, 0, SeatsWrong),
        (NOON, HOUR, -1, SeatsWrong),
        (NOON + HOUR, HOUR, 10, DeclaredTooLate),
        (instant(TODAY + timedelta(days=3), -1), HOUR, 10, DeclaredTooLate),
    ],
)
def test_a_declaration_that_breaks_a_rule_is_refused(
    starts: datetime, lasts: timedelta, seats: int, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        decide_declare(starts=starts, ends=starts + lasts, seats=seats, now=NOON, policy=POLICY)


# Histories


async def test_an_activity_goes_from_declared_to_closed(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    made = await declare(world)
    states = [await state_of(made)]

    for move in (Move.OPEN, Move.START, None, Move.FILE, Move.CLOSE):
        if move:
            await move_activity(manager, activity=made, move=move, key=key())
        else:
            await end_activity(manager, activity=made, key=key())
        states.append(await state_of(made))

    assert states == [
        ActivityState.DECLARED,
        ActivityState.OPEN,
        ActivityState.RUNNING,
        ActivityState.ENDED,
        ActivityState.FILED,
        ActivityState.CLOSED,
    ]


async def test_an_activity_keeps_what_was_declared(world: World) -> None:
    made = await declare(world, team=world.team)
    held = await activity(made)

    assert held
    assert held.path == f"{world.station_path}{world.team}/"
    assert (held.station, held.team, held.seats) == (world.station, world.team, 9)
    assert (held.starts, held.ends) == (NOON + HOUR, NOON + 3 * HOUR)
    assert held.organiser == world.staff[Role.STATION_MANAGER].id
    assert await read_texts([made], "title") == {made: "社区合唱"}


async def test_the_notice_rule_holds_in_the_command_too(world: World) -> None:
    with pytest.raises(DeclaredTooLate):
        await declare(world, seats=10)


async def test_place_requirements_and_risks_are_read_before_anybody_signs_up(world: World) -> None:
    said: dict[str, Any] = {
        "place": " 江滩  三号门 ",
        "requirements": "满 18 周岁",
        "risks": "临水路滑",
    }
    id = await declare(world, **said)
    asks = f'{{ node(id: "{id}") {{ ... on Activity {{ place requirements risks }} }} }}'
    told = (await ask(world, PUBLIC, asks))["node"]
    assert told == said | {"place": "江滩 三号门"}
    async with open_reader(world.settings.database_url) as reader:
        size = (await read_head(reader)).size
        (row,) = [row async for rows in read_entries(reader, size - 1, size) for row in rows]
    body = decode(row[1]).body
    assert {*said} <= {*body}
    assert "江滩" not in row[1].decode()
    assert (await compare(world.settings.database_url)).differing == 0


async def test_nothing_is_said_where_it_is_the_usual(world: World) -> None:
    id = await declare(world, place=" ")
    asks = f'{{ node(id: "{id}") {{ ... on Activity {{ place requirements risks }} }} }}'
    told = (await ask(world, PUBLIC, asks))["node"]
    assert told == {"place": None, "requirements": None, "risks": None}
    with pytest.raises(TextTooLong):
        await declare(world, risks="险" * 501)


async def test_a_title_must_say_something(world: World) -> None:
    with pytest.raises(TextMissing):
        await declare(world, title=" ")


async def test_a_started_activity_is_not_cancelled(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    made = await world.activity()
    await move_activity(manager, activity=made, move=Move.START, key=key())

    with pytest.raises(NotInThisState):
        await cancel_activity(manager, activity=made, reason=CancelReason.WEATHER, key=key())


async def test_a_cancelled_activity_does_not_open(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    made = await declare(world)
    await cancel_activity(manager, activity=made, reason=CancelReason.WEATHER, key=key())

    assert await state_of(made) is ActivityState.CANCELLED
    with pytest.raises(NotInThisState):
        await move_activity(manager, activity=made, move=Move.OPEN, key=key())


async def test_activities_belong_to_stations_that_work(world: World) -> None:
    await suspend_station(
        world.staff[Role.DISTRICT_REGISTRAR],
        station=world.station,
        reason=StationReason.UNSAFE,
        key=key(),
    )
    with pytest.raises(StationNotActive):
        await declare(world)


async def test_a_team_must_be_the_stations_own_and_not_dissolved(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    other = await found_station(world, number="002")
    everywhere = await world.officer(Role.STATION_MANAGER)
    foreign = await create_team(everywhere, station=other, name="银龄队", key=key())
    await dissolve_team(manager, team=world.team, key=key())

    for team in (foreign.team, world.team, "tea_none"):
        with pytest.raises(NotFound):
            await declare(world, team=team)


async def test_staff_of_another_station_and_volunteers_run_nothing(world: World) -> None:
    other = await found_station(world, number="002")
    made = await declare(world)
    strangers = [
        await world.officer(Role.STATION_MANAGER, await path_of(other)),
        await world.volunteer(),
    ]
    for stranger in strangers:
        with pytest.raises(Forbidden):
            await move_activity(stranger, activity=made, move=Move.OPEN, key=key())
        with pytest.raises(Forbidden):
            await end_activity(stranger, activity=made, key=key())
        with pytest.raises(Forbidden):
            await cancel_activity(stranger, activity=made, reason=CancelReason.OTHER, key=key())


async def test_a_team_leader_declares_for_the_team_alone(world: World) -> None:
    world.staff[Role.TEAM_LEADER] = await world.officer(
        Role.TEAM_LEADER, f"{world.station_path}{world.team}/"
    )

    assert await declare(world, Role.TEAM_LEADER, team=world.team)
    with pytest.raises(Forbidden):
        await declare(world, Role.TEAM_LEADER)


async def test_a_stations_activities_are_listed_by_start(world: World) -> None:
    later = await declare(world, starts=NOON + 2 * HOUR)
    sooner = await declare(world)
    twin = await declare(world)
    order = [sooner, twin, later]

    async def listed(**asked: Any) -> list[str]:
        return [row.id for row in await activities_of(world.station, **asked)]

    assert await listed() == order
    assert await listed(after=(NOON + HOUR, sooner)) == order[1:]
    assert await listed(before=(NOON + HOUR, twin)) == order[:1]
    assert await listed(backward=True, limit=2) == [later, twin]


async def test_activities_on_the_wire(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    asks = "activity { id title state seatsTaken station { id } team { id name } }"
    given: dict[str, Any] = {
        "station": world.station,
        "team": world.team,
        "kind": "CULTURE",
        "title": "社区合唱",
        "seats": 5,
        "starts": "2026-11-20T13:00:00+08:00",
        "ends": "2026-11-20T15:00:00+08:00",
    }
    late = await act(world, manager, "declareActivity", asks, **given | {"seats": 10})
    assert [error["code"] for error in late["userErrors"]] == ["DECLARED_TOO_LATE"]
    made = (await act(world, manager, "declareActivity", asks, **given))["activity"]
    assert made == {
        "id": made["id"],
        "title": "社区合唱",
        "state": "DECLARED",
        "seatsTaken": 0,
        "station": {"id": world.station},
        "team": {"id": world.team, "name": "红马甲"},
    }
    for mutation, state in (
        ("openActivity", "OPEN"),
        ("startActivity", "RUNNING"),
        ("endActivity", "ENDED"),
        ("fileActivity", "FILED"),
        ("closeActivity", "CLOSED"),
    ):
        moved = await act(world, manager, mutation, "activity { state }", activity=made["id"])
        assert (moved["userErrors"], moved["activity"]) == ([], {"state": state})
    over = await act(
        world, manager, "cancelActivity", "activity { id }", activity=made["id"], reason="WEATHER"
    )
    assert [error["code"] for error in over["userErrors"]] == ["NOT_IN_THIS_STATE"]
    listed = await ask(
        world,
        PUBLIC,
        "query($s: ID!) { activities(station: $s, last: 1) { nodes { id starts ends } } }",
        s=world.station,
    )
    assert listed["activities"]["nodes"] == [
        {"id": made["id"], "starts": "2026-11-20T05:00:00Z", "ends": "2026-11-20T07:00:00Z"}
    ]

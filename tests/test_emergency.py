"""Emergencies: where and when more may be served, which records say so, and how one is over."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.misconduct import found, second_lead
from tests.volunteering import captured, confirmed, record_of
from tests.wire import act, ask
from tests.world import COMMUNITY, World, found_station, key, path_of
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.confirmations import accept_hours, review_hours
from timebank.days import DayTooLong, ReviewReason
from timebank.divisions import AreaLevel
from timebank.emergency import (
    LIFECYCLE,
    AreaTooWide,
    Emergency,
    EmergencyEnded,
    EmergencyLapsed,
    EmergencyLasts,
    EmergencyOpenAlready,
    EmergencyReason,
    EmergencyState,
    Spell,
    decide_lapse,
    decide_open,
    emergencies_at,
    emergencies_over,
    end_emergency,
    lapse_emergency,
    open_emergency,
)
from timebank.events import Event
from timebank.finding_appeals import appeal_finding, review_finding
from timebank.finding_life import AppealGrounds
from timebank.lifecycles import NotInThisState, step
from timebank.record_life import RecordState
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.tables import find
from timebank.timers import sweep

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DISTRICT = "420102"
TODAY = date(2026, 11, 20)
OPEN = Emergency(
    id="emg_1",
    area=DISTRICT,
    path=f"420100/{DISTRICT}/",
    reason=EmergencyReason.FLOOD,
    state=EmergencyState.OPEN,
    first_day=TODAY,
    last_day=TODAY + 6 * DAY,
)
EVENTS: list[type[Event]] = [EmergencyEnded, EmergencyLapsed]


async def declared(world: World, area: str = DISTRICT, by: Actor | None = None) -> str:
    """An emergency that the district opens in an area."""
    made = await open_emergency(
        by or world.staff[Role.DISTRICT_LEAD], area=area, reason=EmergencyReason.FLOOD, key=key()
    )
    return made.emergency


async def worked(world: World, who: Actor, hours: int, *, before: int, **given: Any) -> str:
    """A record by hand of some hours that began `before` hours ago."""
    starts = world.clock.now() - before * HOUR
    return await captured(world, who, starts=starts, minutes=60 * hours, **given)


async def to_evening(world: World) -> datetime:
    """Six o'clock in the evening of the same day."""
    world.clock.move(10 * HOUR)
    return world.clock.now()


# Decisions


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert set(LIFECYCLE) == set(EmergencyState) == reached | {EmergencyState.OPEN}
    for state in EmergencyState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in EmergencyState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.parametrize("level", AreaLevel)
def test_it_is_opened_below_the_city_and_once(level: AreaLevel) -> None:
    if level is AreaLevel.CITY:
        with pytest.raises(AreaTooWide):
            decide_open(level, None)
        return
    decide_open(level, None)
    with pytest.raises(EmergencyOpenAlready):
        decide_open(level, Spell("emg_1", TODAY, TODAY))


@pytest.mark.parametrize(("days", "over"), [(0, False), (6, False), (7, True)])
def test_it_is_over_when_its_last_day_is(days: int, over: bool) -> None:
    if over:
        assert decide_lapse(OPEN, TODAY + days * DAY) == EmergencyLapsed(emergency="emg_1")
    else:
        with pytest.raises(EmergencyLasts):
            decide_lapse(OPEN, TODAY + days * DAY)
    ended = msgspec.structs.replace(OPEN, state=EmergencyState.ENDED)
    with pytest.raises(NotInThisState):
        decide_lapse(ended, TODAY + days * DAY)


# What it allows


@pytest.mark.anyio
async def test_it_lets_a_day_have_sixteen_hours_and_the_record_names_it(world: World) -> None:
    who = await world.volunteer()
    await to_evening(world)
    first = await worked(world, who, 12, before=16)
    with pytest.raises(DayTooLong) as refused:
        await worked(world, who, 1, before=4)
    assert refused.value.details["most"] == "720"
    emergency = await declared(world)
    second = await worked(world, who, 4, before=4)
    held = await record_of(second)
    assert held.emergencies == (emergency,)
    assert held.review == (ReviewReason.DAY_MINUTES,)
    assert (await record_of(first)).emergencies == ()
    world.clock.move(2 * HOUR)
    with pytest.raises(DayTooLong) as refused:
        await worked(world, who, 1, before=1)
    assert refused.value.details["most"] == "960"
    told = await ask(
        world,
        who,
        "query($id: ID!) { node(id: $id) { ... on ServiceRecord { emergencies { id } } } }",
        id=second,
    )
    assert told["node"]["emergencies"] == [{"id": emergency}]
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("area", "allowed"),
    [(DISTRICT, True), (COMMUNITY, True), ("420103", False), ("420102003", False)],
)
async def test_it_holds_in_its_area_and_what_that_manages(
    world: World, area: str, allowed: bool
) -> None:
    who = await world.volunteer()
    await to_evening(world)
    await worked(world, who, 12, before=16)
    await declared(world, area)
    if allowed:
        await worked(world, who, 2, before=4)
    else:
        with pytest.raises(DayTooLong):
            await worked(world, who, 2, before=4)


@pytest.mark.anyio
async def test_a_zones_emergency_follows_the_managing_tree(world: World) -> None:
    # 关东街道 is coded under 洪山区 and managed by the East Lake zone.
    station = await found_station(world, number="S-ZONE", area="420111080001")
    path = await path_of(station)
    assert path.startswith("420100/4201H1/420111080/")
    clerk, who = await world.officer(Role.STATION_CLERK, path), await world.volunteer()
    await to_evening(world)
    await worked(world, who, 12, before=16, by=clerk, station=station)
    await declared(world, "420111")
    with pytest.raises(DayTooLong):
        await worked(world, who, 2, before=4, by=clerk, station=station)
    emergency = await declared(world, "4201H1")
    id = await worked(world, who, 2, before=4, by=clerk, station=station)
    assert (await record_of(id)).emergencies == (emergency,)


@pytest.mark.anyio
async def test_it_covers_whole_days_from_its_first_to_its_last(world: World) -> None:
    who = await world.volunteer()
    await declared(world)
    world.clock.move(7 * DAY)
    await to_evening(world)
    # Recorded later, the last day still had an emergency; the day after it has none.
    yesterday = world.clock.now() - DAY
    await captured(world, who, starts=yesterday - 17 * HOUR, minutes=720)
    assert await captured(world, who, starts=yesterday - 4 * HOUR, minutes=60)
    await worked(world, who, 12, before=17)
    with pytest.raises(DayTooLong):
        await worked(world, who, 1, before=4)


@pytest.mark.anyio
async def test_ended_by_hand_it_allows_nothing_from_the_next_day(world: World) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    emergency = await declared(world)
    with pytest.raises(EmergencyOpenAlready):
        await declared(world, COMMUNITY)
    world.clock.move(DAY)
    await end_emergency(lead, emergency=emergency, key=key())
    held = await find(Emergency, emergency)
    assert held
    assert (held.state, held.last_day) == (EmergencyState.ENDED, TODAY + DAY)
    with pytest.raises(NotInThisState):
        await end_emergency(lead, emergency=emergency, key=key())
    world.clock.move(DAY)
    await to_evening(world)
    await worked(world, who, 12, before=17)
    with pytest.raises(DayTooLong):
        await worked(world, who, 1, before=4)
    again = await declared(world)
    id = await worked(world, who, 1, before=4)
    assert (await record_of(id)).emergencies == (again,)
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_what_it_allowed_comes_back_after_a_finding_and_its_review(world: World) -> None:
    who, clerk = (
        await world.volunteer(),
        await world.officer(Role.STATION_CLERK, world.station_path),
    )
    await to_evening(world)
    await worked(world, who, 12, before=16, by=clerk)
    await declared(world)
    id = await worked(world, who, 4, before=4)
    await confirmed(world, [id])
    await review_hours(await world.officer(Role.CITY_LEAD), records=[id], key=key())
    await accept_hours(who, records=[id], key=key())
    made = await found(world, [id])
    asked = await appeal_finding(who, finding=made.finding, words="在堤上", key=key())
    await review_finding(
        await second_lead(world),
        appeal=asked.appeal,
        grounds=AppealGrounds.SERVICE_SHOWN,
        decision="属实",
        key=key(),
    )
    assert (await record_of(id)).state is RecordState.POSTED


# The timer, the rights, the wire


@pytest.mark.anyio
async def test_its_timer_closes_it_after_its_days(world: World) -> None:
    emergency = await declared(world)
    with pytest.raises(Forbidden):
        await lapse_emergency(world.staff[Role.DISTRICT_LEAD], emergency=emergency)
    world.clock.move(6 * DAY)
    assert await emergencies_over(skip=0, limit=9) == []
    with pytest.raises(EmergencyLasts):
        await lapse_emergency(SYSTEM, emergency=emergency)
    world.clock.move(DAY)
    assert await emergencies_over(skip=0, limit=9) == [emergency]
    await sweep()
    held = await find(Emergency, emergency)
    assert held
    assert (held.state, held.last_day) == (EmergencyState.LAPSED, TODAY + 6 * DAY)
    assert await emergencies_over(skip=0, limit=9) == []
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_only_the_district_opens_and_ends_it(world: World) -> None:
    emergency = await declared(world)
    for who, refusal in (
        (PUBLIC, Unauthenticated),
        (await world.volunteer(), Forbidden),
        (world.staff[Role.STATION_MANAGER], Forbidden),
        (await world.officer(Role.DISTRICT_LEAD, "420100/420103/"), Forbidden),
    ):
        with pytest.raises(refusal):
            await declared(world, by=who)
        with pytest.raises(refusal):
            await end_emergency(who, emergency=emergency, key=key())
    with pytest.raises(NotFound):
        await declared(world, "000000")
    with pytest.raises(AreaTooWide):
        await declared(world, "420100")


@pytest.mark.anyio
async def test_everybody_reads_it_over_the_wire(world: World) -> None:
    lead = world.staff[Role.DISTRICT_LEAD]
    told = await act(
        world,
        lead,
        "openEmergency",
        "emergency { id state reason firstDay lastDay area { code } }",
        area=DISTRICT,
        reason="FLOOD",
    )
    emergency = told["emergency"].pop("id")
    assert told["emergency"] == {
        "state": "OPEN",
        "reason": "FLOOD",
        "firstDay": "2026-11-20",
        "lastDay": "2026-11-26",
        "area": {"code": DISTRICT},
    }
    ended = await act(
        world, lead, "endEmergency", "emergency { state lastDay }", emergency=emergency
    )
    assert ended["emergency"] == {"state": "ENDED", "lastDay": "2026-11-20"}
    asks = "query($a: String!) { emergencies(area: $a) { edges { node { id state } } } }"
    for area, ids in ((DISTRICT, [emergency]), ("420100", [emergency]), ("420103", [])):
        seen = await ask(world, PUBLIC, asks, a=area)
        assert [edge["node"]["id"] for edge in seen["emergencies"]["edges"]] == ids
    assert (await ask(world, PUBLIC, asks, a="000000"))["emergencies"]["edges"] == []
    page: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}
    assert await emergencies_at("420100/", state=EmergencyState.OPEN, **page) == []

"""Activity holds: what stops with an activity, who lets it go, and how one becomes void."""

from datetime import timedelta

import pytest

from tests.misconduct import second_lead
from tests.test_activities import state_of
from tests.volunteering import confirmed, record_of, visited
from tests.wire import act, ask
from tests.world import NOON, World, key
from timebank import replay
from timebank.access import Role, grant_role
from timebank.activities import (
    LIFECYCLE,
    Activity,
    ActivityKind,
    ActivityNotOpen,
    ActivityState,
    Move,
    move_activity,
)
from timebank.activity_holds import (
    RELEASES,
    ActivityHold,
    HolderVoids,
    OrganiserHolds,
    decide_officer,
    decide_void,
    hold_activity,
    holds_at,
    release_activity,
    void_activity,
)
from timebank.activity_life import ActivityHeld, HoldReason
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.attendance import check_in, end_activity
from timebank.captures import capture_visit
from timebank.confirmations import ActivityHalted, accept_hours, confirm_hours, reject_hours
from timebank.divisions import CITY_PATH
from timebank.lifecycles import NotInThisState
from timebank.notice_codes import NoticeCode
from timebank.notices import inbox_of
from timebank.record_life import RecordState, RejectReason
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.sign_ups import sign_up
from timebank.station_codes import station_code
from timebank.tables import find
from timebank.waiting import Party, waiting_on

HOUR = timedelta(hours=1)
ACTIVITY = Activity(
    id="act_1",
    station="sta_1",
    team=None,
    path="420100/420102/sta_1/",
    organiser="per_organiser",
    kind=ActivityKind.ELDER,
    state=ActivityState.HELD,
    seats=5,
    starts=NOON,
    ends=NOON + HOUR,
    declared_at=NOON,
)


async def held(world: World, activity: str, by: Actor | None = None) -> None:
    """The district's lead, or somebody else, holds an activity."""
    lead = by or world.staff[Role.DISTRICT_LEAD]
    await hold_activity(lead, activity=activity, reason=HoldReason.NO_SIGN_OF_IT, key=key())


async def moved(world: World, activity: str, *moves: Move) -> None:
    """The manager moves an activity on."""
    for move in moves:
        await move_activity(
            world.staff[Role.STATION_MANAGER], activity=activity, move=move, key=key()
        )


# Decisions


def test_its_organiser_neither_holds_it_nor_lets_it_go() -> None:
    decide_officer(ACTIVITY, "per_lead")
    with pytest.raises(OrganiserHolds):
        decide_officer(ACTIVITY, ACTIVITY.organiser)


@pytest.mark.parametrize(
    ("officer", "refusal"), [("per_lead", HolderVoids), ("per_organiser", OrganiserHolds)]
)
def test_another_officer_makes_it_void(officer: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        decide_void(ACTIVITY, "per_lead", officer)
    decide_void(ACTIVITY, "per_lead", "per_second")


def test_every_state_that_can_be_held_has_its_way_back() -> None:
    assert set(RELEASES) == {state for state, moves in LIFECYCLE.items() if ActivityHeld in moves}
    assert set(RELEASES.values()) <= set(LIFECYCLE[ActivityState.HELD])


# What stops


@pytest.mark.anyio
async def test_nobody_signs_up_checks_in_or_records_while_it_is_held(world: World) -> None:
    who, later = await world.volunteer(), await world.volunteer()
    activity = await world.activity()
    await held(world, activity)
    with pytest.raises(ActivityNotOpen):
        await sign_up(later, activity=activity, key=key())
    code = await station_code(world.staff[Role.STATION_CLERK], world.station)
    with pytest.raises(ActivityNotOpen):
        await check_in(who, activity=activity, code=code, key=key())
    with pytest.raises(NotInThisState):
        await moved(world, activity, Move.START)
    with pytest.raises(NotInThisState):
        await held(world, activity)


@pytest.mark.anyio
async def test_its_records_wait_for_the_district_and_go_on_when_it_is_released(
    world: World,
) -> None:
    who = await world.volunteer()
    id = await visited(world, who)
    activity = (await record_of(id)).activity or ""
    await held(world, activity)
    with pytest.raises(ActivityHalted):
        await confirmed(world, [id])
    record = await record_of(id)
    assert (await waiting_on([record]))[id].party is Party.DISTRICT
    await release_activity(world.staff[Role.DISTRICT_LEAD], activity=activity, key=key())
    assert await state_of(activity) is ActivityState.RUNNING
    assert (await waiting_on([record]))[id].party is Party.CONFIRMER
    await confirmed(world, [id])
    assert (await record_of(id)).state is RecordState.POSTED
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_no_key_of_a_record_turns_while_its_activity_is_held(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    id = await visited(world, who)
    await confirm_hours(manager, records=[id], minutes=60, key=key())
    activity = (await record_of(id)).activity or ""
    await held(world, activity)
    with pytest.raises(ActivityHalted):
        await accept_hours(who, records=[id], key=key())
    assert (await record_of(id)).state is RecordState.CONFIRMED


@pytest.mark.anyio
async def test_a_void_activity_takes_nothing_and_gives_nothing_back(world: World) -> None:
    who = await world.volunteer()
    id = await visited(world, who)
    activity = (await record_of(id)).activity or ""
    await held(world, activity)
    with pytest.raises(HolderVoids):
        await void_activity(world.staff[Role.DISTRICT_LEAD], activity=activity, key=key())
    await void_activity(await second_lead(world), activity=activity, key=key())
    assert await state_of(activity) is ActivityState.VOID
    with pytest.raises(ActivityHalted):
        await confirmed(world, [id])
    again = capture_visit(who, activity=activity, person=who.id, visit=0, key=key())
    assert (await again).record == id
    with pytest.raises(NotInThisState):
        await release_activity(world.staff[Role.DISTRICT_LEAD], activity=activity, key=key())
    # A false record can still be said no to.
    reason = RejectReason.NOT_ATTENDED
    await reject_hours(world.staff[Role.STATION_MANAGER], records=[id], reason=reason, key=key())
    assert (await record_of(id)).state is RecordState.REJECTED
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_it_goes_on_from_where_it_stood(world: World) -> None:
    manager, lead = world.staff[Role.STATION_MANAGER], world.staff[Role.DISTRICT_LEAD]
    activity = await world.activity()
    for before, after in (
        (ActivityState.OPEN, ActivityState.DECLARED),
        (ActivityState.RUNNING, ActivityState.RUNNING),
        (ActivityState.ENDED, ActivityState.ENDED),
        (ActivityState.FILED, ActivityState.ENDED),
        (ActivityState.CLOSED, ActivityState.ENDED),
    ):
        if before is ActivityState.RUNNING:
            await moved(world, activity, Move.OPEN, Move.START)
        if before is ActivityState.ENDED:
            await end_activity(manager, activity=activity, key=key())
        if before is ActivityState.FILED:
            await moved(world, activity, Move.FILE)
        if before is ActivityState.CLOSED:
            await moved(world, activity, Move.FILE, Move.CLOSE)
        assert await state_of(activity) is before
        await held(world, activity)
        assert await state_of(activity) is ActivityState.HELD
        hold = await find(ActivityHold, activity)
        assert hold
        assert (hold.stood, hold.held_by) == (before, lead.id)
        await release_activity(lead, activity=activity, key=key())
        assert await state_of(activity) is after
    assert await find(ActivityHold, activity) is None
    told = [notice.code for notice in await inbox_of(manager)]
    assert told.count(NoticeCode.ACTIVITY_HELD) == told.count(NoticeCode.ACTIVITY_RELEASED) == 5
    assert (await replay.compare(world.settings.database_url)).differing == 0


# Who may


@pytest.mark.anyio
async def test_only_the_district_holds_lets_go_and_makes_void(world: World) -> None:
    activity = await world.activity()
    asked: list[tuple[Actor, type[Exception]]] = [
        (PUBLIC, Unauthenticated),
        (await world.volunteer(), Forbidden),
        (world.staff[Role.STATION_MANAGER], Forbidden),
        (await world.officer(Role.DISTRICT_LEAD, "420100/420103/"), Forbidden),
    ]
    for who, refusal in asked:
        with pytest.raises(refusal):
            await held(world, activity, by=who)
    await held(world, activity)
    for who, refusal in asked:
        with pytest.raises(refusal):
            await release_activity(who, activity=activity, key=key())
        with pytest.raises(refusal):
            await void_activity(who, activity=activity, key=key())
    with pytest.raises(NotFound):
        await held(world, "act_none")


@pytest.mark.anyio
async def test_an_organiser_who_is_an_officer_does_not_look_into_it(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    activity = await world.activity()
    await grant_role(SYSTEM, person=manager.id, role=Role.DISTRICT_LEAD, scope=CITY_PATH, key=key())
    with pytest.raises(OrganiserHolds):
        await held(world, activity, by=manager)
    await held(world, activity)
    with pytest.raises(OrganiserHolds):
        await release_activity(manager, activity=activity, key=key())
    with pytest.raises(OrganiserHolds):
        await void_activity(manager, activity=activity, key=key())
    assert await state_of(activity) is ActivityState.HELD


@pytest.mark.anyio
async def test_it_is_held_listed_and_made_void_over_the_wire(world: World) -> None:
    lead, activity = world.staff[Role.DISTRICT_LEAD], await world.activity()
    told = await act(
        world, lead, "holdActivity", "activity { state }", activity=activity, reason="SOLD_HOURS"
    )
    assert told["activity"] == {"state": "HELD"}
    listed = await ask(
        world,
        lead,
        "query($s: String!) { activityHolds(scope: $s) { reason heldOn activity { id } } }",
        s=world.station_path,
    )
    assert listed["activityHolds"] == [
        {"reason": "SOLD_HOURS", "heldOn": "2026-11-20", "activity": {"id": activity}}
    ]
    assert await holds_at(await world.volunteer(), world.station_path) == []
    own = await act(world, lead, "voidActivity", "activity { state }", activity=activity)
    assert [no["code"] for no in own["userErrors"]] == ["HOLDER_VOIDS"]
    void = await act(
        world, await second_lead(world), "voidActivity", "activity { state }", activity=activity
    )
    assert void["activity"] == {"state": "VOID"}
    again = await act(world, lead, "releaseActivity", "activity { state }", activity=activity)
    assert [no["code"] for no in again["userErrors"]] == ["NOT_IN_THIS_STATE"]

"""Wait-lists: who may wait, and who gets a seat that is given back."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from tests.test_activity_holds import ACTIVITY
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay, wait_lists
from timebank.access import Role
from timebank.activities import ActivityNotOpen, ActivityState, Move, move_activity
from timebank.activity_life import CancelReason
from timebank.actors import PUBLIC, Actor
from timebank.notice_codes import NoticeCode
from timebank.notices import inbox_of
from timebank.people import suspend_person
from timebank.person_life import SuspensionReason
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.sign_ups import (
    ActivityFull,
    BelowServiceAge,
    DoubleBooked,
    Seats,
    SignedUpAlready,
    SignUp,
    sign_up,
    sign_ups_of,
)
from timebank.tables import find, select
from timebank.wait_lists import (
    TRIED,
    SeatsFree,
    SeatsMoved,
    WaitingAlready,
    WaitList,
    WaitListFull,
    cancel_activity,
    decide_wait,
    join_wait_list,
    leave_wait_list,
    withdraw,
)

HOUR = timedelta(hours=1)
OPEN = msgspec.structs.replace(ACTIVITY, state=ActivityState.OPEN, seats=2)
SEAT = SignUp(
    id="act_1/per_1", activity="act_1", person="per_1", starts=OPEN.starts, ends=OPEN.ends
)


async def full(world: World, seats: int = 1) -> tuple[str, list[Actor]]:
    """An activity with no seat left, and who has them."""
    activity = await world.activity(seats=seats, starts_in=24 * HOUR)
    people = [await world.volunteer() for _ in range(seats)]
    for who in people:
        await sign_up(who, activity=activity, key=key())
    return activity, people


async def waits(world: World, activity: str) -> Actor:
    """Somebody new on its wait-list."""
    who = await world.volunteer()
    await join_wait_list(who, activity=activity, key=key())
    return who


async def waiting(activity: str) -> tuple[str, ...]:
    held = await find(WaitList, activity)
    return held.people if held else ()


# Decisions


@pytest.mark.parametrize(
    ("state", "taken", "seat", "people", "refusal"),
    [
        (ActivityState.DECLARED, 2, None, (), ActivityNotOpen),
        (ActivityState.RUNNING, 2, None, (), ActivityNotOpen),
        (ActivityState.OPEN, 2, SEAT, (), SignedUpAlready),
        (ActivityState.OPEN, 2, None, ("per_1",), WaitingAlready),
        (ActivityState.OPEN, 1, None, (), SeatsFree),
        (ActivityState.OPEN, 2, None, ("per_2", "per_3"), WaitListFull),
    ],
)
def test_one_waits_once_for_a_full_activity_that_is_open(
    state: ActivityState,
    taken: int,
    seat: SignUp | None,
    people: tuple[str, ...],
    refusal: type[Refusal],
) -> None:
    activity = msgspec.structs.replace(OPEN, state=state)
    with pytest.raises(refusal):
        decide_wait(activity, "per_1", taken=taken, seat=seat, people=people)
    decide_wait(OPEN, "per_1", taken=2, seat=None, people=("per_2",))


# A seat given back


@pytest.mark.anyio
async def test_a_seat_given_back_goes_to_the_first_who_waits_and_tells_them(
    world: World,
) -> None:
    activity, (holder, _) = await full(world, seats=2)
    first, second = await waits(world, activity), await waits(world, activity)
    with pytest.raises(ActivityFull):
        await sign_up(await world.volunteer(), activity=activity, key=key())
    await withdraw(holder, activity=activity, key=key())
    (seat,) = await sign_ups_of(first)
    assert seat.activity == activity
    assert await waiting(activity) == (second.id,)
    seats = await find(Seats, activity)
    assert seats
    assert seats.taken == 2
    assert [n.code for n in await inbox_of(first)] == [NoticeCode.SEAT_GIVEN]
    assert await inbox_of(second) == []
    # Who got it can give it back, and it goes on.
    await withdraw(first, activity=activity, key=key())
    assert await sign_ups_of(second)
    assert await waiting(activity) == ()
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_who_cannot_take_it_keeps_the_place_and_the_next_gets_it(world: World) -> None:
    activity, (holder,) = await full(world, seats=1)
    another = await world.activity(starts_in=24 * HOUR)
    elsewhere = await waits(world, activity)
    await sign_up(elsewhere, activity=another, key=key())
    await withdraw(holder, activity=activity, key=key())
    assert await waiting(activity) == (elsewhere.id,)
    # The seat is free, and whoever signs up first has it.
    await sign_up(holder, activity=activity, key=key())
    await withdraw(elsewhere, activity=another, key=key())
    await withdraw(holder, activity=activity, key=key())
    assert await waiting(activity) == ()
    assert await sign_ups_of(elsewhere)


@pytest.mark.anyio
async def test_a_suspended_person_is_passed_over(world: World) -> None:
    activity, (holder, _) = await full(world, seats=2)
    bad, good = await waits(world, activity), await waits(world, activity)
    await suspend_person(
        world.staff[Role.DISTRICT_LEAD],
        person=bad.id,
        reason=SuspensionReason.CONDUCT,
        key=key(),
    )
    await withdraw(holder, activity=activity, key=key())
    assert await sign_ups_of(good)
    assert await waiting(activity) == (bad.id,)
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_nobody_waits_who_could_not_come(world: World) -> None:
    activity, _ = await full(world)
    busy = await world.volunteer()
    await sign_up(busy, activity=await world.activity(starts_in=24 * HOUR), key=key())
    with pytest.raises(DoubleBooked):
        await join_wait_list(busy, activity=activity, key=key())
    young = await world.ward(birth=date(2012, 11, 20))
    early = await world.activity(seats=1, starts_in=-24 * HOUR)
    await sign_up(await world.volunteer(), activity=early, key=key())
    with pytest.raises(BelowServiceAge):
        await join_wait_list(young, activity=early, key=key())
    with pytest.raises(Unauthenticated):
        await join_wait_list(PUBLIC, activity=activity, key=key())
    with pytest.raises(NotFound):
        await join_wait_list(busy, activity="act_none", key=key())


@pytest.mark.anyio
async def test_one_leaves_the_list_and_nobody_elses_place(world: World) -> None:
    activity, _ = await full(world)
    who = await waits(world, activity)
    with pytest.raises(NotFound):
        await leave_wait_list(await world.volunteer(), activity=activity, key=key())
    await leave_wait_list(who, activity=activity, key=key())
    assert await waiting(activity) == ()
    with pytest.raises(NotFound):
        await leave_wait_list(who, activity=activity, key=key())


@pytest.mark.anyio
async def test_once_it_runs_no_seat_changes_hands(world: World) -> None:
    activity, (holder,) = await full(world)
    await waits(world, activity)
    manager = world.staff[Role.STATION_MANAGER]
    await move_activity(manager, activity=activity, move=Move.START, key=key())
    with pytest.raises(ActivityNotOpen):
        await withdraw(holder, activity=activity, key=key())


@pytest.mark.anyio
async def test_one_waits_sees_the_place_and_leaves_over_the_wire(world: World) -> None:
    activity, (holder, _) = await full(world, seats=2)
    await waits(world, activity)
    who = await world.volunteer()
    asks = "activity { waiting ownPlace seatsTaken }"
    told = await act(world, who, "joinWaitList", asks, activity=activity)
    assert told["activity"] == {"waiting": 2, "ownPlace": 2, "seatsTaken": 2}
    told = await act(world, holder, "withdrawFromActivity", asks, activity=activity)
    assert told["activity"] == {"waiting": 1, "ownPlace": None, "seatsTaken": 2}
    seen = await ask(
        world,
        who,
        "query($id: ID!) { node(id: $id) { ... on Activity { ownPlace } } }",
        id=activity,
    )
    assert seen["node"] == {"ownPlace": 1}
    told = await act(world, who, "leaveWaitList", asks, activity=activity)
    assert told["activity"] == {"waiting": 0, "ownPlace": None, "seatsTaken": 2}
    again = await act(world, who, "leaveWaitList", asks, activity=activity)
    assert [no["code"] for no in again["userErrors"]] == ["NOT_FOUND"]


# Called off


@pytest.mark.anyio
@pytest.mark.one_database
async def test_whoever_comes_or_goes_while_it_is_called_off_is_told_rightly(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    activity, gone, late = await world.activity(), await world.volunteer(), await world.volunteer()
    manager = world.staff[Role.STATION_MANAGER]
    await sign_up(gone, activity=activity, key=key())
    between = [withdraw(gone, activity=activity, key=key())]
    between.append(sign_up(late, activity=activity, key=key()))

    async def moved(row: type[SignUp], **where: Any) -> list[SignUp]:
        """What is read just before others act."""
        found = await select(row, **where)
        while between:
            await between.pop(0)
        return found

    monkeypatch.setattr(wait_lists, "select", moved)
    await cancel_activity(manager, activity=activity, reason=CancelReason.OTHER, key=key())
    assert [n.code for n in await inbox_of(late)] == [NoticeCode.ACTIVITY_CANCELLED]
    assert await inbox_of(gone) == []


@pytest.mark.anyio
@pytest.mark.one_database
async def test_where_seats_never_rest_one_is_asked_to_try_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    activity, manager = await world.activity(seats=9), world.staff[Role.STATION_MANAGER]

    async def moved(row: type[SignUp], **where: Any) -> list[SignUp]:
        """What is read just before somebody else signs up."""
        found = await select(row, **where)
        await sign_up(await world.volunteer(), activity=activity, key=key())
        return found

    monkeypatch.setattr(wait_lists, "select", moved)
    with pytest.raises(SeatsMoved):
        await cancel_activity(manager, activity=activity, reason=CancelReason.OTHER, key=key())
    assert len(await select(SignUp, activity=activity)) == TRIED
    monkeypatch.undo()
    await cancel_activity(manager, activity=activity, reason=CancelReason.OTHER, key=key())

"""Sign-ups: one seat a person, no more seats than there are, never two at the same time."""

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.helping import open_street
from tests.wire import act, ask
from tests.world import NOON, World, key
from timebank.access import Role
from timebank.activities import (
    ActivityNotOpen,
    Move,
    move_activity,
)
from timebank.activity_life import CancelReason
from timebank.actors import PUBLIC
from timebank.clock import day_of
from timebank.matching import withdraw_from_help
from timebank.notices import NoticeCode, inbox_of
from timebank.refusals import NotFound, Unauthenticated
from timebank.sign_ups import (
    ActivityFull,
    BelowServiceAge,
    DoubleBooked,
    HelpPromised,
    Seats,
    SignedUpAlready,
    sign_up,
    sign_ups_of,
)
from timebank.tables import find
from timebank.wait_lists import cancel_activity, join_wait_list, withdraw

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


async def taken(activity: str) -> int:
    held = await find(Seats, activity)
    return held.taken if held else 0


async def test_a_seat_is_taken_and_given_back(world: World) -> None:
    activity, ann = await world.activity(), await world.volunteer()

    await sign_up(ann, activity=activity, key=key())
    (held,) = await sign_ups_of(ann)
    assert (held.activity, await taken(activity)) == (activity, 1)

    await withdraw(ann, activity=activity, key=key())
    assert await sign_ups_of(ann) == []
    assert await taken(activity) == 0

    await sign_up(ann, activity=activity, key=key())
    assert await taken(activity) == 1


async def test_nobody_has_two_seats(world: World) -> None:
    activity, ann = await world.activity(), await world.volunteer()
    await sign_up(ann, activity=activity, key=key())

    with pytest.raises(SignedUpAlready):
        await sign_up(ann, activity=activity, key=key())


async def test_many_at_once_get_no_more_seats_than_there_are(world: World) -> None:
    activity = await world.activity(seats=3)
    crowd = [await world.volunteer() for _ in range(8)]

    outcomes = await asyncio.gather(
        *(sign_up(one, activity=activity, key=key()) for one in crowd), return_exceptions=True
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, ActivityFull)]
    assert (len(refused), await taken(activity)) == (5, 3)


@pytest.mark.parametrize(
    ("starts_in", "minutes"),
    [(0, 60), (-1, 61), (1, 30), (-1, 300)],
)
async def test_no_seat_at_the_same_time_as_another(
    world: World, starts_in: int, minutes: int
) -> None:
    ann = await world.volunteer()
    await sign_up(ann, activity=await world.activity(minutes=60), key=key())
    other = await world.activity(starts_in=starts_in * HOUR / 2, minutes=minutes)

    with pytest.raises(DoubleBooked):
        await sign_up(ann, activity=other, key=key())


@pytest.mark.parametrize("starts_in", [-1, 1])
async def test_one_after_another_is_no_double_booking(world: World, starts_in: int) -> None:
    ann = await world.volunteer()
    await sign_up(ann, activity=await world.activity(minutes=60), key=key())
    other = await world.activity(starts_in=starts_in * HOUR, minutes=60)

    await sign_up(ann, activity=other, key=key())


@pytest.mark.parametrize(("first", "second"), [(10, 13), (13, 10)])
async def test_a_night_shift_blocks_the_next_morning(world: World, first: int, second: int) -> None:
    ann = await world.volunteer()
    await sign_up(
        ann, activity=await world.activity(starts_in=first * HOUR, minutes=480), key=key()
    )
    other = await world.activity(starts_in=second * HOUR, minutes=480)

    with pytest.raises(DoubleBooked):
        await sign_up(ann, activity=other, key=key())


async def test_help_that_was_promised_blocks_a_seat_until_it_is_given_back(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_street(sqlite_url, tmp_path) as street:
        world, helper = street.world, street.helper
        order = await street.matched(minutes=60, starts_in=5 * HOUR)
        during = await world.activity(starts_in=5 * HOUR + HOUR / 2, minutes=30, seats=1)
        after = await world.activity(starts_in=6 * HOUR, minutes=60)

        with pytest.raises(HelpPromised) as refused:
            await sign_up(helper, activity=during, key=key())
        assert refused.value.order == order
        assert refused.value.day == day_of(world.clock.now() + 5 * HOUR)
        await sign_up(helper, activity=after, key=key())

        await sign_up(street.other, activity=during, key=key())
        with pytest.raises(HelpPromised):
            await join_wait_list(helper, activity=during, key=key())
        await withdraw(street.other, activity=during, key=key())
        await withdraw_from_help(helper, order=order, key=key())
        await sign_up(helper, activity=during, key=key())


async def test_a_cancelled_activity_blocks_nobody_and_is_told(world: World) -> None:
    ann, ben, off = await world.volunteer(), await world.volunteer(), await world.activity(seats=1)
    await sign_up(ann, activity=off, key=key())
    await join_wait_list(ben, activity=off, key=key())
    await cancel_activity(
        world.staff[Role.STATION_MANAGER], activity=off, reason=CancelReason.WEATHER, key=key()
    )
    for who in (ann, ben):
        told = [(one.code, one.about) for one in await inbox_of(who)]
        assert told == [(NoticeCode.ACTIVITY_CANCELLED, off)]

    on = await world.activity()
    await sign_up(ann, activity=on, key=key())
    assert await taken(on) == 1


async def test_seats_change_hands_only_while_the_activity_is_open(world: World) -> None:
    activity, ann, ben = await world.activity(), await world.volunteer(), await world.volunteer()
    await sign_up(ann, activity=activity, key=key())
    await move_activity(
        world.staff[Role.STATION_MANAGER], activity=activity, move=Move.START, key=key()
    )

    with pytest.raises(ActivityNotOpen):
        await sign_up(ben, activity=activity, key=key())
    with pytest.raises(ActivityNotOpen):
        await withdraw(ann, activity=activity, key=key())


async def test_what_is_not_there_is_not_found(world: World) -> None:
    ann = await world.volunteer()

    with pytest.raises(NotFound):
        await sign_up(ann, activity="act_none", key=key())
    with pytest.raises(NotFound):
        await withdraw(ann, activity=await world.activity(), key=key())
    with pytest.raises(Unauthenticated):
        await sign_up(PUBLIC, activity="act_none", key=key())


async def test_the_youngest_volunteers_are_14_on_the_day(world: World) -> None:
    activity = await world.activity()
    day = NOON.date()
    ward = await world.ward(birth=date(day.year - 14, day.month, day.day))
    early = await world.activity(starts_in=-24 * HOUR)

    await sign_up(ward, activity=activity, key=key())
    with pytest.raises(BelowServiceAge):
        await sign_up(ward, activity=early, key=key())


async def test_seats_on_the_wire_are_ones_own(world: World) -> None:
    ann, ben = await world.volunteer(), await world.volunteer()
    first, second = await world.activity(starts_in=5 * HOUR), await world.activity()
    asks = "activity { id seatsTaken }"
    for activity in (first, second):
        made = await act(world, ann, "signUpForActivity", asks, activity=activity)
        assert made["activity"] == {"id": activity, "seatsTaken": 1}
    again = await act(world, ann, "signUpForActivity", asks, activity=first)
    assert [error["code"] for error in again["userErrors"]] == ["SIGNED_UP_ALREADY"]

    mine = "{ signUps(first: 1) { nodes { starts activity { id } } pageInfo { hasNextPage } } }"
    assert await ask(world, ann, mine) == {
        "signUps": {
            "nodes": [{"starts": "2026-11-20T04:00:00Z", "activity": {"id": second}}],
            "pageInfo": {"hasNextPage": True},
        }
    }
    for other in (ben, PUBLIC):
        assert (await ask(world, other, mine))["signUps"]["nodes"] == []

    back = await act(world, ann, "withdrawFromActivity", asks, activity=second)
    assert back["activity"] == {"id": second, "seatsTaken": 0}
    assert [row.activity for row in await sign_ups_of(ann)] == [first]

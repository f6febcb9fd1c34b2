"""Holds: what keeps a person's data, placed by the officer, one a reason, and lifted."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC, SYSTEM
from timebank.holds import (
    LIFECYCLE,
    HeldAlready,
    HeldFor,
    HoldEndsTooSoon,
    HoldLifted,
    HoldStands,
    HoldState,
    KeepReason,
    decide_hold,
    holds_on,
    lapse_hold,
    lift_hold,
    place_hold,
)
from timebank.lifecycles import NotInThisState, step
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.tables import find
from timebank.timers import sweep

AUDIT, MONEY = KeepReason.AUDIT, KeepReason.MONEY_CASE
TODAY = date(2026, 11, 20)


def test_a_hold_is_lifted_once_and_never_stands_again() -> None:
    assert set(LIFECYCLE) == set(HoldState)
    assert step(LIFECYCLE, HoldState.STANDING, HoldLifted) is HoldState.LIFTED
    with pytest.raises(NotInThisState):
        step(LIFECYCLE, HoldState.LIFTED, HoldLifted)


def test_one_hold_a_reason() -> None:
    decide_hold(None, AUDIT, TODAY, until=TODAY)
    decide_hold(HeldFor(person="per_1", reasons=(AUDIT,)), MONEY, TODAY)
    with pytest.raises(HeldAlready):
        decide_hold(HeldFor(person="per_1", reasons=(MONEY, AUDIT)), AUDIT, TODAY)
    with pytest.raises(HoldEndsTooSoon):
        decide_hold(None, AUDIT, TODAY, until=TODAY - timedelta(days=1))


@pytest.mark.anyio
async def test_a_hold_stands_until_it_is_lifted(world: World) -> None:
    officer = await world.officer(Role.DATA_PROTECTION_OFFICER)
    who = await world.volunteer()
    number = await world.number_of(who)
    made = await place_hold(officer, number=number.lower(), reason=AUDIT, key=key())
    other = await place_hold(officer, number=number, reason=MONEY, key=key())
    with pytest.raises(HeldAlready):
        await place_hold(officer, number=number, reason=AUDIT, key=key())
    assert await find(HeldFor, who.person or "") == HeldFor(
        person=who.person or "", reasons=(AUDIT, MONEY)
    )
    await lift_hold(officer, hold=made.hold, key=key())
    with pytest.raises(NotInThisState):
        await lift_hold(officer, hold=made.hold, key=key())
    assert await find(HeldFor, who.person or "") == HeldFor(
        person=who.person or "", reasons=(MONEY,)
    )
    told = await holds_on(who, number)
    assert [(held.id, held.state) for held in told] == [
        (made.hold, HoldState.LIFTED),
        (other.hold, HoldState.STANDING),
    ]
    assert await holds_on(officer, number) == told
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_hold_with_a_last_day_is_over_by_itself_the_day_after(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        officer = await world.officer(Role.DATA_PROTECTION_OFFICER)
        who = await world.volunteer()
        number, last = await world.number_of(who), world.clock.now().date() + timedelta(days=9)
        short = await place_hold(officer, number=number, reason=AUDIT, until=last, key=key())
        long = await place_hold(officer, number=number, reason=MONEY, key=key())
        with pytest.raises(Forbidden):
            await lapse_hold(officer, hold=short.hold, key=key())
        world.clock.move(timedelta(days=9))
        for hold in (short, long):
            with pytest.raises(HoldStands):
                await lapse_hold(SYSTEM, hold=hold.hold)
        await sweep()
        assert len(await holds_on(who, number)) == 2
        world.clock.move(timedelta(days=1))
        await sweep()
        states = [held.state for held in await holds_on(who, number)]
        assert states == [HoldState.LIFTED, HoldState.STANDING]
        held = await find(HeldFor, who.person or "")
        assert held
        assert held.reasons == (MONEY,)
        assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_holds_are_for_the_officer_in_scope_and_look_like_nothing_to_others(
    world: World,
) -> None:
    officer = await world.officer(Role.DATA_PROTECTION_OFFICER)
    far = await world.officer(Role.DATA_PROTECTION_OFFICER, "420100/420103/")
    who = await world.volunteer()
    number = await world.number_of(who)
    made = await place_hold(officer, number=number, reason=AUDIT, key=key())
    for stranger in (far, world.staff[Role.STATION_MANAGER], await world.volunteer(), who):
        with pytest.raises(NotFound):
            await place_hold(stranger, number=number, reason=MONEY, key=key())
        with pytest.raises(NotFound):
            await lift_hold(stranger, hold=made.hold, key=key())
        if stranger is not who:
            assert await holds_on(stranger, number) == []
    with pytest.raises(Unauthenticated):
        await lift_hold(PUBLIC, hold=made.hold, key=key())
    with pytest.raises(NotFound):
        await place_hold(officer, number="WH-0000-000-0000", reason=AUDIT, key=key())


@pytest.mark.anyio
async def test_a_hold_on_the_wire(sqlite_url: str, tmp_path: Path) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        officer = await world.officer(Role.DATA_PROTECTION_OFFICER)
        number = await world.number_of(await world.volunteer())
        asks = "hold { id reason state placedAt }"
        made = await act(world, officer, "placeHold", asks, number=number, reason="AUDIT")
        assert made["hold"]["state"] == "STANDING"
        twice = await act(world, officer, "placeHold", asks, number=number, reason="AUDIT")
        assert [error["code"] for error in twice["userErrors"]] == ["HELD_ALREADY"]
        ended = await act(world, officer, "liftHold", asks, hold=made["hold"]["id"])
        assert ended["hold"]["state"] == "LIFTED"
        other = await act(
            world, officer, "placeHold", asks, number=number, reason="DISPUTE", until="2027-01-31"
        )
        listed = '{ holdsAt(scope: "420100/") { nodes { id number placedBy until } } }'
        seen = {
            "id": other["hold"]["id"],
            "number": number,
            "placedBy": await world.number_of(officer),
            "until": "2027-01-31",
        }
        assert (await ask(world, officer, listed))["holdsAt"]["nodes"] == [seen]
        manager = world.staff[Role.STATION_MANAGER]
        assert (await ask(world, manager, listed))["holdsAt"]["nodes"] == []
        await act(world, officer, "liftHold", asks, hold=other["hold"]["id"])
        told = await ask(
            world, officer, "query($n: String!) { holds(number: $n) { id state } }", n=number
        )
        assert told["holds"] == [
            {"id": one["hold"]["id"], "state": "LIFTED"} for one in (made, other)
        ]

"""Cards: a number and a PIN, given out at the counter."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.wire import act
from tests.world import NOON, World, key, open_world
from timebank.access import Role, grant_role
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.argon import Cost
from timebank.bank import open_bank
from timebank.cards import Card, PinWeak, decide_pin, issue_card, sign_in_by_card
from timebank.counter import OwnCounter
from timebank.refusals import NotFound
from timebank.sign_in import (
    ATTEMPTS,
    LOCKED_FOR,
    LOCKED_MOST,
    Attempts,
    LockedOut,
    SignInFailed,
    actor_of,
    decide_wrong,
)
from timebank.sign_in_resets import HoldsRole
from timebank.tables import select

CHEAP = Cost(iterations=1, lanes=1, memory_kib=64)
PIN = "420195"


async def given(world: World, whose: Actor, pin: str = PIN) -> str:
    """A card that the station gave out."""
    clerk, number = world.staff[Role.STATION_CLERK], await world.number_of(whose)
    return (await issue_card(clerk, number=number, pin=pin, cost=CHEAP)).card


@pytest.mark.parametrize(
    ("pin", "good"),
    [
        ("420195", True),
        ("112233", True),
        ("121212", False),
        ("111111", False),
        ("123456", False),
        ("654321", False),
        ("789012", False),
        ("12345", False),
        ("1234567", False),
        ("４２０１９５", False),
        ("42019x", False),
        ("", False),
    ],
)
def test_a_pin_is_none_of_the_first_guesses(pin: str, good: bool) -> None:
    if good:
        decide_pin(pin)
    else:
        with pytest.raises(PinWeak):
            decide_pin(pin)


def test_each_lock_in_a_row_lasts_twice_as_long_and_a_day_at_most() -> None:
    held: Attempts | None = None
    now, lasts = NOON, []
    for _ in range(10):
        for _ in range(ATTEMPTS):
            held = decide_wrong(held, "per_1", now)
        assert held
        assert held.locked_until
        lasts.append(held.locked_until - now)
        now = held.locked_until
    assert lasts[:3] == [LOCKED_FOR, 2 * LOCKED_FOR, 4 * LOCKED_FOR]
    assert lasts[-3:] == [LOCKED_MOST] * 3


@pytest.mark.anyio
async def test_a_card_opens_a_session_and_an_older_one_none(world: World) -> None:
    volunteer = await world.volunteer()
    old = await given(world, volunteer)
    card = await given(world, volunteer)
    told = await sign_in_by_card(card=f"{card[:4]} {card[4:]}", pin=PIN)
    assert (await actor_of(told.token)).person == volunteer.person
    with pytest.raises(SignInFailed):
        await sign_in_by_card(card=old, pin=PIN)
    (kept,) = await select(Card, person=volunteer.person)
    assert card not in kept.mark
    assert PIN not in kept.phc


@pytest.mark.anyio
async def test_guesses_at_a_pin_lock_and_the_counter_unlocks(world: World) -> None:
    volunteer = await world.volunteer()
    card = await given(world, volunteer)
    for _ in range(ATTEMPTS):
        with pytest.raises(SignInFailed):
            await sign_in_by_card(card=card, pin="000000")
    with pytest.raises(LockedOut):
        await sign_in_by_card(card=card, pin=PIN)
    for number in ("", "0", "x", "999999999999"):
        with pytest.raises((SignInFailed, LockedOut)):
            await sign_in_by_card(card=number, pin=PIN)
    again = await given(world, volunteer)
    assert (await sign_in_by_card(card=again, pin=PIN)).person == volunteer.person


@pytest.mark.anyio
async def test_the_counter_gives_cards_to_its_own_people_and_to_nobody_behind_it(
    world: World,
) -> None:
    clerk, manager = world.staff[Role.STATION_CLERK], world.staff[Role.STATION_MANAGER]
    elsewhere, stranger = await world.officer(Role.STATION_CLERK, "420100/420103/"), PIN
    volunteer = await world.volunteer()
    number = await world.number_of(volunteer)
    for actor, named in ((elsewhere, number), (volunteer, number), (clerk, "WH-0000-000-0000")):
        with pytest.raises(NotFound):
            await issue_card(actor, number=named, pin=stranger, cost=CHEAP)
    operator = await world.officer(Role.OPERATOR)
    with pytest.raises(NotFound):
        await issue_card(manager, number=await world.number_of(clerk), pin=PIN, cost=CHEAP)
    with pytest.raises(OwnCounter):
        await issue_card(operator, number=await world.number_of(operator), pin=PIN, cost=CHEAP)
    helper = await world.volunteer()
    await grant_role(
        SYSTEM,
        person=helper.person or "",
        role=Role.TEAM_LEADER,
        scope=world.station_path,
        key=key(),
    )
    with pytest.raises(HoldsRole):
        await given(world, helper)
    number = await world.number_of(helper)
    card = (await issue_card(operator, number=number, pin=PIN, cost=CHEAP)).card
    led = await actor_of((await sign_in_by_card(card=card, pin=PIN)).token)
    assert (led.staff, led.unproved) == (False, True)


@pytest.mark.anyio
async def test_a_lock_outlives_the_process(database_url: str, tmp_path: Path) -> None:

    async with open_world(database_url, tmp_path) as world:
        volunteer = await world.volunteer()
        card = await given(world, volunteer)
        for _ in range(ATTEMPTS):
            with pytest.raises(SignInFailed):
                await sign_in_by_card(card=card, pin="000000")
    async with open_bank(world.settings, clock=world.clock):
        with pytest.raises(LockedOut):
            await sign_in_by_card(card=card, pin=PIN)
        world.clock.move(LOCKED_FOR + timedelta(seconds=1))
        assert (await sign_in_by_card(card=card, pin=PIN)).person == volunteer.person


@pytest.mark.anyio
async def test_cards_on_the_wire(world: World) -> None:
    volunteer, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    number = await world.number_of(volunteer)
    weak = await act(world, clerk, "issueCard", "card", number=number, pin="111111")
    assert weak["userErrors"] == [{"code": "PIN_WEAK", "path": ["pin"]}]
    card = (await act(world, clerk, "issueCard", "card", number=number, pin=PIN))["card"]
    told = await act(world, PUBLIC, "signInByCard", "token", card=card, pin=PIN)
    assert (await actor_of(told["token"])).person == volunteer.person
    wrong = await act(world, PUBLIC, "signInByCard", "token", card=card, pin="999999")
    assert (wrong["token"], wrong["userErrors"][0]["code"]) == (None, "SIGN_IN_FAILED")

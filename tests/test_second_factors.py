"""Second factors: codes, setting up, and roles that rest without one."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.hashes import SHA1

from tests.looking import names_of
from tests.wire import act, ask
from tests.world import World
from timebank import sign_in as door
from timebank.access import Action, Role, may_read
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.argon import Cost
from timebank.second_factors import (
    SecondFactorStands,
    SecondFactorUnset,
    confirm_second_factor,
    decide_set_up,
    set_up_second_factor,
)
from timebank.sign_in import ATTEMPTS, LockedOut, SignInFailed, actor_of, sign_in
from timebank.tables import find, select
from timebank.totp import CodeMissing, CodeWrong, SecondFactor, code_at, decide_code

pytestmark = pytest.mark.one_database

CHEAP = Cost(iterations=1, lanes=1, memory_kib=64)
PASSWORD = "长江大桥1957年通车"
RFC_SECRET = b"12345678901234567890"


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def shown(uri: str, world: World) -> str:
    """What an authenticator that scanned the address shows now."""
    (secret,) = parse_qs(urlsplit(uri).query)["secret"]
    return code_at(base64.b32decode(secret), world.clock.now(), SHA1())


async def signed_in(world: World, role: Role = Role.STATION_MANAGER) -> tuple[str, Actor]:
    """A member of staff with a password: their number, and the session it opened."""
    officer = world.staff[role]
    await door.set_password(SYSTEM, whose=officer.person or "", password=PASSWORD, cost=CHEAP)
    number = await world.number_of(officer)
    return number, await actor_of((await sign_in(number=number, password=PASSWORD)).token)


async def with_factor(world: World) -> tuple[str, str]:
    """Staff who set a second factor up: number and address."""
    number, actor = await signed_in(world)
    uri = (await set_up_second_factor(actor, password=PASSWORD)).uri
    await confirm_second_factor(actor, code=shown(uri, world))
    world.clock.move(timedelta(minutes=2))
    return number, uri


# Decisions


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    # Appendix B, SHA-1: eight digits there, whose last six are ours.
    assert code_at(RFC_SECRET, at(seconds), SHA1()) == code


@pytest.mark.parametrize(
    ("late", "holds"), [(-31, False), (-30, True), (0, True), (30, True), (59, True), (60, False)]
)
def test_a_device_s_clock_may_be_a_step_off(late: int, holds: bool) -> None:
    factor, now = SecondFactor(person="per_1", secret=RFC_SECRET), 1_234_567_890
    code = code_at(RFC_SECRET, at(now), SHA1())
    if holds:
        assert decide_code(factor, code, at(now + late)).confirmed
    else:
        with pytest.raises(CodeWrong):
            decide_code(factor, code, at(now + late))


def test_a_code_holds_once_and_earlier_ones_not_after_it() -> None:
    factor, now = SecondFactor(person="per_1", secret=RFC_SECRET), at(1_234_567_890)
    before = code_at(RFC_SECRET, now - timedelta(seconds=30), SHA1())
    used = decide_code(factor, f" {code_at(RFC_SECRET, now, SHA1())[:3]} 924", now)
    for code in (code_at(RFC_SECRET, now, SHA1()), before, "", "x", "０05924"):
        with pytest.raises(CodeWrong):
            decide_code(used, code, now)


def test_what_stands_is_not_replaced_by_whoever_holds_the_session() -> None:
    decide_set_up(None)
    decide_set_up(SecondFactor(person="per_1", secret=RFC_SECRET))
    with pytest.raises(SecondFactorStands):
        decide_set_up(SecondFactor(person="per_1", secret=RFC_SECRET, confirmed=True))


# Records


@pytest.mark.anyio
async def test_roles_rest_in_a_session_without_a_second_factor(world: World) -> None:
    number, actor = await signed_in(world)
    volunteer = await world.volunteer()
    assert (actor.staff, actor.unproved) == (False, True)
    assert not await may_read(actor, Action.FIND_PERSON, world.station_path)
    assert await names_of(actor, [volunteer.person or ""]) == {}
    suspended = await act(
        world, actor, "createTeam", "team { id }", station=world.station, name="红马甲二队"
    )
    assert suspended == ["FORBIDDEN"]
    uri = (await set_up_second_factor(actor, password=PASSWORD)).uri
    assert number in uri
    await confirm_second_factor(actor, code=shown(uri, world))
    (session,) = await select(door.Session, person=actor.person)
    assert session.twice
    world.clock.move(timedelta(minutes=2))
    token = (await sign_in(number=number, password=PASSWORD, code=shown(uri, world))).token
    proved = await actor_of(token)
    assert (proved.staff, proved.unproved) == (True, False)
    assert await may_read(proved, Action.FIND_PERSON, world.station_path)


@pytest.mark.anyio
async def test_a_volunteer_needs_none(world: World) -> None:
    volunteer = await world.volunteer()
    await door.set_password(SYSTEM, whose=volunteer.person or "", password=PASSWORD, cost=CHEAP)
    number = await world.number_of(volunteer)
    actor = await actor_of((await sign_in(number=number, password=PASSWORD)).token)
    assert (actor.staff, actor.unproved) == (False, False)


@pytest.mark.anyio
async def test_once_set_up_the_code_is_asked_for_and_counted(world: World) -> None:
    number, uri = await with_factor(world)
    with pytest.raises(CodeMissing):
        await sign_in(number=number, password=PASSWORD)
    for _ in range(ATTEMPTS):
        with pytest.raises(CodeWrong):
            await sign_in(number=number, password=PASSWORD, code="000000")
    with pytest.raises(LockedOut):
        await sign_in(number=number, password=PASSWORD, code=shown(uri, world))


@pytest.mark.anyio
async def test_a_code_that_was_used_opens_no_second_session(world: World) -> None:
    number, uri = await with_factor(world)
    code = shown(uri, world)
    await sign_in(number=number, password=PASSWORD, code=code)
    with pytest.raises(CodeWrong):
        await sign_in(number=number, password=PASSWORD, code=code)


@pytest.mark.anyio
async def test_guesses_at_confirming_lock_too(world: World) -> None:
    _, actor = await signed_in(world)
    with pytest.raises(SignInFailed):
        await set_up_second_factor(actor, password="not this one")
    with pytest.raises(SecondFactorUnset):
        await confirm_second_factor(actor, code="000000")
    uri = (await set_up_second_factor(actor, password=PASSWORD)).uri
    for _ in range(ATTEMPTS):
        with pytest.raises(CodeWrong):
            await confirm_second_factor(actor, code="000000")
    with pytest.raises(LockedOut):
        await confirm_second_factor(actor, code=shown(uri, world))
    held = await find(SecondFactor, actor.person or "")
    assert held
    assert not held.confirmed


# On the wire


@pytest.mark.anyio
async def test_setting_up_on_the_wire(world: World) -> None:
    number, actor = await signed_in(world)
    asked = "{ secondFactor { stands awaited } }"
    assert (await ask(world, actor, asked))["secondFactor"] == {"stands": False, "awaited": True}
    assert (await ask(world, PUBLIC, asked))["secondFactor"] is None
    uri = (await act(world, actor, "setUpSecondFactor", "uri", password=PASSWORD))["uri"]
    wrong = await act(world, actor, "confirmSecondFactor", "confirmed", code="000000")
    assert wrong["userErrors"] == [{"code": "CODE_WRONG", "path": ["code"]}]
    right = await act(world, actor, "confirmSecondFactor", "confirmed", code=shown(uri, world))
    assert right == {"confirmed": True, "userErrors": []}
    again = await act(world, actor, "setUpSecondFactor", "uri", password=PASSWORD)
    assert (again["uri"], again["userErrors"][0]["code"]) == (None, "SECOND_FACTOR_STANDS")
    told = await act(world, PUBLIC, "signIn", "token", number=number, password=PASSWORD)
    assert told["userErrors"] == [{"code": "CODE_MISSING", "path": ["code"]}]

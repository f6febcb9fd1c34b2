"""Sign-in: passwords, sessions and lock-outs."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import sign_in as door
from timebank.access import Role, grant_role
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.clock import day_of
from timebank.divisions import CITY_PATH
from timebank.refusals import NotFound, Unauthenticated
from timebank.sign_in import (
    ATTEMPTS,
    LOCKED_FOR,
    LONGEST_IDLE,
    LONGEST_SESSION,
    Attempts,
    Cost,
    LockedOut,
    PasswordLength,
    Session,
    SignInFailed,
    actor_of,
    decide_attempt,
    decide_wrong,
    open_session,
    sign_in,
)
from timebank.tables import count, select

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
CHEAP = Cost(iterations=1, lanes=1, memory_kib=64)
PASSWORD = "长江大桥1957年通车"


async def member(world: World) -> tuple[Actor, str]:
    """A volunteer with a password, and their number."""
    actor = await world.volunteer()
    await door.set_password(SYSTEM, whose=actor.person or "", password=PASSWORD, cost=CHEAP)
    return actor, await world.number_of(actor)


# Decisions


def test_the_last_wrong_attempt_locks_for_a_while() -> None:
    held: Attempts | None = None
    for _ in range(ATTEMPTS):
        decide_attempt(held, NOW)
        held = decide_wrong(held, "per_1", NOW)
    for decide in (
        lambda: decide_attempt(held, NOW + timedelta(minutes=1, seconds=1)),
        lambda: decide_wrong(held, "per_1", NOW + timedelta(minutes=1, seconds=1)),
    ):
        with pytest.raises(LockedOut) as refused:
            decide()
        assert refused.value.minutes == 14
    decide_attempt(held, NOW + LOCKED_FOR)
    assert decide_wrong(held, "per_1", NOW + LOCKED_FOR).wrong == 1


@pytest.mark.parametrize(
    ("began", "seen", "live"),
    [
        (timedelta(0), timedelta(0), True),
        (LONGEST_IDLE, LONGEST_IDLE, False),
        (LONGEST_SESSION - timedelta(seconds=1), timedelta(0), True),
        (LONGEST_SESSION, timedelta(0), False),
    ],
)
def test_a_session_ends_by_idleness_and_by_age(
    began: timedelta, seen: timedelta, live: bool
) -> None:
    session = Session(digest="d", id="ses_1", person="per_1", began=NOW - began, seen=NOW - seen)
    assert door.is_live(session, NOW) is live


# Histories


@pytest.mark.anyio
async def test_somebody_signs_in_is_known_and_signs_out(world: World) -> None:
    actor, number = await member(world)
    opened = await sign_in(number=f" {number.lower()} ", password=PASSWORD)
    known = await actor_of(opened.token)
    assert (known.person, known.staff, known.known) == (actor.person, False, True)
    (session,) = await select(Session, person=actor.person)
    assert opened.token not in (session.digest, session.id)
    await door.end_session(known, session=session.id)
    assert await actor_of(opened.token) == PUBLIC


@pytest.mark.anyio
async def test_a_password_is_kept_as_argon2id_only(world: World) -> None:
    actor, _ = await member(world)
    (kept,) = await select(door.Password, person=actor.person)
    assert kept.phc.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert PASSWORD not in kept.phc


@pytest.mark.anyio
@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 5000])
async def test_a_wrong_token_is_nobody(sqlite_url: str, tmp_path: Path, token: str | None) -> None:
    async with open_world(sqlite_url, tmp_path):
        assert await actor_of(token) == PUBLIC


@pytest.mark.anyio
async def test_wrong_and_unknown_look_the_same_and_lock_alike(world: World) -> None:
    _, number = await member(world)
    for name in (number, "WH-0000-000-0000", "no number", "x" * 5000):
        for _ in range(ATTEMPTS):
            with pytest.raises(SignInFailed):
                await sign_in(number=name, password="a wrong password")
        with pytest.raises(LockedOut):
            await sign_in(number=name, password=PASSWORD)
    world.clock.move(LOCKED_FOR)
    assert (await sign_in(number=number, password=PASSWORD)).token


@pytest.mark.anyio
async def test_a_right_attempt_forgets_the_wrong_ones(world: World) -> None:
    _, number = await member(world)
    for _ in range(3):
        for _ in range(ATTEMPTS - 1):
            with pytest.raises(SignInFailed):
                await sign_in(number=number, password="a wrong password")
        await sign_in(number=number, password=PASSWORD)
    assert await count(Attempts) == 0


@pytest.mark.anyio
async def test_many_guesses_at_once_are_no_way_round_the_lock(world: World) -> None:
    _, number = await member(world)
    guesses = [f"guess number {n}" for n in range(3 * ATTEMPTS)]
    told = await asyncio.gather(
        *(sign_in(number=number, password=guess) for guess in guesses), return_exceptions=True
    )
    assert sum(isinstance(answer, SignInFailed) for answer in told) == ATTEMPTS
    assert sum(isinstance(answer, LockedOut) for answer in told) == 2 * ATTEMPTS


@pytest.mark.anyio
async def test_a_password_is_the_persons_own_affair(world: World) -> None:
    actor, number = await member(world)
    other, _ = await member(world)
    whose = actor.person or ""
    for stranger in (other, PUBLIC, world.staff[Role.STATION_MANAGER]):
        with pytest.raises(Unauthenticated):
            await door.set_password(stranger, whose=whose, password=PASSWORD, cost=CHEAP)
    for wrong in ("短", "x" * 201):
        with pytest.raises(PasswordLength):
            await door.set_password(actor, whose=whose, password=wrong, cost=CHEAP)
    with pytest.raises(NotFound):
        await door.set_password(SYSTEM, whose="per_nobody", password=PASSWORD, cost=CHEAP)
    with pytest.raises(SignInFailed):
        await door.change_password(actor, old="not this one", new_password="x" * 12, cost=CHEAP)
    await door.change_password(actor, old=PASSWORD, new_password="another one 1", cost=CHEAP)
    assert (await sign_in(number=number, password="another one 1")).person == whose


@pytest.mark.anyio
async def test_a_new_password_ends_the_other_sessions(world: World) -> None:
    _, number = await member(world)
    here = await sign_in(number=number, password=PASSWORD)
    there = await sign_in(number=number, password=PASSWORD)
    actor = await actor_of(here.token)
    await door.change_password(actor, old=PASSWORD, new_password="another one 1", cost=CHEAP)
    assert (await actor_of(here.token)).known
    assert not (await actor_of(there.token)).known


@pytest.mark.anyio
async def test_a_session_in_use_goes_on_and_an_idle_one_ends(world: World) -> None:
    _, number = await member(world)
    used = await sign_in(number=number, password=PASSWORD)
    idle = await sign_in(number=number, password=PASSWORD)
    for _ in range(3):
        world.clock.move(LONGEST_IDLE / 2)
        assert (await actor_of(used.token)).known
    assert not (await actor_of(idle.token)).known
    assert len(await door.sessions_of(await actor_of(used.token))) == 1


@pytest.mark.anyio
async def test_somebody_ends_their_own_sessions_and_no_others(world: World) -> None:
    _, number = await member(world)
    _, strange = await member(world)
    here = await actor_of((await sign_in(number=number, password=PASSWORD)).token)
    there = await sign_in(number=number, password=PASSWORD)
    stranger = await actor_of((await sign_in(number=strange, password=PASSWORD)).token)
    (other,) = [s for s in await door.sessions_of(here) if s.id != here.session]
    with pytest.raises(NotFound):
        await door.end_session(stranger, session=other.id)
    await door.end_session(here, session=other.id)
    assert await actor_of(there.token) == PUBLIC


@pytest.mark.anyio
async def test_somebody_ends_all_their_other_sessions_at_once(world: World) -> None:
    actor, _ = await member(world)
    other = await world.volunteer()
    tokens = [(await open_session(actor.person or "")).token for _ in range(3)]
    theirs = (await open_session(other.person or "")).token
    here = await actor_of(tokens[1])
    ended = await act(world, here, "endSession", "session", others=True, session="ses_none")
    assert ended == {"session": None, "userErrors": []}
    assert [(await actor_of(token)).known for token in [*tokens, theirs]] == [
        False,
        True,
        False,
        True,
    ]


@pytest.mark.anyio
async def test_staff_are_staff_while_a_grant_stands(world: World) -> None:
    actor, _ = await member(world)
    today = day_of(world.clock.now())
    await grant_role(
        SYSTEM,
        person=actor.person or "",
        role=Role.AUDITOR,
        scope=CITY_PATH,
        until=today,
        key=key(),
    )
    opened = await open_session(actor.person or "")
    assert (await actor_of(opened.token)).staff
    world.clock.move(timedelta(hours=11))
    await actor_of(opened.token)
    world.clock.move(timedelta(hours=11))
    assert (await actor_of(opened.token)).known
    assert not (await actor_of(opened.token)).staff


# On the wire


@pytest.mark.anyio
async def test_signing_in_and_out_on_the_wire(world: World) -> None:
    _, number = await member(world)
    wrong = await act(world, PUBLIC, "signIn", "token", number=number, password="not this one")
    assert (wrong["token"], wrong["userErrors"][0]["code"]) == (None, "SIGN_IN_FAILED")
    token = (await act(world, PUBLIC, "signIn", "token", number=number, password=PASSWORD))["token"]
    actor = await actor_of(token)
    listed = (await ask(world, actor, "{ sessions { id current began seen } }"))["sessions"]
    assert [(one["id"], one["current"]) for one in listed] == [(actor.session, True)]
    change = {"old": PASSWORD, "new": "another one 1"}
    changed = await act(world, actor, "changePassword", "changed", **change)
    assert changed == {"changed": True, "userErrors": []}
    ended = await act(world, actor, "endSession", "session")
    assert ended == {"session": actor.session, "userErrors": []}
    assert await actor_of(token) == PUBLIC
    assert (await ask(world, PUBLIC, "{ sessions { id } }"))["errors"] == ["UNAUTHENTICATED"]
    assert await act(world, PUBLIC, "endSession", "session") == ["UNAUTHENTICATED"]
    assert await act(world, PUBLIC, "changePassword", "changed", **change) == ["UNAUTHENTICATED"]

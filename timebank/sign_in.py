"""Sign-in: passwords, sessions and lock-outs; none of it is the ledger's business.

Passwords are Argon2id, hashed outside the lock (`argon`). A session token is 256 random bits of
which only the SHA-256 is kept. Whoever set up a second factor gives its code too, and of staff who
did not prove it in this session the roles rest (`second_factors`). Wrong attempts are counted in
the database, so that a lock-out survives a restart (web 3).
"""

import asyncio
import contextlib
import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from timebank.access import Freeze, Grants, permit_self
from timebank.actors import PUBLIC, SYSTEM, Actor, PersonId, person
from timebank.argon import Cost as Cost
from timebank.argon import hashed, nobodys
from timebank.argon import matches as matches
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.devices import PREFIX, device_of
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.people import Person, VolunteerNumber
from timebank.projections import Place
from timebank.refusals import Busy, NotFound, Refusal, Unauthenticated
from timebank.tables import Row, find, select, table
from timebank.totp import CodeMissing, CodeWrong, SecondFactor, decide_code
from timebank.vault import DataKey, keyring

NUMBER = re.compile(r"WH-[0-9]{4}-[0-9]{3}-[0-9]{4}")
LONGEST_IDLE = timedelta(hours=12)
LONGEST_SESSION = timedelta(days=30)
SEEN_AGAIN = timedelta(minutes=10)
ATTEMPTS = 5
LOCKED_FOR = timedelta(minutes=15)
LOCKED_MOST = timedelta(days=1)
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200


# Refusals


class SignInFailed(Refusal):
    """Number and password do not belong together; which of them is wrong is not said."""

    says = "Volunteer number and password do not match. Try again, or ask at your station."


class LockedOut(Refusal):
    """Too many wrong attempts."""

    says = "Too many wrong attempts. Try again after {minutes} minutes, or ask at your station."
    minutes: int


class PasswordLength(Refusal):
    """A password is long enough to withstand guessing, and short enough to hash."""

    says = "A password has {least} to {most} characters."
    least: int
    most: int
    path = ("password",)


# Tables: all of the vault


@table("password", vault=True)
class Password(Row, frozen=True):
    """A person's password, hashed (PHC string)."""

    person: str
    phc: str


@table("session", vault=True, index=[("person",)])
class Session(Row, frozen=True):
    """A signed-in session; `digest` is the SHA-256 of the token, the token is kept nowhere.

    `twice` tells that the second factor was proved, or the identity in a way that needs none.
    """

    digest: str
    id: str
    person: str
    began: datetime
    seen: datetime
    twice: bool = True


@table("attempts", vault=True)
class Attempts(Row, frozen=True):
    """Wrong attempts in a row on a person, until when they are locked out, and how often already.

    Numbers that nobody has are counted too, in one of 65,536 rows each: a lock-out tells nothing,
    and guessing fills no table.
    """

    subject: str
    wrong: int
    locked_until: datetime | None = None
    locks: int = 0


# Decisions


def decide_attempt(attempts: Attempts | None, now: datetime) -> None:
    """Whether an attempt may be made at all. Refuses: LockedOut."""
    until = attempts.locked_until if attempts else None
    if until is not None and now < until:
        raise LockedOut(minutes=-(-(until - now) // timedelta(minutes=1)))


def decide_wrong(attempts: Attempts | None, subject: str, now: datetime) -> Attempts:
    """The count after another wrong attempt; each lock in a row lasts twice as long, a day at most.

    Refuses: LockedOut, as a right attempt would be: of many made at once, the one that is right
    must not look different.
    """
    decide_attempt(attempts, now)
    wrong, locks = (attempts.wrong + 1, attempts.locks) if attempts else (1, 0)
    if wrong < ATTEMPTS:
        return Attempts(subject=subject, wrong=wrong, locks=locks)
    lasts = min(LOCKED_FOR * 2**locks, LOCKED_MOST)
    # Past the longest lock the count stands still: it is an exponent.
    locks = locks if lasts == LOCKED_MOST else locks + 1
    return Attempts(subject=subject, wrong=0, locked_until=now + lasts, locks=locks)


def is_live(session: Session, now: datetime) -> bool:
    """Whether a session still stands."""
    return now - session.seen < LONGEST_IDLE and now - session.began < LONGEST_SESSION


def check_password(password: str) -> None:
    """Refuses: PasswordLength."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise PasswordLength(least=SHORTEST_PASSWORD, most=LONGEST_PASSWORD)


# Commands


class SignedIn(Answer, frozen=True, kw_only=True):
    """Who signed in. `token` is told once and never kept: the attempt has no request key."""

    person: PersonId
    token: str


class Noted(Answer, frozen=True, kw_only=True):
    """Something of the vault was noted."""


async def set_password(
    actor: Actor, *, whose: PersonId, password: str, cost: Cost | None = None
) -> Noted:
    """Give a person a password; only the person themselves or the software may.

    Refuses: PasswordLength, NotFound. Ends the person's other sessions.
    """
    if actor != SYSTEM and actor.person != whose:
        raise Unauthenticated
    check_password(password)
    phc = await asyncio.to_thread(hashed, password, cost or Cost())
    others = await select(Session, person=whose)

    def work(batch: Batch) -> Noted:
        batch.need(Person, whose, "person")
        batch.put(Password(person=whose, phc=phc))
        for session in others:
            if session.id != actor.session:
                batch.drop(Session, session.digest)
        return Noted()

    needs: list[Place] = [(Person, whose), *((Session, session.digest) for session in others)]
    return await write(actor, None, work, answer=Noted, needs=needs)


async def change_password(
    actor: Actor, *, old: str, new_password: str, cost: Cost | None = None
) -> Noted:
    """Replace the actor's own password. Refuses: SignInFailed, LockedOut, PasswordLength."""
    whose = permit_self(actor, closed_too=True)
    kept = await find(Password, whose)
    await prove(whose, kept.phc if kept else None, old)
    return await set_password(actor, whose=whose, password=new_password, cost=cost)


async def sign_in(*, number: str, password: str, code: str | None = None) -> SignedIn:
    """Open a session.

    Args: code, of the second factor, where the person set one up.
    Refuses: SignInFailed, LockedOut, CodeMissing, CodeWrong.   Source: web 3.
    """
    number = number.strip().upper()
    held = await find(VolunteerNumber, number) if NUMBER.fullmatch(number) else None
    subject = held.person if held else f"nobody:{keyring().mark('number', number)[:4]}"
    kept = await find(Password, subject)
    twice = await prove(subject, kept.phc if kept else None, password, code=code, factor=True)
    return await open_session(subject, twice=twice)


class Proved(Answer, frozen=True, kw_only=True):
    """What came of an attempt: what is refused, if anything is; whether it was proved twice."""

    refused: Literal["no", "secret", "code missing", "code wrong"] = "no"
    twice: bool = False


REFUSED: Mapping[str, type[Refusal]] = {
    "secret": SignInFailed,
    "code missing": CodeMissing,
    "code wrong": CodeWrong,
}


async def prove(
    subject: str, phc: str | None, secret: str, *, code: str | None = None, factor: bool = False
) -> bool:
    """Let a right password or PIN pass and count a wrong one; True if a second factor was proved.

    Args: phc, what it is held against, None of nobody; factor, whether a second factor that was
    set up is asked for. Refuses: SignInFailed, LockedOut, CodeMissing, CodeWrong.
    """
    decide_attempt(await find(Attempts, subject), current().clock.now())
    # Nobody's password takes as long as a wrong one, and a long one no longer than a short one.
    tried = secret if len(secret) <= LONGEST_PASSWORD else ""
    right = await asyncio.to_thread(matches, tried, phc or nobodys()) and phc is not None

    def work(batch: Batch) -> Proved:
        attempts = batch.get(Attempts, subject)
        if not right:
            batch.put(decide_wrong(attempts, subject, batch.now))
            return Proved(refused="secret")
        decide_attempt(attempts, batch.now)
        held = batch.get(SecondFactor, subject) if factor else None
        if held is not None and held.confirmed:
            if not code:
                return Proved(refused="code missing")
            try:
                batch.put(decide_code(held, code, batch.now))
            except CodeWrong:
                batch.put(decide_wrong(attempts, subject, batch.now))
                return Proved(refused="code wrong")
        batch.drop(Attempts, subject)
        return Proved(twice=held is not None and held.confirmed)

    needs: list[Place] = [(Attempts, subject), (SecondFactor, subject)]
    proved = await write(PUBLIC, None, work, answer=Proved, needs=needs)
    if proved.refused != "no":
        raise REFUSED[proved.refused]
    return proved.twice


async def knows_password(whose: PersonId, password: str) -> bool:
    """Whether this is the person's password. Nothing is counted: a stopped ledger takes no note.

    For the command line, whose user holds the database and could try passwords anyway.
    """
    kept = await find(Password, whose)
    tried = password if len(password) <= LONGEST_PASSWORD else ""
    return kept is not None and await asyncio.to_thread(matches, tried, kept.phc)


async def open_session(who: PersonId, *, twice: bool = True) -> SignedIn:
    """Open a session for somebody whose identity was proved, by two factors or one.

    Whoever closed their account may come back by it; in the name of the dead nobody signs in, nor
    of who was erased since the identity was proved and so has no data key.
    Refuses: SignInFailed.
    """
    token = secrets.token_urlsafe(32)

    def work(batch: Batch) -> SignedIn:
        held = batch.get(Grants, who)
        if (held is not None and held.shut) or batch.get(DataKey, who) is None:
            raise SignInFailed
        batch.put(
            Session(
                digest=_digest(token),
                id=new("ses"),
                person=who,
                began=batch.now,
                seen=batch.now,
                twice=twice,
            )
        )
        return SignedIn(person=who, token=token)

    needs: list[Place] = [(Grants, who), (DataKey, who)]
    return await write(PUBLIC, None, work, answer=SignedIn, needs=needs)


async def end_session(actor: Actor, *, session: str) -> Noted:
    """End one of the actor's own sessions, on another device perhaps. Refuses: NotFound."""
    own = {
        held.id: held.digest
        for held in await select(Session, person=permit_self(actor, closed_too=True))
    }
    if session not in own:
        raise NotFound(what="session")

    def work(batch: Batch) -> Noted:
        batch.drop(Session, own[session])
        return Noted()

    return await write(actor, None, work, answer=Noted)


async def end_other_sessions(actor: Actor) -> Noted:
    """End every session of the actor but the one that asks: a device was lost, perhaps."""
    held = await select(Session, person=permit_self(actor, closed_too=True))
    others = [one.digest for one in held if one.id != actor.session]

    def work(batch: Batch) -> Noted:
        for digest in others:
            batch.drop(Session, digest)
        return Noted()

    return await write(actor, None, work, answer=Noted)


async def _see_again(session: Session) -> None:
    """Note that a session is in use, so that it does not end for idleness."""

    def work(batch: Batch) -> Noted:
        held = batch.get(Session, session.digest)
        if held is not None:
            batch.put(msgspec.structs.replace(held, seen=batch.now))
        return Noted()

    # Whoever cannot be noted now is noted at the next request.
    with contextlib.suppress(Busy):
        await write(PUBLIC, None, work, answer=Noted, needs=[(Session, session.digest)])


# Reads


async def actor_of(token: str | None) -> Actor:
    """Who holds this token, of a session or a device; of the dead, nobody does."""
    if token is not None and token.startswith(PREFIX):
        return await device_of(token)
    now = current().clock.now()
    session = await find(Session, _digest(token)) if token else None
    if session is None or not is_live(session, now):
        return PUBLIC
    grants = await find(Grants, session.person)
    if now - session.seen >= SEEN_AGAIN:
        await _see_again(session)
    if grants is not None and grants.shut:
        return PUBLIC
    holds = grants is not None and bool(grants.standing(day_of(now)))
    proved = session.twice or not keyring().settings.staff_second_factor
    return person(
        session.person,
        session=session.id,
        staff=holds and proved,
        closed=grants is not None and grants.frozen is Freeze.CLOSED,
        unproved=holds and not proved,
        formers=grants.formers if grants is not None else (),
    )


async def sessions_of(actor: Actor) -> list[Session]:
    """The actor's own sessions that still stand, newest first."""
    now = current().clock.now()
    held = await select(Session, person=permit_self(actor, closed_too=True), order=["-began"])
    return [session for session in held if is_live(session, now)]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

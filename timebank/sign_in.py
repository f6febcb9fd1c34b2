"""Sign-in: passwords, sessions and lock-outs; none of it is the ledger's business.

Passwords are Argon2id (RFC 9106) in the PHC form, hashed outside the lock. A session token is 256
random bits of which only the SHA-256 is kept. Wrong attempts are counted in the database, so
that a lock-out survives a restart (web 3).
"""

import asyncio
import hashlib
import secrets
from datetime import datetime, timedelta

import msgspec
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from timebank.access import Grants
from timebank.actors import PUBLIC, SYSTEM, Actor, PersonId, person
from timebank.batch import Batch
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.people import Person, VolunteerNumber
from timebank.refusals import Refusal, Unauthenticated
from timebank.tables import Row, find, select, table

LONGEST_IDLE = timedelta(hours=12)
LONGEST_SESSION = timedelta(days=30)
ATTEMPTS = 5
LOCKED_FOR = timedelta(minutes=15)
SHORTEST_PASSWORD = 10


class Cost(msgspec.Struct, frozen=True):
    """What hashing a password costs: passes, lanes, KiB of memory (RFC 9106)."""

    iterations: int = 2
    lanes: int = 1
    memory_kib: int = 19456


# Refusals


class SignInFailed(Refusal):
    """Number and password do not belong together; which of them is wrong is not said."""

    says = "Volunteer number and password do not match. Try again, or ask at your station."


class LockedOut(Refusal):
    """Too many wrong attempts."""

    says = "Too many wrong attempts. Try again after {minutes} minutes, or ask at your station."
    minutes: int


class PasswordTooShort(Refusal):
    """A password is long enough to withstand guessing."""

    says = "A password has at least {least} characters."
    least: int
    path = ("password",)


# Tables: all of the vault


@table("password", vault=True)
class Password(Row, frozen=True):
    """A person's password, hashed (PHC string)."""

    person: str
    phc: str


@table("session", vault=True, index=[("person",)])
class Session(Row, frozen=True):
    """A signed-in session; `digest` is the SHA-256 of the token, the token is kept nowhere."""

    digest: str
    id: str
    person: str
    began: datetime
    seen: datetime


@table("attempts", vault=True)
class Attempts(Row, frozen=True):
    """Wrong attempts in a row on a number, and until when it is locked."""

    number: str
    wrong: int
    locked_until: datetime | None = None


# Decisions


def decide_attempt(attempts: Attempts | None, now: datetime) -> None:
    """Whether an attempt may be made at all. Refuses: LockedOut."""
    until = attempts.locked_until if attempts else None
    if until is not None and now < until:
        raise LockedOut(minutes=-(-(until - now) // timedelta(minutes=1)))


def failed_once_more(attempts: Attempts | None, number: str, now: datetime) -> Attempts:
    """The count after another wrong attempt."""
    wrong = (attempts.wrong if attempts else 0) + 1
    if wrong < ATTEMPTS:
        return Attempts(number=number, wrong=wrong)
    return Attempts(number=number, wrong=0, locked_until=now + LOCKED_FOR)


def is_live(session: Session, now: datetime) -> bool:
    """Whether a session still stands."""
    return now - session.seen < LONGEST_IDLE and now - session.began < LONGEST_SESSION


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

    Refuses: PasswordTooShort, NotFound. Ends the person's other sessions.
    """
    if actor != SYSTEM and actor.person != whose:
        raise Unauthenticated
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordTooShort(least=SHORTEST_PASSWORD)
    phc = await asyncio.to_thread(_hash, password, cost or Cost())
    others = await select(Session, person=whose)

    def work(batch: Batch) -> Noted:
        batch.need(Person, whose, "person")
        batch.put(Password(person=whose, phc=phc))
        for session in others:
            if session.id != actor.session:
                batch.drop(Session, session.digest)
        return Noted()

    return await write(actor, None, work, answer=Noted, needs=[(Person, whose)])


async def sign_in(*, number: str, password: str) -> SignedIn:
    """Open a session. Refuses: SignInFailed, LockedOut. Source: web 3."""
    number = number.strip().upper()
    decide_attempt(await find(Attempts, number), current().clock.now())
    held = await find(VolunteerNumber, number)
    kept = await find(Password, held.person) if held else None
    # An unknown number takes as long as a wrong password.
    right = await asyncio.to_thread(_matches, password, kept.phc if kept else _nobody())
    if not right or held is None or kept is None:
        await write(PUBLIC, None, lambda batch: _count_wrong(batch, number), answer=Noted)
        raise SignInFailed
    return await open_session(held.person, number=number)


async def open_session(who: PersonId, *, number: str | None = None) -> SignedIn:
    """Open a session for somebody whose identity another way has proved."""
    token = secrets.token_urlsafe(32)

    def work(batch: Batch) -> SignedIn:
        if number is not None:
            decide_attempt(batch.get(Attempts, number), batch.now)
            batch.drop(Attempts, number)
        batch.put(
            Session(
                digest=_digest(token),
                id=new("ses"),
                person=who,
                began=batch.now,
                seen=batch.now,
            )
        )
        return SignedIn(person=who, token=token)

    needs_number = [(Attempts, number)] if number else []
    return await write(PUBLIC, None, work, answer=SignedIn, needs=[*needs_number])


async def sign_out(token: str) -> None:
    """End a session; ending it twice is no mistake."""

    def work(batch: Batch) -> Noted:
        batch.drop(Session, _digest(token))
        return Noted()

    await write(PUBLIC, None, work, answer=Noted)


def _count_wrong(batch: Batch, number: str) -> Noted:
    batch.put(failed_once_more(batch.get(Attempts, number), number, batch.now))
    return Noted()


# Reads


async def actor_of(token: str | None) -> Actor:
    """Who holds this session token: a person, or the public."""
    session = await find(Session, _digest(token)) if token else None
    if session is None or not is_live(session, current().clock.now()):
        return PUBLIC
    grants = await find(Grants, session.person)
    staff = grants is not None and bool(grants.grants)
    return person(session.person, session=session.id, staff=staff)


async def sessions_of(actor: Actor) -> list[Session]:
    """The actor's own sessions, newest first."""
    return await select(Session, person=actor.person or "", order=["-began"])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _hash(password: str, cost: Cost) -> str:
    salted = Argon2id(
        salt=secrets.token_bytes(16),
        length=32,
        iterations=cost.iterations,
        lanes=cost.lanes,
        memory_cost=cost.memory_kib,
    )
    return salted.derive_phc_encoded(password.encode())


def _matches(password: str, phc: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode(), phc)
    except InvalidKey:
        return False
    return True


def _nobody() -> str:
    """A hash that no password has, at the usual cost."""
    cost = Cost()
    return (
        f"$argon2id$v=19$m={cost.memory_kib},t={cost.iterations},p={cost.lanes}"
        "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )

"""Lost passwords, second factors and passkeys: void at the counter, where people are seen (web 3).

What is lost is void at once and every session ends. For a new password the person is given a code
that holds an hour, so that nobody behind the counter ever knows it. The ledger says that it was
done, and by whom; of whoever holds a role only the operator does it. `cards` gives out new PINs.
"""

import asyncio
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from timebank.access import Grants, may
from timebank.actors import PUBLIC, Actor, PersonId
from timebank.argon import Cost, hashed
from timebank.batch import Batch
from timebank.counter import OwnCounter, person_numbered
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.passkeys import drop_passkeys
from timebank.people import Person, person_by_number, person_in_scope
from timebank.projections import Place
from timebank.refusals import Refusal
from timebank.rights import Action
from timebank.sign_in import (
    Attempts,
    Password,
    Session,
    check_password,
    decide_attempt,
    decide_wrong,
)
from timebank.tables import Row, select, table
from timebank.totp import SecondFactor, is_same
from timebank.vault import keyring

CODE_DIGITS = 8
CODE_HOLDS = timedelta(hours=1)


class Credential(StrEnum):
    """What a person lost."""

    PASSWORD = "password"
    SECOND_FACTOR = "second_factor"
    PASSKEY = "passkey"


# Events


class SignInReset(Event, frozen=True, tag="sign_in.reset"):
    """What a person signed in with was made void at the counter."""

    person: PersonId
    what: Credential


# Refusals


class HoldsRole(Refusal):
    """With the sign-in of whoever holds a role, the role would be reset too (domain 11)."""

    says = "This person holds a role: only the operator resets their sign-in."


class ResetCodeWrong(Refusal):
    """Number and code do not belong together, or the code is too old."""

    says = "This code does not hold; it is good for an hour. Ask for another at the counter."
    path = ("code",)


# Tables: all of the vault


@table("reset_code", vault=True)
class ResetCode(Row, frozen=True):
    """What lets a person set a new password; `mark` is the keyed digest of the code."""

    person: str
    mark: str
    until: datetime


# What other capabilities ask


def at_sign_in_counter(batch: Batch, number: str) -> Person:
    """Who stands at the counter about their sign-in.

    Refuses: NotFound, for a person out of scope too; OwnCounter, HoldsRole.
    """
    whose = person_in_scope(batch, Action.RESET_SIGN_IN, person_numbered(batch, number).id)
    if batch.actor.person == whose.id:
        raise OwnCounter
    held = batch.get(Grants, whose.id)
    staff = held is not None and bool(held.standing(batch.today))
    if staff and not may(batch, Action.RESET_STAFF_SIGN_IN, whose.home_path):
        raise HoldsRole
    return whose


# Commands


class Reset(Answer, frozen=True, kw_only=True):
    """Whose sign-in was reset, and the code for a new password, told this once."""

    person: PersonId
    code: str | None = None


class PasswordSet(Answer, frozen=True, kw_only=True):
    """Whether the code held, and the password is set."""

    holds: bool


async def reset_sign_in(actor: Actor, *, number: str, what: Credential) -> Reset:
    """Make void what a person lost, and end their sessions.

    Refuses: NotFound, OwnCounter, HoldsRole.   Source: web 3, domain 11.
    """
    named = await person_by_number(number)
    open_ones = await select(Session, person=named.id) if named else []
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"

    def work(batch: Batch) -> Reset:
        whose = at_sign_in_counter(batch, number).id
        for session in open_ones:
            batch.drop(Session, session.digest)
        batch.drop(Attempts, whose)
        entry = batch.record(SignInReset(person=whose, what=what))
        if what is Credential.SECOND_FACTOR:
            batch.drop(SecondFactor, whose)
            return Reset(entry=entry.seq, person=whose)
        if what is Credential.PASSKEY:
            drop_passkeys(batch, whose)
            return Reset(entry=entry.seq, person=whose)
        batch.drop(Password, whose)
        until = batch.now + CODE_HOLDS
        batch.put(ResetCode(person=whose, mark=_mark(whose, code), until=until))
        return Reset(entry=entry.seq, person=whose, code=code)

    return await write(actor, None, work, answer=Reset)


async def set_password_by_code(
    *, number: str, code: str, password: str, cost: Cost | None = None
) -> None:
    """Set a new password with the code from the counter; it is used up.

    Refuses: PasswordLength, LockedOut, ResetCodeWrong, of a number nobody has too.
    """
    check_password(password)
    named = await person_by_number(number)
    subject = named.id if named else f"nobody:{keyring().mark('number', number)[:4]}"
    phc = await asyncio.to_thread(hashed, password, cost or Cost())

    def work(batch: Batch) -> PasswordSet:
        attempts, held = batch.get(Attempts, subject), batch.get(ResetCode, subject)
        decide_attempt(attempts, batch.now)
        told = _mark(subject, "".join(code.split()))
        if held is None or batch.now >= held.until or not is_same(held.mark, told):
            batch.put(decide_wrong(attempts, subject, batch.now))
            return PasswordSet(holds=False)
        batch.put(Password(person=subject, phc=phc))
        batch.drop(ResetCode, subject)
        batch.drop(Attempts, subject)
        return PasswordSet(holds=True)

    needs: list[Place] = [(Attempts, subject), (ResetCode, subject)]
    if not (await write(PUBLIC, None, work, answer=PasswordSet, needs=needs)).holds:
        raise ResetCodeWrong


def _mark(whose: PersonId, code: str) -> str:
    return keyring().mark("reset", f"{whose} {code}")

"""Second factors of staff: set up with the device in their pocket, taken away at the counter.

Whoever holds a role may do what it allows in sessions in which a code of the second factor was
given; until then the roles rest, and the person does what every volunteer does. Knows how a factor
is set up and confirmed; `totp` knows codes, `sign_in` asks for them, `sign_in_resets` is the
counter.
"""

import secrets

import msgspec

from timebank.access import permit_self
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.journal import Answer, write
from timebank.people import Person
from timebank.projections import Place
from timebank.refusals import Refusal
from timebank.sign_in import (
    Attempts,
    Password,
    Session,
    decide_attempt,
    decide_wrong,
    prove,
)
from timebank.tables import find, select
from timebank.totp import SECRET_BYTES, CodeWrong, SecondFactor, decide_code, setting_up
from timebank.vault import keyring

# Refusals


class SecondFactorStands(Refusal):
    """A second factor is not replaced by whoever holds the session: that would make it none."""

    says = "Your second factor is set up already; if it is lost, have it taken away at the counter."


class SecondFactorUnset(Refusal):
    """There is nothing to confirm."""

    says = "Set up the second factor first."


# Decisions


def decide_set_up(held: SecondFactor | None) -> None:
    """Whether a second factor may be set up. Refuses: SecondFactorStands."""
    if held is not None and held.confirmed:
        raise SecondFactorStands


# Commands


class SetUp(Answer, frozen=True, kw_only=True):
    """What the authenticator scans, told this once: the attempt has no request key."""

    uri: str


class CodeTaken(Answer, frozen=True, kw_only=True):
    """Whether the code held."""

    holds: bool


async def set_up_second_factor(actor: Actor, *, password: str) -> SetUp:
    """Make the secret of a second factor; it counts once a code of it was given.

    Args: password, once more: a session that somebody left open sets up nothing.
    Refuses: SignInFailed, LockedOut, SecondFactorStands.   Source: web 3, RFC 6238.
    """
    whose = permit_self(actor)
    kept = await find(Password, whose)
    await prove(whose, kept.phc if kept else None, password)
    secret = secrets.token_bytes(SECRET_BYTES)

    def work(batch: Batch) -> SetUp:
        decide_set_up(batch.get(SecondFactor, whose))
        number = batch.need(Person, whose, "person").number
        batch.put(SecondFactor(person=whose, secret=secret))
        return SetUp(uri=setting_up(secret, bank=keyring().settings.origin, number=number))

    needs: list[Place] = [(SecondFactor, whose), (Person, whose)]
    return await write(actor, None, work, answer=SetUp, needs=needs)


async def confirm_second_factor(actor: Actor, *, code: str) -> None:
    """Prove the second factor in this session; the first time, it is set up from then on.

    Refuses: SecondFactorUnset, LockedOut, CodeWrong.
    """
    whose = permit_self(actor)
    held = {one.id: one.digest for one in await select(Session, person=whose)}
    digest = held.get(actor.session or "")

    def work(batch: Batch) -> CodeTaken:
        attempts, factor = batch.get(Attempts, whose), batch.get(SecondFactor, whose)
        decide_attempt(attempts, batch.now)
        if factor is None:
            raise SecondFactorUnset
        try:
            batch.put(decide_code(factor, code, batch.now))
        except CodeWrong:
            batch.put(decide_wrong(attempts, whose, batch.now))
            return CodeTaken(holds=False)
        session = batch.get(Session, digest) if digest else None
        if session is not None:
            batch.put(msgspec.structs.replace(session, twice=True))
        batch.drop(Attempts, whose)
        return CodeTaken(holds=True)

    needs: list[Place] = [(SecondFactor, whose), (Attempts, whose)]
    needs += [(Session, digest)] if digest else []
    if not (await write(actor, None, work, answer=CodeTaken, needs=needs)).holds:
        raise CodeWrong


# Reads


async def has_second_factor(whose: PersonId) -> bool:
    """Whether a person set one up and confirmed it."""
    held = await find(SecondFactor, whose)
    return held is not None and held.confirmed

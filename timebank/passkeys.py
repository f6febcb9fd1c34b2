"""Passkeys: signing in by a device that knows its owner, with no password to lose (web 3).

A person who is signed in adds a passkey: the public half of a key that never leaves their device,
which asks for a finger, a face or a PIN before it signs. It is found by what it calls itself, and
counts what it signed, where it counts: one that lags behind was copied and opens nothing. It proves
one thing only, so that roles rest until the second factor is given. What is kept is sealed in the
vault and goes with the person; whoever lost the device has it taken away, by themselves or at the
counter. Knows keys as bytes; whoever asked the device checked what it signed.
"""

import hashlib
from datetime import date

import msgspec

from timebank.access import permit_self
from timebank.actors import PUBLIC, Actor, PersonId
from timebank.batch import Batch
from timebank.journal import Answer, write
from timebank.people import Person
from timebank.projections import Place
from timebank.refusals import NotFound, Refusal
from timebank.sign_in import SignedIn, open_session
from timebank.tables import Row, find, select, table
from timebank.vault import keyring

MOST = 5

# Refusals


class PasskeyUnknown(Refusal):
    """Nobody has this passkey, or not any more."""

    says = "This passkey opens no account here. Sign in another way, then add it in your data."


class PasskeyTaken(Refusal):
    """A passkey is added once."""

    says = "This passkey was added already."


class TooManyPasskeys(Refusal):
    """Nobody needs more devices than they can keep an eye on."""

    says = "You have {most} passkeys already; remove one first."
    most: int


class PasskeyCopied(Refusal):
    """Two devices count for one passkey: one of them is a copy (WebAuthn 7.2, step 22)."""

    says = "This passkey seems to have been copied, so it opens nothing; remove it in your data."


# Tables: all of the vault


@table("passkey", vault=True, sealed=True, index=[("person",)])
class Passkey(Row, frozen=True):
    """What a person's device signs with; `digest` is the SHA-256 of what it calls itself."""

    digest: str
    person: str
    key: bytes
    counter: int
    added_on: date


@table("passkey_holder", vault=True)
class PasskeyHolder(Row, frozen=True):
    """Which passkeys a person has: what decisions ask, so that two added at once are counted."""

    person: str
    digests: tuple[str, ...] = ()


# Decisions


def decide_passkey(held: PasskeyHolder, *, there: bool) -> None:
    """Whether a person who holds some may add one that is `there`, or not.

    Refuses: PasskeyTaken, TooManyPasskeys.
    """
    if there:
        raise PasskeyTaken
    if len(held.digests) >= MOST:
        raise TooManyPasskeys(most=MOST)


def decide_counter(passkey: Passkey, counter: int) -> Passkey:
    """The passkey as it counts now; a device that counts nothing says 0 always.

    Refuses: PasskeyCopied.   Source: WebAuthn 7.2, step 22.
    """
    if (counter or passkey.counter) and counter <= passkey.counter:
        raise PasskeyCopied
    return msgspec.structs.replace(passkey, counter=counter)


# What other capabilities ask


def drop_passkeys(batch: Batch, person: PersonId) -> None:
    """Let no passkey of a person open anything any more, not even one added just now."""
    for digest in _held(batch, person).digests:
        batch.drop(Passkey, digest)
    batch.drop(PasskeyHolder, person)


def _held(batch: Batch, person: PersonId) -> PasskeyHolder:
    return batch.get(PasskeyHolder, person) or PasskeyHolder(person=person)


# Commands


class Changed(Answer, frozen=True, kw_only=True):
    """Whose passkey it is."""

    person: PersonId


async def add_passkey(actor: Actor, *, credential: bytes, key: bytes, counter: int) -> Changed:
    """Add a passkey whose device said just now that it is the actor's.

    Args: credential, what the passkey calls itself; key, its public half; counter, how often it
    signed. Refuses: PasskeyTaken, TooManyPasskeys.   Source: web 3.
    """
    person = permit_self(actor)
    digest = digest_of(credential)

    def work(batch: Batch) -> Changed:
        batch.need(Person, person, "person")
        held = _held(batch, person)
        decide_passkey(held, there=batch.get(Passkey, digest) is not None)
        batch.put(PasskeyHolder(person=person, digests=(*held.digests, digest)))
        batch.put(Passkey(digest, person, key, counter, batch.today))
        return Changed(person=person)

    needs: list[Place] = [(Person, person), (Passkey, digest), (PasskeyHolder, person)]
    return await write(actor, None, work, answer=Changed, needs=needs)


async def remove_passkey(actor: Actor, *, passkey: str) -> Changed:
    """Let a passkey of one's own open nothing any more. Refuses: NotFound."""
    person = permit_self(actor, closed_too=True)

    def work(batch: Batch) -> Changed:
        held = batch.get(Passkey, passkey)
        if held is None or held.person != person:
            raise NotFound(what="passkey")
        left = tuple(one for one in _held(batch, person).digests if one != passkey)
        batch.put(PasskeyHolder(person=person, digests=left))
        batch.drop(Passkey, passkey)
        return Changed(person=person)

    needs: list[Place] = [(Passkey, passkey), (PasskeyHolder, person)]
    return await write(actor, None, work, answer=Changed, needs=needs)


async def sign_in_by_passkey(*, credential: bytes, counter: int) -> SignedIn:
    """Open a session for whose passkey signed just now, as was checked with its public half.

    Refuses: PasskeyUnknown, PasskeyCopied, SignInFailed.   Source: web 3.
    """
    digest = digest_of(credential)

    def work(batch: Batch) -> Changed:
        held = batch.get(Passkey, digest)
        if held is None:
            raise PasskeyUnknown
        batch.put(decide_counter(held, counter))
        return Changed(person=held.person)

    used = await write(PUBLIC, None, work, answer=Changed, needs=[(Passkey, digest)])
    return await open_session(used.person, twice=False)


# Reads


def are_offered() -> bool:
    """Whether passkeys are taken here."""
    return keyring().settings.passkeys


async def passkey_called(credential: bytes) -> Passkey | None:
    """The passkey that calls itself so, whosever it is; for whoever checks what it signed."""
    return await find(Passkey, digest_of(credential))


async def passkeys_of(actor: Actor) -> list[Passkey]:
    """The actor's own passkeys, the oldest first."""
    held = await select(Passkey, person=permit_self(actor, closed_too=True))
    return sorted(held, key=lambda one: (one.added_on, one.digest))


def digest_of(credential: bytes) -> str:
    """By what a passkey is found."""
    return hashlib.sha256(credential).hexdigest()

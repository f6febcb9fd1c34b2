"""Cards: a number on a card and a PIN, for those without a telephone (web 3).

Given out at the counter, where the person types the PIN; a new card takes the old one's place. The
number is kept as a keyed mark only and the PIN hashed: neither can be read again. A card proves
little, so that whoever holds a role does nothing of it in a card's session.
"""

import asyncio
import re
import secrets

from timebank.actors import Actor, PersonId
from timebank.argon import Cost, hashed
from timebank.batch import Batch
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.refusals import Refusal
from timebank.sign_in import Attempts, SignedIn, open_session, prove
from timebank.sign_in_resets import at_sign_in_counter
from timebank.tables import Row, find, table
from timebank.vault import keyring

CARD_DIGITS = 12
PIN = re.compile(r"[0-9]{6}", re.ASCII)
RUNS = "0123456789012345 9876543210987654"
LEAST_DIFFERENT = 3


# Events


class CardIssued(Event, frozen=True, tag="card.issued"):
    """A person was given a card at the counter; those given before are worth nothing."""

    person: PersonId


# Refusals


class PinWeak(Refusal):
    """A PIN that the first few guesses would find."""

    says = "A PIN has 6 digits, at least {least} different ones, and not in a row."
    least: int
    path = ("pin",)


# Tables: all of the vault


@table("card", vault=True)
class Card(Row, frozen=True):
    """A card that holds; `mark` is the keyed digest of its number, `phc` the PIN, hashed."""

    mark: str
    person: str
    phc: str


@table("card_holder", vault=True)
class CardHolder(Row, frozen=True):
    """Which card of a person holds."""

    person: str
    mark: str


# Decisions


def decide_pin(pin: str) -> None:
    """Whether a PIN is worth having. Refuses: PinWeak."""
    if not PIN.fullmatch(pin) or len(set(pin)) < LEAST_DIFFERENT or pin in RUNS:
        raise PinWeak(least=LEAST_DIFFERENT)


def new_card() -> str:
    """A random card number."""
    return f"{secrets.randbelow(10**CARD_DIGITS):0{CARD_DIGITS}d}"


# Commands


class Issued(Answer, frozen=True, kw_only=True):
    """The number on the card, told this once: the attempt has no request key."""

    person: PersonId
    card: str


async def issue_card(actor: Actor, *, number: str, pin: str, cost: Cost | None = None) -> Issued:
    """Give a person a card at the counter, in the place of the one before, with a PIN they typed.

    Ends a lock-out: who stands at the counter has been seen.
    Refuses: PinWeak, NotFound, OwnCounter, HoldsRole.   Source: web 3.
    """
    decide_pin(pin)
    phc = await asyncio.to_thread(hashed, pin, cost or Cost())
    card = new_card()

    def work(batch: Batch) -> Issued:
        whose = at_sign_in_counter(batch, number).id
        if (before := batch.get(CardHolder, whose)) is not None:
            batch.drop(Card, before.mark)
        mark = _mark(card)
        batch.put(CardHolder(person=whose, mark=mark))
        batch.put(Card(mark=mark, person=whose, phc=phc))
        batch.drop(Attempts, whose)
        return Issued(entry=batch.record(CardIssued(person=whose)).seq, person=whose, card=card)

    return await write(actor, None, work, answer=Issued)


async def sign_in_by_card(*, card: str, pin: str) -> SignedIn:
    """Open a session by card and PIN. Refuses: SignInFailed, LockedOut.   Source: web 3."""
    mark = _mark("".join(card.split()))
    held = await find(Card, mark)
    subject = held.person if held else f"nobody:{mark[:4]}"
    await prove(subject, held.phc if held else None, pin)
    return await open_session(subject, twice=False)


def _mark(card: str) -> str:
    return keyring().mark("card", card)

"""Given consents: what a person lets the bank do with their data, purpose by purpose (domain 11).

The terms to which somebody consents by registering name every purpose and have a version. What the
service itself needs ends with the account; each of the others is withdrawn, and given again, by one
tap, by the person or by the guardian of a minor, and holds from that moment. Every one of these
acts is an entry with purpose and version. Knows what was said; whoever uses data asks `allowed`.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, may_read, permit_self
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.consents import CONSENT_VERSION
from timebank.counter import person_numbered
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.people import AgeBand, PersonRegistered, person_by_number
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.tables import Row, find, find_many, table

MOST_SAID = 50
"""So many later words are kept beside the ledger, which has them all."""


class ConsentPurpose(StrEnum):
    """What data are used for, as the terms name it."""

    SERVICE = "service"
    STAFF_PHONE = "staff_phone"
    PARTNER_PHONE = "partner_phone"


# Events


class ConsentGiven(Event, frozen=True, tag="consent.given"):
    """A person, or the guardian of a minor, lets the bank do something again."""

    person: PersonId
    purpose: ConsentPurpose
    version: str
    guardian: PersonId | None = None


class ConsentWithdrawn(Event, frozen=True, tag="consent.withdrawn"):
    """A person, or the guardian of a minor, does not want it any more."""

    person: PersonId
    purpose: ConsentPurpose
    version: str
    guardian: PersonId | None = None


# Refusals


class ConsentStands(Refusal):
    """There is nothing to give."""

    says = "You consented to this already."


class ConsentNotGiven(Refusal):
    """There is nothing to withdraw."""

    says = "You withdrew this consent already."


class ConsentOfAccount(Refusal):
    """Without what the service itself needs there is no account."""

    says = "An account needs this. To withdraw it, ask for your data to be deleted."


# Tables and projectors


class Said(msgspec.Struct, frozen=True):
    """What was said of a purpose the last time (None: of all, by registering), and when."""

    purpose: ConsentPurpose | None
    given: bool
    version: str
    at: datetime


@table("consent")
class Consent(Row, frozen=True):
    """What a person said by registering and since, in order; of what was said often the latest."""

    person: str
    said: tuple[Said, ...]

    def of(self, purpose: ConsentPurpose) -> Said:
        """What the person said of a purpose the last time."""
        return self.history(purpose)[0]

    def history(self, purpose: ConsentPurpose) -> list[Said]:
        """What the person said of a purpose, the latest first."""
        return [one for one in reversed(self.said) if one.purpose in (purpose, None)]


@projects(PersonRegistered)
def _registered(rows: Rows, event: PersonRegistered, entry: Sealed) -> None:
    said = Said(purpose=None, given=True, version=event.consent_version, at=entry.at)
    rows.put(Consent(person=event.person, said=(said,)))


@projects(ConsentGiven, ConsentWithdrawn)
def _said(rows: Rows, event: ConsentGiven | ConsentWithdrawn, entry: Sealed) -> None:
    held = rows.there(Consent, event.person)
    given = isinstance(event, ConsentGiven)
    made = Said(purpose=event.purpose, given=given, version=event.version, at=entry.at)
    first, *since = held.said
    rows.put(msgspec.structs.replace(held, said=(first, *since[1 - MOST_SAID :], made)))


# Decisions


def decide_give(held: Consent, purpose: ConsentPurpose) -> None:
    """Whether there is anything to consent to: newer terms may be consented to anew.

    Refuses: ConsentStands.
    """
    said = held.of(purpose)
    if said.given and said.version == CONSENT_VERSION:
        raise ConsentStands


def decide_withdraw(held: Consent, purpose: ConsentPurpose) -> None:
    """Whether a consent may be withdrawn. Refuses: ConsentOfAccount, ConsentNotGiven."""
    if purpose is ConsentPurpose.SERVICE:
        raise ConsentOfAccount
    if not held.of(purpose).given:
        raise ConsentNotGiven


# What other capabilities ask


async def allowed(people: Iterable[PersonId], purpose: ConsentPurpose) -> set[PersonId]:
    """Those of the people who let their data be used for a purpose."""
    asked = sorted(set(people))
    held = await find_many(Consent, asked) if asked else {}
    return {one for one in asked if one in held and held[one].of(purpose).given}


# Commands


class Consented(Answer, frozen=True, kw_only=True):
    """Who said something of which purpose."""

    person: PersonId
    purpose: ConsentPurpose


async def give_consent(
    actor: Actor, *, purpose: ConsentPurpose, key: RequestKey, number: str | None = None
) -> Consented:
    """Consent to a purpose by the terms of today.

    Args: number, a minor's volunteer number, for the guardian (None: oneself).
    Refuses: NotFound, ConsentStands.   Source: domain 11.
    """
    return await _say(actor, purpose, key, number, gives=True)


async def withdraw_consent(
    actor: Actor, *, purpose: ConsentPurpose, key: RequestKey, number: str | None = None
) -> Consented:
    """Withdraw a consent; it holds from this moment, and what was done before stays.

    Refuses: NotFound, ConsentOfAccount, ConsentNotGiven.   Source: domain 11, Personal Information
    Protection Law Art. 15.
    """
    return await _say(actor, purpose, key, number, gives=False)


async def _say(
    actor: Actor, purpose: ConsentPurpose, key: RequestKey, number: str | None, *, gives: bool
) -> Consented:
    own = permit_self(actor)

    def work(batch: Batch) -> Consented:
        whose, guardian = _whose(batch, own, number)
        held = batch.need(Consent, whose, "person")
        (decide_give if gives else decide_withdraw)(held, purpose)
        made = ConsentGiven if gives else ConsentWithdrawn
        event = made(person=whose, purpose=purpose, version=CONSENT_VERSION, guardian=guardian)
        return Consented(entry=batch.record(event).seq, person=whose, purpose=purpose)

    needs: list[Place] = [(Consent, own)] if number is None else []
    return await write(actor, key, work, answer=Consented, needs=needs)


def _whose(batch: Batch, own: PersonId, number: str | None) -> tuple[PersonId, PersonId | None]:
    """Whose consent it is, and the guardian by whom: nobody consents for who is of age."""
    if number is None:
        return own, None
    held = person_numbered(batch, number)
    if held.id == own:
        return own, None
    minor = held.guardian == own and batch.need(AgeBand, held.id, "person")
    if not minor or minor.adult_from <= batch.today:
        raise NotFound(what="person")
    return held.id, own


# Reads


async def consents_of(actor: Actor, number: str | None = None) -> Consent | None:
    """What the actor said, or their ward; for the data protection officer, anybody in scope."""
    if number is None:
        return await find(Consent, actor.person) if actor.person else None
    held = await person_by_number(number)
    if held is None:
        return None
    # Most people have no guardian, and the public is no person: that is nobody's ward.
    own = actor.person is not None and actor.person in (held.id, held.guardian)
    seen = own or await may_read(actor, Action.ANSWER_REQUEST, held.home_path)
    return await find(Consent, held.id) if seen else None

"""Corrections: what is kept of a person is put right, and the ledger says which fields (domain 11).

A person changes their own telephone; name, document and birth date are put right by the data
protection officer, who saw the document and to whom a request for correction is open. What it said
before is not kept. Knows fields and who may change them; refuses to know how they are sealed.
"""

from datetime import date
from enum import StrEnum

import msgspec

from timebank.access import permit_self
from timebank.actors import Actor, PersonId
from timebank.age_bands import AgeBand
from timebank.batch import Batch
from timebank.consents import decide_consent
from timebank.data_requests import LIFECYCLE, DataRequest, RequestGranted, RequestKind, to_answer
from timebank.events import Event
from timebank.identity import ADULT, DocumentType, birth_of, years_old
from timebank.journal import Answer, write
from timebank.kept_fields import kept_field
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.names import findings_of, reindex_name
from timebank.people import (
    NAME_MOST,
    PHONE,
    NameMissing,
    Person,
    PhoneWrong,
    RegisteredAlready,
    phone_digits,
)
from timebank.person_life import PersonState
from timebank.projections import Place
from timebank.refusals import NotFound, Refusal
from timebank.tables import find
from timebank.vault import (
    DataKey,
    KeyedFinding,
    KeyedIndex,
    holder_of,
    index_alone,
    index_shared,
    keep_fields,
    unindex_shared,
)


class PersonField(StrEnum):
    """What can be put right."""

    NAME = "name"
    PHONE = "phone"
    DOCUMENT = "document"
    BIRTH = "birth"


# Events


class PersonCorrected(Event, frozen=True, tag="person.corrected"):
    """Fields of a person were put right; what they say is not on the ledger."""

    person: PersonId
    fields: tuple[PersonField, ...]


# Refusals


class NothingToCorrect(Refusal):
    """A correction changes something, and answers a request for it."""

    says = "Give what is to be put right, for an open request for correction."


class Papers(msgspec.Struct, frozen=True, kw_only=True):
    """What proves who somebody is, and when they were born."""

    document: DocumentType
    number: str
    birth: date


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the officer saw in the document; None where it is as it was kept."""

    document: DocumentType | None = None
    number: str | None = None
    birth: date | None = None


# Decisions


def decide_papers(kept: Papers, seen: Seen) -> Papers:
    """What is kept from now on. A resident number tells the birth date, whatever else is given.

    Refuses: DocumentNumberWrong.
    """
    document = seen.document or kept.document
    number = kept.number if seen.number is None else seen.number.strip().upper()
    birth = birth_of(document, number, seen.birth or kept.birth)
    return Papers(document=document, number=number, birth=birth)


def decide_fields(name: str | None, phone: str | None) -> dict[PersonField, str]:
    """The fields that change, as they are kept. Refuses: NameMissing, PhoneWrong."""
    told: dict[PersonField, str] = {}
    if name is not None:
        plain = " ".join(name.split())
        if not plain or len(plain) > NAME_MOST or not plain.isprintable():
            raise NameMissing(most=NAME_MOST)
        told[PersonField.NAME] = plain
    if phone is not None:
        plain = phone.replace(" ", "")
        if not PHONE.fullmatch(plain):
            raise PhoneWrong
        told[PersonField.PHONE] = plain
    return told


# Commands


class Corrected(Answer, frozen=True, kw_only=True):
    """Whose data were put right."""

    person: PersonId


async def change_phone(actor: Actor, *, phone: str, key: RequestKey) -> Corrected:
    """Change one's own telephone. Refuses: NotFound, PhoneWrong."""
    person = permit_self(actor)
    told = decide_fields(None, phone)
    found = await findings_of(person)

    def work(batch: Batch) -> Corrected:
        return _correct(batch, person, told, found, Seen())

    return await write(actor, key, work, answer=Corrected, needs=_needs(person, found))


async def correct_person(
    actor: Actor,
    *,
    request: str,
    key: RequestKey,
    name: str | None = None,
    phone: str | None = None,
    document: DocumentType | None = None,
    document_number: str | None = None,
    birth: date | None = None,
) -> Corrected:
    """Put right what a person asked to be put right, as the data protection officer.

    Args: what is None stays as it is kept; birth, where the document does not tell it.
    Refuses: NotFound, OwnRequest, NotInThisState, NothingToCorrect, NameMissing, PhoneWrong,
    DocumentNumberWrong, RegisteredAlready, TooYoung, GuardianMissing, GuardianTooYoung.
    Source: domain 11, Personal Information Protection Law Art. 46.
    """
    told = decide_fields(name, phone)
    seen = Seen(document=document, number=document_number, birth=birth)
    asked = await find(DataRequest, request)
    found = await findings_of(asked.person if asked else request)

    def work(batch: Batch) -> Corrected:
        held = to_answer(batch, request)
        step(LIFECYCLE, held.state, RequestGranted)
        if held.kind is not RequestKind.CORRECTION:
            raise NothingToCorrect
        return _correct(batch, held.person, told, found, seen)

    needs: list[Place] = [(DataRequest, request)]
    needs += _needs(asked.person, found) if asked else []
    return await write(actor, key, work, answer=Corrected, needs=needs)


def _correct(
    batch: Batch, person: PersonId, told: dict[PersonField, str], found: list[str], seen: Seen
) -> Corrected:
    held = batch.need(Person, person, "person")
    if held.state is PersonState.ERASED:
        raise NotFound(what="person")
    fields = {*told, *_correct_papers(batch, held, seen)}
    if not fields:
        raise NothingToCorrect
    keep_fields(batch, person, **{field.value: value for field, value in told.items()})
    if PersonField.PHONE in told:
        unindex_shared(batch, person, found, "phone")
        index_shared(batch, person, "phone", phone_digits(told[PersonField.PHONE]))
    if PersonField.NAME in told:
        reindex_name(batch, person, held.home, told[PersonField.NAME], found)
    entry = batch.record(PersonCorrected(person=person, fields=tuple(sorted(fields))))
    return Corrected(entry=entry.seq, person=person)


def _correct_papers(batch: Batch, person: Person, seen: Seen) -> set[PersonField]:
    """Keep what the officer saw; which fields that changes."""
    if seen == Seen():
        return set()
    kept = Papers(
        document=DocumentType(kept_field(batch, person.id, "document") or ""),
        number=kept_field(batch, person.id, "document_number") or "",
        birth=batch.need(AgeBand, person.id, "person").born,
    )
    now = decide_papers(kept, seen)
    changed: set[PersonField] = set()
    if (now.document, now.number) != (kept.document, kept.number):
        changed.add(PersonField.DOCUMENT)
        _index_document(batch, person.id, kept, now)
    if now.birth != kept.birth:
        changed.add(PersonField.BIRTH)
        _agrees(batch, person, now.birth)
        batch.put(AgeBand(person=person.id, born=now.birth))
    keep_fields(
        batch,
        person.id,
        document=now.document.value,
        document_number=now.number,
        birth=now.birth.isoformat(),
    )
    return changed


def _index_document(batch: Batch, person: PersonId, kept: Papers, now: Papers) -> None:
    """Let the person be found by the document alone that they have. Refuses: RegisteredAlready.

    One that went into this person's registration had the same document: that was the mistake.
    """
    other = holder_of(batch, now.document.value, now.number)
    if other is not None:
        if batch.there(Person, other.person).merged_into != person:
            raise RegisteredAlready
        batch.drop(KeyedIndex, other.mark)
    old = holder_of(batch, kept.document.value, kept.number)
    if old is not None and old.person == person:
        batch.drop(KeyedIndex, old.mark)
    index_alone(batch, person, now.document.value, now.number)


def _agrees(batch: Batch, person: Person, birth: date) -> None:
    """Whether somebody born then could have registered so: old enough, or with their guardian."""
    young = years_old(birth, batch.today) < ADULT
    guardian = person.guardian if young else None
    adult_from = batch.need(AgeBand, guardian, "person").adult_from if guardian else None
    least = batch.policy.record.min_age
    decide_consent(birth, batch.today, least=least, known=True, guardian_adult_from=adult_from)


def _needs(person: PersonId, found: list[str]) -> list[Place]:
    return [(Person, person), (DataKey, person), *((KeyedFinding, id) for id in found)]

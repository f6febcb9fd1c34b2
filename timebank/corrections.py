"""Corrections: what is kept of a person is put right, and the ledger says which fields (domain 11).

A person changes their own telephone; a name is put right by the data protection officer, who saw
the document and to whom a request for correction is open. What it said before is not kept. Knows
fields and who may change them; refuses to know how they are sealed.
"""

from enum import StrEnum

from timebank.access import permit_self
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.data_requests import LIFECYCLE, DataRequest, RequestGranted, RequestKind, to_answer
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.names import findings_of, reindex_name
from timebank.people import NAME_MOST, PHONE, NameMissing, Person, PhoneWrong, phone_digits
from timebank.person_life import PersonState
from timebank.projections import Place
from timebank.refusals import NotFound, Refusal
from timebank.tables import find
from timebank.vault import DataKey, KeyedFinding, index_shared, keep_fields, unindex_shared


class PersonField(StrEnum):
    """What can be put right."""

    NAME = "name"
    PHONE = "phone"


# Events


class PersonCorrected(Event, frozen=True, tag="person.corrected"):
    """Fields of a person were put right; what they say is not on the ledger."""

    person: PersonId
    fields: tuple[PersonField, ...]


# Refusals


class NothingToCorrect(Refusal):
    """A correction changes something, and answers a request for it."""

    says = "Give what is to be put right, for an open request for correction."


# Decisions


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
        return _correct(batch, person, told, found)

    return await write(actor, key, work, answer=Corrected, needs=_needs(person, found))


async def correct_person(
    actor: Actor,
    *,
    request: str,
    key: RequestKey,
    name: str | None = None,
    phone: str | None = None,
) -> Corrected:
    """Put right what a person asked to be put right, as the data protection officer.

    Refuses: NotFound, OwnRequest, NotInThisState, NothingToCorrect, NameMissing, PhoneWrong.
    Source: domain 11, Personal Information Protection Law Art. 46.
    """
    told = decide_fields(name, phone)
    asked = await find(DataRequest, request)
    found = await findings_of(asked.person if asked else request)

    def work(batch: Batch) -> Corrected:
        held = to_answer(batch, request)
        step(LIFECYCLE, held.state, RequestGranted)
        if held.kind is not RequestKind.CORRECTION or not told:
            raise NothingToCorrect
        return _correct(batch, held.person, told, found)

    needs: list[Place] = [(DataRequest, request)]
    needs += _needs(asked.person, found) if asked else []
    return await write(actor, key, work, answer=Corrected, needs=needs)


def _correct(
    batch: Batch, person: PersonId, told: dict[PersonField, str], found: list[str]
) -> Corrected:
    held = batch.need(Person, person, "person")
    if held.state is PersonState.ERASED:
        raise NotFound(what="person")
    keep_fields(batch, person, **{field.value: value for field, value in told.items()})
    if PersonField.PHONE in told:
        unindex_shared(batch, person, found, "phone")
        index_shared(batch, person, "phone", phone_digits(told[PersonField.PHONE]))
    if PersonField.NAME in told:
        reindex_name(batch, person, held.home, told[PersonField.NAME], found)
    entry = batch.record(PersonCorrected(person=person, fields=tuple(sorted(told))))
    return Corrected(entry=entry.seq, person=person)


def _needs(person: PersonId, found: list[str]) -> list[Place]:
    return [(Person, person), (DataKey, person), *((KeyedFinding, id) for id in found)]

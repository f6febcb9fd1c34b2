"""People: registered with their own consent, known by a number, nameless on the ledger.

A person has an opaque id, a random public volunteer number and a home station; name, document
number, telephone and birth date are sealed in the vault (domain 11). Names are read through
`names_of`, which asks who is asking.
"""

import re
import secrets
from datetime import date
from enum import StrEnum

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, may_read, permit
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.divisions import CITY_PATH
from timebank.events import Event
from timebank.identity import (
    DocumentType,
    GuardianMissing,
    TooYoung,
    anniversary,
    birth_of,
    years_old,
)
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.places import Station, working_station
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, find, find_many, select, table
from timebank.vault import DataKey, KeyedIndex, keep_fields, keyring, read_fields

CONSENT_VERSION = "2026-11"
PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}")
NAME_MOST = 60


class PersonState(StrEnum):
    """The life of a person's account."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class ConsentWay(StrEnum):
    """How consent was given: nobody is registered without it (domain 11)."""

    SELF = "self"
    GUARDIAN = "guardian"
    COUNTER = "counter"


# Events


class PersonRegistered(Event, frozen=True, tag="person.registered"):
    """Somebody registered, with their own consent to a version of the terms."""

    person: PersonId
    number: str
    consent: ConsentWay
    consent_version: str
    document: DocumentType
    home: str | None = None
    guardian: PersonId | None = None


class PersonSuspended(Event, frozen=True, tag="person.suspended"):
    """A person may not serve for now, with a reason code."""

    person: PersonId
    reason: str


class PersonReinstated(Event, frozen=True, tag="person.reinstated"):
    """A suspended person may serve again."""

    person: PersonId


# Refusals


class ConsentMissing(Refusal):
    """Nobody is registered without consent (domain 11)."""

    says = "Nobody is registered without their own consent; ask for it first."
    path = ("consent",)


class NameMissing(Refusal):
    """A person has a name."""

    says = "Give the name as it stands in the document, at most {most} characters."
    most: int
    path = ("name",)


class PhoneWrong(Refusal):
    """Not a telephone number of this country."""

    says = "This is no valid telephone number; give 11 digits, or area code and number."
    path = ("phone",)


class RegisteredAlready(Refusal):
    """One person, one account."""

    says = "Somebody with this document is registered already; look the person up instead."
    path = ("documentNumber",)


class PersonNotActive(Refusal):
    """The person may not serve now."""

    says = "Volunteer {number} is {state} and cannot serve now."
    number: str
    state: str


# Lifecycle

LIFECYCLE: Lifecycle[PersonState] = {
    PersonState.ACTIVE: {PersonSuspended: PersonState.SUSPENDED},
    PersonState.SUSPENDED: {PersonReinstated: PersonState.ACTIVE},
    PersonState.CLOSED: {},
}


# Decisions


def decide_age(birth: date, today: date, least: int, guardian: "Person | None") -> None:
    """Whether somebody may register. Refuses: TooYoung, GuardianMissing."""
    if years_old(birth, today) < least:
        raise TooYoung(least=least)
    if years_old(birth, today) < 18 and guardian is None:
        raise GuardianMissing


# Tables and projectors


@table("person", index=[("home",)])
class Person(Row, frozen=True):
    """One person; `home_path` is the path of the station `home`, or the city's."""

    id: str
    number: str
    home: str | None
    home_path: str
    state: PersonState
    guardian: str | None = None


@table("volunteer_number")
class VolunteerNumber(Row, frozen=True):
    """Who has a public volunteer number."""

    number: str
    person: str


@table("age_band", vault=True)
class AgeBand(Row, frozen=True):
    """From which days somebody may serve, earn credit, and is of age: all that decisions ask."""

    person: str
    serves_from: date
    credit_from: date
    adult_from: date


@projects(PersonRegistered)
def _registered(rows: Rows, event: PersonRegistered, entry: Sealed) -> None:
    path = rows.there(Station, event.home).path if event.home else CITY_PATH
    rows.put(VolunteerNumber(number=event.number, person=event.person))
    rows.put(
        Person(
            id=event.person,
            number=event.number,
            home=event.home,
            home_path=path,
            state=PersonState.ACTIVE,
            guardian=event.guardian,
        )
    )


@projects(PersonSuspended, PersonReinstated)
def _moved(rows: Rows, event: PersonSuspended | PersonReinstated, entry: Sealed) -> None:
    held = rows.there(Person, event.person)
    state = step(LIFECYCLE, held.state, type(event))
    rows.put(msgspec.structs.replace(held, state=state))


# What other capabilities ask


def active_person(batch: Batch, id: PersonId) -> Person:
    """The person, who must be able to serve. Refuses: NotFound, PersonNotActive."""
    held = batch.need(Person, id, "person")
    if held.state is not PersonState.ACTIVE:
        raise PersonNotActive(number=held.number, state=held.state.value)
    return held


# Commands


class Registered(Answer, frozen=True, kw_only=True):
    """Who was registered, under which volunteer number."""

    person: PersonId
    number: str


def new_number() -> str:
    """A random volunteer number, such as WH-0420-118-3367: it tells nothing of its holder."""
    digits = f"{secrets.randbelow(10**11):011d}"
    return f"WH-{digits[:4]}-{digits[4:7]}-{digits[7:]}"


async def register_person(
    actor: Actor,
    *,
    name: str,
    document: DocumentType,
    document_number: str,
    phone: str,
    home: str | None,
    consent: bool,
    key: RequestKey,
    birth: date | None = None,
    guardian: PersonId | None = None,
) -> Registered:
    """Register somebody: by themselves at the page, or by staff at the counter.

    Args: home, the station that looks after the person, None for officers who do not volunteer;
    consent, given by the person or the guardian, spoken at the counter and noted by staff; birth,
    where the document does not tell it.
    Refuses: ConsentMissing, NameMissing, DocumentNumberWrong, BirthMissing, PhoneWrong, TooYoung,
    GuardianMissing, RegisteredAlready, NotFound, StationNotActive.   Source: domain 4 and 11.
    """
    name, document_number = " ".join(name.split()), document_number.strip().upper()
    phone = phone.replace(" ", "")
    if not consent:
        raise ConsentMissing
    if not name or len(name) > NAME_MOST:
        raise NameMissing(most=NAME_MOST)
    born = birth_of(document, document_number, birth)
    if not PHONE.fullmatch(phone):
        raise PhoneWrong
    mark = keyring().mark(document.value, document_number)
    number = new_number()
    person = new("per")

    def work(batch: Batch) -> Registered:
        place = batch.need(Station, home, "station").path if home else CITY_PATH
        if actor.known:
            permit(batch, Action.REGISTER_PERSON, place)
        if home:
            working_station(batch, home)
        minor = batch.need(Person, guardian, "person") if guardian else None
        decide_age(born, batch.today, batch.policy.record.min_age, minor)
        if batch.get(KeyedIndex, mark) is not None:
            raise RegisteredAlready
        if batch.get(VolunteerNumber, number) is not None:
            raise LookupError("the volunteer number is drawn already; ask again")
        way = ConsentWay.COUNTER if actor.known else ConsentWay.SELF
        entry = batch.record(
            PersonRegistered(
                person=person,
                number=number,
                home=home,
                consent=ConsentWay.GUARDIAN if guardian else way,
                consent_version=CONSENT_VERSION,
                document=document,
                guardian=guardian,
            )
        )
        keep_fields(
            batch,
            person,
            name=name,
            document_number=document_number,
            phone=phone,
            birth=born.isoformat(),
        )
        batch.put(KeyedIndex(mark=mark, person=person))
        batch.put(
            AgeBand(
                person=person,
                serves_from=anniversary(born, batch.policy.record.min_age),
                credit_from=anniversary(born, batch.policy.credit.credit_age),
                adult_from=anniversary(born, 18),
            )
        )
        return Registered(entry=entry.seq, person=person, number=number)

    return await write(
        actor,
        key,
        work,
        answer=Registered,
        needs=[
            *([(Station, home)] if home else []),
            (KeyedIndex, mark),
            (VolunteerNumber, number),
            (DataKey, person),
        ],
    )


# Reads


async def person(id: PersonId) -> Person | None:
    """A person by id."""
    return await find(Person, id)


async def person_by_number(number: str) -> Person | None:
    """A person by public volunteer number, spaces and letter case forgiven."""
    held = await find(VolunteerNumber, number.strip().upper())
    return await find(Person, held.person) if held else None


async def people_by_id(ids: list[PersonId]) -> dict[str, Person]:
    """People by their ids, in one statement."""
    found = await find_many(Person, ids)
    return {str(id): row for id, row in found.items()}


async def names_of(actor: Actor, ids: list[PersonId]) -> dict[PersonId, str]:
    """The names that the actor may see: their own, and those of people whose home is in scope."""
    seen = [id for id in ids if id == actor.person]
    for id, held in (await people_by_id([id for id in ids if id != actor.person])).items():
        if await may_read(actor, Action.FIND_PERSON, held.home_path):
            seen.append(id)
    told = await read_fields(seen, "name")
    return {id: fields["name"] for id, fields in told.items() if "name" in fields}


async def people_of(station: str) -> list[Person]:
    """The people whose home is a station, by volunteer number."""
    return await select(Person, home=station, order=["number"])

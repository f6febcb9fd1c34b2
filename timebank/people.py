"""People: registered with their own consent, known by a number, nameless on the ledger.

A person has an opaque id, a random public volunteer number and a home station; name, document
number, telephone and birth date are sealed in the vault (domain 11). Names are read through
`directory`, which asks who is asking.
"""

import re
import secrets
from datetime import date
from typing import get_args

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, Grants, in_reach, permit
from timebank.actors import PUBLIC, SYSTEM, Actor, PersonId
from timebank.age_bands import AgeBand as AgeBand
from timebank.batch import Batch
from timebank.consents import CONSENT_VERSION, ConsentMissing, ConsentWay, decide_consent
from timebank.divisions import CITY_PATH
from timebank.events import Event
from timebank.identity import DocumentType, birth_of
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.merge_life import PersonMerged
from timebank.names import index_name
from timebank.person_life import (
    LIFECYCLE,
    HomeChanged,
    PersonMoved,
    PersonReinstated,
    PersonState,
    PersonSuspended,
    SuspensionReason,
)
from timebank.places import Station, working_station
from timebank.projections import Rows, projects
from timebank.refusals import Refusal, Unauthenticated
from timebank.tables import Row, find, find_many, table
from timebank.vault import DataKey, holder_of, index_alone, index_shared, keep_fields

PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}")
NAME_MOST = 60
DRAWN = 3


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


# Refusals


class NameMissing(Refusal):
    """A person has a name."""

    says = "Give the name as it stands in the document, at most {most} characters."
    most: int
    path = ("name",)


class PhoneWrong(Refusal):
    """Not a telephone number of this country."""

    says = "This is no valid telephone number; give 11 digits, or area code and number."
    path = ("phone",)


class HomeMissing(Refusal):
    """Every volunteer has a home station; only the software registers officers without one."""

    says = "Choose the station that is to look after this person."
    path = ("home",)


class RegisteredAlready(Refusal):
    """One person, one account."""

    says = "Somebody with this document is registered already; look the person up instead."
    path = ("documentNumber",)


class PersonNotActive(Refusal):
    """The person may not serve now."""

    says = "Volunteer {number} is {state} and cannot serve now."
    number: str
    state: str


# Tables and projectors


@table("person", index=[("home",)])
class Person(Row, frozen=True):
    """One person; `home_path` is the path of the station `home`, or the city's.

    `merged_into` is who else this turned out to be.
    """

    id: str
    number: str
    home: str | None
    home_path: str
    state: PersonState
    guardian: str | None = None
    merged_into: str | None = None


@table("volunteer_number")
class VolunteerNumber(Row, frozen=True):
    """Who has a public volunteer number."""

    number: str
    person: str


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


@projects(*get_args(PersonMoved))
def _moved(rows: Rows, event: PersonMoved, entry: Sealed) -> None:
    held = rows.there(Person, event.person)
    state = step(LIFECYCLE, held.state, type(event))
    rows.put(msgspec.structs.replace(held, state=state))


@projects(HomeChanged)
def _at_home(rows: Rows, event: HomeChanged, entry: Sealed) -> None:
    held, home = rows.there(Person, event.person), rows.there(Station, event.home)
    rows.put(msgspec.structs.replace(held, home=home.id, home_path=home.path))


@projects(PersonMerged)
def _merged(rows: Rows, event: PersonMerged, entry: Sealed) -> None:
    for id in (event.person, *rows.there(Grants, event.person).formers):
        held = rows.there(Person, id)
        rows.put(msgspec.structs.replace(held, merged_into=event.kept))
        rows.put(VolunteerNumber(number=held.number, person=event.kept))
    for ward in event.wards:
        rows.put(msgspec.structs.replace(rows.there(Person, ward), guardian=event.kept))


# What other capabilities ask


def as_now(batch: Batch, id: PersonId) -> Person:
    """Somebody by any id that is theirs: who was merged is found as whom they are now."""
    held = batch.there(Person, id)
    return batch.there(Person, held.merged_into) if held.merged_into else held


def selves_in(batch: Batch, person: PersonId) -> tuple[PersonId, ...]:
    """Every id under which somebody did things, for a work; `person` is the one that is kept."""
    held = batch.get(Grants, person)
    return (person, *(held.formers if held else ()))


def active_person(batch: Batch, id: PersonId) -> Person:
    """The person, who must be able to serve. Refuses: NotFound, PersonNotActive."""
    held = batch.need(Person, id, "person")
    if held.state is not PersonState.ACTIVE:
        raise PersonNotActive(number=held.number, state=held.state.value)
    return held


def person_in_scope(batch: Batch, action: Action, id: PersonId) -> Person:
    """A person on whom the actor, as staff, may do `action`.

    Refuses: NotFound, for a person out of scope too: the two must look the same.
    """
    return in_reach(batch, action, Person, id, what="person", where="home_path")


def phone_digits(phone: str) -> str:
    """A telephone number as it is indexed: its digits."""
    return "".join(filter(str.isdigit, phone))


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
    """Register somebody: by themselves at the page, by a guardian, or by staff at the counter.

    Args: home, the station that looks after the person, None for officers, whom the software
    registers; consent, given by the person or the guardian, spoken at the counter and noted by
    staff; birth, where the document does not tell it; key, of a form where nobody is signed in, so
    that no stranger meets the answer.
    Refuses: ConsentMissing, NameMissing, DocumentNumberWrong, BirthMissing, PhoneWrong, TooYoung,
    GuardianMissing, GuardianTooYoung, OfAge, HomeMissing, RegisteredAlready, PersonNotActive,
    NotFound, StationNotActive.   Source: domain 4 and 11.
    """
    if key.scope == PUBLIC.scope:
        raise Unauthenticated
    name, document_number = " ".join(name.split()), document_number.strip().upper()
    phone = phone.replace(" ", "")
    if not consent:
        raise ConsentMissing
    if not name or len(name) > NAME_MOST or not name.isprintable():
        raise NameMissing(most=NAME_MOST)
    born = birth_of(document, document_number, birth)
    if not PHONE.fullmatch(phone):
        raise PhoneWrong
    numbers = [new_number() for _ in range(DRAWN)]
    person = new("per")

    def work(batch: Batch) -> Registered:
        _permit_registering(batch, home, guardian)
        way = decide_consent(
            born,
            batch.today,
            least=batch.policy.record.min_age,
            known=actor.known,
            guardian_adult_from=_of_age(batch, guardian) if guardian else None,
        )
        if holder_of(batch, document.value, document_number) is not None:
            raise RegisteredAlready
        number = next(drawn for drawn in numbers if batch.get(VolunteerNumber, drawn) is None)
        entry = batch.record(
            PersonRegistered(
                person=person,
                number=number,
                home=home,
                consent=way,
                consent_version=CONSENT_VERSION,
                document=document,
                guardian=guardian,
            )
        )
        keep_fields(
            batch,
            person,
            name=name,
            document=document.value,
            document_number=document_number,
            phone=phone,
            birth=born.isoformat(),
        )
        index_alone(batch, person, document.value, document_number)
        index_shared(batch, person, "phone", phone_digits(phone))
        index_name(batch, person, home, name)
        batch.put(AgeBand(person=person, born=born))
        return Registered(entry=entry.seq, person=person, number=number)

    return await write(
        actor,
        key,
        work,
        answer=Registered,
        needs=[
            *([] if home is None else [(Station, home)]),
            *([] if actor.person is None else [(Grants, actor.person)]),
            *((VolunteerNumber, number) for number in numbers),
            (DataKey, person),
        ],
    )


def _permit_registering(batch: Batch, home: str | None, guardian: PersonId | None) -> None:
    """Anybody registers themselves, a guardian a ward, staff and the software others."""
    actor = batch.actor
    if home is None and actor != SYSTEM:
        raise HomeMissing
    path = working_station(batch, home).path if home else CITY_PATH
    own_ward = guardian is not None and actor.person == guardian
    if actor.known and not own_ward:
        permit(batch, Action.REGISTER_PERSON, path)


def _of_age(batch: Batch, guardian: PersonId) -> date:
    active_person(batch, guardian)
    return batch.need(AgeBand, guardian, "person").adult_from


class Moved(Answer, frozen=True, kw_only=True):
    """Whose account was suspended or reinstated."""

    person: PersonId


async def suspend_person(
    actor: Actor, *, person: PersonId, reason: SuspensionReason, key: RequestKey
) -> Moved:
    """Keep somebody from serving for now. Refuses: NotFound, NotInThisState. Source: domain 4."""
    return await _move(actor, person, PersonSuspended(person=person, reason=reason), key)


async def reinstate_person(actor: Actor, *, person: PersonId, key: RequestKey) -> Moved:
    """Let a suspended person serve again. Refuses: NotFound, NotInThisState."""
    return await _move(actor, person, PersonReinstated(person=person), key)


async def _move(
    actor: Actor, person: PersonId, event: PersonSuspended | PersonReinstated, key: RequestKey
) -> Moved:
    def work(batch: Batch) -> Moved:
        held = person_in_scope(batch, Action.SUSPEND_PERSON, person)
        step(LIFECYCLE, held.state, type(event))
        return Moved(entry=batch.record(event).seq, person=person)

    return await write(actor, key, work, answer=Moved, needs=[(Person, person)])


# Reads


async def person(id: PersonId) -> Person | None:
    """A person by id."""
    return await find(Person, id)


async def person_by_number(number: str) -> Person | None:
    """A person by public volunteer number, spaces and letter case forgiven."""
    held = await find(VolunteerNumber, number.strip().upper())
    return await find(Person, held.person) if held else None


async def people_by_id(ids: list[PersonId]) -> dict[str, Person]:
    """People by their ids, in one statement; who was merged is found as whom they are now."""
    found = {str(id): row for id, row in (await find_many(Person, ids)).items()}
    kept = {row.merged_into for row in found.values() if row.merged_into} - found.keys()
    now = found | (await find_many(Person, sorted(kept)) if kept else {})
    return {id: now[row.merged_into or id] for id, row in found.items()}


async def selves(person: PersonId) -> list[PersonId]:
    """Every id under which somebody did things: theirs, and those that were merged into it."""
    held = await find(Grants, person)
    return [person, *(held.formers if held else ())]

"""The directory: who may see whom, under which name and telephone.

A person sees themselves and their wards, staff see those whose home is in their scope. Whoever is
out of sight looks exactly like somebody who does not exist.
"""

from collections.abc import Callable

from timebank.access import Action, grants_of, may_read
from timebank.actors import Actor, PersonId
from timebank.clock import day_of
from timebank.identity import DocumentType
from timebank.journal import current
from timebank.looks import Looked, note_looks
from timebank.names import named_at
from timebank.people import Person, people_by_id, person_by_number, phone_digits
from timebank.person_life import PersonState
from timebank.places import Station
from timebank.restrictions import restricted_among
from timebank.tables import find
from timebank.vault import found_alone, found_shared, read_fields


async def visible_people(actor: Actor, ids: list[PersonId]) -> dict[PersonId, Person]:
    """The people the actor may see: themselves, their wards, and whose home is in scope."""
    found = await people_by_id(ids)
    sees = await _sees(actor)
    return {id: held for id, held in found.items() if sees(held)}


async def _sees(actor: Actor) -> Callable[[Person], bool]:
    own, today = await grants_of(actor), day_of(current().clock.now())

    def sees(held: Person) -> bool:
        if actor.person is not None and actor.person in (held.id, held.guardian):
            return True
        return own is not None and own.may(Action.FIND_PERSON, held.home_path, today)

    return sees


async def _named(actor: Actor, ids: list[PersonId], what: Looked) -> list[PersonId]:
    """Those of whom the actor may read more than the number.

    Whoever asked to be erased, or restricted their data, is not read by others. What staff read is
    noted before they have it.
    """
    seen = await visible_people(actor, ids)
    own = [id for id, held in seen.items() if actor.person in (id, held.guardian)]
    others = seen.keys() - set(own)
    restricted = await restricted_among(sorted(others)) if others else set()
    read = [
        id
        for id in sorted(others)
        if seen[id].state is not PersonState.ERASING and id not in restricted
    ]
    await note_looks(actor, read, what)
    return [*own, *read]


async def names_of(actor: Actor, ids: list[PersonId]) -> dict[PersonId, str]:
    """The names of those the actor may see."""
    told = await read_fields(await _named(actor, ids, Looked.NAME), "name")
    return {id: fields["name"] for id, fields in told.items() if "name" in fields}


async def phones_of(actor: Actor, ids: list[PersonId]) -> dict[PersonId, str]:
    """The telephones of those the actor may see."""
    told = await read_fields(await _named(actor, ids, Looked.PHONE), "phone")
    return {id: fields["phone"] for id, fields in told.items() if "phone" in fields}


async def find_person(actor: Actor, *, number: str) -> Person | None:
    """A person by public volunteer number, if the actor may see them."""
    held = await person_by_number(number)
    return held if held is not None and (await _sees(actor))(held) else None


async def find_by_document(
    actor: Actor, *, document: DocumentType, document_number: str
) -> Person | None:
    """A person by document, if the actor may see them: for the counter."""
    id = await found_alone(document.value, document_number.strip().upper())
    held = await find(Person, id) if id else None
    if held is None or not (await _sees(actor))(held):
        return None
    await _note_found(actor, [held], Looked.DOCUMENT)
    return held


MOST_WITH_PHONE = 50


async def find_by_phone(actor: Actor, *, phone: str) -> list[Person]:
    """Those with a telephone number whom the actor may see, by volunteer number."""
    ids = await found_shared("phone", phone_digits(phone), limit=MOST_WITH_PHONE)
    seen = sorted((await visible_people(actor, ids)).values(), key=lambda held: held.number)
    await _note_found(actor, seen, Looked.PHONE)
    return seen


async def find_by_name(actor: Actor, *, station: str, name: str) -> list[Person]:
    """Those of a station with a name whom the actor may see, by volunteer number: for the counter.

    Args: name, in characters, in pinyin without tones, or by its first letters.
    """
    place = await find(Station, station)
    if place is None or not await may_read(actor, Action.FIND_PERSON, place.path):
        return []
    read = await _named(actor, await named_at(station, name), Looked.NAME)
    return sorted((await people_by_id(read)).values(), key=lambda held: held.number)


async def _note_found(actor: Actor, found: list[Person], what: Looked) -> None:
    """Note that staff found somebody by what they know of them."""
    others = [held.id for held in found if actor.person not in (held.id, held.guardian)]
    await note_looks(actor, others, what)

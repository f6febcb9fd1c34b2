"""The directory: who may see whom, under which name and telephone.

A person sees themselves and their wards, staff see those whose home is in their scope, or in that
of an urgent access. Whoever is out of sight looks exactly like somebody who does not exist.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import msgspec

from timebank.access import Action, reach
from timebank.actors import Actor, PersonId
from timebank.given_consents import ConsentPurpose, allowed
from timebank.identity import DocumentType
from timebank.journal import current
from timebank.looks import Looked, note_looks
from timebank.names import named_at
from timebank.people import Person, people_by_id, person_by_number, phone_digits
from timebank.person_life import PersonState
from timebank.places import Station
from timebank.restrictions import restricted_among
from timebank.tables import find
from timebank.urgent_access import UrgentAccess, standing_accesses
from timebank.vault import found_alone, found_shared, read_fields


class Sight(msgspec.Struct, frozen=True):
    """What somebody may see now: by who they are, by their roles, by an urgent access."""

    actor: Actor
    granted: Callable[[str], bool]
    urgent: tuple[UrgentAccess, ...]
    now: datetime

    def own(self, held: Person) -> bool:
        """Whether it is the actor, or a ward of theirs."""
        return self.actor.person is not None and self.actor.person in (held.id, held.guardian)

    def under(self, path: str) -> str | None:
        """The urgent access by which alone the actor sees who is at home at a path."""
        if self.granted(path):
            return None
        return next((one.id for one in self.urgent if one.covers(path, self.now)), None)

    def covers(self, path: str) -> bool:
        """Whether the actor sees, as staff, who is at home at a path."""
        return self.granted(path) or self.under(path) is not None

    def sees(self, held: Person) -> bool:
        """Whether the actor may see somebody."""
        return self.own(held) or self.covers(held.home_path)


async def _sight(actor: Actor) -> Sight:
    return Sight(
        actor=actor,
        granted=await reach(actor, Action.FIND_PERSON),
        urgent=tuple(await standing_accesses(actor)),
        now=current().clock.now(),
    )


async def visible_people(actor: Actor, ids: list[PersonId]) -> dict[PersonId, Person]:
    """The people the actor may see: themselves, their wards, and whose home is in scope."""
    return _seen(await _sight(actor), await people_by_id(ids))


def _seen(sight: Sight, found: dict[PersonId, Person]) -> dict[PersonId, Person]:
    return {id: held for id, held in found.items() if sight.sees(held)}


async def _named(actor: Actor, ids: list[PersonId], what: Looked) -> list[PersonId]:
    """Those of whom the actor may read more than the number.

    Whoever asked to be erased, or restricted their data, is not read by others. What staff read is
    noted before they have it.
    """
    sight = await _sight(actor)
    seen = _seen(sight, await people_by_id(ids))
    own = [id for id, held in seen.items() if sight.own(held)]
    others = seen.keys() - set(own)
    # Asked together: names and telephones of one page are then read, and noted, together.
    asks = [restricted_among(sorted(others))]
    if what is Looked.PHONE:
        asks.append(allowed(others, ConsentPurpose.STAFF_PHONE))
    restricted, *lets = await asyncio.gather(*asks)
    for let in lets:
        others &= let
    read = [
        id
        for id in sorted(others)
        if seen[id].state is not PersonState.ERASING and id not in restricted
    ]
    await _note(sight, [seen[id] for id in read], what)
    return [*own, *read]


async def _note(sight: Sight, found: list[Person], what: Looked) -> None:
    """Note that staff read something of others than themselves, and by which urgent access."""
    others = [held for held in found if not sight.own(held)]
    under = {held.id: access for held in others if (access := sight.under(held.home_path))}
    await note_looks(sight.actor, [held.id for held in others], what, under=under)


async def names_of(actor: Actor, ids: list[PersonId]) -> dict[PersonId, str]:
    """The names of those the actor may see."""
    told = await read_fields(await _named(actor, ids, Looked.NAME), "name")
    return {id: fields["name"] for id, fields in told.items() if "name" in fields}


async def phones_of(actor: Actor, ids: list[PersonId]) -> dict[PersonId, str]:
    """The telephones of those the actor may see, and who let staff read them."""
    told = await read_fields(await _named(actor, ids, Looked.PHONE), "phone")
    return {id: fields["phone"] for id, fields in told.items() if "phone" in fields}


async def find_person(actor: Actor, *, number: str) -> Person | None:
    """A person by public volunteer number, if the actor may see them."""
    held = await person_by_number(number)
    return held if held is not None and (await _sight(actor)).sees(held) else None


async def find_by_document(
    actor: Actor, *, document: DocumentType, document_number: str
) -> Person | None:
    """A person by document, if the actor may see them: for the counter."""
    id = await found_alone(document.value, document_number.strip().upper())
    held, sight = await find(Person, id) if id else None, await _sight(actor)
    if held is None or not sight.sees(held):
        return None
    await _note(sight, [held], Looked.DOCUMENT)
    return held


MOST_WITH_PHONE = 50


async def find_by_phone(actor: Actor, *, phone: str) -> list[Person]:
    """Those with a telephone number whom the actor may see, by volunteer number."""
    ids = await found_shared("phone", phone_digits(phone), limit=MOST_WITH_PHONE)
    sight = await _sight(actor)
    found = _seen(sight, await people_by_id(ids)).values()
    seen = sorted(found, key=lambda held: held.number)
    await _note(sight, seen, Looked.PHONE)
    return seen


async def find_by_name(actor: Actor, *, station: str, name: str) -> list[Person]:
    """Those of a station with a name whom the actor may see, by volunteer number: for the counter.

    Args: name, in characters, in pinyin without tones, or by its first letters.
    """
    place = await find(Station, station)
    if place is None or not (await _sight(actor)).covers(place.path):
        return []
    read = await _named(actor, await named_at(station, name), Looked.NAME)
    return sorted((await people_by_id(read)).values(), key=lambda held: held.number)

"""The directory: who may see whom, under which name and telephone.

A person sees themselves and their wards, staff see those whose home is in their scope, or in that
of an urgent access. Whoever is out of sight looks exactly like somebody who does not exist.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

import msgspec

from timebank.access import Action, reach
from timebank.actors import Actor, PersonId
from timebank.begun import together
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

Reading = tuple[PersonId, Looked]
"""Of whom what is read."""


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
    found = await people_by_id(ids)
    # It takes no role to see oneself. Judged by what is asked, not by what is there: a foreign id
    # and a missing one take as many reads.
    if all(id == actor.person for id in ids):
        return found
    return _seen(await _sight(actor), found)


def _seen(sight: Sight, found: dict[PersonId, Person]) -> dict[PersonId, Person]:
    return {id: held for id, held in found.items() if sight.sees(held)}


async def _readable(actor: Actor, asked: Collection[Reading]) -> dict[Reading, PersonId]:
    """What of these the actor may read, each with who that is now: who was merged has another id.

    Whoever asked to be erased, or restricted their data, is not read by others. What staff read is
    noted before they have it.
    """
    if all(id == actor.person for id, _ in asked):
        return {one: one[0] for one in asked}  # nobody is signed in by a number that was merged
    sight = await _sight(actor)
    seen = _seen(sight, await people_by_id(sorted({id for id, _ in asked})))
    others = {held.id for held in seen.values() if not sight.own(held)}
    called = {seen[id].id for id, what in asked if id in seen and what is Looked.PHONE} & others
    # Asked together, whatever is to be read: a page with names and telephones asks once.
    restricted, let = await together(
        restricted_among(sorted(others)), allowed(called, ConsentPurpose.STAFF_PHONE)
    )
    erasing = {held.id for held in seen.values() if held.state is PersonState.ERASING}
    kept = restricted.keys() | (erasing & others)
    read = {
        (id, what): seen[id].id
        for id, what in asked
        if id in seen
        and (
            seen[id].id not in others
            or not (seen[id].id in kept or (what is Looked.PHONE and seen[id].id not in let))
        )
    }
    await _note(sight, [(seen[id], what) for id, what in read])
    return read


async def _note(sight: Sight, found: Iterable[tuple[Person, Looked]]) -> None:
    """Note that staff read something of others than themselves, and by which urgent access."""
    others = [(held, what) for held, what in found if not sight.own(held)]
    under = {held.id: access for held, _ in others if (access := sight.under(held.home_path))}
    await note_looks(sight.actor, [(held.id, what) for held, what in others], under=under)


async def told_of(actor: Actor, asked: Collection[Reading]) -> dict[Reading, str]:
    """Names and telephones of those the actor may see, the latter if they let staff read them."""
    read = await _readable(actor, asked)
    people, names = sorted(set(read.values())), sorted({what.value for _, what in read})
    fields = await read_fields(people, *names)
    return {
        one: fields[whose][one[1].value]
        for one, whose in read.items()
        if one[1].value in fields[whose]
    }


async def find_person(actor: Actor, *, number: str) -> Person | None:
    """A person by public volunteer number, if the actor may see them."""
    held = await person_by_number(number)
    return held if held is not None and (await _sight(actor)).sees(held) else None


async def find_by_document(
    actor: Actor, *, document: DocumentType, document_number: str
) -> Person | None:
    """A person by document, if the actor may see them: for the counter."""
    id = await found_alone(document.value, document_number.strip().upper())
    held, sight = (await people_by_id([id])).get(id) if id else None, await _sight(actor)
    if held is None or not sight.sees(held):
        return None
    await _note(sight, [(held, Looked.DOCUMENT)])
    return held


MOST_WITH_PHONE = 50


async def find_by_phone(actor: Actor, *, phone: str) -> list[Person]:
    """Those with a telephone number whom the actor may see, by volunteer number."""
    ids = await found_shared("phone", phone_digits(phone), limit=MOST_WITH_PHONE)
    sight = await _sight(actor)
    seen = _once(_seen(sight, await people_by_id(ids)))
    await _note(sight, [(held, Looked.PHONE) for held in seen])
    return seen


async def find_by_name(actor: Actor, *, station: str, name: str) -> list[Person]:
    """Those of a station with a name whom the actor may see, by volunteer number: for the counter.

    Args: name, in characters, in pinyin without tones, or by its first letters.
    """
    place = await find(Station, station)
    if place is None or not (await _sight(actor)).covers(place.path):
        return []
    found = [(id, Looked.NAME) for id in await named_at(station, name)]
    read = await _readable(actor, found)
    return _once(await people_by_id(sorted(set(read.values()))))


def _once(found: dict[PersonId, Person]) -> list[Person]:
    """Everybody of these once, by volunteer number: some may be found under a number that went."""
    return sorted({held.id: held for held in found.values()}.values(), key=lambda one: one.number)

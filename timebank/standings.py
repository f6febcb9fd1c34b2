"""Standings: where a person stands, for whoever may act on them by their volunteer number.

An officer finds somebody by number, sees their state, their home station and which of the officer's
own acts reach them, and neither name nor telephone: those are `directory`'s. Whoever is out of
reach looks exactly like nobody. Source: domain 11.
"""

import msgspec

from timebank.access import Action, reach
from timebank.actors import Actor, PersonId
from timebank.living_alone import lives_alone
from timebank.people import Person, people_by_id, person_by_number

ACTS = (
    Action.SUSPEND_PERSON,
    Action.SETTLE_ESTATE,
    Action.REPORT_DEATH,
    Action.NOTE_LIVING_ALONE,
    Action.CERTIFY_DRAWING,
    Action.CAPTURE_HOURS,
    Action.CAPTURE_OLD_HOURS,
)
"""What is done to a person by number; whoever may do any of it sees where the person stands."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A person, what the asker may do to them, and whether they live alone.

    `alone` is None for whoever may not note it.
    """

    person: Person
    may: tuple[Action, ...]
    alone: bool | None


# Reads


async def standing_of(
    actor: Actor, *, person: PersonId | None = None, number: str | None = None
) -> Standing | None:
    """Where somebody stands, by id or by volunteer number, if the actor may do anything to them."""
    covers = {act: await reach(actor, act) for act in ACTS}
    held = await person_by_number(number) if number is not None else None
    if person is not None:
        held = (await people_by_id([person])).get(person)
    may = tuple(act for act in ACTS if held is not None and covers[act](held.home_path))
    if held is None or not may:
        return None
    noted = Action.NOTE_LIVING_ALONE in may
    return Standing(person=held, may=may, alone=await lives_alone(held.id) if noted else None)

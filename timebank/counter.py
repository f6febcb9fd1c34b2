"""The counter: what staff write down for people who stand before them (domain 2).

An entry made here has the member of staff as its actor and names those who were there. Knows whose
counter it is, and that nobody stands on both sides of it.
"""

from timebank.access import Action, at_hand
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.people import Person, VolunteerNumber, person_in_scope
from timebank.refusals import Refusal

# Refusals


class OwnCounter(Refusal):
    """Whoever stands behind the counter is not one of those in front of it (domain 11)."""

    says = "What concerns yourself must be registered by somebody else at the counter."


# What other capabilities ask


def spelled(number: str) -> str:
    """A volunteer number as it is kept: letter case and spaces around it are forgiven."""
    return number.strip().upper()


def person_numbered(batch: Batch, number: str) -> Person:
    """Who has a volunteer number. Refuses: NotFound."""
    held = batch.need(VolunteerNumber, spelled(number), "person")
    return batch.there(Person, held.person)


def at_counter(batch: Batch, first: PersonId, *others: PersonId) -> None:
    """Let the station of `first` register what concerns these people, who are all there.

    Refuses: NotFound, for a person out of scope too; OwnCounter.
    """
    person_in_scope(batch, Action.REGISTER_KIN, first)
    if batch.actor.person in (first, *others):
        raise OwnCounter


# Reads


async def whose(actor: Actor, person: PersonId | None) -> PersonId:
    """Whose matters are read: the actor's own, or those of a `person` at the actor's counter.

    Empty, which nobody is, for anybody else's.
    """
    if person in (None, actor.person):
        return actor.person or ""
    held = await at_hand(actor, Action.REGISTER_KIN, Person, person, where="home_path")
    return held.id if held else ""

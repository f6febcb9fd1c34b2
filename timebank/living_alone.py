"""Living alone: noted by the station, as what lets an elder draw from a public pool (domain 6).

Who lives alone is nobody's business for ten years, so it lies in the vault and not on the ledger.
Refuses to know what follows from it.
"""

from datetime import datetime

from timebank.access import Action
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.households import HouseholdMember, in_household
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.people import Person, person_in_scope
from timebank.projections import Place
from timebank.refusals import Refusal
from timebank.tables import Row, find, table

# Refusals


class LivesWithOthers(Refusal):
    """Grants are for elders who live alone."""

    says = "Volunteer {number} is registered as living with others."
    number: str


# Tables


@table("lives_alone", vault=True, index=[("path", "person")])
class LivesAlone(Row, frozen=True):
    """An elder who lives alone, as their station noted; `path` is where they are at home."""

    person: str
    path: str
    noted_by: str
    noted_at: datetime


# Commands


class Noted(Answer, frozen=True, kw_only=True):
    """Of whom it was noted."""

    person: PersonId


async def note_living_alone(
    actor: Actor, *, person: PersonId, alone: bool, key: RequestKey
) -> Noted:
    """Note, as the station, that somebody lives alone, or not any more.

    Refuses: NotFound, LivesWithOthers.
    """

    def work(batch: Batch) -> Noted:
        held = person_in_scope(batch, Action.NOTE_LIVING_ALONE, person)
        if not alone:
            batch.drop(LivesAlone, person)
            return Noted(person=person)
        if in_household(batch, person):
            raise LivesWithOthers(number=held.number)
        batch.put(
            LivesAlone(
                person=person, path=held.home_path, noted_by=batch.actor.id, noted_at=batch.now
            )
        )
        return Noted(person=person)

    needs: list[Place] = [(Person, person), (HouseholdMember, person)]
    return await write(actor, key, work, answer=Noted, needs=needs)


# Reads


async def lives_alone(person: PersonId) -> bool:
    """Whether it is noted of somebody; the caller says who may know."""
    return await find(LivesAlone, person) is not None

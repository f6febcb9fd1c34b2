"""Homes: a person chooses another station to look after them (domain 3 and 4).

By themselves, or at the counter of the station they leave, which then tells them. From then on the
new station finds and serves them, certifies their service and counts the minutes they hold, which
travel with them. What was done stays where it was done: records, certificates and whatever an
office has begun with stay with the station or district that has them, and minutes in escrow where
they were paid from. Knows who may choose; refuses to know why somebody moved.
"""

from msgspec.structs import replace

from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.counter import at_counter
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.living_alone import LivesAlone
from timebank.names import findings_of, kept_name, reindex_name
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.people import Person, active_person
from timebank.person_life import HomeChanged
from timebank.places import StationNumber, working_station
from timebank.projections import Place
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.vault import DataKey, KeyedFinding, SealedField

# Refusals


class HomeAlready(Refusal):
    """A change changes something."""

    says = "This station is the home station already."
    path = ("number",)


# Commands


class Housed(Answer, frozen=True, kw_only=True):
    """Who is at home elsewhere."""

    person: PersonId


async def change_home(
    actor: Actor, *, number: str, key: RequestKey, person: PersonId | None = None
) -> Housed:
    """Choose the station that looks after oneself, or after a `person` at one's counter.

    Args: number, the public number of a working station.
    Refuses: NotFound, OwnCounter, PersonNotActive, StationNotActive, HomeAlready.
    """
    if not actor.known:
        raise Unauthenticated
    whose = person or actor.person or ""
    number = number.strip().upper()
    found = await findings_of(whose)

    def work(batch: Batch) -> Housed:
        own = whose == actor.person
        if not own:
            at_counter(batch, whose)
        held = active_person(batch, whose)
        place = batch.get(StationNumber, number)
        if place is None:
            raise NotFound(what="station")
        home = working_station(batch, place.station)
        if home.id == held.home:
            raise HomeAlready
        entry = batch.record(HomeChanged(person=whose, home=home.id, left=held.home))
        name = kept_name(batch, whose)
        if name is not None:
            reindex_name(batch, whose, home.id, name, found)
        alone = batch.get(LivesAlone, whose)
        if alone is not None:
            batch.put(replace(alone, path=home.path))
        if not own:
            notify(batch, whose, NoticeCode.HOME_CHANGED, home.id, hands=[actor.id])
        return Housed(entry=entry.seq, person=whose)

    needs: list[Place] = [(Person, whose), (StationNumber, number), (LivesAlone, whose)]
    needs += [(DataKey, whose), (SealedField, f"{whose}:name")]
    needs += ((KeyedFinding, id) for id in found)
    return await write(actor, key, work, answer=Housed, needs=needs)

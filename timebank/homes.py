"""Homes: a person chooses another station to look after them (domain 3 and 4).

By themselves, or at the counter of the station they leave, which then tells them. From then on the
new station finds and serves them, certifies their service and counts the minutes they hold, which
travel with them. What was done stays where it was done: records, certificates and whatever an
office has begun with stay with the station or district that has them, and minutes in escrow where
they were paid from. Which stations looked after somebody until when is kept, for who lived where
when those who live somewhere were asked something. Knows who may choose; refuses to know why
somebody moved.
"""

from datetime import datetime

import msgspec
from msgspec.structs import replace

from ledger.entry import Sealed
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.counter import at_counter
from timebank.divisions import CITY_PATH
from timebank.journal import Answer, write
from timebank.kept_fields import kept_field
from timebank.keys import RequestKey
from timebank.living_alone import LivesAlone
from timebank.names import findings_of, reindex_name
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.people import Person, active_person
from timebank.person_life import HomeChanged
from timebank.places import Station, StationNumber, working_station
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.tables import Row, table
from timebank.vault import DataKey, KeyedFinding, SealedField

KEPT = 40
"""How many homes are kept that somebody left: nobody moves more often while something is asked."""

# Refusals


class HomeAlready(Refusal):
    """A change changes something."""

    says = "This station is the home station already."
    path = ("number",)


# Tables and projectors


class HomeLeft(msgspec.Struct, frozen=True):
    """The station that looked after somebody until an instant; None for the city itself."""

    home: str | None
    at: datetime


@table("homes_left")
class HomesLeft(Row, frozen=True):
    """The homes that somebody left, the latest KEPT of them, the oldest first."""

    person: str
    left: tuple[HomeLeft, ...]


@projects(HomeChanged)
def _left(rows: Rows, event: HomeChanged, entry: Sealed) -> None:
    held = rows.get(HomesLeft, event.person)
    left = (*(held.left if held else ()), HomeLeft(home=event.left, at=entry.at))
    rows.put(HomesLeft(person=event.person, left=left[-KEPT:]))


# What other capabilities ask


def home_path_at(batch: Batch, person: Person, at: datetime) -> str | None:
    """The path of the home that somebody had at an instant; None where that is not kept any more.

    Who registered later has had one home ever since: it is that one.
    """
    held = batch.get(HomesLeft, person.id)
    later = [gone for gone in held.left if gone.at > at] if held else []
    if not later:
        return person.home_path
    if len(later) == KEPT:
        return None
    return batch.there(Station, later[0].home).path if later[0].home else CITY_PATH


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
        name = kept_field(batch, whose, "name")
        if name is not None:
            reindex_name(batch, whose, home.id, name, found)
        alone = batch.get(LivesAlone, whose)
        if alone is not None:
            batch.put(replace(alone, path=home.path))
        if not own:
            notify(batch, whose, NoticeCode.HOME_CHANGED, home.id, hands=[actor.id])
        return Housed(entry=entry.seq, person=whose)

    needs: list[Place] = [(Person, whose), (StationNumber, number), (LivesAlone, whose)]
    needs.append((HomesLeft, whose))
    needs += [(DataKey, whose), (SealedField, f"{whose}:name")]
    needs += ((KeyedFinding, id) for id in found)
    return await write(actor, key, work, answer=Housed, needs=needs)

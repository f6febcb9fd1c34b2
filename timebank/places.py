"""Places: the stations of communities and villages, and whether they work (domain 5).

Each has a path along the managing tree, which is what scopes are compared with. Names are texts
with a commitment on the ledger; the areas they lie in are those of `divisions`, their teams are in
`teams`, their states are in `station_life`. A number that was declined is free for the next. When a
station closes, whoever is at home there is served by its successor, and roles there are given to
the successor's staff by two operators, as all roles are.
"""

import re
from typing import Unpack, get_args

from msgspec.structs import replace
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import SCOPES, Action, permit
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.divisions import Area, AreaLevel
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.station_life import (
    LIFECYCLE,
    WORKING,
    Moved,
    StationApproved,
    StationClosed,
    StationDeclined,
    StationProposed,
    StationReason,
    StationReinstated,
    StationState,
    StationSuspended,
    StationWarned,
)
from timebank.tables import Row, Where, find, find_many, page_by_id, select, table
from timebank.texts import keep_text, read_texts

NUMBER = re.compile(r"[A-Z0-9-]{1,32}")


# Refusals


class StationNumberWrong(Refusal):
    """A number is read aloud, printed and typed: capital letters, digits and hyphens."""

    says = "A station's number has 1 to 32 capital letters, digits or hyphens."
    path = ("number",)


class StationNumberTaken(Refusal):
    """Two stations cannot share a number."""

    says = "Another station has the number {number}."
    number: str
    path = ("number",)


class NotACommunity(Refusal):
    """A station belongs to a community or village."""

    says = "A station belongs to a community or village; {area} is a {level}."
    area: str
    level: str
    path = ("area",)


class StationNotActive(Refusal):
    """The station does not work now."""

    says = "This station is {state}, so it cannot do this now."
    state: str


class SuccessorWrong(Refusal):
    """Records go to another station, and to one that works (domain 5)."""

    says = "The records of a closed station go to another station that works."
    path = ("successor",)


class ProposerApproves(Refusal):
    """Whoever proposed a station does not approve it (domain 11)."""

    says = "Whoever proposed a station cannot approve it; another officer must."


# Tables and projectors


@table("station", index=[("area",), ("path",), ("number",)])
class Station(Row, frozen=True):
    """One station; `path` ends with its own id.

    `reason` is why it was declined, warned or suspended, while it is.
    """

    id: str
    area: str
    path: str
    number: str
    state: StationState
    proposer: str
    successor: str | None = None
    reason: StationReason | None = None


SCOPES["sta"] = Station


@table("station_number")
class StationNumber(Row, frozen=True):
    """Which station has a number."""

    number: str
    station: str


@projects(StationProposed)
def _proposed(rows: Rows, event: StationProposed, entry: Sealed) -> None:
    area = rows.there(Area, event.area)
    rows.put(StationNumber(number=event.number, station=event.station))
    rows.put(
        Station(
            id=event.station,
            area=event.area,
            path=f"{area.path}{event.station}/",
            number=event.number,
            state=StationState.UNDER_REVIEW,
            proposer=entry.actor,
        )
    )


@projects(*get_args(Moved))
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    station = rows.there(Station, event.station)
    successor = event.successor if isinstance(event, StationClosed) else station.successor
    state, reason = step(LIFECYCLE, station.state, type(event)), getattr(event, "reason", None)
    if isinstance(event, StationDeclined):
        rows.drop(StationNumber, station.number)
    rows.put(replace(station, state=state, successor=successor, reason=reason))


# What other capabilities ask


def must_be_community(area: Area) -> None:
    """Go on only with a community or village. Refuses: NotACommunity."""
    if area.level not in (AreaLevel.COMMUNITY, AreaLevel.VILLAGE):
        raise NotACommunity(area=area.name, level=area.level.value)


def working_station(batch: Batch, id: str) -> Station:
    """The station, which must be able to work. Refuses: NotFound, StationNotActive."""
    station = batch.need(Station, id, "station")
    if station.state not in WORKING:
        raise StationNotActive(state=station.state.value)
    return station


def served_by(batch: Batch, home: str) -> Station:
    """The station that serves whoever is at home at one: itself, or its successor once it closed.

    Refuses: NotFound.   Source: domain 5.
    """
    place = batch.need(Station, home, "station")
    while place.successor is not None:
        place = batch.need(Station, place.successor, "station")
    return place


# Commands


class Placed(Answer, frozen=True, kw_only=True):
    """The station that was proposed or moved on."""

    id: str


async def propose_station(
    actor: Actor, *, area: str, number: str, name: str, key: RequestKey
) -> Placed:
    """Propose a station in a community or village, under a public number of at most 32 characters.

    Refuses: StationNumberWrong, NotFound, NotACommunity, StationNumberTaken, TextMissing,
    TextTooLong.
    """
    if not NUMBER.fullmatch(number):
        raise StationNumberWrong

    def work(batch: Batch) -> Placed:
        place = batch.need(Area, area, "area")
        permit(batch, Action.PROPOSE_STATION, place.path)
        must_be_community(place)
        if batch.get(StationNumber, number) is not None:
            raise StationNumberTaken(number=number)
        station = new("sta")
        told = keep_text(batch, station, "name", name, most=60)
        entry = batch.record(StationProposed(station=station, area=area, number=number, name=told))
        return Placed(entry=entry.seq, id=station)

    return await write(
        actor, key, work, answer=Placed, needs=[(Area, area), (StationNumber, number)]
    )


async def approve_station(actor: Actor, *, station: str, key: RequestKey) -> Placed:
    """Let a proposed station work. Refuses: NotFound, NotInThisState, ProposerApproves."""
    return await _move(actor, station, StationApproved(station=station), key)


async def decline_station(
    actor: Actor, *, station: str, reason: StationReason, key: RequestKey
) -> Placed:
    """Turn a proposed station down; its number is free again. Refuses: NotFound, NotInThisState."""
    return await _move(actor, station, StationDeclined(station=station, reason=reason), key)


async def warn_station(
    actor: Actor, *, station: str, reason: StationReason, key: RequestKey
) -> Placed:
    """Warn a station, which works on. Refuses: NotFound, NotInThisState."""
    return await _move(actor, station, StationWarned(station=station, reason=reason), key)


async def suspend_station(
    actor: Actor, *, station: str, reason: StationReason, key: RequestKey
) -> Placed:
    """Stop a station's work for now. Refuses: NotFound, NotInThisState."""
    return await _move(actor, station, StationSuspended(station=station, reason=reason), key)


async def reinstate_station(actor: Actor, *, station: str, key: RequestKey) -> Placed:
    """Lift a warning or a suspension. Refuses: NotFound, NotInThisState."""
    return await _move(actor, station, StationReinstated(station=station), key)


async def close_station(actor: Actor, *, station: str, successor: str, key: RequestKey) -> Placed:
    """End a station for good; its records go to `successor`, another station that works.

    Refuses: NotFound, NotInThisState, SuccessorWrong.   Source: domain 5.
    """
    return await _move(actor, station, StationClosed(station=station, successor=successor), key)


async def _move(actor: Actor, station: str, event: Moved, key: RequestKey) -> Placed:
    def work(batch: Batch) -> Placed:
        place = batch.need(Station, station, "station")
        permit(batch, Action.APPROVE_STATION, place.path)
        if isinstance(event, StationApproved) and place.proposer == actor.id:
            raise ProposerApproves
        step(LIFECYCLE, place.state, type(event))
        if isinstance(event, StationClosed):
            heir = batch.need(Station, event.successor, "station")
            if heir.id == station or heir.state not in WORKING:
                raise SuccessorWrong
        return Placed(entry=batch.record(event).seq, id=station)

    return await write(actor, key, work, answer=Placed, needs=[(Station, station)])


# Reads


async def station(id: str) -> Station | None:
    """A station by its id."""
    return await find(Station, id)


async def stations_by_id(ids: list[str]) -> dict[str, Station]:
    """Stations by their ids, in one statement."""
    found = await find_many(Station, ids)
    return {str(id): row for id, row in found.items()}


async def station_by_number(number: str) -> Station | None:
    """A station by its public number."""
    held = await find(StationNumber, number)
    return await find(Station, held.station) if held else None


async def stations_below(path: str, **where: Unpack[Where]) -> list[Station]:
    """Stations at or below a path, strictly between two ids, in their order or from the end."""
    return await page_by_id(Station, where, Q(path__startswith=path))


async def stations_on(paths: list[str]) -> dict[str, Station]:
    """The station that each path names or lies in, by path; a path of an area has none."""
    parts = {path: path.split("/")[:-1] for path in paths}
    above = {"/".join(p[:n]) + "/" for p in parts.values() for n in range(1, len(p) + 1)}
    found = await select(Station, path__in=sorted(above))
    return {path: held for path in paths for held in found if path.startswith(held.path)}


async def names_of(ids: list[str]) -> dict[str, str]:
    """The names of stations, by id."""
    return await read_texts(ids, "name")

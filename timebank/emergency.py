"""Emergencies: the district lets more be served in its area for some days (domain 4).

A flood does not keep to eight hours. While an emergency is open in an area, or in one that manages
it, a day there may have up to the policy's `emergency_max` minutes; every record that this allowed
names it. It is over by itself after the policy's days, or by hand; the days count, so a timer that
is late allows nothing. Knows areas and days; refuses to know records.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, permit
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.divisions import Area, AreaLevel
from timebank.due import over
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.projections import Place, Rows, projects
from timebank.refusals import Forbidden, Refusal
from timebank.tables import Row, find_many, select, table


class EmergencyReason(StrEnum):
    """What happened."""

    FLOOD = "flood"
    SEVERE_WEATHER = "severe_weather"
    EPIDEMIC = "epidemic"
    ACCIDENT = "accident"
    OTHER = "other"


class EmergencyState(StrEnum):
    """The life of an emergency."""

    OPEN = "open"
    ENDED = "ended"
    LAPSED = "lapsed"


# Events


class EmergencyOpened(Event, frozen=True, tag="emergency.opened"):
    """The district opened an emergency in an area, from today to the end of `last`."""

    emergency: str
    area: str
    reason: EmergencyReason
    last: date


class EmergencyEnded(Event, frozen=True, tag="emergency.ended"):
    """The district ended it; `last` is its last day, the day of the entry at the latest."""

    emergency: str
    last: date


class EmergencyLapsed(Event, frozen=True, tag="emergency.lapsed"):
    """Its last day is over."""

    emergency: str


# Refusals


class AreaTooWide(Refusal):
    """An emergency is where something happened."""

    says = "An emergency is opened in a district or a part of one, not in the whole city."
    path = ("area",)


class EmergencyOpenAlready(Refusal):
    """One emergency at a time: which one allowed a record must be plain."""

    says = "An emergency is open there until the end of {last}."
    emergency: str
    last: date
    path = ("area",)


class EmergencyLasts(Refusal):
    """It is over when its days are."""

    says = "This emergency lasts until the end of {last}."
    last: date


# Lifecycle

LIFECYCLE: Lifecycle[EmergencyState] = {
    EmergencyState.OPEN: {
        EmergencyEnded: EmergencyState.ENDED,
        EmergencyLapsed: EmergencyState.LAPSED,
    },
    EmergencyState.ENDED: {},
    EmergencyState.LAPSED: {},
}


# Tables and projectors


@table("emergency", index=[("path", "id"), ("state", "last_day")])
class Emergency(Row, frozen=True):
    """One emergency; `path` is its area's, its days are whole days in the city."""

    id: str
    area: str
    path: str
    reason: EmergencyReason
    state: EmergencyState
    first_day: date
    last_day: date


class Spell(msgspec.Struct, frozen=True):
    """The days of an emergency."""

    emergency: str
    first: date
    last: date

    def covers(self, day: date) -> bool:
        """Whether the emergency was open on a day."""
        return self.first <= day <= self.last


@table("area_emergencies")
class AreaEmergencies(Row, frozen=True):
    """Every emergency of an area, the oldest first: what a capture asks."""

    area: str
    spells: tuple[Spell, ...]


@projects(EmergencyOpened)
def _opened(rows: Rows, event: EmergencyOpened, entry: Sealed) -> None:
    first = day_of(entry.at)
    rows.put(
        Emergency(
            id=event.emergency,
            area=event.area,
            path=rows.there(Area, event.area).path,
            reason=event.reason,
            state=EmergencyState.OPEN,
            first_day=first,
            last_day=event.last,
        )
    )
    before = rows.get(AreaEmergencies, event.area)
    made = Spell(event.emergency, first, event.last)
    spells = (*(before.spells if before else ()), made)
    rows.put(AreaEmergencies(area=event.area, spells=spells))


@projects(EmergencyEnded, EmergencyLapsed)
def _over(rows: Rows, event: EmergencyEnded | EmergencyLapsed, entry: Sealed) -> None:
    held = rows.there(Emergency, event.emergency)
    last = event.last if isinstance(event, EmergencyEnded) else held.last_day
    state = step(LIFECYCLE, held.state, type(event))
    rows.put(msgspec.structs.replace(held, state=state, last_day=last))
    before = rows.there(AreaEmergencies, held.area)
    spells = tuple(
        msgspec.structs.replace(one, last=last) if one.emergency == held.id else one
        for one in before.spells
    )
    rows.put(AreaEmergencies(area=held.area, spells=spells))


# Decisions


def decide_open(level: AreaLevel, standing: Spell | None) -> None:
    """Whether an emergency may be opened in an area where `standing` is open.

    Refuses: AreaTooWide, EmergencyOpenAlready.
    """
    if level is AreaLevel.CITY:
        raise AreaTooWide
    if standing is not None:
        raise EmergencyOpenAlready(emergency=standing.emergency, last=standing.last)


def decide_lapse(emergency: Emergency, today: date) -> EmergencyLapsed:
    """Let an emergency be over by itself. Refuses: NotInThisState, EmergencyLasts."""
    step(LIFECYCLE, emergency.state, EmergencyLapsed)
    if today <= emergency.last_day:
        raise EmergencyLasts(last=emergency.last_day)
    return EmergencyLapsed(emergency=emergency.id)


# What other capabilities ask


def emergency_on(batch: Batch, path: str, day: date) -> str | None:
    """The emergency that was open on a day in an area that manages what lies at `path`."""
    found = _spell_on(batch, path, day)
    return found.emergency if found else None


def _spell_on(batch: Batch, path: str, day: date) -> Spell | None:
    held = (batch.get(AreaEmergencies, area) for area in _areas_on(path))
    return next((one for row in held if row for one in row.spells if one.covers(day)), None)


def _areas_on(path: str) -> Iterator[str]:
    """The areas along a path; ids of stations and teams have an underscore."""
    return (part for part in path.split("/") if part and "_" not in part)


# Commands


class Declared(Answer, frozen=True, kw_only=True):
    """The emergency that was opened or is over, and its last day."""

    emergency: str
    last: date


async def open_emergency(
    actor: Actor, *, area: str, reason: EmergencyReason, key: RequestKey
) -> Declared:
    """Open an emergency in an area, for the policy's days, today being the first.

    Args: area, the code of a district, or of a street or community in it.
    Refuses: NotFound, AreaTooWide, EmergencyOpenAlready.   Source: domain 4.
    """
    emergency = new("emg")

    def work(batch: Batch) -> Declared:
        place = batch.need(Area, area, "area")
        permit(batch, Action.OPEN_EMERGENCY, place.path)
        decide_open(place.level, _spell_on(batch, place.path, batch.today))
        last = batch.today + timedelta(days=batch.policy.record.emergency_days - 1)
        event = EmergencyOpened(emergency=emergency, area=area, reason=reason, last=last)
        return Declared(entry=batch.record(event).seq, emergency=emergency, last=last)

    needs: list[Place] = [(Area, area), (AreaEmergencies, area)]
    return await write(actor, key, work, answer=Declared, needs=needs)


async def end_emergency(actor: Actor, *, emergency: str, key: RequestKey) -> Declared:
    """End an emergency; today is its last day. Refuses: NotFound, NotInThisState."""

    def work(batch: Batch) -> Declared:
        held = batch.need(Emergency, emergency, "emergency")
        permit(batch, Action.OPEN_EMERGENCY, held.path)
        step(LIFECYCLE, held.state, EmergencyEnded)
        # One that its timer has not met yet is over since its last day, not since today.
        last = min(batch.today, held.last_day)
        entry = batch.record(EmergencyEnded(emergency=emergency, last=last))
        return Declared(entry=entry.seq, emergency=emergency, last=last)

    return await write(actor, key, work, answer=Declared, needs=[(Emergency, emergency)])


async def lapse_emergency(
    actor: Actor, *, emergency: str, key: RequestKey | None = None
) -> Declared:
    """Let an emergency be over by itself: the software's own act, by timer.

    Refuses: NotFound, NotInThisState, EmergencyLasts.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Declared:
        held = batch.need(Emergency, emergency, "emergency")
        entry = batch.record(decide_lapse(held, batch.today))
        return Declared(entry=entry.seq, emergency=emergency, last=held.last_day)

    return await write(actor, key, work, answer=Declared, needs=[(Emergency, emergency)])


# Reads


async def emergencies_by_id(ids: list[str]) -> dict[str, Emergency]:
    """Emergencies by their ids; everybody may know of them."""
    return {str(id): held for id, held in (await find_many(Emergency, ids)).items()}


async def emergencies_at(
    path: str,
    *,
    state: EmergencyState | None,
    after: str | None,
    before: str | None,
    limit: int,
    backward: bool,
) -> list[Emergency]:
    """The emergencies of the areas below a path, the newest first."""
    bounds = [Q(path__startswith=path)] + ([Q(state=state.value)] if state else [])
    bounds += [Q(id__lt=after)] if after else []
    bounds += [Q(id__gt=before)] if before else []
    return await select(Emergency, *bounds, order=["id" if backward else "-id"], limit=limit)


emergencies_over = over(Emergency, "last_day", EmergencyState.OPEN)
"""The open emergencies whose last day is over, the longest over first."""

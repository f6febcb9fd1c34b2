"""Misconduct: what was upheld against a volunteer, and for how long it closes the stars (domain 7).

Upheld is that service never took place which the volunteer's own hand had accepted: by an objection
or by the district. What was only recorded wrongly, or counted by silence, or was accepted for
somebody at the counter or by a proxy, tells nothing of the volunteer. A suspension is no finding:
whoever is suspended cannot apply anyhow. Refuses to know what a star is.
"""

from datetime import date

import msgspec

from ledger.entry import Sealed
from timebank.actors import PersonId
from timebank.clock import day_of, months_later
from timebank.hours import Record
from timebank.objection_life import (
    Grounds,
    ObjectionUpheld,
    ReviewDismissed,
    ReviewUpheld,
)
from timebank.projections import Rows, projects
from timebank.record_life import Acceptance, HoursReversed, ReverseReason
from timebank.refusals import Refusal
from timebank.tables import Row, find, table

OWN_HAND = frozenset({Acceptance.SELF, Acceptance.BEFOREHAND})
"""The ways of accepting that are the volunteer's own act."""


class Upheld(msgspec.Struct, frozen=True):
    """What was upheld on a day, and the record it is about."""

    about: str
    day: date


# Refusals


class NotClean(Refusal):
    """Upheld misconduct closes the way to a star for some months."""

    says = "Misconduct was upheld on {day}; a star can be applied for from {clean} on."
    day: date
    clean: date


# Decisions


def clean_from(upheld: tuple[Upheld, ...], today: date, months: int) -> date | None:
    """From which day on somebody is clean; None where nothing upheld is younger than `months`."""
    days = [one.day for one in upheld if months_later(one.day, months) > today]
    return months_later(max(days), months) if days else None


def decide_clean(upheld: tuple[Upheld, ...], today: date, months: int) -> None:
    """Whether nothing was upheld in the last `months`. Refuses: NotClean."""
    clean = clean_from(upheld, today, months)
    if clean is not None:
        raise NotClean(day=max(one.day for one in upheld), clean=clean)


# Tables and projectors


@table("misconduct")
class Misconduct(Row, frozen=True):
    """Everything that stands upheld against a volunteer."""

    person: str
    upheld: tuple[Upheld, ...]


@projects(HoursReversed)
def _reversed(rows: Rows, event: HoursReversed, entry: Sealed) -> None:
    if event.reason is ReverseReason.NEVER_HAPPENED:
        _uphold(rows, rows.there(Record, event.record), entry)


@projects(ObjectionUpheld, ReviewUpheld, ReviewDismissed)
def _decided(
    rows: Rows, event: ObjectionUpheld | ReviewUpheld | ReviewDismissed, entry: Sealed
) -> None:
    record = rows.there(Record, event.record)
    if event.grounds is Grounds.NEVER_HAPPENED:
        _uphold(rows, record, entry)
    elif isinstance(event, ReviewUpheld | ReviewDismissed):
        _clear(rows, record)


def _uphold(rows: Rows, record: Record, entry: Sealed) -> None:
    if record.way in OWN_HAND:
        others = _others(rows, record)
        made = Upheld(about=record.id, day=day_of(entry.at))
        rows.put(Misconduct(person=record.volunteer, upheld=(*others, made)))


def _clear(rows: Rows, record: Record) -> None:
    rows.put(Misconduct(person=record.volunteer, upheld=_others(rows, record)))


def _others(rows: Rows, record: Record) -> tuple[Upheld, ...]:
    held = rows.get(Misconduct, record.volunteer)
    return tuple(one for one in (held.upheld if held else ()) if one.about != record.id)


# Reads


async def misconduct_of(person: PersonId) -> tuple[Upheld, ...]:
    """Everything that stands upheld against somebody."""
    held = await find(Misconduct, person)
    return held.upheld if held else ()

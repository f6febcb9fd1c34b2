"""Merged records: the service of whoever was registered twice is one person's (domain 4, 11).

Each record goes over with its time and its credit of the day and the month, and each order for
help, so that limits, totals and corrections ask one person from now on. Two records of one time, or
of service to oneself, show that one is wrong: it is put right before. Knows records; refuses to
know who decided (`merges`).
"""

from collections.abc import Sequence
from datetime import date

import msgspec
from msgspec.structs import replace
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.actors import PersonId
from timebank.batch import Batch
from timebank.days import VolunteerDay, VolunteerMonth, day_key, days_served, month_key
from timebank.help_orders import HelpOrder
from timebank.hours import Record, ServiceTotal
from timebank.merge_life import PersonMerged
from timebank.projections import Rows, projects
from timebank.record_life import COUNTED, LIFECYCLE, RecordState
from timebank.refusals import Refusal
from timebank.star_awards import StarAward
from timebank.tables import select

MOST = 500
"""Records that go over in one entry, as many as a finding names."""

OPEN = frozenset(
    state
    for state, steps in LIFECYCLE.items()
    if steps and state not in (RecordState.POSTED, RecordState.POSTED_SILENT)
)
"""The states in which a record waits for somebody, or may come back by an appeal."""

# Refusals


class MergeTooLong(Refusal):
    """Of two registrations the one with the longer record is kept."""

    says = "Volunteer {number} has more than {most} records; let the other number go instead."
    number: str
    most: int


class MergeOverlaps(Refusal):
    """Nobody serves twice at once: one of two records is false."""

    says = "Both numbers have a record of one time on {day}; one of them must be put right first."
    record: str
    other: str
    day: date


class MergeServesSelf(Refusal):
    """Nobody serves themselves."""

    says = "The record of {day} is of service by one of these two to the other; put it right first."
    record: str
    day: date


# Projectors


@projects(PersonMerged)
def _moved_over(rows: Rows, event: PersonMerged, entry: Sealed) -> None:
    for id in event.records:
        record = rows.there(Record, id)
        if record.recipient == event.person:
            rows.put(replace(record, recipient=event.kept))
        else:
            _move_time(rows, record, event.kept)
            _move_credit(rows, record, event.kept)
            rows.put(replace(record, volunteer=event.kept))
    for id in event.orders:
        order = rows.there(HelpOrder, id)
        parts = {part: getattr(order, part) for part in ("payer", "served", "helper")}
        theirs = {part: event.kept for part, who in parts.items() if who == event.person}
        rows.put(replace(order, **theirs))
    for id in event.awards:
        rows.put(replace(rows.there(StarAward, id), person=event.kept))
    gone = rows.get(ServiceTotal, event.person)
    if gone is not None:
        kept = rows.get(ServiceTotal, event.kept) or ServiceTotal(event.kept, 0, 0)
        rows.put(replace(gone, minutes=0, credited=0))
        minutes, credited = kept.minutes + gone.minutes, kept.credited + gone.credited
        rows.put(ServiceTotal(event.kept, minutes, credited))


def _move_time(rows: Rows, record: Record, kept: PersonId) -> None:
    for day in days_served(record.starts, record.ends):
        # A rejected record takes no time: where it came by an earlier merge, the day has no row.
        old = _day(rows, day_key(record.volunteer, day))
        taken = tuple(one for one in old.intervals if one.record == record.id)
        if taken:
            left = tuple(one for one in old.intervals if one.record != record.id)
            rows.put(replace(old, intervals=left))
            own = _day(rows, day_key(kept, day))
            rows.put(replace(own, intervals=(*own.intervals, *taken)))


def _move_credit(rows: Rows, record: Record, kept: PersonId) -> None:
    if record.state not in COUNTED or not record.credited:
        return
    for person, credited in ((record.volunteer, -record.credited), (kept, record.credited)):
        day = _day(rows, day_key(person, record.day))
        rows.put(replace(day, credited=day.credited + credited))
        id = month_key(person, record.day)
        month = rows.get(VolunteerMonth, id)
        rows.put(VolunteerMonth(id=id, credited=(month.credited if month else 0) + credited))


def _day(rows: Rows, id: str) -> VolunteerDay:
    return rows.get(VolunteerDay, id) or VolunteerDay(id=id, intervals=())


# What other capabilities ask


class Concerned(msgspec.Struct, frozen=True):
    """The ids of all that concerns somebody, the oldest first.

    The records of service by or to them, the orders for help that they paid, were served by or came
    for, and the stars that they applied for; of each one more at most than may go over.
    """

    records: tuple[str, ...]
    orders: tuple[str, ...]
    awards: tuple[str, ...]


async def concerning(person: PersonId) -> Concerned:
    """All that goes over where somebody's service becomes another's."""
    return Concerned(
        records=await _ids(Record, Q(volunteer=person) | Q(recipient=person)),
        orders=await _ids(HelpOrder, Q(payer=person) | Q(served=person) | Q(helper=person)),
        awards=await _ids(StarAward, Q(person=person)),
    )


async def _ids(row: type[Record | HelpOrder | StarAward], whose: Q) -> tuple[str, ...]:
    return tuple(held.id for held in await select(row, whose, order=["id"], limit=MOST + 1))


def decide_length(number: str, concerned: Concerned) -> None:
    """Whether what concerns somebody fits into one entry. Refuses: MergeTooLong."""
    if any(len(one) > MOST for one in msgspec.structs.astuple(concerned)):
        raise MergeTooLong(number=number, most=MOST)


def settled_records(
    batch: Batch, ids: Sequence[str], *, person: PersonId, kept: PersonId
) -> list[Record]:
    """The records, where all of them may go over from one person to the other.

    Refuses: MergeOverlaps, MergeServesSelf.
    """
    batch.ask(*((Record, id) for id in ids))
    records = [batch.there(Record, id) for id in ids]
    served = [record for record in records if record.volunteer == person]
    days = {day_key(kept, day) for one in served for day in days_served(one.starts, one.ends)}
    batch.ask(*((VolunteerDay, id) for id in days))
    for record in records:
        if {record.volunteer, record.recipient} == {person, kept} and record.state in COUNTED:
            raise MergeServesSelf(record=record.id, day=record.day)
    for record in served:
        _no_overlap(batch, record, kept)
    return records


def _no_overlap(batch: Batch, record: Record, kept: PersonId) -> None:
    for day in days_served(record.starts, record.ends):
        # Of a record that does not count, the time is free.
        old = batch.get(VolunteerDay, day_key(record.volunteer, day))
        if old is None or all(one.record != record.id for one in old.intervals):
            continue
        own = batch.get(VolunteerDay, day_key(kept, day))
        for other in own.intervals if own else ():
            if record.starts < other.ends and other.starts < record.ends:
                raise MergeOverlaps(record=record.id, other=other.record, day=day)


def still_open(records: Sequence[Record]) -> bool:
    """Whether one of the records waits for somebody."""
    return any(record.state in OPEN for record in records)

"""Rosters: many records of service at once, row by row (domain 4).

A row is told apart by the hash of its content, so that nothing comes in twice and a row whose cause
was mended goes in; a bad row is named and holds up no other. Knows rows; how a file spells them is
`roster_files`' matter, and `roster_imports` brings a whole file. Rows from paper are captured, to
be confirmed and accepted like any other.
"""

import asyncio
import re
from collections.abc import Sequence

import msgspec

from ledger.entry import request_id
from timebank.activities import Activity
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.captures import Service, capture, may_capture, needed, path_of
from timebank.clock import day_of
from timebank.hours import CapturedOnce
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.people import VolunteerNumber
from timebank.places import Station, StationNumber
from timebank.record_life import Evidence, LateReason
from timebank.refusals import Refusal, Unauthenticated
from timebank.roster_files import Line, RosterRow, read_sheet
from timebank.tables import find_many

MOST_ROWS = 500
CODE = re.compile(r"[A-Za-z0-9._:+/=-]{1,64}")

COLUMNS = {"starts": "start", "ends": "end"}
"""Where a refusal's field is called otherwise in a file."""


# Refusals


class RosterTooLong(Refusal):
    """One request has its limit."""

    says = "A request takes between 1 and {most} rows."
    most: int
    path = ("rows",)


class StationUnknown(Refusal):
    """No such station, or none where the actor may record."""

    says = "There is no station with this number where you may record."
    path = ("station",)


class ActivityUnknown(Refusal):
    """No such activity of this station."""

    says = "There is no activity with this id at this station."
    path = ("activity",)


class VolunteerUnknown(Refusal):
    """No such volunteer."""

    says = "There is no volunteer with this number."
    path = ("volunteer",)


# Answers


class RowAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What became of a row: its record (`before`: it came in earlier), or why it did not go in.

    In a dry run a row that would go in has neither record nor code.
    """

    record: str | None = None
    before: bool = False
    code: str | None = None
    details: dict[str, str] = {}

    @property
    def refusal(self) -> Refusal | None:
        """Why the row did not go in."""
        return Refusal.registry[self.code](**self.details) if self.code else None


class Recorded(Answer, frozen=True, kw_only=True):
    """What became of each row, in the order they came."""

    rows: tuple[RowAnswer, ...]


class SheetRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a sheet by its number there: its cells, and what became of it.

    `column` is the one at fault where there is no record; in a dry run a good row has neither.
    """

    row: int
    cells: dict[str, str]
    column: str = ""
    answer: RowAnswer


# Commands


async def record_roster(
    actor: Actor,
    *,
    rows: Sequence[RosterRow],
    key: RequestKey | None,
    dry_run: bool = False,
    late: LateReason | None = None,
    evidence: Evidence | None = None,
) -> Recorded:
    """Capture up to 500 rows of a roster with the rights of the actor, each row by itself.

    Args: key, None where the rows' own keys are enough; dry_run, decide only; late, why the roster
    comes after it was due; evidence, what the district saw of service that was recorded too late,
    or elsewhere: every row is external then.
    Refuses: RosterTooLong; for each row StationUnknown, ActivityUnknown, VolunteerUnknown,
    StationNotActive, ActivityNotOpen, and what `captures.capture` refuses.   Source: domain 4.
    """
    if not actor.known:
        raise Unauthenticated
    if not 0 < len(rows) <= MOST_ROWS:
        raise RosterTooLong(most=MOST_ROWS)
    services = await resolved(rows, actor, late, evidence, Numbers())
    return await recorded(actor, services, key, dry_run=dry_run)


async def recorded(
    actor: Actor, services: Sequence[Service], key: RequestKey | None, *, dry_run: bool
) -> Recorded:
    """Capture rows that have ids for numbers, in one transaction."""
    if not services:
        return Recorded(rows=())
    now = current().clock.now()
    needs = needed(services, actor.id, now)

    def work(batch: Batch) -> Recorded:
        # Named once here, or every row would lack it and run twice.
        for day in {day_of(service.starts) for service in services}:
            batch.policy_on(day)
        paths: dict[tuple[str, str | None], str] = {}
        told = tuple(_answer(batch, service, paths, dry_run) for service in services)
        first = batch.entries[0].seq if batch.entries and not dry_run else None
        return Recorded(entry=first, rows=told)

    return await write(actor, key, work, answer=Recorded, needs=needs, rehearse=dry_run)


async def record_sheet(
    actor: Actor,
    sheet: bytes,
    *,
    key: RequestKey,
    station: str = "",
    activity: str = "",
    dry_run: bool = False,
    late: LateReason | None = None,
) -> tuple[Recorded, list[SheetRow]]:
    """Capture the rows of a sheet, as pasted or sent: the answer, and what became of each row.

    `station` is the number for a sheet without that column, `activity` what the rows are of that
    name none. Good rows go in, bad ones are named.
    Refuses: FileUnreadable, ColumnsMissing, RosterTooLong, and what record_roster refuses.
    """
    if not actor.known:
        raise Unauthenticated
    lines = await asyncio.to_thread(read_sheet, sheet, station=station, activity=activity)
    if not 0 < len(lines) <= MOST_ROWS:
        raise RosterTooLong(most=MOST_ROWS)
    good = [line.content for line in lines if line.content is not None]
    told = Recorded(rows=())
    if good:
        told = await record_roster(actor, rows=good, key=key, dry_run=dry_run, late=late)
    answers = iter(told.rows)
    return told, [_on_sheet(line, next(answers) if line.content else None) for line in lines]


def _on_sheet(line: Line, answer: RowAnswer | None) -> SheetRow:
    refusal = answer.refusal if answer else line.refusal
    column = "" if refusal is None else (line.column or column_of(refusal))
    if answer is None and refusal is not None:
        answer = RowAnswer(code=refusal.code, details=refusal.details)
    return SheetRow(row=line.row, cells=line.cells, column=column, answer=answer or RowAnswer())


def column_of(refusal: Refusal) -> str:
    """The column of a file that a refusal is about."""
    field = refusal.path[0] if refusal.path else "volunteer"
    return COLUMNS.get(field, field)


# Rows


class Numbers:
    """The ids for the numbers of one roster: they are given once and never again to another.

    Read without the lock only to know which rows to load: what they hold is decided under it. Whom
    a merge took meanwhile is refused as such.
    """

    def __init__(self) -> None:
        self.stations: dict[str, str] = {}
        self.people: dict[str, str] = {}

    async def learn(self, rows: Sequence[RosterRow]) -> None:
        """Look up the numbers of these rows that were not found yet."""
        stations = {row.station for row in rows} - self.stations.keys()
        people = {row.volunteer for row in rows} - self.people.keys()
        for station in (await find_many(StationNumber, map(_code, stations))).values():
            self.stations[station.number] = station.station
        for one in (await find_many(VolunteerNumber, map(_code, people))).values():
            self.people[one.number] = one.person


async def resolved(
    rows: Sequence[RosterRow],
    actor: Actor,
    late: LateReason | None,
    evidence: Evidence | None,
    numbers: Numbers,
) -> list[Service]:
    """The rows with ids for numbers; a number that nobody has becomes no id at all."""
    await numbers.learn(rows)
    return [
        Service(
            volunteer=numbers.people.get(row.volunteer, ""),
            station=numbers.stations.get(row.station, ""),
            starts=row.starts,
            ends=row.ends,
            kind=row.kind,
            activity=None if row.activity is None else _code(row.activity),
            late=late,
            evidence=evidence,
            once=request_id(actor.scope, row.content),
        )
        for row in rows
    ]


def _code(text: str) -> str:
    """The text if it may be a code at all; a database is asked for nothing else."""
    return text if CODE.fullmatch(text) else ""


def _answer(
    batch: Batch, service: Service, paths: dict[tuple[str, str | None], str], dry_run: bool
) -> RowAnswer:
    told = batch.attempt(lambda: _record(batch, service, paths))
    if isinstance(told, Refusal):
        return RowAnswer(code=told.code, details=told.details)
    if told is None or (dry_run and not told.before):
        return RowAnswer()
    return told


def _record(batch: Batch, service: Service, paths: dict[tuple[str, str | None], str]) -> RowAnswer:
    place = (service.station, service.activity)
    if place not in paths:
        paths[place] = _path(batch, service)
    before = batch.get(CapturedOnce, service.once or "")
    if before is not None:
        return RowAnswer(record=before.record, before=True)
    if not service.volunteer:
        raise VolunteerUnknown
    record, _ = capture(batch, service, paths[place])
    return RowAnswer(record=record)


def _path(batch: Batch, service: Service) -> str:
    """Where the row is recorded; what the actor may not record at looks like what is not there."""
    station = batch.get(Station, service.station)
    held = None if service.activity is None else batch.get(Activity, service.activity)
    if station is None:
        raise StationUnknown
    # Whoever records for a team alone records at its activities.
    own = held is not None and held.station == station.id
    if not may_capture(batch, held.path if held and own else station.path):
        raise StationUnknown
    if service.activity is not None and held is None:
        raise ActivityUnknown
    return path_of(batch, service.station, service.activity)

"""Rosters: many records of service at once, row by row (domain 4).

A row is told apart by the hash of its content, so that nothing comes in twice and a row whose cause
was mended goes in; a bad row is named and holds up no other. Knows rows; how a file spells them is
`roster_files`' matter. Rows from paper are captured, to be confirmed and accepted like any other.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path

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
from timebank.roster_files import Line, RosterRow, read_roster, read_sheet
from timebank.tables import find_many

MOST_ROWS = 500
TOGETHER = 4
"""Requests of a file that share a transaction: what one of them changes, the next changes again, as
pages of an index, and all wait for the disk once. Whoever else writes waits for them meanwhile."""
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


class BadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that did not go in: its number in the file, the column at fault, and why."""

    row: int
    column: str
    refusal: Refusal


class Imported(msgspec.Struct, kw_only=True):
    """How many rows of a file were read, went in now, had come in before, or are bad."""

    read: int = 0
    captured: int = 0
    known: int = 0
    bad: list[BadRow] = msgspec.field(default_factory=list)


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
    services = await _resolved(rows, actor, late, evidence, Numbers())
    return await _recorded(actor, services, key, dry_run=dry_run)


async def _recorded(
    actor: Actor, services: Sequence[Service], key: RequestKey | None, *, dry_run: bool
) -> Recorded:
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
    column = "" if refusal is None else (line.column or _column_of(refusal))
    if answer is None and refusal is not None:
        answer = RowAnswer(code=refusal.code, details=refusal.details)
    return SheetRow(row=line.row, cells=line.cells, column=column, answer=answer or RowAnswer())


def _column_of(refusal: Refusal) -> str:
    field = refusal.path[0] if refusal.path else "volunteer"
    return COLUMNS.get(field, field)


async def import_roster(
    actor: Actor,
    path: Path,
    *,
    dry_run: bool = False,
    late: LateReason | None = None,
    evidence: Evidence | None = None,
    progress: Callable[[Imported], None] | None = None,
) -> Imported:
    """Capture the rows of a CSV or XLSX file with the rights of the actor, 2,000 at a time.

    Every bad row is named. Run again, after a kill too, it takes only rows that are not in yet.
    Args: progress, told what became of the file so far, after each transaction.
    Refuses: FileUnreadable, ColumnsMissing.   Source: issue of the spine, stage 2.
    """
    if not actor.known:
        raise Unauthenticated
    done = Imported()
    lines = await asyncio.to_thread(read_roster, path)
    # A dry run writes nothing that a later batch could clash with, so whoever may clash, the rows
    # of one volunteer, are decided together.
    cut = _by_volunteer(lines) if dry_run else _in_order(lines)
    numbers = Numbers()

    async def read_next() -> list[tuple[list[Line], list[Service]]]:
        read: list[tuple[list[Line], list[Service]]] = []
        while len(read) < TOGETHER:
            batch: list[Line] = await asyncio.to_thread(next, cut, [])
            if not batch:
                break
            good = [line.content for line in batch if line.content is not None]
            read.append((batch, await _resolved(good, actor, late, evidence, numbers)))
        return read

    # The next are read and their numbers are looked up while those before are being committed.
    ahead = asyncio.create_task(read_next())
    try:
        while read := await ahead:
            ahead = asyncio.create_task(read_next())
            told = await asyncio.gather(
                *(_recorded(actor, services, None, dry_run=dry_run) for _, services in read)
            )
            for (batch, _), answer in zip(read, told, strict=True):
                _count(done, batch, answer.rows)
            if progress is not None:
                progress(done)
    finally:
        ahead.cancel()
    done.bad.sort(key=lambda bad: bad.row)
    return done


def _count(done: Imported, lines: Sequence[Line], answers: Sequence[RowAnswer]) -> None:
    told = iter(answers)
    done.read += len(lines)
    for line in lines:
        answer = next(told) if line.content is not None else None
        refusal = answer.refusal if answer else line.refusal
        if refusal is not None:
            column = line.column or _column_of(refusal)
            done.bad.append(BadRow(row=line.row, column=column, refusal=refusal))
        elif answer and answer.before:
            done.known += 1
        else:
            done.captured += 1


def _in_order(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while batch := list(islice(lines, MOST_ROWS)):
        yield batch


def _by_volunteer(lines: Iterable[Line]) -> Iterator[list[Line]]:
    def whose(line: Line) -> str:
        return line.content.volunteer if line.content else ""

    batch: list[Line] = []
    for _, own in groupby(sorted(lines, key=whose), key=whose):
        together = list(own)
        if len(batch) + len(together) > MOST_ROWS and batch:
            yield batch
            batch = []
        batch += together
        while len(batch) > MOST_ROWS:
            yield batch[:MOST_ROWS]
            batch = batch[MOST_ROWS:]
    if batch:
        yield batch


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


async def _resolved(
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

"""Roster imports: a whole file of records, some thousand rows at a time (domain 4).

What is committed is counted whatever happens to the rest, and a file that is read again brings what
is missing and nothing twice. Knows files and their figures; what becomes of a row is `rosters`'
matter.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path

import msgspec

from ledger.outages import is_away
from timebank.actors import Actor
from timebank.captures import Service
from timebank.record_life import Evidence, LateReason
from timebank.refusals import Denial, Refusal, Unauthenticated
from timebank.roster_files import Line, read_roster
from timebank.rosters import MOST_ROWS, Numbers, Recorded, RowAnswer, column_of, recorded, resolved

TOGETHER = 4
"""Requests of a file that share a transaction: what one of them changes, the next changes again, as
pages of an index, and all wait for the disk once. Whoever else writes waits for them meanwhile."""
Read = tuple[list[Line], list[Service]]
"""The lines of a request, and the good ones with ids for numbers."""

# Answers


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


class ImportStopped(Exception):
    """The ledger went out of reach, or was stopped, amid a file.

    `done` counts the rows of which it is known what became of them. Others may be in as well, where
    only the answer was lost: read again, the file brings exactly what is missing.
    """

    def __init__(self, done: Imported) -> None:
        super().__init__("the ledger stopped taking rows")
        self.done = done


# Commands


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
    Refuses: FileUnreadable, ColumnsMissing. Raises ImportStopped, from what stopped it.
    Source: issue of the spine, stage 2.
    """
    if not actor.known:
        raise Unauthenticated
    done = Imported()
    lines = await asyncio.to_thread(read_roster, path)
    # A dry run writes nothing that a later batch could clash with, so whoever may clash, the rows
    # of one volunteer, are decided together.
    cut = _by_volunteer(lines) if dry_run else _in_order(lines)
    numbers = Numbers()

    async def read_next() -> list[Read]:
        read: list[Read] = []
        while len(read) < TOGETHER:
            batch: list[Line] = await asyncio.to_thread(next, cut, [])
            if not batch:
                break
            good = [line.content for line in batch if line.content is not None]
            read.append((batch, await resolved(good, actor, late, evidence, numbers)))
        return read

    # The next are read and their numbers are looked up while those before are being committed.
    ahead = asyncio.create_task(read_next())
    try:
        while read := await ahead:
            ahead = asyncio.create_task(read_next())
            await _take(actor, read, done, dry_run=dry_run)
            if progress is not None:
                progress(done)
    except Exception as error:
        if isinstance(error, Denial) or is_away(error):
            raise ImportStopped(done) from error
        raise
    finally:
        ahead.cancel()
        await asyncio.gather(ahead, return_exceptions=True)
        done.bad.sort(key=lambda bad: bad.row)
    return done


async def _take(actor: Actor, read: Sequence[Read], done: Imported, *, dry_run: bool) -> None:
    """Capture what was read; raises what kept a part of it out, once the other parts are counted.

    All are waited for, whatever becomes of one: the journal commits what was given to it, whether
    or not anybody waits for the answer.
    """
    told = await asyncio.gather(
        *(recorded(actor, services, None, dry_run=dry_run) for _, services in read),
        return_exceptions=True,
    )
    for (batch, _), answer in zip(read, told, strict=True):
        if isinstance(answer, Recorded):
            _count(done, batch, answer.rows)
    for answer in told:
        if isinstance(answer, BaseException):
            raise answer


def _count(done: Imported, lines: Sequence[Line], answers: Sequence[RowAnswer]) -> None:
    told = iter(answers)
    done.read += len(lines)
    for line in lines:
        answer = next(told) if line.content is not None else None
        refusal = answer.refusal if answer else line.refusal
        if refusal is not None:
            column = line.column or column_of(refusal)
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

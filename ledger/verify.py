"""Verification: reading the ledger like an outsider who trusts nobody, in one pass.

Knows the levels storage, chain and books (FORMAT.md 8): raw rows against the bytes, the bytes
against chain and tree, the postings against each other. Memory is O(log n) for the chain; the books
need one number an account. Refuses to know what an account is: its floor is asked for.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Literal

import msgspec

from ledger.books import Books, Floor, Holder
from ledger.chain import ENTRIES_A_SEGMENT, Finding, Segment, check_segment
from ledger.checkpoint import Checkpoint, InvalidNote, Log, open_note
from ledger.head import Head, NotInstalled
from ledger.merkle import Frontier, Stored, Tile, grow, plan_root, root_of
from ledger.reader import Reader, Unreadable, open_reader, read_entries, read_head, read_tile

Level = Literal["storage", "chain", "books"]
LEVELS: tuple[Level, ...] = ("storage", "chain", "books")

# Below this a second process costs more than it saves.
_ENTRIES_WORTH_A_PROCESS = 4 * ENTRIES_A_SEGMENT
_MAX_FINDINGS = 100
# More missing entries than this are not walked through in search of the next.
_WIDEST_GAP = 1 << 20
# A segment of 2^16 entries is two tiles high.
_SEGMENT_LEVELS = 2

Progress = Callable[[Level, int, int], None]


class Report(msgspec.Struct, frozen=True):
    """What was checked and what was found.

    `size` and `root` are those of the bytes that level chain read, not what the head claims.
    `findings` are at most 100, in the order met; `more` counts the rest.
    """

    levels: tuple[Level, ...]
    size: int
    root: str
    findings: tuple[Finding, ...]
    more: int

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


async def verify(
    url: str,
    *,
    levels: Collection[Level] = LEVELS,
    floor: Floor | None = None,
    holder: Holder | None = None,
    log: Log | None = None,
    progress: Progress | None = None,
    processes: int | None = None,
) -> Report:
    """Check a ledger from its raw rows and say everything that is wrong with it.

    Args: floor, the balance below which an account must never be, in its unit, or None where it may
    be any; holder, whose an account is, for reversals whose account no longer holds enough; log,
    whose signature every checkpoint must bear; progress, called with level, entries done and
    entries in all; processes, how many share the chain of a large log.
    """
    check = _Check(
        url,
        floor or (lambda account, unit: None),
        holder or (lambda account: account),
        log,
        progress,
        processes,
    )
    try:
        async with open_reader(url) as reader:
            await check.run(reader, levels)
    except (Unreadable, NotInstalled) as error:
        check.note(Finding("storage", None, str(error)))
    return check.report(tuple(level for level in LEVELS if level in levels))


class _Check:
    """One verification under way."""

    def __init__(
        self,
        url: str,
        floor: Floor,
        holder: Holder,
        log: Log | None,
        progress: Progress | None,
        processes: int | None,
    ) -> None:
        self._url = url
        self._floor = floor
        self._holder = holder
        self._log = log
        self._progress = progress
        self._processes = processes or min(os.cpu_count() or 1, 8)
        self._findings: list[Finding] = []
        self._more = 0
        self._frontier: Frontier = ()
        self._size = 0

    def note(self, *findings: Finding) -> None:
        room = _MAX_FINDINGS - len(self._findings)
        self._findings.extend(findings[:room])
        self._more += max(0, len(findings) - room)

    def report(self, levels: tuple[Level, ...]) -> Report:
        root = root_of(self._frontier).hex()
        return Report(levels, self._size, root, tuple(self._findings), self._more)

    async def run(self, reader: Reader, levels: Collection[Level]) -> None:
        if "storage" in levels:
            for damage in await reader.damage():
                self.note(Finding("storage", None, damage))
        head = await read_head(reader)
        end = await self._extent(reader)
        if "chain" in levels:
            for difference in await reader.differences():
                self.note(Finding("chain", None, difference))
            await self._check_chain(reader, head, end)
            await self._check_checkpoints(reader)
        if "books" in levels:
            await self._check_books(reader, end)

    async def _extent(self, reader: Reader) -> int:
        """The position after the last row; rows far outside the others are named and left out.

        One row at position 2^62 must not make a verifier walk there.
        """
        rows = await reader.fetch("SELECT min(seq), max(seq), count(*) FROM entry")
        first, last, count = rows[0]
        if first is not None and first < 0:
            self.note(Finding("chain", first, "an entry before the first"))
        end = 0 if last is None else int(last) + 1
        furthest = count + _WIDEST_GAP
        if end > furthest:
            rows = await reader.fetch(
                "SELECT min(seq) FILTER (WHERE seq >= $1), max(seq) FILTER (WHERE seq < $1)"
                " FROM entry",
                furthest,
            )
            beyond, last = rows[0]
            self.note(Finding("chain", beyond, "an entry far beyond the others"))
            end = 0 if last is None else last + 1
        return end

    # Chain and tree

    async def _check_chain(self, reader: Reader, head: Head, end: int) -> None:
        units: Frontier = ()
        done = tiles = 0
        last: Segment | None = None
        async for segment in self._segments(reader, end):
            self.note(*segment.findings)
            last = segment
            self._size += segment.entries
            self._tell("chain", segment.end, end)
            tiles += len(segment.full)
            if segment.entries == ENTRIES_A_SEGMENT:
                units, upper = grow(done, units, segment.frontier)
                done += 1
                tiles += len(upper)
                await self._check_upper(reader, upper)
                self._frontier = units
            else:
                self._frontier = (*units, *segment.frontier)
        counted = (await reader.fetch("SELECT count(*) FROM node"))[0][0]
        if counted != tiles:
            self.note(Finding("chain", None, f"{counted} tile roots are stored, {tiles} are due"))
        self._check_head(head, last)

    async def _check_upper(self, reader: Reader, upper: list[Stored]) -> None:
        """Tile roots above a segment, which no segment can check alone."""
        for node in upper:
            level = node.level + _SEGMENT_LEVELS
            stored = await read_tile(reader, Tile(level, node.index // 256))
            if stored[node.index % 256 : node.index % 256 + 1] != [node.hash]:
                self.note(Finding("chain", None, f"tile root {level}/{node.index} differs"))

    def _check_head(self, head: Head, last: Segment | None) -> None:
        leaf, at = (last.leaf, last.at) if last is not None else (bytes(32), None)
        if head.size != self._size:
            what = f"the head counts {head.size} entries, {self._size} are there"
            self.note(Finding("chain", min(head.size, self._size), what))
        if head.frontier != self._frontier:
            self.note(Finding("chain", None, "the head's frontier is not that of the entries"))
        if head.leaf != leaf:
            self.note(Finding("chain", None, "the head's leaf is not the last entry's"))
        if head.at != at:
            self.note(Finding("chain", None, "the head's time is not the last entry's"))

    async def _segments(self, reader: Reader, end: int) -> AsyncIterator[Segment]:
        """Each segment in order: here, or for a large log in several processes."""
        starts = range(0, end, ENTRIES_A_SEGMENT)
        if end < _ENTRIES_WORTH_A_PROCESS or self._processes < 2:
            for first in starts:
                yield await check_segment(reader, first, min(first + ENTRIES_A_SEGMENT, end))
            return
        loop = asyncio.get_running_loop()
        pool = ProcessPoolExecutor(self._processes, get_context("spawn"))
        try:
            running: list[asyncio.Future[Segment]] = []
            for first in starts:
                stop = min(first + ENTRIES_A_SEGMENT, end)
                running.append(loop.run_in_executor(pool, _segment, self._url, first, stop))
                if len(running) > self._processes:
                    yield await running.pop(0)
            for segment in running:
                yield await segment
        finally:
            pool.shutdown(cancel_futures=True)

    # Checkpoints

    async def _check_checkpoints(self, reader: Reader) -> None:
        """Each stored checkpoint has the root that the entries had at its size."""
        tiles: dict[Tile, list[bytes]] = {}
        for size, root, note in await reader.fetch(
            "SELECT size, root, note FROM checkpoint ORDER BY size"
        ):
            if not 0 < size <= self._size:
                what = f"a checkpoint of {size} entries, {self._size} are there"
                self.note(Finding("chain", None, what))
                continue
            plan = plan_root(size)
            tiles = {
                tile: tiles[tile] if tile in tiles else await read_tile(reader, tile)
                for tile in plan.tiles
            }
            try:
                (found,) = plan.hashes(tiles.__getitem__)
                self._check_note(note, size, root)
            except (InvalidNote, LookupError) as error:
                self.note(Finding("chain", size - 1, f"checkpoint {size}: {error}"))
                continue
            if found != root:
                self.note(Finding("chain", size - 1, f"checkpoint {size} has another root"))

    def _check_note(self, note: str, size: int, root: bytes) -> None:
        if self._log is not None:
            checkpoint = open_note(note, self._log).checkpoint
        else:
            checkpoint = Checkpoint.parse(note.partition("\n\n")[0] + "\n")
        if (checkpoint.size, checkpoint.root) != (size, root):
            raise InvalidNote("form", "the note says otherwise than its row")

    # Books

    async def _check_books(self, reader: Reader, end: int) -> None:
        books = Books(reader, self._floor, self._holder)
        async for rows in read_entries(reader, 0, end):
            for row in rows:
                self.note(*await books.check(row[0], row[1]))
            if rows:
                self._tell("books", rows[-1][0] + 1, end)

    def _tell(self, level: Level, done: int, end: int) -> None:
        if self._progress is not None:
            self._progress(level, done, end)


def _segment(url: str, first: int, end: int) -> Segment:
    """Check one segment in a process of its own."""

    async def run() -> Segment:
        async with open_reader(url) as reader:
            return await check_segment(reader, first, end)

    return asyncio.run(run())

"""Verification: reading the ledger like an outsider who trusts nobody, in one pass.

Knows the levels storage, chain and books (FORMAT.md 8): raw rows against the bytes, the bytes
against chain and tree, the postings against each other. Memory is O(log n) for the chain; the books
need one number an account. Refuses to know what an account is: its floor is asked for.
"""

import contextlib
import os
from collections.abc import AsyncGenerator, Callable, Collection
from typing import Literal

import msgspec

from ledger.books import Books, Floor, Holder, Joined, check_requests
from ledger.chain import ENTRIES_A_SEGMENT, Finding, Segment, check_segment, check_stored
from ledger.checkpoint import Checkpoint, Log
from ledger.claims import Claims
from ledger.crew import check_apart
from ledger.entry import MalformedEntry, decode, leaf_hash
from ledger.head import Head, NotInstalled
from ledger.marks import Mark
from ledger.merkle import (
    EMPTY_ROOT,
    TILE_HEIGHT,
    TILE_WIDTH,
    TWIGS,
    Frontier,
    InvalidProof,
    Stored,
    Tile,
    grow,
    height_of,
    root_of,
    verify_inclusion,
)
from ledger.quorum import Quorum
from ledger.reader import (
    Reader,
    Unreadable,
    open_reader,
    read_entries,
    read_head,
    read_inclusion,
    read_tile,
)

Level = Literal["storage", "chain", "books"]
LEVELS: tuple[Level, ...] = ("storage", "chain", "books")

# Below this a second process costs more than it saves.
_ENTRIES_WORTH_A_PROCESS = 6 * ENTRIES_A_SEGMENT
_MAX_FINDINGS = 100
# More missing entries than this are not walked through in search of the next.
_WIDEST_GAP = 1 << 20
# A segment of 2^16 entries is two tiles high.
_SEGMENT_LEVELS = 2
# As many as a log can have.
_LEVELS = 7

Progress = Callable[[Level, int, int], None]


class Report(msgspec.Struct, frozen=True):
    """What was checked and what was found.

    `levels` are those that came to their end: a page that cannot be read ends the verification.
    `size` and `root` are those of the bytes that level chain read, not what the head claims; where
    it read a range or went on from a mark, those the stored tree proves around what was read.
    `first` and `end` are the entries whose bytes level chain read, `end` not among them;
    `checkpoints` and `cosignatures` count what of them was checked, `strangers` the cosignatures of
    witnesses that are not in the quorum; `signed` and `witnessed` are how many entries the latest
    checkpoint covers, and the latest that reaches the quorum. `findings` are at most 100, in the
    order met; `more` counts the rest. `position` and `frontier` are where a later run may go on.
    """

    levels: tuple[Level, ...]
    size: int
    root: str
    first: int
    end: int
    checkpoints: int
    cosignatures: int
    strangers: int
    signed: int
    witnessed: int
    position: int
    frontier: tuple[str, ...]
    findings: tuple[Finding, ...]
    more: int

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


class _Asked(msgspec.Struct, frozen=True):
    """What a verification is asked to do: the arguments of `verify`."""

    levels: Collection[Level]
    floor: Floor
    holder: Holder
    joined: Joined
    log: Log | None
    quorum: Quorum | None
    anchor: Checkpoint | None
    mark: Mark | None
    span: tuple[int, int] | None
    progress: Progress
    processes: int


async def verify(
    url: str,
    *,
    levels: Collection[Level] = LEVELS,
    floor: Floor = lambda account, unit: None,
    holder: Holder = lambda account: account,
    joined: Joined = lambda entry: None,
    log: Log | None = None,
    quorum: Quorum | None = None,
    anchor: Checkpoint | None = None,
    mark: Mark | None = None,
    span: tuple[int, int] | None = None,
    progress: Progress = lambda level, done, end: None,
    processes: int | None = None,
) -> Report:
    """Check a ledger from its raw rows and say everything that is wrong with it.

    Args: floor, the balance below which an account must never be, in its unit, or None where it may
    be any; holder, whose an account is, for reversals whose account no longer holds enough, and
    joined, whose it is since an entry by which it went into another; log,
    whose signature every checkpoint must bear, a key or several; quorum, whose
    cosignatures count, and the latest checkpoint must then reach it; anchor, a checkpoint kept
    elsewhere that the log must extend; mark, from where level chain goes on; span, the first of the
    entries whose bytes level chain reads and the one after the last, widened to whole segments;
    progress, called with level, entries done and entries in all; processes, how many share the
    chain of a large log.
    """
    share = processes or min(os.cpu_count() or 1, 8)
    asked = _Asked(levels, floor, holder, joined, log, quorum, anchor, mark, span, progress, share)
    check = _Check(url, asked)
    try:
        async with open_reader(url) as reader:
            await check.run(reader)
    except (Unreadable, NotInstalled) as error:
        check.note(Finding("storage", None, str(error)))
    return check.report()


class _Check:
    """One verification under way."""

    def __init__(self, url: str, asked: _Asked) -> None:
        self._url = url
        self._asked = asked
        self._findings: list[Finding] = []
        self._done: list[Level] = []
        self._more = 0
        self._claims: Claims | None = None
        self._size = self._first = self._end = 0
        self._root = EMPTY_ROOT
        # The full subtrees up to the last whole segment's end.
        self._position = 0
        self._units: Frontier = ()

    def note(self, *findings: Finding) -> None:
        room = _MAX_FINDINGS - len(self._findings)
        self._findings.extend(findings[:room])
        self._more += max(0, len(findings) - room)

    def report(self) -> Report:
        claims = self._claims
        return Report(
            levels=tuple(self._done),
            size=self._size,
            root=self._root.hex(),
            first=self._first,
            end=self._end,
            checkpoints=0 if claims is None else claims.checkpoints,
            cosignatures=0 if claims is None else claims.cosignatures,
            strangers=0 if claims is None else claims.strangers,
            signed=0 if claims is None else claims.signed,
            witnessed=0 if claims is None else claims.witnessed,
            position=self._position,
            frontier=tuple(hash_.hex() for hash_ in self._units),
            findings=tuple(self._findings),
            more=self._more,
        )

    async def run(self, reader: Reader) -> None:
        levels = self._asked.levels
        if "storage" in levels:
            for damage in await reader.damage():
                self.note(Finding("storage", None, damage))
            # Here, because where a column was changed nothing below may be readable.
            for difference in await reader.differences():
                self.note(Finding("storage", None, difference))
            self._done.append("storage")
        head = await read_head(reader)
        end = await self._extent(reader)
        if "chain" in levels:
            if self._asked.span is None:
                await self._check_chain(reader, head, end)
            else:
                await self._check_span(reader, head, end, *self._asked.span)
            claims = Claims(reader, self._size, self._asked.log, self._asked.quorum)
            self._claims = claims
            self.note(*await claims.check_checkpoints())
            self.note(*await claims.check_cosignatures())
            if self._asked.anchor is not None:
                self.note(*await claims.check_anchor(self._asked.anchor))
            self._done.append("chain")
        if "books" in levels:
            await self._check_books(reader, end)
            self._done.append("books")

    async def _extent(self, reader: Reader) -> int:
        """The position after the last row; rows far outside the others are named and left out.

        One row at position 2^62 must not make a verifier walk there.
        """
        rows = await reader.fetch("SELECT min(seq), max(seq), count(*) FROM entry")
        first, last, count = rows[0]
        if not {type(first), type(last)} <= {int, type(None)}:
            raise Unreadable("table entry: a position that is no whole number")
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
        """Everything from the beginning, or from where a mark lies."""
        if self._asked.mark is not None:
            await self._go_on(reader, self._asked.mark)
        frontier = self._units
        async for segment in self._segments(reader, self._position, end):
            self.note(*segment.findings)
            self._size += segment.entries
            self._asked.progress("chain", segment.end, end)
            if segment.entries == ENTRIES_A_SEGMENT:
                done = self._position // ENTRIES_A_SEGMENT
                self._units, upper = grow(done, self._units, segment.frontier)
                self._position += ENTRIES_A_SEGMENT
                await self._check_upper(reader, upper)
                frontier = self._units
            else:
                frontier = (*self._units, *segment.frontier)
        self._root, self._end = root_of(frontier), end
        await self._check_count(reader)
        await self._check_head(reader, head, frontier)

    async def _go_on(self, reader: Reader, mark: Mark) -> None:
        """Begin where a mark lies, if the log still has the roots it had there and then."""
        claims = Claims(reader, mark.size, None)
        for size, root in ((mark.size, mark.root), (mark.position, root_of(mark.hashes).hex())):
            if size and await claims.root_at(size) != bytes.fromhex(root):
                what = f"the log no longer extends the {size} entries of the mark"
                self.note(Finding("chain", size - 1, what))
        self._units, self._position = mark.hashes, mark.position
        self._size = self._first = mark.position

    async def _check_span(
        self, reader: Reader, head: Head, extent: int, first: int, end: int
    ) -> None:
        """The bytes of some segments, and that the tree of the head holds each of them.

        One proof a segment is enough: what it is made of inside the segment has been compared.
        """
        first -= first % ENTRIES_A_SEGMENT
        end = min(end + -end % ENTRIES_A_SEGMENT, extent)
        self._first, self._end = first, end
        self._size, self._root = head.size, head.root
        start = first
        async for segment in self._segments(reader, first, end):
            self.note(*segment.findings)
            self._asked.progress("chain", segment.end - first, end - first)
            try:
                leaf = (await read_tile(reader, Tile(0, start // TILE_WIDTH)))[0]
                proof = await read_inclusion(reader, start, head.size)
                verify_inclusion(
                    index=start, size=head.size, leaf=leaf, proof=proof, root=head.root
                )
            except (InvalidProof, LookupError, ValueError) as error:
                self.note(Finding("chain", start, f"not in the tree of the head: {error}"))
            start = segment.end

    async def _check_upper(self, reader: Reader, upper: list[Stored]) -> None:
        """Roots above a segment, which no segment can check alone."""
        due = [Stored(node.level + _SEGMENT_LEVELS, node.index, node.hash) for node in upper]
        self.note(*await check_stored(reader, due))

    async def _check_count(self, reader: Reader) -> None:
        """Whether table `node` holds more than what was compared, or fewer tile roots."""
        counted = (await reader.fetch("SELECT count(*) FROM node"))[0][0]
        for level in range(TWIGS, TWIGS + _LEVELS):
            counted -= (
                await reader.fetch(
                    'SELECT count(*) FROM node WHERE level = $1 AND "index" BETWEEN 0 AND $2',
                    *(level, (self._size >> height_of(level)) - 1),
                )
            )[0][0]
        due = sum(self._size >> TILE_HEIGHT * level for level in range(1, _LEVELS))
        if counted != due:
            self.note(Finding("chain", None, f"{counted} tile roots are stored, {due} are due"))

    async def _check_head(self, reader: Reader, head: Head, frontier: Frontier) -> None:
        leaf, at = bytes(32), None
        for (data,) in await reader.fetch("SELECT bytes FROM entry WHERE seq = $1", self._size - 1):
            with contextlib.suppress(MalformedEntry):
                at = decode(data).at
            leaf = leaf_hash(data) if type(data) is bytes else bytes(32)
        if head.size != self._size:
            what = f"the head counts {head.size} entries, {self._size} are there"
            self.note(Finding("chain", min(head.size, self._size), what))
        if head.frontier != frontier:
            self.note(Finding("chain", None, "the head's frontier is not that of the entries"))
        if head.leaf != leaf:
            self.note(Finding("chain", None, "the head's leaf is not the last entry's"))
        if head.at != at:
            self.note(Finding("chain", None, "the head's time is not the last entry's"))

    async def _segments(self, reader: Reader, first: int, end: int) -> AsyncGenerator[Segment]:
        """Each segment in order: here, or for a large log in several processes."""
        starts = range(first, end, ENTRIES_A_SEGMENT)
        processes = self._asked.processes
        if end - first < _ENTRIES_WORTH_A_PROCESS or processes < 2:
            for first in starts:
                yield await check_segment(reader, first, min(first + ENTRIES_A_SEGMENT, end))
            return
        apart = check_apart(
            self._url, first, end, length=ENTRIES_A_SEGMENT, processes=min(processes, len(starts))
        )
        async with contextlib.aclosing(apart):
            async for segment in apart:
                yield segment

    # Books

    async def _check_books(self, reader: Reader, end: int) -> None:
        unread = 0 if self._asked.mark is None else self._first
        asked = self._asked
        books = Books(reader, asked.floor, asked.holder, asked.joined, unread=unread)
        async for rows in read_entries(reader, 0, end):
            for row in rows:
                self.note(*await books.check(row))
            if rows:
                self._asked.progress("books", rows[-1][0] + 1, end)
        await check_requests(reader, self.note)

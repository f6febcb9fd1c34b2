"""Exports: the ledger read whole for other people's software, and the CSV of it.

Knows how one unmoving state is read from the entries' bytes alone: strictly decoded, each the next
of the chain, the last the head's. Refuses to write down anything that does not hold together: what
is wrong is `verify`'s to say. The books as Beancount are `beancount_books`.
"""

import csv
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

import msgspec

from ledger.entry import EMPTY, MalformedEntry, Sealed, Tip, decode, reversal_of
from ledger.head import Head, instant_text
from ledger.merkle import Frontier, grow, root_of
from ledger.reader import Reader, open_reader, read_entries, read_head
from timebank.carried import told
from timebank.clock import day_of
from timebank.refusals import Refusal

Progress = Callable[[int, int], None]

# Spreadsheets run a cell that begins with one of the first six; the last makes it reversible.
_RUN = ("=", "+", "-", "@", "\t", "\r", "'")


# Refusals


class LedgerBroken(Refusal):
    """An export of a ledger that does not hold together would look like books and be none."""

    says = "At entry {entry} the ledger does not hold together; run timebank verify ledger."
    entry: int


class TablesBehind(Refusal):
    """The derived tables do not know what an entry moved."""

    says = "The derived tables do not have {account} as entry {entry} left it; run timebank replay."
    account: str
    entry: int


# Reading


class Source:
    """One unmoving state of a ledger. `tip` and `root` are of the entries read so far."""

    def __init__(self, reader: Reader, head: Head, progress: Progress) -> None:
        self.reader = reader
        self.head = head
        self.tip: Tip = EMPTY
        self._progress = progress
        self._frontier: Frontier = ()

    @property
    def root(self) -> bytes:
        """The root of the tree over the bytes read so far."""
        return root_of(self._frontier)

    async def entries(self) -> AsyncIterator[Sealed]:
        """Every entry in order, by its bytes; a carried one as it was first told.

        Refuses: LedgerBroken, where an entry is unreadable or not the next, and at the end where
        the head says otherwise than the bytes.
        """
        async for rows in read_entries(self.reader, 0, self.head.size):
            made: list[Sealed] = []
            for row in rows:
                made.append(self._next(row[1]))
                yield told(made[-1])
            leaves = [entry.leaf for entry in made]
            self._frontier, _ = grow(self.tip.size - len(made), self._frontier, leaves)
            self._progress(self.tip.size, self.head.size)
        if (self.tip, self._frontier) != (self.head.tip, self.head.frontier):
            raise LedgerBroken(entry=self.tip.size)

    def _next(self, data: bytes) -> Sealed:
        try:
            entry = decode(data)
        except MalformedEntry as error:
            raise LedgerBroken(entry=self.tip.size) from error
        if not entry.follows(self.tip):
            raise LedgerBroken(entry=self.tip.size)
        self.tip = entry.tip
        return entry


@asynccontextmanager
async def open_source(url: str, progress: Progress) -> AsyncIterator[Source]:
    """The ledger as it is now; a server may go on writing meanwhile."""
    async with open_reader(url) as reader:
        yield Source(reader, await read_head(reader), progress)


# Writing


def defused(text: str) -> str:
    """A cell that no spreadsheet runs: an apostrophe before what would be, and before its like.

    Whoever wants the text back takes one leading apostrophe away.
    """
    return f"'{text}" if text.startswith(_RUN) else text


def create(path: Path) -> TextIO:
    """A file to write an export into, with the line ends that CSV and Beancount both bear."""
    return path.open("w", encoding="utf-8", newline="")


async def write_csv(
    url: str, entries: TextIO, postings: TextIO, progress: Progress = lambda done, size: None
) -> Source:
    """Write every entry, and every posting of every entry, as comma-separated values.

    Each begins with the mark that tells spreadsheets UTF-8. Amounts are whole minutes or fen.
    Refuses: LedgerBroken.
    """
    for file in (entries, postings):
        file.write("\ufeff")
    rows, moves = csv.writer(entries), csv.writer(postings)
    rows.writerow(
        ("seq", "at", "kind", "actor", "policy", "request", "reverses", "leaf", "prev", "body")
    )
    moves.writerow(("seq", "line", "day", "kind", "account", "unit", "amount"))
    async with open_source(url, progress) as source:
        async for entry in source.entries():
            named = reversal_of(entry.body)
            rows.writerow(
                (
                    entry.seq,
                    instant_text(entry.at),
                    entry.kind,
                    defused(entry.actor),
                    defused(entry.policy),
                    entry.request,
                    "" if named is None else named[0],
                    entry.leaf.hex(),
                    entry.prev.hex(),
                    msgspec.json.encode(entry.body).decode(),
                )
            )
            day = day_of(entry.at).isoformat()
            for line, (account, unit, amount) in enumerate(entry.postings):
                moves.writerow((entry.seq, line, day, entry.kind, defused(account), unit, amount))
        return source

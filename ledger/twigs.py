"""Twigs of entries that were written before any were stored.

Knows that a twig (FORMAT.md 7) can be computed at any time from what lies below it, and that it
only saves work. Refuses to judge what it computes them from: `ledger.verify` compares both.
"""

from typing import Any, Final, Protocol

from ledger.head import NODES, node_row
from ledger.merkle import TWIG_HEIGHT, TWIG_WIDTH, TWIGS, Stored, Tile, height_of, roots_above
from ledger.reader import Queries, open_reader, read_head, read_tiles
from ledger.writer import open_writer

AT_ONCE: Final = 2048
"""So many a transaction: whoever wants to append waits for their rows alone."""


class _Fetches(Protocol):
    async def fetch(self, sql: str, *params: object) -> list[tuple[Any, ...]]: ...


async def add_twigs(url: str) -> int:
    """Store the twigs that are missing, and say how many were. Meanwhile others may append.

    Refuses as a transaction of the writer does.
    """
    added = level = 0
    writer = await open_writer(url)
    try:
        async with open_reader(url) as reader:
            size = (await read_head(reader)).size
            while due := size >> height_of(TWIGS + level):
                for first in range(0, due, AT_ONCE):
                    end = min(first + AT_ONCE, due)
                    if len(await _stored(reader, level, first)) >= end - first:
                        continue
                    made = await _computed(reader, level, first, end)
                    async with writer.transaction() as transaction:
                        # The lock is held: nobody adds others meanwhile.
                        there = await _stored(transaction, level, first)
                        rows = [node_row(twig) for twig in made if twig.index not in there]
                        await transaction.execute_each([(NODES, rows)])
                    added += len(rows)
                level += 1
    finally:
        await writer.close()
    return added


async def _stored(database: _Fetches, level: int, first: int) -> set[int]:
    """Which twigs of a level are there, of so many at once."""
    rows = await database.fetch(
        'SELECT "index" FROM node WHERE level = $1 AND "index" >= $2 AND "index" < $3',
        *(TWIGS + level, first, first + AT_ONCE),
    )
    return {index for (index,) in rows}


async def _computed(reader: Queries, level: int, first: int, end: int) -> list[Stored]:
    """Twigs of a level from what is stored of it; none where some of that is missing."""
    tile = Tile(level, first // AT_ONCE, AT_ONCE * TWIG_WIDTH)
    below = (await read_tiles(reader, {tile: (end - first) * TWIG_WIDTH}))[tile]
    hashes = [below[at : at + 32] for at in range(0, len(below), 32)]
    roots = enumerate(roots_above(hashes, TWIG_HEIGHT), first)
    return [Stored(TWIGS + level, index, root) for index, root in roots]

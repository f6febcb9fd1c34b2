"""Replay: every projection once more from the ledger's own bytes, to compare or to refill.

Runs the very projectors that the journal runs, in the order of the entries, over rows that were
never in the database. Knows tables and entries; refuses to know any event. The vault is not
touched: the ledger does not hold it.
"""

import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import asyncpg
import msgspec

from ledger.entry import decode
from ledger.tables import dialect_of, sqlite_path
from ledger.writer import Transaction, open_writer
from timebank.carried import told
from timebank.events import event_of
from timebank.projections import Rows, project
from timebank.tables import TABLES, Key, R, Row, Table

CHUNK = 2_000
MOST_HELD = 50_000
MOST_NAMED = 100

Line = Sequence[Any]
Chunks = AsyncIterator[Sequence[Line]]
Read = Callable[[str], Chunks]
Progress = Callable[[int], None]


class Difference(msgspec.Struct, frozen=True):
    """A row that replay and the live table do not agree on.

    `what` is `missing` (not in the live table), `extra` (only there) or `changed`, and then
    `columns` says where.
    """

    table: str
    key: Key
    what: str
    columns: tuple[str, ...] = ()


class Replayed(msgspec.Struct, frozen=True):
    """What a replay did: how much of it, how long, and up to 100 named differences."""

    entries: int
    rows: int
    seconds: float
    differing: int = 0
    differences: tuple[Difference, ...] = ()


def projections() -> list[Table]:
    """The tables that the ledger can refill."""
    return [table for table in TABLES.values() if not table.vault]


# Rows that are being rebuilt


class Shelf:
    """The rebuilt rows of one table: the latest in memory, the rest in a temporary file.

    Two generations stand in for "least recently used": a row that is asked for becomes young, and
    when the young are too many the old ones are put away. Until then a row that is not in memory
    does not exist, and nobody asks the file.
    """

    def __init__(self, table: Table, file: sqlite3.Connection, most: int) -> None:
        self.table, self.file, self.most = table, file, most
        self.young: dict[Key, Row | None] = {}
        self.old: dict[Key, Row | None] = {}
        self.put_away = False
        listed = ", ".join(f'"{column}"' for column in table.columns)
        self.pk = f'"{table.columns[0]}"'
        name = f'"{table.name}"'
        file.execute(f"CREATE TABLE {name} ({listed}, PRIMARY KEY ({self.pk})) WITHOUT ROWID")
        self.every = f"SELECT {listed} FROM {name}"
        self.one = f"{self.every} WHERE {self.pk} = ?"
        self.remove = f"DELETE FROM {name} WHERE {self.pk} = ?"
        marks = ", ".join("?" for _ in table.columns)
        self.add = f"INSERT OR REPLACE INTO {name} VALUES ({marks})"

    def get(self, key: Key) -> Row | None:
        """The row with this key."""
        if key in self.young:
            return self.young[key]
        if key in self.old:
            found = self.old.pop(key)
        elif self.put_away:
            values = self.file.execute(self.one, (key,)).fetchone()
            found = self.table.load(values) if values else None
        else:
            return None
        self.put(key, found)
        return found

    def put(self, key: Key, row: Row | None) -> None:
        """Keep a row, or remember that it is gone."""
        self.young[key] = row
        if len(self.young) > self.most:
            self._put_old_away()
            self.young, self.old = {}, self.young

    def _put_old_away(self) -> None:
        if not self.old:
            return
        values = self.table.values
        kept = [values(row) for row in self.old.values() if row is not None]
        gone = [(key,) for key, row in self.old.items() if row is None]
        self.file.executemany(self.add, kept)
        self.file.executemany(self.remove, gone)
        self.put_away = True

    def take(self, key: Key) -> Line | None:
        """Hand a row's values out, once."""
        for generation in (self.young, self.old):
            if key in generation:
                row = generation[key]
                generation[key] = None
                return None if row is None else self.table.values(row)
        if not self.put_away:
            return None
        found = cast("Line | None", self.file.execute(self.one, (key,)).fetchone())
        self.file.execute(self.remove, (key,))
        return found

    def rest(self) -> Iterator[Line]:
        """The values of every row that was not taken."""
        held = {**self.old, **self.young}
        for row in held.values():
            if row is not None:
                yield self.table.values(row)
        if self.put_away:
            for values in self.file.execute(self.every):
                if values[0] not in held:
                    yield values


class Rebuilt(Rows):
    """The rows of every projection as the entries make them."""

    def __init__(self, file: sqlite3.Connection, most: int) -> None:
        super().__init__({})
        self.shelves = {table.row: Shelf(table, file, most) for table in projections()}

    def get(self, row: type[R], key: Key) -> R | None:
        """The row with this primary key, or None."""
        return cast("R | None", self.shelves[row].get(key))

    def put(self, row: Row) -> None:
        """Keep a row, new or changed. A KeyError is a projector that writes to the vault."""
        self.shelves[type(row)].put(row.pk, row)

    def drop(self, row: type[Row], key: Key) -> None:
        """Delete a row."""
        self.shelves[row].put(key, None)


@asynccontextmanager
async def rebuilt(
    entries: Chunks, most: int, progress: Progress
) -> AsyncIterator[tuple["Rebuilt", int, float]]:
    with TemporaryDirectory(prefix="timebank-replay-") as directory:
        file = sqlite3.connect(Path(directory) / "rows.db", isolation_level=None)
        try:
            # The file is lost with the process anyway: nothing in it is worth waiting for a disk.
            file.execute("PRAGMA journal_mode = OFF")
            file.execute("PRAGMA synchronous = OFF")
            rows = Rebuilt(file, most)
            started, done = time.perf_counter(), 0
            async for chunk in entries:
                for (data,) in chunk:
                    entry = told(decode(data))
                    project(rows, event_of(entry), entry)
                done += len(chunk)
                progress(done)
            yield rows, done, time.perf_counter() - started
        finally:
            file.close()


# Replays


async def compare(
    url: str, *, progress: Progress = lambda done: None, most: int = MOST_HELD
) -> Replayed:
    """Rebuild every projection and compare it with the live one, row by row, writing nothing.

    Both sides are read in one snapshot, so a server may run meanwhile. `most` rows of a table are
    held in memory, twice.
    """
    async with _snapshot(url) as read:
        entries = read("SELECT bytes FROM entry ORDER BY seq")
        async with rebuilt(entries, most, progress) as (rows, done, seconds):
            named: list[Difference] = []
            compared = differing = 0
            for table in projections():
                shelf = rows.shelves[table.row]
                async for chunk in read(table.every):
                    compared += len(chunk)
                    for live in chunk:
                        found = _differ(table, live, shelf.take(live[0]))
                        differing += _name(named, found)
                for values in shelf.rest():
                    differing += _name(named, Difference(table.name, values[0], "missing"))
    return Replayed(done, compared, seconds, differing, tuple(named))


async def apply(
    url: str, *, progress: Progress = lambda done: None, most: int = MOST_HELD
) -> Replayed:
    """Refill every projection from the ledger, all or nothing. Run it with the server stopped.

    Nobody can write meanwhile: it is one transaction that holds the head.
    """
    writer = await open_writer(url)
    try:
        async with writer.transaction() as transaction:
            entries = _entries(transaction)
            async with rebuilt(entries, most, progress) as (rows, done, seconds):
                written = 0
                for table in projections():
                    written += await _refill(transaction, table, rows.shelves[table.row])
    finally:
        await writer.close()
    return Replayed(done, written, seconds)


async def _entries(transaction: Transaction) -> Chunks:
    for first in range(0, transaction.head.size, CHUNK):
        yield await transaction.fetch(
            "SELECT bytes FROM entry WHERE seq >= $1 AND seq < $2 ORDER BY seq",
            first,
            first + CHUNK,
        )


async def _refill(transaction: Transaction, table: Table, shelf: Shelf) -> int:
    await transaction.execute(f'DELETE FROM "{table.name}"')
    written = 0
    waiting: list[Line] = []
    for values in shelf.rest():
        waiting.append(values)
        if len(waiting) == CHUNK:
            await transaction.execute_each([(table.upsert, waiting)])
            written, waiting = written + CHUNK, []
    if waiting:
        await transaction.execute_each([(table.upsert, waiting)])
    return written + len(waiting)


def _differ(table: Table, live: Line, rebuilt: Line | None) -> Difference | None:
    if rebuilt is None:
        return Difference(table.name, live[0], "extra")
    pairs = zip(table.columns, live, rebuilt, strict=True)
    columns = tuple(name for name, here, there in pairs if here != there)
    return Difference(table.name, live[0], "changed", columns) if columns else None


def _name(named: list[Difference], found: Difference | None) -> bool:
    if found is not None and len(named) < MOST_NAMED:
        named.append(found)
    return found is not None


# Reading


@asynccontextmanager
async def _snapshot(url: str) -> AsyncIterator[Read]:
    """Read-only statements that all see one state of the database."""
    if dialect_of(url) == "sqlite":
        file = sqlite3.connect(f"file:{sqlite_path(url)}?mode=ro", uri=True, isolation_level=None)
        try:
            file.execute("BEGIN")
            yield lambda sql: _sqlite_chunks(file, sql)
        finally:
            file.close()
        return
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield lambda sql: _postgresql_chunks(connection, sql)
    finally:
        await connection.close()


async def _sqlite_chunks(file: sqlite3.Connection, sql: str) -> Chunks:
    cursor = file.execute(sql)
    while chunk := cursor.fetchmany(CHUNK):
        yield chunk


async def _postgresql_chunks(connection: asyncpg.Connection, sql: str) -> Chunks:
    cursor = await connection.cursor(sql)
    while chunk := await cursor.fetch(CHUNK):
        yield chunk

"""Reading the ledger over a connection that cannot write.

Knows how rows, tiles and proofs are found in either database; takes no lock and never waits for the
writer. Refuses to judge what it reads: `ledger.verify` does.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import takewhile
from typing import Any, Protocol, TypeVar, cast

import asyncpg

from ledger.head import EntryRow, Head, NotInstalled, head_of_row
from ledger.merkle import (
    TILE_WIDTH,
    TWIGS,
    Plan,
    Tile,
    plan_consistency,
    plan_inclusion,
    plan_root,
)
from ledger.sessions import connect
from ledger.tables import (
    Dialect,
    dialect_of,
    postgresql_differences,
    sqlite_differences,
    sqlite_path,
    sqlite_placeholders,
    sqlite_uri,
)

T = TypeVar("T")
Take = Callable[[Sequence[Any]], bool]

# A whole tile: enough that asking for the next rows costs little beside them, and so few that they
# still lie in the processor's cache while they are hashed.
_ROWS_AT_ONCE = TILE_WIDTH
_HASH = 32
# Most are of 8,192 entries and hold 1 KiB.
_MOST_KEPT = 1024

COLUMNS = "seq, bytes, leaf, kind, at, actor, request"


class Unreadable(Exception):
    """The database could not give what it holds: damaged pages, no such tables, other types."""


class Queries(Protocol):
    """Whatever answers queries about a ledger, later ones from no older state than earlier ones.

    What is signed, proved or stored in full tiles never changes: whoever asks for a size first and
    then for what lies below it needs no unmoving state.
    """

    dialect: Dialect
    # What proofs were made of, except what is below a tile's root: it never changes.
    kept: dict[Tile, bytes]

    async def fetch(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """All rows of a query with placeholders $1, $2, ..."""


class Reader(Queries, Protocol):
    """A reading connection. Everything it reads is one unmoving state of the database.

    Its queries refuse with Unreadable.
    """

    async def feed(self, take: Take, sql: str, *params: object) -> None:
        """Give all rows of a query to `take`, some whole tiles at a time, until it says False.

        On SQLite in the thread that reads them: handing so many to another costs more than reading.
        """

    async def differences(self) -> list[str]:
        """Where triggers and indexes are not those of the DDL file."""

    async def damage(self) -> list[str]:
        """What the database itself finds wrong with its pages; empty when nothing is."""


@contextlib.asynccontextmanager
async def open_reader(url: str) -> AsyncIterator[Reader]:
    """Read one state of the database. Args: url, as for `ledger.writer.open_writer`."""
    if dialect_of(url) == "sqlite":
        async with _open_sqlite(sqlite_path(url)) as reader:
            yield reader
    else:
        async with _open_postgresql(url) as other:
            yield other


# Entries and proofs


async def read_head(reader: Queries) -> Head:
    """The head row; refuses with NotInstalled where there is none."""
    rows = await reader.fetch("SELECT size, leaf, frontier, at FROM head WHERE id = 1")
    if len(rows) != 1:
        raise NotInstalled("no head")
    size, leaf, frontier, at = rows[0]
    # Somebody who owns the database can make a column hold anything.
    if not (type(size) is int and type(leaf) is bytes and type(frontier) is bytes):
        raise Unreadable("table head: a value that is null or of another type")
    return head_of_row(size, leaf, frontier, at if isinstance(at, str) else None)


async def read_entries(
    reader: Reader, first: int, end: int, *, chunk: int = 2048
) -> AsyncIterator[list[EntryRow]]:
    """The rows from position `first` to before `end`, in order, `chunk` positions at a time."""
    sql = f"SELECT {COLUMNS} FROM entry WHERE seq >= $1 AND seq < $2 ORDER BY seq"
    for start in range(first, end, chunk):
        rows = await reader.fetch(sql, start, min(start + chunk, end))
        # The columns named above have these types in both DDL files.
        yield cast(list[EntryRow], rows)


async def read_tile(reader: Queries, tile: Tile) -> list[bytes]:
    """The stored hashes of a tile, as many as there are from its first on.

    What is null or of another type is not there, nor what follows it.
    """
    query, values = _query_of(tile, tile.width)
    return list(takewhile(_is_hash, (hash_ for (hash_,) in await reader.fetch(query, *values))))


async def read_tiles(
    reader: Queries, needed: Mapping[Tile, int], *, signed: int = 0
) -> dict[Tile, bytes]:
    """So many of the first stored hashes of each tile of a proof; none where one is missing.

    Its root says whether they are good. Args: signed, how many entries can never be lost again. Of
    those the tiles above a tile's root, and the last ones, are kept for the next: there are few of
    them, each proof needs some, and would take longer the more there are.
    """
    kept = reader.kept
    found: dict[Tile, bytes] = {}
    asked: dict[Tile, int] = {}
    for tile, count in needed.items():
        there = kept.get(tile, b"")
        if len(there) < count * _HASH:
            asked[tile] = max(count, tile.covered(signed))
        found[tile] = there
    for tile, hashes in (await _read_together(reader, asked) if asked else {}).items():
        found[tile] = hashes if len(hashes) == asked[tile] * _HASH else b""
        if found[tile] and signed and (asked[tile] < tile.width or tile.level % TWIGS):
            if len(kept) >= _MOST_KEPT:
                del kept[next(iter(kept))]
            kept[tile] = hashes
    return found


async def _read_together(reader: Queries, asked: Mapping[Tile, int]) -> dict[Tile, bytes]:
    """From a server by one query: the ways there and back cost more than the tiles."""
    if reader.dialect == "sqlite":
        queries = {tile: _query_of(tile, count) for tile, count in asked.items()}
        return {
            tile: b"".join(
                filter(_is_hash, (hash_ for (hash_,) in await reader.fetch(query, *values)))
            )
            for tile, (query, values) in queries.items()
        }
    # In an order: then there are few forms, and each is planned only a few times.
    tiles = sorted(asked, key=lambda tile: (tile.level > 0, tile.width))
    parts: list[str] = []
    values: list[int] = []
    for number, tile in enumerate(tiles):
        query, more = _query_of(tile, asked[tile], len(values))
        parts.append(f"(SELECT string_agg(told, '') FROM ({query}) AS tile_{number})")
        values += more
    (row,) = await reader.fetch(f"SELECT {', '.join(parts)}", *values)
    return {tile: hashes or b"" for tile, hashes in zip(tiles, row, strict=True)}


def _query_of(tile: Tile, count: int, taken: int = 0) -> tuple[str, list[int]]:
    """What finds the first hashes of a tile in order, and its values after so many others.

    PostgreSQL is told how many there are at most, and does not see from where on when it plans: of
    a range it expects a part of the table, and where that part is large and the range that it sees
    is small, it plans each time anew, which takes longer than to read.
    """
    hash_, table, place = ("hash", "node", '"index"') if tile.level else ("leaf", "entry", "seq")
    first, last = (f"(SELECT CAST(${taken + number} AS bigint))" for number in (1, 2))
    level = f"level = ${taken + 3} AND " if tile.level else ""
    start = tile.index * tile.width
    return (
        f"SELECT {hash_} AS told FROM {table} WHERE {level}{place} BETWEEN {first} AND {last}"
        f" ORDER BY {place} LIMIT {tile.width}",
        [start, start + count - 1, *([tile.level] if tile.level else [])],
    )


def _is_hash(value: object) -> bool:
    return type(value) is bytes and len(value) == _HASH


async def read_root(reader: Queries, size: int) -> bytes:
    """The root the log had at `size` entries, at least 1."""
    return (await _hashes(reader, partial(plan_root, size)))[0]


async def read_inclusion(reader: Queries, index: int, size: int) -> tuple[bytes, ...]:
    """The proof that entry `index` is in the log of `size` entries; reads O(log n) tiles.

    Args: size, of a log that a checkpoint was signed of, or else of one that cannot lose entries
    while it is read.
    """
    return await _hashes(reader, partial(plan_inclusion, index, size), signed=size)


async def read_consistency(reader: Queries, old: int, new: int) -> tuple[bytes, ...]:
    """The proof that the log of `new` entries extends that of `old`; reads O(log n) tiles."""
    return await _hashes(reader, partial(plan_consistency, old, new))


class _Plans(Protocol):
    def __call__(self, *, twigs: bool) -> Plan: ...


async def _hashes(reader: Queries, plans: _Plans, *, signed: int = 0) -> tuple[bytes, ...]:
    try:
        return await _made(reader, plans(twigs=True), signed)
    except LookupError:
        # Entries written before twigs were stored.
        return await _made(reader, plans(twigs=False), signed)


async def _made(reader: Queries, plan: Plan, signed: int) -> tuple[bytes, ...]:
    tiles = await read_tiles(reader, plan.tiles, signed=signed)
    return plan.hashes(tiles.__getitem__)


# SQLite


class _SqliteReader:
    dialect: Dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self.kept: dict[Tile, bytes] = {}
        self._connection = connection
        self._thread = thread

    async def fetch(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return await self._run(self._fetch, sqlite_placeholders(sql), params)

    async def feed(self, take: Take, sql: str, *params: object) -> None:
        """Give all rows of a query to `take`, until it says False."""
        await self._run(self._feed, take, sqlite_placeholders(sql), params)

    async def differences(self) -> list[str]:
        """Where triggers and indexes are not those of the DDL file."""
        return await self._run(sqlite_differences, self._connection)

    async def damage(self) -> list[str]:
        """What PRAGMA integrity_check says, unless it says ok."""
        rows = await self.fetch("PRAGMA integrity_check(20)")
        return [str(row[0]) for row in rows if row[0] != "ok"]

    async def _run(self, job: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, job, *args)

    def _fetch(self, sql: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with _readable():
            return self._connection.execute(sql, params).fetchall()

    def _feed(self, take: Take, sql: str, params: tuple[Any, ...]) -> None:
        with contextlib.closing(self._connection.cursor()) as cursor:
            with _readable():
                cursor.execute(sql, params)
            while True:
                with _readable():
                    rows = cursor.fetchmany(_ROWS_AT_ONCE)
                if not rows or not take(rows):
                    return


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, OverflowError) as error:
        raise Unreadable(str(error)) from error


@contextlib.asynccontextmanager
async def _open_sqlite(path: str) -> AsyncIterator[_SqliteReader]:
    thread = ThreadPoolExecutor(1, thread_name_prefix="ledger-reader")
    loop = asyncio.get_running_loop()
    try:
        connection = await loop.run_in_executor(thread, _connect_sqlite, path)
        try:
            yield _SqliteReader(connection, thread)
        finally:
            await loop.run_in_executor(thread, connection.close)
    finally:
        thread.shutdown(wait=False)


def _connect_sqlite(path: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            sqlite_uri(path, mode="ro"), uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
    except sqlite3.DatabaseError as error:
        raise Unreadable(str(error)) from error
    return connection


# PostgreSQL


class _PostgresqlReader:
    dialect: Dialect = "postgresql"

    def __init__(self, connection: Any) -> None:
        self.kept: dict[Tile, bytes] = {}
        self._connection = connection

    async def fetch(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        try:
            return [tuple(row) for row in await self._connection.fetch(sql, *params)]
        except asyncpg.PostgresError as error:
            raise Unreadable(str(error)) from error

    async def feed(self, take: Take, sql: str, *params: object) -> None:
        """Give all rows of a query to `take`, until it says False."""
        try:
            cursor = await self._connection.cursor(sql, *params)
            while rows := await cursor.fetch(_ROWS_AT_ONCE):
                if not take(rows):
                    return
        except asyncpg.PostgresError as error:
            raise Unreadable(str(error)) from error

    async def differences(self) -> list[str]:
        """Where triggers and indexes are not those of the DDL file."""
        return await postgresql_differences(self._connection)

    async def damage(self) -> list[str]:
        """Nothing: PostgreSQL tells of damage only when the page is read."""
        return []


@contextlib.asynccontextmanager
async def _open_postgresql(url: str) -> AsyncIterator[_PostgresqlReader]:
    try:
        connection = await connect(url, settings={"application_name": "ledger-reader"})
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unreadable(str(error)) from error
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            # Rows are read in the order of their key. Of a table that was never analysed, as one
            # just restored, PostgreSQL would collect a range by bitmap and sort it on the disk.
            await connection.execute("SET LOCAL enable_bitmapscan = off")
            yield _PostgresqlReader(connection)
    finally:
        await connection.close()

"""Reading: the connections by which a process reads its tables; they cannot write.

Knows how a statement gets to either database, never what it asks. What SQLite answers within two
milliseconds it answers in the loop's own thread: to hand a look-up of some microseconds to another
thread and back costs ten times the look-up. A statement that takes longer is broken off there and
begun again in a thread, so that nobody else waits for it.
"""

import asyncio
import contextlib
import math
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any, Protocol

import asyncpg

from ledger.merkle import Tile
from ledger.reader import Queries
from ledger.sessions import LOCALE, connect, sorts_by_bytes
from ledger.tables import (
    Dialect,
    dialect_of,
    sqlite_path,
    sqlite_placeholders,
    sqlite_uri,
)
from timebank.turns import Record, Turns, Values

AT_ONCE_SECONDS = 0.002
STEPS = 1_000
"""After so many steps of its machine SQLite looks at the clock: some tens of microseconds."""
STATEMENTS = 1_000
"""So many prepared statements are kept a connection; reads have a few hundred shapes."""
CONNECTIONS = 5


class Reads(Protocol):
    """The reads' way to the database; `remote` where each statement waits for a server, `bytewise`
    where texts are known to stand in the order of their bytes."""

    dialect: Dialect
    remote: bool
    bytewise: bool

    async def fetch(self, statement: str, values: Sequence[Any]) -> Sequence[Record]:
        """All rows of a statement with placeholders $1, $2, ..."""

    async def look_up(self, query: str, sets: Sequence[Values]) -> Sequence[Sequence[Record]]:
        """The few rows of a query with each of these sets of values, of like types: of a server,
        together with what others look up alike."""

    async def close(self) -> None:
        """Hang up."""


PRIMARY, REPLICA = "primary", "replica"
_reads: dict[str, Reads] = {}


def at(place: str) -> Reads:
    """The reads of this process at its database, or at a standby of that."""
    if place not in _reads:
        raise RuntimeError("no ledger is open to read")
    return _reads[place]


def one_instant() -> AbstractContextManager[None]:
    """While this lasts, and nobody may wait within, what a file answers is of one instant.

    It takes its lock once, not for each statement. A server is always waited for: of it each
    statement is of its own instant.
    """
    reads = _reads.get(PRIMARY)
    return reads if isinstance(reads, SqliteReads) else nullcontext()


class _Ledger:
    """This process's reads, as the ledger's own functions ask."""

    def __init__(self, reads: Reads) -> None:
        self.dialect: Dialect = reads.dialect
        self.kept: dict[Tile, bytes] = {}
        self._reads = reads

    async def fetch(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return [tuple(row) for row in await self._reads.fetch(sql, params)]


_ledger: _Ledger | None = None


def ledger() -> Queries:
    """The ledger of this process, asked over the connections that are open anyway."""
    if _ledger is None:
        raise RuntimeError("no ledger is open to read")
    return _ledger


@asynccontextmanager
async def open_reads(url: str, replica: str = "") -> AsyncIterator[None]:
    """Let this process read a database, and a standby of it; connected when first asked."""
    global _reads, _ledger
    opened = {PRIMARY: _reads_of(url)}
    if replica:
        opened[REPLICA] = _reads_of(replica)
    before = _reads, _ledger
    _reads, _ledger = opened, _Ledger(opened[PRIMARY])
    try:
        yield
    finally:
        _reads, _ledger = before
        for reads in opened.values():
            await reads.close()


def _reads_of(url: str) -> Reads:
    sqlite = dialect_of(url) == "sqlite"
    return SqliteReads(sqlite_path(url)) if sqlite else PostgresqlReads(url)


class SqliteReads:
    """Two connections to a file: one for the loop's thread, one for a thread that may take long.

    Entered, it reads of one instant over the first: `one_instant`.
    """

    dialect: Dialect = "sqlite"
    remote = False
    bytewise = True

    def __init__(self, path: str) -> None:
        self._path = path
        self._near: sqlite3.Connection | None = None
        self._far: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reads")
        # Only a read is broken off: an instant that is begun or left takes no time, and an answer
        # would fail by it.
        self._until = math.inf
        self._together = False

    async def fetch(self, statement: str, values: Sequence[Any]) -> Sequence[Record]:
        """All rows of a statement."""
        near = self._near
        if near is None:
            near = self._near = _connect(self._path)
            near.execute("PRAGMA busy_timeout = 0")
            self._learn(near)
        statement = sqlite_placeholders(statement)
        if self._together and not near.in_transaction:
            near.execute("BEGIN")
        self._until = time.perf_counter() + AT_ONCE_SECONDS
        try:
            return near.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY}:
                raise
            self._learn(near)
        finally:
            self._until = math.inf
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._fetch_far, statement, values)

    async def look_up(self, query: str, sets: Sequence[Values]) -> Sequence[Sequence[Record]]:
        """Set after set: a file answers sooner than anything could be gathered."""
        return [await self.fetch(query, values) for values in sets]

    def __enter__(self) -> None:
        self._together = True

    def __exit__(self, *_: object) -> None:
        self._together = False
        if self._near is not None and self._near.in_transaction:
            self._near.execute("COMMIT")

    def _learn(self, near: sqlite3.Connection) -> None:
        """Let it read what tables there are, if it does not know, for as long as that takes.

        That is milliseconds for hundreds of tables, and some microseconds where they are known. A
        statement that is broken off amid it would begin with it again, and so would each after it.
        """
        near.set_progress_handler(None, 0)
        with contextlib.suppress(sqlite3.OperationalError):
            near.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
        near.set_progress_handler(self._out_of_time, STEPS)

    def _out_of_time(self) -> bool:
        return time.perf_counter() > self._until

    def _fetch_far(self, statement: str, values: Sequence[Any]) -> Sequence[Record]:
        if self._far is None:
            self._far = _connect(self._path)
        return self._far.execute(statement, values).fetchall()

    async def close(self) -> None:
        """Close both, once what runs has ended."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close_far)
        self._thread.shutdown(wait=False)
        if self._near is not None:
            self._near.close()

    def _close_far(self) -> None:
        if self._far is not None:
            self._far.close()


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        sqlite_uri(path, mode="ro"), uri=True, isolation_level=None, cached_statements=STATEMENTS
    )
    connection.execute("PRAGMA query_only = ON")
    return connection


class PostgresqlReads:
    """A few connections to a server, each made when it is first needed.

    They are handed on as they are: reads leave nothing behind that another asker could see, and the
    driver's own pool takes a task and three timers to hand a connection back.
    """

    dialect: Dialect = "postgresql"
    remote = True

    def __init__(self, url: str) -> None:
        self._url = url
        self.bytewise = False
        self._free: list[Any] = []
        self._room = asyncio.Semaphore(CONNECTIONS)
        self._closing = False
        self.look_up = Turns(self).look_up

    async def fetch(self, statement: str, values: Sequence[Any]) -> Sequence[Record]:
        """All rows of a statement."""
        async with self._room:
            if self._closing:
                raise asyncpg.InterfaceError("the reads are closed")
            connection = self._kept() or await self._connect()
            try:
                told: Sequence[Record] = await connection.fetch(statement, *values)
            except asyncpg.PostgresError:
                raise
            except BaseException:
                # Gone, or somebody went away amid an answer that may still come.
                connection.terminate()
                raise
            finally:
                if not connection.is_closed():
                    self._free.append(connection)
            return told

    def _kept(self) -> Any:
        """A connection that is there already, the latest used; None where there is none."""
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _connect(self) -> Any:
        connection = await connect(
            self._url,
            statement_cache_size=STATEMENTS,
            max_cached_statement_lifetime=0,
            settings={
                "application_name": "timebank-reads",
                "default_transaction_read_only": "on",
            },
        )
        self.bytewise = sorts_by_bytes(await connection.fetchrow(LOCALE))
        return connection

    async def close(self) -> None:
        """Close every connection, once what runs has ended."""
        self._closing = True
        for _ in range(CONNECTIONS):
            await self._room.acquire()
        for connection in self._free:
            await connection.close()

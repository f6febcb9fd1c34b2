"""Writing to PostgreSQL: one held connection, an advisory lock, then the head row.

Knows that writers who meet only at a row lock starve each other, and that a lock taken in the same
statement that reads forks the chain (FORMAT.md 7): the advisory lock is a statement of its own and
READ COMMITTED gives the next statement a view taken after it. A connection that is in doubt is
thrown away, never repaired.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg

from ledger.entry import Sealed
from ledger.head import (
    ENTRIES,
    NODES,
    BrokenSequence,
    CommitUnknown,
    Head,
    NotInstalled,
    Stopped,
    advance,
    ends_in,
    entry_row,
    head_of_row,
    node_row,
    row_of_head,
)
from ledger.outages import Away, is_away
from ledger.sessions import connect
from ledger.statements import Combinations, ForRows, Query, at_once, rows_at_once
from ledger.tables import Dialect

MANY = 100
"""Rows that are worth copying: a third of a row's work, and a message more than a statement."""

# "ledger" in ASCII: one log a database, so one number for all of them.
_LOCK = 0x6C6564676572

_BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({_LOCK})"
_HEAD = (
    "SELECT size, head.leaf, frontier, head.at, (SELECT reason FROM stop), entry.leaf, entry.at"
    " FROM head LEFT JOIN entry ON seq = size - 1 WHERE id = 1 FOR UPDATE OF head"
)
_MOVE = "UPDATE head SET size = $1, leaf = $2, frontier = $3, at = $4 WHERE id = 1 AND size = $5"

_LOST = (
    OSError,
    EOFError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    # The server was told to end: before or after the commit record, nobody can say.
    asyncpg.OperatorInterventionError,
)


class PostgresqlWriter:
    """The writing connection to one database (see `ledger.writer.Writer`)."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = url
        self._turn = asyncio.Lock()
        self._connection: Any = None
        self._reads, self._writes = Combinations(rows_at_once), Combinations(at_once)

    @classmethod
    async def open(cls, url: str) -> "PostgresqlWriter":
        """Connect once, so that a wrong address is known at start-up."""
        writer = cls(url)
        await writer._connect()
        return writer

    @contextlib.asynccontextmanager
    async def transaction(self, *, stopped: bool = False) -> AsyncIterator["PostgresqlTransaction"]:
        """Lock the head; commit on leaving, roll back when an exception leaves."""
        async with self._turn:
            try:
                head = await self._locked(stopped)
                yield PostgresqlTransaction(self._connection, head, self._reads, self._writes)
                await _commit(self._connection)
            except BaseException as error:
                await self._undo(error)
                if is_away(error) and not isinstance(error, CommitUnknown):
                    raise Away(str(error)) from error
                raise

    async def scrub(self) -> bool:
        """Nothing is done at once: to take deleted rows out of its files the server locks tables.

        `ledger.scrub` does that when an operator asks for it; until then, and in whatever copy it
        never reaches, what must die there was sealed with a key that is destroyed.
        """
        return True

    async def close(self) -> None:
        """Wait for the transaction that runs, then disconnect."""
        async with self._turn:
            if self._connection is not None and not self._connection.is_closed():
                await self._connection.close()

    async def _connect(self) -> None:
        self._connection = await connect(
            self._url,
            statement_cache_size=500,
            max_cached_statement_lifetime=0,
            settings={
                "application_name": "ledger-writer",
                # A process that froze inside a transaction must not hold the log for good.
                "idle_in_transaction_session_timeout": "60s",
                # A statement's plan is kept, and what is met here goes by keys: one that was made
                # while its table was empty would walk it for ever, some 500 times for 500 keys.
                "enable_seqscan": "off",
                "jit": "off",
            },
        )

    async def _locked(self, stopped: bool) -> Head:
        """The head, locked; on a new connection where the held one turns out to be dead."""
        if self._connection is not None and not self._connection.is_closed():
            try:
                return await _begin(self._connection, stopped)
            except _LOST:
                self._connection.terminate()
        await self._connect()
        return await _begin(self._connection, stopped)

    async def _undo(self, error: BaseException) -> None:
        """Roll back, or drop the connection where a statement may still be running on it."""
        if self._connection is None or self._connection.is_closed():
            return
        if not isinstance(error, Exception) or isinstance(error, CommitUnknown):
            self._connection.terminate()
            return
        try:
            async with asyncio.timeout(10):
                await self._connection.execute("ROLLBACK")
        except BaseException as failure:
            self._connection.terminate()
            if not isinstance(failure, Exception):
                raise


async def _begin(connection: Any, stopped: bool) -> Head:
    await connection.execute(_BEGIN)
    try:
        row = await connection.fetchrow(_HEAD)
    except asyncpg.UndefinedTableError as error:
        raise NotInstalled("no table head") from error
    if row is None:
        raise NotInstalled("no head")
    if row[4] is not None and not stopped:
        raise Stopped(row[4])
    head = head_of_row(row[0], row[1], row[2], row[3])
    if not ends_in(head, row[5], row[6]):
        raise Stopped(Stopped.NO_END)
    return head


async def _commit(connection: Any) -> None:
    try:
        status = await connection.execute("COMMIT")
    except _LOST as error:
        raise CommitUnknown(str(error)) from error
    # A COMMIT after an error that somebody swallowed is answered without complaint.
    if status != "COMMIT":
        raise RuntimeError(f"the transaction had failed; COMMIT was answered {status}")


class PostgresqlTransaction:
    """One writing transaction (see `ledger.writer.Transaction`).

    Whoever wants the head waits for every answer that is awaited while it is held: what was asked
    together before is one message.
    """

    def __init__(
        self, connection: Any, head: Head, reads: Combinations, writes: Combinations
    ) -> None:
        self._connection, self._reads, self._writes = connection, reads, writes
        self.head = head

    async def fetch(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return [tuple(row) for row in await self._connection.fetch(sql, *params)]

    async def fetch_each(self, queries: Sequence[Query]) -> list[list[tuple[Any, ...]]]:
        """All rows of each query, in their order."""
        one = self._reads.of(tuple(sql for sql, _ in queries))
        if one is None:
            return [await self.fetch(sql, *params) for sql, params in queries]
        values = [value for _, params in queries for value in params]
        return list(await self._connection.fetchrow(one, *values))

    async def execute(self, sql: str, *params: object) -> int:
        """Run one statement and say how many rows it touched."""
        status = await self._connection.execute(sql, *params)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def execute_each(self, statements: Sequence[ForRows]) -> None:
        """Run each statement for all of its rows."""
        filled: list[tuple[str, list[list[object]]]] = []
        for statement, rows in statements:
            if statement.into is not None and len(rows) >= MANY:
                table, columns = statement.into
                copied = self._connection.copy_records_to_table
                await copied(table, records=rows, columns=columns)
            elif rows:
                arrays = [list(column) for column in zip(*rows, strict=True)]
                filled.append((statement.columns, arrays))
        one = self._writes.of(tuple(text for text, _ in filled))
        if one is not None:
            filled = [(one, [array for _, arrays in filled for array in arrays])]
        for text, arrays in filled:
            await self._connection.execute(text, *arrays)

    async def append(self, entries: Sequence[Sealed]) -> None:
        """Add entries that continue `head`, and move it."""
        moved, full = advance(self.head, entries)
        if not entries:
            return
        rows = [entry_row(entry) for entry in entries]
        await self.execute_each([(ENTRIES, rows), (NODES, [node_row(node) for node in full])])
        if await self.execute(_MOVE, *row_of_head(moved), self.head.size) != 1:
            raise BrokenSequence("the head moved under the lock")
        self.head = moved

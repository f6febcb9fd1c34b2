"""Writing to SQLite: one thread, one connection, one file lock.

Knows that SQLite's own lock is unfair and that two connections must not write one WAL at once
(FORMAT.md 7), so every writing transaction of any process first takes an exclusive flock on
`<file>.lock`. Everything that may block, the lock included, happens in the writer's thread; the
event loop only waits.
"""

import asyncio
import contextlib
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

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
from ledger.statements import ForRows, Query
from ledger.tables import SQLITE_PRAGMAS, Dialect, sqlite_placeholders, sqlite_uri

T = TypeVar("T")


class SqliteWriter:
    """The writing connection to one file (see `ledger.writer.Writer`)."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: str) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger-writer")
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, path: str) -> "SqliteWriter":
        """Open the file; it must exist."""
        writer = cls(path)
        try:
            await writer._run(writer._open)
        except BaseException:
            writer._thread.shutdown(wait=False)
            raise
        return writer

    @contextlib.asynccontextmanager
    async def transaction(self, *, stopped: bool = False) -> AsyncIterator["SqliteTransaction"]:
        """Lock the head; commit on leaving, roll back when an exception leaves."""
        await self._turn.acquire()
        try:
            transaction = SqliteTransaction(self, await self._run(self._begin, stopped))
            yield transaction
            await self._run(self._commit)
        except Exception as error:
            if is_away(error) and not isinstance(error, CommitUnknown):
                raise Away(str(error)) from error
            raise
        finally:
            # The thread takes jobs in order: whatever a cancelled caller left running there ends
            # first, then this undoes what was not committed, then the next transaction begins.
            ended = asyncio.get_running_loop().run_in_executor(self._thread, self._end)
            ended.add_done_callback(self._release)

    async def scrub(self) -> bool:
        """Empty the write-ahead log, so that what was deleted is not in it; False while it is read.

        In the file itself a deleted value is overwritten at once (`PRAGMA secure_delete`).
        """
        async with self._turn:
            return await self._run(self._scrub)

    async def close(self) -> None:
        """Wait for the transaction that runs, then close the file."""
        async with self._turn:
            await self._run(self._close)
            self._thread.shutdown(wait=False)

    async def _run(self, job: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, job, *args)

    def _release(self, ended: "asyncio.Future[None]") -> None:
        self._turn.release()
        if not ended.cancelled():
            ended.exception()

    # From here on in the writer's thread

    def _open(self) -> None:
        uri = sqlite_uri(self._path, mode="rw")
        self.connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, cached_statements=512, check_same_thread=False
        )
        for pragma in SQLITE_PRAGMAS:
            self.connection.execute(pragma)
        self.lock = os.open(self._path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _begin(self, stopped: bool) -> Head:
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            row = self.connection.execute(
                "SELECT size, head.leaf, frontier, head.at, (SELECT reason FROM stop),"
                " entry.leaf, entry.at FROM head LEFT JOIN entry ON seq = size - 1 WHERE id = 1"
            ).fetchone()
        except sqlite3.OperationalError as error:
            raise NotInstalled(self._path) from error
        if row is None:
            raise NotInstalled(self._path)
        if row[4] is not None and not stopped:
            raise Stopped(row[4])
        head = head_of_row(*row[:4])
        if not ends_in(head, *row[5:]):
            raise Stopped(Stopped.NO_END)
        return head

    def _commit(self) -> None:
        try:
            self.connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            # A failed fsync may leave the whole transaction in the log, to be found by recovery.
            raise CommitUnknown(str(error)) from error

    def _end(self) -> None:
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        finally:
            fcntl.flock(self.lock, fcntl.LOCK_UN)

    def _scrub(self) -> bool:
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        try:
            # A reader may take its time, and nobody writes meanwhile: better to come again.
            self.connection.execute("PRAGMA busy_timeout = 200")
            ((busy, *_),) = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            self.connection.execute("PRAGMA busy_timeout = 10000")
            fcntl.flock(self.lock, fcntl.LOCK_UN)
        return not busy

    def _close(self) -> None:
        self.connection.close()
        os.close(self.lock)


class SqliteTransaction:
    """One writing transaction (see `ledger.writer.Transaction`)."""

    def __init__(self, writer: SqliteWriter, head: Head) -> None:
        self._writer = writer
        self.head = head

    async def fetch(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        (rows,) = await self.fetch_each([(sql, params)])
        return rows

    async def fetch_each(self, queries: Sequence[Query]) -> list[list[tuple[Any, ...]]]:
        """All rows of each query, in their order."""
        return await self._writer._run(self._fetch_each, queries)

    async def execute(self, sql: str, *params: object) -> int:
        """Run one statement and say how many rows it touched."""
        return await self._writer._run(self._execute, sqlite_placeholders(sql), params)

    async def execute_each(self, statements: Sequence[ForRows]) -> None:
        """Run each statement for all of its rows."""
        await self._writer._run(self._execute_each, statements)

    async def append(self, entries: Sequence[Sealed]) -> None:
        """Add entries that continue `head`, and move it."""
        self.head = await self._writer._run(self._append, self.head, entries)

    def _fetch_each(self, queries: Sequence[Query]) -> list[list[tuple[Any, ...]]]:
        run = self._writer.connection.execute
        return [run(sqlite_placeholders(sql), params).fetchall() for sql, params in queries]

    def _execute(self, sql: str, params: tuple[Any, ...]) -> int:
        return self._writer.connection.execute(sql, params).rowcount

    def _execute_each(self, statements: Sequence[ForRows]) -> None:
        for statement, rows in statements:
            self._writer.connection.executemany(sqlite_placeholders(statement.row), rows)

    def _append(self, head: Head, entries: Sequence[Sealed]) -> Head:
        moved, full = advance(head, entries)
        rows = [entry_row(entry) for entry in entries]
        self._execute_each([(ENTRIES, rows), (NODES, [node_row(node) for node in full])])
        touched = self._writer.connection.execute(
            "UPDATE head SET size = ?, leaf = ?, frontier = ?, at = ? WHERE id = 1 AND size = ?",
            (*row_of_head(moved), head.size),
        ).rowcount
        if touched != 1:
            raise BrokenSequence("the head moved under the lock")
        return moved

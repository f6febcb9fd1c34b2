"""The one way into the ledger: transactions that hold the head.

Knows what a writing transaction promises, whichever database is below: whoever is inside is alone,
sees the true head, and leaves all or nothing. Refuses to know what is written beside entries.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from ledger.entry import Sealed
from ledger.head import BrokenSequence, CommitUnknown, Head, NotInstalled, Stopped
from ledger.statements import EachRow, ForRows, Query, deleting, finding, inserting
from ledger.tables import Dialect, dialect_of, sqlite_path
from ledger.writer_postgresql import PostgresqlWriter
from ledger.writer_sqlite import SqliteWriter

__all__ = [
    "BrokenSequence",
    "CommitUnknown",
    "EachRow",
    "ForRows",
    "Head",
    "NotInstalled",
    "Query",
    "Stopped",
    "Transaction",
    "Writer",
    "deleting",
    "finding",
    "inserting",
    "lift",
    "open_writer",
]


class Transaction(Protocol):
    """One writing transaction, alone on the log from its first statement to its commit.

    Placeholders are $1, $2, ... on both databases. `head` moves with every `append`.
    """

    @property
    def head(self) -> Head:
        """Where the log ends, as this transaction sees it."""

    async def fetch(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""

    async def fetch_each(self, queries: Sequence[Query]) -> list[list[tuple[Any, ...]]]:
        """All rows of each query, in their order."""

    async def execute(self, sql: str, *params: object) -> int:
        """Run one statement and say how many rows it touched."""

    async def execute_each(self, statements: Sequence[ForRows]) -> None:
        """Run each statement for all of its rows, in as few messages as the database allows.

        None may meet the rows of another.
        """

    async def append(self, entries: Sequence[Sealed]) -> None:
        """Add entries that continue `head`, and move it; refuses with BrokenSequence."""


class Writer(Protocol):
    """The writing connection of a process. Transactions wait for each other."""

    dialect: Dialect

    def transaction(self, *, stopped: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """Lock the head; commit on leaving, roll back when an exception leaves.

        Args: stopped, let in while the ledger is stopped: for whoever lifts the stop, and nobody
        else. Refuses otherwise with Stopped then, and with NotInstalled where there is no ledger.
        Leaving may raise CommitUnknown. Raises Away where the database cannot be reached or takes
        nothing; then nothing was written. A cancelled caller never leaves it open.
        """

    async def scrub(self) -> bool:
        """Overwrite what was deleted, as far as the database lets one; False: try again later."""

    async def close(self) -> None:
        """Wait for the transaction that runs, then let go of the database."""


async def lift(transaction: Transaction) -> str | None:
    """Take the stop mark away and say why it stood; None where none did.

    For a transaction with `stopped`. Whoever calls it has proved that the log extends its anchor,
    and holds the anchor: nothing here asks again.
    """
    rows = await transaction.fetch("SELECT reason FROM stop WHERE id = 1")
    if not rows:
        return None
    await transaction.execute("DELETE FROM stop WHERE id = 1")
    return str(rows[0][0])


async def open_writer(url: str) -> Writer:
    """Open the writing connection. Args: url, sqlite:////absolute/path.db or postgresql://..."""
    if dialect_of(url) == "sqlite":
        return await SqliteWriter.open(sqlite_path(url))
    return await PostgresqlWriter.open(url)

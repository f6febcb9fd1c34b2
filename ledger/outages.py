"""Outages: which faults mean that a database is away, and none that anything in it is wrong.

Knows what both drivers raise while a server is down, starts, is a standby or has no room left, and
while a file's disk is full or fails. Refuses to know what is done about it.
"""

import sqlite3
from collections.abc import Iterator

import asyncpg

_POSTGRESQL = (
    asyncpg.PostgresConnectionError,
    # Told to end, ending, not yet begun.
    asyncpg.OperatorInterventionError,
    # No disk, memory or connection left.
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    # A standby that was not promoted.
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,
)
_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}


class Away(Exception):
    """The database cannot be reached, or takes nothing now: nothing was written."""


def is_away(error: BaseException) -> bool:
    """Whether a fault, or one that it was raised from, is an outage."""
    return any(map(_is_away, _causes(error)))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_away(error: BaseException) -> bool:
    if isinstance(error, (Away, ConnectionError, TimeoutError, *_POSTGRESQL)):
        return True
    if isinstance(error, FileNotFoundError):
        # A socket that is not there; a file that is not there is named.
        return error.filename is None
    if isinstance(error, asyncpg.InterfaceError):
        # The same class is raised for calls that are wrong.
        return "closed" in str(error)
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE
    return False

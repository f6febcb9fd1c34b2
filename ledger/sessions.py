"""Sessions of a PostgreSQL server, with settings of their own.

Knows that pgbouncer refuses a client that names a setting at its start which it does not follow:
each is set by a statement, as the session's first.
"""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg

LOCALE: Final = (
    "SELECT datlocprovider::text, datcollate FROM pg_database WHERE datname = current_database()"
)
BY_BYTES: Final = {"C", "POSIX", "C.UTF-8", "C.utf8"}
"""The C library's locales that compare texts byte by byte; PostgreSQL's builtin ones all do."""


async def connect(url: str, *, settings: dict[str, str], **how: Any) -> Any:
    """A connection whose session has these settings; `how` is the driver's.

    Raises what the driver raises.
    """
    connection = await asyncpg.connect(url, **how)
    try:
        told = (f"SET {name} = '{value}'" for name, value in settings.items())
        await connection.execute(";".join(told))
    except BaseException:
        connection.terminate()
        raise
    return connection


def sorts_by_bytes(locale: Sequence[Any]) -> bool:
    """Whether a database of this `LOCALE` puts texts in the order of their bytes.

    It is settled when the database is made.
    """
    provider, collation = locale
    return provider == "b" or (provider == "c" and collation in BY_BYTES)

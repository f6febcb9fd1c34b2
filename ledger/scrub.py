"""Scrubbing PostgreSQL: what was deleted is taken out of its files, as far as the server lets one.

A deleted row stays in its page until the table is written anew, in the log until its segments are
removed, and in the planner's statistics until they are made again. Knows how each is emptied and
says what could not be; refuses to know what the tables hold. On SQLite the writer does it all.
"""

from collections.abc import Collection

import asyncpg

LOCK_WAIT = "5s"
"""How long a rewriting waits for its table: nobody who serves is to wait behind it."""


async def scrub(url: str, tables: Collection[str]) -> tuple[str, ...]:
    """Write tables anew, empty the log, and say in sentences what is left to whoever runs it.

    Each table is locked while it is written anew, so it is for an hour when few ask. Takes the
    tables' owner, and for the log whoever may `CHECKPOINT` and `pg_switch_wal`.
    """
    left: list[str] = []
    connection = await asyncpg.connect(url, timeout=30)
    try:
        await connection.execute(f"SET lock_timeout = '{LOCK_WAIT}'")
        for name in tables:
            await _attempt(connection, f'VACUUM (FULL, ANALYZE) "{name}"', left)
        # Samples of the columns lie in here, of rows too that are deleted.
        await _attempt(connection, "VACUUM FULL pg_catalog.pg_statistic", left)
        # What the log held before a checkpoint is not needed after it, once a segment is full.
        for statement in ("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"):
            await _attempt(connection, statement, left)
        left += await _kept_by_the_server(connection)
    finally:
        await connection.close()
    return tuple(left)


async def _attempt(connection: asyncpg.Connection, statement: str, left: list[str]) -> None:
    warned: list[str] = []

    def note(_: asyncpg.Connection, message: asyncpg.PostgresLogMessage) -> None:
        warned.append(str(message.message))

    connection.add_log_listener(note)
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as error:
        warned.append(str(error))
    finally:
        connection.remove_log_listener(note)
    # Whoever may not vacuum a table is told by a warning alone.
    if warned:
        left.append(f"{statement}: {warned[0]}")


async def _kept_by_the_server(connection: asyncpg.Connection) -> list[str]:
    """What the server's own settings keep, where it says so."""
    told = []
    if await connection.fetchval("SHOW wal_recycle") == "on":
        told.append("wal_recycle is on: removed segments of the log are used again, unemptied.")
    if await connection.fetchval("SHOW archive_mode") != "off":
        told.append("archive_mode is on: the archive keeps the log; it opens until the epoch ends.")
    slots = await connection.fetchval("SELECT count(*) FROM pg_replication_slots")
    if slots:
        told.append(f"{slots} replication slots keep the log back.")
    return told

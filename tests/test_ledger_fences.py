"""The fences: what the tables refuse, whoever asks and with whatever settings."""

import contextlib
import sqlite3

import asyncpg
import pytest

from ledger.tables import (
    FencesDiffer,
    dialect_of,
    install,
    sqlite_path,
)
from ledger.verify import verify
from ledger.writer import (
    open_writer,
)
from tests.ledgers import chain, fill

pytestmark = pytest.mark.anyio

COLUMNS = "seq, bytes, leaf, kind, at, actor, request"
SPARE = "'\\x7b7d', '\\x" + "00" * 32 + "', 'a.b', 'now', 'x', '" + "0" * 32 + "'"
SPARE_SQLITE = "x'7b7d', zeroblob(32), 'a.b', 'now', 'x', '" + "0" * 32 + "'"

ATTACKS = {
    "update": "UPDATE entry SET actor = 'x'",
    "update one": "UPDATE entry SET actor = 'x' WHERE seq = 1",
    "delete": "DELETE FROM entry",
    "delete the last": "DELETE FROM entry WHERE seq = 2",
    "gap": f"INSERT INTO entry ({COLUMNS}) VALUES (4, :spare)",
    "negative": f"INSERT INTO entry ({COLUMNS}) VALUES (-1, :spare)",
    "again": f"INSERT INTO entry ({COLUMNS}) VALUES (1, :spare)",
    "two at once with a gap": f"INSERT INTO entry ({COLUMNS}) VALUES (3, :spare), (5, :spare)",
    "upsert": f"INSERT INTO entry ({COLUMNS}) VALUES (1, :spare)"
    " ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
    "head down": "UPDATE head SET size = 2",
    "head aside": "UPDATE head SET at = 'now'",
    "head away": "DELETE FROM head",
    "head doubled": "INSERT INTO head SELECT * FROM head",
    "node update": 'UPDATE node SET "index" = 7',
    "node delete": "DELETE FROM node",
    "request update": "UPDATE request SET count = 7",
    "request delete": "DELETE FROM request",
    "checkpoint update": "UPDATE checkpoint SET note = ''",
    "checkpoint delete": "DELETE FROM checkpoint",
    "cosignature update": "UPDATE cosignature SET line = ''",
    "cosignature delete": "DELETE FROM cosignature",
}

SQLITE_ATTACKS = {
    "replace": f"INSERT OR REPLACE INTO entry ({COLUMNS}) VALUES (1, :spare)",
    "replace the last": f"REPLACE INTO entry ({COLUMNS}) VALUES (2, :spare)",
    "no position": f"INSERT INTO entry ({COLUMNS}) VALUES (NULL, :spare)",
    "replace on update": "UPDATE OR REPLACE entry SET seq = 1 WHERE seq = 2",
    "replace a node": 'REPLACE INTO node SELECT level, "index", zeroblob(32) FROM node',
    "replace a request": "REPLACE INTO request SELECT id, digest, 'x', 1, 1 FROM request",
    "replace a checkpoint": "REPLACE INTO checkpoint SELECT size, root, '', at FROM checkpoint",
    "replace a cosignature": "REPLACE INTO cosignature SELECT size, witness, '', at"
    " FROM cosignature",
    "replace the head": "REPLACE INTO head SELECT id, 9, leaf, frontier, at FROM head",
}

POSTGRESQL_ATTACKS = {
    "truncate": "TRUNCATE entry",
    "truncate the nodes": "TRUNCATE node",
    "truncate the requests": "TRUNCATE request",
    "truncate the checkpoints": "TRUNCATE checkpoint CASCADE",
    "truncate the cosignatures": "TRUNCATE cosignature",
    "truncate the head": "TRUNCATE head",
    "truncate all": "TRUNCATE entry, node, request, checkpoint, cosignature, head",
    "as a replica": "SET session_replication_role = replica; DELETE FROM entry",
    "no position": f"INSERT INTO entry ({COLUMNS}) VALUES (NULL, :spare)",
}


class Undone(Exception):
    """What a test did is taken back."""


async def furnish(url: str) -> None:
    """Three entries, and a row in every other table."""
    await install(url)
    writer = await open_writer(url)
    async with writer.transaction() as transaction:
        await transaction.append(chain(transaction.head.tip, 3))
        await transaction.execute("INSERT INTO node VALUES (1, 0, $1)", bytes(32))
        await transaction.execute(
            "INSERT INTO request VALUES ($1, $2, '{}', 0, 1)", "0" * 32, bytes(32)
        )
        await transaction.execute("INSERT INTO checkpoint VALUES (3, $1, 'note', 'now')", bytes(32))
        await transaction.execute("INSERT INTO cosignature VALUES (3, 'w', 'line', 'now')")
    await writer.close()


@pytest.mark.parametrize("attack", ATTACKS | SQLITE_ATTACKS)
async def test_sqlite_fences_hold_even_without_pragmas(sqlite_url: str, attack: str) -> None:
    await furnish(sqlite_url)
    statement = (ATTACKS | SQLITE_ATTACKS)[attack].replace(":spare", SPARE_SQLITE)
    connection = sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None)
    before = list(connection.iterdump())
    try:
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
        assert list(connection.iterdump()) == before
    finally:
        connection.close()


async def test_postgresql_fences_hold_for_the_owner(postgres_url: str) -> None:
    await furnish(postgres_url)
    connection = await asyncpg.connect(postgres_url)
    before = await connection.fetch("SELECT * FROM entry ORDER BY seq")
    for name, attack in (ATTACKS | POSTGRESQL_ATTACKS).items():
        if "replica" not in name:
            await connection.execute("SET session_replication_role = origin")
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await connection.execute(attack.replace(":spare", SPARE))
    assert await connection.fetch("SELECT * FROM entry ORDER BY seq") == before
    await connection.close()


async def test_a_negative_position_is_refused_without_the_trigger_as_well(
    database_url: str,
) -> None:
    await furnish(database_url)
    writer = await open_writer(database_url)
    try:
        async with writer.transaction() as transaction:
            sqlite = database_url.startswith("sqlite")
            away = "DROP TRIGGER entry_next" if sqlite else "DROP TRIGGER entry_next ON entry"
            await transaction.execute(away)
            spare = SPARE_SQLITE if sqlite else SPARE
            with pytest.raises((sqlite3.IntegrityError, asyncpg.CheckViolationError)):
                await transaction.execute(f"INSERT INTO entry ({COLUMNS}) VALUES (-1, {spare})")
            raise Undone
    except Undone:
        pass
    finally:
        await writer.close()


async def test_the_connections_that_write_sqlite_take_replace_for_a_deletion(
    sqlite_url: str,
) -> None:
    await install(sqlite_url)
    writer = await open_writer(sqlite_url)
    async with writer.transaction() as transaction:
        for pragma in ("recursive_triggers", "secure_delete"):
            assert await transaction.fetch(f"PRAGMA {pragma}") == [(1,)], pragma
    await writer.close()


async def test_the_next_entry_passes_the_fence(sqlite_url: str) -> None:
    await furnish(sqlite_url)
    connection = sqlite3.connect(sqlite_path(sqlite_url))
    connection.execute(f"INSERT INTO entry ({COLUMNS}) VALUES (3, {SPARE_SQLITE})")
    connection.close()


async def test_installing_twice_changes_nothing(database_url: str) -> None:
    await fill(database_url, 1)
    await install(database_url)
    assert (await verify(database_url)).size == 1


async def test_installing_over_other_fences_is_refused(database_url: str) -> None:
    await install(database_url)
    if dialect_of(database_url) == "sqlite":
        connection = sqlite3.connect(sqlite_path(database_url))
        connection.execute("DROP TRIGGER head_update")
        connection.execute("CREATE INDEX mine ON entry (kind)")
        connection.close()
        differences = ["index mine is foreign", "trigger head_update is missing"]
    else:
        other = await asyncpg.connect(database_url)
        await other.execute("DROP TRIGGER head_grow ON head; CREATE INDEX mine ON entry (kind)")
        await other.execute(
            "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NULL; END'"
        )
        # A rule makes INSERT answer as if it had, and keeps nothing.
        await other.execute("CREATE RULE lose AS ON INSERT TO node DO INSTEAD NOTHING")
        await other.close()
        differences = [
            "function ledger_refuse differs",
            "index mine is foreign",
            "rule lose is foreign",
            "trigger head_grow is missing",
        ]
    with pytest.raises(FencesDiffer) as caught:
        await install(database_url)
    assert [each.partition(";")[0] for each in caught.value.differences] == differences


async def owner(url: str, statements: str) -> None:
    """What the tables' owner does to them."""
    if dialect_of(url) == "sqlite":
        with contextlib.closing(sqlite3.connect(sqlite_path(url))) as connection:
            connection.executescript(statements)
        return
    other = await asyncpg.connect(url)
    await other.execute(statements)
    await other.close()


@pytest.mark.parametrize(
    ("away", "what"),
    [
        (
            {
                "sqlite": "DROP TRIGGER entry_update",
                "postgresql": "DROP TRIGGER entry_fence ON entry",
            },
            {"sqlite": "trigger entry_update", "postgresql": "trigger entry_fence"},
        ),
        (
            {"sqlite": "DROP INDEX entry_request", "postgresql": "DROP INDEX entry_request"},
            {"sqlite": "index entry_request", "postgresql": "index entry_request"},
        ),
    ],
)
async def test_a_missing_fence_is_named_with_what_puts_it_back(
    database_url: str, away: dict[str, str], what: dict[str, str]
) -> None:
    dialect = dialect_of(database_url)
    await fill(database_url, 5)
    await owner(database_url, away[dialect])
    (found,) = (await verify(database_url)).findings
    named, _, statement = found.what.partition("; run: ")
    assert (found.layer, found.seq, named) == ("storage", None, f"{what[dialect]} is missing")
    await owner(database_url, statement)
    assert (await verify(database_url)).sound


async def test_a_fence_that_is_another_is_named_with_what_puts_it_back(database_url: str) -> None:
    await fill(database_url, 5)
    if dialect_of(database_url) == "sqlite":
        away, name = "DROP TRIGGER head_delete", "trigger head_delete"
        other = f"{away}; CREATE TRIGGER head_delete BEFORE DELETE ON head BEGIN SELECT 1; END"
    else:
        away, name = "DROP TRIGGER entry_fence ON entry", "trigger entry_fence"
        other = "ALTER TABLE entry DISABLE TRIGGER entry_fence"
    await owner(database_url, other)
    (found,) = (await verify(database_url)).findings
    named, _, statement = found.what.partition("; drop it first; run: ")
    assert (found.layer, found.seq, named) == ("storage", None, f"{name} differs")
    await owner(database_url, f"{away}; {statement}")
    assert (await verify(database_url)).sound

"""Attacks with the application's own connection: its role on PostgreSQL, its file on SQLite.

What the server itself may not do is refused by the database, by privilege or by fence, and leaves
everything as it was. What it may do, since it must be able to append, is named afterwards: each
such test says by which layer and at which entry.
"""

import sqlite3
from pathlib import Path

import asyncpg
import pytest

from ledger.anchor import Verdict
from ledger.entry import Sealed
from ledger.head import Stopped, entry_row
from ledger.reader import open_reader, read_head
from ledger.roles import excess, permit
from ledger.tables import SQLITE_PRAGMAS, sqlite_path
from ledger.verify import verify
from ledger.writer import open_writer
from tests.commands import timebank
from tests.ledgers import add, entry
from tests.tampering import SignedLog, signed_log, url_as
from tests.test_ledger_fences import (
    ATTACKS,
    COLUMNS,
    POSTGRESQL_ATTACKS,
    SPARE,
    SPARE_SQLITE,
    SQLITE_ATTACKS,
    furnish,
)
from tests.volunteering import posted
from tests.world import NOON, World, found_city
from timebank import publication, replay
from timebank.accounts import floor, holder
from timebank.bank import init, open_bank
from timebank.clock import ManualClock
from timebank.settings import Settings
from web.doctor import examine

pytestmark = pytest.mark.anyio

INSERT = f"INSERT INTO entry ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)"


async def everything(url: str) -> list[list[tuple[object, ...]]]:
    """All rows of the ledger's tables."""
    async with open_reader(url) as reader:
        return [
            await reader.fetch(f"SELECT * FROM {table} ORDER BY 1")
            for table in ("entry", "node", "head", "request", "checkpoint", "cosignature", "stop")
        ]


# Refused by the database, PostgreSQL

RIGHTS = {
    "update a node": "UPDATE node SET hash = hash",
    "update a column that was granted on the head alone": "UPDATE checkpoint SET size = size",
    "the head's id": "UPDATE head SET id = 1",
    "lift a stop": "DELETE FROM stop",
    "change a stop": "UPDATE stop SET reason = 'x'",
    "upsert that changes nothing": f"INSERT INTO entry ({COLUMNS}) VALUES (1, :spare)"
    " ON CONFLICT (seq) DO UPDATE SET seq = excluded.seq",
    "fences off": "ALTER TABLE entry DISABLE TRIGGER ALL",
    "fence away": "DROP TRIGGER entry_fence ON entry",
    "fence function": "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NEW; END'",
    "another function": "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a trigger of its own": "CREATE TRIGGER mine BEFORE INSERT ON entry"
    " EXECUTE FUNCTION ledger_refuse()",
    "a rule": "CREATE RULE lose AS ON INSERT TO entry DO INSTEAD NOTHING",
    "a policy": "ALTER TABLE entry ENABLE ROW LEVEL SECURITY",
    "a column": "ALTER TABLE entry DROP COLUMN actor",
    "the table": "DROP TABLE entry CASCADE",
    "another table under the name": "CREATE TABLE public.node2 (x int)",
    "the owner": "ALTER TABLE entry OWNER TO CURRENT_USER",
    "the owner's role": "SET ROLE postgres",
    "a grant to itself": "ALTER ROLE CURRENT_USER SUPERUSER",
    "a lock on everybody": "BEGIN; LOCK TABLE entry IN ACCESS EXCLUSIVE MODE",
    "as a replica": "SET session_replication_role = replica",
    "the server's files": "COPY entry TO '/tmp/entries'",
    "the server's programs": "COPY entry FROM PROGRAM 'true'",
}
SERIES = ATTACKS | POSTGRESQL_ATTACKS | RIGHTS


async def test_the_database_refuses_its_application_whatever_is_not_appending(
    postgres_url: str, role: str
) -> None:
    await furnish(postgres_url)
    await permit(postgres_url, role)
    before = await everything(postgres_url)
    served = await asyncpg.connect(url_as(role, postgres_url))
    try:
        for name, attack in SERIES.items():
            with pytest.raises(
                (
                    asyncpg.InsufficientPrivilegeError,
                    asyncpg.IntegrityConstraintViolationError,
                )
            ):
                await served.execute(attack.replace(":spare", SPARE))
            await served.execute("ROLLBACK")
            assert await everything(postgres_url) == before, name
    finally:
        await served.close()
    assert (await excess(url_as(role, postgres_url))) == []


@pytest.mark.parametrize("attack", ["update", "delete", "truncate", "upsert", "head away"])
async def test_privileges_alone_refuse_with_every_fence_down(
    postgres_url: str, role: str, attack: str
) -> None:
    """Two layers: without the triggers, the privileges still hold."""
    await furnish(postgres_url)
    await permit(postgres_url, role)
    owner = await asyncpg.connect(postgres_url)
    for table in ("entry", "head"):
        await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    await owner.close()
    served = await asyncpg.connect(url_as(role, postgres_url))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await served.execute(SERIES[attack].replace(":spare", SPARE))
    await served.close()


# Refused by the database, SQLite

HOSTILE = (
    "PRAGMA recursive_triggers = OFF",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA ignore_check_constraints = ON",
    "PRAGMA defer_foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA legacy_alter_table = ON",
)


@pytest.mark.parametrize("pragmas", [SQLITE_PRAGMAS, HOSTILE], ids=["ours", "hostile"])
@pytest.mark.parametrize("attack", ATTACKS | SQLITE_ATTACKS)
async def test_the_file_refuses_a_plain_connection_whatever_its_pragmas(
    sqlite_url: str, attack: str, pragmas: tuple[str, ...]
) -> None:
    await furnish(sqlite_url)
    before = await everything(sqlite_url)
    statement = (ATTACKS | SQLITE_ATTACKS)[attack].replace(":spare", SPARE_SQLITE)
    connection = sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None)
    try:
        for pragma in pragmas:
            connection.execute(pragma)
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
    finally:
        connection.close()
    assert await everything(sqlite_url) == before


async def test_the_file_refuses_a_trigger_of_the_attackers_own(sqlite_url: str) -> None:
    """A temporary trigger runs inside somebody's innocent INSERT, and meets the same fence."""
    await furnish(sqlite_url)
    before = await everything(sqlite_url)
    connection = sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None)
    connection.execute(
        "CREATE TEMP TRIGGER mine AFTER INSERT ON main.request BEGIN DELETE FROM entry; END"
    )
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("INSERT INTO request VALUES (?, x'', '', NULL, 0)", ["f" * 32])
    connection.close()
    assert await everything(sqlite_url) == before


async def test_layer_storage_names_the_fence_that_was_taken_out_of_the_schema(
    sqlite_url: str, tmp_path: Path
) -> None:
    """`writable_schema` is the one way round that asks for no trigger's leave."""
    log = await signed_log(sqlite_url, tmp_path, 3)
    connection = sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("DELETE FROM sqlite_master WHERE name = 'entry_update'")
    connection.close()
    connection = sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None)
    connection.execute("UPDATE entry SET actor = 'x' WHERE seq = 1")
    connection.close()
    found = [(one.layer, one.seq, one.what) for one in await log.verified("storage", "books")]
    assert found[0][:2] == ("storage", None)
    assert found[0][2].startswith("trigger entry_update is missing; run: CREATE TRIGGER entry_up")
    assert ("books", 1, "column actor is not what the bytes say") in found


# What an application must be able to do, and who names it


@pytest.fixture
async def log(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> SignedLog:
    """Three signed entries; `url` is the application's own way in."""
    made = await signed_log(database_url, tmp_path, 3)
    if database_url.startswith("postgresql"):
        role = str(request.getfixturevalue("role"))
        await permit(database_url, role)
        made.url = url_as(role, database_url)
    return made


async def execute(log: SignedLog, statement: str, *params: object) -> None:
    """One statement over the application's connection, as its writer would send it."""
    writer = await open_writer(log.url)
    try:
        async with writer.transaction() as transaction:
            await transaction.execute(statement, *params)
    finally:
        await writer.close()


async def forged(log: SignedLog) -> Sealed:
    """An entry whose every hash continues the log."""
    async with open_reader(log.url) as reader:
        return entry((await read_head(reader)).tip, 3)


async def test_the_application_appends_and_signs_as_its_role(log: SignedLog) -> None:
    assert (await log.grow(300)).size == 303
    assert await log.verified() == ()
    assert await log.started() is Verdict.GO


async def test_layer_chain_names_an_entry_that_the_head_does_not_count(log: SignedLog) -> None:
    await execute(log, INSERT, *entry_row(await forged(log)))
    found = [(one.layer, one.seq, one.what) for one in await log.verified("chain")]
    assert found[0] == ("chain", 3, "the head counts 3 entries, 4 are there")
    # And nobody writes past it: the position is taken.
    writer = await open_writer(log.url)
    with pytest.raises((sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)):
        await add(writer)
    await writer.close()


async def test_layer_chain_names_an_entry_of_any_bytes(log: SignedLog) -> None:
    await execute(log, INSERT, 3, b"{}", bytes(32), "a.b", "now", "x", "0" * 32)
    found = [(one.seq, one.what) for one in await log.verified("chain")]
    assert (3, "the leaf is not the hash of the bytes") in found
    assert any(seq == 3 and what.startswith("the bytes are no entry") for seq, what in found)


async def test_layer_chain_and_the_publisher_name_a_head_moved_by_hand(log: SignedLog) -> None:
    await execute(log, "UPDATE head SET size = 5 WHERE id = 1")
    found = [(one.layer, one.seq, one.what) for one in await log.verified("chain")]
    assert found == [("chain", 3, "the head counts 5 entries, 3 are there")]
    assert await log.refused() is Verdict.FORK


async def test_layer_chain_names_a_tile_root_before_its_time(log: SignedLog) -> None:
    await execute(log, 'INSERT INTO node (level, "index", hash) VALUES (1, 0, $1)', bytes(32))
    (found,) = await log.verified("chain")
    assert (found.layer, found.what) == ("chain", "1 tile roots are stored, 0 are due")
    writer = await open_writer(log.url)
    with pytest.raises((sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)):
        await add(writer, 300)
    await writer.close()


@pytest.mark.parametrize("size", [4, 1_000_000])
async def test_the_publisher_names_a_checkpoint_row_that_nobody_signed(
    log: SignedLog, size: int
) -> None:
    await execute(
        log,
        "INSERT INTO checkpoint (size, root, note, at) VALUES ($1, $2, 'note', 'now')",
        *(size, bytes(32)),
    )
    (found,) = await log.verified("chain")
    assert found.layer == "chain"
    assert found.what == f"a checkpoint of {size} entries, 3 are there"
    assert await log.refused() is Verdict.FORK
    writer = await open_writer(log.url)
    with pytest.raises(Stopped):
        await add(writer)
    await writer.close()


async def test_a_stop_is_set_by_the_application_and_lifted_by_its_owner_alone(
    log: SignedLog, database_url: str
) -> None:
    await execute(log, "INSERT INTO stop (id, reason, at) VALUES (1, 'look', 'now')")
    with pytest.raises(Stopped, match="look"):
        await execute(log, "DELETE FROM stop")
    if database_url != log.url:
        served = await asyncpg.connect(log.url)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await served.execute("DELETE FROM stop")
        await served.close()


# Serving as that role


async def test_the_whole_city_runs_as_a_role_that_can_only_append(
    postgres_url: str, role: str, tmp_path: Path
) -> None:
    owned = Settings(data=tmp_path / "data", database=postgres_url)
    clock = ManualClock(NOON)
    await init(owned, clock=clock)
    told = timebank("--data", str(owned.data), "--database", postgres_url, "database-role", role)
    assert told.exit_code == 0, told.stderr
    served = owned.model_copy(update={"database": url_as(role, postgres_url)})
    async with open_bank(served, clock=clock) as journal:
        world = World(journal, clock, served)
        await found_city(world)
        await posted(world, await world.volunteer())
        signed = await publication.publish_once(served)
    report = await verify(
        served.database_url, floor=floor, holder=holder, log=publication.read_verifiers(served)[0]
    )
    assert report.sound, report.findings
    assert report.size == signed.size >= 20
    assert not (await replay.compare(served.database_url)).differing
    # What is no part of the ledger can be refilled by the role as well.
    assert (await replay.apply(served.database_url)).entries == signed.size
    as_role = {one.name: one for one in await examine(served)}
    as_owner = {one.name: one for one in await examine(owned)}
    assert as_role["role"].well, as_role["role"].seen
    assert not as_owner["role"].well
    assert "superuser" in as_owner["role"].seen

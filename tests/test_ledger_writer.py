"""Writing: the fences, the lock, cancellation, crashes, and a COMMIT nobody answered."""

import asyncio
import contextlib
import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ledger.entry import EMPTY, Sealed, Tip, seal
from ledger.head import entry_row
from ledger.tables import (
    FencesDiffer,
    dialect_of,
    grants,
    install,
    sqlite_path,
)
from ledger.verify import verify
from ledger.writer import (
    BrokenSequence,
    CommitUnknown,
    NotInstalled,
    Stopped,
    Writer,
    open_writer,
)

pytestmark = pytest.mark.anyio


def entry(tip: Tip, request: str = "0" * 32, **changed: Any) -> Sealed:
    """An ordinary entry on a tip."""
    told: dict[str, Any] = {
        "now": datetime.now(UTC),
        "kind": "hours.posted",
        "actor": "p_1",
        "request": request,
        "policy": "P1",
        "body": {"minutes": 10},
        "postings": (("volunteer:1", "minute", 10), ("issuance:1", "minute", -10)),
    }
    return seal(tip, **(told | changed))


def chain(tip: Tip, count: int) -> list[Sealed]:
    """So many entries on a tip."""
    made: list[Sealed] = []
    for _ in range(count):
        made.append(entry(made[-1].tip if made else tip))
    return made


async def add(writer: Writer, count: int = 1) -> None:
    """Append so many entries in one transaction."""
    async with writer.transaction() as transaction:
        await transaction.append(chain(transaction.head.tip, count))


async def size_of(writer: Writer) -> int:
    """How many entries the head counts."""
    async with writer.transaction() as transaction:
        return transaction.head.size


@pytest.fixture
async def writer(database_url: str) -> AsyncIterator[Writer]:
    """A writer on a fresh ledger."""
    await install(database_url)
    opened = await open_writer(database_url)
    yield opened
    await opened.close()


# Appending


async def test_what_is_appended_is_there_and_verifies(writer: Writer, database_url: str) -> None:
    await add(writer)
    await add(writer, 600)
    await add(writer, 0)
    async with writer.transaction() as transaction:
        head = transaction.head
        rows = await transaction.fetch("SELECT max(seq), count(*) FROM entry")
        tiles = await transaction.fetch('SELECT level, "index" FROM node ORDER BY 1, 2')
    assert head.size == 601
    assert rows == [(600, 601)]
    assert tiles == [(1, 0), (1, 1)]
    report = await verify(database_url)
    assert report.sound, report.findings
    assert report.root == head.root.hex()


async def test_an_exception_leaves_nothing(writer: Writer) -> None:
    async def fail() -> None:
        async with writer.transaction() as transaction:
            await transaction.append(chain(transaction.head.tip, 3))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await size_of(writer) == 0


async def test_entries_that_do_not_continue_the_head_are_refused(writer: Writer) -> None:
    await add(writer, 2)
    async with writer.transaction() as transaction:
        good = chain(transaction.head.tip, 2)
        stranger = chain(EMPTY, 3)[2]
        for entries in ([good[1]], [good[1], good[0]], [stranger], [good[0], good[0]]):
            with pytest.raises(BrokenSequence):
                await transaction.append(entries)
        await transaction.append(good)
    assert await size_of(writer) == 4


async def test_placeholders_and_counts_are_the_same_on_both(writer: Writer) -> None:
    insert = (
        "INSERT INTO request (id, digest, outcome, first_seq, count) VALUES ($1, $2, $3, $4, $5)"
    )
    async with writer.transaction() as transaction:
        await transaction.execute_many(
            insert, [(f"{number:032x}", b"d", "{}", None, 0) for number in range(3)]
        )
        assert await transaction.execute(insert, "f" * 32, b"d", '{"a":1}', 5, 2) == 1
        found = await transaction.fetch(
            "SELECT id, digest, outcome, first_seq, count FROM request"
            " WHERE count = $1 AND id = $2",
            2,
            "f" * 32,
        )
    assert found == [("f" * 32, b"d", '{"a":1}', 5, 2)]


async def test_a_stopped_ledger_takes_nothing(writer: Writer) -> None:
    async with writer.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO stop (id, reason, at) VALUES (1, $1, $2)", "the anchor differs", "now"
        )
    with pytest.raises(Stopped, match="the anchor differs"):
        await add(writer)


async def test_a_database_without_a_ledger_is_refused(database_url: str) -> None:
    if dialect_of(database_url) == "sqlite":
        with pytest.raises(sqlite3.OperationalError):
            await open_writer(database_url)
        sqlite3.connect(sqlite_path(database_url)).close()
    opened = await open_writer(database_url)
    with pytest.raises(NotInstalled):
        await add(opened)
    await opened.close()


async def test_transactions_of_one_writer_take_turns(writer: Writer) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(add(writer))
    assert await size_of(writer) == 20


async def test_two_writers_never_fork(writer: Writer, database_url: str) -> None:
    other = await open_writer(database_url)
    async with asyncio.TaskGroup() as group:
        for number in range(30):
            group.create_task(add((writer, other)[number % 2]))
    await other.close()
    assert await size_of(writer) == 30
    assert (await verify(database_url)).sound


# Cancellation and loss


@pytest.mark.parametrize("steps", range(7))
async def test_a_cancelled_caller_leaves_no_lock_and_no_half(
    writer: Writer, database_url: str, steps: int
) -> None:
    other = await open_writer(database_url)
    task = asyncio.create_task(add(writer, 3))
    for _ in range(steps):
        await asyncio.sleep(0)
    await asyncio.sleep(steps * 0.0004)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await asyncio.wait_for(add(other), 10)
    await asyncio.wait_for(add(writer), 10)
    assert await size_of(writer) in (2, 5)
    await other.close()
    assert (await verify(database_url)).sound


async def test_a_caller_cancelled_while_it_waits_for_the_lock_lets_go(
    writer: Writer, database_url: str
) -> None:
    other = await open_writer(database_url)
    async with other.transaction() as transaction:
        task = asyncio.create_task(add(writer))
        await asyncio.sleep(0.05)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await transaction.append(chain(transaction.head.tip, 1))
    await asyncio.wait_for(add(writer), 10)
    assert await size_of(other) == 2
    await other.close()


async def test_waiting_for_the_lock_does_not_hold_the_loop(
    writer: Writer, database_url: str
) -> None:
    other = await open_writer(database_url)
    async with other.transaction():
        task = asyncio.create_task(add(writer))
        began = time.monotonic()
        await asyncio.sleep(0.02)
        assert time.monotonic() - began < 2
        assert not task.done()
    await asyncio.wait_for(task, 10)
    await other.close()


async def test_an_sqlite_transaction_waits_for_the_file_lock(sqlite_url: str) -> None:
    await install(sqlite_url)
    writer = await open_writer(sqlite_url)
    lock = os.open(sqlite_path(sqlite_url) + ".lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    task = asyncio.create_task(add(writer))
    await asyncio.sleep(0.1)
    assert not task.done()
    os.close(lock)
    await asyncio.wait_for(task, 10)
    await writer.close()


async def kill_others(url: str) -> None:
    """End every other connection to a PostgreSQL database from the server's side."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def test_a_lost_commit_is_unknown_and_the_writer_goes_on(postgres_url: str) -> None:
    await install(postgres_url)
    writer = await open_writer(postgres_url)

    async def lose_the_answer() -> None:
        async with writer.transaction() as transaction:
            await transaction.append(chain(transaction.head.tip, 1))
            await kill_others(postgres_url)

    with pytest.raises(CommitUnknown):
        await lose_the_answer()
    await add(writer)
    await kill_others(postgres_url)
    await add(writer)
    assert await size_of(writer) == 2
    await writer.close()


async def test_a_connection_found_dead_at_the_start_is_replaced(postgres_url: str) -> None:
    await install(postgres_url)
    writer = await open_writer(postgres_url)
    # From a thread, with the loop held, so that nobody here has heard of it yet.
    killer = threading.Thread(target=lambda: asyncio.run(kill_others(postgres_url)))
    killer.start()
    killer.join()
    await add(writer)
    assert await size_of(writer) == 1
    await writer.close()


async def test_a_postgresql_transaction_queues_at_the_advisory_lock(postgres_url: str) -> None:
    await install(postgres_url)
    writer = await open_writer(postgres_url)
    async with writer.transaction() as transaction:
        held = await transaction.fetch(
            "SELECT granted FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
    assert held == [(True,)]
    await writer.close()


async def test_a_swallowed_error_is_not_committed_in_silence(postgres_url: str) -> None:
    await install(postgres_url)
    writer = await open_writer(postgres_url)

    async def swallow() -> None:
        async with writer.transaction() as transaction:
            await transaction.append(chain(transaction.head.tip, 1))
            with contextlib.suppress(asyncpg.PostgresError):
                await transaction.fetch("SELECT 1 / 0")

    with pytest.raises(RuntimeError, match="ROLLBACK"):
        await swallow()
    assert await size_of(writer) == 0
    await writer.close()


async def test_a_failed_sqlite_commit_is_unknown(sqlite_url: str) -> None:
    await install(sqlite_url)
    writer = await open_writer(sqlite_url)

    async def end_it_early() -> None:
        async with writer.transaction() as transaction:
            await transaction.execute("ROLLBACK")

    with pytest.raises(CommitUnknown):
        await end_it_early()
    await add(writer)
    await writer.close()


# Several processes

BURST = """
import asyncio, sys
from datetime import UTC, datetime
from ledger.entry import seal
from ledger.writer import open_writer

async def main(url, count):
    writer = await open_writer(url)
    for number in range(count):
        async with writer.transaction() as transaction:
            tip, made = transaction.head.tip, []
            for _ in range(1 + number % 5):
                made.append(seal(tip, now=datetime.now(UTC), kind="a.b", actor="x",
                    request="0" * 32, policy="p", body={}))
                tip = made[-1].tip
            await transaction.append(made)
            size = transaction.head.size
        print(size, flush=True)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def burst(url: str, count: int) -> "subprocess.Popen[str]":
    """A process that appends so many transactions and prints each size once it is committed."""
    root = str(Path(__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", BURST, url, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
    )


def lines_of(process: "subprocess.Popen[str]") -> list[int]:
    """Every size the process printed, once it has ended."""
    told = process.communicate(timeout=60)[0]
    return [int(line) for line in told.split()]


async def test_two_processes_append_without_forking(database_url: str) -> None:
    await install(database_url)
    processes = [burst(database_url, 50), burst(database_url, 50)]
    told = [await asyncio.to_thread(lines_of, process) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    report = await verify(database_url)
    assert report.sound, report.findings
    assert report.size == 300 == max(max(sizes) for sizes in told)
    assert not set(told[0]) & set(told[1])


async def test_a_process_killed_in_a_burst_loses_nothing_it_was_told(database_url: str) -> None:
    await install(database_url)
    acknowledged = 0
    for _ in range(3):
        process = burst(database_url, 100_000)
        assert process.stdout is not None
        for _ in range(20):
            acknowledged = int(await asyncio.to_thread(process.stdout.readline))
        process.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *await asyncio.to_thread(lines_of, process)])
        report = await verify(database_url)
        assert report.sound, report.findings
        assert report.size >= acknowledged
    writer = await open_writer(database_url)
    await asyncio.wait_for(add(writer), 10)
    await writer.close()


# Fences

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
    "truncate all": "TRUNCATE entry, node, request, checkpoint, cosignature, head",
    "as a replica": "SET session_replication_role = replica; DELETE FROM entry",
    "no position": f"INSERT INTO entry ({COLUMNS}) VALUES (NULL, :spare)",
}


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
    for name, attack in (ATTACKS | POSTGRESQL_ATTACKS).items():
        if "replica" not in name:
            await connection.execute("SET session_replication_role = origin")
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await connection.execute(attack.replace(":spare", SPARE))
    assert await connection.fetchval("SELECT count(*) FROM entry WHERE actor = 'p_1'") == 3
    await connection.close()


async def test_the_next_entry_passes_the_fence(sqlite_url: str) -> None:
    await furnish(sqlite_url)
    connection = sqlite3.connect(sqlite_path(sqlite_url))
    connection.execute(f"INSERT INTO entry ({COLUMNS}) VALUES (3, {SPARE_SQLITE})")
    connection.close()


async def test_a_role_with_our_grants_can_append_and_nothing_else(postgres_url: str) -> None:
    await install(postgres_url)
    owner = await asyncpg.connect(postgres_url)
    await owner.execute("DROP ROLE IF EXISTS clerk; CREATE ROLE clerk")
    for statement in grants("clerk"):
        await owner.execute(statement)
    await owner.execute("SET ROLE clerk")
    await owner.execute("SELECT * FROM head FOR UPDATE")
    (fresh,) = chain(EMPTY, 1)
    await owner.execute(
        f"INSERT INTO entry ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)", *entry_row(fresh)
    )
    for statement in ("DELETE FROM entry", "UPDATE head SET id = 1", "TRUNCATE node"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute(statement)
    await owner.execute("RESET ROLE; DROP OWNED BY clerk; DROP ROLE clerk")
    await owner.close()
    with pytest.raises(ValueError):
        grants("clerk; DROP TABLE entry")


async def test_installing_twice_changes_nothing(writer: Writer, database_url: str) -> None:
    await add(writer)
    await install(database_url)
    assert await size_of(writer) == 1


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
        await other.close()
        differences = [
            "function ledger_refuse differs",
            "index mine is foreign",
            "trigger head_grow is missing",
        ]
    with pytest.raises(FencesDiffer) as caught:
        await install(database_url)
    assert caught.value.differences == differences

"""Writing: the lock, cancellation, crashes, and a COMMIT nobody answered."""

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
from pathlib import Path

import asyncpg
import pytest

from ledger.entry import EMPTY
from ledger.statements import finding
from ledger.tables import (
    dialect_of,
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
    inserting,
    open_writer,
)
from tests.ledgers import add, chain, size_of

pytestmark = pytest.mark.anyio


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
        roots = await transaction.fetch('SELECT level, "index" FROM node ORDER BY 1, 2')
    assert head.size == 601
    assert rows == [(600, 601)]
    assert roots == [(1, 0), (1, 1), *((64, twig) for twig in range(18))]
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
    insert = inserting(
        "request",
        dict.fromkeys(("id", "outcome"), "text")
        | {"digest": "bytea", "first_seq": "bigint", "count": "integer"},
    )
    async with writer.transaction() as transaction:
        rows = [(f"{number:032x}", "{}", b"d", None, 0) for number in range(3)]
        await transaction.execute_each([(insert, rows), (insert, [])])
        assert await transaction.execute(insert.row, "f" * 32, '{"a":1}', b"d", 5, 2) == 1
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


async def test_a_postgresql_statement_met_early_goes_by_the_key_for_ever(
    postgres_url: str,
) -> None:
    # Its plan is kept, and a table that was small when it was made is worth walking, then.
    await install(postgres_url)
    writer = await open_writer(postgres_url)
    async with writer.transaction() as transaction:
        await transaction.append(chain(transaction.head.tip, 40))
        await transaction.execute("ANALYZE entry")
        await transaction.execute(
            "PREPARE asked(bigint[]) AS SELECT bytes FROM entry WHERE seq = ANY($1)"
        )
        await transaction.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        plan = await transaction.fetch("EXPLAIN EXECUTE asked('{1, 2}')")
    assert "entry_pkey" in str(plan)
    await writer.close()


async def test_the_plan_of_what_is_found_by_few_keys_is_made_five_times(postgres_url: str) -> None:
    await install(postgres_url)
    writer = await open_writer(postgres_url)
    found = finding("entry", ["seq"], "seq", "bigint")["postgresql"]
    for _ in range(12):
        async with writer.transaction() as transaction:
            await transaction.fetch(found, [1, 2])
    async with writer.transaction() as transaction:
        plans = "SELECT custom_plans FROM pg_prepared_statements WHERE statement = $1"
        assert await transaction.fetch(plans, found) == [(5,)]
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
import asyncio, secrets, sys
from datetime import UTC, datetime
from ledger.entry import seal
from ledger.writer import open_writer
from tests.ledgers import write

async def main(url, count):
    writer = await open_writer(url)
    for number in range(count):
        async with writer.transaction() as transaction:
            tip, made, request = transaction.head.tip, [], secrets.token_hex(16)
            for _ in range(1 + number % 5):
                made.append(seal(tip, now=datetime.now(UTC), kind="a.b", actor="x",
                    request=request, policy="p", body={}))
                tip = made[-1].tip
            await write(transaction, made)
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

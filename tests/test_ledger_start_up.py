"""Databases and anchors that do not belong together: what a start finds, and what puts it right."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from ledger.anchor import Verdict
from ledger.checkpoint import Checkpoint
from ledger.publisher import Halted
from ledger.signer import LocalSigner
from ledger.tables import dialect_of, sqlite_path
from ledger.writer import lift, open_writer
from tests.ledgers import add
from tests.signed_log import SIGNER, Log, open_log, refused

pytestmark = pytest.mark.anyio

Copy = Callable[[], str]


@pytest.fixture
async def log(database_url: str, tmp_path: Path) -> AsyncIterator[Log]:
    """A ledger that has begun and has no entries."""
    async with open_log(database_url, tmp_path / "anchor") as made:
        yield made


# Databases that are not the one that was signed


async def test_an_older_copy_is_a_rollback(log: Log) -> None:
    await add(log.writer, 2)
    log.anchor.persist(SIGNER.note(Checkpoint("log.example", 5, b"r" * 32)))
    assert await log.publisher.verdict() is Verdict.ROLLED_BACK
    assert await refused(log, log.restarted()) is Verdict.ROLLED_BACK


@pytest.fixture
def copy_of(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Copy]:
    """Call it for a copy of a database that nobody is connected to."""
    if dialect_of(database_url) == "sqlite":

        def copy_file() -> str:
            target = tmp_path / "yesterday.db"
            shutil.copy(sqlite_path(database_url), target)
            return f"sqlite:///{target}"

        yield copy_file
        return
    server = request.getfixturevalue("postgres_server")
    made: list[str] = []

    def copy_database() -> str:
        name = database_url.partition("@/")[2].partition("?")[0]
        made.append(server.create(template=name))
        return str(server.url(made[-1]))

    yield copy_database
    for name in made:
        server.drop(name)


async def test_yesterdays_copy_is_a_rollback_and_continued_a_fork(copy_of: Copy, log: Log) -> None:
    await add(log.writer, 3)
    await log.publisher.publish()
    await log.writer.close()
    yesterday = await asyncio.to_thread(copy_of)
    log.writer = await open_writer(log.url)
    await add(log.writer, 3)
    await log.restarted().publish()
    await log.writer.close()
    log.url, log.writer = yesterday, await open_writer(yesterday)
    assert await log.restarted().verdict() is Verdict.ROLLED_BACK
    # The nonces differ, so the same three acts make another tree; and it grows past the anchor.
    await add(log.writer, 9)
    assert await refused(log, log.restarted()) is Verdict.FORK


@pytest.mark.parametrize("more", [0, 4])
async def test_another_root_where_one_was_signed_is_a_fork(log: Log, more: int) -> None:
    await add(log.writer, 3 + more)
    log.anchor.persist(SIGNER.note(Checkpoint("log.example", 3, b"r" * 32)))
    assert await log.publisher.verdict() is Verdict.FORK
    assert await refused(log, log.restarted()) is Verdict.FORK


async def test_a_lost_anchor_waits_for_the_operator(log: Log, tmp_path: Path) -> None:
    await add(log.writer, 3)
    await log.publisher.publish()
    note = log.anchor.note()
    assert note is not None
    (tmp_path / "anchor").unlink()
    assert await log.publisher.verdict() is Verdict.LOST_ANCHOR
    with pytest.raises(Halted):
        await log.publisher.adopt(SIGNER.note(Checkpoint("log.example", 3, b"r" * 32)))
    assert log.anchor.note() is None
    await log.publisher.adopt(note)
    assert log.anchor.note() == note
    with pytest.raises(Halted):
        await log.publisher.adopt(note)


def aside(directory: Path) -> list[bytes]:
    """What damaged anchors were set aside."""
    return [file.read_bytes() for file in directory.glob("anchor.damaged-*")]


@pytest.mark.parametrize("data", [b"", b"\xff", LocalSigner("log.example", b"x" * 32)])
async def test_a_damaged_anchor_is_a_lost_one(
    log: Log, tmp_path: Path, data: bytes | LocalSigner
) -> None:
    await add(log.writer, 3)
    await log.publisher.publish()
    note = log.anchor.note()
    assert note is not None
    if isinstance(data, LocalSigner):
        # Another key under the same name: as good as no signature at all.
        data = data.note(Checkpoint("log.example", 3, b"r" * 32)).encode()
    (tmp_path / "anchor").write_bytes(data)
    assert await log.publisher.verdict() is Verdict.LOST_ANCHOR
    with pytest.raises(Halted) as halted:
        await log.publisher.publish()
    assert halted.value.verdict is Verdict.LOST_ANCHOR
    assert await log.stopped()
    await log.publisher.adopt(note)
    assert log.anchor.note() == note
    assert aside(tmp_path) == [data]
    assert await log.publisher.verdict() is Verdict.GO


async def test_a_damaged_anchor_beside_an_empty_database_begins_nothing(
    log: Log, tmp_path: Path
) -> None:
    (tmp_path / "anchor").write_bytes(b"damaged")
    with pytest.raises(Halted) as halted:
        await log.publisher.begin()
    assert halted.value.verdict is Verdict.LOST_ANCHOR
    assert (tmp_path / "anchor").read_bytes() == b"damaged"


async def test_a_stop_is_lifted_by_whoever_is_let_in(log: Log) -> None:
    await add(log.writer, 2)
    await log.publisher.publish()
    held = log.anchor.note()
    assert held is not None
    (log.anchor._path).unlink()
    assert await refused(log, log.restarted()) is Verdict.LOST_ANCHOR
    async with log.writer.transaction(stopped=True) as transaction:
        assert await lift(transaction) == "lost-anchor"
        assert await lift(transaction) is None
    assert not await log.stopped()


async def test_an_empty_database_beside_an_anchor_is_lost(log: Log) -> None:
    log.anchor.persist(SIGNER.note(Checkpoint("log.example", 5, b"r" * 32)))
    assert await refused(log, log.restarted()) is Verdict.LOST_DATABASE


async def test_a_head_that_does_not_extend_the_anchor_is_never_signed(log: Log) -> None:
    """The anchored tiles are honest, and only the head's frontier was changed."""
    await add(log.writer, 3)
    await log.publisher.publish()
    await add(log.writer, 2)
    statement = "UPDATE head SET frontier = "
    if dialect_of(log.url) == "sqlite":
        with sqlite3.connect(sqlite_path(log.url)) as connection:
            connection.execute("DROP TRIGGER head_update")
            connection.execute(statement + "zeroblob(64)")
        connection.close()
    else:
        other = await asyncpg.connect(log.url)
        await other.execute("ALTER TABLE head DISABLE TRIGGER head_grow")
        await other.execute(statement + "decode(repeat('00', 64), 'hex')")
        await other.close()
    assert await log.publisher.verdict() is Verdict.GO
    assert await refused(log, log.restarted()) is Verdict.FORK


async def test_a_row_that_tells_another_root_than_the_anchor_halts(log: Log) -> None:
    await add(log.writer, 3)
    async with log.writer.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO checkpoint (size, root, note, at) VALUES ($1, $2, $3, $4)",
            3,
            b"r" * 32,
            SIGNER.note(Checkpoint("log.example", 3, b"r" * 32)),
            "2020-01-01T00:00:00.000000Z",
        )
    with pytest.raises(Halted):
        await log.publisher.publish()
    assert await log.stopped()

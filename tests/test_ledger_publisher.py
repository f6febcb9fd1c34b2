"""Publishing under faults: a crash at every step, lies of the disk, and databases swapped."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ledger.anchor import Anchor, Verdict
from ledger.checkpoint import Checkpoint, InvalidNote, open_note
from ledger.head import CommitUnknown
from ledger.publisher import Halted, Publisher
from ledger.reader import open_reader
from ledger.signer import LocalSigner
from ledger.tables import dialect_of, install, sqlite_path
from ledger.verify import verify
from ledger.writer import Stopped, Writer, open_writer
from tests.ledgers import add

pytestmark = pytest.mark.anyio

SIGNER = LocalSigner("log.example", bytes(32))

Copy = Callable[[], str]


class Crash(BaseException):
    """The process ends here."""


class Log:
    """A ledger with its publisher, and what the tests break of it."""

    def __init__(self, url: str, path: Path, writer: Writer) -> None:
        self.url = url
        self.writer = writer
        self.anchor = Anchor(path, SIGNER.verifier)
        self.publisher = self.restarted()

    def restarted(self) -> Publisher:
        """A publisher that remembers nothing."""
        return Publisher(url=self.url, writer=self.writer, signer=SIGNER, anchor=self.anchor)

    async def sizes(self) -> list[int]:
        """The sizes of all checkpoint rows; every note is the log's own."""
        async with open_reader(self.url) as reader:
            rows = await reader.fetch("SELECT size, root, note FROM checkpoint ORDER BY size")
        for size, root, note in rows:
            assert open_note(note, SIGNER.verifier).checkpoint == Checkpoint(
                "log.example", size, bytes(root)
            )
        return [row[0] for row in rows]

    async def stopped(self) -> bool:
        """Whether writers are turned away."""
        try:
            await add(self.writer)
        except Stopped:
            return True
        return False


@pytest.fixture
async def log(database_url: str, tmp_path: Path) -> AsyncIterator[Log]:
    """A ledger that has begun and has no entries."""
    await install(database_url)
    writer = await open_writer(database_url)
    made = Log(database_url, tmp_path / "anchor", writer)
    await made.publisher.begin()
    yield made
    made.anchor.close()
    await made.writer.close()


# Normal work


async def test_every_move_is_signed_once_and_the_whole_verifies(log: Log) -> None:
    await log.publisher.publish()
    assert await log.sizes() == []
    for count in (1, 0, 300, 2):
        await add(log.writer, count)
        await log.publisher.publish()
    assert await log.sizes() == [1, 301, 303]
    anchored = log.anchor.checkpoint()
    assert anchored is not None
    assert anchored.size == 303
    report = await verify(log.url, log=SIGNER.verifier)
    assert report.sound, report.findings


async def test_a_log_begins_once(log: Log) -> None:
    with pytest.raises(Halted):
        await log.publisher.begin()


async def test_publishing_before_init_signs_nothing(log: Log, tmp_path: Path) -> None:
    (tmp_path / "anchor").unlink()
    with pytest.raises(Halted) as refused:
        await log.publisher.publish()
    assert refused.value.verdict is Verdict.FRESH
    assert not await log.stopped()


async def test_a_waiting_receipt_is_signed_at_once(log: Log) -> None:
    running = asyncio.create_task(log.publisher.run(interval=3600))
    try:
        assert await log.publisher.wait(0)
        await add(log.writer, 3)
        assert await log.publisher.wait(3)
        assert await log.sizes() == [3]
        assert not await log.publisher.wait(4, seconds=0.05)
    finally:
        running.cancel()


async def test_a_signer_that_signs_something_else_moves_nothing(log: Log) -> None:
    class Wayward(LocalSigner):
        def note(self, checkpoint: Checkpoint) -> str:
            return super().note(Checkpoint(checkpoint.origin, checkpoint.size + 1, bytes(32)))

    await add(log.writer, 2)
    wayward = Publisher(
        url=log.url,
        writer=log.writer,
        signer=Wayward("log.example", bytes(32)),
        anchor=log.anchor,
    )
    with pytest.raises(InvalidNote):
        await wayward.publish()
    anchored = log.anchor.checkpoint()
    assert anchored is not None
    assert anchored.size == 0


# Faults


def before(error: BaseException) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The call never happens."""

    def wrap(_: Callable[..., Any]) -> Callable[..., Any]:
        def fail(*_: object, **__: object) -> None:
            raise error

        return fail

    return wrap


def after(error: BaseException) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The call happens, and its caller learns otherwise."""

    def wrap(done: Callable[..., Any]) -> Callable[..., Any]:
        def fail(*told: Any, **named: Any) -> None:
            done(*told, **named)
            raise error

        return fail

    return wrap


@pytest.mark.parametrize("fault", [before, after])
@pytest.mark.parametrize("error", [Crash(), OSError("I/O error")])
@pytest.mark.parametrize("step", ["signer", "persist", "rename"])
async def test_a_fault_before_or_after_a_step_loses_nothing(
    log: Log, monkeypatch: pytest.MonkeyPatch, fault: Any, error: BaseException, step: str
) -> None:
    await add(log.writer, 300)
    await log.publisher.publish()
    await add(log.writer, 5)
    target: Any = {"signer": SIGNER, "persist": log.anchor, "rename": log.anchor}[step]
    name = {"signer": "note", "persist": "persist", "rename": "_replace"}[step]
    with monkeypatch.context() as broken:
        broken.setattr(target, name, fault(error)(getattr(target, name)))
        with pytest.raises(type(error)):
            await log.publisher.publish()
    await add(log.writer, 2)
    await log.restarted().publish()
    kept = step != "signer" and fault is after
    assert await log.sizes() == ([300, 305, 307] if kept else [300, 307])


@pytest.mark.parametrize("error", [Crash(), CommitUnknown("no answer")])
@pytest.mark.parametrize("done", [False, True])
async def test_a_fault_at_the_checkpoint_row_loses_nothing(
    log: Log, monkeypatch: pytest.MonkeyPatch, error: BaseException, done: bool
) -> None:
    await add(log.writer, 3)
    record: Callable[[], Awaitable[None]] = log.publisher._record
    calls: list[int] = []

    async def fail() -> None:
        calls.append(1)
        if len(calls) == 1 or done:
            await record()
        if len(calls) == 2:
            raise error

    monkeypatch.setattr(log.publisher, "_record", fail)
    with pytest.raises(type(error)):
        await log.publisher.publish()
    assert await log.sizes() == ([3] if done else [])
    await log.restarted().publish()
    assert await log.sizes() == [3]


async def test_a_passing_fault_is_told_and_tried_again(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(log.writer)
    with monkeypatch.context() as broken:
        broken.setattr(log.anchor, "persist", before(OSError("full"))(log.anchor.persist))
        running = asyncio.create_task(log.publisher.run(interval=0.02))
        assert not await log.publisher.wait(1, seconds=0.3)
        assert isinstance(log.publisher.failure, OSError)
    assert await log.publisher.wait(1)
    assert log.publisher.failure is None
    running.cancel()


# Databases that are not the one that was signed


async def refused(log: Log, publisher: Publisher) -> Verdict:
    """The verdict with which it halts; the anchor does not move and nobody writes any more."""
    anchored = log.anchor.note()
    with pytest.raises(Halted) as halted:
        await publisher.publish()
    assert log.anchor.note() == anchored
    assert await log.stopped()
    return halted.value.verdict


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

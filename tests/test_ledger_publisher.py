"""Publishing under faults: a crash at every step, and lies of the disk and the signer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.anchor import Verdict
from ledger.checkpoint import Checkpoint, InvalidNote
from ledger.head import CommitUnknown
from ledger.publisher import Halted, Publisher
from ledger.signer import LocalSigner, OverlapSigner
from ledger.verify import verify
from tests.ledgers import add
from tests.signed_log import SIGNER, Log, open_log

pytestmark = pytest.mark.anyio


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
async def log(database_url: str, tmp_path: Path) -> AsyncIterator[Log]:
    """A ledger that has begun and has no entries."""
    async with open_log(database_url, tmp_path / "anchor") as made:
        yield made


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


async def test_a_publisher_ends_when_it_is_told_to_in_the_moment_it_is_wanted(log: Log) -> None:
    await add(log.writer, 1)
    running = asyncio.create_task(log.publisher.run(interval=3600))
    assert await log.publisher.wait(1)
    # It has signed, and waits again once the loop has turned.
    await asyncio.sleep(0.2)
    waiting = asyncio.create_task(log.publisher.wait(1))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running], timeout=5)
    assert running.cancelled()
    assert await waiting


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


@pytest.mark.one_database
async def test_a_log_that_moves_is_signed_within_a_second_though_nobody_waits(log: Log) -> None:
    running = asyncio.create_task(log.publisher.run())
    try:
        assert await log.publisher.wait(0)
        await add(log.writer, 2)
        for _ in range(200):
            if await log.sizes():
                break
            await asyncio.sleep(0.05)
        assert await log.sizes() == [2]
    finally:
        running.cancel()


@pytest.mark.one_database
async def test_a_log_at_rest_is_not_signed_again(log: Log) -> None:
    signed: list[int] = []

    class Counting(LocalSigner):
        def note(self, checkpoint: Checkpoint) -> str:
            signed.append(checkpoint.size)
            return super().note(checkpoint)

    counting = Counting("log.example", bytes(32))
    publisher = Publisher(url=log.url, writer=log.writer, signer=counting, anchor=log.anchor)
    for count in (1, 0, 0, 2, 0):
        await add(log.writer, count)
        await publisher.publish()
    assert signed == [1, 3]


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


async def test_a_signer_short_of_a_key_moves_nothing(log: Log) -> None:
    """In a rotation a note without the new key's line must not be anchored."""

    class Forgetful(OverlapSigner):
        def note(self, checkpoint: Checkpoint) -> str:
            return SIGNER.note(checkpoint)

    await add(log.writer, 2)
    new = LocalSigner("log.example", b"n" * 32)
    for signer, size in ((Forgetful(SIGNER, new), 0), (OverlapSigner(SIGNER, new), 2)):
        publisher = Publisher(url=log.url, writer=log.writer, signer=signer, anchor=log.anchor)
        if size:
            await publisher.publish()
        else:
            with pytest.raises(InvalidNote):
                await publisher.publish()
        anchored = log.anchor.checkpoint()
        assert anchored is not None
        assert anchored.size == size


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

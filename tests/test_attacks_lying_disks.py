"""Attacks of disks that say what is not so: kept and denied, or lost and affirmed.

A commit that was denied is found by its request id, one that was lost binds nothing and gets no
receipt. An anchor is asked again before anything is said. A checkpoint row that is missing is named
by the anchor. What is lost later still, by a whole machine, only those outside remember.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ledger.anchor import Anchor
from ledger.head import CommitUnknown
from ledger.publisher import Publisher
from ledger.verify import verify
from ledger.writer import Writer
from tests.copies import begun
from tests.ledgers import add
from tests.tampering import SignedLog, signed_log
from tests.test_journal import Said, granting, key_of
from timebank import replay
from timebank.access import Grants
from timebank.actors import SYSTEM
from timebank.bank import open_bank
from timebank.settings import Settings
from timebank.tables import find

pytestmark = pytest.mark.anyio


class Lying:
    """A connection whose first COMMIT says otherwise than what it did."""

    def __init__(self, connection: Any, commit: Callable[[Any], Any]) -> None:
        self._connection, self._commit, self.lied = connection, commit, False

    def execute(self, sql: str, *params: Any) -> Any:
        if sql == "COMMIT" and not self.lied:
            self.lied = True
            return self._commit(self._connection)
        return self._connection.execute(sql, *params)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def kept_and_denied(connection: sqlite3.Connection) -> None:
    connection.execute("COMMIT")
    raise sqlite3.OperationalError("disk I/O error")


def lost_and_affirmed(connection: sqlite3.Connection) -> None:
    connection.execute("ROLLBACK")


async def kept_and_denied_by_a_server(connection: Any) -> str:
    await connection.execute("COMMIT")
    raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


async def lost_and_affirmed_by_a_server(connection: Any) -> str:
    await connection.execute("ROLLBACK")
    return "COMMIT"


LIES: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("sqlite", "kept"): kept_and_denied,
    ("sqlite", "lost"): lost_and_affirmed,
    ("postgresql", "kept"): kept_and_denied_by_a_server,
    ("postgresql", "lost"): lost_and_affirmed_by_a_server,
}


def lie(writer: Writer, how: str) -> None:
    """Let the next COMMIT of this writer lie."""
    name = "connection" if writer.dialect == "sqlite" else "_connection"
    setattr(writer, name, Lying(getattr(writer, name), LIES[writer.dialect, how]))


async def test_request_ids_name_a_commit_that_was_kept_and_denied(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path / "data", database=database_url)
    await begun(settings)
    async with open_bank(settings) as bank:
        lie(bank.writer, "kept")
        answer = await bank.write(SYSTEM, key_of("once"), granting("per_1"), answer=Said)
        assert (answer.entry, answer.replayed) == (2, True)
    assert (await verify(database_url)).size == 3


async def test_a_commit_that_was_lost_and_affirmed_gets_no_receipt(
    database_url: str, tmp_path: Path
) -> None:
    """No database can be asked about a disk that lies; so who needs to be sure waits for a receipt.

    What was lost is signed by nobody, its key is not bound, and the log goes on from the truth.
    """
    log = await signed_log(database_url, tmp_path, 300)
    async with log.publisher() as (publisher, writer):
        lie(writer, "lost")
        await add(writer, 3)
        assert (await publisher.publish()).size == 300
        running = asyncio.create_task(publisher.run(interval=0.05))
        assert not await publisher.wait(303, seconds=0.3)
        running.cancel()
        await add(writer, 2)
        assert (await publisher.publish()).size == 302
    assert await log.signed_sizes() == [300, 302]


async def test_a_request_that_was_lost_and_affirmed_is_done_when_it_is_repeated(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path / "data", database=database_url)
    await begun(settings)
    async with open_bank(settings) as bank:
        lie(bank.writer, "lost")
        told = await bank.write(SYSTEM, key_of("once"), granting("per_1"), answer=Said)
        assert await find(Grants, "per_1") is None
        again = await bank.write(SYSTEM, key_of("once"), granting("per_1"), answer=Said)
        assert (again.entry, again.replayed) == (told.entry, False)
        assert await find(Grants, "per_1") is not None
    assert not (await replay.compare(database_url)).differing


@pytest.mark.parametrize("how", ["kept", "lost"])
async def test_the_anchor_names_a_checkpoint_row_whose_commit_lied(
    database_url: str, tmp_path: Path, how: str
) -> None:
    log = await signed_log(database_url, tmp_path, 300)
    async with log.publisher() as (publisher, writer):
        await add(writer, 5)
        lie(writer, how)
        try:
            assert (await publisher.publish()).size == 305
        except CommitUnknown:
            assert how == "kept"
        assert log.anchored() == 305
        assert await log.signed_sizes() == ([300, 305] if how == "kept" else [300])
        assert (await publisher.publish()).size == 305
        await add(writer, 1)
        await publisher.publish()
    assert await log.signed_sizes() == [300, 305, 306]


@pytest.fixture
async def held(log: SignedLog) -> AsyncIterator[tuple[Publisher, Writer]]:
    """A publisher over a writer, of a log signed at 300."""
    async with log.publisher() as both:
        yield both


@pytest.fixture
async def log(database_url: str, tmp_path: Path) -> SignedLog:
    """300 entries, signed."""
    return await signed_log(database_url, tmp_path, 300)


async def test_an_anchor_that_was_kept_and_denied_is_found_on_the_disk(
    log: SignedLog, held: tuple[Publisher, Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher, writer = held
    await add(writer, 5)
    replace = Anchor._replace

    def deny(anchor: Anchor, data: bytes) -> None:
        replace(anchor, data)
        raise OSError("I/O error")

    with monkeypatch.context() as lying:
        lying.setattr(Anchor, "_replace", deny)
        with pytest.raises(OSError, match="I/O error"):
            await publisher.publish()
    assert log.anchored() == 305
    await add(writer, 5)
    await publisher.publish()
    assert await log.signed_sizes() == [300, 305, 310]


async def test_an_anchor_that_was_lost_and_affirmed_lets_no_signature_leave(
    log: SignedLog, held: tuple[Publisher, Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is asked again before the row is written: it does not hold what it was given."""
    publisher, writer = held
    await add(writer, 5)
    with monkeypatch.context() as lying:
        lying.setattr(Anchor, "_replace", lambda anchor, data: None)
        with pytest.raises(OSError, match="anchor"):
            await publisher.publish()
    assert (log.anchored(), await log.signed_sizes()) == (300, [300])
    await publisher.publish()
    assert (log.anchored(), await log.signed_sizes()) == (305, [300, 305])

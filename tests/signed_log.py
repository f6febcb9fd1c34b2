"""A ledger with its publisher, for tests that break what it signs or what it signs from."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ledger.anchor import Anchor, Verdict
from ledger.checkpoint import Checkpoint, open_note
from ledger.publisher import Halted, Publisher
from ledger.reader import open_reader
from ledger.signer import LocalSigner
from ledger.tables import install
from ledger.writer import Stopped, Writer, open_writer
from tests.ledgers import add

SIGNER = LocalSigner("log.example", bytes(32))


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


@asynccontextmanager
async def open_log(url: str, anchor: Path) -> AsyncIterator[Log]:
    """A ledger that has begun and has no entries."""
    await install(url)
    writer = await open_writer(url)
    made = Log(url, anchor, writer)
    await made.publisher.begin()
    yield made
    made.anchor.close()
    await made.writer.close()


async def refused(log: Log, publisher: Publisher) -> Verdict:
    """The verdict with which it halts; the anchor does not move and nobody writes any more."""
    anchored = log.anchor.note()
    with pytest.raises(Halted) as halted:
        await publisher.publish()
    assert log.anchor.note() == anchored
    assert await log.stopped()
    return halted.value.verdict

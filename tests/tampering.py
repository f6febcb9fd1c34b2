"""Ledgers that were signed, and the hands of somebody who owns the database they lie in.

Knows how an attacker gets behind the fences on both databases and puts them back untouched, so that
nothing but the attack itself can be noticed. Refuses to know what should notice it.
"""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from ledger.anchor import Anchor, Verdict
from ledger.chain import Finding
from ledger.checkpoint import Checkpoint, open_note
from ledger.merkle import TWIGS, grow
from ledger.publisher import Halted, Publisher
from ledger.reader import open_reader, read_consistency, read_head
from ledger.receipts import receipt
from ledger.signer import LocalSigner
from ledger.tables import TABLES, dialect_of, install, sqlite_placeholders
from ledger.verify import LEVELS, Level, verify
from ledger.writer import Writer, open_writer
from tests import founded
from tests.ledgers import add, fences_down
from timebank.settings import Settings

KEY = LocalSigner("log.example", bytes(32))


def url_as(role: str, url: str) -> str:
    """The same database, logged in to as a role."""
    return url.replace("postgresql://postgres@", f"postgresql://{role}@")


class Hands(Protocol):
    """Statements that no fence refuses. Placeholders are $1, $2, ... on both databases."""

    async def do(self, sql: str, *params: object) -> None:
        """Run one statement."""

    async def see(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""


class _FileHands:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def do(self, sql: str, *params: object) -> None:
        self._connection.execute(sqlite_placeholders(sql), params)

    async def see(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._connection.execute(
            sqlite_placeholders(sql), params
        ).fetchall()
        return found


class _OwnersHands:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def do(self, sql: str, *params: object) -> None:
        await self._connection.execute(sql, *params)

    async def see(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self._connection.fetch(sql, *params)]


@contextlib.asynccontextmanager
async def behind_the_fences(url: str) -> AsyncIterator[Hands]:
    """Triggers and checks off, and afterwards as they were."""
    if dialect_of(url) == "sqlite":
        with fences_down(url) as file:
            file.execute("PRAGMA foreign_keys = OFF")
            yield _FileHands(file)
        return
    connection = await asyncpg.connect(url)
    try:
        fences = await connection.fetch(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal AND c.relname = ANY ($1::text[])",
            list(TABLES),
        )
        checks = await connection.fetch(
            "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k"
            " JOIN pg_class c ON c.oid = k.conrelid"
            " WHERE k.contype = 'c' AND c.relname = ANY ($1::text[])",
            list(TABLES),
        )
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for table, name, _ in checks:
            await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        yield _OwnersHands(connection)
        for table, name, definition in checks:
            await connection.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID"
            )
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        for table, name in fences:
            await connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
    finally:
        await connection.close()


class SignedLog:
    """A ledger with its publisher and anchor; every method opens and closes the database."""

    def __init__(self, url: str, anchor: Path) -> None:
        self.url = url
        self.anchor = anchor

    @contextlib.asynccontextmanager
    async def publisher(self) -> AsyncIterator[tuple[Publisher, Writer]]:
        """A publisher that has just been started, and its writer."""
        writer = await open_writer(self.url)
        held = Anchor(self.anchor, KEY.verifier)
        try:
            yield Publisher(url=self.url, writer=writer, signer=KEY, anchor=held), writer
        finally:
            held.close()
            await writer.close()

    async def grow(self, count: int) -> Checkpoint:
        """So many entries more, signed."""
        async with self.publisher() as (publisher, writer):
            await add(writer, count)
            return await publisher.publish()

    async def started(self) -> Verdict:
        """What a start says of the database and its anchor; nothing is written."""
        async with self.publisher() as (publisher, _):
            return await publisher.verdict()

    async def refused(self) -> Verdict:
        """Why the publisher will not sign."""
        async with self.publisher() as (publisher, _):
            try:
                told = await publisher.publish()
            except Halted as halted:
                return halted.verdict
        raise AssertionError(f"signed {told}")

    async def verified(self, *levels: Level) -> tuple[Finding, ...]:
        """What an auditor with the log's key finds, the first hundred of it."""
        report = await verify(self.url, levels=levels or LEVELS, log=KEY.verifier)
        return report.findings

    async def receipt(self, seq: int) -> str:
        """What whoever asks today takes home."""
        async with open_reader(self.url) as reader:
            return await receipt(reader, seq)

    async def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """What the log answers to somebody who asks how the new grew out of the old."""
        async with open_reader(self.url) as reader:
            return await read_consistency(reader, old, new)

    async def signed_sizes(self) -> list[int]:
        """The sizes of all checkpoint rows, each the log's own and true."""
        assert await self.verified() == ()
        async with open_reader(self.url) as reader:
            rows = await reader.fetch("SELECT size FROM checkpoint ORDER BY size")
        return [size for (size,) in rows]

    def anchored(self) -> int:
        """The size that the anchor's file holds."""
        return open_note(self.anchor.read_text(), KEY.verifier).checkpoint.size

    async def checkpoint(self) -> Checkpoint:
        """What the head amounts to."""
        async with open_reader(self.url) as reader:
            head = await read_head(reader)
        return Checkpoint("log.example", head.size, head.root)


async def signed_log(url: str, directory: Path, *sizes: int) -> SignedLog:
    """A new ledger, signed at each of these sizes."""
    settings = Settings(data=directory / "signed", database=url)
    await founded.copy(settings, _signed, *sizes)
    return _log_of(settings)


def _log_of(settings: Settings) -> SignedLog:
    return SignedLog(settings.database_url, settings.data / "anchor")


async def _signed(settings: Settings, *sizes: int) -> None:
    await install(settings.database_url)
    settings.data.mkdir(parents=True)
    log = _log_of(settings)
    async with log.publisher() as (publisher, _):
        await publisher.begin()
    before = 0
    for size in sizes:
        await log.grow(size - before)
        before = size


async def cut_back(log: SignedLog, size: int, *, checkpoints: bool = True) -> None:
    """Only the first `size` entries were ever written: rows, tile roots and head say so.

    Requests bound since go with them, and checkpoints, unless these are to stay.
    """
    async with behind_the_fences(log.url) as hands:
        leaves = await hands.see("SELECT leaf, at FROM entry WHERE seq < $1 ORDER BY seq", size)
        frontier, full = grow(0, (), [bytes(leaf) for leaf, _ in leaves])
        await hands.do("DELETE FROM entry WHERE seq >= $1", size)
        await hands.do("DELETE FROM request WHERE first_seq >= $1", size)
        for level in (1, TWIGS):
            count = sum(node.level == level for node in full)
            await hands.do('DELETE FROM node WHERE level = $1 AND "index" >= $2', level, count)
        if checkpoints:
            await hands.do("DELETE FROM checkpoint WHERE size > $1", size)
        leaf, at = leaves[-1] if leaves else (bytes(32), None)
        await hands.do(
            "UPDATE head SET size = $1, leaf = $2, frontier = $3, at = $4",
            *(size, bytes(leaf), b"".join(frontier), at),
        )


async def rewritten(log: SignedLog, first: int, *, checkpoints: bool = True) -> None:
    """Another history from position `first` on, as long as it was and with every hash right."""
    size = (await log.checkpoint()).size
    await cut_back(log, first, checkpoints=checkpoints)
    writer = await open_writer(log.url)
    await add(writer, size - first)
    await writer.close()

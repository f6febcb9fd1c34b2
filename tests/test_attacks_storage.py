"""Attacks on single bits: in every column of the log's own tables, and in the files below them.

Each test states the layer that names it and the entry. Where one bit makes the database itself give
up, the layer is `storage`; where it makes a tail disappear without trace, it is the anchor.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ledger.anchor import Verdict
from ledger.head import Stopped
from ledger.merkle import InvalidProof
from ledger.reader import open_reader
from ledger.tables import dialect_of, sqlite_path
from ledger.verify import Level
from ledger.writer import open_writer
from tests.commands import timebank
from tests.conftest import PostgresServer
from tests.ledgers import add
from tests.tampering import SignedLog, behind_the_fences, signed_log
from timebank.bound import BIND, Bound

pytestmark = pytest.mark.anyio


@pytest.fixture
async def log(database_url: str, tmp_path: Path) -> SignedLog:
    """600 entries, signed at 300 and at 600."""
    return await signed_log(database_url, tmp_path, 300, 600)


async def named(log: SignedLog) -> list[tuple[str, int | None, str]]:
    """What an auditor with the log's key finds in storage, chain and books."""
    levels: tuple[Level, ...] = ("storage", "chain", "books")
    return [(one.layer, one.seq, one.what) for one in await log.verified(*levels)]


# Columns

OTHERWISE = "form: the note says otherwise than its row"
COLUMNS: dict[str, tuple[str, int | None, str]] = {
    "entry.seq": ("seq = 300", 300, "missing, up to 300"),
    "entry.bytes": ("seq = 300", 300, "the leaf is not the hash of the bytes"),
    "entry.leaf": ("seq = 300", 300, "the leaf is not the hash of the bytes"),
    "entry.kind": ("seq = 300", 300, "column kind is not what the bytes say"),
    "entry.at": ("seq = 300", 300, "column at is not what the bytes say"),
    "entry.actor": ("seq = 300", 300, "column actor is not what the bytes say"),
    "entry.request": ("seq = 300", 300, "column request is not what the bytes say"),
    "node.level": ('level = 1 AND "index" = 1', None, "tile root 1/1 differs or is missing"),
    "node.index": ('level = 1 AND "index" = 0', None, "tile root 1/0 differs or is missing"),
    "node.hash": ('level = 1 AND "index" = 1', None, "tile root 1/1 differs or is missing"),
    "head.size": ("id = 1", 600, "the head counts 1624 entries, 600 are there"),
    "head.leaf": ("id = 1", None, "the head's leaf is not the last entry's"),
    "head.frontier": ("id = 1", None, "the head's frontier is not that of the entries"),
    "head.at": ("id = 1", None, "the head's time is not the last entry's"),
    "checkpoint.size": ("size = 600", None, "a checkpoint of 1624 entries, 600 are there"),
    "checkpoint.root": ("size = 300", 299, f"checkpoint 300: {OTHERWISE}"),
    "checkpoint.note": ("size = 300", 299, "checkpoint 300: "),
}


def flipped(value: Any, place: int) -> Any:
    """The value with one bit the other way: of a number its 11th, of text the last of a letter."""
    if isinstance(value, int):
        return value ^ 1 << 10
    if isinstance(value, str):
        return value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
    return value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]


async def flip(log: SignedLog, name: str, where: str, place: float = 0.5) -> None:
    """One bit in one column of one row; `place` is how far into the value, from 0 to 1."""
    table, column = name.split(".")
    quoted = '"index"' if column == "index" else column
    async with behind_the_fences(log.url) as hands:
        ((value,),) = await hands.see(f"SELECT {quoted} FROM {table} WHERE {where}")
        at = 0 if isinstance(value, int) else round(place * (len(value) - 1))
        changed = flipped(value, at)
        assert changed != value
        await hands.do(f"UPDATE {table} SET {quoted} = $1 WHERE {where}", changed)


@pytest.mark.parametrize("column", COLUMNS)
async def test_a_bit_in_any_column_is_named_in_its_layer(log: SignedLog, column: str) -> None:
    where, seq, what = COLUMNS[column]
    await flip(log, column, where)
    found = await named(log)
    # What the columns beside the bytes repeat is compared where the bytes are decoded.
    layer = "books" if what.startswith("column ") else "chain"
    assert [told for of, at, told in found if (of, at) == (layer, seq) and what in told]


@pytest.mark.parametrize("place", [0, 0.1, 0.3, 0.7, 0.9, 1])
async def test_layer_chain_names_a_bit_anywhere_in_bytes_and_note(
    log: SignedLog, place: float
) -> None:
    await flip(log, "entry.bytes", "seq = 512", place)
    await flip(log, "checkpoint.note", "size = 300", place)
    found = await named(log)
    assert ("chain", 512, "the leaf is not the hash of the bytes") in found
    assert [what for _, seq, what in found if seq == 299 and "checkpoint 300: " in what]


async def test_an_auditors_command_names_layer_and_entry(log: SignedLog) -> None:
    await flip(log, "entry.bytes", "seq = 300")
    told = timebank("--database", log.url, "verify", "ledger")
    assert told.exit_code == 1
    assert "chain entry 300: the leaf is not the hash of the bytes" in told.stdout


async def test_a_receipt_is_not_made_of_changed_bytes(log: SignedLog) -> None:
    await flip(log, "entry.bytes", "seq = 300")
    with pytest.raises(InvalidProof):
        await log.receipt(300)


@pytest.mark.parametrize("column", ["node.hash", "head.frontier", "head.size"])
async def test_the_publisher_signs_nothing_over_a_changed_tree(log: SignedLog, column: str) -> None:
    where, _, _ = COLUMNS[column]
    await flip(log, column, where)
    assert await log.refused() is Verdict.FORK


@pytest.mark.parametrize("column", ["head.leaf", "head.at", "head.size", "entry.leaf", "entry.at"])
async def test_the_writer_appends_nothing_to_a_changed_end(log: SignedLog, column: str) -> None:
    """An entry on a wrong `prev` could never be taken back."""
    await flip(log, column, "seq = 599" if column.startswith("entry") else "id = 1")
    writer = await open_writer(log.url)
    # Not even for whoever may lift a stop, which is an entry too.
    for stopped in (False, True):
        with pytest.raises(Stopped, match="not where the entries end"):
            async with writer.transaction(stopped=stopped):
                pass
    await writer.close()
    async with open_reader(log.url) as reader:
        assert (await reader.fetch("SELECT count(*) FROM entry"))[0][0] == 600


ID = f"{300:032x}"
OTHER = flipped(ID, round(0.5 * 31))
BOUND: dict[str, list[str]] = {
    "request.id": [
        f"request {OTHER} made 1 from 300, none is there",
        f"request {ID} is not bound, 1 from 300 is there",
    ],
    "request.first_seq": [f"request {ID} made 1 from 1324, 1 from 300 is there"],
    "request.count": [f"request {ID} made 1025 from 300, 1 from 300 is there"],
    "entry.request": [
        "column request is not what the bytes say",
        f"request {ID} made 1 from 300, none is there",
        f"request {OTHER} is not bound, 1 from 300 is there",
    ],
}


@pytest.mark.parametrize("column", BOUND)
async def test_layer_books_names_a_bit_in_what_binds_a_request(log: SignedLog, column: str) -> None:
    assert await log.verified("books") == ()
    await flip(log, column, "seq = 300" if column.startswith("entry") else f"id = '{ID}'")
    found = await log.verified("books")
    assert {(one.layer, one.seq) for one in found} == {("books", 300)}
    assert [one.what for one in found] == BOUND[column]


@pytest.mark.parametrize("entries", [1, 3])
async def test_layer_books_names_the_entries_whose_request_was_deleted(
    log: SignedLog, entries: int
) -> None:
    """Whoever sends that request again would have it done twice."""
    id = "e" * 32
    async with log.publisher() as (_, writer):
        await add(writer, entries, request=id)
    assert await log.verified("books") == ()
    async with behind_the_fences(log.url) as hands:
        await hands.do("DELETE FROM request WHERE id = $1", id)
    (found,) = await log.verified("books")
    assert (found.layer, found.seq) == ("books", 600)
    assert found.what == f"request {id} is not bound, {entries} from 600 is there"


async def test_layer_books_names_a_request_that_was_invented(log: SignedLog) -> None:
    """With the id that a victim will send, so that they are told it was done."""
    id = "e" * 32
    async with behind_the_fences(log.url) as hands:
        await hands.do(BIND.row, *Bound(bytes(32), "{}", 7, 1).row(id))
    (found,) = await log.verified("books")
    assert (found.layer, found.seq) == ("books", 7)
    assert found.what == f"request {id} made 1 from 7, none is there"


async def test_all_requests_may_be_gone(log: SignedLog) -> None:
    async with behind_the_fences(log.url) as hands:
        await hands.do("DELETE FROM request")
    found = await log.verified("books")
    assert [one.seq for one in found] == list(range(100))
    assert all("is not bound" in one.what for one in found)


async def test_layer_books_names_a_request_that_was_done_twice(log: SignedLog) -> None:
    """Its binding was deleted, so that the same request was decided afresh."""
    async with behind_the_fences(log.url) as hands:
        await hands.do("DELETE FROM request WHERE id = $1", ID)
    async with log.publisher() as (_, writer):
        await add(writer, request=ID)
    (found,) = await log.verified("books")
    assert (found.layer, found.seq) == ("books", 300)
    assert found.what == f"request {ID} made 1 from 600, 2 from 300 is there"


# Files


def flip_in_file(path: Path, inside: bytes, offset: int = 0, *, page: int = 1) -> None:
    """One bit of the file, at an offset into the first place, or its page, that holds the bytes."""
    data = bytearray(path.read_bytes())
    place = data.index(inside) // page * page
    data[place + offset] ^= 1
    path.write_bytes(data)


def settle(path: Path) -> None:
    """Everything out of the write-ahead log and into the file."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


Corrupt = Callable[[bytes, int], Awaitable[str]]


@pytest.fixture
def corrupt(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Corrupt:
    """Call it with bytes of an entry and an offset for the database on a disk that lost one bit."""
    if dialect_of(database_url) == "sqlite":

        async def in_the_file(inside: bytes, offset: int) -> str:
            path = Path(sqlite_path(database_url))
            settle(path)
            flip_in_file(path, inside, offset)
            return database_url

        return in_the_file
    server: PostgresServer = request.getfixturevalue("postgres_server")

    async def in_the_heap(inside: bytes, offset: int) -> str:
        # A copy file by file takes what the disk holds, not what the server remembers of it.
        connection = await asyncpg.connect(database_url)
        await connection.execute("CHECKPOINT")
        relative = await connection.fetchval("SELECT pg_relation_filepath('entry')")
        name = await connection.fetchval("SELECT current_database()")
        await connection.close()
        flip_in_file(server.directory / relative, inside, offset)
        copy = await asyncio.to_thread(lambda: server.create(template=name))
        request.addfinalizer(lambda: server.drop(copy))
        return database_url.replace(name, copy)

    return in_the_heap


@pytest.mark.parametrize("word", [b'"nonce":"', b'"body":{"', b'"seq":300'])
async def test_layer_chain_names_a_bit_on_the_disk_inside_an_entry(
    log: SignedLog, corrupt: Corrupt, word: bytes
) -> None:
    """PostgreSQL's page checksums name it first, as layer storage, unless they are switched off."""
    async with open_reader(log.url) as reader:
        ((data,),) = await reader.fetch("SELECT bytes FROM entry WHERE seq = 300")
    log.url = await corrupt(bytes(data), bytes(data).index(word) + len(word))
    if dialect_of(log.url) == "postgresql":
        ((layer, _, what),) = await named(log)
        assert (layer, what[:21]) == ("storage", "invalid page in block")
        connection = await asyncpg.connect(log.url)
        name = await connection.fetchval("SELECT quote_ident(current_database())")
        await connection.execute(f"ALTER DATABASE {name} SET ignore_checksum_failure = on")
        await connection.close()
    found = await named(log)
    assert found[0] == ("chain", 300, "the leaf is not the hash of the bytes")
    assert {what for _, seq, what in found if seq is None} == {
        "tile root 1/1 differs or is missing",
        "twig 0/9 differs",
        "the head's frontier is not that of the entries",
    }
    assert {seq for _, seq, _ in found} <= {300, None}


async def test_layer_storage_names_a_page_that_cannot_be_read(
    sqlite_url: str, tmp_path: Path
) -> None:
    log = await signed_log(sqlite_url, tmp_path, 600)
    path = Path(sqlite_path(sqlite_url))
    settle(path)
    flip_in_file(path, b'"seq":300', page=4096)
    assert "storage" in {layer for layer, _, _ in await named(log)}


async def test_the_anchor_names_a_tail_lost_with_a_bit_of_the_write_ahead_log(
    sqlite_url: str, tmp_path: Path
) -> None:
    """SQLite drops a frame whose checksum is wrong, with all that follow, and says nothing."""
    log = await signed_log(sqlite_url, tmp_path, 300)
    path = Path(sqlite_path(sqlite_url))
    async with log.publisher() as (publisher, writer):
        await add(writer, 5)
        await publisher.publish()
        for copy in ("sound", "damaged"):
            for name in ("", "-wal"):
                shutil.copy(f"{path}{name}", tmp_path / f"{copy}{name}")
    flip_in_file(tmp_path / "damaged-wal", b'"seq":302')
    log.url = f"sqlite:///{tmp_path / 'sound'}"
    assert await log.started() is Verdict.GO
    log.url = f"sqlite:///{tmp_path / 'damaged'}"
    assert await log.started() is Verdict.ROLLED_BACK
    assert (await log.checkpoint()).size == 300
    assert await named(log) == []

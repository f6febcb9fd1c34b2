"""Verification of storage and chain: every way to tamper with a ledger is named."""

import sqlite3
import sys
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest

from ledger import verify
from ledger.checkpoint import Signer
from ledger.crew import check_apart
from ledger.entry import Sealed, Tip, seal
from ledger.head import entry_row
from ledger.merkle import Stored
from ledger.reader import Unreadable, open_reader, read_head
from ledger.tables import TABLES, dialect_of, install, sqlite_path
from ledger.writer import open_writer
from tests.ledgers import SIGNER, START, chain, entry, fences_down, fill, named, publish, write

pytestmark = pytest.mark.anyio

SIZE = 600


async def test_a_sound_ledger_passes_every_level(database_url: str) -> None:
    made = await fill(database_url, SIZE)
    told: list[tuple[str, int, int]] = []
    report = await verify.verify(
        database_url,
        floor=lambda account, unit: 0 if account.startswith("volunteer") else None,
        log=SIGNER.verifier,
        progress=lambda level, done, end: told.append((level, done, end)),
    )
    assert report.sound, report.findings
    assert report.size == len(made)
    async with open_reader(database_url) as reader:
        assert report.root == (await read_head(reader)).root.hex()
    assert ("chain", SIZE, SIZE) in told
    assert ("books", SIZE, SIZE) in told


async def test_an_empty_ledger_passes(database_url: str) -> None:
    await install(database_url)
    report = await verify.verify(database_url)
    assert report.sound
    assert report.root == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


async def test_a_database_without_a_ledger_is_named(database_url: str) -> None:
    if dialect_of(database_url) == "sqlite":
        sqlite3.connect(sqlite_path(database_url)).close()
    assert named(await verify.verify(database_url), "storage") == {None}


async def test_actors_in_any_script_and_with_quotes_are_sound(sqlite_url: str) -> None:
    actors = ["李", 'a"b', "a\\b", "a,b", '","at":"x', '},"kind":"x', "/"]
    await fill(sqlite_url, 3, *({"actor": actor, "policy": actor} for actor in actors))
    report = await verify.verify(sqlite_url)
    assert report.sound, report.findings


async def test_a_body_that_looks_like_members_is_sound(sqlite_url: str) -> None:
    body = {"at": "x", "kind": "y", "a": {"b": 1}, "prev": "0" * 64, "request": "z", "seq": 9}
    await fill(sqlite_url, 3, {"body": body}, {"body": {}}, {"body": {"a": {}, "kind": "x"}})
    report = await verify.verify(sqlite_url)
    assert report.sound, report.findings


TAMPERING: dict[str, tuple[str, int | None]] = {
    "bytes": (
        "UPDATE entry SET bytes = CAST(replace(bytes, '10', '11') AS BLOB) WHERE seq = 300",
        300,
    ),
    "bytes and nothing": ("UPDATE entry SET bytes = x'7b7d' WHERE seq = 300", 300),
    "leaf": ("UPDATE entry SET leaf = zeroblob(32) WHERE seq = 300", 300),
    "first deleted": ("DELETE FROM entry WHERE seq = 0", 0),
    "deleted": ("DELETE FROM entry WHERE seq = 300", 300),
    "tail cut": ("DELETE FROM entry WHERE seq >= 590", 590),
    "everything deleted": ("DELETE FROM entry", 0),
    "seq moved": ("UPDATE entry SET seq = 700 WHERE seq = 599", 599),
    "before the first": ("UPDATE entry SET seq = -5 WHERE seq = 0", -5),
    "head size": ("UPDATE head SET size = 599", 599),
    "head size up": ("UPDATE head SET size = 601", 600),
    "head leaf": ("UPDATE head SET leaf = zeroblob(32)", None),
    "head frontier": ("UPDATE head SET frontier = zeroblob(128)", None),
    "head at": ("UPDATE head SET at = '2030-01-01T00:00:00.000000Z'", None),
    "head at gone": ("UPDATE head SET at = NULL", None),
    "tile root": ('UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND "index" = 1', None),
    "tile root deleted": ('DELETE FROM node WHERE level = 1 AND "index" = 0', None),
    "tile root too many": ("INSERT INTO node VALUES (1, 2, zeroblob(32))", None),
    "tile root of a level too many": ("INSERT INTO node VALUES (7, 0, zeroblob(32))", None),
    "twig": ('UPDATE node SET hash = zeroblob(32) WHERE level = 64 AND "index" = 17', None),
    "twig beyond the end": ("INSERT INTO node VALUES (64, 18, zeroblob(32))", None),
    "twig of a level too many": ("INSERT INTO node VALUES (65, 0, zeroblob(32))", None),
    "checkpoint root": ("UPDATE checkpoint SET root = zeroblob(32)", 599),
    "checkpoint note": ("UPDATE checkpoint SET note = replace(note, '600', '599')", 599),
    "checkpoint size": ("UPDATE checkpoint SET size = 601", None),
}


@pytest.mark.parametrize("how", TAMPERING)
async def test_tampering_is_named_with_entry_and_layer(sqlite_url: str, how: str) -> None:
    statement, seq = TAMPERING[how]
    await fill(sqlite_url, SIZE)
    with fences_down(sqlite_url) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        assert connection.execute(statement).rowcount
    report = await verify.verify(sqlite_url, levels=["chain"])
    assert not report.sound
    assert seq in named(report, "chain"), report.findings


async def test_a_missing_twig_takes_nothing_from_the_ledger(sqlite_url: str) -> None:
    """Entries were written before there were any; those beside it are compared all the same."""
    await fill(sqlite_url, SIZE)
    with fences_down(sqlite_url) as connection:
        connection.execute('DELETE FROM node WHERE level = 64 AND "index" < 9')
    assert (await verify.verify(sqlite_url)).sound
    with fences_down(sqlite_url) as connection:
        connection.execute('UPDATE node SET hash = zeroblob(32) WHERE level = 64 AND "index" = 9')
    (found,) = (await verify.verify(sqlite_url)).findings
    assert found.what == "twig 0/9 differs"


COLUMNS: dict[str, str] = {
    "kind": "UPDATE entry SET kind = 'hours.reversed' WHERE seq = 300",
    "kind in part": "UPDATE entry SET kind = 'hours.poste' WHERE seq = 300",
    "at": "UPDATE entry SET at = '2020-01-01T00:05:00.000001Z' WHERE seq = 300",
    "at backwards": "UPDATE entry SET at = '2019-01-01T00:05:00.000001Z' WHERE seq = 300",
    "actor": "UPDATE entry SET actor = 'p_9' WHERE seq = 300",
    "request": "UPDATE entry SET request = hex(zeroblob(16)) WHERE seq = 300",
}


@pytest.mark.parametrize("how", COLUMNS)
async def test_a_column_that_says_otherwise_than_the_bytes_is_named_by_the_books(
    sqlite_url: str, how: str
) -> None:
    await fill(sqlite_url, SIZE)
    with fences_down(sqlite_url) as connection:
        assert connection.execute(COLUMNS[how]).rowcount == 1
    report = await verify.verify(sqlite_url, levels=["chain", "books"])
    assert {(found.layer, found.seq) for found in report.findings} >= {("books", 300)}


async def test_a_changed_column_names_that_entry_alone(sqlite_url: str) -> None:
    await fill(sqlite_url, SIZE)
    for column, value in (("kind", "a.b"), ("actor", "x"), ("leaf", bytes(32))):
        with fences_down(sqlite_url) as connection:
            (old,) = connection.execute(f"SELECT {column} FROM entry WHERE seq = 7").fetchone()
            connection.execute(f"UPDATE entry SET {column} = ? WHERE seq = 7", (value,))
        report = await verify.verify(sqlite_url)
        assert {found.seq for found in report.findings} == {7}
        with fences_down(sqlite_url) as connection:
            connection.execute(f"UPDATE entry SET {column} = ? WHERE seq = 7", (old,))


async def test_a_swapped_pair_is_named(sqlite_url: str) -> None:
    await fill(sqlite_url, SIZE)
    with fences_down(sqlite_url) as connection:
        for a, b in ((300, 9000), (301, 300), (9000, 301)):
            connection.execute("UPDATE entry SET seq = ? WHERE seq = ?", (b, a))
    report = await verify.verify(sqlite_url, levels=["chain"])
    assert {300, 301} <= named(report, "chain")


async def test_a_rewritten_tail_needs_a_rewritten_checkpoint(sqlite_url: str) -> None:
    made = await fill(sqlite_url, SIZE)
    forged = entry(made[-2].tip, SIZE - 1, body={"minutes": 99})
    with fences_down(sqlite_url) as connection:
        connection.execute(
            "UPDATE entry SET bytes = ?, leaf = ? WHERE seq = ?",
            (forged.bytes, forged.leaf, SIZE - 1),
        )
    report = await verify.verify(sqlite_url, levels=["chain"])
    assert any("checkpoint" in finding.what for finding in report.findings)


async def test_an_entry_written_before_the_one_before_it_is_named(sqlite_url: str) -> None:
    made = await fill(sqlite_url, 5)
    early = seal(
        Tip(4, made[3].leaf, None),
        now=START,
        kind="hours.posted",
        actor="p_1",
        request="0" * 32,
        policy="P1",
        body={},
    )
    with fences_down(sqlite_url) as connection:
        connection.execute("DELETE FROM entry WHERE seq = 4")
        connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", entry_row(early))
    report = await verify.verify(sqlite_url, levels=["books"])
    assert ("not later than the entry before", 4) in [
        (finding.what, finding.seq) for finding in report.findings
    ]


async def test_an_entry_on_another_than_the_one_before_it_is_named(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaves, tree, head and checkpoint are right: the chain alone is broken."""
    made = await fill(database_url, 300)
    monkeypatch.setattr(Sealed, "follows", lambda self, tip: True)
    writer = await open_writer(database_url)
    async with writer.transaction() as transaction:
        forged = entry(Tip(300, made[298].leaf, made[299].at), 300)
        await write(transaction, [forged, *chain(forged.tip, 3)])
        await publish(transaction)
    await writer.close()
    report = await verify.verify(database_url, log=SIGNER.verifier)
    assert [(finding.layer, finding.seq, finding.what) for finding in report.findings] == [
        ("chain", 300, "prev is not the leaf of the entry before")
    ]


async def test_a_checkpoint_of_another_signer_is_named(sqlite_url: str) -> None:
    await fill(sqlite_url, 5)
    other = Signer("log.example", bytes([1]) * 32)
    report = await verify.verify(sqlite_url, levels=["chain"], log=other.verifier)
    assert any("checkpoint" in finding.what for finding in report.findings)


def overwrite_pages(path: Path) -> None:
    """Four pages of nothing in the middle of the file."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(path.read_bytes())
    data[4096 * 20 : 4096 * 24] = bytes(4096 * 4)
    path.write_bytes(data)


async def test_damaged_pages_are_storage(sqlite_url: str) -> None:
    await fill(sqlite_url, SIZE)
    overwrite_pages(Path(sqlite_path(sqlite_url)))
    report = await verify.verify(sqlite_url)
    assert named(report, "storage")


def spoil_index(path: Path) -> None:
    """A bit of a request's id in the index of requests."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sql = "SELECT rootpage FROM sqlite_master WHERE name = 'entry_request'"
    ((page,),) = connection.execute(sql).fetchall()
    connection.close()
    data = bytearray(path.read_bytes())
    data[page * 4096 - 10] ^= 1
    path.write_bytes(data)


async def test_an_index_that_lies_is_storage(sqlite_url: str) -> None:
    """Nothing that is read goes by it, so only the database's own check can say."""
    await fill(sqlite_url, 5)
    spoil_index(Path(sqlite_path(sqlite_url)))
    report = await verify.verify(sqlite_url, levels=["storage"])
    assert any("entry_request" in finding.what for finding in report.findings), report.findings


async def test_tampering_on_postgresql_is_named(postgres_url: str) -> None:
    await fill(postgres_url, SIZE)
    connection = await asyncpg.connect(postgres_url)
    for table in TABLES:
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await connection.execute(
        "UPDATE entry SET leaf = decode(repeat('00', 32), 'hex') WHERE seq = 17"
    )
    await connection.execute("DELETE FROM entry WHERE seq = 40")
    await connection.close()
    report = await verify.verify(postgres_url, levels=["chain"])
    assert {17, 40} <= named(report, "chain")


async def test_the_levels_asked_for_are_the_levels_run(sqlite_url: str) -> None:
    await fill(sqlite_url, 5)
    with fences_down(sqlite_url) as connection:
        connection.execute("UPDATE entry SET leaf = zeroblob(32) WHERE seq = 3")
    assert (await verify.verify(sqlite_url, levels=["books"])).sound
    report = await verify.verify(sqlite_url, levels=["chain", "storage"])
    assert report.levels == ("storage", "chain")


# Segments and processes


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments one tile high, so that a few hundred entries are many."""
    monkeypatch.setattr(verify, "ENTRIES_A_SEGMENT", 256)
    monkeypatch.setattr(verify, "_SEGMENT_LEVELS", 1)


@pytest.mark.usefixtures("small_segments")
async def test_segments_put_together_are_the_whole(sqlite_url: str) -> None:
    await fill(sqlite_url, 1100)
    report = await verify.verify(sqlite_url, levels=["chain"])
    assert report.sound, report.findings
    async with open_reader(sqlite_url) as reader:
        assert report.root == (await read_head(reader)).root.hex()
    with fences_down(sqlite_url) as connection:
        connection.execute("DELETE FROM entry WHERE seq = 511")
    assert 511 in named(await verify.verify(sqlite_url, levels=["chain"]), "chain")


async def test_a_tile_root_above_the_segments_is_compared(sqlite_url: str) -> None:
    """There is none before 2^24 entries, so its turn is brought about by hand."""
    await fill(sqlite_url, 5)
    check = verify._Check(sqlite_url, cast(Any, None))
    root = bytes([7]) * 32
    with fences_down(sqlite_url) as connection:
        connection.execute("INSERT INTO node VALUES (3, 0, ?)", (root,))
    async with open_reader(sqlite_url) as reader:
        await check._check_upper(reader, [Stored(1, 0, root)])
        assert check.report().sound
        await check._check_upper(reader, [Stored(1, 0, bytes(32)), Stored(1, 1, root)])
    told = [finding.what for finding in check.report().findings]
    assert told == [f"tile root 3/{place} differs or is missing" for place in (0, 1)]


@pytest.mark.usefixtures("small_segments")
async def test_several_processes_find_what_one_finds(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database_url, 1_200)
    one = await verify.verify(database_url, levels=["chain"], processes=1)
    monkeypatch.setattr(verify, "_ENTRIES_WORTH_A_PROCESS", 1)
    told: list[int] = []
    report = await verify.verify(
        database_url,
        levels=["chain"],
        processes=2,
        progress=lambda level, done, end: told.append(done),
    )
    assert report.sound, report.findings
    assert told == [256, 512, 768, 1_024, 1_200]
    assert report == one


@pytest.mark.usefixtures("small_segments")
async def test_several_processes_name_what_is_wrong_in_each_share(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(sqlite_url, 1_200)
    with fences_down(sqlite_url) as connection:
        connection.execute("UPDATE entry SET bytes = x'7b7d' WHERE seq IN (5, 300, 1100)")
    monkeypatch.setattr(verify, "_ENTRIES_WORTH_A_PROCESS", 1)
    report = await verify.verify(sqlite_url, levels=["chain"], processes=3)
    assert {5, 300, 1100} <= named(report, "chain")


@pytest.mark.usefixtures("small_segments")
async def test_a_process_that_cannot_read_or_dies_ends_the_verification_in_words(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = sqlite_url.replace("timebank.db", "gone.db")
    with pytest.raises(Unreadable, match="unable to open"):
        _ = [found async for found in check_apart(gone, 0, 600, length=256, processes=2)]
    await fill(sqlite_url, 600)
    monkeypatch.setattr(verify, "_ENTRIES_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    report = await verify.verify(sqlite_url, levels=["chain"], processes=2)
    assert [found.what for found in report.findings] == ["a process that checks segments died"]
    assert report.levels == ()

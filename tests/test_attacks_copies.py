"""Attacks with copies: yesterday's database put back, and two services with one key.

A copy is sound in itself, every hash and signature of it is true. On the machine where the anchor
lies, the anchor names it; where that was copied too, whoever saw the other copy's checkpoint does.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from ledger.anchor import Verdict
from ledger.checkpoint import open_note
from ledger.merkle import InvalidProof, verify_consistency
from ledger.reader import open_reader
from ledger.tables import dialect_of, sqlite_path
from ledger.writer import open_writer
from tests.commands import new_ledger, timebank
from tests.copies import begun
from tests.ledgers import add
from tests.tampering import KEY, SignedLog, signed_log
from tests.test_journal import Said, granting
from timebank import publication
from timebank.actors import SYSTEM
from timebank.bank import open_bank
from timebank.refusals import LedgerStopped
from timebank.settings import Settings
from web.doctor import examine

pytestmark = pytest.mark.anyio

Copy = Callable[[str], Awaitable[str]]
TABLES = ("entry", "node", "head", "request", "checkpoint", "stop")


@pytest.fixture
def copied(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Copy]:
    """Call it with the address of a database that nobody has open, for that of a copy."""
    made: list[str] = []

    async def copy(url: str) -> str:
        if dialect_of(url) == "sqlite":
            target = tmp_path / f"copy-{len(made)}.db"
            made.append(str(target))
            await asyncio.to_thread(shutil.copy, sqlite_path(url), target)
            return f"sqlite:///{target}"
        server = request.getfixturevalue("postgres_server")
        name = url.partition("@/")[2].partition("?")[0]
        made.append(await asyncio.to_thread(lambda: server.create(template=name)))
        return str(server.url(made[-1]))

    yield copy
    for name in made:
        if "/" not in name:
            request.getfixturevalue("postgres_server").drop(name)


async def everything(url: str) -> list[list[tuple[object, ...]]]:
    """All rows of the ledger's tables."""
    async with open_reader(url) as reader:
        return [await reader.fetch(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES]


@pytest.fixture
async def settings(database_url: str, tmp_path: Path) -> Settings:
    """A new ledger that was signed and is closed again."""
    made = Settings(data=tmp_path / "data", database=database_url)
    await begun(made)
    await continued(made)
    return made


async def continued(settings: Settings) -> int:
    """One act more, signed, and the database closed afterwards; the size by then."""
    async with open_bank(settings) as journal:
        await journal.write(SYSTEM, None, granting("per_1"), answer=Said)
        return (await publication.publish_once(settings)).size


# Yesterday's database


async def test_the_anchor_names_yesterdays_backup_to_every_command(
    settings: Settings, copied: Copy
) -> None:
    yesterday = await copied(settings.database_url)
    await continued(settings)
    before = await everything(yesterday)
    told = [
        timebank("--data", str(settings.data), "--database", yesterday, *words)
        for words in (
            ["verify", "ledger"],
            ["doctor"],
            ["checkpoint"],
            ["grant", "per_2", "auditor", "420100/"],
        )
    ]
    sound, doctor, signing, writing = told
    assert sound.exit_code == 0
    assert (doctor.exit_code, "BAD anchor: rolled-back" in doctor.stdout) == (1, True)
    assert (signing.exit_code, "rolled-back" in signing.stderr) == (4, True)
    assert (writing.exit_code, "Nothing is written" in writing.stderr) == (1, True)
    # Nothing was written but the mark that stops every other writer of this copy.
    after = await everything(yesterday)
    assert after[:-1] == before[:-1]
    assert [row[1] for row in after[-1]] == ["rolled-back"]


async def test_the_anchor_names_yesterdays_backup_that_was_continued_elsewhere(
    settings: Settings, copied: Copy, tmp_path: Path
) -> None:
    """Continued without the anchor at hand, past it, and brought home as if nothing had been."""
    yesterday = await copied(settings.database_url)
    await continued(settings)
    anchored = settings.anchor_file.read_text()
    away = settings.model_copy(update={"database": yesterday, "anchor": tmp_path / "elsewhere"})
    async with open_reader(yesterday) as reader:
        ((note,),) = await reader.fetch("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
    (tmp_path / "elsewhere").write_text(note)
    for _ in range(2):
        await continued(away)
    home = settings.model_copy(update={"database": yesterday})
    assert await publication.examine(home) is Verdict.FORK
    async with open_bank(home) as journal:
        with pytest.raises(LedgerStopped):
            await journal.write(SYSTEM, None, granting("per_2"), answer=Said)
    assert settings.anchor_file.read_text() == anchored


async def test_layer_storage_names_yesterdays_file_under_todays_write_ahead_log(
    sqlite_url: str, tmp_path: Path
) -> None:
    """What a hurried operator does after a crash: the file is put back, its log is left there.

    What decides a start is whole there, so a start looks at every page too, as doctor and `verify`.
    """
    log = await signed_log(sqlite_url, tmp_path, 300)
    path, mixed = sqlite_path(sqlite_url), tmp_path / "mixed"
    await asyncio.to_thread(shutil.copy, path, mixed)
    async with log.publisher() as (publisher, writer):
        await add(writer, 2000)
        await publisher.publish()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(RESTART)")
        connection.close()
        await add(writer, 5)
        await publisher.publish()
        await asyncio.to_thread(shutil.copy, f"{path}-wal", f"{mixed}-wal")
    log.url = f"sqlite:///{mixed}"
    assert "storage" in {finding.layer for finding in await log.verified()}
    settings = Settings(data=tmp_path, database=log.url)
    assert await log.started() is Verdict.GO
    assert await publication.damage_left(settings)
    assert not {one.name: one.well for one in await examine(settings)}["pages"]


async def test_a_server_does_not_start_on_yesterdays_file_under_todays_write_ahead_log(
    tmp_path: Path,
) -> None:
    data = Path(new_ledger(tmp_path / "city"))
    path, kept = data / "timebank.db", tmp_path / "kept"
    await asyncio.to_thread(shutil.copy, path, kept)
    writer = await open_writer(f"sqlite:///{path}")
    await add(writer, 2000)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
    connection.close()
    await add(writer, 5)
    await asyncio.to_thread(shutil.copy, f"{path}-wal", f"{kept}-wal")
    await writer.close()
    await asyncio.to_thread(shutil.copy, kept, path)
    await asyncio.to_thread(shutil.copy, f"{kept}-wal", f"{path}-wal")
    told = timebank("--data", str(data), "serve", "--port", "0")
    assert told.exit_code == 4, told.stderr
    assert "The database is damaged" in told.stderr


# Two services with one key


async def test_the_anchors_lock_lets_one_of_two_services_sign(
    settings: Settings, copied: Copy
) -> None:
    """One machine: both copies may grow, one is signed; the other is a fork when its turn comes."""
    other = settings.model_copy(update={"database": await copied(settings.database_url)})
    writer = await open_writer(other.database_url)
    second = publication.Publication(other, writer)
    async with open_bank(settings) as journal, publication.publishing(settings) as first:
        made = await journal.write(SYSTEM, None, granting("per_1"), answer=Said)
        assert await first.wait((made.entry or 0) + 1)
        running = asyncio.create_task(second.run())
        await asyncio.sleep(0.2)
        assert (first.signs, second.signs, second.halted) == (True, False, None)
        running.cancel()
    anchored = settings.anchor_file.read_text()
    await second.run()
    await writer.close()
    assert second.halted is Verdict.ROLLED_BACK
    assert settings.anchor_file.read_text() == anchored
    async with open_reader(other.database_url) as reader:
        rows = await reader.fetch("SELECT max(size) FROM checkpoint")
    assert rows == [(made.entry,)]


async def test_an_outsider_names_two_machines_with_one_key(
    database_url: str, tmp_path: Path, copied: Copy
) -> None:
    """The anchor was copied too, so each signs in good faith what cannot both be true."""
    here = await signed_log(database_url, tmp_path, 300)
    there = SignedLog(await copied(database_url), tmp_path / "anchor there")
    await asyncio.to_thread(shutil.copy, here.anchor, there.anchor)
    held, shown = await here.grow(3), await there.grow(5)
    assert await here.started() is await there.started() is Verdict.GO
    assert await here.verified() == await there.verified() == ()
    for log in (here, there):
        assert open_note(log.anchor.read_text(), KEY.verifier).checkpoint.size > 300
    with pytest.raises(InvalidProof):
        verify_consistency(
            old=held.size,
            new=shown.size,
            old_root=held.root,
            new_root=shown.root,
            proof=await there.proof(held.size, shown.size),
        )
    # Either copy is named by the other's anchor.
    await asyncio.to_thread(shutil.copy, here.anchor, there.anchor)
    assert await there.refused() is Verdict.FORK

"""Putting a backup back: verified, compared with what was signed, and only where nothing is."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger import backup
from ledger.anchor import Verdict
from ledger.backup import (
    DamagedBackup,
    KeptFile,
    Manifest,
    TargetNotEmpty,
    check_copy,
    loaded,
    read_manifest,
)
from ledger.checkpoint import Checkpoint, InvalidNote
from ledger.head import Stopped
from ledger.reader import open_reader
from ledger.signer import LocalSigner
from ledger.tables import dialect_of
from ledger.verify import verify
from ledger.writer import open_writer
from tests.commands import timebank
from tests.copies import at, begun, files_of, go_on, open_ledger, rows, tools
from tests.ledgers import add, fences_down
from timebank import publication
from timebank.actors import SYSTEM
from timebank.backups import (
    CopyForked,
    CopyRolledBack,
    CopyUnsound,
    NothingToCompare,
    OtherMasterKey,
    make,
    restore,
)
from timebank.bank import open_bank
from timebank.divisions import adopt_divisions
from timebank.master_keys import write_master
from timebank.publication import publish_once
from timebank.replay import compare
from timebank.settings import Settings

pytestmark = pytest.mark.anyio

NewUrl = Callable[[], str]


@pytest.fixture
async def settings(database_url: str, tmp_path: Path) -> Settings:
    """A ledger of some entries, signed, and closed."""
    return await open_ledger(database_url, tmp_path)


@pytest.fixture
def new_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """Call it for the address of a place where no database of the same kind is."""
    made: list[str] = []
    if dialect_of(database_url) == "sqlite":

        def file() -> str:
            made.append("")
            return f"sqlite:///{tmp_path}/elsewhere{len(made)}/timebank.db"

        yield file
        return
    server = request.getfixturevalue("postgres_server")

    def database() -> str:
        made.append(server.create())
        return str(server.url(made[-1]))

    yield database
    for name in made:
        server.drop(name)


async def test_a_restored_copy_is_the_ledger(settings: Settings, new_url: NewUrl) -> None:
    made = await make(settings, settings.data / "b")
    before = await rows(settings.database_url)
    assert before["checkpoint"]
    elsewhere = at(settings, await asyncio.to_thread(new_url))
    told = await restore(elsewhere, settings.data / "b")
    assert told.manifest == made
    assert await rows(elsewhere.database_url) == before
    report = await verify(elsewhere.database_url, log=publication.read_verifiers(settings))
    assert report.sound, report.findings
    assert (report.size, report.root) == (made.size, made.root)
    assert await publication.trouble(elsewhere) is None
    # It goes on: the fences that the copy brought let the next entry in and nothing else.
    assert await go_on(elsewhere, 1) == made.size + 1


async def test_a_copy_made_while_others_write_is_one_moment(
    settings: Settings, new_url: NewUrl
) -> None:
    writer = await open_writer(settings.database_url)
    going = True

    async def write() -> None:
        while going:
            await add(writer, 40)
            await asyncio.sleep(0)

    writing = asyncio.create_task(write())
    made = [await make(settings, settings.data / f"b{n}") for n in range(2)]
    going = False
    await writing
    await writer.close()
    assert made[0].size < made[1].size
    elsewhere = await asyncio.to_thread(new_url)
    async with loaded(settings.data / "b0", made[0], elsewhere, tools=tools()) as copy:
        async with open_reader(copy) as reader:
            await check_copy(reader, made[0])
        report = await verify(copy)
    assert report.sound, report.findings
    assert report.size == made[0].size


async def test_what_replay_rebuilds_is_in_the_copy(tmp_path: Path, sqlite_url: str) -> None:
    settings = Settings(data=tmp_path / "d", database=sqlite_url)
    await begun(settings)
    async with open_bank(settings):
        await adopt_divisions(SYSTEM)
        await publish_once(settings)
    await make(settings, tmp_path / "b")
    elsewhere = at(settings, f"sqlite:///{tmp_path}/e/timebank.db")
    await restore(elsewhere, tmp_path / "b")
    found = await compare(elsewhere.database_url)
    assert (found.entries, found.differences) == (3, ())


async def test_a_backup_is_restored_only_where_nothing_is(settings: Settings) -> None:
    await make(settings, settings.data / "b")
    before = await rows(settings.database_url)
    with pytest.raises(TargetNotEmpty):
        await restore(settings, settings.data / "b")
    assert await rows(settings.database_url) == before


async def test_a_journal_left_behind_is_something(tmp_path: Path, sqlite_url: str) -> None:
    settings = Settings(data=tmp_path / "d", database=sqlite_url)
    await begun(settings)
    await make(settings, tmp_path / "b")
    elsewhere = at(settings, f"sqlite:///{tmp_path}/d/other.db")
    (tmp_path / "d" / "other.db-wal").write_bytes(b"yesterday's pages")
    with pytest.raises(TargetNotEmpty):
        await restore(elsewhere, tmp_path / "b")


# Not the latest


async def is_nowhere(url: str) -> bool:
    """Whether a copy that was refused can be written by nobody."""
    if dialect_of(url) == "sqlite":
        return not files_of(Path(url.removeprefix("sqlite:///")).parent)
    writer = await open_writer(url)
    try:
        await add(writer)
    except Stopped as stopped:
        return str(stopped) == backup.RESTORING
    finally:
        await writer.close()
    return False


async def test_yesterdays_backup_is_named_with_both_sizes(
    settings: Settings, new_url: NewUrl
) -> None:
    made = await make(settings, settings.data / "b")
    now = await go_on(settings, 5)
    elsewhere = at(settings, await asyncio.to_thread(new_url))
    with pytest.raises(CopyRolledBack) as refused:
        await restore(elsewhere, settings.data / "b")
    assert refused.value.details == {"copy": f"{made.size}", "signed": f"{now}", "missing": "5"}
    assert await is_nowhere(elsewhere.database_url)


async def test_yesterdays_backup_put_back_by_hand_and_continued_is_a_fork(
    settings: Settings, new_url: NewUrl
) -> None:
    await make(settings, settings.data / "b")
    await go_on(settings, 5)
    elsewhere = at(settings, await asyncio.to_thread(new_url))
    manifest = read_manifest(settings.data / "b")
    async with loaded(
        settings.data / "b", manifest, elsewhere.database_url, tools=settings.postgresql_tools
    ):
        pass
    assert await publication.examine(elsewhere) is Verdict.ROLLED_BACK
    writer = await open_writer(elsewhere.database_url)
    await add(writer, 9)
    await writer.close()
    assert await publication.examine(elsewhere) is Verdict.FORK
    # A copy of the continued one is caught too, however sound it is in itself.
    await make(elsewhere, settings.data / "c")
    third = at(settings, await asyncio.to_thread(new_url))
    with pytest.raises(CopyForked):
        await restore(third, settings.data / "c")
    assert await is_nowhere(third.database_url)


async def test_without_an_anchor_a_witnessed_checkpoint_takes_its_place(
    settings: Settings, new_url: NewUrl
) -> None:
    await make(settings, settings.data / "b")
    note = settings.anchor_file.read_text()
    settings.anchor_file.unlink()
    elsewhere = at(settings, await asyncio.to_thread(new_url))
    with pytest.raises(NothingToCompare):
        await restore(elsewhere, settings.data / "b")
    assert await is_nowhere(elsewhere.database_url)
    third = at(settings, await asyncio.to_thread(new_url))
    stranger = LocalSigner(settings.origin, b"x" * 32).note(
        Checkpoint(settings.origin, 3, b"r" * 32)
    )
    with pytest.raises(InvalidNote):
        await restore(third, settings.data / "b", witnessed=stranger)
    await restore(third, settings.data / "b", witnessed=note)
    assert settings.anchor_file.read_text() == note
    assert await publication.trouble(third) is None


async def test_a_witness_who_saw_more_than_the_anchor_is_believed(
    tmp_path: Path, sqlite_url: str
) -> None:
    settings = Settings(data=tmp_path / "d", database=sqlite_url)
    await begun(settings)
    await go_on(settings)
    await make(settings, tmp_path / "b")
    old = settings.anchor_file.read_text()
    await go_on(settings)
    seen = settings.anchor_file.read_text()
    settings.anchor_file.write_text(old)
    elsewhere = at(settings, f"sqlite:///{tmp_path}/e/timebank.db")
    with pytest.raises(CopyRolledBack):
        await restore(elsewhere, tmp_path / "b", witnessed=seen)
    signer = publication.read_signer(settings)
    other = signer.note(Checkpoint(settings.origin, 5, b"r" * 32))
    with pytest.raises(CopyForked):
        await restore(elsewhere, tmp_path / "b", witnessed=other)
    await restore(elsewhere, tmp_path / "b")


# Damaged


@pytest.fixture
async def kept(tmp_path: Path, sqlite_url: str) -> Settings:
    """An SQLite ledger with a backup in `b` beside its data; `e` is where nothing is."""
    settings = Settings(data=tmp_path / "d", database=sqlite_url)
    await begun(settings)
    await go_on(settings)
    await make(settings, tmp_path / "b")
    return settings


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("name", ["ledger.db", "checkpoint", "manifest.json", "manifest.sha256"])
@pytest.mark.parametrize("harm", [flip, cut, Path.unlink])
async def test_a_harmed_file_is_noticed_before_anything_is_loaded(
    kept: Settings, tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    harm(tmp_path / "b" / name)
    elsewhere = at(kept, f"sqlite:///{tmp_path}/e/timebank.db")
    with pytest.raises(DamagedBackup):
        await restore(elsewhere, tmp_path / "b")
    assert not (tmp_path / "e").exists()


def rewritten(directory: Path, **changed: object) -> None:
    """The manifest as a forger leaves it: every hash is right."""
    manifest = msgspec.json.decode((directory / "manifest.json").read_bytes(), type=Manifest)
    files = tuple(
        backup._described_file(directory / file.name) if (directory / file.name).exists() else file
        for file in manifest.files
    )
    forged = msgspec.structs.replace(manifest, **({"files": files} | changed))
    told = msgspec.json.encode(forged)
    (directory / "manifest.json").write_bytes(told)
    (directory / "manifest.sha256").write_text(backup._sum(told))


async def test_a_forged_copy_with_right_hashes_does_not_verify(
    kept: Settings, tmp_path: Path
) -> None:
    with fences_down(f"sqlite:///{tmp_path}/b/ledger.db") as connection:
        connection.execute("UPDATE entry SET actor = 'p_9' WHERE seq = 4")
    rewritten(tmp_path / "b")
    elsewhere = at(kept, f"sqlite:///{tmp_path}/e/timebank.db")
    with pytest.raises(CopyUnsound) as refused:
        await restore(elsewhere, tmp_path / "b")
    assert "entry 4" in str(refused.value)
    assert await is_nowhere(elsewhere.database_url)


@pytest.mark.parametrize(
    "changed",
    [
        {"size": 4},
        {"root": "0" * 64},
        {"dialect": "postgresql"},
        {"files": (KeptFile("../d/keys/master.key", 1, ""),)},
        {"files": ()},
    ],
)
async def test_a_manifest_that_describes_another_copy_is_refused(
    kept: Settings, tmp_path: Path, changed: dict[str, object]
) -> None:
    rewritten(tmp_path / "b", **changed)
    elsewhere = at(kept, f"sqlite:///{tmp_path}/e/timebank.db")
    with pytest.raises(DamagedBackup):
        await restore(elsewhere, tmp_path / "b")


async def test_another_master_key_is_noticed(kept: Settings, tmp_path: Path) -> None:
    other = Settings(data=tmp_path / "o", database=f"sqlite:///{tmp_path}/e/timebank.db")
    write_master(other.master_key)
    with pytest.raises(OtherMasterKey):
        await restore(other, tmp_path / "b")


# As an operator meets it


def test_an_operator_is_told_what_a_restore_would_lose(tmp_path: Path) -> None:
    place, copy = tmp_path / "d", tmp_path / "copy"
    data = ("--data", str(place))

    def said(*words: str) -> tuple[int, str]:
        done = timebank(*data, *words)
        return done.exit_code, " ".join((done.stdout + done.stderr).split())

    for words in (["init"], ["checkpoint"], ["backup", f"{copy}1"], ["keys", "rotate"]):
        assert said(*words)[0] == 0
    assert said("backup", f"{copy}2")[0] == 0
    for end in ("", "-wal", "-shm"):
        (place / f"timebank.db{end}").unlink(missing_ok=True)

    code, told = said("restore", f"{copy}1")
    assert (code, "3 entries, and 4 were signed: 1 would be lost" in told) == (1, True)
    assert said("serve", "--port", "0")[0] == 4
    code, told = said("restore", f"{copy}2")
    assert (code, "they verify and extend the 4" in told) == (0, True)
    assert said("verify", "ledger")[0] == 0
    code, told = said("restore", f"{copy}2")
    assert (code, "only where nothing is" in told) == (1, True)

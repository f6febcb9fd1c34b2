"""Making backups: whole or not at all, of one moment, without a key, over nothing."""

import json
import signal
from pathlib import Path

import msgspec
import pytest

from ledger import backup
from ledger.backup import (
    BackupExists,
    DamagedBackup,
    ToolFailed,
    back_up,
    read_manifest,
)
from tests.copies import files_of, go_on, open_ledger, tools
from tests.processes import script
from timebank.backups import (
    make,
)
from timebank.bank import init
from timebank.master_keys import read_masters
from timebank.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
async def settings(database_url: str, tmp_path: Path) -> Settings:
    """A ledger of some entries, signed, and closed."""
    return await open_ledger(database_url, tmp_path)


# Whole


async def test_no_key_and_no_anchor_is_in_a_backup(settings: Settings) -> None:
    made = await make(settings, settings.data / "b")
    files = {file.name: file.read_bytes() for file in files_of(settings.data / "b")}
    assert set(files) == {
        "manifest.json",
        "manifest.sha256",
        "checkpoint",
        backup.COPY[made.dialect],
    }
    (one,) = read_masters(settings)
    master = one.key
    sealed = json.loads(settings.log_key.read_bytes())["sealed"]
    for secret in (master, msgspec.json.encode(master).strip(b'"'), sealed.encode()):
        assert not [name for name, data in files.items() if secret in data]
    assert [(key.use, key.vkey is None) for key in made.keys] == [("master", True), ("log", False)]
    assert made.keys[0].id.encode() in settings.master_key.read_bytes()
    assert (settings.data / "b").stat().st_mode & 0o077 == 0


# Never over anything


async def test_an_old_backup_is_never_overwritten(settings: Settings) -> None:
    made = await make(settings, settings.data / "deep" / "b")
    await go_on(settings)
    with pytest.raises(BackupExists):
        await make(settings, settings.data / "deep" / "b")
    assert read_manifest(settings.data / "deep" / "b") == made


# Killed

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from ledger import backup
from timebank.backups import make
from timebank.settings import Settings

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(backup, sys.argv[1], die)
data, tools = Path(sys.argv[2]), Path(sys.argv[4])
settings = Settings(data=data, database=sys.argv[3], postgresql_tools=tools)
asyncio.run(make(settings, settings.data / "b"))
"""


@pytest.mark.parametrize("point", ["_described", "_described_file", "_put_in_place"])
async def test_a_killed_backup_leaves_nothing_that_restores(settings: Settings, point: str) -> None:
    words = [point, str(settings.data), settings.database_url, str(tools())]
    code, _ = await script(KILLED, *words)
    assert code == -signal.SIGKILL
    assert not (settings.data / "b").exists()
    (draft,) = settings.data.glob(".b.*.draft")
    if point != "_put_in_place":
        with pytest.raises(DamagedBackup):
            read_manifest(draft)
    # Nothing stands in the way of the next one.
    made = await make(settings, settings.data / "b")
    assert read_manifest(settings.data / "b") == made


async def test_a_failed_backup_cleans_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(backup, "_put_in_place", full)
    with pytest.raises(OSError, match="no space"):
        await make(settings, settings.data / "b")
    assert not [path.name for path in files_of(settings.data) if path.name.strip(".")[0] == "b"]


# PostgreSQL's programs

FAKE = '#!/bin/sh\necho "$@" "$PGPASSWORD" > "{told}"\necho "no such thing" >&2\nexit 1\n'


async def test_a_missing_program_is_said_plainly(postgres_url: str, tmp_path: Path) -> None:
    await init(Settings(data=tmp_path / "d", database=postgres_url))
    (tmp_path / "none").mkdir()
    with pytest.raises(ToolFailed, match=r"there is no pg_dump in .*none"):
        await back_up(
            postgres_url,
            tmp_path / "b",
            origin="x",
            software="0",
            keys=[],
            tools=tmp_path / "none",
        )
    assert not (tmp_path / "b").exists()


async def test_a_password_is_not_on_the_command_line(tmp_path: Path) -> None:
    fake = tmp_path / "pg_restore"
    fake.write_text(FAKE.format(told=tmp_path / "told"))
    fake.chmod(0o700)
    url = "postgresql://someone:s%40cret@db.example:5432/bank"
    with pytest.raises(ToolFailed, match="no such thing"):
        await backup._run_tool(tmp_path, "pg_restore", url, "--flag")
    *words, password = (tmp_path / "told").read_text().split()
    assert words == ["--flag", "--dbname", "postgresql://someone@db.example:5432/bank"]
    assert password == "s@cret"

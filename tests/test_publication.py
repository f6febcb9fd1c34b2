"""The log signed by the real program: at init, while serving, by command, and when it must not be.

Every row of the start-up table (ledger format 7) is met as an operator meets it.
"""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import httpx
import pytest

from ledger.anchor import Verdict
from ledger.checkpoint import Checkpoint, open_note, open_receipt
from ledger.publisher import Publisher
from tests.commands import new_ledger, timebank
from tests.world import World
from timebank import publication
from timebank.bank import init, open_bank
from timebank.refusals import LedgerStopped
from timebank.settings import Settings
from web import app

pytestmark = pytest.mark.anyio


async def test_a_new_ledger_is_anchored_before_it_says_anything(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path / "d", database=database_url)
    await init(settings)
    verifier = publication.read_verifiers(settings)[0]
    note = open_note(settings.anchor_file.read_text(), verifier)
    assert note.checkpoint.size == 0
    assert note.checkpoint.origin == settings.origin
    assert await publication.trouble(settings) is None


async def test_what_is_written_is_signed_while_the_bank_is_open(world: World) -> None:
    async with publication.publishing(world.settings) as signing:
        made = await world.volunteer()
        async with world.journal.writer.transaction() as transaction:
            size = transaction.head.size
        assert made.person
        assert await signing.wait(size)
        assert signing.signs
        assert await publication.signed_size(world.settings.database_url) == size


async def test_signing_goes_on_after_a_fault_that_nobody_foresaw(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish, faults = Publisher.publish, [RuntimeError("the database went away")]

    async def fail_once(self: Publisher) -> Checkpoint:
        if faults:
            raise faults.pop()
        return await publish(self)

    monkeypatch.setattr(publication, "LOOK_AGAIN", 0.01)
    monkeypatch.setattr(Publisher, "publish", fail_once)
    async with publication.publishing(world.settings) as signing:
        assert await signing.wait(1, seconds=10)
    assert not faults


async def test_a_second_process_waits_for_the_one_that_signs(world: World) -> None:
    second = publication.Publication(world.settings, world.journal.writer)
    async with publication.publishing(world.settings) as first:
        assert await first.wait(1)
        running = asyncio.create_task(second.run())
        await asyncio.sleep(0)
        assert await second.wait(1)
        assert not second.signs
        assert not await second.wait(10_000, seconds=0.1)
    # The first has gone: the second takes over.
    for _ in range(500):
        if second.signs:
            break
        await asyncio.sleep(0.02)
    assert second.signs
    running.cancel()


async def test_what_was_written_last_is_signed_on_leaving(world: World) -> None:
    async with publication.publishing(world.settings):
        await world.volunteer()
    async with world.journal.writer.transaction() as transaction:
        size = transaction.head.size
    assert await publication.signed_size(world.settings.database_url) == size


async def test_a_stopped_ledger_answers_every_write_with_a_denial(world: World) -> None:
    settings = world.settings
    signer = publication.read_signer(settings)
    async with publication.publishing(settings) as signing:
        assert await signing.wait(1)
        await asyncio.sleep(0)
    # Somebody signed another history: what is here must never be signed again.
    anchored = open_note(settings.anchor_file.read_text(), signer.verifier).checkpoint
    settings.anchor_file.write_text(
        signer.note(Checkpoint(anchored.origin, anchored.size, b"r" * 32))
    )
    assert await publication.examine(settings) is Verdict.FORK
    signing = publication.Publication(settings, world.journal.writer)
    await signing.run()
    assert signing.halted is Verdict.FORK
    with pytest.raises(LedgerStopped):
        await world.volunteer()


# The start-up table, as an operator meets it


@pytest.fixture
def data(tmp_path: Path) -> Path:
    signed = timebank("--data", new_ledger(tmp_path / "d"), "checkpoint")
    assert signed.exit_code == 0, signed.stderr
    return tmp_path / "d"


def add_entries(data: Path, count: int) -> None:
    """Officers, each of which is a few entries."""
    for n in range(count):
        words = [
            "--name",
            "王秀英",
            "--phone",
            "13900000000",
            "--password",
            "correct horse battery",
        ]
        number = ("11010519491231002X", "420102194901010017")[n]
        made = timebank("--data", str(data), "user", *words, "--document-number", number)
        assert made.exit_code == 0, made.stderr


async def readiness(settings: Settings) -> tuple[int, str, str]:
    """What /readyz and /metrics say of a ledger that is served."""
    transport = httpx.ASGITransport(app.build(settings), client=("127.0.0.1", 1))
    async with (
        open_bank(settings),
        httpx.AsyncClient(transport=transport, base_url="http://x") as client,
    ):
        ready = await client.get("/readyz")
        figures = await client.get("/metrics")
        return ready.status_code, ready.text, figures.text


async def test_a_healthy_ledger_is_ready_and_its_figures_say_so(data: Path) -> None:
    status, told, figures = await readiness(Settings(data=data))
    assert status == 200, told
    assert 'timebank_ledger_start_verdict{verdict="go"} 1.0' in figures
    assert "timebank_ledger_signed_entries 3.0" in figures


async def test_yesterdays_database_is_served_for_reading_only(data: Path) -> None:
    shutil.copy(data / "timebank.db", data / "yesterday")
    add_entries(data, 1)
    assert timebank("--data", str(data), "checkpoint").exit_code == 0
    for name in ("timebank.db-wal", "timebank.db-shm"):
        (data / name).unlink(missing_ok=True)
    shutil.copy(data / "yesterday", data / "timebank.db")

    status, told, figures = await readiness(Settings(data=data))
    assert (status, "rolled-back" in told) == (503, True)
    assert 'timebank_ledger_start_verdict{verdict="rolled-back"} 1.0' in figures
    assert "timebank_ledger_writable 0.0" in figures
    signed = timebank("--data", str(data), "checkpoint")
    assert (signed.exit_code, "rolled-back" in signed.stderr) == (4, True)
    words = ["--name", "李四", "--phone", "13900000001", "--password", "correct horse battery"]
    written = timebank(
        "--data", str(data), "user", *words, "--document-number", "420102194901010017"
    )
    assert (written.exit_code, "Nothing is written" in written.stderr) == (1, True)
    doctor = timebank("--data", str(data), "doctor")
    assert "BAD anchor: rolled-back" in doctor.stdout


def test_a_rewritten_database_is_not_served_at_all(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert timebank("--data", str(other), "init").exit_code == 0
    for name in ("timebank.db-wal", "timebank.db-shm"):
        (data / name).unlink(missing_ok=True)
    with sqlite3.connect(other / "timebank.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(other / "timebank.db", data / "timebank.db")
    served = timebank("--data", str(data), "serve", "--port", "0")
    assert (served.exit_code, "another history" in served.stderr) == (4, True)


def test_a_lost_database_is_not_begun_anew(data: Path) -> None:
    for name in ("timebank.db", "timebank.db-wal", "timebank.db-shm"):
        (data / name).unlink(missing_ok=True)
    served = timebank("--data", str(data), "serve", "--port", "0")
    assert (served.exit_code, "it is lost" in served.stderr) == (4, True)
    assert not (data / "timebank.db").exists()


@pytest.mark.parametrize("left", ["nothing", "rubbish"])
async def test_a_lost_anchor_is_served_for_reading_only(data: Path, left: str) -> None:
    settings = Settings(data=data)
    if left == "rubbish":
        settings.anchor_file.write_text("no note at all\n")
    else:
        settings.anchor_file.unlink()
    status, told, _ = await readiness(settings)
    assert (status, "lost-anchor" in told) == (503, True)


def test_a_receipt_is_printed_and_proves_its_entry(data: Path) -> None:
    told = timebank("--data", str(data), "receipt", "1")
    assert told.exit_code == 0, told.stderr
    verifier = publication.read_verifiers(Settings(data=data))[0]
    opened = open_receipt(told.stdout, verifier)
    assert opened.entry.seq == 1
    missing = timebank("--data", str(data), "receipt", "99")
    assert (missing.exit_code, "no entry 99" in missing.stderr) == (1, True)


def test_an_entry_that_nobody_signed_yet_says_how_it_gets_signed(data: Path) -> None:
    add_entries(data, 1)
    told = timebank("--data", str(data), "receipt", "3")
    assert (told.exit_code, "timebank checkpoint" in told.stderr) == (1, True)

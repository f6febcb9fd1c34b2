"""Audits: every level by one command, and a report that says what was and was not checked."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import click.testing
import pytest

from ledger import verify
from ledger.checkpoint import Signer
from ledger.tables import dialect_of, sqlite_path
from ledger.writer import open_writer
from tests.ledgers import SIGNER, add, fences_down, fill
from tests.moving import move, some_months
from tests.world import NOON, World, open_world
from timebank import audits
from web.cli import main

pytestmark = pytest.mark.anyio

KEY = SIGNER.verifier.text
OTHER = Signer("log.example", bytes([1]) * 32).verifier.text


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A city in which a little moved."""
    async with open_world(database_url, tmp_path) as made:
        await some_months(made)
        yield made


async def tamper(url: str, statement: str) -> None:
    """Change a derived table behind everybody's back."""
    if dialect_of(url) == "sqlite":
        connection = sqlite3.connect(sqlite_path(url), isolation_level=None)
        connection.execute(statement)
        connection.close()
        return
    other = await asyncpg.connect(url)
    await other.execute(statement)
    await other.close()


# Levels


async def test_every_level_passes_on_a_city(world: World) -> None:
    made = await audits.audit(world.settings.database_url, now=NOON)
    assert made.sound, audits.lines(made)
    assert made.levels == ("storage", "chain", "books", "projections")
    assert made.rows > 100
    assert (made.first, made.end) == (0, made.size)


async def test_a_derived_row_that_was_changed_is_named_at_its_level(world: World) -> None:
    url = world.settings.database_url
    await tamper(url, "UPDATE account SET balance = balance + 1 WHERE code = 'volunteer:per_1'")
    made = await audits.audit(url, now=NOON)
    (found,) = made.findings
    assert (found.layer, found.seq) == ("projections", None)
    assert found.what == "table account, row volunteer:per_1: changed (balance)"
    daily = await audits.audit(url, now=NOON, levels=["storage", "chain", "books"])
    assert daily.sound
    assert any("Level projections" in sentence for sentence in daily.unchecked)


async def test_projections_that_cannot_be_rebuilt_are_a_finding(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path):
        await move(("issuance:sta_1", "volunteer:per_1", "minute", 10))
    with fences_down(sqlite_url) as connection:
        connection.execute("UPDATE entry SET bytes = x'7b7d' WHERE seq = 9")
    made = await audits.audit(sqlite_url, now=NOON)
    assert {(found.layer, found.seq) for found in made.findings} >= {
        ("chain", 9),
        ("books", 9),
        ("projections", None),
    }
    assert "projections" not in made.levels


async def test_a_level_that_came_to_no_end_is_not_called_done(tmp_path: Path) -> None:
    made = await audits.audit(f"sqlite:///{tmp_path / 'nothing.db'}", now=NOON)
    assert made.levels == ()
    assert {found.layer for found in made.findings} == {"storage", "projections"}
    assert sum("came to no end" in sentence for sentence in made.unchecked) == 4


# The command


def timebank(url: str, *words: str) -> click.testing.Result:
    """Run `verify ledger` on a database."""
    told = ["--database", url, "verify", "ledger", *words]
    return click.testing.CliRunner().invoke(main, told)


@pytest.fixture
def log(sqlite_url: str) -> str:
    """A small log with a signed checkpoint at its end."""
    asyncio.run(fill(sqlite_url, 600))
    return sqlite_url


async def grow(url: str) -> None:
    """Let the log go on."""
    writer = await open_writer(url)
    await add(writer, 50)
    await writer.close()


def test_the_report_says_what_was_checked_and_what_was_not(log: str, tmp_path: Path) -> None:
    with sqlite3.connect(sqlite_path(log)) as connection:
        (note,) = connection.execute("SELECT note FROM checkpoint").fetchone()
    (tmp_path / "anchor").write_text(note, "utf-8")
    paper, data = tmp_path / "r.md", tmp_path / "r.json"
    told = timebank(
        log,
        *("--vkey", KEY, "--anchor", str(tmp_path / "anchor")),
        *("--report", str(paper), "--report", str(data)),
    )
    assert told.exit_code == 0, told.output
    text, made = paper.read_text("utf-8"), json.loads(data.read_bytes())
    assert (made["size"], made["checkpoints"], made["levels"]) == (
        600,
        1,
        ["storage", "chain", "books"],
    )
    assert made["root"] == made["anchor"]["root"]
    assert made["keys"] == [f"log.example+{SIGNER.verifier.id.hex()}"]
    done, _, rest = text.partition("## What was not checked")
    assert f"* root: {made['root']}" in done
    assert "Verdict: ok." in done
    assert "entries 0 to 599" in done
    assert "by timebank " in done
    for sentence in made["unchecked"]:
        assert f"* {sentence}" in rest
    assert "Level projections" in rest
    assert "No anchor" not in rest
    assert "no verifier key" not in rest
    assert rest.endswith("## Findings\n\nNone.\n")


UNSIGNED = "no finding, but no signature was checked: "


def test_without_a_key_nothing_says_ok(log: str, tmp_path: Path) -> None:
    told = timebank(log, "--report", str(tmp_path / "r"))
    assert told.exit_code == 5
    lines = told.stdout.splitlines()
    assert f"{UNSIGNED}give the log's verifier key with --vkey" in lines
    assert "ok" not in lines
    for sentence in (
        "Who signed the checkpoints: no verifier key was given; --vkey gives one.",
        "Whether the log was cut back or replaced whole: no anchor was given.",
    ):
        assert f"not checked: {sentence}" in lines
        assert f"* {sentence}" in (tmp_path / "r").read_text("utf-8")
    assert f"Verdict: {UNSIGNED}" in (tmp_path / "r").read_text("utf-8")


def test_a_forged_signature_is_not_ok_without_a_key_and_named_with_it(
    log: str, tmp_path: Path
) -> None:
    with fences_down(log) as connection:
        (note,) = connection.execute("SELECT note FROM checkpoint").fetchone()
        # Within the signature, the last letters apart, of which not every bit counts.
        place = len(note) - 12
        forged = f"{note[:place]}{'A' if note[place] != 'A' else 'B'}{note[place + 1 :]}"
        connection.execute("UPDATE checkpoint SET note = ?", (forged,))
    (tmp_path / "anchor").write_text(forged, "utf-8")
    blind = timebank(log, "--anchor", str(tmp_path / "anchor"))
    assert (blind.exit_code, "ok" in blind.stdout.splitlines()) == (5, False)
    assert "not checked: Who signed the checkpoints and the anchor: no verifier" in blind.stdout
    told = timebank(log, "--vkey", KEY)
    assert (told.exit_code, "checkpoint 600: signature" in told.stdout) == (1, True)


def test_with_a_key_it_is_said_how_far_signatures_reach(log: str) -> None:
    told = timebank(log, "--vkey", KEY)
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert "signed 600" in lines
    assert f"key log.example+{SIGNER.verifier.id.hex()}" in lines
    assert "ok" in lines
    assert "no checkpoint covers" not in told.stdout
    asyncio.run(grow(log))
    told = timebank(log, "--vkey", KEY)
    assert told.exit_code == 0
    assert "Who vouches for entries 600 and on: no checkpoint covers them." in told.stdout


def test_a_log_whose_checkpoints_are_gone_is_not_ok(log: str) -> None:
    with fences_down(log) as connection:
        connection.execute("DELETE FROM checkpoint")
    told = timebank(log, "--vkey", KEY)
    assert told.exit_code == 5
    assert f"{UNSIGNED}no checkpoint is stored" in told.stdout


def test_the_keys_beside_the_ledger_are_taken_where_none_is_given(log: str, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    words = ["--data", str(tmp_path), "--database", log, "verify", "ledger"]
    run = click.testing.CliRunner().invoke
    # After a rotation old checkpoints bear a key that has been retired.
    (tmp_path / "keys" / "retired.vkey").write_text(f"{KEY}\n", "utf-8")
    (tmp_path / "keys" / "log.vkey").write_text(f"{OTHER}\n", "utf-8")
    told = run(main, words)
    assert told.exit_code == 0, told.output
    assert "not checked: Whether the keys are the log's: they lie beside the ledger" in told.stdout
    (tmp_path / "keys" / "retired.vkey").unlink()
    assert run(main, words).exit_code == 1
    brought = run(main, [*words, "--vkey", KEY])
    assert (brought.exit_code, "beside the ledger" in brought.stdout) == (0, False)


def test_levels_that_check_no_signature_do_not_say_ok(log: str) -> None:
    told = timebank(log, "--level", "books", "--vkey", KEY)
    assert told.exit_code == 0
    assert f"{UNSIGNED}level chain does that" in told.stdout.splitlines()


def test_a_finding_is_in_the_report_and_in_the_exit_code(log: str, tmp_path: Path) -> None:
    with fences_down(log) as connection:
        connection.execute("UPDATE entry SET actor = 'x' WHERE seq = 300")
    told = timebank(log, "--report", str(tmp_path / "r"))
    line = "books entry 300: column actor is not what the bytes say"
    assert told.exit_code == 1
    assert line in told.output
    assert f"* {line}" in (tmp_path / "r").read_text("utf-8")
    assert "Verdict: 1 finding." in (tmp_path / "r").read_text("utf-8")


def test_levels_are_chosen_one_by_one(log: str) -> None:
    with fences_down(log) as connection:
        connection.execute("UPDATE entry SET leaf = zeroblob(32) WHERE seq = 300")
    assert timebank(log, "--level", "books").exit_code == 0
    assert timebank(log, "--level", "books", "--level", "chain").exit_code == 1
    assert timebank(log, "--level", "hearsay").exit_code == 2


def test_every_checkpoint_must_bear_one_of_the_keys(log: str) -> None:
    assert timebank(log, "--vkey", OTHER, "--vkey", KEY).exit_code == 0
    told = timebank(log, "--vkey", OTHER)
    assert (told.exit_code, "checkpoint 600: unsigned" in told.output) == (1, True)


@pytest.mark.parametrize("size", [599, 601])
def test_the_log_must_extend_the_anchor(log: str, tmp_path: Path, size: int) -> None:
    with sqlite3.connect(sqlite_path(log)) as connection:
        (note,) = connection.execute("SELECT note FROM checkpoint").fetchone()
    file = tmp_path / "anchor"
    file.write_text(note.replace("600", str(size)), "utf-8")
    told = timebank(log, "--anchor", str(file))
    assert (told.exit_code, "anchor" in told.output) == (1, True)
    # With a key the same file is no checkpoint at all: nobody signed it.
    assert timebank(log, "--anchor", str(file), "--vkey", KEY).exit_code == 2


@pytest.mark.parametrize("data", [b"", b"\xff", b"a\n" * 10_000_000, b"log.example\n1\nx\n\n"])
def test_an_anchor_that_is_no_checkpoint_is_wrong_use(
    log: str, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "anchor").write_bytes(data)
    told = timebank(log, "--anchor", str(tmp_path / "anchor"))
    assert (told.exit_code, "no checkpoint" in told.output) == (2, True)


# Marks and ranges


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments one tile high."""
    monkeypatch.setattr(verify, "ENTRIES_A_SEGMENT", 256)
    monkeypatch.setattr(verify, "_SEGMENT_LEVELS", 1)
    monkeypatch.setattr(audits, "ENTRIES_A_SEGMENT", 256)


@pytest.mark.usefixtures("small_segments")
def test_a_run_goes_on_from_the_mark_of_the_last_and_says_so(log: str, tmp_path: Path) -> None:
    mark, report = str(tmp_path / "mark"), tmp_path / "r"
    first = timebank(log, "--mark", mark, "--vkey", KEY)
    assert (first.exit_code, "Went on" in first.output) == (0, False)
    asyncio.run(grow(log))
    again = timebank(log, "--mark", mark, "--vkey", KEY, "--report", str(report))
    assert again.exit_code == 0, again.output
    assert "Went on at entry 512 from the mark of" in again.output
    text = report.read_text("utf-8")
    assert "entries 512 to 649" in text
    assert "The tile roots of entries 0 to 511: compared up to the mark of" in text
    words = ("--mark", mark, "--vkey", KEY, "--level", "chain", "--report", str(report))
    assert timebank(log, *words).exit_code == 0
    assert "The bytes of entries 0 to 511: compared up to the" in report.read_text("utf-8")
    assert json.loads(Path(mark).read_bytes())["size"] == 650
    assert timebank(log, "--mark", mark).exit_code == 2
    assert timebank(log, "--mark", mark, "--vkey", OTHER).exit_code == 2


@pytest.mark.usefixtures("small_segments")
def test_a_mark_is_not_renewed_where_something_was_found(log: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    assert timebank(log, "--mark", str(mark)).exit_code == 5
    before = mark.read_bytes()
    with fences_down(log) as connection:
        connection.execute("UPDATE entry SET actor = 'x' WHERE seq = 599")
    assert timebank(log, "--mark", str(mark)).exit_code == 1
    assert mark.read_bytes() == before


@pytest.mark.usefixtures("small_segments")
def test_a_range_is_read_alone_and_the_report_says_so(log: str, tmp_path: Path) -> None:
    with fences_down(log) as connection:
        connection.execute("UPDATE entry SET leaf = zeroblob(32) WHERE seq = 300")
    told = timebank(log, "--range", "0:256", "--vkey", KEY, "--report", str(tmp_path / "r"))
    assert told.exit_code == 0, told.output
    text = (tmp_path / "r").read_text("utf-8")
    assert "The bytes of other entries than entries 0 to 255" in text
    assert timebank(log, "--range", "256:257").exit_code == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--range", "5"),
        ("--range", "5:5"),
        ("--range", "-1:5"),
        ("--range", "0:5", "--level", "books"),
        ("--range", "0:5", "--mark", "mark"),
    ],
)
def test_a_range_that_cannot_be_is_wrong_use(log: str, words: tuple[str, ...]) -> None:
    assert timebank(log, *words).exit_code == 2

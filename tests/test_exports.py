"""Exports: whole and of a whole ledger, or none; what the CSV says is what the bytes say."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ledger.reader import open_reader, read_head
from tests.commands import new_ledger, timebank
from tests.ledgers import fences_down, fill
from tests.moving import bean_check, entries_of, exported, move, some_months
from tests.world import World, open_world
from timebank.exports import LedgerBroken, create, defused, write_csv

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A city in which a little moved, in three months."""
    async with open_world(database_url, tmp_path) as made:
        await some_months(made)
        yield made


# What does not hold together


BREAKS: dict[str, Callable[[int], str]] = {
    "a balanced pair": lambda seq: (
        "UPDATE entry SET bytes = CAST(replace(replace(bytes, ',10]', ',11]'), ',-10]', ',-11]')"
        f" AS BLOB) WHERE seq = {seq}"
    ),
    "a posting": lambda seq: (
        f"UPDATE entry SET bytes = CAST(replace(bytes, ',10]', ',11]') AS BLOB) WHERE seq = {seq}"
    ),
    "an entry gone": lambda seq: f"DELETE FROM entry WHERE seq = {seq}",
    "the root": lambda seq: "UPDATE head SET frontier = zeroblob(length(frontier))",
}


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("seq", [2, 4])
async def test_a_ledger_that_does_not_hold_together_is_never_exported(
    sqlite_url: str, tmp_path: Path, how: str, seq: int
) -> None:
    await fill(sqlite_url, 5)
    with fences_down(sqlite_url) as connection:
        assert connection.execute(BREAKS[how](seq)).rowcount == 1
    with pytest.raises(LedgerBroken):
        await exported(sqlite_url, tmp_path)
    with create(tmp_path / "a") as a, create(tmp_path / "b") as b, pytest.raises(LedgerBroken):
        await write_csv(sqlite_url, a, b)


# CSV


async def test_no_account_is_a_formula(sqlite_url: str, tmp_path: Path) -> None:
    async with open_world(sqlite_url, tmp_path):
        await move(("issuance:=x", "=volunteer", "minute", 10))
    with create(tmp_path / "a") as entries, create(tmp_path / "b") as postings:
        await write_csv(sqlite_url, entries, postings)
    assert ",'=volunteer,minute,10" in (tmp_path / "b").read_text("utf-8")


async def test_the_csv_says_what_the_bytes_say(world: World, tmp_path: Path) -> None:
    url = world.settings.database_url
    files = [tmp_path / "entries.csv", tmp_path / "postings.csv"]
    with create(files[0]) as entries, create(files[1]) as postings:
        source = await write_csv(url, entries, postings)
    async with open_reader(url) as reader:
        assert source.root == (await read_head(reader)).root
    assert all(file.read_bytes().startswith(b"\xef\xbb\xbf") for file in files)
    rows, moves = (
        list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline=""))) for file in files
    )
    made = await entries_of(url)
    assert [(row["seq"], row["leaf"], row["prev"], row["kind"]) for row in rows] == [
        (str(entry.seq), entry.leaf.hex(), entry.prev.hex(), entry.kind) for entry in made
    ]
    assert [(row["seq"], row["account"], row["unit"], row["amount"]) for row in moves] == [
        (str(entry.seq), account, unit, str(amount))
        for entry in made
        for account, unit, amount in entry.postings
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\ta", "\ra", "'=1", "a=1", "李"])
def test_no_cell_is_run_and_none_loses_anything(text: str) -> None:
    cell = defused(text)
    assert cell[0] not in "=+-@\t\r"
    assert cell == text or (cell[0], cell[1:]) == ("'", text)
    assert (cell == text) == (text in {"a=1", "李"})


# Commands


def test_the_commands_write_whole_files_or_none(tmp_path: Path) -> None:
    data, out = new_ledger(tmp_path / "d"), tmp_path / "out"
    out.mkdir()
    books = timebank("--json", "export", "books", str(out / "b.beancount"), "--data", data)
    assert books.exit_code == 0, books.stderr
    root = json.loads(books.stdout)["root"]
    assert f'"size" 3 "root" "{root}"' in (out / "b.beancount").read_text("utf-8")
    assert bean_check(out / "b.beancount") == (0, "")
    spread = timebank("--data", data, "export", "csv", str(out))
    assert root in spread.stdout
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    assert before.keys() == {"b.beancount", "entries.csv", "postings.csv"}
    with fences_down(f"sqlite:///{data}/timebank.db") as connection:
        connection.execute("DELETE FROM entry WHERE seq = 1")
    for words in (("books", str(out / "b.beancount")), ("csv", str(out))):
        told = timebank("--data", data, "export", *words)
        assert (told.exit_code, "entry 1" in told.stderr) == (1, True), told.stderr
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_no_ledger_is_no_export(tmp_path: Path) -> None:
    told = timebank("--data", str(tmp_path), "export", "books", str(tmp_path / "b"))
    assert (told.exit_code, "cannot be opened" in told.stderr) == (3, True)
    assert not list(tmp_path.iterdir())

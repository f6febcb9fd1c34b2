"""Twigs: a ledger from before there were any gets them, whatever goes on meanwhile."""

import pytest

from ledger import twigs
from ledger.reader import open_reader
from ledger.receipts import receipt
from ledger.verify import verify
from ledger.writer import open_writer
from tests.ledgers import add, fences_down, fill
from tests.tampering import behind_the_fences

pytestmark = pytest.mark.anyio

SIZE = 8_500


async def stored(url: str) -> list[tuple[int, int, bytes]]:
    """Every root of table `node`."""
    async with open_reader(url) as reader:
        rows = await reader.fetch('SELECT level, "index", hash FROM node ORDER BY 1, 2')
    return [(level, index, hash_) for level, index, hash_ in rows]


@pytest.mark.parametrize("gone", ["level >= 64", 'level >= 64 AND "index" % 3 = 0', "level = 65"])
async def test_what_is_missing_is_added_and_no_more(
    database_url: str, gone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twigs, "AT_ONCE", 64)
    await fill(database_url, SIZE)
    before = await stored(database_url)
    assert {level for level, _, _ in before} == {1, 64, 65}
    async with open_reader(database_url) as reader:
        proved = [await receipt(reader, seq) for seq in (0, 4_000, SIZE - 1)]
    async with behind_the_fences(database_url) as hands:
        await hands.do(f"DELETE FROM node WHERE {gone}")
    missing = len(before) - len(await stored(database_url))
    assert missing
    assert await twigs.add_twigs(database_url) == missing
    assert await stored(database_url) == before
    assert await twigs.add_twigs(database_url) == 0
    assert (await verify(database_url)).sound
    async with open_reader(database_url) as reader:
        assert [await receipt(reader, seq) for seq in (0, 4_000, SIZE - 1)] == proved


async def test_a_ledger_that_has_none_to_add_is_left_alone(database_url: str) -> None:
    await fill(database_url, 31)
    assert await twigs.add_twigs(database_url) == 0
    assert await stored(database_url) == []


async def test_none_is_made_of_what_has_a_gap(sqlite_url: str) -> None:
    await fill(sqlite_url, 200)
    with fences_down(sqlite_url) as connection:
        connection.execute("DELETE FROM node")
        connection.execute("DELETE FROM entry WHERE seq = 50")
    assert await twigs.add_twigs(sqlite_url) == 0


async def test_entries_come_meanwhile(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process appends, and adds twigs too, between what is read and what is written."""
    await fill(database_url, 600)
    async with behind_the_fences(database_url) as hands:
        await hands.do("DELETE FROM node WHERE level = 64")
    computed = twigs._computed
    turns: list[int] = []

    async def and_meanwhile(*given: object) -> object:
        made = await computed(*given)  # type: ignore[arg-type]  # whatever it was given
        if not turns:
            turns.append(await twigs.add_twigs(database_url) if turns else 0)
            writer = await open_writer(database_url)
            await add(writer, 64)
            await writer.close()
            monkeypatch.setattr(twigs, "_computed", computed)
            turns.append(await twigs.add_twigs(database_url))
        return made

    monkeypatch.setattr(twigs, "_computed", and_meanwhile)
    assert await twigs.add_twigs(database_url) == 0
    assert turns == [0, 18]
    report = await verify(database_url)
    assert report.sound, report.findings
    assert report.size == 664

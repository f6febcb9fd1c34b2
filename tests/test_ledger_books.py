"""Verification of the books: reversals, floors, and bytes that are no entry."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger import verify
from ledger.entry import Posting, Sealed, decode
from ledger.reader import (
    open_reader,
    read_entries,
)
from ledger.verify import Report
from ledger.writer import open_writer
from tests.ledgers import entry, fences_down, fill, named, write

pytestmark = pytest.mark.anyio


def mirror(target: Sealed, **changed: Any) -> dict[str, Any]:
    """The entry that reverses `target`."""
    postings: list[Posting] = [(a, unit, -amount) for a, unit, amount in target.postings]
    told: dict[str, Any] = {
        "kind": "hours.reversed",
        "body": {"reverses": {"seq": target.seq, "leaf": target.leaf.hex()}},
        "postings": postings,
    }
    return told | changed


async def append(url: str, *described: Callable[[list[Sealed]], dict[str, Any]]) -> None:
    """Add entries described by what is there already."""
    writer = await open_writer(url)
    async with open_reader(url) as reader:
        made = [decode(row[1]) async for rows in read_entries(reader, 0, 1000) for row in rows]
    async with writer.transaction() as transaction:
        fresh: list[Sealed] = []
        for describe in described:
            fresh.append(entry([*made, *fresh][-1].tip, 900 + len(fresh), **describe(made + fresh)))
        await write(transaction, fresh)
    await writer.close()


async def books(url: str, floor: int | None = None) -> Report:
    """The books level, with one floor for every volunteer."""
    return await verify.verify(
        url,
        levels=["books"],
        floor=lambda account, unit: floor if account.startswith("volunteer") else None,
    )


async def test_a_reversal_is_sound(sqlite_url: str) -> None:
    await fill(sqlite_url, 5)
    await append(sqlite_url, lambda made: mirror(made[2]), lambda made: mirror(made[3]))
    assert (await books(sqlite_url)).sound


@pytest.mark.parametrize(
    ("describe", "what"),
    [
        (lambda made: mirror(made[2]), "a second time"),
        (lambda made: mirror(made[5]), "itself a reversal"),
        (
            lambda made: mirror(made[1], body={"reverses": {"seq": 1, "leaf": made[2].leaf.hex()}}),
            "another leaf",
        ),
        (lambda made: mirror(made[1], postings=made[1].postings), "mirror"),
        (lambda made: mirror(made[1], postings=()), "mirror"),
    ],
)
async def test_a_wrong_reversal_is_named(
    sqlite_url: str, describe: Callable[[list[Sealed]], dict[str, Any]], what: str
) -> None:
    await fill(sqlite_url, 5)
    await append(sqlite_url, lambda made: mirror(made[2]), describe)
    report = await books(sqlite_url)
    assert named(report, "books") == {6}
    assert what in report.findings[0].what


async def test_a_balance_below_its_floor_is_named_where_it_happens(sqlite_url: str) -> None:
    await fill(sqlite_url, 5)
    spend: list[Posting] = [("volunteer:0", "minute", -21), ("volunteer:1", "minute", 21)]
    await append(sqlite_url, lambda made: {"postings": spend}, lambda made: {})
    assert (await books(sqlite_url, -1)).sound
    assert named(await books(sqlite_url, 0), "books") == {5}


async def test_bytes_that_are_no_entry_are_named_in_the_books(sqlite_url: str) -> None:
    await fill(sqlite_url, 5)
    with fences_down(sqlite_url) as connection:
        connection.execute("UPDATE entry SET bytes = x'7b7d' WHERE seq = 3")
    assert named(await books(sqlite_url), "books") == {3}

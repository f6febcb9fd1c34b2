"""Statements that run together again and again: one message, and what each of them would do."""

from collections.abc import AsyncIterator

import pytest

from ledger.statements import Combinations, rows_at_once
from ledger.tables import install
from ledger.writer import Writer, inserting, open_writer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def writer(database_url: str) -> AsyncIterator[Writer]:
    await install(database_url)
    opened = await open_writer(database_url)
    yield opened
    await opened.close()


async def test_what_is_asked_together_again_and_again_is_done_and_found_each_time(
    writer: Writer,
) -> None:
    kinds = {"id": "text", "digest": "bytea", "outcome": "text", "count": "integer"}
    request = inserting("request", kinds)
    node = inserting("node", {"level": "smallint", "index": "bigint", "hash": "bytea"})
    for turn in range(4):
        id = f"{turn:032x}"
        async with writer.transaction() as transaction:
            await transaction.execute_each(
                [(request, [(id, b"d", "{}", turn)]), (node, [(1, turn, bytes(32))])]
            )
            found = await transaction.fetch_each(
                [
                    ("SELECT id, first_seq, count FROM request WHERE count = $1", [turn]),
                    ('SELECT hash FROM node WHERE level = $1 AND "index" >= $2', [1, turn]),
                    ("SELECT count(*) FROM request", []),
                    ("SELECT id FROM request WHERE count < $1", [0]),
                ]
            )
        assert [[tuple(row) for row in rows] for rows in found] == [
            [(id, None, turn)],
            [(bytes(32),)],
            [(turn + 1,)],
            [],
        ]


def test_a_combination_is_made_when_it_comes_again_and_few_are_kept() -> None:
    made = Combinations(rows_at_once, most=2)
    one, other, third = ("SELECT $1", "SELECT $2, $1"), ("a", "b"), ("a", "c")
    assert made.of(one) is None
    assert made.of(one) == (
        "SELECT ARRAY(SELECT a_row FROM (SELECT $1) AS a_row),"
        " ARRAY(SELECT a_row FROM (SELECT $3, $2) AS a_row)"
    )
    assert made.of(one) is made.of(one)
    assert [made.of(few) for few in (("a",), ("a",), ())] == [None] * 3
    assert [made.of(others) for others in (other, third, one)] == [None] * 3

"""What the two databases make of what they are told: PostgreSQL's plans, SQLite's write-ahead log.

Each is right whatever they make of it, and slow where it is another than was meant.
"""

from pathlib import Path

import pytest

from ledger.chain import check_segment
from ledger.reader import open_reader, read_inclusion
from ledger.tables import install, sqlite_path
from ledger.writer import Writer, open_writer
from tests.ledgers import fill
from tests.tampering import behind_the_fences

pytestmark = pytest.mark.anyio

SIZE = 600
PAGE = 4096
PLANS = "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements"


async def test_postgresql_keeps_the_plan_of_a_proof_on_a_long_log(postgres_url: str) -> None:
    """Of a range that it does not see it expects a part of the table: the longer, the dearer.

    Where that plan looks dearer than one for each single range, it plans each proof anew.
    """
    await fill(postgres_url, SIZE)
    async with behind_the_fences(postgres_url) as hands:
        # The part that a plan is made for is a part of all that is stored, whatever it holds.
        await hands.do(
            "INSERT INTO entry SELECT n, 'x', decode(repeat('00', 32), 'hex'), 'k', 't', 'a', 'r'"
            " FROM generate_series(1000, 100000) AS n"
        )
        await hands.do(
            "INSERT INTO node SELECT 64, n, decode(repeat('00', 32), 'hex')"
            " FROM generate_series(1000, 100000) AS n"
        )
        await hands.do("ANALYZE entry, node")
    async with open_reader(postgres_url) as reader:
        for index in range(0, SIZE, 20):
            await read_inclusion(reader, index, SIZE)
        plans = await reader.fetch(f"{PLANS} WHERE statement LIKE '%string_agg%'")
    often = [(generic, custom) for _, generic, custom in plans if generic + custom > 10]
    assert often, plans
    # PostgreSQL tries five times what a plan for the very values costs.
    assert all(custom == 5 for _, custom in often), plans


async def test_postgresql_reads_entries_by_their_key_before_it_knows_the_table(
    postgres_url: str,
) -> None:
    """Otherwise it collects a segment by bitmap and sorts 34 MB of it on the disk."""
    await fill(postgres_url, SIZE)
    async with behind_the_fences(postgres_url) as hands:
        # Lest the server should get to know it by itself meanwhile.
        await hands.do("ALTER TABLE entry SET (autovacuum_enabled = off)")
    async with open_reader(postgres_url) as reader:
        assert not (await check_segment(reader, 0, SIZE)).findings
        ((statement, _, _),) = await reader.fetch(
            f"{PLANS} WHERE statement LIKE 'SELECT bytes, leaf%'"
        )
        plan = str(await reader.fetch(f"EXPLAIN {statement}", 0, 1 << 16))
    assert ("entry_pkey" in plan, "Sort" in plan) == (True, False), plan


async def change(writer: Writer, pages: int) -> None:
    """One transaction that changes so many pages."""
    async with writer.transaction() as transaction:
        for _ in range(pages):
            await transaction.execute("INSERT INTO filler VALUES (zeroblob(4000))")


def pages_of_log(url: str) -> int:
    """How long the write-ahead log has ever been: it is used again, not cut."""
    return Path(f"{sqlite_path(url)}-wal").stat().st_size // PAGE


async def test_sqlite_writes_back_several_rosters_together(sqlite_url: str) -> None:
    """One may change 1,000 pages, nearly the same as the next: by default each is written back.

    Not much later either, because whoever reads searches what is not written back.
    """
    await install(sqlite_url)
    writer = await open_writer(sqlite_url)
    async with writer.transaction() as transaction:
        assert await transaction.fetch("PRAGMA page_size") == [(PAGE,)]
        await transaction.execute("CREATE TABLE filler (data BLOB)")
    for _ in range(3):
        await change(writer, 1_100)
    assert pages_of_log(sqlite_url) > 3_300
    for _ in range(4):
        await change(writer, 1_100)
    assert pages_of_log(sqlite_url) < 5_500
    await writer.close()

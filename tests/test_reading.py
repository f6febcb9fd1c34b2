"""Reading: conditions as the SQL of either database, and connections that cannot write."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from tortoise.expressions import Q

from ledger.tables import Dialect, dialect_of, install, sqlite_path
from timebank import reading
from timebank.conditions import Asked, ordered
from timebank.places import Station
from timebank.record_life import RecordState
from timebank.tables import count, keys_of, read, select

KINDS = {"id": "text", "path": "text", "day": "text", "at": "bigint", "state": "text"}
AT = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("condition", "told", "values"),
    [
        (Q(), "", []),
        (Q(id="x"), '("id" = $1)', ["x"]),
        (Q(id=None), '("id" IS NULL)', []),
        (Q(id__isnull=True), '("id" IS NULL)', []),
        (Q(id__isnull=False), '("id" IS NOT NULL)', []),
        (Q(at__gte=AT), '("at" >= $1)', [1_000_000]),
        (Q(day__lt=date(2026, 1, 2)), '("day" < $1)', ["2026-01-02"]),
        (Q(state=RecordState.VOIDED), '("state" = $1)', ["voided"]),
        (~Q(id="x"), 'NOT ("id" = $1)', ["x"]),
        (
            Q(id="x") | Q(id__gt="y", at=AT),
            '(("id" = $1) OR ("id" > $2 AND "at" = $3))',
            ["x", "y", 1_000_000],
        ),
        (Q(id="x") & Q(), '(("id" = $1))', ["x"]),
    ],
)
def test_a_condition_is_spelled_alike(condition: Q, told: str, values: list[Any]) -> None:
    dialects: tuple[Dialect, ...] = ("sqlite", "postgresql")
    for dialect in dialects:
        asked = Asked(dialect, KINDS, bytewise=True)
        assert asked.where([condition], {}) == (f" WHERE {told}" if told else "")
        assert asked.values == values


def test_a_list_is_one_value_on_postgresql_and_a_beginning_a_range_where_bytes_sort() -> None:
    asked = Asked("postgresql", KINDS, bytewise=False)
    assert asked.where([], {"path__startswith": "42/"}) == ' WHERE "path" ^@ $1'
    asked = Asked("postgresql", KINDS, bytewise=True)
    assert asked.where([], {"path__startswith": "42/"}) == ' WHERE ("path" >= $1 AND "path" < $2)'
    asked = Asked("postgresql", KINDS, bytewise=True)
    assert asked.where([], {"id__in": ("x", "y")}) == ' WHERE "id" = ANY($1::text[])'
    assert asked.values == [["x", "y"]]
    asked = Asked("sqlite", KINDS, bytewise=True)
    assert asked.where([], {"id__in": ("x", "y")}) == ' WHERE "id" IN ($1, $2)'
    assert asked.where([], {"path__startswith": "42/"}) == ' WHERE ("path" >= $3 AND "path" < $4)'
    assert asked.values == ["x", "y", "42/", "420"]


def test_a_misspelt_column_or_comparison_is_a_bug() -> None:
    for name in ("nobody", "id__like"):
        with pytest.raises(KeyError):
            Asked("sqlite", KINDS, bytewise=True).where([], {name: "x"})


def test_an_order_may_fall() -> None:
    assert ordered(["-day", "id"]) == ' ORDER BY "day" DESC, "id"'
    assert ordered([]) == ""


# Against a database


PATHS = {"sta_a": "42/01/", "sta_b": "42/01/a_b/", "sta_c": "42/01/axb/", "sta_d": "42/02/"}


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[reading.Reads]:
    """The reads of a database that holds these stations and nothing else."""
    kinds = ", ".join(f'"{column}" {kind}' for column, kind in Station.spec.kinds.items())
    rows = ", ".join(f"('{id}', '{path}')" for id, path in PATHS.items())
    made = [
        f'CREATE TABLE "station" ({kinds})',
        f'INSERT INTO "station" ("id", "path") VALUES {rows}',
    ]
    if dialect_of(database_url) == "sqlite":
        with closing(sqlite3.connect(sqlite_path(database_url))) as file, file:
            for statement in made:
                file.execute(statement)
    else:
        connection = await asyncpg.connect(database_url)
        await connection.execute(";".join(made))
        await connection.close()
    async with reading.open_reads(database_url):
        yield reading.at(reading.PRIMARY)


FOUND: list[tuple[Q, str]] = [
    (Q(), "abcd"),
    (Q(path__startswith="42/01/"), "abc"),
    (Q(path__startswith="42/01/a_"), "b"),
    (Q(path__startswith="42/01/A"), ""),
    (Q(path__startswith=""), "abcd"),
    (Q(id__in=[]), ""),
    (~Q(id__in=["sta_a", "sta_z"]), "bcd"),
    (Q(id__gt="sta_a", id__lte="sta_c"), "bc"),
    (Q(id="sta_a") | Q(path="42/02/"), "ad"),
    (Q(id="x" * 5_000), ""),
]


@pytest.mark.anyio
async def test_either_database_finds_the_same(reads: reading.Reads) -> None:
    for condition, found in FOUND:
        assert await keys_of(Station.spec, condition) == [f"sta_{one}" for one in found]
        assert await count(Station, condition) == len(found)
    rows = await read(Station.spec, '"id"', order=["-id"], limit=2, offset=1)
    assert [tuple(row) for row in rows] == [("sta_c",), ("sta_b",)]
    assert await select(Station, limit=0) == []


@pytest.mark.anyio
async def test_what_reads_cannot_write(reads: reading.Reads) -> None:
    refused = (sqlite3.OperationalError, asyncpg.ReadOnlySQLTransactionError)
    with pytest.raises(refused):
        await reads.fetch('DELETE FROM "station"', [])
    assert await count(Station) == len(PATHS)


COUNTING = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) "
    "SELECT MAX(i) FROM n"
)


@pytest.mark.anyio
async def test_what_takes_long_is_read_in_a_thread_while_others_are_answered(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await install(sqlite_url)
    where: list[str] = []
    far = reading.SqliteReads._fetch_far

    def told(self: reading.SqliteReads, statement: str, values: Any) -> Any:
        where.append(threading.current_thread().name)
        return far(self, statement, values)

    monkeypatch.setattr(reading.SqliteReads, "_fetch_far", told)
    # As long as is needed on a machine that others use too.
    monkeypatch.setattr(reading, "AT_ONCE_SECONDS", 60.0)
    async with reading.open_reads(sqlite_url):
        reads = reading.at(reading.PRIMARY)
        assert [tuple(row) for row in await reads.fetch(COUNTING, [100_000])] == [(100_000,)]
        assert where == []
        monkeypatch.setattr(reading, "AT_ONCE_SECONDS", 0.0)
        long = asyncio.create_task(reads.fetch(COUNTING, [300_000]))
        short = asyncio.create_task(reads.fetch("SELECT $1", [7]))
        assert [tuple(row) for row in await short] == [(7,)]
        assert not long.done()
        assert [tuple(row) for row in await long] == [(300_000,)]
    assert where == ["reads_0"]


@pytest.mark.anyio
async def test_what_an_answer_reads_of_a_file_is_of_one_instant(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As long as is needed: what is broken off is read elsewhere, of an instant of its own.
    monkeypatch.setattr(reading, "AT_ONCE_SECONDS", 60.0)
    many = "SELECT COUNT(*) FROM t"
    with closing(sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE t (n INTEGER)")
        async with reading.open_reads(sqlite_url):
            reads = reading.at(reading.PRIMARY)
            for before in range(2):
                with reading.one_instant():
                    ((first,),) = await reads.fetch(many, [])
                    writer.execute("INSERT INTO t VALUES (1)")
                    ((again,),) = (await reads.look_up(many, [()]))[0]
                assert (first, again) == (before, before)
                assert await reads.fetch(many, []) == [(before + 1,)]
            # Nothing is held open that would keep the log from being written back.
            assert writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)


@pytest.mark.anyio
async def test_an_instant_is_begun_and_left_however_long_its_reads_took(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever can be broken off is, at its first step.
    monkeypatch.setattr(reading, "AT_ONCE_SECONDS", 0.0)
    monkeypatch.setattr(reading, "STEPS", 1)
    with closing(sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE t (n INTEGER)")
        async with reading.open_reads(sqlite_url):
            reads = reading.at(reading.PRIMARY)
            for many in range(3):
                with reading.one_instant():
                    assert await reads.fetch("SELECT COUNT(*) FROM t", []) == [(many,)]
                writer.execute("INSERT INTO t VALUES (1)")
            assert writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)


def test_nothing_is_read_where_no_ledger_is_open() -> None:
    with pytest.raises(RuntimeError):
        reading.at(reading.PRIMARY)
    with reading.one_instant():
        pass


@pytest.mark.anyio
async def test_a_look_up_is_answered_near_whatever_tables_there_are(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To learn hundreds of tables takes longer than a look-up has, and is done once."""
    far: list[str] = []
    path = sqlite_path(sqlite_url)

    def noted(reads: reading.SqliteReads, statement: str, values: Any) -> Any:
        far.append(statement)
        return [(2,)]

    monkeypatch.setattr(reading, "AT_ONCE_SECONDS", 0.0)
    monkeypatch.setattr(reading.SqliteReads, "_fetch_far", noted)
    with closing(sqlite3.connect(path)) as connection:
        for n in range(400):
            connection.execute(f"CREATE TABLE t{n} (id TEXT PRIMARY KEY)")
        async with reading.open_reads(sqlite_url):
            reads = reading.at(reading.PRIMARY)
            for _ in range(3):
                assert await reads.fetch("SELECT 2 FROM t1 WHERE id = $1", ["a"]) == []
            assert far == []
            # Where they change, one look-up finds that out, and the next are answered again.
            connection.execute("CREATE TABLE one_more (id TEXT PRIMARY KEY)")
            for _ in range(3):
                await reads.fetch("SELECT 2 FROM t2 WHERE id = $1", ["a"])
            assert len(far) <= 1

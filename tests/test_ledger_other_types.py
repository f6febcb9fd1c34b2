"""Values that no writer of ours could have stored: null, of another type, or of any size.

Whoever owns the database loosens a column, puts anything there, and tightens it again. Every level
says that something is wrong, in words, and comes to an end.
"""

import asyncio
import contextlib
import re
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from ledger.checkpoint import COSIGNATURE, Signer, cosign
from ledger.quorum import Member, Quorum
from ledger.verify import verify
from ledger.writer import open_writer
from tests.conftest import SIZE as RUN
from tests.conftest import PostgresServer
from tests.ledgers import SIGNER, fill
from timebank import audits

pytestmark = pytest.mark.anyio

SIZE = 300
WITNESS = Signer("w.example", b"w" * 32, kind=COSIGNATURE)
QUORUM = Quorum((Member("w", WITNESS.verifier, None),), 1)
HUGE = "9" * 100_000

ROWS = {
    "entry": "seq = 290",
    "node": "level = 1",
    "head": "id = 1",
    "request": f"id = '{'f' * 32}'",
    "checkpoint": "size = 300",
    "cosignature": "size = 300",
}
COLUMNS = {
    "entry": ("seq", "bytes", "leaf", "kind", "at", "actor", "request"),
    "node": ("level", "index", "hash"),
    "head": ("id", "size", "leaf", "frontier", "at"),
    "request": ("id", "digest", "outcome", "first_seq", "count"),
    "checkpoint": ("size", "root", "note", "at"),
    "cosignature": ("size", "witness", "line", "at"),
}
# A value of the column's own type and any size is not the ledger's to judge there.
FREE = {"request.digest", "request.outcome", "checkpoint.at", "cosignature.at"}
EACH = [(table, column) for table, columns in COLUMNS.items() for column in columns]


async def made(url: str) -> None:
    """A sound ledger that has a row in every table."""
    entry = {"request": "f" * 32}
    await fill(url, SIZE - 1, entry)
    writer = await open_writer(url)
    async with writer.transaction() as transaction:
        ((note,),) = await transaction.fetch("SELECT note FROM checkpoint")
        await transaction.execute(
            "INSERT INTO cosignature (size, witness, line, at) VALUES ($1, $2, $3, $4)",
            *(SIZE, WITNESS.verifier.name, cosign(note, WITNESS, time=1_790_000_000), "now"),
        )
    await writer.close()


async def audited(url: str) -> audits.Audit:
    """Every level of the ledger's own tables, with all that an auditor can bring."""
    return await audits.audit(
        url,
        now=datetime(2026, 1, 1, tzinfo=UTC),
        levels=audits.LEVELS[:-1],
        log=SIGNER.verifier,
        quorum=QUORUM,
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger in a file, to be copied."""
    path = tmp_path_factory.mktemp("types") / "sound.db"
    asyncio.run(made(f"sqlite:///{path}"))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return path


@pytest.fixture(scope="module")
def template(postgres_server: PostgresServer) -> Iterator[str]:
    """The ledger in a database, to be copied."""
    name = postgres_server.create()
    asyncio.run(made(postgres_server.url(name)))
    yield name
    postgres_server.drop(name)


async def test_the_ledger_that_is_harmed_is_sound(file: Path) -> None:
    told = await audited(f"sqlite:///{file}")
    assert told.sound, told.findings
    assert (told.signed, told.quorum and told.quorum.witnessed) == (SIZE, SIZE)


@pytest.mark.parametrize("size", [-1, 2**62, 2**63 - 1])
async def test_a_range_under_a_head_of_any_size_is_named(
    file: Path, tmp_path: Path, size: int
) -> None:
    path = tmp_path / "file.db"
    await asyncio.to_thread(shutil.copy, file, path)
    assert loosened(path, "head", "size", size)
    report = await verify(f"sqlite:///{path}", levels=["chain"], span=(0, 1))
    assert not report.sound


# SQLite: any value in any column, with the schema as it was before

ON_SQLITE: tuple[object, ...] = (None, b"", HUGE, 2**63 - 1, b"\xff" * 9_000, "", -1, 1.5)


@pytest.mark.parametrize(("table", "column"), EACH)
async def test_any_value_in_a_file_is_named(
    file: Path, tmp_path: Path, table: str, column: str
) -> None:
    for number, value in enumerate(ON_SQLITE if RUN == "full" else ON_SQLITE[:4]):
        path = tmp_path / f"{number}.db"
        await asyncio.to_thread(shutil.copy, file, path)
        if not loosened(path, table, column, value):
            continue
        told = await audited(f"sqlite:///{path}")
        if (column, value) == ("bytes", None):
            found = {(one.layer, one.seq) for one in told.findings}
            assert {("chain", 290), ("books", 290)} <= found
        if (column, value) == ("count", None):
            assert ("books", SIZE - 1) in {(one.layer, one.seq) for one in told.findings}
        free = f"{table}.{column}" in FREE and type(value) is type(kept(file, table, column))
        assert free or not told.sound, value


def kept(path: Path, table: str, column: str) -> object:
    """What a column holds."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (value,) = connection.execute(
            f'SELECT "{column}" FROM {table} WHERE {ROWS[table]}'
        ).fetchone()
        return value


def loosened(path: Path, table: str, column: str, value: object) -> bool:
    """Put a value in a column; False where SQLite's own format cannot hold it there."""

    def rewrite(*changes: tuple[str, str]) -> None:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            for old, new in changes:
                connection.execute("UPDATE sqlite_master SET sql = ? WHERE sql = ?", (new, old))

    with contextlib.closing(sqlite3.connect(path)) as connection:
        (old,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
        ).fetchone()
        fences = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
        ).fetchall()
    # Columns of no type keep whatever they are given.
    loose = re.sub(r" NOT NULL| BLOB| TEXT| INTEGER(?! PRIMARY)| STRICT,?", "", old)
    rewrite((old, loose))
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for name, _ in fences:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(f'UPDATE {table} SET "{column}" = ? WHERE {ROWS[table]}', (value,))
            for _, sql in fences:
                connection.execute(sql)
    except sqlite3.IntegrityError:
        return False
    rewrite((loose, old))
    return True


# PostgreSQL: a column keeps to a type, so that is what is changed

ON_POSTGRESQL = {
    "null": None,
    "text": "repeat('9', 9000)",
    "numeric": "1e30",
    "bytea": "decode(repeat('ff', 9000), 'hex')",
    "float8": "'NaN'",
}


@pytest.mark.parametrize("harm", list(ON_POSTGRESQL)[: None if RUN == "full" else 2])
@pytest.mark.parametrize(("table", "column"), EACH)
async def test_any_value_in_a_database_is_named(
    postgres_server: PostgresServer, template: str, table: str, column: str, harm: str
) -> None:
    name = await asyncio.to_thread(postgres_server.create, template=template)
    url = postgres_server.url(name)
    connection = await asyncpg.connect(url)
    try:
        constraints = await connection.fetch(
            "SELECT conname FROM pg_constraint WHERE conrelid = $1::text::regclass"
            " ORDER BY contype = 'p' DESC",
            table,
        )
        value, change = ON_POSTGRESQL[harm], f'ALTER TABLE {table} ALTER "{column}"'
        for (constraint,) in constraints:
            await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint} CASCADE")
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        await connection.execute(f"{change} DROP NOT NULL")
        if value is None:
            await connection.execute(f'UPDATE {table} SET "{column}" = NULL WHERE {ROWS[table]}')
        else:
            await connection.execute(f"{change} TYPE {harm} USING {value}::{harm}")
    finally:
        await connection.close()
    told = await audited(url)
    await asyncio.to_thread(postgres_server.drop, name)
    assert not told.sound
    kind = f"column {table}.{column} differs; the DDL file has it, a sound backup holds it"
    found = [(one.layer, one.seq, one.what) for one in told.findings]
    # There the column is as it was, and the value alone is odd.
    unchanged = {"null": {"head.at", "request.first_seq"}, "text": {"head.at"}}.get(harm, set())
    assert f"{table}.{column}" in unchanged or (None, kind) in [one[1:] for one in found]
    if (column, harm) == ("bytes", "null"):
        assert {("chain", 290), ("books", 290)} <= {(layer, seq) for layer, seq, _ in found}

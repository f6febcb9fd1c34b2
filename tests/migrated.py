"""Databases that are migrated already: migrating is done once a process, and its result copied.

Tortoise builds every model anew for each table that a migration makes: seconds, in every test.
Knows both databases; refuses to know what the tables are.
"""

import asyncio
import secrets
import shutil
import tempfile
from functools import cache
from pathlib import Path

import asyncpg

from ledger.tables import dialect_of, sqlite_path
from tests.copies import tools
from timebank.orm import migrate

OURS = "schemaname = 'public'"


async def prepare(url: str) -> None:
    """Give a database that is still empty the tables of projections and vault."""
    if dialect_of(url) == "sqlite":
        _copy(await _template(), Path(sqlite_path(url)))
        return
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval(
            "SELECT count(*) FROM pg_tables WHERE schemaname='public'"
        ):
            await connection.execute(await _script(url))
    finally:
        await connection.close()


@cache
def _directory() -> tempfile.TemporaryDirectory[str]:
    """Gone with the process."""
    return tempfile.TemporaryDirectory(prefix="timebank-migrated-")


def _copy(template: Path, path: Path) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(template, path)


async def _template() -> Path:
    made = Path(_directory().name) / "migrated.db"
    if not made.exists():
        await migrate(f"sqlite:///{made}")
    return made


async def _script(url: str) -> str:
    """What pg_dump says of a migrated database on the server that `url` is on."""
    made = Path(_directory().name) / "migrated.sql"
    if not made.exists():
        head, _, rest = url.partition("@/")
        name = f"m_{secrets.token_hex(6)}"
        scratch = f"{head}@/{name}?{rest.partition('?')[2]}"
        server = await asyncpg.connect(f"{head}@/postgres?{rest.partition('?')[2]}")
        try:
            await server.execute(f'CREATE DATABASE "{name}" STRATEGY file_copy')
            await migrate(scratch)
            made.write_text(await _dumped(scratch), "utf-8")
            await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        finally:
            await server.close()
    return made.read_text("utf-8")


async def _dumped(url: str) -> str:
    dump = await asyncio.create_subprocess_exec(
        tools() / "pg_dump",
        "--no-owner",
        "--inserts",
        url,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await dump.communicate()
    assert dump.returncode == 0
    # Lines that begin with a backslash are for psql alone.
    return "".join(
        line for line in told.decode().splitlines(keepends=True) if not line.startswith("\\")
    )

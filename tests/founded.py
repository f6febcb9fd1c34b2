"""Ledgers that were founded once a process, and are copied for each test that begins with one.

Founding takes half a second of commands, a copy a tenth of it. Knows both databases; refuses to
know what is founded. What is copied is byte for byte what the commands made, keys and names too:
whoever needs two ledgers that know nothing of each other founds one of them.
"""

import secrets
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Hashable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from ledger.tables import dialect_of, sqlite_path
from timebank.settings import Settings

T = TypeVar("T")
_KEPT: dict[tuple[Any, ...], tuple[Settings, Any]] = {}


async def is_fresh(settings: Settings) -> bool:
    """Whether nothing stands in the database and its directory yet."""
    if _in_the_way(settings):
        return False
    if dialect_of(settings.database_url) == "sqlite":
        return True
    connection = await asyncpg.connect(settings.database_url)
    try:
        told = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        return not await connection.fetchval(told)
    finally:
        await connection.close()


def _in_the_way(settings: Settings) -> bool:
    url = settings.database_url
    file = dialect_of(url) == "sqlite" and Path(sqlite_path(url)).exists()
    return file or settings.data.exists()


async def copy(settings: Settings, found: Callable[..., Awaitable[T]], *told: Hashable) -> T:
    """Put a ledger as `found` makes it, told the same, where `settings` says; gives its answer."""
    dialect = dialect_of(settings.database_url)
    kept = (dialect, found, *told)
    if kept not in _KEPT:
        model = await _model(settings)
        _KEPT[kept] = model, await found(model, *told)
    model, answer = _KEPT[kept]
    shutil.copytree(model.data, settings.data)
    if dialect == "sqlite":
        shutil.copy(sqlite_path(model.database_url), sqlite_path(settings.database_url))
    else:
        ours, theirs = _name(settings.database_url), _name(model.database_url)
        await _on_server(
            settings.database_url,
            f'DROP DATABASE "{ours}"',
            f'CREATE DATABASE "{ours}" TEMPLATE "{theirs}" STRATEGY file_copy',
        )
    return answer  # type: ignore[no-any-return]  # of the type that `found` answers


@cache
def directory() -> tempfile.TemporaryDirectory[str]:
    """Where models lie; gone with the process."""
    return tempfile.TemporaryDirectory(prefix="timebank-founded-")


async def _model(settings: Settings) -> Settings:
    """Where the ledger to copy from is founded: beside others of the same database server."""
    name = f"m_{secrets.token_hex(6)}"
    place = Path(directory().name) / name
    if dialect_of(settings.database_url) == "sqlite":
        place.mkdir()
        return Settings(data=place / "data", database=f"sqlite:///{place}/model.db")
    await _on_server(settings.database_url, f'CREATE DATABASE "{name}" STRATEGY file_copy')
    url = settings.database_url.replace(f"/{_name(settings.database_url)}?", f"/{name}?")
    return Settings(data=place / "data", database=url)


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


async def _on_server(url: str, *statements: str) -> None:
    """Run statements in the maintenance database of the server that `url` is on."""
    server = await asyncpg.connect(url.replace(f"/{_name(url)}?", "/postgres?"))
    try:
        for statement in statements:
            await server.execute(statement)
    finally:
        await server.close()

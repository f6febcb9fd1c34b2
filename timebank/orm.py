"""The ORM: Tortoise's configuration and the migrations of projections and vault.

The ledger's own tables are not here: their DDL is `ledger`'s, and migrations never touch them.
"""

from typing import Any

from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.api import migrate as run_migrations
from tortoise.migrations.autodetector import MigrationAutodetector

from ledger.tables import dialect_of


def orm_config(url: str, *, writable: bool = False) -> dict[str, Any]:
    """Tortoise's configuration for a database."""
    if dialect_of(url) == "sqlite":
        # Asking for WAL is a write; a reader takes the mode that the writer set.
        mode = "" if writable else "?query_only=ON"
        url = "sqlite://" + url.removeprefix("sqlite:///") + mode
    else:
        url = "asyncpg://" + url.partition("://")[2]
    app = {
        "models": ["timebank.models"],
        "default_connection": "default",
        "migrations": "timebank.migrations",
    }
    return {"connections": {"default": url}, "apps": {"timebank": app}, "use_tz": True}


async def migrate(url: str) -> None:
    """Bring the tables of projections and vault up to date.

    A database that no migration has touched gets its tables from their classes at once, and the
    migrations are noted as done: Tortoise copies every model for each table that a migration
    makes, seconds where this takes a tenth of one. A test holds both ways to the same tables.
    """
    config = orm_config(url, writable=True)
    try:
        await Tortoise.init(config=config, _enable_global_fallback=True)
        untouched = not await _noted()
        if untouched:
            await Tortoise.generate_schemas(safe=True)
        await Tortoise.close_connections()
        await run_migrations(config=config, fake=untouched)
    finally:
        await Tortoise.close_connections()


async def _noted() -> bool:
    """Whether the database notes a migration as done. Tortoise's own answer to this takes any
    fault for no, and tables made beside old ones would be noted as brought up to date."""
    connection = get_connection("default")
    held = {
        "sqlite": "SELECT 1 FROM sqlite_master WHERE name='tortoise_migrations'",
        "postgres": "SELECT 1 FROM pg_tables WHERE tablename='tortoise_migrations'",
    }
    if not await connection.execute_query_dict(held[connection.capabilities.dialect]):
        return False
    return bool(await connection.execute_query_dict("SELECT 1 FROM tortoise_migrations LIMIT 1"))


async def new_migrations(*, write: bool) -> list[str]:
    """The migrations that the tables' classes want beyond those kept; written down if asked."""
    config = orm_config("sqlite:////nowhere/x.db")
    await Tortoise.init(config=config, init_connections=False, _enable_global_fallback=True)
    try:
        detector = MigrationAutodetector(Tortoise.apps, config["apps"])
        if write:
            return await detector.write()
        return [writer.name for writer in await detector.changes()]
    finally:
        await Tortoise.close_connections()

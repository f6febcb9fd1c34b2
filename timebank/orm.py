"""The ORM: Tortoise's configuration and the migrations of projections and vault.

The ledger's own tables are not here: their DDL is `ledger`'s, and migrations never touch them.
"""

from typing import Any

from tortoise import Tortoise
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
    """Bring the tables of projections and vault up to date."""
    await run_migrations(config=orm_config(url, writable=True))
    await Tortoise.close_connections()


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

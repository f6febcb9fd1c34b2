"""Tables made at once from their classes are the same as tables made by the migrations."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.api import migrate as run_migrations

from tests.conftest import PostgresServer, Size
from tests.funding import allotted
from tests.granting import applicant, awarded, called
from tests.projects import asked
from tests.world import found_station, key, open_world
from timebank import migrations, replay
from timebank.homes import change_home
from timebank.orm import migrate, orm_config

pytestmark = pytest.mark.anyio

COLUMNS = {
    "sqlite": "SELECT name AS part, sql AS told FROM sqlite_master WHERE sql IS NOT NULL",
    "postgres": """
        SELECT table_name || '.' || column_name AS part,
            concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default) AS told
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace""",
}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    await Tortoise.init(config=orm_config(url, writable=True), _enable_global_fallback=True)
    try:
        yield get_connection("default")
    finally:
        await Tortoise.close_connections()


async def shape(url: str) -> dict[str, str]:
    """Every column, index and constraint as the database tells it, white space aside."""
    async with connected(url) as connection:
        rows = await connection.execute_query_dict(COLUMNS[connection.capabilities.dialect])
    return {row["part"]: "".join(row["told"].split()) for row in rows}


@pytest.fixture
def other_url(database_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A second fresh database of the same kind."""
    if database_url.startswith("sqlite"):
        yield database_url + ".other"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


async def test_both_ways_make_the_same_tables(
    database_url: str, other_url: str, size: Size
) -> None:
    if size != "full":
        pytest.skip("half a minute of copied models; test_releases asks it of what is new each day")
    assert database_url != other_url
    await migrate(database_url)
    await run_migrations(config=orm_config(other_url, writable=True))
    await Tortoise.close_connections()
    at_once, one_by_one = await shape(database_url), await shape(other_url)
    assert len(at_once) > 100
    assert at_once == one_by_one


async def test_a_second_run_changes_nothing(database_url: str) -> None:
    await migrate(database_url)
    before = await shape(database_url)
    await migrate(database_url)
    assert await shape(database_url) == before


async def test_a_run_that_died_before_it_was_noted_goes_on(database_url: str) -> None:
    await migrate(database_url)
    before = await shape(database_url)
    async with connected(database_url) as connection:
        await connection.execute_script("DELETE FROM tortoise_migrations; DROP TABLE account;")
    await migrate(database_url)
    assert await shape(database_url) == before
    async with connected(database_url) as connection:
        assert await connection.execute_query_dict("SELECT name FROM tortoise_migrations")


async def test_a_database_that_notes_a_migration_is_migrated_and_not_made_anew(
    database_url: str,
) -> None:
    """Its old shape is brought forward by the migrations, never taken for the new one."""
    await migrate(database_url)
    async with connected(database_url) as connection:
        await connection.execute_script("DROP TABLE account;")
    await migrate(database_url)
    assert "account" not in {part.partition(".")[0] for part in await shape(database_url)}


async def test_homes_polls_and_promises_of_before_are_told_by_what_was_there(
    database_url: str, tmp_path: Path
) -> None:
    async with open_world(database_url, tmp_path) as world:
        await found_station(world, number="002")
        for moves in (("002", "001"), ("002",)):
            who = await world.volunteer()
            for number in moves:
                await change_home(who, number=number, key=key())
        await asked(world, await allotted(world))
        await awarded(world, await applicant(world), await called(world))
    async with connected(database_url) as connection:
        await connection.execute_script(
            "DELETE FROM homes_left; DELETE FROM open_promises; UPDATE poll SET opened_at = NULL;"
        )
        assert (await replay.compare(database_url)).differing == 4
        (file,) = Path(migrations.__file__).parent.glob("0002_*.py")
        second: Any = import_module(f"{migrations.__name__}.{file.stem}")
        await second.tell(None, SimpleNamespace(client=connection))
    assert (await replay.compare(database_url)).differing == 0

"""Scrubbing PostgreSQL: who may not, or what keeps the log, is said and stops nothing."""

import asyncpg
import pytest

from ledger.scrub import scrub
from tests.tampering import url_as

pytestmark = pytest.mark.anyio


@pytest.fixture
async def owner(postgres_url: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)")
    return connection


async def test_a_table_is_written_anew_and_nothing_is_left_to_say(
    owner: asyncpg.Connection, postgres_url: str
) -> None:
    before = await owner.fetchval("SELECT pg_relation_filenode('kept')")
    assert await scrub(postgres_url, ["kept"]) == ()
    assert await owner.fetchval("SELECT pg_relation_filenode('kept')") != before
    assert await owner.fetchval("SELECT count(*) FROM kept") == 1
    await owner.close()


async def test_what_a_role_may_not_is_said_and_the_rest_is_done(
    owner: asyncpg.Connection, postgres_url: str, role: str
) -> None:
    await owner.execute(f"CREATE ROLE {role} LOGIN")
    told = " / ".join(await scrub(url_as(role, postgres_url), ["kept"]))
    for part in ("kept", "pg_statistic", "CHECKPOINT", "pg_switch_wal"):
        assert part in told
    await owner.close()


async def test_a_table_in_use_is_passed_over_and_waited_for_no_longer(
    owner: asyncpg.Connection, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.scrub.LOCK_WAIT", "50ms")
    async with owner.transaction():
        await owner.execute("SELECT * FROM kept")
        (told,) = await scrub(postgres_url, ["kept"])
    assert "lock timeout" in told
    await owner.close()


async def test_a_slot_that_keeps_the_log_is_told_of(
    owner: asyncpg.Connection, postgres_url: str
) -> None:
    await owner.execute("SELECT pg_create_physical_replication_slot('kept_log')")
    try:
        assert any("slots" in told for told in await scrub(postgres_url, ["kept"]))
    finally:
        await owner.execute("SELECT pg_drop_replication_slot('kept_log')")
        await owner.close()

"""The role that serves on PostgreSQL: what it is given, and who is refused."""

import asyncpg
import pytest

from ledger.head import NotInstalled
from ledger.roles import UnfitRole, excess, grants, permit
from ledger.tables import install
from tests.commands import timebank
from tests.tampering import url_as

pytestmark = pytest.mark.anyio


async def test_a_role_is_permitted_twice_and_keeps_nothing_it_had(
    postgres_url: str, role: str
) -> None:
    await install(postgres_url)
    owner = await asyncpg.connect(postgres_url)
    await owner.execute(
        f"CREATE ROLE {role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};"
        f" GRANT UPDATE (actor) ON entry TO {role}"
    )
    as_role = url_as(role, postgres_url)
    assert len(await excess(as_role)) == 7
    for _ in range(2):
        await permit(postgres_url, role)
        assert await excess(as_role) == []
    await owner.close()


UNFIT = {
    "a superuser": ("ALTER ROLE {role} SUPERUSER", "is a superuser"),
    "a maker of roles": ("ALTER ROLE {role} CREATEROLE", "may make roles"),
    "one of the owner's": ("GRANT postgres TO {role}", "owns table entry"),
    "one who may write everything": ("GRANT pg_write_all_data TO {role}", "holds DELETE"),
    "everybody": ("GRANT TRUNCATE ON entry TO PUBLIC", "holds TRUNCATE on table entry"),
    "everybody, a column": (
        "GRANT UPDATE (actor) ON entry TO PUBLIC",
        "holds UPDATE of actor on table entry",
    ),
    "everybody, the head": ("GRANT INSERT ON head TO PUBLIC", "holds INSERT on table head"),
    "a maker of tables": ("GRANT CREATE ON SCHEMA public TO {role}", "may create"),
}


@pytest.mark.parametrize("who", UNFIT)
async def test_a_role_that_could_do_more_is_not_permitted(
    postgres_url: str, role: str, who: str
) -> None:
    statement, why = UNFIT[who]
    await install(postgres_url)
    owner = await asyncpg.connect(postgres_url)
    await owner.execute(f"CREATE ROLE {role} LOGIN")
    await owner.execute(statement.format(role=role))
    with pytest.raises(UnfitRole, match=why):
        await permit(postgres_url, role)
    # Refused whole: not even what it would have been given.
    assert not await owner.fetchval(
        "SELECT count(*) FROM information_schema.table_privileges WHERE grantee = $1", role
    )
    await owner.close()


async def test_a_name_a_file_and_an_empty_database_are_refused(
    postgres_url: str, sqlite_url: str, role: str
) -> None:
    with pytest.raises(NotInstalled):
        await permit(postgres_url, role)
    with pytest.raises(ValueError, match="plain name"):
        await permit(postgres_url, f"{role}; DROP TABLE entry")
    with pytest.raises(ValueError, match="plain name"):
        grants('x"y')
    with pytest.raises(UnfitRole, match="SQLite has no roles"):
        await permit(sqlite_url, role)
    assert await excess(sqlite_url) == []
    told = timebank("--database", sqlite_url, "database-role", role)
    assert (told.exit_code, "SQLite has no roles" in told.stderr) == (1, True)

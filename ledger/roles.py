"""The PostgreSQL role that a server works as: what it may do to the ledger, and nothing more.

Knows which privileges appending takes (FORMAT.md 7) and how to find those that would let a server
get round the fences. Refuses to know passwords: how the role logs in is the affair of whoever runs
the database.
"""

import re
from collections.abc import Collection
from typing import Any

import asyncpg

from ledger.head import NotInstalled
from ledger.tables import TABLES, dialect_of

# For each of the ledger's tables: whether the role can act as its owner, and which privileges it
# holds that appending does not take. A privilege on one column is enough to change that column.
_TOO_MUCH = """
SELECT c.relname, pg_has_role($1, c.relowner, 'MEMBER') AS owns, ARRAY(
    SELECT held FROM unnest('{DELETE,TRUNCATE,TRIGGER}'::text[]) held
    WHERE has_table_privilege($1, c.oid, held)
) || ARRAY(
    SELECT 'UPDATE of ' || a.attname FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND NOT (c.relname = 'head' AND a.attname IN ('size', 'leaf', 'frontier', 'at'))
        AND has_column_privilege($1, c.oid, a.attnum, 'UPDATE')
    ORDER BY a.attnum
) || ARRAY(
    SELECT 'INSERT' WHERE c.relname = 'head' AND has_any_column_privilege($1, c.oid, 'INSERT')
) AS held
FROM pg_class c
WHERE c.relname = ANY ($2::text[]) AND c.relnamespace = current_schema()::regnamespace
ORDER BY c.relname
"""


class UnfitRole(Exception):
    """A role that could do more to the ledger than append; `reasons` say what."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def grants(role: str) -> tuple[str, ...]:
    """Statements that give a role what a writer needs on the ledger's tables and no more."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", role):
        raise ValueError("a role is a plain name")
    return (
        f"GRANT SELECT, INSERT ON entry, node, request, checkpoint, cosignature, stop TO {role}",
        f"GRANT SELECT, UPDATE (size, leaf, frontier, at) ON head TO {role}",
    )


async def permit(url: str, role: str, *, others: Collection[str] = ()) -> None:
    """Let `role` serve this ledger; made if it is missing, and without whatever it had on it.

    Args: others, tables that are no part of the ledger and which the role may change freely. All or
    nothing. Refuses with UnfitRole one that could still do more to the ledger than append, with
    NotInstalled a database that holds none, with ValueError a name that is no plain one. Run it as
    the owner of the tables, and again after a migration.
    """
    given = grants(role)
    if dialect_of(url) != "postgresql":
        raise UnfitRole(["SQLite has no roles: whoever may write the file may change it"])
    listed = ", ".join(f'"{name}"' for name in others)
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f"CREATE ROLE {role} LOGIN")
            schema = await connection.fetchval("SELECT quote_ident(current_schema())")
            await connection.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}")
            await connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
            for statement in given:
                await connection.execute(statement)
            if listed:
                await connection.execute(
                    f"GRANT SELECT, INSERT, UPDATE, DELETE ON {listed} TO {role}"
                )
            reasons = await _excess(connection, role)
            if reasons:
                raise UnfitRole(reasons)
    except asyncpg.UndefinedTableError as error:
        raise NotInstalled(str(error)) from error
    finally:
        await connection.close()


async def excess(url: str) -> list[str]:
    """What the role that a URL logs in as could do to the ledger beyond appending."""
    if dialect_of(url) != "postgresql":
        return []
    connection = await asyncpg.connect(url)
    try:
        return await _excess(connection, await connection.fetchval("SELECT current_user"))
    finally:
        await connection.close()


async def _excess(connection: Any, role: str) -> list[str]:
    row = await connection.fetchrow(
        "SELECT rolsuper, rolcreaterole, has_schema_privilege(rolname, current_schema(), 'CREATE')"
        " FROM pg_roles WHERE rolname = $1",
        role,
    )
    told = ("is a superuser", "may make roles", "may create in the ledger's schema")
    reasons = [f"{role} {what}" for what, holds in zip(told, row, strict=True) if holds]
    if row[0]:
        # A superuser has every privilege there is; naming each says nothing more.
        return reasons
    for name, owns, held in await connection.fetch(_TOO_MUCH, role, list(TABLES)):
        if owns:
            reasons.append(f"{role} owns table {name}")
        elif held:
            reasons.append(f"{role} holds {', '.join(held)} on table {name}")
    return reasons

"""The ledger's own tables: installing them and comparing their fences with the DDL file.

Knows the two DDL files beside it (FORMAT.md 7) and how each database tells what it really holds.
Refuses to know how rows are written or read.
"""

import re
import sqlite3
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

import asyncpg

Dialect = Literal["sqlite", "postgresql"]

TABLES = ("entry", "node", "head", "request", "checkpoint", "cosignature", "stop")

# On every connection: without the first INSERT OR REPLACE slips past the triggers, without the
# second a deleted value stays in free pages. By default the write-ahead log is written back after
# 1,000 pages, which one transaction of a roster may change: nearly the same again each time.
SQLITE_PRAGMAS = (
    "PRAGMA recursive_triggers = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 4000",
)


class FencesDiffer(Exception):
    """Triggers or indexes are not those of the DDL file; `differences` names them and a remedy."""

    def __init__(self, differences: list[str]) -> None:
        super().__init__("; ".join(differences))
        self.differences = differences


def dialect_of(url: str) -> Dialect:
    """Which database a URL names; refuses any but the two with ValueError."""
    if url.startswith("sqlite:///"):
        return "sqlite"
    if url.startswith(("postgresql://", "postgres://")):
        return "postgresql"
    raise ValueError("a database is named sqlite:////absolute/path or postgresql://...")


def sqlite_path(url: str) -> str:
    """The file a URL such as sqlite:////var/lib/x.db names; refuses a database in memory."""
    path = url.removeprefix("sqlite:///").partition("?")[0]
    if not path or path == ":memory:":
        raise ValueError("the ledger lives in a file")
    return path


def sqlite_uri(path: str, *, mode: Literal["ro", "rw"]) -> str:
    """A URI that opens a file which exists: a misspelt name never makes an empty database."""
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{quoted}?mode={mode}"


@lru_cache(maxsize=1024)
def sqlite_placeholders(sql: str) -> str:
    """$1 as SQLite numbers it: to SQLite a $1 is a name, and names cannot be bound by position."""
    return re.sub(r"\$(\d+)", r"?\1", sql)


def ddl(dialect: Dialect) -> str:
    """The DDL file of a dialect."""
    return resources.files("ledger").joinpath(f"schema_{dialect}.sql").read_text("utf-8")


async def install(url: str) -> None:
    """Create the ledger's tables, or compare their fences where they are already.

    Refuses with FencesDiffer; a half-installed database is a difference too.
    """
    if dialect_of(url) == "sqlite":
        _install_sqlite(sqlite_path(url))
    else:
        await _install_postgresql(url)


def _install_sqlite(path: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in SQLITE_PRAGMAS:
            connection.execute(pragma)
        if not _sqlite_objects(connection):
            connection.executescript(f"BEGIN IMMEDIATE;\n{ddl('sqlite')}\nCOMMIT;")
        differences = sqlite_differences(connection)
    finally:
        connection.close()
    if differences:
        raise FencesDiffer(differences)


async def _install_postgresql(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        if not await _postgresql_objects(connection):
            # One simple query is one transaction.
            await connection.execute(ddl("postgresql"))
        differences = await postgresql_differences(connection)
    finally:
        await connection.close()
    if differences:
        raise FencesDiffer(differences)


# Fences, SQLite: the file is executed in memory and SQLite's own record of both is compared


def sqlite_differences(connection: sqlite3.Connection) -> list[str]:
    """Each table, index and trigger that is missing, foreign or not as the DDL file has it."""
    model = sqlite3.connect(":memory:")
    try:
        model.executescript(ddl("sqlite"))
        expected = _sqlite_objects(model)
    finally:
        model.close()
    return _compare(expected, _sqlite_objects(connection))


def _sqlite_objects(connection: sqlite3.Connection) -> dict[str, str]:
    marks = ", ".join("?" * len(TABLES))
    rows = connection.execute(
        f"SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_master"
        f" WHERE tbl_name IN ({marks}) AND type IN ('table', 'index', 'trigger')",
        TABLES,
    )
    return {name: _plain(sql) for name, sql in rows}


# Fences, PostgreSQL: the file is written the way PostgreSQL prints it back

_POSTGRESQL_OBJECTS = """
SELECT 'trigger ' || t.tgname, pg_get_triggerdef(t.oid, true) || ';' || CASE t.tgenabled
    WHEN 'A' THEN 'ALTER TABLE ' || c.relname || ' ENABLE ALWAYS TRIGGER ' || t.tgname || ';'
    ELSE ' enabled: ' || t.tgenabled::text END
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relname = ANY ($1::text[]) AND c.relnamespace = current_schema()::regnamespace
    AND NOT t.tgisinternal
UNION ALL
SELECT 'index ' || i.relname, replace(pg_get_indexdef(i.oid), current_schema() || '.', '') || ';'
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
WHERE c.relname = ANY ($1::text[]) AND c.relnamespace = current_schema()::regnamespace
UNION ALL
SELECT 'column ' || c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relname = ANY ($1::text[]) AND c.relnamespace = current_schema()::regnamespace
    AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'rule ' || rulename, definition FROM pg_rules
WHERE tablename = ANY ($1::text[]) AND schemaname = current_schema()
UNION ALL
SELECT 'function ' || proname, 'CREATE FUNCTION ' || proname
    || '() RETURNS trigger LANGUAGE plpgsql AS $body$' || prosrc || '$body$;'
FROM pg_proc
WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'ledger\\_%'
"""


async def postgresql_differences(connection: Any) -> list[str]:
    """Each column, index, trigger, function and rule missing, foreign or unlike the DDL file."""
    return _compare(_expected_postgresql(), await _postgresql_objects(connection))


async def _postgresql_objects(connection: Any) -> dict[str, str]:
    rows = await connection.fetch(_POSTGRESQL_OBJECTS, list(TABLES))
    return {name: _plain(definition) for name, definition in rows}


def _expected_postgresql() -> dict[str, str]:
    text = ddl("postgresql")
    expected = {
        f"index {name}": statement
        for statement, name in re.findall(
            r"^(CREATE (?:UNIQUE )?INDEX (\w+) .*;)$", text, re.MULTILINE
        )
    }
    for statement, name in re.findall(r"^(CREATE TRIGGER (\w+) .*;)$", text, re.MULTILINE):
        always = re.search(rf"^ALTER TABLE \w+ ENABLE ALWAYS TRIGGER {name};$", text, re.MULTILINE)
        expected[f"trigger {name}"] = statement + (always.group() if always else "")
    for statement, name in re.findall(
        r"^(CREATE FUNCTION (\w+)\(\).*?^\$body\$;)$", text, re.MULTILINE | re.DOTALL
    ):
        expected[f"function {name}"] = statement
    for table, columns in re.findall(
        r"^CREATE TABLE (\w+) \((.*?)^\)", text, re.MULTILINE | re.DOTALL
    ):
        for name, kind, rest in re.findall(r'^ +"?(\w+)"? (\w+)(.*)$', columns, re.MULTILINE):
            held = " NOT NULL" if "NOT NULL" in rest else ""
            expected[f"column {table}.{name}"] = kind + held
    return {name: _plain(statement) for name, statement in expected.items()}


def _plain(sql: str) -> str:
    return " ".join(sql.split())


def _compare(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """What differs, each with what the tables' owner does about it."""
    told = [f"{name} is missing{_put_back(name, expected)}" for name in expected.keys() - found]
    told += [
        f"{name} is foreign; see whether to drop it: {found[name]}"
        for name in found.keys() - expected
    ]
    told += [
        f"{name} differs{_put_back(name, expected, first='drop it first; ')}"
        for name in expected.keys() & found
        if expected[name] != found[name]
    ]
    return sorted(told)


def _put_back(name: str, expected: dict[str, str], *, first: str = "") -> str:
    """The statement that makes a fence again; of a table or a column there is none, and whoever
    dropped it would drop what it holds."""
    if name.startswith(("table ", "column ")):
        return "; the DDL file has it, a sound backup holds it"
    return f"; {first}run: {expected[name]}"

"""Which faults count as an outage of the database, and which are mistakes or damage."""

import sqlite3
from pathlib import Path

import asyncpg
import pytest

from ledger.outages import Away, is_away
from ledger.reader import Unreadable
from timebank.settings import Settings
from web import doctor
from web.commands.asked import UNOPENED, run


def full() -> sqlite3.OperationalError:
    """What SQLite raises on a disk without room."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("PRAGMA max_page_count = 3")
    try:
        connection.executemany("INSERT INTO t VALUES (?)", [(bytes(9_000),)] * 9)
    except sqlite3.OperationalError as error:
        return error
    raise AssertionError("there was room")


def missing_table() -> sqlite3.OperationalError:
    """What SQLite raises for a mistake of ours."""
    try:
        sqlite3.connect(":memory:").execute("SELECT 1 FROM nothing")
    except sqlite3.OperationalError as error:
        return error
    raise AssertionError("it is there")


def caused(error: Exception, cause: Exception) -> Exception:
    """An error raised from another."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error", [asyncpg.CannotConnectNowError("starting up"), full(), ConnectionRefusedError()]
)
def test_a_command_says_that_the_database_is_away(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        run(work())
    assert ended.value.code == UNOPENED
    assert "cannot be opened" in " ".join(capsys.readouterr().err.split())


@pytest.mark.anyio
async def test_the_doctor_names_a_database_that_is_away_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def starting(url: str) -> list[str]:
        raise asyncpg.CannotConnectNowError("starting up")

    monkeypatch.setattr(doctor, "excess", starting)
    found = {one.name: one for one in await doctor.examine(Settings(data=tmp_path))}
    assert (found["role"].well, "starting up" in found["role"].seen) == (False, True)
    assert found["disk"].seen


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (Away(), True),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (FileNotFoundError(2, "No such file or directory"), True),
        (FileNotFoundError(2, "No such file or directory", "/keys/log.vkey"), False),
        (PermissionError(13, "Permission denied"), False),
        (asyncpg.ConnectionDoesNotExistError(), True),
        (asyncpg.CannotConnectNowError(), True),
        (asyncpg.AdminShutdownError(), True),
        (asyncpg.DiskFullError(), True),
        (asyncpg.TooManyConnectionsError(), True),
        (asyncpg.ReadOnlySQLTransactionError(), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.InterfaceError("the server expects 1 argument for this query"), False),
        (asyncpg.UniqueViolationError(), False),
        (asyncpg.UndefinedTableError(), False),
        (full(), True),
        (missing_table(), False),
        (sqlite3.IntegrityError(), False),
        (caused(Unreadable(), asyncpg.CannotConnectNowError()), True),
        (caused(Unreadable(), missing_table()), False),
        (ValueError(), False),
    ],
    ids=repr,
)
def test_which_faults_are_outages(error: Exception, away: bool) -> None:
    assert is_away(error) is away

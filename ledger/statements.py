"""Statements that run for many rows at once, in the way that each database does fastest.

Knows that SQLite runs one statement row after row within the process, and that to PostgreSQL each
row so sent is a message that it parses, plans and answers: there whole columns go as arrays, and
one statement takes all rows. Refuses to know any table.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ledger.tables import Dialect

# A statement with its parameters.
Query = tuple[str, Sequence[object]]


class EachRow(NamedTuple):
    """One statement for many rows, in both its forms."""

    row: str
    """$1, $2, ... are the values of one row."""
    columns: str
    """$1, $2, ... are whole columns, an array each. No row may meet another one's key."""


# A statement with the rows that it runs for.
ForRows = tuple[EachRow, Sequence[Sequence[object]]]


def inserting(table: str, columns: Mapping[str, str], clash: str = "") -> EachRow:
    """Insert rows of `columns`, each with its type in PostgreSQL; `clash` is what is done then."""
    listed = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(columns.values(), 1))
    into = f'INSERT INTO "{table}" ({listed})'
    return EachRow(
        f"{into} VALUES ({values}) {clash}".rstrip(),
        f"{into} SELECT * FROM unnest({arrays}) {clash}".rstrip(),
    )


def deleting(table: str, column: str, kind: str) -> EachRow:
    """Delete the rows whose `column`, of this type in PostgreSQL, has the value."""
    which = f'DELETE FROM "{table}" WHERE "{column}" = '
    return EachRow(f"{which}$1", f"{which}ANY($1::{kind}[])")


def finding(table: str, columns: Iterable[str], key: str, kind: str) -> Mapping[Dialect, str]:
    """Select the rows whose `key`, of this type in PostgreSQL, is one of many; the keys differ.

    $1 is all of them: an array, on SQLite as JSON. PostgreSQL keeps a plan until it has counted a
    table anew, and for `= ANY` on a table that was nearly empty the plan is to read all of it: a
    minute later there are thousands of rows. Row by row it takes the index whatever it knows.
    """
    listed = ", ".join(f'"{name}"' for name in columns)
    return {
        "sqlite": f'SELECT {listed} FROM "{table}" '
        f'WHERE "{key}" IN (SELECT value FROM json_each($1))',
        "postgresql": f"SELECT {listed} FROM unnest($1::{kind}[]) AS wanted(wanted_key), LATERAL "
        f'(SELECT {listed} FROM "{table}" WHERE "{key}" = wanted_key OFFSET 0) AS found',
    }

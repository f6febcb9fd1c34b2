"""Statements that run for many rows at once, in the way that each database does fastest.

Knows that SQLite runs one statement row after row within the process, and that to PostgreSQL each
row so sent is a message that it parses, plans and answers: there whole columns go as arrays, and
one statement takes all rows. Refuses to know any table.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from ledger.tables import Dialect

PLACEHOLDER = re.compile(r"\$(\d+)")

# A statement with its parameters.
Query = tuple[str, Sequence[object]]


class Into(NamedTuple):
    """A table and its columns, in the order of a row's values."""

    table: str
    columns: tuple[str, ...]


class EachRow(NamedTuple):
    """One statement for many rows, in both its forms."""

    row: str
    """$1, $2, ... are the values of one row."""
    columns: str
    """$1, $2, ... are whole columns, an array each. No row may meet another one's key."""
    into: Into | None = None
    """Where the values of a row go, if nothing can be there: then PostgreSQL may copy many."""


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
        None if clash else Into(table, tuple(columns)),
    )


def deleting(table: str, column: str, kind: str) -> EachRow:
    """Delete the rows whose `column`, of this type in PostgreSQL, has the value."""
    which = f'DELETE FROM "{table}" WHERE "{column}" = '
    return EachRow(f"{which}$1", f"{which}ANY($1::{kind}[])")


def finding(table: str, columns: Iterable[str], key: str, kind: str) -> Mapping[Dialect, str]:
    """Select the rows whose `key`, of this type in PostgreSQL, is one of many; the keys differ.

    $1 is all of them: an array, on SQLite as JSON. PostgreSQL keeps a plan until it has counted a
    table anew, and for `= ANY` on a table that was nearly empty the plan is to read all of it: a
    minute later there are thousands of rows. Row by row it takes the index whatever it knows. An
    array that stands there as it is it counts, finds the few cheaper than the ten it would expect,
    and plans anew each time, which takes three times what the plan does: from a query's own query
    it comes uncounted.
    """
    listed = ", ".join(f'"{name}"' for name in columns)
    return {
        "sqlite": f'SELECT {listed} FROM "{table}" '
        f'WHERE "{key}" IN (SELECT value FROM json_each($1))',
        "postgresql": f"SELECT {listed} FROM unnest((SELECT $1::{kind}[])) "
        "AS wanted(wanted_key), LATERAL "
        f'(SELECT {listed} FROM "{table}" WHERE "{key}" = wanted_key OFFSET 0) AS found',
    }


@lru_cache(maxsize=1_000)
def for_each_set(query: str, types: Sequence[object]) -> str:
    """One query of PostgreSQL for what a query finds with each of many sets of values.

    $1, $2, ... are columns of values, an array each; where `types` has no type's name the values
    are the same in all sets, and given once. A row ends in the number, from 1, of the set that
    found it.
    """
    own = {n: kind for n, kind in enumerate(types, 1) if isinstance(kind, str)}
    arrays = ", ".join(f"(SELECT ${n}::{kind}[])" for n, kind in own.items())
    names = "".join(f"p{n}, " for n in own)
    lone = PLACEHOLDER.sub(lambda m: f"wanted.p{m[1]}" if int(m[1]) in own else m[0], query)
    return (
        f"SELECT found.*, wanted.n FROM unnest({arrays}) WITH ORDINALITY AS wanted({names}n), "
        f"LATERAL ({lone} OFFSET 0) AS found"
    )


def at_once(statements: Sequence[str]) -> str:
    """One statement that does in PostgreSQL what several do, their parameters one after another.

    None may meet another one's rows: each sees the tables as they were before them all.
    """
    parts = ", ".join(f"part_{n} AS ({text})" for n, text in enumerate(_renumbered(statements)))
    return f"WITH {parts} SELECT"


def rows_at_once(queries: Sequence[str]) -> str:
    """One query of PostgreSQL for what several find, an array of rows for each of them."""
    parts = (f"ARRAY(SELECT a_row FROM ({text}) AS a_row)" for text in _renumbered(queries))
    return f"SELECT {', '.join(parts)}"


def _renumbered(statements: Sequence[str]) -> Iterator[str]:
    taken = 0
    for statement in statements:
        told, *pieces = PLACEHOLDER.split(statement)
        for number, text in zip(pieces[::2], pieces[1::2], strict=True):
            told += f"${int(number) + taken}{text}"
        yield told
        taken += max(map(int, pieces[::2]), default=0)


class Combinations:
    """Statements that ran one after another before, with the `one` that does what they do.

    To plan a new one costs what its parts cost four times over: it is made at the second meeting.
    """

    def __init__(self, one: Callable[[Sequence[str]], str], most: int = 200) -> None:
        self._one, self._most = one, most
        self._met: dict[tuple[str, ...], str | None] = {}

    def of(self, statements: tuple[str, ...]) -> str | None:
        """The one statement for these; None at their first meeting, and for a single one."""
        if len(statements) < 2:
            return None
        if statements not in self._met:
            self._met[statements] = None
            if len(self._met) > self._most:
                del self._met[next(iter(self._met))]
            return None
        made = self._met[statements]
        if made is None:
            made = self._met[statements] = self._one(statements)
        return made

"""Conditions: what a read asks of a table's rows, spelled as the SQL of either database.

Knows the ORM's conditions (Q) as far as reads use them: equal, in, before, after, beginning, null,
joined and negated. Spelled here, because to build its select took the ORM two fifths of what the
home query costs, and because a list is one value on PostgreSQL, so that its length makes no new
statement to prepare. Refuses to know who runs it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any

from tortoise.expressions import Q

from ledger.tables import Dialect
from timebank.columns import to_microseconds

SIGNS = {"": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Asked:
    """A question to one table: its statement as it grows, and the values of its placeholders.

    Args: kinds, the type of each column in PostgreSQL; bytewise, whether texts stand there in the
    order of their bytes.
    """

    def __init__(self, dialect: Dialect, kinds: Mapping[str, str], *, bytewise: bool) -> None:
        self.values: list[Any] = []
        self._bytewise = bytewise
        self._postgresql = dialect == "postgresql"
        self._kinds = kinds

    def where(self, conditions: Sequence[Q], filters: Mapping[str, Any]) -> str:
        """The clause in which all of them hold, with a space before it; nothing where all do."""
        told = [text for one in conditions if (text := self._condition(one))]
        told += [self._compared(name, value) for name, value in filters.items()]
        return f" WHERE {' AND '.join(told)}" if told else ""

    def told(self) -> tuple[Any, ...]:
        """The values as they are looked up: several that are one value as a tuple."""
        return tuple(tuple(one) if isinstance(one, list) else one for one in self.values)

    def _condition(self, asked: Q) -> str:
        told = [self._compared(name, value) for name, value in asked.filters.items()]
        told += [text for child in asked.children if (text := self._condition(child))]
        if not told:
            return ""
        joined = f" {asked.join_type} ".join(told)
        return f"{'NOT ' if asked._is_negated else ''}({joined})"

    def _compared(self, name: str, value: Any) -> str:
        column, _, how = name.partition("__")
        # A misspelt column is a bug, told before the database is asked.
        kind = self._kinds[column]
        if how == "isnull" or (not how and value is None):
            return f'"{column}" IS {"" if value in (None, True) else "NOT "}NULL'
        if how == "in":
            return self._among(column, kind, [plain(one) for one in value])
        if how == "startswith":
            return self._beginning(column, str(value))
        return f'"{column}" {SIGNS[how]} {self._given(plain(value))}'

    def _among(self, column: str, kind: str, values: list[Any]) -> str:
        if self._postgresql:
            return f'"{column}" = ANY({self._given(values)}::{kind}[])'
        return f'"{column}" IN ({", ".join(map(self._given, values))})'

    def _beginning(self, column: str, start: str) -> str:
        """Byte by byte, and where texts stand in that order as a range, which an index serves.

        SQLite's LIKE takes none, and PostgreSQL one for this only where its locale is C.
        """
        if not self._bytewise:
            return f'"{column}" ^@ {self._given(start)}'
        if not start:
            return f'"{column}" IS NOT NULL'
        beyond = start[:-1] + chr(ord(start[-1]) + 1)
        return f'("{column}" >= {self._given(start)} AND "{column}" < {self._given(beyond)})'

    def _given(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


def ordered(order: Iterable[str]) -> str:
    """The clause that puts rows in an order, `-` falling, with a space before it."""
    told = [f'"{name[1:]}" DESC' if name[0] == "-" else f'"{name}"' for name in order]
    return f" ORDER BY {', '.join(told)}" if told else ""


def plain(value: Any) -> Any:
    """A value to compare with, as the database keeps it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return to_microseconds(value)
    if isinstance(value, date):
        return value.isoformat()
    return value

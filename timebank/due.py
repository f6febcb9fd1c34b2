"""What is due: the candidates of timers, read without the lock, the longest due first.

Whatever is done with one asks again whether it is due. Knows tables, the city's day and the clock;
refuses to know why anything is due.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from timebank.clock import day_of
from timebank.journal import current
from timebank.tables import Row, read


class Due(Protocol):
    """Reads at most `limit` candidates, the longest due first, after `skip` of them."""

    def __call__(self, *, skip: int, limit: int) -> Awaitable[list[str]]: ...


def over(row: type[Row], column: str, *states: StrEnum) -> Due:
    """The rows in these states, or in any, whose day is over."""
    return _due(row, column, "lt", _today, states)


def come(row: type[Row], column: str, *states: StrEnum) -> Due:
    """The same, once their day has come."""
    return _due(row, column, "lte", _today, states)


def passed(row: type[Row], column: str, *states: StrEnum) -> Due:
    """The same, once their moment has passed."""
    return _due(row, column, "lte", _now, states)


def _now() -> datetime:
    return current().clock.now()


def _today() -> str:
    return day_of(_now()).isoformat()


def _due(
    row: type[Row],
    column: str,
    test: str,
    at: Callable[[], datetime | str],
    states: tuple[StrEnum, ...],
) -> Due:
    async def due(*, skip: int, limit: int) -> list[str]:
        spec = row.spec
        key = spec.columns[0]
        filters = {f"{column}__{test}": at()} | ({"state__in": sorted(states)} if states else {})
        found = await read(spec, f'"{key}"', (), filters, [column, key], limit, skip)
        return [id for (id,) in found]

    return due

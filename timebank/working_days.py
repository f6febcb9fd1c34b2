"""Working days: which days offices work, for clocks that count them (domain 4 and 12).

Knows the city's dated table of public holidays and of weekend days worked in exchange, over which
an operator lays the years that were announced later. Refuses to know what runs on these days: a
clock's last day is written into the entry that starts it, so that no table moves one that runs.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import chain
from pathlib import Path

import msgspec
import yaml

TABLE = Path(__file__).parent / "data" / "working_days.yaml"
SATURDAY = 5
DAY = timedelta(days=1)


class Year(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A year's holidays as spans `MM-DD..MM-DD`, and the weekend days worked, as `MM-DD`."""

    holidays: tuple[str, ...]
    worked: tuple[str, ...]


class Exceptions(msgspec.Struct, frozen=True):
    """The days that differ from Monday to Friday, in the years of which they are known."""

    holidays: frozenset[date]
    worked: frozenset[date]
    years: frozenset[int]


def read_table(*texts: str) -> Exceptions:
    """The days that YAML tables say, a year of a later one in the place of an earlier one's.

    Raises ValueError where one is no table, or a day or a span is none.
    """
    holidays: set[date] = set()
    worked: set[date] = set()
    years = dict(chain.from_iterable(_years(text).items() for text in texts))
    for year, told in years.items():
        for span in told.holidays:
            holidays.update(_span(year, span))
        worked.update(date.fromisoformat(f"{year}-{day}") for day in told.worked)
    if both := holidays & worked:
        raise ValueError(f"{min(both)} is said to be a holiday and to be worked")
    return Exceptions(frozenset(holidays), frozenset(worked), frozenset(years))


def _years(text: str) -> dict[int, Year]:
    try:
        return msgspec.convert(yaml.safe_load(text), dict[int, Year])
    except yaml.YAMLError as error:
        raise ValueError(f"this is no YAML: {error}") from None


def _span(year: int, told: str) -> Iterator[date]:
    first, last = (date.fromisoformat(f"{year}-{day}") for day in told.split(".."))
    if last < first:
        raise ValueError(f"{told} ends before it begins")
    while first <= last:
        yield first
        first += DAY


_later: Path | None = None


def install(later: Path | None) -> None:
    """Lay a file's years over the table that came with this version, in this process."""
    global _later
    _later = later
    city_table.cache_clear()


def table_with(later: Path | None) -> Exceptions:
    """The table that came with this version, a file's years over it. Raises OSError, ValueError."""
    files = [TABLE] if later is None else [TABLE, later]
    return read_table(*(file.read_text("utf-8") for file in files))


@cache
def city_table() -> Exceptions:
    """The city's own table."""
    return table_with(_later)


def is_working(day: date, table: Exceptions) -> bool:
    """Whether offices work on a day."""
    if day in table.worked:
        return True
    return day.weekday() < SATURDAY and day not in table.holidays


def working_days_later(day: date, count: int, table: Exceptions | None = None) -> date:
    """The `count`-th working day after `day`, which itself is not counted; `count` >= 1."""
    held = city_table() if table is None else table
    while count > 0:
        day += DAY
        count -= is_working(day, held)
    return day

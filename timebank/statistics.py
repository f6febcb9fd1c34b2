"""Statistics: minutes of service by area, month and kind (domain 2).

There is one definition of an hour: what is counted here is what a volunteer's lifetime record
counts, at the same place and the same moment, so two screens never show two totals. Knows sums of
districts and streets; refuses to know persons, and to rank anybody.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date

import msgspec

from timebank.activities import ActivityKind
from timebank.projections import Rows
from timebank.tables import Row, select, table

MONTHS_MAX = 60

# Tables and projectors


@table("service_figure", index=[("parent", "month")])
class ServiceFigure(Row, frozen=True):
    """Minutes of one kind served in an area in a month; `id` is `<parent>/<area>/<month>/<kind>`.

    Kept for the districts below the city and the streets below a district. What was served at a
    station of the district itself stands under the district as its own street.
    """

    id: str
    parent: str
    area: str
    month: str
    kind: ActivityKind
    minutes: int


def count_service(rows: Rows, path: str, day: date, kind: ActivityKind, minutes: int) -> None:
    """Add minutes, or take them away if negative, of service on a day under a station's path."""
    # Areas have codes, which are digits first; whoever stands below them has an id with a prefix.
    city, *below = (part for part in path.split("/") if part[:1].isdigit())
    district = below[0] if below else city
    street = below[1] if len(below) > 1 else district
    month = f"{day:%Y-%m}"
    places = dict.fromkeys(((city, district), (district, street)))
    ids = {f"{parent}/{area}/{month}/{kind}": (parent, area) for parent, area in places}
    rows.ask(*((ServiceFigure, id) for id in ids))
    for id, (parent, area) in ids.items():
        held = rows.get(ServiceFigure, id)
        rows.put(
            ServiceFigure(
                id=id,
                parent=parent,
                area=area,
                month=month,
                kind=kind,
                minutes=(held.minutes if held else 0) + minutes,
            )
        )


# Reads


class Cell(msgspec.Struct, frozen=True):
    """What was served of one kind in one area in one month, where something was."""

    month: str
    area: str
    kind: ActivityKind
    minutes: int


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes served in an area from one month to another, in all and three times apart.

    `months` are `YYYY-MM`, each with its minutes, none left out; `areas` are the districts of the
    city or the streets of a district, by code. `cells` are all three together.
    """

    area: str
    minutes: int
    months: tuple[tuple[str, int], ...]
    kinds: tuple[tuple[ActivityKind, int], ...]
    areas: tuple[tuple[str, int], ...]
    cells: tuple[Cell, ...]


async def statistics(
    area: str, since: date, until: date, *, kind: ActivityKind | None = None
) -> Statistics:
    """What was served in the city or a district, in the months of two days and between.

    At most 60 months, the last ones; an area without service has zeros. Args: kind, to count that
    kind alone.   Source: domain 2.
    """
    months = months_between(since, until)
    held: list[ServiceFigure] = []
    if months:
        held = await select(ServiceFigure, parent=area, month__gte=months[0], month__lte=months[-1])
        held = [row for row in held if kind in (None, row.kind)]
    by_month = _sums(held, lambda row: row.month)
    by_kind, by_area = _sums(held, lambda row: row.kind), _sums(held, lambda row: row.area)
    return Statistics(
        area=area,
        minutes=sum(row.minutes for row in held),
        months=tuple((month, by_month[month]) for month in months),
        kinds=tuple((kind, by_kind[kind]) for kind in ActivityKind),
        areas=tuple(sorted(by_area.items())),
        cells=tuple(
            Cell(row.month, row.area, row.kind, row.minutes)
            for row in sorted(held, key=lambda row: (row.month, row.area, row.kind))
            if row.minutes
        ),
    )


def months_between(since: date, until: date) -> list[str]:
    """The months of two days and between, at most the last 60; none where the first is later."""
    first, last = (day.year * 12 + day.month - 1 for day in (since, until))
    whole = range(max(first, last - MONTHS_MAX + 1), last + 1)
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in whole]


def _sums(held: list[ServiceFigure], part: Callable[[ServiceFigure], str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in held:
        found[part(row)] += row.minutes
    return found

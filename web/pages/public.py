"""Pages of everybody who looks in from outside: the ledger in the open, and the verifier."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from web.pages.table import Opened, Page
from web.pages.times import midnight

CITY = "420100"
YEAR = timedelta(days=334)


class Counted(msgspec.Struct, frozen=True):
    """What an address asks the statistics of: area, the days of the months, and a kind by name.

    Without a month that reads: the twelve that end with this one.
    """

    area: str
    since: date
    until: date
    kind: str | None

    @classmethod
    def of(cls, query: Mapping[str, str], now: datetime) -> "Counted":
        """What a query asks for."""
        until = _month(query.get("until", "")) or midnight(now).date()
        since = _month(query.get("since", "")) or until - YEAR
        return cls(query.get("area") or CITY, since, until, query.get("kind") or None)


def _day(told: str) -> date | None:
    """A day of the address, none where it says none."""
    try:
        return date.fromisoformat(told)
    except ValueError:
        return None


def _month(told: str) -> date | None:
    """The first day of a month `YYYY-MM`."""
    return _day(f"{told}-01")


def counted(opened: Opened) -> dict[str, Any]:
    """Area, months and kind of the address."""
    asked = Counted.of(opened.query, opened.now)
    days = {"since": asked.since.isoformat(), "until": asked.until.isoformat()}
    return days | {"area": asked.area, "kind": asked.kind}


def on_a_day(opened: Opened) -> dict[str, Any]:
    """The day that the address asks for, today's where it says none."""
    day = _day(opened.asked("on"))
    return {"on": day.isoformat() if day else None}


PAGES = (
    Page(
        path="/ledger",
        template="ledger.html",
        operation="open_ledger",
        variables=lambda opened: {"area": opened.asked("area") or CITY},
        who="anyone",
        menu="公开账本",
        group="open",
    ),
    Page(
        path="/ledger/stations",
        template="ledger_stations.html",
        operation="ledger_stations",
        variables=lambda opened: {
            "area": opened.asked("area") or CITY,
            "number": opened.asked("station"),
        },
        needs="area",
        who="anyone",
        lists=("after",),
    ),
    Page(
        path="/verify",
        template="verify.html",
        operation="verifier_keys",
        who="anyone",
        menu="核验回执与证明",
        group="open",
    ),
    Page(
        path="/statistics",
        template="statistics.html",
        operation="statistics",
        variables=counted,
        who="anyone",
        menu="服务统计",
        group="open",
    ),
    Page(
        path="/policy",
        template="policy.html",
        operation="policy",
        variables=on_a_day,
        who="anyone",
        menu="规则里的数字",
        group="open",
    ),
    Page(path="/manual", template="manual.html", who="anyone", menu="使用说明", group="open"),
)

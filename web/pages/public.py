"""Pages of everybody who looks in from outside: the ledger in the open, and the verifier."""

from datetime import timedelta
from typing import Any

from web.pages.table import Opened, Page
from web.pages.times import midnight

CITY = "420100"
YEAR = timedelta(days=334)


def last_year(opened: Opened) -> dict[str, Any]:
    """The twelve months that end with this one, in the area of the address or the city."""
    today = midnight(opened.now).date()
    return {
        "area": opened.asked("area") or CITY,
        "since": (today - YEAR).isoformat(),
        "until": today.isoformat(),
    }


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
        variables=last_year,
        who="anyone",
        menu="服务统计",
        group="open",
    ),
    Page(path="/manual", template="manual.html", who="anyone", menu="使用说明", group="open"),
)

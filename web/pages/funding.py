"""Pages of public money: for everybody who got what, for cashier and checker their steps."""

from typing import Any

from web.forms import plain
from web.pages.table import Opened, Page
from web.pages.times import CITY

HANDS = ("STREET_CASHIER", "STREET_CHECKER")
PAYMENTS = "/office/payments"


def this_year(opened: Opened) -> dict[str, Any]:
    """The year in the city, or another that is asked for."""
    asked = opened.asked("year")
    year = int(asked) if asked.isdecimal() and len(asked) == 4 else None
    return {"year": year or opened.now.astimezone(CITY).year}


def one_source(opened: Opened) -> dict[str, Any]:
    """The source, and after which of its promises the page begins."""
    return {"id": opened.path["id"], "after": opened.asked("after") or None}


def my_payments(opened: Opened) -> dict[str, Any]:
    """Where a cashier or checker is at work."""
    return {"scope": opened.office(*HANDS)}


PAGES = (
    Page(
        path="/money",
        template="money.html",
        operation="money",
        who="anyone",
        variables=this_year,
        menu="公共资金",
        group="open",
    ),
    Page(
        path="/money/sources/{id}",
        template="portfolio.html",
        operation="portfolio",
        who="anyone",
        variables=one_source,
        needs="source",
    ),
    Page(
        path=PAYMENTS,
        template="office_payments.html",
        operation="office_payments",
        who="staff",
        lookup="my_offices",
        variables=my_payments,
        menu="资金拨付",
        group="office",
    ),
)

FORMS = (
    plain(PAYMENTS, "prepare", "prepare_payment", "tranche"),
    plain(PAYMENTS, "approve", "approve_payment", "tranche"),
    plain(PAYMENTS, "pay", "pay_tranche", "tranche", "reference"),
    plain(PAYMENTS, "reconcile", "reconcile_tranche", "tranche"),
    plain(PAYMENTS, "bounce", "bounce_payment", "tranche"),
    plain(PAYMENTS, "withhold", "withhold_tranche", "tranche", "reason"),
    plain(PAYMENTS, "resume", "resume_tranche", "tranche"),
)

"""Pages of public money: for everybody who got what, for cashier and checker their steps."""

from typing import Any

from web.forms import plain
from web.pages.acts import Act, Answered, Told, Words
from web.pages.table import Opened, Page, by_id, scope_at
from web.pages.times import CITY

HANDS = ("STREET_CASHIER", "STREET_CHECKER")
PAYMENTS, ACTIVITY = "/office/payments", "/activities/{id}/money"


def this_year(opened: Opened) -> dict[str, Any]:
    """The year in the city, or another that is asked for."""
    asked = opened.asked("year")
    year = int(asked) if asked.isdecimal() and len(asked) == 4 else None
    return {"year": year or opened.now.astimezone(CITY).year}


def one_thing(opened: Opened) -> dict[str, Any]:
    """The thing, and after which of its promises the page begins."""
    return by_id(opened) | {"after": opened.asked("after") or None}


def my_payments(opened: Opened) -> dict[str, Any]:
    """Where a cashier or checker is at work."""
    return {"scope": opened.office(*HANDS)}


def the_activity(opened: Opened) -> dict[str, Any]:
    """The activity, the scope of who runs it, and after which promise its choices begin."""
    team = scope_at(opened, "activity", "team")
    whose = team if team != "-" else scope_at(opened, "activity", "station")
    return {"scope": whose} | one_thing(opened)


def may_pay(answers: Answered) -> dict[str, Words]:
    """What may pay for an activity: what it is called, whose it is, and of which area."""
    found = (answers.get("promisesFor") or {}).get("nodes", ())
    return {"commitment": {one["id"]: promised(one) for one in found}}


def promised(one: Answered) -> str:
    """A promise in a line."""
    names = (one["name"], *((one[part] or {}).get("name") for part in ("payee", "unit")))
    return " · ".join(filter(None, names))


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
        variables=one_thing,
        needs="source",
    ),
    Page(
        path=ACTIVITY,
        template="activity_money.html",
        operation="activity_money",
        who="staff",
        group="desk",
        lookup="activity_scope",
        looks=by_id,
        variables=the_activity,
        needs="activity",
        acts=(
            Act(
                name="fund",
                mutation="fund_activity",
                word="登记由这笔资金支付",
                about="activity",
                may="run",
                told=(Told(name="commitment", word="资金", kind="one"),),
            ),
        ),
        choices=may_pay,
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

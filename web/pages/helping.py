"""Pages of help among neighbours: one's orders, what waits near, and the orders of a station."""

from typing import Any

from web.forms import Form, Posted, plain
from web.pages.stations import chosen, station_page
from web.pages.table import Opened, Page
from web.pages.times import instant_of

ACTS = {
    "cancel": "cancel_help",
    "confirm": "confirm_help",
    "no-show": "report_no_show",
    "start": "start_help",
    "check-out": "deliver_help",
    "withdraw": "withdraw_from_help",
}
"""What is done with an order by its id alone: the form's name and the operation."""


def ordered(posted: Posted) -> dict[str, Any]:
    """An order as the form has it, its day and hour in the city's time."""
    return {
        "kind": posted.one("kind"),
        "starts": instant_of(posted.one("day"), posted.one("starts")),
        "minutes": posted.whole("minutes"),
        "atHome": posted.one("home") == "yes",
        "words": posted.one("words"),
        "payer": posted.one("payer") or None,
        "served": posted.one("served") or None,
    }


def at_the_counter(opened: Opened) -> dict[str, Any]:
    """The station at hand, and its scope."""
    place = chosen(opened)
    return {"station": place.get("id", ""), "scope": place.get("path", "-")}


def minute_of(told: str) -> int:
    """Minutes after midnight of an `HH:MM` field; -1, which nothing is, where it is none."""
    hour, _, minute = told.partition(":")
    whole = hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit()
    return int(hour) * 60 + int(minute) if whole and len(told) <= 5 else -1


def weekdays_of(posted: Posted) -> list[int]:
    """The weekdays that were chosen, Monday being 1."""
    return [int(day) for day in posted.many("weekday") if day in list("1234567")]


def windows_of(posted: Posted) -> list[dict[str, int]]:
    """The same hours on every weekday that was chosen."""
    begins, ends = minute_of(posted.one("begins")), minute_of(posted.one("ends"))
    return [
        {"weekday": day, "beginsMinute": begins, "endsMinute": ends} for day in weekdays_of(posted)
    ]


def offered(posted: Posted) -> dict[str, Any]:
    """An offer as the form has it: the same hours on every weekday that was chosen."""
    return {
        "kinds": posted.many("kind"),
        "windows": windows_of(posted),
        "atHome": posted.one("home") == "yes",
        "until": posted.one("until"),
    }


PAGES = (
    Page(path="/help", template="help.html", operation="help", menu="互助求助", group="near"),
    Page(
        path="/help/near",
        template="help_near.html",
        operation="help_near",
        menu="帮助邻居",
        group="near",
    ),
    station_page(
        path="/desk/help",
        template="desk_help.html",
        menu="求助单",
        operation="desk_help",
        variables=at_the_counter,
    ),
)

FORMS = (
    Form(path="/help/order", mutation="request_help", page="/help", given=ordered),
    *(plain("/help", act, mutation, "order") for act, mutation in ACTS.items()),
    plain("/help", "dispute", "dispute_help", "order", "reason"),
    Form(
        path="/help/near/take",
        mutation="claim_help",
        page="/help/near",
        then="/help?done=1",
        given=lambda posted: {"order": posted.one("order")},
    ),
    Form(path="/help/near/offer", mutation="offer_help", page="/help/near", given=offered),
    plain("/help/near", "end", "end_help_offer"),
    Form(path="/desk/help/order", mutation="request_help", page="/desk/help", given=ordered),
    *(
        plain("/desk/help", act, mutation, "order")
        for act, mutation in ACTS.items()
        if act in ("cancel", "confirm")
    ),
    plain("/desk/help", "match", "match_help", "order", "helper"),
    plain("/desk/help", "decide", "decide_help", "order", whole="minutes"),
)

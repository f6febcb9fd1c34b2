"""Pages of a station's work behind the desk: activities, registration, pasted rosters."""

import csv
from collections.abc import Mapping
from datetime import timedelta
from io import StringIO
from typing import Any

from web.forms import Form, Posted, plain
from web.pages.stations import at_station, chosen, of_team, station_page
from web.pages.table import Opened
from web.pages.times import instant_of, midnight

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
SHEET_BYTES = 1024 * 1024
COLUMNS = ("volunteer", "date", "start", "end", "kind", "activity", "station")
MOVES = {
    "open": "open_activity",
    "start": "start_activity",
    "end": "end_activity",
    "file": "file_activity",
    "close": "close_activity",
}


def since(opened: Opened, before: timedelta) -> dict[str, Any]:
    """The station, or the team for which alone one works there, from so long ago on."""
    return of_team(opened) | {"since": (midnight(opened.now) - before).isoformat()}


def this_week(opened: Opened) -> dict[str, Any]:
    """The same with its scope, from a week ago on: what is filed late still has to be seen."""
    return since(opened, WEEK) | {"scope": chosen(opened).get("path", "-")}


def declared(posted: Posted) -> dict[str, Any]:
    """An activity as the form has it, its day and hours in the city's time."""
    day = posted.one("day")
    return {
        "station": posted.one("home"),
        "team": posted.one("team") or None,
        "kind": posted.one("kind"),
        "title": posted.one("title"),
        "seats": posted.whole("seats"),
        "starts": instant_of(day, posted.one("starts")),
        "ends": instant_of(day, posted.one("ends")),
        "place": posted.one("place"),
        "requirements": posted.one("requirements"),
        "risks": posted.one("risks"),
    }


def sheet(posted: Posted) -> dict[str, Any]:
    """A sheet as it was pasted or sent, or row by row as it was mended on the page."""
    return {
        "text": mended(posted) or posted.given.get("sheet", [""])[0],
        "file": posted.one("file") or None,
        "station": posted.one("number") or None,
        "activity": posted.one("activity") or None,
        "dryRun": posted.one("act") == "check",
        "late": posted.one("late") or None,
    }


def mended(posted: Posted) -> str:
    """The rows that the page showed, as text again; empty where it showed none."""
    rows = list(zip(*(posted.given.get(f"row-{column}", []) for column in COLUMNS), strict=False))
    if not rows:
        return ""
    text = StringIO()
    csv.writer(text).writerows([COLUMNS, *(map(str.strip, row) for row in rows)])
    return text.getvalue()


def unfinished(payload: Mapping[str, Any]) -> bool:
    """Whether a row of a sheet is not in: it was only checked, or it has to be mended."""
    return any(not row["record"] and not row["isKnown"] for row in payload["rows"])


def registered(posted: Posted) -> dict[str, Any]:
    """Somebody at the counter, with the document that they show."""
    return {
        "name": posted.one("name"),
        "document": posted.one("document"),
        "documentNumber": posted.one("documentNumber"),
        "birth": posted.one("birth") or None,
        "phone": posted.one("phone"),
        "home": posted.one("home"),
        "consent": posted.one("consent") == "yes",
    }


PAGES = (
    station_page(
        path="/desk/activities",
        template="desk_activities.html",
        menu="活动安排",
        operation="desk_activities",
        variables=this_week,
    ),
    station_page(
        path="/desk/register",
        template="desk_register.html",
        menu="登记志愿者",
        operation="desk_place",
        variables=at_station,
    ),
    station_page(
        path="/desk/rosters",
        template="desk_rosters.html",
        menu="名册录入",
        operation="desk_roster",
        variables=lambda opened: since(opened, MONTH),
    ),
)

FORMS = (
    Form(
        path="/desk/activities/declare",
        mutation="declare_activity",
        page="/desk/activities",
        given=declared,
    ),
    Form(
        path="/desk/activities/draft",
        mutation="draft_activity",
        page="/desk/activities",
        given=declared,
    ),
    plain("/desk/activities", "declare-draft", "declare_activity_draft", "draft"),
    plain("/desk/activities", "drop-draft", "drop_activity_draft", "draft"),
    plain("/desk/activities", "cancel", "cancel_activity", "activity", "reason"),
    *(plain("/desk/activities", move, mutation, "activity") for move, mutation in MOVES.items()),
    Form(
        path="/desk/register",
        mutation="register_person",
        page="/desk/register",
        then="/desk/register",
        stays=lambda payload: bool(payload.get("number")),
        given=registered,
    ),
    Form(
        path="/desk/rosters",
        mutation="record_sheet",
        page="/desk/rosters",
        stays=unfinished,
        given=sheet,
        most_bytes=SHEET_BYTES,
    ),
)

"""Pages of a station: the desk with its scan box, the rotating code, devices, lost sign-ins."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from web.forms import Form, Posted, plain
from web.pages.table import Opened, Page
from web.pages.times import midnight

DAY = timedelta(days=1)
DEVICES, SIGN_IN = "/desk/devices", "/desk/sign-in"


def chosen(opened: Opened) -> Mapping[str, Any]:
    """The station at hand: the one the address names, or else the first of the actor's roles.

    With the scope of its work there, which is a team's for whoever works for one alone: that of
    the team that the address names, or of the first role that reaches no further.
    """
    found, grants = opened.found, opened.found.get("myGrants", ())
    team = found.get("team") or {}
    if team.get("station"):
        return {**team["station"], "path": team["path"], "team": team["id"]}
    own = [grant["station"] for grant in grants if grant["station"]]
    place = found.get("station") or (own[0] if own and not opened.asked("station") else {})
    scopes = [grant["scope"] for grant in grants]
    below = [scope for scope in scopes if place and scope.startswith(place["path"])]
    if not below or any(place["path"].startswith(scope) for scope in scopes):
        return place
    return {**place, "path": below[0], "team": below[0].strip("/").rpartition("/")[2]}


def of_team(opened: Opened) -> dict[str, Any]:
    """The station's id, and that of the team for which alone one works there; empty for none."""
    place = chosen(opened)
    return {"station": place.get("id", ""), "team": place.get("team", "")}


def at_station(opened: Opened) -> dict[str, Any]:
    """The station's id, and nothing that stands for one where there is none."""
    return {"station": chosen(opened).get("id", "")}


def at_the_desk(opened: Opened) -> dict[str, Any]:
    """The station, its scope, today's bounds, the day looked at, and whom the desk has scanned."""
    today = midnight(opened.now)
    return of_team(opened) | {
        "scope": chosen(opened).get("path", "-"),
        "since": today.isoformat(),
        "until": (today + DAY).isoformat(),
        "seen": opened.asked("seen"),
        "day": opened.day(),
    }


def scanned(posted: Posted) -> str:
    """The number that was scanned, without what stood in the box when the scanner typed.

    A scanner types where the cursor is: before or after a number that was refused and kept.
    """
    number, kept = posted.one("number"), posted.one("kept")
    if kept and len(number) >= 2 * len(kept):
        return number.removeprefix(kept).removesuffix(kept).strip()
    return number


def after_scan(posted: Posted) -> str:
    """The desk, with the visit that began or ended and the activity remembered."""
    seen = posted.payload["attendance"]["id"]
    return posted.address("/desk", activity=posted.one("activity"), seen=seen)


station_page = partial(
    Page,
    who="staff",
    group="desk",
    lookup="desk_station",
    looks=lambda opened: {"number": opened.asked("station"), "team": opened.asked("team")},
)

PAGES = (
    station_page(
        path="/desk",
        template="desk.html",
        menu="签到与确认",
        icon="desk",
        short="工作台",
        operation="desk",
        variables=at_the_desk,
    ),
    # Kept by the desk's own browser for a time without a network: nobody's data are on it.
    Page(path="/desk/offline", template="desk_offline.html", who="anyone", group="desk"),
    station_page(
        path="/desk/code",
        template="code.html",
        menu="大屏签到码",
        operation="station_code",
        variables=at_station,
    ),
    station_page(
        path=DEVICES,
        template="desk_devices.html",
        menu="设备",
        operation="desk_devices",
        variables=at_station,
    ),
    station_page(
        path=SIGN_IN,
        template="desk_sign_in.html",
        menu="服务卡与登录",
        operation="desk_sign_in",
        variables=at_station,
    ),
)

FORMS = (
    Form(
        path="/desk/scan",
        mutation="scan_volunteer",
        page="/desk",
        then=after_scan,
        given=lambda posted: {"activity": posted.one("activity"), "number": scanned(posted)},
    ),
    Form(
        path="/desk/record",
        mutation="capture_visit",
        page="/desk",
        then=lambda posted: posted.address(
            "/desk",
            activity=posted.one("activity"),
            done="1",
            **({"day": posted.query["day"]} if "day" in posted.query else {}),
        ),
        given=lambda posted: {
            "activity": posted.one("activity"),
            "person": posted.one("person"),
            "visit": posted.whole("visit"),
            "late": posted.one("late") or None,
        },
    ),
    plain("/desk", "confirm", "confirm_hours", records=True),
    plain("/desk", "reject", "reject_hours", "reason", records=True),
    Form(
        path=f"{DEVICES}/enrol",
        mutation="enrol_device",
        page=DEVICES,
        then=DEVICES,
        # The token is told once, on the spot.
        stays=lambda payload: bool(payload.get("token")),
        given=lambda posted: {
            "station": posted.one("station"),
            "name": posted.one("name"),
            "key": posted.one("public") or None,
        },
        keyed=False,
    ),
    plain(DEVICES, "end", "end_device", "device"),
    Form(
        path=f"{SIGN_IN}/card",
        mutation="issue_card",
        page=SIGN_IN,
        then=SIGN_IN,
        # The number is told once, on the spot; so is the code below.
        stays=lambda payload: bool(payload.get("card")),
        given=lambda posted: {"number": posted.one("number"), "pin": posted.one("pin")},
        keyed=False,
    ),
    Form(
        path=f"{SIGN_IN}/reset",
        mutation="reset_sign_in",
        page=SIGN_IN,
        stays=lambda payload: bool(payload.get("code")),
        given=lambda posted: {"number": posted.one("number"), "what": posted.one("what")},
        keyed=False,
    ),
)

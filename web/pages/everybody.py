"""Pages of everybody: sign in, register, and the door of a station, opened from its poster."""

from datetime import timedelta
from typing import Any

from web.forms import Form, Posted, own_path
from web.pages.table import Opened, Page
from web.pages.troubles import gone

DAY = timedelta(days=1)


def at_the_door(opened: Opened) -> dict[str, Any]:
    """What the door asks: the station's activities of about now, and what was just done there."""
    station = opened.found.get("station") or {}
    return {
        "station": station.get("id", ""),
        "since": (opened.now - DAY).isoformat(),
        "until": (opened.now + DAY).isoformat(),
        "seen": opened.asked("seen"),
    }


def back_to_the_door(posted: Posted) -> str:
    """The door again, with the visit that began or ended."""
    seen = posted.payload["attendance"]["id"]
    return posted.address(f"/c/{posted.path['number']}", seen=seen)


PAGES = (
    Page(
        path="/sign-in",
        template="sign_in.html",
        operation="sign_in_ways",
        who="anyone",
        alone=True,
    ),
    Page(
        path="/sign-in/passkey",
        template="passkey.html",
        operation="passkey",
        who="anyone",
        alone=True,
    ),
    Page(path="/sign-in/card", template="sign_in_card.html", who="anyone", alone=True),
    Page(path="/new-password", template="new_password.html", who="anyone", alone=True),
    Page(
        path="/second-factor",
        template="second_factor.html",
        operation="second_factor",
        menu="二次验证",
    ),
    Page(
        path="/register",
        template="register.html",
        operation="register",
        who="anyone",
        alone=True,
        variables=lambda opened: {"number": opened.asked("station")},
    ),
    Page(
        path="/c/{number}",
        template="door.html",
        lookup="door_station",
        looks=lambda opened: {"number": opened.path["number"]},
        operation="door",
        variables=at_the_door,
        needs="station",
        gone=gone("没有这个编号的服务站"),
        alone=True,
    ),
)
EVERYTHING = Page(
    path="/more", template="more.html", who="anyone", menu="全部功能", icon="more", short="更多"
)

FORMS = (
    Form(
        path="/sign-in",
        mutation="sign_in",
        page="/sign-in",
        then=lambda posted: own_path(posted.one("next")),
        given=lambda posted: {
            "number": posted.one("number"),
            "password": posted.one("password"),
            "code": posted.one("one_time") or None,
        },
        keyed=False,
    ),
    Form(
        path="/sign-in/card",
        mutation="sign_in_by_card",
        page="/sign-in/card",
        then="/",
        given=lambda posted: {"card": posted.one("card"), "pin": posted.one("pin")},
        keyed=False,
    ),
    Form(
        path="/new-password",
        mutation="set_password_by_code",
        page="/new-password",
        then="/sign-in",
        given=lambda posted: {
            "number": posted.one("number"),
            "code": posted.one("one_time"),
            "password": posted.one("password"),
        },
        keyed=False,
    ),
    Form(
        path="/second-factor/set-up",
        mutation="set_up_second_factor",
        page="/second-factor",
        then="/second-factor",
        # The secret is told once, on the spot.
        stays=lambda payload: bool(payload.get("uri")),
        given=lambda posted: {"password": posted.one("password")},
        keyed=False,
    ),
    Form(
        path="/second-factor",
        mutation="confirm_second_factor",
        page="/second-factor",
        given=lambda posted: {"code": posted.one("one_time")},
        keyed=False,
    ),
    Form(
        path="/register",
        mutation="register_person",
        page="/register",
        then="/register",
        # The number is told once, on the spot: an address would keep it in every history.
        stays=lambda payload: bool(payload.get("number")),
        given=lambda posted: {
            "name": posted.one("name"),
            "document": "RESIDENT_ID",
            "documentNumber": posted.one("document"),
            "phone": posted.one("phone"),
            "home": posted.one("home"),
            "consent": posted.one("consent") == "yes",
        },
    ),
    *(
        Form(
            path=f"/c/{{number}}/{way}",
            mutation=f"check_{way}",
            page="/c/{number}",
            then=back_to_the_door,
            given=lambda posted: {
                "activity": posted.one("activity"),
                "code": "".join(posted.one("code").split()),
            },
        )
        for way in ("in", "out")
    ),
    Form(
        path="/c/{number}/record",
        mutation="capture_visit",
        page="/c/{number}",
        then=lambda posted: posted.address(
            f"/c/{posted.path['number']}", seen=posted.one("seen"), done="1"
        ),
        given=lambda posted: {
            "activity": posted.one("activity"),
            "person": posted.one("person"),
            "visit": posted.whole("visit"),
        },
    ),
)

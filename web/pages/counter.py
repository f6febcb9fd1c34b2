"""Pages of the counter: acting for whoever stands before it, and the slip that is printed there.

The page says for whom and by whom, and it ends by itself: its address names the person, never their
number, and until when it may be used.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from web.forms import Form, Posted, plain
from web.pages.helping import at_the_counter
from web.pages.organising import registered
from web.pages.stations import chosen, station_page
from web.pages.table import Opened, Page

PERSON, SLIP, MERGES = "/desk/person", "/desk/slip", "/desk/merges"
LASTS = timedelta(minutes=15)
UNTIL = "%Y%m%dT%H%M%SZ"
NOBODY = "-"


def standing(query: Mapping[str, str], now: datetime) -> str:
    """Who stands before the counter by an address; nobody once that time is over."""
    try:
        ends = datetime.strptime(query.get("until", ""), UNTIL).replace(tzinfo=UTC)
    except ValueError:
        return NOBODY
    return query.get("person", NOBODY) if now < ends <= now + LASTS else NOBODY


def before_the_counter(opened: Opened) -> dict[str, Any]:
    """The station, and who stands before its counter."""
    person = standing(opened.query, opened.now)
    return {"station": chosen(opened).get("id", ""), "person": person}


def beginning(posted: Posted) -> str:
    """The page of whoever was found, from now on for a while."""
    until = (posted.now + LASTS).astimezone(UTC).strftime(UNTIL)
    return posted.address(PERSON, person=posted.payload["id"], until=until)


def accepted(posted: Posted) -> dict[str, Any]:
    """The records that whoever stands there accepts: none, which is refused, once that is over."""
    here = standing(posted.query, posted.now) != NOBODY
    return {"records": posted.many("record") if here else []}


def here(posted: Posted, name: str) -> str:
    """A field of whoever stands there; nothing, which is refused, once that is over."""
    return posted.one(name) if standing(posted.query, posted.now) != NOBODY else ""


def together(posted: Posted, own: str, other: str) -> dict[str, Any]:
    """Whoever stands there and somebody with them, by number; nobody once that is over."""
    return {own: here(posted, "own"), other: posted.one("number")}


PAGES = (
    station_page(
        path=PERSON,
        template="desk_person.html",
        menu="代办与存折",
        operation="counter",
        variables=before_the_counter,
    ),
    station_page(
        path=SLIP,
        template="slip.html",
        operation="slip",
        variables=before_the_counter,
        alone=True,
    ),
    station_page(
        path=MERGES,
        template="desk_merges.html",
        menu="登记了两次",
        operation="desk_merges",
        variables=at_the_counter,
    ),
    Page(path="/passbook", template="slip.html", operation="passbook", menu="打印存折"),
)

FORMS = (
    plain(MERGES, "propose", "propose_merge", "number", "kept", "ground"),
    plain(MERGES, "drop", "drop_merge", "merge"),
    Form(
        path=f"{PERSON}/find",
        mutation="find_person",
        page=PERSON,
        then=beginning,
        given=lambda posted: {"number": posted.one("number")},
        nothing="Nobody of your station has this volunteer number.",
    ),
    Form(
        path=f"{PERSON}/search",
        mutation="find_people",
        page=PERSON,
        then=PERSON,
        given=lambda posted: {"station": posted.one("station"), "name": posted.one("name")},
        nothing="Nobody of your station is called so.",
        stays=bool,
    ),
    Form(
        path=f"{PERSON}/by-phone",
        mutation="find_by_phone",
        page=PERSON,
        then=PERSON,
        given=lambda posted: {"phone": posted.one("phone")},
        nothing="Nobody of your station has this telephone.",
        stays=bool,
    ),
    Form(
        path=f"{PERSON}/by-document",
        mutation="find_by_document",
        page=PERSON,
        then=beginning,
        given=lambda posted: {name: posted.one(name) for name in ("document", "documentNumber")},
        nothing="Nobody of your station has this document.",
    ),
    Form(path=f"{PERSON}/accept", mutation="accept_hours", page=PERSON, given=accepted),
    Form(
        path=f"{PERSON}/tell",
        mutation="tell_in_person",
        page=PERSON,
        given=lambda posted: {"person": standing(posted.query, posted.now)},
    ),
    Form(
        path=f"{PERSON}/kin",
        mutation="register_kin",
        page=PERSON,
        given=lambda posted: {
            **together(posted, "first", "second"),
            "kinship": posted.one("kinship"),
        },
    ),
    Form(
        path=f"{PERSON}/household",
        mutation="register_household",
        page=PERSON,
        given=lambda posted: together(posted, "first", "second"),
    ),
    Form(
        path=f"{PERSON}/leave-household",
        mutation="leave_household",
        page=PERSON,
        given=lambda posted: {"person": standing(posted.query, posted.now)},
    ),
    Form(
        path=f"{PERSON}/end-kin",
        mutation="end_kin",
        page=PERSON,
        given=lambda posted: {"tie": here(posted, "tie")},
    ),
    Form(
        path=f"{PERSON}/end-proxy",
        mutation="end_proxy",
        page=PERSON,
        given=lambda posted: {"mandate": here(posted, "mandate")},
    ),
    Form(
        path=f"{PERSON}/home",
        mutation="change_home",
        page=PERSON,
        # Whoever is at home elsewhere is not before this counter any more.
        then=lambda posted: posted.leaving(PERSON),
        given=lambda posted: {
            "person": standing(posted.query, posted.now),
            "number": posted.one("station_number"),
        },
    ),
    Form(
        path=f"{PERSON}/ward",
        mutation="register_person",
        page=PERSON,
        # The number is told once, on the spot.
        stays=lambda payload: bool(payload.get("number")),
        given=lambda posted: registered(posted) | {"guardian": standing(posted.query, posted.now)},
    ),
    Form(
        path=f"{PERSON}/proxy",
        mutation="register_proxy",
        page=PERSON,
        given=lambda posted: together(posted, "principal", "proxy"),
    ),
)

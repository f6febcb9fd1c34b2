"""Pages of wishes: telling one, those near a volunteer, the resident's last word, and the desk's.

A resident needs no account: they tell a wish at a station's page, and the link that they are given
opens it again.
"""

from typing import Any

from web.forms import Form, Posted, plain
from web.pages.helping import at_the_counter, windows_of
from web.pages.stations import station_page
from web.pages.table import Page
from web.pages.troubles import gone

STEPS = {
    "contacted": "contact_resident",
    "done": "fulfil_wish",
    "longer": "extend_wish",
    "back": "give_wish_back",
}
CHECKS = {
    "approve": ("approve_wish", "wish"),
    "publish": ("publish_wish", "wish", "summary"),
    "refer": ("refer_wish", "wish", "to"),
    "decline": ("decline_wish", "wish", "reason"),
}
"""What staff decide on a wish: the form's name, the operation, what it tells."""
DESK = "/desk/wishes"


def wished(posted: Posted) -> dict[str, Any]:
    """A wish as a resident tells it."""
    return {
        "station": posted.one("home"),
        "kind": posted.one("kind"),
        "words": posted.one("words"),
        "name": posted.one("name"),
        "phone": posted.one("phone"),
        "address": posted.one("address"),
        "consent": posted.one("consent") == "yes",
        "mayPublish": posted.one("publish") == "yes",
    }


def the_word(posted: Posted) -> dict[str, Any]:
    """What the resident tapped or said: how it was, or that it was not granted."""
    word = posted.one("word")
    granted = word != "NOT"
    return {"granted": granted, "rating": word if granted else "POOR"}


def known_skills(posted: Posted) -> dict[str, Any]:
    """What somebody can do, and when."""
    return {
        "classes": posted.many("class"),
        "kinds": posted.many("wish"),
        "windows": windows_of(posted),
    }


def decided_at(page: str) -> list[Form]:
    """The forms by which staff decide on wishes, on a page of theirs."""
    return [plain(page, act, *told) for act, told in CHECKS.items()]


PAGES = (
    Page(
        path="/wishes",
        template="wishes.html",
        operation="wishes_near",
        menu="微心愿",
        group="near",
        lists=("mine",),
    ),
    Page(
        path="/skills",
        template="skills.html",
        operation="skills",
        menu="我会什么",
        group="near",
    ),
    station_page(
        path=DESK,
        template="desk_wishes.html",
        menu="微心愿",
        operation="desk_wishes",
        variables=at_the_counter,
        lists=("told", "approved", "granted", "ours"),
    ),
    Page(
        path="/tell",
        template="wish_tell.html",
        menu="说说您的心愿",
        group="near",
        operation="register",
        who="anyone",
        variables=lambda opened: {"number": opened.asked("station")},
    ),
    Page(
        path="/w/{link}",
        template="wish_word.html",
        operation="wish_word",
        alone=True,
        who="anyone",
        variables=lambda opened: {"link": opened.path["link"]},
        needs="wishByLink",
        gone=gone("没有这个心愿", todo="请打电话告诉服务站。"),
    ),
)

FORMS = (
    Form(
        path="/tell",
        mutation="collect_wish",
        page="/tell",
        then="/tell",
        # The link is told once, on the spot: an address would keep it in every history.
        stays=lambda payload: bool(payload.get("link")),
        given=wished,
    ),
    plain("/wishes", "claim", "claim_wish", "wish"),
    *(plain("/wishes", step, mutation, "claim") for step, mutation in STEPS.items()),
    Form(
        path="/w/{link}/word",
        mutation="close_wish_by_link",
        page="/w/{link}",
        given=lambda posted: {"link": posted.path["link"]} | the_word(posted),
    ),
    Form(path="/skills", mutation="name_skills", page="/skills", given=known_skills),
    Form(
        path="/skills/none",
        mutation="name_skills",
        page="/skills",
        given=lambda posted: {"classes": [], "kinds": [], "windows": []},
    ),
    Form(
        path=f"{DESK}/tell",
        mutation="collect_wish",
        page=DESK,
        then=DESK,
        # The slip with link and code is printed on the spot; no address keeps them.
        stays=lambda payload: bool(payload.get("link")),
        given=lambda posted: wished(posted) | {"onTheWay": posted.one("grid") == "yes"},
    ),
    *decided_at(DESK),
    plain(DESK, "ours", "fulfil_wish_by_community", "wish"),
    Form(
        path=f"{DESK}/code",
        mutation="close_wish_by_code",
        page=DESK,
        given=lambda posted: (
            {"wish": posted.one("wish"), "code": posted.one("code")} | the_word(posted)
        ),
    ),
    Form(
        path=f"{DESK}/phone",
        mutation="close_wish_by_phone",
        page=DESK,
        given=lambda posted: {"wish": posted.one("wish")} | the_word(posted),
    ),
)

"""Pages of wishes: telling one, those near a volunteer, the resident's last word, and the desk's.

A resident needs no account: they tell a wish at a station's page, and the link that they are given
opens it again.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from web.forms import Form, Posted
from web.pages.helping import at_the_counter, windows_of
from web.pages.stations import station_page
from web.pages.table import Page
from web.pages.troubles import gone

STEPS = (
    ("contacted", "contact_resident", "contactResident"),
    ("done", "fulfil_wish", "fulfilWish"),
    ("longer", "extend_wish", "extendWish"),
    ("back", "give_wish_back", "giveWishBack"),
)

CHECKS = {
    "approve": ("approve_wish", "approveWish", ()),
    "publish": ("publish_wish", "publishWish", ("summary",)),
    "refer": ("refer_wish", "referWish", ("to",)),
    "decline": ("decline_wish", "declineWish", ("reason",)),
}
"""What staff decide on a wish: the form's name, the operation, its root field, what it tells."""
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


def back_to_the_desk(posted: Posted) -> str:
    """The desk's wishes again, at the same station."""
    return posted.address(DESK, done="1")


def fields(posted: Posted, *, names: tuple[str, ...]) -> dict[str, Any]:
    """Fields of a form as they are."""
    return {name: posted.one(name) for name in names}


def decided_at(page: str, then: str | Callable[[Posted], str]) -> tuple[Form, ...]:
    """The forms by which staff decide on wishes, on a page of theirs."""
    return tuple(
        Form(
            path=f"{page}/{act}",
            mutation=mutation,
            field=field,
            page=page,
            then=then,
            given=partial(fields, names=("wish", *told)),
        )
        for act, (mutation, field, told) in CHECKS.items()
    )


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
        field="collectWish",
        page="/tell",
        then="/tell",
        # The link is told once, on the spot: an address would keep it in every history.
        stays=lambda payload: bool(payload.get("link")),
        given=wished,
    ),
    Form(
        path="/wishes/claim",
        mutation="claim_wish",
        field="claimWish",
        page="/wishes",
        then="/wishes?done=1",
        given=lambda posted: {"wish": posted.one("wish")},
    ),
    *(
        Form(
            path=f"/wishes/{step}",
            mutation=mutation,
            field=field,
            page="/wishes",
            then="/wishes?done=1",
            given=lambda posted: {"claim": posted.one("claim")},
        )
        for step, mutation, field in STEPS
    ),
    Form(
        path="/w/{link}/word",
        mutation="close_wish_by_link",
        field="closeWishByLink",
        page="/w/{link}",
        then=lambda posted: posted.address(f"/w/{posted.path['link']}", done="1"),
        given=lambda posted: {"link": posted.path["link"]} | the_word(posted),
    ),
    Form(
        path="/skills",
        mutation="name_skills",
        field="nameSkills",
        page="/skills",
        then="/skills?done=1",
        given=known_skills,
    ),
    Form(
        path="/skills/none",
        mutation="name_skills",
        field="nameSkills",
        page="/skills",
        then="/skills?done=1",
        given=lambda posted: {"classes": [], "kinds": [], "windows": []},
    ),
    Form(
        path=f"{DESK}/tell",
        mutation="collect_wish",
        field="collectWish",
        page=DESK,
        then=DESK,
        # The slip with link and code is printed on the spot; no address keeps them.
        stays=lambda payload: bool(payload.get("link")),
        given=lambda posted: wished(posted) | {"onTheWay": posted.one("grid") == "yes"},
    ),
    *decided_at(DESK, back_to_the_desk),
    Form(
        path=f"{DESK}/ours",
        mutation="fulfil_wish_by_community",
        field="fulfilWishByCommunity",
        page=DESK,
        then=back_to_the_desk,
        given=lambda posted: {"wish": posted.one("wish")},
    ),
    Form(
        path=f"{DESK}/code",
        mutation="close_wish_by_code",
        field="closeWishByCode",
        page=DESK,
        then=back_to_the_desk,
        given=lambda posted: (
            {"wish": posted.one("wish"), "code": posted.one("code")} | the_word(posted)
        ),
    ),
    Form(
        path=f"{DESK}/phone",
        mutation="close_wish_by_phone",
        field="closeWishByPhone",
        page=DESK,
        then=back_to_the_desk,
        given=lambda posted: {"wish": posted.one("wish")} | the_word(posted),
    ),
)

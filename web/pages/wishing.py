"""Pages of wishes: telling one, those near a volunteer, their claims, and the resident's last word.

A resident needs no account: they tell a wish at a station's page, and the link that they are given
opens it again.
"""

from typing import Any

from web.forms import Form, Posted
from web.pages.table import Page

STEPS = (
    ("contacted", "contact_resident", "contactResident"),
    ("done", "fulfil_wish", "fulfilWish"),
    ("back", "give_wish_back", "giveWishBack"),
)


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
    """What the resident tapped: how it was, or that it was not granted."""
    word = posted.one("word")
    granted = word != "NOT"
    return {"link": posted.path["link"], "granted": granted, "rating": word if granted else "POOR"}


PAGES = (
    Page(
        path="/wishes",
        template="wishes.html",
        operation="wishes_near",
        menu="微心愿",
        group="near",
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
        given=the_word,
    ),
)

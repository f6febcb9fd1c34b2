"""Pages of wishes: those near a volunteer, what they claimed, and the resident's last word.

The resident's page is opened by the link that only they have, without an account.
"""

from typing import Any

from web.forms import Form, Posted
from web.pages.table import Opened, Page

CITY = "420100/"
STEPS = (
    ("contacted", "contact_resident", "contactResident"),
    ("done", "fulfil_wish", "fulfilWish"),
    ("back", "give_wish_back", "giveWishBack"),
)


def in_my_street(opened: Opened) -> dict[str, Any]:
    """The scope of the volunteer's street; the whole city where there is none."""
    me = opened.found.get("me") or {}
    community = (me.get("home") or {}).get("area") or {}
    street = community.get("manager") or {}
    return {"scope": street.get("path", CITY)}


def the_word(posted: Posted) -> dict[str, Any]:
    """What the resident tapped: how it was, or that it was not granted."""
    word = posted.one("word")
    granted = word != "NOT"
    return {"link": posted.path["link"], "granted": granted, "rating": word if granted else "POOR"}


PAGES = (
    Page(
        path="/wishes",
        template="wishes.html",
        lookup="my_street",
        operation="wishes_near",
        variables=in_my_street,
        menu="微心愿",
        group="near",
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

"""Pages of officers: the stars that wait for the district or the city."""

from typing import Any

from web.forms import Form, Posted
from web.pages.table import Opened, Page

LEADS = ("DISTRICT_LEAD", "CITY_LEAD")
PATH = "/office/stars"


def my_office(opened: Opened) -> dict[str, Any]:
    """The scope of the first grant that awards stars; nowhere where there is none."""
    scopes = [one["scope"] for one in opened.found.get("myGrants", ()) if one["role"] in LEADS]
    return {"scope": scopes[0] if scopes else "-"}


def the_award(posted: Posted) -> dict[str, Any]:
    """Which star."""
    return {"award": posted.one("award")}


def _form(act: str, mutation: str, field: str, *told: str, yes: str | None = None) -> Form:
    """A form about one star: what it is told besides, and what is yes or no."""

    def given(posted: Posted) -> dict[str, Any]:
        asked = the_award(posted) | {name: posted.one(name) for name in told}
        return asked | ({yes: posted.one(yes) == "yes"} if yes else {})

    return Form(
        path=f"{PATH}/{act}",
        mutation=mutation,
        field=field,
        page=PATH,
        then=f"{PATH}?done=1",
        given=given,
    )


PAGES = (
    Page(
        path=PATH,
        template="office_stars.html",
        who="staff",
        menu="星级办理",
        group="office",
        lookup="my_offices",
        operation="office_stars",
        variables=my_office,
    ),
)

FORMS = (
    _form("publicise", "publicise_star", "publiciseStar"),
    _form("award", "award_star", "awardStar"),
    _form("decline", "decline_star", "declineStar", "reason"),
    _form("revoke", "revoke_star", "revokeStar", "reason"),
    _form("objection", "decide_star_objection", "decideStarObjection", "objector", yes="uphold"),
    _form("appeal", "decide_star_appeal", "decideStarAppeal", yes="restore"),
)

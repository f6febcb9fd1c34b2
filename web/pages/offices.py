"""Pages of officers: stars, objections to records, and what a district finds."""

from functools import partial
from typing import Any

from web.forms import Form, Posted, plain
from web.pages.table import Opened, Page
from web.pages.times import instant_of

LEADS = ("DISTRICT_LEAD", "CITY_LEAD")
STARS, OBJECTIONS, FINDINGS = "/office/stars", "/office/objections", "/office/findings"


def my_office(opened: Opened) -> dict[str, Any]:
    """Where a lead is at work."""
    return {"scope": opened.office(*LEADS)}


def decided(posted: Posted) -> dict[str, Any]:
    """A decision, with the right times where the record had the wrong ones."""
    asked = {name: posted.one(name) for name in ("objection", "grounds", "decision")}
    hours = [posted.one("starts"), posted.one("ends")]
    if posted.one("grounds") != "RECORDED_WRONGLY" or not all(hours):
        return asked
    starts, ends = (instant_of(posted.one("day"), hour) for hour in hours)
    return {**asked, "starts": starts, "ends": ends}


office_page = partial(Page, who="staff", group="office", lookup="my_offices", variables=my_office)

PAGES = (
    office_page(
        path=STARS, template="office_stars.html", menu="星级办理", operation="office_stars"
    ),
    office_page(
        path=OBJECTIONS,
        template="office_objections.html",
        menu="异议办理",
        operation="office_objections",
    ),
    office_page(
        path=FINDINGS,
        template="office_findings.html",
        menu="违规认定",
        operation="office_findings",
    ),
)

FORMS = (
    plain(STARS, "publicise", "publicise_star", "award"),
    plain(STARS, "award", "award_star", "award"),
    plain(STARS, "decline", "decline_star", "award", "reason"),
    plain(STARS, "revoke", "revoke_star", "award", "reason"),
    plain(STARS, "objection", "decide_star_objection", "award", "objector", yes="uphold"),
    plain(STARS, "appeal", "decide_star_appeal", "award", yes="restore"),
    plain(OBJECTIONS, "answer", "answer_objection", "objection", "answer"),
    Form(
        path=f"{OBJECTIONS}/decide",
        mutation="decide_objection",
        field="decideObjection",
        page=OBJECTIONS,
        then=f"{OBJECTIONS}?done=1",
        given=decided,
    ),
    plain(FINDINGS, "release", "release_batch", "batch"),
    plain(FINDINGS, "propose", "propose_finding", "batch", "misconduct", "blame", "statement"),
    plain(FINDINGS, "make", "make_finding", "draft"),
    plain(FINDINGS, "drop", "drop_finding", "draft"),
    plain(FINDINGS, "appeal", "decide_finding_appeal", "appeal", "grounds", "decision"),
)

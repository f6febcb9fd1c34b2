"""Pages of officers: stars, objections to records, and what a district finds."""

from functools import partial
from typing import Any

from web.forms import Form, Posted, plain
from web.pages.table import Opened, Page, nothing
from web.pages.times import instant_of

LEADS = ("DISTRICT_LEAD", "CITY_LEAD")
STARS, OBJECTIONS, FINDINGS = "/office/stars", "/office/objections", "/office/findings"
HOURS, POLICY = "/office/hours", "/office/policy"
REVIEWERS = ("STATION_MANAGER", "STREET_OFFICER", *LEADS)
MERGES = "/office/merges"


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
    office_page(
        path=HOURS,
        template="office_hours.html",
        menu="工时复核",
        operation="office_hours",
        variables=lambda opened: {"scope": opened.office(*REVIEWERS)},
        lists=("after",),
    ),
    office_page(
        path=POLICY,
        template="office_policy.html",
        menu="规则发布",
        operation="office_policy",
        variables=nothing,
    ),
    office_page(
        path=MERGES,
        template="office_merges.html",
        menu="合并重复登记",
        operation="office_merges",
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
    Form(path=f"{OBJECTIONS}/decide", mutation="decide_objection", page=OBJECTIONS, given=decided),
    plain(HOURS, "review", "review_hours", records=True),
    plain(HOURS, "reject", "reject_hours", "reason", records=True),
    plain(POLICY, "propose", "propose_policy", "document"),
    plain(POLICY, "publish", "publish_policy", "draft"),
    plain(FINDINGS, "release", "release_batch", "batch"),
    plain(FINDINGS, "propose", "propose_finding", "batch", "misconduct", "blame", "statement"),
    plain(FINDINGS, "make", "make_finding", "draft"),
    plain(FINDINGS, "drop", "drop_finding", "draft"),
    plain(MERGES, "propose", "propose_merge", "number", "kept", "ground"),
    plain(MERGES, "make", "merge_people", "merge"),
    plain(MERGES, "drop", "drop_merge", "merge"),
    plain(FINDINGS, "appeal", "decide_finding_appeal", "appeal", "grounds", "decision"),
)

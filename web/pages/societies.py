"""Pages of organisations: their work, what they owe, their annual report, the public.

A report is saved and gone on with whenever one likes, and opens at the field to be put right.
"""

from functools import partial
from typing import Any

from web.forms import Form, Posted, plain
from web.pages.acts import Act, Answered, Told, Words
from web.pages.owed import owed_by
from web.pages.table import Opened, Page, by_id, scope_at, scoped
from web.pages.troubles import gone

OWN = "/organisations/{id}/work"
TEAMS = "/organisations/{id}/teams"
REPORT = "/reports/{id}"
FIELD = "field."
CHANGES = {
    "NAME": "名称",
    "ADDRESS": "住所",
    "PURPOSE": "宗旨和业务范围",
    "SUPERVISOR": "业务主管单位",
    "REPRESENTATIVE": "法定代表人",
}
ROLES = {"ORGANISATION_FINANCE": "财务人员", "ORGANISATION_REPRESENTATIVE": "经办代表"}
ENDS = {
    "PURPOSE_REACHED": "宗旨已完成",
    "DECIDED": "会员大会决定",
    "MERGED": "合并",
    "CANNOT_GO_ON": "无法继续开展活动",
}


def the_name(posted: Posted) -> dict[str, Any]:
    """What a founder asks for: directly, or with a supervising unit."""
    direct, unit = posted.one("direct"), posted.one("supervisor")
    return {
        "form": posted.one("form"),
        "area": posted.one("area"),
        "name": posted.one("name"),
        "direct": direct or None,
        "supervisor": unit or None,
    }


def the_filing(posted: Posted) -> dict[str, Any]:
    """What a community organisation is to be filed with."""
    counts = {name: posted.whole(name) for name in ("founders", "members")}
    return {"area": posted.one("area"), "name": posted.one("name")} | counts


def the_values(posted: Posted) -> dict[str, Any]:
    """The fields that were filled in; an empty one is none."""
    values = [
        {"field": name.removeprefix(FIELD), "value": posted.one(name)}
        for name in posted.given
        if name.startswith(FIELD) and posted.one(name)
    ]
    return {"report": posted.path["id"], "values": values}


def the_report(posted: Posted) -> dict[str, Any]:
    """The report whose page it is."""
    return {"report": posted.path["id"]}


def the_comments(posted: Posted) -> dict[str, Any]:
    """What is said of the fields."""
    comments = [
        {"field": name.removeprefix(FIELD), "words": posted.one(name)}
        for name in posted.given
        if name.startswith(FIELD) and posted.one(name)
    ]
    return {"report": posted.path["id"], "comments": comments}


def its_teams(opened: Opened) -> dict[str, Any]:
    """An organisation, and the station whose teams it looks at."""
    place = opened.found.get("station") or {}
    return by_id(opened) | {"scope": scope_at(opened, "place"), "station": place.get("id", "")}


def teams_there(answers: Answered) -> dict[str, Words]:
    """The teams of the station that may be asked for."""
    teams = (answers.get("teams") or {}).get("nodes", ())
    return {"team": {one["id"]: one["name"] for one in teams if one["state"] == "ACTIVE"}}


one = partial(Act, about="organisation")
STANDING = ("REGISTERED", "ABNORMAL", "SERIOUS")
ACTS = (
    one(
        name="apply",
        mutation="apply_for_registration",
        word="提交登记申请",
        states=("READY",),
        told=(
            Told(name="persons", word="个人会员数", kind="whole"),
            Told(name="units", word="单位会员数", kind="whole"),
            Told(name="fundsFen", word="注册资金（元）", kind="yuan"),
            Told(name="purpose", word="宗旨和业务范围", kind="prose"),
            Told(name="address", word="住所"),
        ),
    ),
    one(
        name="consent",
        mutation="consent_to_organisation",
        word="同意登记（业务主管单位）",
        states=("NAME_OK",),
        quiet=True,
    ),
    one(
        name="withdraw",
        mutation="withdraw_application",
        word="撤回申请",
        states=("NAME_ASKED", "NAME_OK", "READY", "IN_REVIEW", "FILING_ASKED"),
        quiet=True,
    ),
    one(
        name="change",
        mutation="ask_change",
        word="申请变更登记",
        may="own",
        states=STANDING,
        told=(
            Told(name="what", word="变更事项", kind="one", words=CHANGES),
            Told(name="to", word="变更为（法定代表人填志愿者编号）"),
            Told(name="decidedOn", word="决定日期", kind="day"),
        ),
    ),
    one(
        name="appoint",
        mutation="appoint_representative",
        word="委派",
        may="own",
        states=(*STANDING, "FILED", "LIQUIDATION"),
        told=(
            Told(name="number", word="志愿者编号"),
            Told(name="role", word="担任", kind="one", words=ROLES),
        ),
    ),
    one(
        name="grade",
        mutation="apply_for_grade",
        word="申请评估等级",
        may="own",
        states=("REGISTERED",),
        quiet=True,
    ),
    one(
        name="dissolve",
        mutation="dissolve_organisation",
        word="申请终止并开始清算",
        may="own",
        states=STANDING,
        told=(Told(name="reason", word="终止的原因", kind="one", words=ENDS),),
        quiet=True,
    ),
    one(
        name="wound-up",
        mutation="end_liquidation",
        word="清算已结束",
        may="own",
        states=("LIQUIDATION",),
    ),
)

PAGES = (
    Page(
        path="/organisations",
        template="societies.html",
        operation="my_societies",
        menu="社会组织",
        group="near",
    ),
    Page(
        path=OWN,
        template="society_work.html",
        lookup="society",
        looks=by_id,
        operation="society_work",
        variables=scoped("organisation"),
        needs="organisation",
        acts=ACTS,
        owed=owed_by,
    ),
    Page(
        path=TEAMS,
        template="society_teams.html",
        lookup="society_at_station",
        looks=lambda opened: by_id(opened) | {"number": opened.asked("station")},
        operation="society_teams",
        variables=its_teams,
        needs="organisation",
        lists=("after",),
        acts=(
            one(
                name="ask",
                mutation="ask_for_team",
                word="请站点确认是本组织的队",
                may="own",
                states=(*STANDING, "FILED"),
                told=(Told(name="team", word="服务队", kind="one"),),
            ),
        ),
        choices=teams_there,
    ),
    Page(
        path="/o/{id}",
        template="society.html",
        operation="society",
        who="anyone",
        variables=by_id,
        needs="organisation",
    ),
    Page(
        path=REPORT,
        template="report.html",
        operation="report",
        variables=by_id,
        needs="node.year",
        gone=gone("没有这份报告"),
    ),
)

FORMS = (
    Form(
        path="/organisations/name",
        mutation="ask_society_name",
        page="/organisations",
        given=the_name,
    ),
    Form(
        path="/organisations/filing", mutation="ask_filing", page="/organisations", given=the_filing
    ),
    plain(OWN, "dismiss", "dismiss_representative", "organisation", "grant"),
    plain(TEAMS, "untie", "untie_team", "team"),
    plain(OWN, "endorse", "endorse_star", "award"),
    plain(OWN, "unendorse", "decline_to_endorse", "award"),
    Form(path=f"{REPORT}/save", mutation="save_report", page=REPORT, given=the_values),
    Form(path=f"{REPORT}/submit", mutation="submit_report", page=REPORT, given=the_report),
    Form(path=f"{REPORT}/supervise", mutation="supervise_report", page=REPORT, given=the_report),
    Form(path=f"{REPORT}/return", mutation="return_report", page=REPORT, given=the_comments),
    Form(
        path=f"{REPORT}/accept",
        mutation="accept_report",
        page=REPORT,
        given=lambda posted: the_report(posted) | {"verdict": posted.one("verdict")},
    ),
)

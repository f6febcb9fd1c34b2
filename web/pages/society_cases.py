"""Cases of organisations: what registrars, streets and reviewers decide, each beside its case.

Registrations, filings, changes, lists and endings stand on the organisation's own page of the
office; a grade has a page for everybody who has a part in it.
"""

from functools import partial
from typing import Any

from web.forms import Form, Posted, plain
from web.pages.acts import Act, Told, objecting
from web.pages.money_words import OBJECTIONS
from web.pages.table import Opened, Page, by_id, scoped

OFFICERS = ("DISTRICT_REGISTRAR", "STREET_OFFICER")
CASE, GRADE = "/office/organisations/{id}", "/grades/{id}"
NAME_REFUSALS = {
    "TAKEN": "名称已被使用",
    "MISLEADING": "名称易使人误解",
    "AGAINST_THE_LAW": "名称违反法律",
    "FORM_NOT_NAMED": "名称未表明组织形式",
    "PLACE_NOT_NAMED": "名称未表明地域",
}
REFUSALS = {
    "CONDITIONS_NOT_MET": "不符合登记条件",
    "PURPOSE_UNLAWFUL": "宗旨违法",
    "ALREADY_SERVED": "已有相同组织",
    "FALSE_PAPERS": "材料虚假",
    "FOUNDER_BARRED": "发起人不得担任",
}
ABNORMAL = {
    "REPORT_MISSING": "未按时报送年度报告",
    "UNREACHABLE": "通过登记住所无法联系",
    "NOT_CORRECTED": "未按要求整改",
    "NO_BODIES": "组织机构不健全",
}
REVOKED = {
    "GOT_BY_DECEIT": "以欺骗手段取得登记",
    "UNLAWFUL_ACTIVITY": "从事违法活动",
    "MONEY_MISUSED": "资金使用违规",
    "NO_ACTIVITY": "长期不开展活动",
}


def my_office(opened: Opened) -> dict[str, Any]:
    """Where somebody registers or files."""
    return {"scope": opened.office(*OFFICERS)}


def checked(posted: Posted) -> dict[str, Any]:
    """One check of an application, and whether it is met."""
    told = {"organisation": posted.path["id"], "check": posted.one("check")}
    return told | {"passed": posted.one("passed") == "yes"}


def reasons(words: dict[str, str]) -> Told:
    """The reasons of a refusal: one or more."""
    return Told(name="reasons", word="理由", kind="many", words=words)


def reason(words: dict[str, str]) -> Told:
    """The one reason of a decision."""
    return Told(name="reason", word="理由", kind="one", words=words)


registrar = partial(Act, about="organisation", may="registers")
street = partial(Act, about="organisation", may="files", states=("FILING_ASKED",))
grade = partial(Act, about="grade")
POINTS = Told(name="points", word="得分（满分 1000）", kind="whole")

CASE_ACTS = (
    registrar(
        name="name", mutation="approve_organisation_name", word="核准名称", states=("NAME_ASKED",)
    ),
    registrar(
        name="refuse-name",
        mutation="refuse_organisation_name",
        word="不予核准名称",
        states=("NAME_ASKED",),
        told=(reasons(NAME_REFUSALS),),
        quiet=True,
    ),
    registrar(
        name="register",
        mutation="register_organisation",
        word="准予登记",
        states=("IN_REVIEW",),
        told=(
            Told(name="code", word="统一社会信用代码"),
            Told(name="representative", word="法定代表人的志愿者编号"),
        ),
    ),
    registrar(
        name="refuse",
        mutation="refuse_registration",
        word="不予登记",
        states=("IN_REVIEW",),
        told=(
            reasons(REFUSALS),
            Told(name="words", word="告知发起人的内容", kind="prose"),
        ),
        quiet=True,
    ),
    street(name="file", mutation="file_organisation", word="予以备案"),
    street(
        name="refuse-filing",
        mutation="refuse_filing",
        word="不予备案",
        told=(reasons(REFUSALS),),
        quiet=True,
    ),
    registrar(
        name="abnormal",
        mutation="list_abnormal",
        word="列入活动异常名录",
        states=("REGISTERED",),
        told=(reason(ABNORMAL),),
        quiet=True,
    ),
    registrar(
        name="clear", mutation="clear_abnormal", word="移出活动异常名录", states=("ABNORMAL",)
    ),
    registrar(
        name="revoke",
        mutation="revoke_organisation",
        word="撤销登记",
        states=("REGISTERED", "ABNORMAL", "SERIOUS"),
        told=(reason(REVOKED),),
        quiet=True,
    ),
    registrar(
        name="deregister",
        mutation="deregister_organisation",
        word="准予注销",
        states=("LIQUIDATION",),
    ),
)
GRADE_ACTS = (
    grade(
        name="eligible",
        mutation="find_eligible",
        word="具备参评资格",
        states=("APPLIED",),
        may="registers",
    ),
    grade(
        name="assess",
        mutation="assess_own_grade",
        word="提交自评",
        states=("ELIGIBLE",),
        may="own",
        told=(POINTS, Told(name="words", word="自评说明", kind="prose")),
    ),
    grade(
        name="visit",
        mutation="visit_for_grade",
        word="登记实地考察",
        states=("SELF_ASSESSED",),
        may="scores",
    ),
    grade(
        name="score",
        mutation="score_grade",
        word="提交评分",
        states=("SITE_VISIT",),
        may="scores",
        told=(POINTS,),
    ),
    grade(
        name="publicise",
        mutation="publicise_grade",
        word="开始公示",
        states=("SCORED",),
        may="registers",
    ),
    objecting(OBJECTIONS, "PUBLICITY"),
    grade(
        name="give", mutation="give_grade", word="评定等级", states=("PUBLICITY",), may="registers"
    ),
    grade(
        name="decline",
        mutation="decline_grade",
        word="不予评定",
        states=("APPLIED", "SITE_VISIT", "PUBLICITY"),
        may="registers",
        quiet=True,
    ),
)

PAGES = (
    Page(
        path="/office/organisations",
        template="office_societies.html",
        who="staff",
        menu="组织登记",
        group="office",
        lookup="my_offices",
        operation="office_societies",
        variables=my_office,
        lists=("after", "reports", "returned", "late"),
    ),
    Page(
        path=CASE,
        template="office_society.html",
        who="staff",
        group="office",
        lookup="society",
        looks=by_id,
        operation="office_society",
        variables=scoped("organisation"),
        needs="organisation",
        acts=CASE_ACTS,
    ),
    Page(
        path=GRADE,
        template="grade.html",
        who="anyone",
        lookup="grade_scope",
        looks=by_id,
        operation="grade",
        variables=scoped("grade", "organisation"),
        needs="grade",
        acts=GRADE_ACTS,
    ),
)

FORMS = (
    Form(path=f"{CASE}/check", mutation="check_registration", page=CASE, given=checked),
    plain(CASE, "change", "approve_change", "change"),
    plain(CASE, "refuse-change", "refuse_change", "change", "words"),
    plain(GRADE, "objection", "decide_grade_objection", "grade", "objector", yes="uphold"),
)

"""Pages of grants: calls, applications with their budgets, and each grant's case to its end.

One page a grant: the organisation draws up, reports and accounts there, officers and reviewers find
the case beside what is theirs to do, and everybody reads it from the shortlist on. No sum is typed
twice: what is asked for is what the budget's lines come to.
"""

from functools import partial
from typing import Any

from web.forms import plain
from web.pages.acts import Act, Answered, Told, Words, objecting
from web.pages.funding import this_year
from web.pages.money_words import ITEMS, OBJECTIONS, PURPOSES, REJECTIONS, STOPS
from web.pages.table import Opened, Page, by_id, scope_at, scoped

CALLS, CALL, GRANT = "/calls", "/calls/{id}", "/grants/{id}"
AT_WORK = ("RUNNING", "MIDTERM_FIX", "MIDTERM_PASS", "FINAL")
PAID_OUT = (*AT_WORK, "CONTRACTED", "ACCEPTED", "STOPPED", "RECOVERY")
STANDING = ("REGISTERED", "FILED")


def the_grant(opened: Opened) -> dict[str, Any]:
    """The grant, the scope of the area whose money it is, and that of its organisation."""
    money, whose = ("grant", "call", "unit"), ("grant", "organisation")
    return scoped(*money)(opened) | {"whose": scope_at(opened, *whose)}


def sources(answers: Answered) -> dict[str, Words]:
    """The year's money that calls may draw on."""
    found = (answers.get("fundSources") or {}).get("nodes", ())
    return {"source": {one["id"]: one["name"] for one in found if one["state"] == "OPEN"}}


def my_organisations(answers: Answered) -> dict[str, Words]:
    """The organisations that one stands for and that may apply."""
    found = (answers.get("myOrganisations") or {}).get("nodes", ())
    return {"organisation": {one["id"]: one["name"] for one in found if one["state"] in STANDING}}


def its_purpose(answers: Answered) -> dict[str, Words]:
    """What the money was given for, and nothing else."""
    purpose = answers["grant"]["call"]["purpose"]
    return {"purpose": {purpose: PURPOSES[purpose]}}


def as_it_is(answers: Answered) -> dict[str, list[str]]:
    """The draft, to be gone on with."""
    grant = answers.get("grant") or {}
    if grant.get("state") != "DRAFT":
        return {}
    lines = grant["budget"]
    return {
        "revise.budget": [line["item"] for line in lines],
        "revise.budget.yuan": [f"{line['fen'] // 100}.{line['fen'] % 100:02}" for line in lines],
        "revise.plan": [grant["plan"] or ""],
        "revise.leastMinutes": [str(grant["leastMinutes"] // 60)],
    }


def the_sum(told: Answered) -> dict[str, Any]:
    """What the lines of a budget come to."""
    return {"fen": sum(line["fen"] for line in told["budget"])}


call_act = partial(Act, about="call", may="manage")
act = partial(Act, about="grant")
books = partial(Act, about="commitment", may="books", states=PAID_OUT)
BUDGET = (
    Told(name="budget", word="预算", kind="lines", words=ITEMS),
    Told(name="plan", word="要做什么，怎么做", kind="prose"),
    Told(name="leastMinutes", word="承诺完成的已认可服务（小时）", kind="hours", needed=False),
)
REASON = Told(name="reason", word="理由", kind="one", words=REJECTIONS)

CALL_DRAFT = (
    Act(
        name="draft",
        mutation="draft_call",
        word="起草征集公告",
        may="manage",
        told=(
            Told(name="title", word="公告标题"),
            Told(name="text", word="公告内容", kind="prose"),
            Told(name="source", word="使用哪项资金", kind="one"),
            Told(name="unit", word="使用哪个区域的额度（区划代码）"),
            Told(name="purpose", word="用途", kind="one", words=PURPOSES),
            Told(name="mostFen", word="每个申请最多（元）", kind="yuan"),
            Told(name="until", word="申报截止日期", kind="day"),
        ),
        leads=("call", CALLS),
    ),
)
CALL_ACTS = (
    call_act(name="open", mutation="open_call", word="开放申报", states=("DRAFT",)),
    call_act(name="close", mutation="close_call", word="截止申报", states=("OPEN",), quiet=True),
    call_act(
        name="apply",
        mutation="draft_grant",
        word="保存申请草稿",
        states=("OPEN",),
        may="me",
        told=(Told(name="organisation", word="以哪个组织申请", kind="one"), *BUDGET),
        adds=the_sum,
        leads=("grant", "/grants"),
    ),
)
GRANT_ACTS = (
    act(
        name="revise",
        mutation="revise_grant",
        word="保存申请草稿",
        states=("DRAFT",),
        may="own",
        told=BUDGET,
        adds=the_sum,
    ),
    act(name="submit", mutation="submit_grant", word="提交申请", states=("DRAFT",), may="own"),
    act(
        name="withdraw",
        mutation="withdraw_grant",
        word="撤回申请",
        states=("DRAFT", "SUBMITTED", "FORMAL_OK", "SCORED"),
        may="own",
        quiet=True,
    ),
    act(
        name="complete",
        mutation="check_formally",
        word="形式审查合格",
        states=("SUBMITTED",),
        may="manage",
        fixed={"complete": True},
    ),
    act(
        name="incomplete",
        mutation="check_formally",
        word="形式审查不合格",
        states=("SUBMITTED",),
        may="manage",
        fixed={"complete": False},
        quiet=True,
    ),
    act(
        name="review",
        mutation="review_grant",
        word="提交评分",
        states=("FORMAL_OK",),
        may="judges",
        told=(Told(name="points", word="得分（0 到 100）", kind="whole"),),
    ),
    act(
        name="conflict",
        mutation="declare_conflict",
        word="申报利益冲突并回避",
        may="mayDeclareConflict",
        quiet=True,
    ),
    act(name="score", mutation="score_grant", word="结束评审", states=("FORMAL_OK",), may="manage"),
    act(
        name="shortlist",
        mutation="shortlist_grant",
        word="列为拟资助",
        states=("SCORED",),
        may="manage",
        told=(Told(name="fen", word="拟资助金额（元）", kind="yuan"),),
    ),
    act(
        name="publicise",
        mutation="publicise_grant",
        word="开始公示",
        states=("SHORTLISTED",),
        may="manage",
    ),
    objecting(OBJECTIONS, "PUBLICITY"),
    act(
        name="award",
        mutation="award_grant",
        word="立项并落实资金",
        states=("PUBLICITY",),
        may="award",
    ),
    act(
        name="reject",
        mutation="reject_grant",
        word="不予资助",
        states=("SUBMITTED", "SCORED", "SHORTLISTED", "PUBLICITY"),
        may="manage",
        told=(REASON,),
        quiet=True,
    ),
    act(
        name="contract",
        mutation="contract_grant",
        word="登记合同",
        states=("AWARDED",),
        may="award",
        told=(
            Told(name="contract", word="双方签署的合同", kind="digest"),
            Told(
                name="finalDue",
                word="结项报告截止日期（不填则为资金使用期限）",
                kind="day",
                needed=False,
            ),
        ),
    ),
    act(name="begin", mutation="begin_grant", word="开始实施", states=("CONTRACTED",), may="own"),
    act(
        name="report",
        mutation="report_grant",
        word="提交报告",
        states=AT_WORK,
        may="own",
        told=(Told(name="text", word="工作报告（数字由账本填写）", kind="prose"),),
    ),
    act(
        name="pass",
        mutation="rule_on_midterm",
        word="中期报告通过",
        states=("RUNNING", "MIDTERM_FIX"),
        may="award",
        fixed={"accept": True},
    ),
    act(
        name="fix",
        mutation="rule_on_midterm",
        word="中期报告退回整改",
        states=("RUNNING",),
        may="award",
        fixed={"accept": False},
        quiet=True,
    ),
    act(name="accept", mutation="accept_grant", word="结项通过", states=("FINAL",), may="award"),
    act(
        name="audit",
        mutation="audit_grant",
        word="登记审计报告",
        states=("ACCEPTED",),
        may="award",
        told=(Told(name="audit", word="审计报告", kind="digest"),),
    ),
    act(name="close", mutation="close_grant", word="办结", states=("AUDITED",), may="award"),
    act(
        name="stop",
        mutation="stop_grant",
        word="终止项目",
        states=("AWARDED", "CONTRACTED", *AT_WORK),
        may="award",
        told=(Told(name="reason", word="理由", kind="one", words=STOPS),),
        quiet=True,
    ),
    act(
        name="recover", mutation="recover_grant", word="追回资金", states=("STOPPED",), may="award"
    ),
    act(
        name="recovered",
        mutation="end_recovery",
        word="资金已全部追回",
        states=("STOPPED", "RECOVERY"),
        may="award",
    ),
    books(
        name="spend",
        mutation="report_spending",
        word="登记支出",
        told=(
            Told(name="purpose", word="用途", kind="one"),
            Told(name="item", word="买了什么", kind="one", words=ITEMS),
            Told(name="fen", word="金额（元）", kind="yuan"),
            Told(name="spentOn", word="购买日期", kind="day"),
            Told(name="voucher", word="票据", kind="digest"),
        ),
    ),
    books(
        name="refund",
        mutation="refund_funds",
        word="退回结余资金",
        told=(Told(name="fen", word="退回金额（元）", kind="yuan"),),
        quiet=True,
    ),
)

PAGES = (
    Page(
        path=CALLS,
        template="calls.html",
        who="anyone",
        menu="资助征集",
        group="near",
        operation="calls",
        variables=this_year,
        acts=CALL_DRAFT,
        choices=sources,
    ),
    Page(
        path=CALL,
        template="call.html",
        who="anyone",
        lookup="call_scope",
        looks=by_id,
        operation="call",
        variables=scoped("call", "unit"),
        needs="call",
        acts=CALL_ACTS,
        choices=my_organisations,
    ),
    Page(
        path=GRANT,
        template="grant.html",
        who="anyone",
        lookup="grant_scope",
        looks=by_id,
        operation="grant",
        variables=the_grant,
        needs="grant",
        acts=GRANT_ACTS,
        choices=its_purpose,
        filled=as_it_is,
    ),
)

FORMS = (
    plain(GRANT, "objection", "rule_on_grant_objection", "grant", "objector", yes="uphold"),
    plain(GRANT, "reverse", "reverse_spending", "line"),
)

"""What an organisation owes, each with its last day and the page where it is done.

Reports and corrections, what its money waits for, what is to be accounted for or given back. Pure:
says from what the API answered about an organisation what is left for it to do.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from web.pages.acts import Answered
from web.pages.money_words import CONDITIONS

REPORTS = {
    "OPEN": "填写年度工作报告",
    "DRAFT": "继续填写年度工作报告",
    "LATE": "年度工作报告已逾期，请尽快提交",
    "RETURNED": "更正年度工作报告中被退回的栏目",
}
GRANTS = {
    "DRAFT": "继续填写申请",
    "CONTRACTED": "开始实施",
    "RUNNING": "提交中期报告",
    "MIDTERM_FIX": "按要求整改后重新提交中期报告",
    "MIDTERM_PASS": "提交结项报告",
    "RECOVERY": "退回被追回的资金",
}
STATES = {
    "READY": "提交登记申请",
    "FILING_LAPSED": "备案已到期，请重新备案",
    "ABNORMAL": "整改后请登记机关移出活动异常名录",
    "LIQUIDATION": "完成清算",
}
GRADES = {"ELIGIBLE": "提交自评"}
URGENT = ("LATE", "RETURNED", "MIDTERM_FIX", "RECOVERY", "ABNORMAL")
DAYS = {"MIDTERM": "midtermDue", "FINAL": "finalDue"}
"""Which day of a grant a part of its money waits for."""
SPENDING, WAITING = "登记支出或退回结余", "待拨款项"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is left to do: `about` says of what, `where` is its page, `due` its last day.

    `fen` is what it is about, `waits` what a payment waits for, `minutes` the accepted service that
    it asks for besides.
    """

    word: str
    about: str
    where: str
    due: str | None = None
    urgent: bool = False
    fen: int | None = None
    waits: str | None = None
    minutes: int = 0


def owed_by(answers: Answered) -> list[Task]:
    """Everything that an organisation owes, what has a last day first, the nearest before."""
    organisation = answers.get("organisation") or {}
    if not organisation or not answers.get("own"):
        return []
    told = [*_itself(organisation), *_reports(answers), *_grades(answers)]
    for grant in (answers.get("grantsOfOrganisation") or {}).get("nodes", ()):
        told += _of_grant(grant)
    return sorted(told, key=lambda task: (not task.urgent, task.due or "9", task.word))


def _itself(organisation: Mapping[str, Any]) -> Iterator[Task]:
    state = organisation["state"]
    if state in STATES and not organisation.get("woundUp"):
        yield Task(
            word=STATES[state],
            about=organisation["name"],
            where=f"/organisations/{organisation['id']}/work#acts",
            due=organisation["due"],
            urgent=state in URGENT,
        )


def _reports(answers: Answered) -> Iterator[Task]:
    for report in (answers.get("annualReports") or {}).get("nodes", ()):
        if report["state"] in REPORTS:
            yield Task(
                word=REPORTS[report["state"]],
                about=str(report["year"]),
                where=f"/reports/{report['id']}",
                due=report["due"],
                urgent=report["state"] in URGENT,
            )


def _grades(answers: Answered) -> Iterator[Task]:
    for grade in answers.get("organisationGrades") or ():
        if grade["state"] in GRADES:
            where = f"/grades/{grade['id']}"
            yield Task(word=GRADES[grade["state"]], about="", where=where)


def _of_grant(grant: Mapping[str, Any]) -> Iterator[Task]:
    about, where = (grant["call"] or {}).get("title", ""), f"/grants/{grant['id']}"
    state, held = grant["state"], grant["commitment"]
    if state in GRANTS and not grant["reported"]:
        due, urgent = grant["due"], state in URGENT or grant["late"]
        yield Task(word=GRANTS[state], about=about, where=where, due=due, urgent=urgent)
    if not held:
        return
    if held["paid"] > held["spent"] and state != "RECOVERY":
        left = held["paid"] - held["spent"]
        yield Task(word=SPENDING, about=about, where=where, fen=left)
    for part in held["tranches"]:
        if part["state"] == "PLANNED" and state not in ("STOPPED", "RECOVERY", "RECOVERED"):
            missing = part["leastMinutes"] - (held["acceptedMinutes"] or 0)
            yield Task(
                word=WAITING,
                about=about,
                where=where,
                due=grant.get(DAYS.get(part["condition"], "")),
                fen=part["fen"],
                waits=CONDITIONS[part["condition"]],
                minutes=max(missing, 0),
            )

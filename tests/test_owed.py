"""What an organisation owes: reports, corrections, money, each with its day and its page."""

from typing import Any

import pytest

from timebank.annual_report_life import AnnualReportState
from timebank.funding.grant_life import FundGrantState
from timebank.organisation_grade_life import GradeState
from timebank.organisation_life import OrganisationState
from web.pages import owed
from web.pages.owed import Task, owed_by

ORGANISATION = {"id": "org_1", "name": "邻里社工中心", "state": "REGISTERED", "due": None}
HELD = {"fen": 100, "paid": 50, "spent": 20, "acceptedMinutes": 30}
CONTRACTED = {"number": 1, "fen": 50, "state": "PAID", "condition": "CONTRACT", "leastMinutes": 0}
LAST = {"number": 3, "fen": 50, "state": "PLANNED", "condition": "FINAL", "leastMinutes": 90}


def grant(state: str, **other: Any) -> dict[str, Any]:
    """A grant as the API answers it."""
    made = {
        "id": "gra_1",
        "state": state,
        "due": None,
        "late": False,
        "reported": None,
        "commitment": None,
    }
    return made | {"call": {"title": "助力计划"}} | other


def told(**other: Any) -> list[Task]:
    """What is owed by an organisation of one's own."""
    return owed_by({"organisation": ORGANISATION, "own": True} | other)


def test_who_does_not_stand_for_it_owes_nothing() -> None:
    reports = {"nodes": [{"id": "rpt_1", "year": 2026, "state": "LATE", "due": "2026-03-31"}]}
    assert owed_by({"organisation": ORGANISATION, "own": False, "annualReports": reports}) == []
    assert owed_by({"organisation": None, "own": True}) == []
    assert len(told(annualReports=reports)) == 1


@pytest.mark.parametrize("state", sorted(AnnualReportState.__members__))
def test_a_report_is_owed_until_it_is_handed_in(state: str) -> None:
    report = {"id": "rpt_1", "year": 2026, "state": state, "due": "2026-03-31"}
    found = told(annualReports={"nodes": [report]})
    assert bool(found) == (state in {"OPEN", "DRAFT", "LATE", "RETURNED"})
    for task in found:
        assert (task.where, task.due) == ("/reports/rpt_1", "2026-03-31")
        assert task.urgent == (state in {"LATE", "RETURNED"})


@pytest.mark.parametrize("state", sorted(FundGrantState.__members__))
def test_a_report_that_waits_is_not_owed_again(state: str) -> None:
    asked = told(grantsOfOrganisation={"nodes": [grant(state)]})
    waits = told(grantsOfOrganisation={"nodes": [grant(state, reported="MIDTERM")]})
    assert [task.word for task in asked] == ([owed.GRANTS[state]] if state in owed.GRANTS else [])
    assert waits == []


def test_what_was_paid_is_accounted_for_and_what_is_planned_says_what_it_waits_for() -> None:
    running = grant(
        "RUNNING", reported="MIDTERM", commitment=HELD | {"tranches": [CONTRACTED, LAST]}
    )
    spend, wait = sorted(told(grantsOfOrganisation={"nodes": [running]}), key=lambda t: t.fen or 0)
    assert (spend.word, spend.fen) == (owed.SPENDING, 30)
    assert (wait.word, wait.fen, wait.waits, wait.minutes) == (owed.WAITING, 50, "结项报告通过", 60)
    settled = grant("CLOSED", commitment=HELD | {"spent": 50, "tranches": [CONTRACTED]})
    assert told(grantsOfOrganisation={"nodes": [settled]}) == []


def test_what_is_urgent_comes_first_and_then_the_nearest_day() -> None:
    reports = [
        {"id": "rpt_1", "year": 2025, "state": "RETURNED", "due": "2026-05-31"},
        {"id": "rpt_2", "year": 2026, "state": "OPEN", "due": "2027-03-31"},
    ]
    grants = [grant("CONTRACTED"), grant("MIDTERM_FIX", due="2026-04-01")]
    found = told(annualReports={"nodes": reports}, grantsOfOrganisation={"nodes": grants})
    assert [task.due for task in found] == ["2026-04-01", "2026-05-31", "2027-03-31", None]


def test_what_the_organisation_itself_has_to_do() -> None:
    def of(state: str, **other: Any) -> list[str]:
        changed = ORGANISATION | {"state": state} | other
        return [task.word for task in told(organisation=changed)]

    assert of("REGISTERED") == []
    assert of("LIQUIDATION") == ["完成清算"]
    assert of("LIQUIDATION", woundUp=True) == []
    assert set(owed.STATES) < set(OrganisationState.__members__)
    grades = [{"id": "grd_1", "state": "ELIGIBLE"}, {"id": "grd_2", "state": "GRADED"}]
    assert [task.where for task in told(organisationGrades=grades)] == ["/grades/grd_1"]
    assert set(owed.GRADES) < set(GradeState.__members__)

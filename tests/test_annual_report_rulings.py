"""Rulings on reports: the supervisor first, returned by field, accepted, reminded of."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from tests.annual import TYPED_VALUES, opened, report_of, submitted, swept
from tests.organising import codes_of, organisation_of, registrar, supervising
from tests.test_member_reports import entries_of
from tests.test_pages_module import browsing
from tests.wire import act, ask, form
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.annual_report_life import AnnualReportAccepted, AnnualReportState, Verdict
from timebank.annual_report_rulings import (
    CommentsMissing,
    SupervisorFirst,
    accept_report,
    decide_comments,
    decide_turn,
    decide_wait,
    remind_of_report,
    reminders_due,
    return_report,
    supervise_report,
)
from timebank.annual_reports import AnnualReport, decide_due, save_report, submit_report
from timebank.lifecycles import NotInThisState
from timebank.organisation_endings import revoke_organisation
from timebank.organisation_life import LegalForm, RevokeReason
from timebank.policy import SEED, read_policy
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.report_fields import FieldUnknown
from timebank.representatives import ReminderNotDue
from timebank.texts import TextTooLong

pytestmark = pytest.mark.one_database

SEEN = "query($r: ID!) { node(id: $r) { ... on AnnualReport { waitsUntil unsupervised } } }"
FOUND = """query($o: ID!) {
    acceptedReports(organisation: $o) { year verdict late supervised unsupervised } }"""
RULES = read_policy(SEED.read_text("utf-8")).organisation


@pytest.mark.parametrize(
    ("comments", "no"),
    [
        ({}, CommentsMissing),
        ({"main_work": " "}, CommentsMissing),
        ({"nothing": "错"}, FieldUnknown),
        ({"main_work": "字" * 501}, TextTooLong),
    ],
)
def test_what_is_returned_says_which_field_and_why(
    comments: dict[str, str], no: type[Refusal]
) -> None:
    with pytest.raises(no):
        decide_comments(comments)


@pytest.mark.anyio
async def test_the_supervising_unit_sees_it_before_the_registrar(world: World) -> None:
    who = await world.volunteer()
    unit, supervisor = await supervising(world)
    report = await submitted(world, who, supervisor=unit)
    early = {"main_work": "写具体"}
    with pytest.raises(SupervisorFirst):
        await accept_report(registrar(world), report=report, verdict=Verdict.PASS, key=key())
    with pytest.raises(SupervisorFirst):
        await return_report(registrar(world), report=report, comments=early, key=key())
    for wrong in (who, registrar(world)):
        with pytest.raises(NotFound):
            await supervise_report(wrong, report=report, key=key())
    await supervise_report(supervisor, report=report, key=key())
    assert (await report_of(report)).state is AnnualReportState.SUPERVISOR_OK
    comments = {"main_work": "写具体"}
    with pytest.raises(NotFound):
        await return_report(supervisor, report=report, comments=comments, key=key())
    with pytest.raises(NotFound):
        await accept_report(supervisor, report=report, verdict=Verdict.PASS, key=key())
    await accept_report(registrar(world), report=report, verdict=Verdict.BASIC_PASS, key=key())
    held = await report_of(report)
    assert (held.state, held.verdict) == (AnnualReportState.ACCEPTED, Verdict.BASIC_PASS)
    with pytest.raises(NotInThisState):
        await accept_report(registrar(world), report=report, verdict=Verdict.PASS, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.parametrize(
    ("form", "handed_in", "until"),
    [
        (LegalForm.ASSOCIATION, date(2027, 2, 1), date(2027, 5, 31)),
        (LegalForm.ASSOCIATION, date(2027, 3, 31), date(2027, 5, 31)),
        (LegalForm.ASSOCIATION, date(2027, 5, 30), date(2027, 7, 30)),
        (LegalForm.FOUNDATION, date(2027, 1, 20), date(2027, 3, 31)),
        (LegalForm.FOUNDATION, date(2027, 3, 31), date(2027, 5, 31)),
    ],
)
def test_a_supervising_unit_has_the_days_that_the_rule_leaves_it(
    form: LegalForm, handed_in: date, until: date
) -> None:
    due, last = decide_due(form, 2026, supervised=True, rules=RULES)
    report = AnnualReport(
        id="rpt_1",
        organisation="org_1",
        path="420100/org_1/",
        year=2026,
        state=AnnualReportState.SUBMITTED,
        supervised=True,
        due=due,
        registrar_due=last,
        submitted_on=handed_in,
    )
    assert decide_wait(report, RULES) == until
    turn = partial(decide_turn, report, AnnualReportAccepted, wait=until)
    with pytest.raises(SupervisorFirst) as no:
        turn(today=until)
    assert no.value.details == {"until": until.isoformat()}
    assert turn(today=until + timedelta(days=1)) is True
    seen = replace(report, state=AnnualReportState.SUPERVISOR_OK)
    assert decide_turn(seen, AnnualReportAccepted, wait=until, today=handed_in) is False


@pytest.mark.anyio
@pytest.mark.parametrize("act", ["accept", "return"])
async def test_the_registrar_goes_on_without_a_unit_that_says_nothing(
    world: World, act: str
) -> None:
    who = await world.volunteer()
    unit, supervisor = await supervising(world)
    report = await submitted(world, who, supervisor=unit)
    comments = {"main_work": "写具体"}
    given: Any = (
        partial(accept_report, verdict=Verdict.PASS)
        if act == "accept"
        else partial(return_report, comments=comments)
    )
    with pytest.raises(SupervisorFirst):
        await given(registrar(world), report=report, key=key())
    told = (await ask(world, registrar(world), SEEN, r=report))["node"]
    assert told == {"waitsUntil": "2027-05-31", "unsupervised": False}
    world.clock.move(timedelta(days=151))
    with pytest.raises(NotFound):
        await given(await world.volunteer(), report=report, key=key())
    await given(registrar(world), report=report, key=key())
    (entry,) = await entries_of(world, f"annual_report.{act}ed")
    assert entry.body["unsupervised"] is True
    told = (await ask(world, registrar(world), SEEN, r=report))["node"]
    assert told == {"waitsUntil": None, "unsupervised": True}
    whose = (await report_of(report)).organisation
    found = (await ask(world, form(), FOUND, o=whose))["acceptedReports"]
    year = {"year": 2026, "verdict": "PASS", "late": False, "supervised": True}
    assert found == ([year | {"unsupervised": True}] if act == "accept" else [])
    if act == "return":
        await submit_report(who, report=report, key=key())
        again = {"waitsUntil": "2027-08-01", "unsupervised": False}
        assert (await ask(world, registrar(world), SEEN, r=report))["node"] == again
        with pytest.raises(SupervisorFirst):
            await given(registrar(world), report=report, key=key())
        await return_report(supervisor, report=report, comments=comments, key=key())
        *_, entry = await entries_of(world, "annual_report.returned")
        assert "unsupervised" not in entry.body
        assert (await report_of(report)).unsupervised is None
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_pages_say_that_the_unit_said_nothing_before_and_after_the_decision(
    world: World,
) -> None:
    who = await world.volunteer()
    unit, _ = await supervising(world)
    report = await submitted(world, who, supervisor=unit)
    id, silent = (await report_of(report)).organisation, "业务主管单位逾期未初审"
    page, desk, case = f"/reports/{report}", "/office/organisations", f"/office/organisations/{id}"

    async def read(actor: Actor | None, path: str) -> str:
        async with await browsing(world, actor) as client:
            return (await client.get(path)).text

    assert "在此之前登记管理机关不能办理： 2027-05-31" in await read(registrar(world), page)
    for path in (page, desk, case):
        assert silent not in await read(registrar(world), path)
    world.clock.move(timedelta(days=151))
    assert "现在可以直接办理" in await read(registrar(world), page)
    assert silent in await read(registrar(world), desk)
    assert silent not in await read(None, f"/o/{id}"), "nothing is decided yet"
    await accept_report(registrar(world), report=report, verdict=Verdict.BASIC_PASS, key=key())
    for actor, path in (
        (registrar(world), page),
        (registrar(world), case),
        (who, page),
        (who, f"/organisations/{id}/work"),
        (None, f"/o/{id}"),
    ):
        assert silent in await read(actor, path), path
    assert "基本合格" in await read(None, f"/o/{id}")
    assert str(TYPED_VALUES[0][1]) not in await read(None, page), "the report is for a few"


@pytest.mark.anyio
async def test_fields_come_back_with_a_comment_and_every_version_is_kept(world: World) -> None:
    who = await world.volunteer()
    report = await submitted(world, who)
    comments = [{"field": "main_work", "words": "请写明服务对象"}]
    told = await act(
        world,
        registrar(world),
        "returnReport",
        "report { state }",
        report=report,
        comments=comments,
    )
    assert told["report"] == {"state": "RETURNED"}
    async with await browsing(world, registrar(world)) as desk:
        page = (await desk.get("/office/organisations")).text
        assert f"/reports/{report}" in page, "nobody loses sight of what waits for the organisation"
    query = """query($id: ID!, $v: Int) { node(id: $id) { ... on AnnualReport {
        version fields(version: $v) { code value comment } } } }"""

    async def shown(actor: Actor, version: int | None) -> dict[str, dict[str, str]]:
        found = await ask(world, actor, query, id=report, v=version)
        return {field["code"]: field for field in found["node"]["fields"]}

    seen = await shown(who, None)
    assert seen["main_work"]["comment"] == "请写明服务对象"
    assert [code for code, field in seen.items() if field["comment"]] == ["main_work"]
    await save_report(who, report=report, values=[("main_work", "高龄老人助餐")], key=key())
    assert (await shown(registrar(world), None))["main_work"]["value"] == "为老服务", "handed in"
    await submit_report(who, report=report, key=key())
    held = await report_of(report)
    assert (held.version, held.returned) == (2, ())
    for version, value in ((1, "为老服务"), (2, "高龄老人助餐")):
        assert (await shown(registrar(world), version))["main_work"]["value"] == value
    assert (await shown(who, 1))["main_work"]["comment"] == "请写明服务对象"
    for entry in await entries_of(world, "annual_report."):
        assert "服务对象" not in entry.bytes.decode()
    for stranger in (await world.volunteer(), world.staff[Role.STREET_OFFICER]):
        assert (await ask(world, stranger, query, id=report))["node"] is None
    assert "report_returned" in await codes_of(who)


@pytest.mark.anyio
async def test_who_acts_for_it_is_reminded_before_its_day_and_once_a_day(world: World) -> None:
    who = await world.volunteer()
    report = await opened(world, who)
    with pytest.raises(ReminderNotDue):
        await remind_of_report(SYSTEM, report=report)
    with pytest.raises(Forbidden):
        await remind_of_report(who, report=report)
    seen = []
    for days in (119, 1, 24, 6, 2):
        world.clock.move(timedelta(days=days))
        for _ in range(2):
            await swept("reports.remind")
        seen.append((await codes_of(who)).count("report_due"))
    assert seen == [0, 1, 2, 2, 3]
    await save_report(who, report=report, values=TYPED_VALUES, key=key())
    await submit_report(who, report=report, key=key())
    with pytest.raises(NotInThisState):
        await remind_of_report(SYSTEM, report=report)
    assert (await organisation_of((await report_of(report)).organisation)).representative


@pytest.mark.anyio
@pytest.mark.parametrize("returned", [False, True])
async def test_nobody_is_reminded_of_what_is_due_no_more(world: World, returned: bool) -> None:
    who = await world.volunteer()
    report = await (submitted if returned else opened)(world, who)
    if returned:
        comments = {"main_work": "写具体"}
        await return_report(registrar(world), report=report, comments=comments, key=key())
    organisation = (await report_of(report)).organisation
    await revoke_organisation(
        registrar(world), organisation=organisation, reason=RevokeReason.NO_ACTIVITY, key=key()
    )
    world.clock.move(timedelta(days=121))
    await swept("reports.remind")
    assert (await report_of(report)).state is AnnualReportState.NOT_DUE
    assert await reminders_due(skip=0, limit=9) == []

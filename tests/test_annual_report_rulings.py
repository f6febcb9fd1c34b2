"""Rulings on reports: the supervisor first, returned by field, accepted, reminded of."""

from datetime import timedelta

import pytest

from tests.annual import TYPED_VALUES, opened, report_of, submitted, swept
from tests.organising import codes_of, organisation_of, registrar, supervising
from tests.test_member_reports import entries_of
from tests.test_pages_module import browsing
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.annual_report_life import AnnualReportState, Verdict
from timebank.annual_report_rulings import (
    CommentsMissing,
    SupervisorFirst,
    accept_report,
    decide_comments,
    remind_of_report,
    reminders_due,
    return_report,
    supervise_report,
)
from timebank.annual_reports import save_report, submit_report
from timebank.lifecycles import NotInThisState
from timebank.organisation_endings import revoke_organisation
from timebank.organisation_life import RevokeReason
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.report_fields import FieldUnknown
from timebank.representatives import ReminderNotDue
from timebank.texts import TextTooLong

pytestmark = pytest.mark.one_database


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
    with pytest.raises(NotFound):
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

"""Annual reports: opened by the year's end, due by form and route, late without a closed door."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.annual import (
    TYPED_VALUES,
    YEARS_END,
    opened,
    report_of,
    reports_of,
    submitted,
    swept,
    team_tied,
)
from tests.organising import entered, filed, registrar, supervising
from tests.test_member_reports import entries_of
from tests.volunteering import confirmed, posted
from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import replay
from timebank.access import Role
from timebank.activities import ActivityKind, Move, move_activity
from timebank.activity_plans import declare_activity
from timebank.actors import SYSTEM, person
from timebank.annual_report_life import LIFECYCLE, AnnualReportState
from timebank.annual_reports import (
    ReportNotDue,
    decide_due,
    mark_late,
    open_report,
    reports_overdue,
    save_report,
    submit_report,
)
from timebank.captures import capture_hours
from timebank.confirmations import accept_hours
from timebank.entries import entries
from timebank.events import Event
from timebank.hours import Record
from timebank.lifecycles import NotInThisState, step
from timebank.organisation_endings import revoke_organisation
from timebank.organisation_life import LegalForm, RevokeReason
from timebank.policy import SEED, read_policy
from timebank.refusals import Forbidden, NotFound
from timebank.report_fields import FIELDS, TYPED, FieldFromLedger, FieldsMissing
from timebank.report_filling import fill
from timebank.representatives import next_reminder
from timebank.reversals import repudiate_hours
from timebank.tables import find

pytestmark = pytest.mark.one_database

RULES = read_policy(SEED.read_text("utf-8")).organisation


def test_every_state_is_reached_and_no_other_step_is_allowed() -> None:
    events: set[type[Event]] = {event for steps in LIFECYCLE.values() for event in steps}
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert reached | {AnnualReportState.OPEN} == set(LIFECYCLE) == set(AnnualReportState)
    for state, steps in LIFECYCLE.items():
        for event in events - set(steps):
            with pytest.raises(NotInThisState):
                step(LIFECYCLE, state, event)


@pytest.mark.parametrize(
    ("form", "supervised", "due", "registrar"),
    [
        (LegalForm.ASSOCIATION, True, date(2027, 3, 31), date(2027, 5, 31)),
        (LegalForm.SERVICE_BODY, False, date(2027, 5, 31), date(2027, 5, 31)),
        (LegalForm.FOUNDATION, False, date(2027, 3, 31), date(2027, 3, 31)),
        (LegalForm.FOUNDATION, True, date(2027, 3, 31), date(2027, 3, 31)),
    ],
)
def test_deadlines_follow_form_and_route(
    form: LegalForm, supervised: bool, due: date, registrar: date
) -> None:
    assert decide_due(form, 2026, supervised=supervised, rules=RULES) == (due, registrar)


def test_reminders_go_out_a_month_and_a_week_before_and_when_it_is_over() -> None:
    due, day, seen = date(2027, 3, 31), date(2027, 1, 1), []
    while (following := next_reminder(due, day)) is not None:
        seen.append(following)
        day = following
    assert seen == [date(2027, 3, 1), date(2027, 3, 24), date(2027, 4, 1)]


@pytest.mark.anyio
async def test_a_report_opens_on_new_years_day_once_for_what_is_registered(world: World) -> None:
    who = await world.volunteer()
    organisation, gone = await entered(world, who), await entered(world, who)
    group = await filed(world, who)
    reason = RevokeReason.NO_ACTIVITY
    await revoke_organisation(registrar(world), organisation=gone, reason=reason, key=key())
    world.clock.move(YEARS_END - timedelta(days=1))
    await swept("reports.open")
    assert await reports_of(organisation) == []
    with pytest.raises(ReportNotDue):
        await open_report(SYSTEM, organisation=organisation)
    with pytest.raises(Forbidden):
        await open_report(who, organisation=organisation)
    world.clock.move(timedelta(days=1))
    await swept("reports.open")
    await swept("reports.open")
    (report,) = await reports_of(organisation)
    assert (report.year, report.state) == (2026, AnnualReportState.OPEN)
    assert (report.due, report.remind_on) == (date(2027, 5, 31), date(2027, 5, 1))
    assert await reports_of(gone) == await reports_of(group) == []
    with pytest.raises(NotFound):
        await open_report(SYSTEM, organisation=group)
    world.clock.move(timedelta(days=365))
    await swept("reports.open")
    assert [held.year for held in await reports_of(organisation)] == [2026, 2027]


UNTOLD = {"funds_fen", "member_persons", "member_units"}
"""What an organisation that was registered elsewhere never told this register."""


async def team_hours(world: World, *, duty: bool = False) -> str:
    """An hour of the team's with all its keys turned."""
    manager, volunteer = world.staff[Role.STATION_MANAGER], await world.volunteer()
    starts = world.clock.now()
    made = await declare_activity(
        manager,
        station=world.station,
        team=world.team,
        kind=ActivityKind.ELDER,
        title="探访",
        seats=3,
        starts=starts,
        ends=starts + timedelta(hours=1),
        key=key(),
    )
    for move in (Move.OPEN, Move.START):
        await move_activity(manager, activity=made.activity, move=move, key=key())
    world.clock.move(timedelta(hours=1))
    record = await capture_hours(
        await world.officer(Role.TEAM_LEADER, f"{world.station_path}{world.team}/"),
        volunteer=volunteer.person or "",
        station=world.station,
        activity=made.activity,
        starts=starts,
        ends=starts + timedelta(hours=1),
        kind=ActivityKind.ELDER,
        duty=duty,
        key=key(),
    )
    await confirmed(world, [record.record])
    await accept_hours(volunteer, records=[record.record], key=key())
    return record.record


@pytest.mark.anyio
async def test_it_opens_filled_and_every_number_leads_to_its_entries(world: World) -> None:
    who = await world.volunteer()
    organisation = await entered(world, who)
    await posted(world, await world.volunteer())
    await team_hours(world)
    world.clock.move(timedelta(days=1))
    await team_tied(world, who, organisation)
    record = await team_hours(world)
    await team_hours(world, duty=True)
    world.clock.move(YEARS_END)
    await swept("reports.open")
    (report,) = await reports_of(organisation)
    query = """query($id: ID!) { node(id: $id) { ... on AnnualReport {
        fields { code origin value entryCount entries } } } }"""
    shown = (await ask(world, who, query, id=report.id))["node"]
    fields = {field["code"]: field for field in shown["fields"]}
    assert list(fields) == list(FIELDS)
    filled = [code for code, field in fields.items() if field["value"] is not None]
    assert len(filled) / len(fields) >= 0.6
    told = {code: fields[code]["value"] for code in ("service_minutes", "elder_minutes")}
    assert told == {"service_minutes": "60", "elder_minutes": "60"}, (
        "of the team, in its time, and no work in paid time"
    )
    auditor = await world.officer(Role.AUDITOR)
    found = await entries(auditor, fields["service_minutes"]["entries"])
    assert [entry.body["record"] for entry in found.values()] == [record]
    # Every one of them is there for whoever opens the report, and for who decides on it.
    behind = {seq for field in fields.values() for seq in field["entries"]}
    for reader in (who, registrar(world)):
        assert (await entries(reader, behind)).keys() == behind
    assert not await entries(await world.volunteer(), behind)
    rival = await world.volunteer()
    await entered(world, rival)
    assert not (await entries(rival, behind)).keys() & set(fields["service_minutes"]["entries"])
    for code, field in fields.items():
        if field["origin"] != "TYPED" and field["value"] not in ("0", ""):
            assert field["entryCount"] > 0 or code in UNTOLD, code
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_version_leads_to_what_made_it_whatever_was_undone_since(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as city:
        who = await city.volunteer()
        organisation = await entered(city, who)
        await team_tied(city, who, organisation)
        record = await team_hours(city)
        city.clock.move(YEARS_END)
        await swept("reports.open")
        (report,) = await reports_of(organisation)
        await save_report(who, report=report.id, values=TYPED_VALUES, key=key())
        await submit_report(who, report=report.id, key=key())
        held = await find(Record, record)
        assert held
        await repudiate_hours(person(held.volunteer), records=[record], key=key())
        query = """query($id: ID!, $v: Int) { node(id: $id) { ... on AnnualReport {
            fields(version: $v) { code value entryCount entries } } } }"""
        told = {"value": "60", "entryCount": 1, "entries": [held.posted_seq]}
        for version, shown in ((1, told), (None, {"value": "0", "entryCount": 0, "entries": []})):
            seen = await ask(city, who, query, id=report.id, v=version)
            (field,) = [
                one for one in seen["node"]["fields"] if one.pop("code") == "service_minutes"
            ]
            assert field == shown


@pytest.mark.anyio
async def test_it_is_saved_field_by_field_and_handed_in_whole(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    report = await opened(world, who)
    first, *rest = TYPED_VALUES
    told = await act(
        world,
        who,
        "saveReport",
        "report { state } entry { seq }",
        report=report,
        values=[{"field": first[0], "value": first[1]}],
    )
    assert told["report"] == {"state": "DRAFT"}
    assert told["entry"], "the first field begins the draft"
    with pytest.raises(FieldFromLedger):
        await save_report(who, report=report, values=[("service_minutes", "9")], key=key())
    with pytest.raises(FieldsMissing):
        await submit_report(who, report=report, key=key())
    for wrong in (other, registrar(world)):
        with pytest.raises(NotFound):
            await save_report(wrong, report=report, values=rest, key=key())
    again = await save_report(who, report=report, values=rest, key=key())
    assert again.entry is None, "drafts are no entries"
    await submit_report(who, report=report, key=key())
    held = await report_of(report)
    assert (held.state, held.version, held.late) == (AnnualReportState.SUBMITTED, 1, False)
    with pytest.raises(NotInThisState):
        await save_report(who, report=report, values=rest, key=key())
    for entry in await entries_of(world, "annual_report."):
        assert "为老服务" not in entry.bytes.decode()
    assert TYPED[0] == first[0]


@pytest.mark.anyio
async def test_late_is_a_state_and_no_closed_door(world: World) -> None:
    who = await world.volunteer()
    unit, _ = await supervising(world)
    report = await opened(world, who, supervisor=unit)
    assert (await report_of(report)).due == date(2027, 3, 31)
    world.clock.move(timedelta(days=89))
    with pytest.raises(ReportNotDue):
        await mark_late(SYSTEM, report=report)
    world.clock.move(timedelta(days=1))
    with pytest.raises(Forbidden):
        await mark_late(who, report=report)
    await swept("reports.late")
    assert (await report_of(report)).state is AnnualReportState.LATE
    query = """query($s: String!) { annualReports(scope: $s, states: [LATE]) {
        nodes { late registrarDue } } }"""
    late = {"late": True, "registrarDue": "2027-05-31"}
    found = await ask(world, registrar(world), query, s="420100/")
    assert found["annualReports"]["nodes"] == [late], "a candidate for the abnormal list"
    await save_report(who, report=report, values=TYPED_VALUES, key=key())
    assert (await report_of(report)).state is AnnualReportState.LATE
    await submit_report(who, report=report, key=key())
    held = await report_of(report)
    assert (held.state, held.late) == (AnnualReportState.SUBMITTED, True)


@pytest.mark.anyio
@pytest.mark.parametrize("begun", [False, True])
async def test_nothing_is_due_of_an_organisation_that_has_ended(world: World, begun: bool) -> None:
    who = await world.volunteer()
    organisation, other = await entered(world, who), await entered(world, who)
    world.clock.move(YEARS_END)
    await swept("reports.open")
    (gone,), (stays,) = [[one.id for one in await reports_of(id)] for id in (organisation, other)]
    if begun:
        for report in (gone, stays):
            await save_report(who, report=report, values=TYPED_VALUES[:1], key=key())
    await revoke_organisation(
        registrar(world),
        organisation=organisation,
        reason=RevokeReason.NO_ACTIVITY,
        key=key(),
    )
    world.clock.move(timedelta(days=151))
    await swept("reports.late")
    held = await report_of(gone)
    assert (held.state, held.late) == (AnnualReportState.NOT_DUE, False)
    assert (await report_of(stays)).state is AnnualReportState.LATE
    assert await reports_overdue(skip=0, limit=9) == []
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_report_that_was_handed_in_is_never_late(world: World) -> None:
    report = await submitted(world, await world.volunteer())
    world.clock.move(timedelta(days=200))
    await swept("reports.late")
    assert (await report_of(report)).late is False
    assert await fill("org_none", 2026) == {}

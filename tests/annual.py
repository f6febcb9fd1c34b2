"""Annual reports for the tests: opened by the year's end, filled in and handed in."""

from datetime import date, timedelta
from typing import Any

from tests.organising import (
    WHOLE,
    entered,
    organisation_of,
    registered,
    registrar,
    supervising,
)
from tests.world import World, key
from timebank.access import Role
from timebank.actors import SYSTEM, Actor
from timebank.annual_report_life import AnnualReportOpened, Verdict
from timebank.annual_report_rulings import accept_report
from timebank.annual_reports import AnnualReport, save_report, submit_report
from timebank.batch import Batch
from timebank.divisions import CITY_PATH
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.organisation_changes import ChangeKind, ask_change
from timebank.organisation_teams import ask_for_team, tie_team
from timebank.report_fields import FIELDS, TYPED, FieldKind
from timebank.tables import find, select
from timebank.timers import TIMERS, sweep

YEARS_END = timedelta(days=42)
"""From the day of the tests, 20 November 2026, to New Year's Day."""

TOLD = {FieldKind.TEXT: "为老服务", FieldKind.COUNT: "3", FieldKind.YES_NO: "yes"}
TYPED_VALUES = [(code, TOLD.get(FIELDS[code].kind, "12000000")) for code in TYPED]


async def report_of(id: str) -> AnnualReport:
    """A report that must be there."""
    held = await find(AnnualReport, id)
    assert held
    return held


async def swept(*names: str) -> None:
    """Let some timers do what is due."""
    await sweep([timer for timer in TIMERS if timer.name in names])


async def reports_of(organisation: str) -> list[AnnualReport]:
    """An organisation's reports, the oldest first."""
    return await select(AnnualReport, organisation=organisation, order=["id"])


async def opened(world: World, who: Actor, *, supervisor: str | None = None) -> str:
    """The report of an organisation of somebody's on the year that is over now."""
    route = {"direct": None, "supervisor": supervisor} if supervisor else {}
    organisation = await entered(world, who, **route)
    if world.clock.now().year == 2026:
        world.clock.move(YEARS_END)
    await swept("reports.open")
    found = await reports_of(organisation)
    return found[-1].id if found else organisation


async def submitted(world: World, who: Actor, *, supervisor: str | None = None) -> str:
    """A report that was handed in."""
    report = await opened(world, who, supervisor=supervisor)
    await save_report(who, report=report, values=TYPED_VALUES, key=key())
    await submit_report(who, report=report, key=key())
    return report


async def team_tied(world: World, who: Actor, organisation: str) -> None:
    """The station's team is the organisation's."""
    await ask_for_team(who, organisation=organisation, team=world.team, key=key())
    await tie_team(world.staff[Role.STATION_MANAGER], team=world.team, key=key())


async def opened_early(world: World, organisation: str) -> str:
    """A report that is open though its year is not over: the clock of the others stands still."""
    report = new("rpt")
    held = await organisation_of(organisation)
    event = AnnualReportOpened(
        report=report,
        organisation=organisation,
        year=2026,
        supervised=held.supervisor is not None,
        due=date(2027, 3, 31),
        registrar_due=date(2027, 5, 31),
        remind_on=date(2027, 3, 1),
    )

    def work(batch: Batch) -> Answer:
        return Answer(entry=batch.record(event).seq)

    await write(SYSTEM, None, work, answer=Answer)
    return report


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """Changes, teams and reports for the role matrix."""
    founder = await world.volunteer()
    organisation = await registered(world, founder)
    changes = [
        await ask_change(
            founder,
            organisation=organisation,
            what=ChangeKind.ADDRESS,
            to=WHOLE["address"],
            decided_on=world.clock.now().date(),
            key=key(),
        )
        for _ in range(3)
    ]
    await ask_for_team(founder, organisation=organisation, team=world.team, key=key())
    unit, _ = await supervising(world)
    reports = {}
    for name in ("save", "submit", "supervise", "return", "accept"):
        route = {"direct": None, "supervisor": unit} if name == "supervise" else {}
        report = await opened_early(world, await entered(world, founder, **route))
        reports[f"{name}Report.report"] = report
        if name != "save":
            await save_report(founder, report=report, values=TYPED_VALUES, key=key())
        if name not in ("save", "submit"):
            await submit_report(founder, report=report, key=key())
    decided = await opened_early(world, await entered(world, founder))
    await save_report(founder, report=decided, values=TYPED_VALUES, key=key())
    await submit_report(founder, report=decided, key=key())
    await accept_report(registrar(world), report=decided, verdict=Verdict.PASS, key=key())
    return {
        "acceptedReports.organisation": (await report_of(decided)).organisation,
        "askChange.what": "ADDRESS",
        "askChange.organisation": organisation,
        "askChange.to": WHOLE["address"],
        "decidedOn": "2026-11-01",
        "approveChange.change": changes[0].change,
        "refuseChange.change": changes[1].change,
        "organisationChanges.scope": CITY_PATH,
        "annualReports.scope": CITY_PATH,
        "teamTies.scope": world.station_path,
        "annualReports.states": ["OPEN", "DRAFT", "SUBMITTED"],
        "askForTeam.organisation": organisation,
        "saveReport.values": [{"field": "main_work", "value": "为老服务"}],
        "returnReport.comments": [{"field": "main_work", "words": "写具体"}],
        "acceptReport.verdict": "PASS",
    } | reports

"""A year of annual reports: returned ones, late ones, all by the commands, counted from the export.

Nine hundred at full size (`TIMEBANK_TEST_SIZE=full`), a few otherwise.
"""

from collections import Counter
from datetime import timedelta

import pytest

from tests.annual import TYPED_VALUES, YEARS_END, swept
from tests.conftest import SIZE
from tests.organising import coded, entered, registrar
from tests.world import World, key
from timebank import replay
from timebank.actors import Actor
from timebank.annual_report_life import AnnualReportState, Verdict
from timebank.annual_report_rulings import accept_report, return_report
from timebank.annual_reports import AnnualReport, save_report, submit_report
from timebank.exports import open_source
from timebank.tables import select

pytestmark = pytest.mark.one_database

ORGANISATIONS = 900 if SIZE == "full" else 18


async def handed_in(who: Actor, report: str) -> None:
    """Fill a report in and hand it in."""
    await save_report(who, report=report, values=TYPED_VALUES, key=key())
    await submit_report(who, report=report, key=key())


@pytest.mark.anyio
async def test_a_year_of_reports_with_returned_and_late_ones_adds_up(world: World) -> None:
    who = await world.volunteer()
    for n in range(ORGANISATIONS):
        await entered(world, who, code=coded(10_000 + n, form="52"))
    world.clock.move(YEARS_END)
    await swept("reports.open")
    reports = [held.id for held in await select(AnnualReport, order=["id"])]
    assert len(reports) == ORGANISATIONS
    late, returned = reports[::6], reports[1::3]
    for report in reports:
        if report not in late:
            await handed_in(who, report)
    for report in returned:
        if report not in late:
            comments = {"main_work": "请写明服务对象"}
            await return_report(registrar(world), report=report, comments=comments, key=key())
            await handed_in(who, report)
    world.clock.move(timedelta(days=151))
    await swept("reports.late")
    for report in late[1:]:
        await handed_in(who, report)
    for report in reports:
        if report != late[0]:
            await accept_report(registrar(world), report=report, verdict=Verdict.PASS, key=key())

    kinds: Counter[str] = Counter()
    async with open_source(world.settings.database_url, lambda done, all: None) as source:
        async for entry in source.entries():
            kinds[entry.kind.removeprefix("annual_report.")] += entry.kind.startswith("annual_")
    back = len(set(returned) - set(late))
    told = {name: kinds[name] for name in ("opened", "late", "submitted", "returned", "accepted")}
    assert told == {
        "opened": ORGANISATIONS,
        "late": len(late),
        "submitted": ORGANISATIONS - 1 + back,
        "returned": back,
        "accepted": ORGANISATIONS - 1,
    }
    held = await select(AnnualReport, order=["id"])
    states = Counter(report.state for report in held)
    assert states == {AnnualReportState.ACCEPTED: ORGANISATIONS - 1, AnnualReportState.LATE: 1}
    assert sum(report.late for report in held) == len(late)
    assert sum(report.version for report in held) == told["submitted"]
    assert (await replay.compare(world.settings.database_url)).differing == 0

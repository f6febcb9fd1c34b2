"""The register of reports: for the organisation, its registrar and its supervising unit."""

import pytest

from tests.annual import TYPED_VALUES, opened_early, report_of, submitted
from tests.organising import entered, organisation_of, registrar, supervising
from tests.world import World, key
from timebank.access import Role
from timebank.annual_report_life import AnnualReportState
from timebank.annual_report_register import reports_below, visible_reports
from timebank.annual_reports import save_report, submit_report
from timebank.entries import entries
from timebank.report_filling import fill

pytestmark = pytest.mark.anyio


async def test_only_those_it_concerns_see_a_report(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    unit, supervisor = await supervising(world)
    supervised = await submitted(world, who, supervisor=unit)
    direct = await opened_early(world, await entered(world, who))
    await save_report(who, report=direct, values=TYPED_VALUES, key=key())
    await submit_report(who, report=direct, key=key())
    far = await world.officer(Role.DISTRICT_REGISTRAR, "420100/420103/")
    both = {supervised, direct}
    for actor, seen in (
        (who, both),
        (registrar(world), both),
        (supervisor, {supervised}),
        (other, set()),
        (far, set()),
        (world.staff[Role.STREET_OFFICER], set()),
    ):
        assert set(await visible_reports(actor, [supervised, direct, "rpt_none"])) == seen
    # And the entries that its numbers come from go to the same people.
    (behind,) = (await fill((await report_of(supervised)).organisation, 2026))["code"].entries
    for actor in (who, registrar(world), supervisor, other, far):
        reads = await visible_reports(actor, [supervised])
        assert bool(await entries(actor, [behind])) == bool(reads)
    states = [AnnualReportState.SUBMITTED]
    path = (await organisation_of((await report_of(direct)).organisation)).path
    for actor, scope, ids in (
        (registrar(world), "420100/", [supervised, direct]),
        (who, path, [direct]),
        (who, "420100/", []),
        (other, path, []),
    ):
        found = await reports_below(
            actor, scope, states, after=None, before=None, limit=9, backward=False
        )
        assert [report.id for report in found] == ids

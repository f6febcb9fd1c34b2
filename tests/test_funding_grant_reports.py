"""Grant reports: mid-term and final, with what the ledger says, accepted or put right."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from tests.funding import YEAR, fund_officer
from tests.granting import applicant, called, grant_of, midterm, running, spent
from tests.wire import act
from tests.world import World, key, open_world
from timebank import replay
from timebank.funding.grant_life import FundGrantState, GrantReport
from timebank.funding.grant_reports import (
    ReportMissing,
    accept_grant,
    report_grant,
    rule_on_midterm,
)
from timebank.lifecycles import NotInThisState
from timebank.refusals import NotFound
from timebank.texts import TextMissing


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as made:
        yield made


@pytest.mark.anyio
async def test_a_midterm_report_is_put_right_within_thirty_days(world: World) -> None:
    who, call = await applicant(world), await called(world)
    officer, grant = await fund_officer(world), await running(world, who, call)
    with pytest.raises(ReportMissing):
        await rule_on_midterm(officer, grant=grant, accept=True, key=key())
    with pytest.raises(TextMissing):
        await report_grant(who.leader, grant=grant, text=" ", key=key())
    with pytest.raises(NotFound):
        await report_grant(who.books, grant=grant, text="x", key=key())
    await spent(world, who, grant, 3)
    told = await act(
        world, who.leader, "reportGrant", "grant { reported }", grant=grant, text="已开展一半"
    )
    assert told["grant"] == {"reported": "MIDTERM"}
    told = await act(
        world, officer, "ruleOnMidterm", "grant { state due reported }", grant=grant, accept=False
    )
    assert told["grant"] == {"state": "MIDTERM_FIX", "due": "2026-12-28", "reported": None}
    with pytest.raises(ReportMissing):
        await rule_on_midterm(officer, grant=grant, accept=True, key=key())
    await report_grant(who.leader, grant=grant, text="已整改", key=key())
    held = await grant_of(grant)
    assert (held.reported, held.due) == (GrantReport.MIDTERM, date(YEAR, 12, 28))
    await rule_on_midterm(officer, grant=grant, accept=True, key=key())
    assert (await grant_of(grant)).state is FundGrantState.MIDTERM_PASS
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_the_work_is_accepted_on_its_final_report_alone(world: World) -> None:
    who, call = await applicant(world), await called(world)
    officer, grant = await fund_officer(world), await running(world, who, call)
    await midterm(world, who, grant)
    with pytest.raises(NotInThisState):
        await accept_grant(officer, grant=grant, key=key())
    await report_grant(who.leader, grant=grant, text="全部完成", key=key())
    held = await grant_of(grant)
    assert (held.state, held.reported) == (FundGrantState.FINAL, GrantReport.FINAL)
    await report_grant(who.leader, grant=grant, text="全部完成，更正", key=key())
    await accept_grant(officer, grant=grant, key=key())
    assert (await grant_of(grant)).state is FundGrantState.ACCEPTED
    with pytest.raises(NotInThisState):
        await report_grant(who.leader, grant=grant, text="再报", key=key())

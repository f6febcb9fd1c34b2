"""Grant reports: mid-term and final, with what the ledger says, accepted or put right."""

from datetime import date

import pytest

from tests.funding import YEAR, fund_officer
from tests.granting import (
    CONTRACT,
    applicant,
    awarded,
    called,
    drafted,
    grant_of,
    midterm,
    reviewers,
    running,
    spent,
)
from tests.organising import codes_of
from tests.projects import DAY
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.actors import SYSTEM
from timebank.clock import day_of
from timebank.funding.applications import submit_grant
from timebank.funding.grant_awards import begin_grant, contract_grant
from timebank.funding.grant_life import FundGrantState, GrantReport
from timebank.funding.grant_reports import (
    ReportMissing,
    accept_grant,
    grants_to_remind,
    remind_of_grant,
    report_grant,
    rule_on_midterm,
)
from timebank.funding.grant_reviews import check_formally, review_grant
from timebank.funding.grants import late_today
from timebank.lifecycles import NotInThisState
from timebank.refusals import Forbidden, NotFound
from timebank.representatives import ReminderNotDue
from timebank.texts import TextMissing
from timebank.timers import sweep

pytestmark = pytest.mark.one_database


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
async def test_what_is_to_be_put_right_is_reminded_of_and_once_a_day(world: World) -> None:
    who, officer = await applicant(world), await fund_officer(world)
    grant = await running(world, who, await called(world))
    await report_grant(who.leader, grant=grant, text="已开展一半", key=key())
    assert (await codes_of(who.leader)).count("grant_due") == 0
    await rule_on_midterm(officer, grant=grant, accept=False, key=key())
    with pytest.raises(Forbidden):
        await remind_of_grant(officer, grant=grant, key=key())
    with pytest.raises(ReminderNotDue):
        await remind_of_grant(SYSTEM, grant=grant, key=key())
    seen = []
    # Thirty days: a week before the last one, and when it is over.
    for days in (22, 1, 1, 7, 5):
        world.clock.move(days * DAY)
        await sweep()
        codes = await codes_of(who.leader)
        seen.append((codes.count("grant_due"), codes.count("grant_late")))
    assert seen == [(0, 0), (1, 0), (1, 0), (1, 1), (1, 1)]
    assert await grants_to_remind(skip=0, limit=9) == []
    await report_grant(who.leader, grant=grant, text="已整改", key=key())
    assert (await grant_of(grant)).remind_on is None


@pytest.mark.anyio
async def test_each_report_is_said_before_its_day_and_late_after_it(world: World) -> None:
    who, officer = await applicant(world), await fund_officer(world)
    grant = await awarded(world, who, await called(world, source_years=1))
    await contract_grant(
        officer, grant=grant, contract=CONTRACT, final_due=date(YEAR + 1, 5, 28), key=key()
    )
    held = await grant_of(grant)
    assert (held.midterm_due, held.final_due) == (date(YEAR + 1, 2, 26), date(YEAR + 1, 5, 28))
    await begin_grant(who.leader, grant=grant, key=key())
    assert (await grant_of(grant)).due == held.midterm_due

    async def told_on(*days: date) -> list[tuple[int, int]]:
        seen = []
        for day in days:
            world.clock.move((day - day_of(world.clock.now())) // DAY * DAY)
            await sweep()
            codes = await codes_of(who.leader)
            seen.append((codes.count("grant_due"), codes.count("grant_late")))
        return seen

    # A month and a week before the last day, not on it, and once when it is over.
    days = [date(YEAR + 1, 1, 27), date(YEAR + 1, 2, 19), date(YEAR + 1, 2, 26)]
    assert await told_on(*days) == [(1, 0), (2, 0), (2, 0)]
    assert not late_today(await grant_of(grant))
    assert await told_on(date(YEAR + 1, 2, 27), date(YEAR + 1, 3, 9)) == [(2, 1), (2, 1)]
    asked = f'{{ node(id: "{grant}") {{ ... on FundGrant {{ late due midtermDue finalDue }} }} }}'
    told = (await ask(world, who.books, asked))["node"]
    assert told == {
        "late": True,
        "due": "2027-02-26",
        "midtermDue": "2027-02-26",
        "finalDue": "2027-05-28",
    }
    await midterm(world, who, grant)
    held = await grant_of(grant)
    assert (held.due, late_today(held)) == (held.final_due, False)
    assert await told_on(date(YEAR + 1, 4, 28), date(YEAR + 1, 5, 29)) == [(3, 1), (3, 2)]
    await report_grant(who.leader, grant=grant, text="全部完成", key=key())
    assert not late_today(await grant_of(grant))
    assert await grants_to_remind(skip=0, limit=9) == []
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_the_organisation_is_told_what_its_officers_came_to(world: World) -> None:
    who, call = await applicant(world), await called(world)
    grant = await drafted(who, call)
    await submit_grant(who.leader, grant=grant, key=key())
    assert "grant_moved" not in await codes_of(who.leader)
    await check_formally(await fund_officer(world), grant=grant, complete=True, key=key())
    assert (await codes_of(who.leader)).count("grant_moved") == 1
    await review_grant((await reviewers(world))[0], grant=grant, points=80, key=key())
    assert (await codes_of(who.leader)).count("grant_moved") == 1, "who reviewed is no state"
    assert await codes_of(who.books) == []


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

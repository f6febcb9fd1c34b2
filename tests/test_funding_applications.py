"""Applications: once to a call, by who stands for it, with a budget that names every fen."""

from datetime import date
from typing import Any

import msgspec
import pytest

from tests.funding import YEAR, fund_officer
from tests.granting import ASKED, BUDGET, Applicant, applicant, called, drafted, grant_of
from tests.organising import registrar
from tests.test_funding_projects import SOURCE
from tests.wire import act
from tests.world import World, key
from timebank import replay
from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.funding.applications import (
    AppliedAlready,
    AskedTooMuch,
    BudgetWrong,
    CallNotOpen,
    decide_budget,
    decide_call_open,
    revise_grant,
    submit_grant,
    withdraw_grant,
)
from timebank.funding.calls import Call, CallState, close_call
from timebank.funding.commitments import AgainstNegativeList
from timebank.funding.grant_life import FundGrantState
from timebank.funding.purposes import ExpenseItem, FundPurpose
from timebank.funding.sources import FenNotPositive
from timebank.journal import Answer, write
from timebank.lifecycles import NotInThisState
from timebank.organisation_endings import list_abnormal
from timebank.organisation_life import AbnormalReason
from timebank.organisations import BarredOrganisation, OrganisationNotActive, bar_organisation
from timebank.refusals import NotFound, Refusal

pytestmark = pytest.mark.one_database

CALL = Call(
    id="cal_1",
    source="src_1",
    unit="4",
    path="4/",
    purpose=FundPurpose.PUBLIC_PLACES,
    most_fen=10,
    until=date(YEAR, 12, 1),
    state=CallState.OPEN,
)
GOOD = ExpenseItem.MATERIALS


@pytest.mark.parametrize(
    ("fen", "budget", "minutes", "refusal"),
    [
        (10, ((GOOD, 10),), 0, None),
        (10, ((GOOD, 4), (GOOD, 6)), 60, None),
        (10, ((ExpenseItem.PARTY_ACTIVITY, 10),), 0, None),
        (11, ((GOOD, 11),), 0, AskedTooMuch),
        (10, ((GOOD, 9),), 0, BudgetWrong),
        (10, ((GOOD, 11), (GOOD, -1)), 0, BudgetWrong),
        (10, ((GOOD, 10), (GOOD, 0)), 0, BudgetWrong),
        (10, ((GOOD, 10),), -1, BudgetWrong),
        (10, (), 0, BudgetWrong),
        (0, (), 0, FenNotPositive),
        (10, ((ExpenseItem.OFFICE, 1), (GOOD, 9)), 0, AgainstNegativeList),
    ],
)
def test_what_may_be_applied_for(
    fen: int, budget: Any, minutes: int, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        decide_budget(fen, budget, minutes, call=CALL, source=SOURCE)
    else:
        with pytest.raises(refusal):
            decide_budget(fen, budget, minutes, call=CALL, source=SOURCE)


def test_organisations_apply_while_the_call_is_open() -> None:
    decide_call_open(CALL, CALL.until)
    for call, today in (
        (CALL, date(YEAR, 12, 2)),
        (msgspec.structs.replace(CALL, state=CallState.CLOSED), CALL.until),
    ):
        with pytest.raises(CallNotOpen):
            decide_call_open(call, today)


@pytest.mark.anyio
async def test_an_application_is_drafted_changed_and_handed_in(world: World) -> None:
    who, call = await applicant(world), await called(world)
    told = await act(
        world,
        who.leader,
        "draftGrant",
        "grant { id state fen budget { item fen } }",
        call=call,
        organisation=who.organisation,
        fen=ASKED,
        budget=[{"item": "MATERIALS", "fen": 1_000}, {"item": "INSURANCE", "fen": 1}],
        plan="每周探访独居老人",
    )
    grant = told["grant"].pop("id")
    assert told["grant"] == {
        "state": "DRAFT",
        "fen": ASKED,
        "budget": [{"item": "MATERIALS", "fen": 1_000}, {"item": "INSURANCE", "fen": 1}],
    }
    with pytest.raises(AppliedAlready):
        await drafted(who, call)
    told = await act(
        world,
        who.leader,
        "reviseGrant",
        "grant { fen leastMinutes }",
        grant=grant,
        fen=7,
        budget=[{"item": "VENUE", "fen": 7}],
        plan="每月探访独居老人",
        leastMinutes=60,
    )
    assert told["grant"] == {"fen": 7, "leastMinutes": 60}
    told = await act(world, who.leader, "submitGrant", "grant { state }", grant=grant)
    assert told["grant"] == {"state": "SUBMITTED"}
    with pytest.raises(NotInThisState):
        await revise_grant(
            who.leader, grant=grant, fen=ASKED, budget=BUDGET, plan="再改", key=key()
        )
    # Taken back, the organisation may apply anew.
    await withdraw_grant(who.leader, grant=grant, key=key())
    assert (await grant_of(await drafted(who, call))).state is FundGrantState.DRAFT
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_only_who_stands_for_an_organisation_that_stands_applies(world: World) -> None:
    who, rival, call = await applicant(world), await applicant(world), await called(world)
    for actor in (rival.leader, who.books):
        pretender = Applicant(who.organisation, actor, actor)
        with pytest.raises(NotFound):
            await drafted(pretender, call)

    def bar(batch: Batch) -> Answer:
        return Answer(entry=bar_organisation(batch, who.organisation, "case").seq)

    grant = await drafted(who, call)
    await write(SYSTEM, key(), bar, answer=Answer)
    with pytest.raises(BarredOrganisation):
        await submit_grant(who.leader, grant=grant, key=key())
    with pytest.raises(BarredOrganisation):
        await drafted(who, await called(world))
    kept = await drafted(rival, call)
    await close_call(await fund_officer(world), call=call, key=key())
    with pytest.raises(CallNotOpen):
        await submit_grant(rival.leader, grant=kept, key=key())
    gone, missing = rival.organisation, AbnormalReason.REPORT_MISSING
    await list_abnormal(registrar(world), organisation=gone, reason=missing, key=key())
    with pytest.raises(OrganisationNotActive):
        await drafted(rival, await called(world))

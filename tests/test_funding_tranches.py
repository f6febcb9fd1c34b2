"""Tranches: paid in parts when their condition is met, by a maker and a checker, never by one."""

from contextlib import nullcontext
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from tests.funding import YEAR, allotted, fund_officer
from tests.granting import applicant, called, running
from tests.organising import codes_of, organisation_of
from tests.projects import COST, built, officer_of, paid
from tests.test_organisations import HELD
from tests.world import COMMUNITY, World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.events import Event
from timebank.funding.commitments import Commitment, Condition
from timebank.funding.grant_awards import stop_grant
from timebank.funding.grant_life import GrantStopReason
from timebank.funding.payments import (
    approve_payment,
    bounce_payment,
    pay_tranche,
    prepare_payment,
    reconcile_tranche,
)
from timebank.funding.purposes import FundPurpose
from timebank.funding.tranche_life import (
    LIFECYCLE,
    NobodyBarred,
    PaidAlready,
    PaymentApproved,
    PaymentPrepared,
    TrancheBounced,
    TranchePaid,
    TrancheReconciled,
    TrancheResumed,
    TrancheState,
    TrancheWithheld,
    WithholdReason,
)
from timebank.funding.tranches import (
    Tranche,
    decide_reason,
    parts_of,
    resume_tranche,
    tranche_key,
    tranches_of,
    withhold_of_barred,
    withhold_tranche,
)
from timebank.journal import Answer, write
from timebank.lifecycles import NotInThisState, step
from timebank.organisations import bar_organisation
from timebank.refusals import Forbidden, NotFound
from timebank.tables import find
from timebank.timers import TIMERS, sweep

pytestmark = pytest.mark.one_database

PART = Tranche(
    id="awd_1/1",
    commitment="awd_1",
    number=1,
    path="4/",
    fen=5,
    condition=Condition.MIDTERM,
    least_minutes=60,
    state=TrancheState.PLANNED,
    maker="per_maker",
    checker="per_checker",
    payer="per_payer",
)
PROMISE = Commitment(
    id="awd_1",
    source="src_1",
    unit="4",
    year=YEAR,
    path="4/",
    purpose=FundPurpose.HEALTH,
    fen=9,
    payee=None,
    committed_on=date(YEAR, 1, 1),
    met=(Condition.CONTRACT, Condition.MIDTERM),
)
MOVES: list[type[Event]] = [
    PaymentPrepared,
    PaymentApproved,
    TrancheBounced,
    TranchePaid,
    TrancheReconciled,
    TrancheWithheld,
    TrancheResumed,
]


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert set(LIFECYCLE) == set(TrancheState) == reached
    assert [state for state in TrancheState if TranchePaid in LIFECYCLE[state]] == ["approved"]
    for state in TrancheState:
        for event in MOVES:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in TrancheState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


def test_parts_add_up_to_the_fen() -> None:
    assert parts_of(1_000, [50, 40, 10]) == [500, 400, 100]
    assert parts_of(101, [50, 40, 10]) == [50, 40, 11]
    assert all(sum(parts_of(fen, [33, 33, 34])) == fen for fen in range(200))


@pytest.mark.parametrize(
    ("reason", "barred", "no"),
    [
        (WithholdReason.BARRED, date(2026, 11, 20), None),
        (WithholdReason.BARRED, date(2026, 11, 19), NobodyBarred),
        (WithholdReason.BARRED, None, NobodyBarred),
        (WithholdReason.REPORT_LATE, None, None),
    ],
)
def test_a_part_is_held_back_for_what_is_so(
    reason: WithholdReason, barred: date | None, no: type[Exception] | None
) -> None:
    payee = replace(HELD, barred_until=barred)
    with pytest.raises(no) if no else nullcontext():
        decide_reason(reason, payee, date(2026, 11, 20))
    with pytest.raises(NobodyBarred):
        decide_reason(WithholdReason.BARRED, None, date(2026, 11, 20))


@pytest.mark.anyio
async def test_nothing_is_paid_twice_or_elsewhere_or_while_it_is_withheld(world: World) -> None:
    project = await built(world, await allotted(world))
    tranche = tranche_key(project, 1)
    cashier = await officer_of(world, Role.STREET_CASHIER)
    checker = await officer_of(world, Role.STREET_CHECKER)
    far = await world.officer(Role.STREET_CASHIER, "420100/420103/")
    with pytest.raises(Forbidden):
        await prepare_payment(far, tranche=tranche, key=key())
    with pytest.raises(NotFound):
        await prepare_payment(cashier, tranche=tranche_key(project, 2), key=key())
    with pytest.raises(NotInThisState):
        await pay_tranche(cashier, tranche=tranche, reference="1", key=key())
    await prepare_payment(cashier, tranche=tranche, key=key())
    await withhold_tranche(
        checker, tranche=tranche, reason=WithholdReason.SPENDING_IN_DOUBT, key=key()
    )
    with pytest.raises(NotInThisState):
        await approve_payment(checker, tranche=tranche, key=key())
    await resume_tranche(checker, tranche=tranche, key=key())
    held = await find(Tranche, tranche)
    assert held
    assert (held.state, held.maker, held.withheld) == (TrancheState.PLANNED, None, None)
    await paid(world, project)
    with pytest.raises(PaidAlready):
        await pay_tranche(cashier, tranche=tranche, reference="1", key=key())
    await reconcile_tranche(checker, tranche=tranche, key=key())
    with pytest.raises(PaidAlready):
        await prepare_payment(cashier, tranche=tranche, key=key())
    promised = await find(Commitment, project)
    assert promised
    assert (promised.unit, promised.paid, promised.spent) == (COMMUNITY, COST, COST)


async def parts(commitment: str) -> list[str]:
    """How far each part of a commitment is, and why it is held back."""
    found = (await tranches_of([commitment]))[commitment]
    return [f"{one.state}: {one.withheld}" if one.withheld else one.state for one in found]


@pytest.mark.anyio
async def test_what_a_barred_organisation_has_waiting_is_held_back_by_itself(world: World) -> None:
    who, later = await applicant(world), date(YEAR, 12, 31)
    officer, checker = await fund_officer(world), await officer_of(world, Role.STREET_CHECKER)
    good, stopped = [await running(world, who, await called(world, until=later)) for _ in range(2)]
    other = await running(world, await applicant(world), await called(world, until=later))
    reason = GrantStopReason.ORGANISATION_ENDED
    await stop_grant(officer, grant=stopped, reason=reason, key=key())

    def bar(batch: Batch) -> Answer:
        # As it was done before a bar held back the rest in the same write.
        return Answer(entry=bar_organisation(batch, who.organisation, stopped).seq)

    async def swept() -> int:
        (run,) = await sweep([one for one in TIMERS if one.name == "tranches.barred"])
        assert (run.refused, run.failed) == (0, 0)
        return run.done

    with pytest.raises(NobodyBarred):
        await withhold_of_barred(SYSTEM, organisation=who.organisation)
    assert await swept() == 0
    await write(SYSTEM, key(), bar, answer=Answer)
    with pytest.raises(Forbidden):
        await withhold_of_barred(checker, organisation=who.organisation, key=key())
    before = await codes_of(who.leader)
    assert await swept() == 1
    assert await parts(good) == ["paid", "withheld: barred", "withheld: barred"]
    assert await parts(stopped) == await parts(other) == ["paid", "planned", "planned"]
    assert (await codes_of(who.leader))[: -len(before)] == ["payment_withheld"]
    assert await swept() == 0
    await withhold_of_barred(SYSTEM, organisation=who.organisation)
    # What the bank sends back is not paid again either, up to the bar's last day.
    until = (await organisation_of(who.organisation)).barred_until
    assert until
    world.clock.move(until - day_of(world.clock.now()))
    await bounce_payment(checker, tranche=tranche_key(good, 1), key=key())
    assert await swept() == 1
    assert await parts(good) == ["withheld: barred"] * 3
    world.clock.move(timedelta(days=1))
    await resume_tranche(checker, tranche=tranche_key(good, 2), key=key())
    assert await swept() == 0
    assert (await replay.compare(world.settings.database_url)).differing == 0

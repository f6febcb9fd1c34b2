"""Tranches: paid in parts when their condition is met, by a maker and a checker, never by one."""

from contextlib import nullcontext
from datetime import date

import pytest
from msgspec.structs import replace

from tests.funding import YEAR, allotted
from tests.projects import COST, built, officer_of, paid
from tests.test_organisations import HELD
from tests.world import COMMUNITY, World, key
from timebank.access import Role
from timebank.events import Event
from timebank.funding.commitments import Commitment, Condition
from timebank.funding.payments import (
    approve_payment,
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
    withhold_tranche,
)
from timebank.lifecycles import NotInThisState, step
from timebank.refusals import Forbidden, NotFound
from timebank.tables import find

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

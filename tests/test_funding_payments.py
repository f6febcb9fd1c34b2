"""Payments: made, checked, paid out and reconciled, each step by another person."""

import msgspec
import pytest

from tests.funding import allotted
from tests.granting import applicant, called, running, spent
from tests.organising import codes_of
from tests.projects import COST, built, officer_of, paid, project_of
from tests.test_funding_tranches import PART, PROMISE
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM
from timebank.divisions import CITY_PATH
from timebank.funding.commitments import Commitment, Condition
from timebank.funding.payments import (
    ConditionNotMet,
    TooFewAcceptedHours,
    approve_payment,
    bounce_payment,
    decide_hand,
    decide_ready,
    pay_tranche,
    prepare_payment,
    reconcile_tranche,
)
from timebank.funding.project_life import ProjectState
from timebank.funding.sources import NotEnoughMoney
from timebank.funding.spending import reverse_spending
from timebank.funding.tranche_life import (
    CheckerPays,
    MakerChecks,
    PaymentApproved,
    TrancheBounced,
    TranchePaid,
    TrancheReconciled,
    WithholdReason,
)
from timebank.funding.tranches import (
    Tranche,
    resume_tranche,
    tranche_key,
    withhold_tranche,
)
from timebank.lifecycles import NotInThisState
from timebank.refusals import Forbidden
from timebank.tables import find

pytestmark = pytest.mark.one_database


def test_a_part_waits_for_its_report_and_its_accepted_hours() -> None:
    decide_ready(PART, PROMISE, 60)
    with pytest.raises(TooFewAcceptedHours) as no:
        decide_ready(PART, PROMISE, 59)
    assert no.value.details == {"least": "60", "accepted": "59"}
    with pytest.raises(ConditionNotMet):
        decide_ready(PART, msgspec.structs.replace(PROMISE, met=(Condition.CONTRACT,)), 60)


def test_each_step_of_a_payment_is_anothers() -> None:
    for act_of, person, no in (
        (PaymentApproved, "per_maker", MakerChecks),
        (TranchePaid, "per_checker", CheckerPays),
        (TrancheReconciled, "per_payer", CheckerPays),
        (TrancheBounced, "per_payer", CheckerPays),
    ):
        with pytest.raises(no):
            decide_hand(PART, act_of, person)
        decide_hand(PART, act_of, "per_another")
    decide_hand(PART, TranchePaid, "per_maker")


@pytest.mark.anyio
async def test_cashier_and_checker_pay_in_steps_on_the_wire(world: World) -> None:
    project = await built(world, await allotted(world))
    tranche = tranche_key(project, 1)
    cashier = await officer_of(world, Role.STREET_CASHIER)
    checker = await officer_of(world, Role.STREET_CHECKER)
    waiting = """query($s: String!, $t: TrancheState!) {
        paymentsWaiting(scope: $s, state: $t) { nodes { id } } }"""
    for actor, mutation, more, state in (
        (cashier, "preparePayment", {}, "CONDITION_MET"),
        (checker, "approvePayment", {}, "APPROVED"),
        (cashier, "payTranche", {"reference": "汇款 1"}, "PAID"),
        (checker, "reconcileTranche", {}, "RECONCILED"),
    ):
        told = await act(world, actor, mutation, "tranche { state fen }", tranche=tranche, **more)
        assert told == {"tranche": {"state": state, "fen": COST}, "userErrors": []}
        seen = await ask(world, checker, waiting, s="420100/", t=state)
        assert seen["paymentsWaiting"]["nodes"] == [{"id": tranche}]
    street = world.staff[Role.STREET_OFFICER]
    seen = await ask(world, street, waiting, s="420100/", t="RECONCILED")
    assert seen["paymentsWaiting"]["nodes"] == []
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_one_person_with_both_roles_is_still_one_person(world: World) -> None:
    project = await built(world, await allotted(world))
    tranche = tranche_key(project, 1)
    both = await officer_of(world, Role.STREET_CASHIER)
    checker = await officer_of(world, Role.STREET_CHECKER)
    for who, role in ((both, Role.STREET_CHECKER), (checker, Role.STREET_CASHIER)):
        await grant_role(SYSTEM, person=who.person or "", role=role, scope="420100/", key=key())
    await prepare_payment(both, tranche=tranche, key=key())
    with pytest.raises(MakerChecks):
        await approve_payment(both, tranche=tranche, key=key())
    await approve_payment(checker, tranche=tranche, key=key())
    with pytest.raises(CheckerPays):
        await pay_tranche(checker, tranche=tranche, reference="1", key=key())
    await pay_tranche(both, tranche=tranche, reference="1", key=key())
    with pytest.raises(CheckerPays):
        await reconcile_tranche(both, tranche=tranche, key=key())


@pytest.mark.anyio
async def test_a_payment_that_the_bank_sent_back_is_reversed_and_made_again(world: World) -> None:
    project = await built(world, await allotted(world))
    cashier = await officer_of(world, Role.STREET_CASHIER)
    checker = await officer_of(world, Role.STREET_CHECKER)
    tranche = await paid(world, project)
    with pytest.raises(Forbidden):
        await bounce_payment(cashier, tranche=tranche, key=key())
    told = await act(world, checker, "bouncePayment", "tranche { state }", tranche=tranche)
    assert told["tranche"]["state"] == "PLANNED"
    promised, held = await find(Commitment, project), await find(Tranche, tranche)
    assert promised
    assert held
    assert (promised.paid, promised.spent, promised.fen) == (0, 0, COST)
    assert (held.maker, held.checker, held.payer) == (None, None, None)
    assert (await project_of(project)).state is ProjectState.ACCEPTED
    with pytest.raises(NotInThisState):
        await bounce_payment(checker, tranche=tranche, key=key())
    await paid(world, project)
    assert (await project_of(project)).state is ProjectState.PAID
    await reconcile_tranche(checker, tranche=tranche, key=key())
    with pytest.raises(NotInThisState):
        await bounce_payment(checker, tranche=tranche, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_what_was_accounted_for_did_arrive(world: World) -> None:
    who = await applicant(world)
    grant = await running(world, who, await called(world))
    checker = await officer_of(world, Role.STREET_CHECKER)
    line = await spent(world, who, grant, 1)
    query = """query($s: String!) {
        paymentsWaiting(scope: $s, state: PLANNED) { nodes { commitment payee { id } } } }"""
    waiting = (await ask(world, checker, query, s=CITY_PATH))["paymentsWaiting"]["nodes"]
    assert waiting == [{"commitment": grant, "payee": {"id": who.organisation}}] * 2
    with pytest.raises(NotEnoughMoney):
        await bounce_payment(checker, tranche=tranche_key(grant, 1), key=key())
    await reverse_spending(who.books, line=line, key=key())
    assert await codes_of(who.leader) == ["payment_made"] + ["grant_moved"] * 6
    await bounce_payment(checker, tranche=tranche_key(grant, 1), key=key())
    assert (await codes_of(who.leader))[0] == "payment_bounced"
    reason = WithholdReason.REPORT_LATE
    await withhold_tranche(checker, tranche=tranche_key(grant, 1), reason=reason, key=key())
    await resume_tranche(checker, tranche=tranche_key(grant, 1), key=key())
    assert (await codes_of(who.leader))[0] == "payment_withheld"
    promised = await find(Commitment, grant)
    assert promised
    assert (promised.paid, promised.spent) == (0, 0)

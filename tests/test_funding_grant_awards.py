"""Grant awards: promised in parts, contracted, audited, closed; stopped, asked back, barred."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.funding import DAY, YEAR, fund_officer
from tests.granting import (
    ASKED,
    AUDIT,
    CONTRACT,
    applicant,
    awarded,
    called,
    complete,
    drafted,
    grant_of,
    laid_open,
    midterm,
    running,
    spent,
)
from tests.organising import codes_of, organisation_of, registrar
from tests.projects import officer_of, paid
from tests.test_pages_module import browsing
from tests.wire import act, ask, form
from tests.world import World, key
from timebank import accounts, replay
from timebank.access import Role, grant_role
from timebank.accounts import balance_of
from timebank.actors import SYSTEM, person
from timebank.clock import day_of
from timebank.divisions import CITY, CITY_PATH
from timebank.funding.calls import Call
from timebank.funding.grant_awards import (
    AcceptorAudits,
    HashWrong,
    NotAccountedFor,
    NothingToRecover,
    ReportDayWrong,
    audit_grant,
    award_grant,
    begin_grant,
    close_grant,
    contract_grant,
    decide_days,
    decide_hash,
    end_recovery,
    recover_grant,
    stop_grant,
)
from timebank.funding.grant_life import FundGrantState, GrantStopReason
from timebank.funding.grant_reports import accept_grant, report_grant
from timebank.funding.grant_reviews import review_grant
from timebank.funding.grants import GrantOver
from timebank.funding.payments import (
    ConditionNotMet,
    approve_payment,
    bounce_payment,
    pay_tranche,
    prepare_payment,
)
from timebank.funding.sources import FundKind, FundSource, NotEnoughMoney, SourceOver, SourceState
from timebank.funding.spending import AccountsClosed, refund_funds, reverse_spending
from timebank.funding.tranche_life import NobodyBarred, WithholdReason
from timebank.funding.tranches import (
    resume_tranche,
    tranche_key,
    tranches_of,
    withhold_tranche,
)
from timebank.lifecycles import NotInThisState
from timebank.organisation_endings import revoke_organisation
from timebank.organisation_life import RevokeReason
from timebank.organisations import BarredOrganisation, OrganisationNotActive, OwnOrganisation
from timebank.publicity import PublicityOpen
from timebank.refusals import NotFound
from timebank.tables import find

pytestmark = pytest.mark.one_database

FIRST, SECOND, THIRD = 500, 400, 101
LATE: dict[str, Any] = {"until": date(YEAR, 12, 20)}


def test_documents_are_named_by_their_hash() -> None:
    assert decide_hash("0f" * 32) == "0f" * 32
    for wrong in ("", "0F" * 32, "0f" * 31, "0f" * 32 + "\n"):
        with pytest.raises(HashWrong):
            decide_hash(wrong)


@pytest.mark.parametrize(
    ("today", "final_due", "found"),
    [
        (date(2026, 7, 1), None, (date(2026, 9, 30), date(2026, 12, 31))),
        (date(2026, 7, 1), date(2026, 7, 11), (date(2026, 7, 6), date(2026, 7, 11))),
        (date(2026, 12, 31), None, (date(2026, 12, 31), date(2026, 12, 31))),
        (date(2026, 7, 1), date(2026, 6, 30), ReportDayWrong),
        (date(2026, 7, 1), date(2027, 1, 1), ReportDayWrong),
        (date(2027, 1, 1), None, SourceOver),
    ],
)
def test_reports_are_due_half_way_and_while_the_money_may_be_used(
    today: date, final_due: date | None, found: Any
) -> None:
    source = FundSource(
        id="src_1",
        fund=FundKind.ASSISTANCE_PLAN,
        year=2026,
        fen=100,
        purposes=(),
        negatives=(),
        last_day=date(2026, 12, 31),
        state=SourceState.OPEN,
    )
    if isinstance(found, tuple):
        assert decide_days(source, final_due, today) == found
    else:
        with pytest.raises(found):
            decide_days(source, final_due, today)


@pytest.mark.anyio
async def test_a_grant_from_award_to_its_end_and_every_fen_is_accounted_for(world: World) -> None:
    who, call = await applicant(world), await called(world, 3 * ASKED)
    source = await find(Call, call)
    assert source
    allotment = accounts.allotment(CITY, YEAR, source.source)
    officer, grant = await fund_officer(world), await running(world, who, call)
    query = """query($g: ID!) { node(id: $g) { ... on FundGrant { commitment {
        fen paid spent met tranches { fen condition state } } } } }"""
    seen = (await ask(world, form(), query, g=grant))["node"]["commitment"]
    assert seen == {
        "fen": ASKED,
        "paid": FIRST,
        "spent": 0,
        "met": ["CONTRACT"],
        "tranches": [
            {"fen": FIRST, "condition": "CONTRACT", "state": "PAID"},
            {"fen": SECOND, "condition": "MIDTERM", "state": "PLANNED"},
            {"fen": THIRD, "condition": "FINAL", "state": "PLANNED"},
        ],
    }
    cashier = await officer_of(world, Role.STREET_CASHIER)
    with pytest.raises(ConditionNotMet):
        await prepare_payment(cashier, tranche=tranche_key(grant, 2), key=key())
    line = await spent(world, who, grant, FIRST)
    await midterm(world, who, grant)
    await paid(world, grant, 2)
    await spent(world, who, grant, SECOND - 7)
    with pytest.raises(ConditionNotMet):
        await prepare_payment(cashier, tranche=tranche_key(grant, 3), key=key())
    await report_grant(who.leader, grant=grant, text="全部完成", key=key())
    await accept_grant(officer, grant=grant, key=key())
    with pytest.raises(AcceptorAudits):
        await audit_grant(officer, grant=grant, audit=AUDIT, key=key())
    other = await world.officer(Role.CITY_FUND_OFFICER)
    with pytest.raises(NotAccountedFor) as no:
        await audit_grant(other, grant=grant, audit=AUDIT, key=key())
    assert no.value.details == {"fen": "7"}
    await refund_funds(who.books, commitment=grant, fen=7, key=key())
    with pytest.raises(HashWrong):
        await audit_grant(other, grant=grant, audit="no", key=key())
    told = await act(world, other, "auditGrant", "grant { state }", grant=grant, audit=AUDIT)
    assert told["grant"] == {"state": "AUDITED"}
    with pytest.raises(AccountsClosed):
        await reverse_spending(who.books, line=line, key=key())
    # The last part was never paid: it goes back with what was refunded.
    told = await act(world, officer, "closeGrant", "grant { state }", grant=grant)
    assert told["grant"] == {"state": "CLOSED"}
    assert await balance_of(allotment) == 2 * ASKED + THIRD + 7
    assert await balance_of(accounts.award(grant)) == 0
    assert await balance_of(accounts.organisation(who.organisation, grant)) == 0
    with pytest.raises(NotEnoughMoney):
        await _pay(world, tranche_key(grant, 3))
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def _pay(world: World, tranche: str) -> None:
    cashier = await officer_of(world, Role.STREET_CASHIER)
    checker = await officer_of(world, Role.STREET_CHECKER)
    await prepare_payment(cashier, tranche=tranche, key=key())
    await approve_payment(checker, tranche=tranche, key=key())
    await pay_tranche(cashier, tranche=tranche, reference="1", key=key())


@pytest.mark.anyio
async def test_money_is_promised_after_the_publicity_and_as_far_as_it_goes(world: World) -> None:
    call, officer = await called(world, ASKED + 5), await fund_officer(world)
    first = await laid_open(world, await applicant(world), call)
    second = await laid_open(world, await applicant(world), call)
    with pytest.raises(PublicityOpen):
        await award_grant(officer, grant=first, key=key())
    world.clock.move(8 * DAY)
    await award_grant(officer, grant=first, key=key())
    with pytest.raises(NotEnoughMoney):
        await award_grant(officer, grant=second, key=key())
    with pytest.raises(NotInThisState):
        await award_grant(officer, grant=first, key=key())
    assert (await grant_of(second)).state is FundGrantState.PUBLICITY


@pytest.mark.anyio
async def test_both_sides_do_their_own_step(world: World) -> None:
    who, call = await applicant(world), await called(world)
    officer, grant = await fund_officer(world), await awarded(world, who, call)
    with pytest.raises(HashWrong):
        await contract_grant(officer, grant=grant, contract="x", key=key())
    await contract_grant(officer, grant=grant, contract=CONTRACT, key=key())
    with pytest.raises(NotFound):
        await begin_grant(officer, grant=grant, key=key())
    await begin_grant(who.leader, grant=grant, key=key())


@pytest.mark.anyio
async def test_a_stopped_grant_gives_back_and_who_owes_is_barred_for_three_years(
    world: World,
) -> None:
    who, call = await applicant(world), await called(world, 2 * ASKED)
    held = await find(Call, call)
    assert held
    officer, grant = await fund_officer(world), await running(world, who, call)
    allotment = accounts.allotment(CITY, YEAR, held.source)
    line_fen = 100
    await spent(world, who, grant, line_fen)
    reason = GrantStopReason.MONEY_MISUSED
    await stop_grant(officer, grant=grant, reason=reason, key=key())
    assert await balance_of(allotment) == 2 * ASKED - FIRST
    told = await act(world, officer, "recoverGrant", "grant { state }", grant=grant)
    assert told["grant"] == {"state": "RECOVERY"}
    barred = (await organisation_of(who.organisation)).barred_until
    assert barred == date(YEAR + 3, 11, 28)
    with pytest.raises(BarredOrganisation):
        await drafted(who, await called(world))
    with pytest.raises(NotAccountedFor):
        await end_recovery(officer, grant=grant, key=key())
    await refund_funds(who.books, commitment=grant, fen=FIRST - line_fen, key=key())
    await end_recovery(officer, grant=grant, key=key())
    assert await balance_of(allotment) == 2 * ASKED - line_fen
    assert (await grant_of(grant)).state is FundGrantState.RECOVERED
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_barred_organisation_is_paid_nothing_of_what_else_it_was_promised(
    world: World,
) -> None:
    who, officer = await applicant(world), await fund_officer(world)
    cashier = await officer_of(world, Role.STREET_CASHIER)
    checker = await officer_of(world, Role.STREET_CHECKER)
    misused = await running(world, who, await called(world))
    good = await running(world, who, await called(world))
    stopped = await awarded(world, who, await called(world, **LATE))
    other = await running(world, await applicant(world), await called(world, **LATE))
    reason = GrantStopReason.ORGANISATION_ENDED
    await stop_grant(officer, grant=stopped, reason=reason, key=key())
    await midterm(world, who, good)
    await prepare_payment(cashier, tranche=tranche_key(good, 2), key=key())
    reason = GrantStopReason.MONEY_MISUSED
    await stop_grant(officer, grant=misused, reason=reason, key=key())
    before = await codes_of(who.leader)
    await recover_grant(officer, grant=misused, key=key())
    assert await parts(good) == ["paid", "withheld: barred", "withheld: barred"]
    # The stopped ones pay nothing anyway, and others' money is others'.
    assert await parts(misused) == ["paid", "planned", "planned"]
    assert await parts(stopped) == ["planned"] * 3
    assert await parts(other) == ["paid", "planned", "planned"]
    told = (await codes_of(who.leader))[: -len(before)]
    assert sorted(told) == ["grant_moved", "payment_withheld"]
    until = (await organisation_of(who.organisation)).barred_until
    async with await browsing(world, checker) as office, await browsing(world, None) as public:
        payments = (await office.get("/office/payments")).text
        granted = (await public.get(f"/grants/{good}")).text
        assert f"不得获得公共资金，至 {until}" in payments
        assert payments.count("理由：组织被限制获得公共资金") == 2
        assert granted.count("已暂缓：组织被限制获得公共资金") == 2
    # What the bank sends back is not paid again either.
    await bounce_payment(checker, tranche=tranche_key(good, 1), key=key())
    with pytest.raises(BarredOrganisation):
        await prepare_payment(cashier, tranche=tranche_key(good, 1), key=key())
    barred = WithholdReason.BARRED
    with pytest.raises(NobodyBarred):
        await withhold_tranche(checker, tranche=tranche_key(other, 2), reason=barred, key=key())
    await withhold_tranche(checker, tranche=tranche_key(good, 1), reason=barred, key=key())
    assert until
    world.clock.move((until - day_of(world.clock.now())) + timedelta(hours=1))
    with pytest.raises(BarredOrganisation):
        await resume_tranche(checker, tranche=tranche_key(good, 2), key=key())
    world.clock.move(DAY)
    await resume_tranche(checker, tranche=tranche_key(good, 2), key=key())
    await _pay(world, tranche_key(good, 2))
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def parts(commitment: str) -> list[str]:
    """How far each part of a commitment is, and why it is held back."""
    found = (await tranches_of([commitment]))[commitment]
    return [f"{one.state}: {one.withheld}" if one.withheld else one.state for one in found]


@pytest.mark.anyio
async def test_nothing_is_asked_back_where_nothing_is_out(world: World) -> None:
    who, call = await applicant(world), await called(world)
    officer, grant = await fund_officer(world), await awarded(world, who, call)
    reason = GrantStopReason.ORGANISATION_ENDED
    await stop_grant(officer, grant=grant, reason=reason, key=key())
    with pytest.raises(NothingToRecover):
        await recover_grant(officer, grant=grant, key=key())
    with pytest.raises(NotInThisState):
        await close_grant(officer, grant=grant, key=key())


@pytest.mark.anyio
async def test_nothing_more_is_paid_of_a_stopped_grant_and_what_came_back_goes_on(
    world: World,
) -> None:
    who, call = await applicant(world), await called(world, 2 * ASKED)
    held = await find(Call, call)
    assert held
    officer, grant = await fund_officer(world), await running(world, who, call)
    await midterm(world, who, grant)
    reason = GrantStopReason.ORGANISATION_ENDED
    await stop_grant(officer, grant=grant, reason=reason, key=key())
    with pytest.raises(NotAccountedFor):
        await end_recovery(officer, grant=grant, key=key())
    # Given back without being asked: it pays no other part, and nobody is barred for it.
    await refund_funds(who.books, commitment=grant, fen=FIRST, key=key())
    with pytest.raises(GrantOver):
        await _pay(world, tranche_key(grant, 2))
    with pytest.raises(NothingToRecover):
        await recover_grant(officer, grant=grant, key=key())
    await end_recovery(officer, grant=grant, key=key())
    assert (await grant_of(grant)).state is FundGrantState.RECOVERED
    assert (await organisation_of(who.organisation)).barred_until is None
    assert await balance_of(accounts.allotment(CITY, YEAR, held.source)) == 2 * ASKED


@pytest.mark.anyio
async def test_an_organisation_that_ended_is_paid_nothing_and_its_rest_still_comes_back(
    world: World,
) -> None:
    who, call = await applicant(world), await called(world, 2 * ASKED)
    officer, grant = await fund_officer(world), await running(world, who, call)
    await midterm(world, who, grant)
    await revoke_organisation(
        registrar(world),
        organisation=who.organisation,
        reason=RevokeReason.UNLAWFUL_ACTIVITY,
        key=key(),
    )
    with pytest.raises(OrganisationNotActive):
        await _pay(world, tranche_key(grant, 2))
    await stop_grant(officer, grant=grant, reason=GrantStopReason.ORGANISATION_ENDED, key=key())
    await recover_grant(officer, grant=grant, key=key())
    # Nobody acts for it any more: who asked the money back notes what came.
    with pytest.raises(NotFound):
        await refund_funds(who.books, commitment=grant, fen=FIRST, key=key())
    await refund_funds(officer, commitment=grant, fen=FIRST, key=key())
    await end_recovery(officer, grant=grant, key=key())
    assert await balance_of(accounts.award(grant)) == 0


@pytest.mark.anyio
async def test_who_keeps_an_organisations_books_neither_scores_nor_pays_it(world: World) -> None:
    who, call = await applicant(world), await called(world)
    assert who.books.person
    for role in (Role.REVIEWER, Role.STREET_CASHIER, Role.STREET_CHECKER):
        await grant_role(SYSTEM, person=who.books.person, role=role, scope=CITY_PATH, key=key())
    books = person(who.books.person, staff=True)
    judged = await complete(world, who, await called(world))
    with pytest.raises(OwnOrganisation):
        await review_grant(books, grant=judged, points=100, key=key())
    grant = await awarded(world, who, call)
    await contract_grant(await fund_officer(world), grant=grant, contract=CONTRACT, key=key())
    tranche = tranche_key(grant, 1)
    with pytest.raises(OwnOrganisation):
        await prepare_payment(books, tranche=tranche, key=key())
    cashier = await officer_of(world, Role.STREET_CASHIER)
    await prepare_payment(cashier, tranche=tranche, key=key())
    with pytest.raises(OwnOrganisation):
        await approve_payment(books, tranche=tranche, key=key())

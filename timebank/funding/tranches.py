"""Tranches: how committed money is paid, in parts, by two persons, when its condition is met.

Whoever makes a payment does not check it, and the one who checked it does not pay it out (domain
10, 11). No part is paid before what it waits for: a contract, an accepted report, the acceptance of
the works, and the accepted hours where it asks for some. Knows the parts of each commitment;
refuses to know who accepts reports.
"""

from collections.abc import Callable, Sequence
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank import accounts
from timebank.access import Action, may_read, permit
from timebank.accounts import balance
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.events import Event
from timebank.funding.commitments import Commitment, Condition, ask_of
from timebank.funding.funded_hours import accepted_minutes, accepted_records
from timebank.funding.grants import decide_payable, not_related
from timebank.funding.moves import FundsPaid, PaymentReversed
from timebank.funding.sources import decide_enough
from timebank.funding.tranche_life import (
    LIFECYCLE,
    CheckerPays,
    MakerChecks,
    Moved,
    PaymentApproved,
    PaymentPrepared,
    TrancheBounced,
    TranchePaid,
    TranchePlanned,
    TrancheReconciled,
    TrancheResumed,
    TrancheState,
    TrancheWithheld,
    WithholdReason,
    decide_unpaid,
)
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notice_codes import NoticeCode
from timebank.organisations import Organisation
from timebank.projections import Place, Rows, projects
from timebank.refusals import Refusal
from timebank.representatives import tell_representatives
from timebank.tables import Row, Where, find, find_many, page_by_id, select, table
from timebank.texts import keep_text

# Refusals


class ConditionNotMet(Refusal):
    """No part is paid before what it waits for (domain 10)."""

    says = "This part is paid after {condition}, which has not come yet."
    condition: str


class TooFewAcceptedHours(Refusal):
    """Hours that a part pays for are accepted ones (domain 10)."""

    says = "This part asks for {least} accepted minutes of service; {accepted} are accepted."
    least: int
    accepted: int


# Decisions


def parts_of(fen: int, percents: Sequence[int]) -> list[int]:
    """An amount in parts by percent, whole fen; the last takes what rounding left."""
    parts = [fen * percent // 100 for percent in percents]
    return [*parts[:-1], fen - sum(parts[:-1])]


def decide_ready(tranche: "Tranche", held: Commitment, minutes: int) -> None:
    """Whether what a part waits for has come. Refuses: ConditionNotMet, TooFewAcceptedHours."""
    if tranche.condition not in held.met:
        raise ConditionNotMet(condition=tranche.condition.value)
    if minutes < tranche.least_minutes:
        raise TooFewAcceptedHours(least=tranche.least_minutes, accepted=minutes)


def decide_hand(tranche: "Tranche", act: type[Event], person: str) -> None:
    """Whether this person may do a step, after who did those before.

    Refuses: MakerChecks, CheckerPays.
    """
    if act is PaymentApproved and person == tranche.maker:
        raise MakerChecks
    if act is TranchePaid and person == tranche.checker:
        raise CheckerPays
    if act in (TrancheReconciled, TrancheBounced) and person == tranche.payer:
        raise CheckerPays


# Tables and projectors


@table("tranche", index=[("commitment", "id"), ("state", "id")])
class Tranche(Row, frozen=True):
    """One part, in fen; `id` is `<commitment>/<number>`."""

    id: str
    commitment: str
    number: int
    path: str
    fen: int
    condition: Condition
    least_minutes: int
    state: TrancheState
    maker: str | None = None
    checker: str | None = None
    payer: str | None = None
    withheld: WithholdReason | None = None


def tranche_key(commitment: str, number: int) -> str:
    """The key of Tranche."""
    return f"{commitment}/{number}"


@projects(TranchePlanned)
def _planned(rows: Rows, event: TranchePlanned, entry: Sealed) -> None:
    rows.put(
        Tranche(
            id=tranche_key(event.commitment, event.number),
            commitment=event.commitment,
            number=event.number,
            path=rows.there(Commitment, event.commitment).path,
            fen=event.fen,
            condition=event.condition,
            least_minutes=event.least_minutes,
            state=TrancheState.PLANNED,
        )
    )


@projects(
    PaymentPrepared,
    PaymentApproved,
    TranchePaid,
    TrancheReconciled,
    TrancheBounced,
    TrancheWithheld,
    TrancheResumed,
)
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    held = rows.there(Tranche, tranche_key(event.commitment, event.number))
    changed: dict[str, object] = {"state": step(LIFECYCLE, held.state, type(event))}
    match event:
        case PaymentPrepared():
            changed["maker"] = entry.actor
        case PaymentApproved():
            changed["checker"] = entry.actor
        case TranchePaid():
            changed["payer"] = entry.actor
        case TrancheWithheld():
            changed["withheld"] = event.reason
        case TrancheResumed() | TrancheBounced():
            changed |= {"withheld": None, "maker": None, "checker": None, "payer": None}
    rows.put(msgspec.structs.replace(held, **changed))


# What other capabilities ask


def plan_tranches(
    batch: Batch,
    commitment: str,
    parts: Sequence[tuple[int, Condition, int]],
) -> None:
    """Plan what is paid when: fen, its condition, and the accepted minutes it asks for."""
    for number, (fen, condition, minutes) in enumerate(parts, 1):
        batch.record(
            TranchePlanned(
                commitment=commitment,
                number=number,
                fen=fen,
                condition=condition,
                least_minutes=minutes,
            )
        )


# Commands


class Paid(Answer, frozen=True, kw_only=True):
    """The part that was moved on."""

    tranche: str


async def prepare_payment(actor: Actor, *, tranche: str, key: RequestKey) -> Paid:
    """Make the payment of a part whose condition is met, as a cashier.

    Refuses: NotFound, OwnOrganisation, PaidAlready, OrganisationNotActive, GrantOver,
    NotInThisState, ConditionNotMet, TooFewAcceptedHours.   Source: domain 10.
    """
    found = await find(Tranche, tranche)
    asks = found is not None and found.least_minutes
    # Read beforehand and looked at again below: what is accepted meanwhile counts the next time.
    records = await accepted_records(found.commitment) if found and asks else []

    def one(batch: Batch, held: Tranche) -> Sealed:
        event = PaymentPrepared(commitment=held.commitment, number=held.number)
        step(LIFECYCLE, held.state, PaymentPrepared)
        promised = batch.there(Commitment, held.commitment)
        decide_ready(held, promised, accepted_minutes(batch, records))
        return batch.record(event)

    return await _move(actor, tranche, Action.MAKE_PAYMENT, key, one)


async def approve_payment(actor: Actor, *, tranche: str, key: RequestKey) -> Paid:
    """Check a payment that somebody else made. Refuses: NotFound, NotInThisState, MakerChecks."""

    def one(batch: Batch, held: Tranche) -> Sealed:
        step(LIFECYCLE, held.state, PaymentApproved)
        decide_hand(held, PaymentApproved, batch.actor.id)
        return batch.record(PaymentApproved(commitment=held.commitment, number=held.number))

    return await _move(actor, tranche, Action.CHECK_PAYMENT, key, one)


async def pay_tranche(actor: Actor, *, tranche: str, reference: str, key: RequestKey) -> Paid:
    """Pay out what was checked, as a cashier: to the organisation, or for what was bought.

    Args: reference, the bank's own for the transfer, at most 60 characters.
    Refuses: NotFound, PaidAlready, NotInThisState, CheckerPays, NotEnoughMoney, TextMissing,
    TextTooLong.
    """

    def one(batch: Batch, held: Tranche) -> Sealed:
        step(LIFECYCLE, held.state, TranchePaid)
        decide_hand(held, TranchePaid, batch.actor.id)
        promised = batch.there(Commitment, held.commitment)
        ask_of(batch, promised)
        decide_enough(balance(batch, accounts.award(held.commitment)), held.fen)
        told = keep_text(batch, held.id, "reference", reference, most=60)
        batch.record(
            FundsPaid(
                commitment=held.commitment,
                tranche=held.number,
                source=promised.source,
                unit=promised.unit,
                purpose=promised.purpose,
                fen=held.fen,
                maker=held.maker or "",
                checker=held.checker or "",
                payee=promised.payee,
            )
        )
        return batch.record(
            TranchePaid(commitment=held.commitment, number=held.number, reference=told)
        )

    return await _move(actor, tranche, Action.MAKE_PAYMENT, key, one)


async def reconcile_tranche(actor: Actor, *, tranche: str, key: RequestKey) -> Paid:
    """Say that the bank's statement shows a payment.

    Refuses: NotFound, NotInThisState, CheckerPays.
    """

    def one(batch: Batch, held: Tranche) -> Sealed:
        step(LIFECYCLE, held.state, TrancheReconciled)
        decide_hand(held, TrancheReconciled, batch.actor.id)
        return batch.record(TrancheReconciled(commitment=held.commitment, number=held.number))

    return await _move(actor, tranche, Action.CHECK_PAYMENT, key, one)


async def bounce_payment(actor: Actor, *, tranche: str, key: RequestKey) -> Paid:
    """Say that the bank sent a payment back: it is reversed, and made again from the start.

    Refuses: NotFound, NotInThisState, CheckerPays, NotEnoughMoney where it was accounted for.
    """

    def one(batch: Batch, held: Tranche) -> Sealed:
        step(LIFECYCLE, held.state, TrancheBounced)
        decide_hand(held, TrancheBounced, batch.actor.id)
        promised = batch.there(Commitment, held.commitment)
        ask_of(batch, promised)
        if promised.payee is not None:
            there = balance(batch, accounts.organisation(promised.payee, held.commitment))
            decide_enough(there, held.fen)
        batch.record(
            PaymentReversed(
                commitment=held.commitment,
                tranche=held.number,
                source=promised.source,
                unit=promised.unit,
                purpose=promised.purpose,
                fen=held.fen,
                payee=promised.payee,
            )
        )
        return batch.record(TrancheBounced(commitment=held.commitment, number=held.number))

    return await _move(actor, tranche, Action.CHECK_PAYMENT, key, one)


async def withhold_tranche(
    actor: Actor, *, tranche: str, reason: WithholdReason, key: RequestKey
) -> Paid:
    """Hold back a part that was not paid, as a checker. Refuses: NotFound, NotInThisState."""

    def one(batch: Batch, held: Tranche) -> Sealed:
        step(LIFECYCLE, held.state, TrancheWithheld)
        return batch.record(
            TrancheWithheld(commitment=held.commitment, number=held.number, reason=reason)
        )

    return await _move(actor, tranche, Action.CHECK_PAYMENT, key, one)


async def resume_tranche(actor: Actor, *, tranche: str, key: RequestKey) -> Paid:
    """Plan a withheld part again, from the start. Refuses: NotFound, NotInThisState."""

    def one(batch: Batch, held: Tranche) -> Sealed:
        step(LIFECYCLE, held.state, TrancheResumed)
        return batch.record(TrancheResumed(commitment=held.commitment, number=held.number))

    return await _move(actor, tranche, Action.CHECK_PAYMENT, key, one)


TOLD = {
    (TrancheState.APPROVED, TrancheState.PAID): NoticeCode.PAYMENT_MADE,
    (TrancheState.PAID, TrancheState.PLANNED): NoticeCode.PAYMENT_BOUNCED,
} | {
    (state, TrancheState.WITHHELD): NoticeCode.PAYMENT_WITHHELD
    for state in (TrancheState.PLANNED, TrancheState.CONDITION_MET, TrancheState.APPROVED)
}
"""What the organisation is told of which step."""


async def _move(
    actor: Actor,
    tranche: str,
    action: Action,
    key: RequestKey,
    one: Callable[[Batch, Tranche], Sealed],
) -> Paid:
    def work(batch: Batch) -> Paid:
        held = batch.need(Tranche, tranche, "tranche")
        permit(batch, action, held.path)
        payee = batch.there(Commitment, held.commitment).payee
        if payee is not None:
            not_related(batch, batch.there(Organisation, payee).path)
        if action is Action.MAKE_PAYMENT:
            decide_unpaid(held.state)
            if payee is not None:
                decide_payable(batch, held.commitment, payee)
        entry = one(batch, held)
        code = TOLD.get((held.state, batch.there(Tranche, tranche).state))
        if payee is not None and code is not None:
            tell_representatives(batch, payee, code, held.commitment)
        return Paid(entry=entry.seq, tranche=tranche)

    found = await find(Tranche, tranche)
    needs: list[Place] = [(Tranche, tranche)]
    if found is not None:
        needs.append((Commitment, found.commitment))
    return await write(actor, key, work, answer=Paid, needs=needs)


# Reads


async def tranches_by_id(ids: Sequence[str]) -> dict[str, Tranche]:
    """Parts by their ids."""
    return {str(id): held for id, held in (await find_many(Tranche, ids)).items()}


async def tranches_of(commitments: Sequence[str]) -> dict[str, list[Tranche]]:
    """The parts of commitments, in order: everybody may know what was paid when."""
    told: dict[str, list[Tranche]] = {id: [] for id in commitments}
    for held in await select(Tranche, commitment__in=list(commitments), order=["id"]):
        told[held.commitment].append(held)
    return told


async def payments_waiting(
    actor: Actor, path: str, state: TrancheState, **where: Unpack[Where]
) -> list[Tranche]:
    """Parts below a path in a state, for those who make and check payments there."""
    if not await may_read(actor, Action.READ_PAYMENTS, path):
        return []
    return await page_by_id(Tranche, where, Q(path__startswith=path), state=state.value)

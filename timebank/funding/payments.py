"""Payments: a part of what is committed is paid by several persons, when its condition is met.

Whoever makes a payment does not check it, and the one who checked it does not pay it out (domain
10, 11). No part is paid before what it waits for. Knows hands and movements of money; refuses to
know how parts came to be planned.
"""

from collections.abc import Sequence
from typing import Unpack

from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank import accounts
from timebank.access import Action, may_read
from timebank.accounts import balance
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.events import Event
from timebank.funding.commitments import Commitment, ask_of
from timebank.funding.funded_hours import accepted_minutes, accepted_records
from timebank.funding.moves import FundsPaid, PaymentReversed
from timebank.funding.sources import decide_enough
from timebank.funding.tranche_life import (
    LIFECYCLE,
    CheckerPays,
    MakerChecks,
    PaymentApproved,
    PaymentPrepared,
    TrancheBounced,
    TranchePaid,
    TrancheReconciled,
    TrancheState,
)
from timebank.funding.tranches import Paid, Tranche, move_tranche
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.refusals import Refusal
from timebank.tables import Where, find, page_by_id
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


def decide_ready(tranche: Tranche, held: Commitment, minutes: int) -> None:
    """Whether what a part waits for has come. Refuses: ConditionNotMet, TooFewAcceptedHours."""
    if tranche.condition not in held.met:
        raise ConditionNotMet(condition=tranche.condition.value)
    if minutes < tranche.least_minutes:
        raise TooFewAcceptedHours(least=tranche.least_minutes, accepted=minutes)


def decide_hand(tranche: Tranche, act: type[Event], person: str) -> None:
    """Whether this person may do a step, after who did those before.

    Refuses: MakerChecks, CheckerPays.
    """
    if act is PaymentApproved and person == tranche.maker:
        raise MakerChecks
    if act is TranchePaid and person == tranche.checker:
        raise CheckerPays
    if act in (TrancheReconciled, TrancheBounced) and person == tranche.payer:
        raise CheckerPays


# Commands


async def prepare_payment(actor: Actor, *, tranche: str, key: RequestKey) -> Paid:
    """Make the payment of a part whose condition is met, as a cashier.

    Refuses: NotFound, OwnOrganisation, PaidAlready, OrganisationNotActive, GrantOver,
    BarredOrganisation, NotInThisState, ConditionNotMet, TooFewAcceptedHours.   Source: domain 10.
    """
    records = await _records(tranche)

    def one(batch: Batch, held: Tranche) -> Sealed:
        step(LIFECYCLE, held.state, PaymentPrepared)
        _look(batch, held, records)
        return batch.record(PaymentPrepared(commitment=held.commitment, number=held.number))

    return await move_tranche(actor, tranche, Action.MAKE_PAYMENT, key, one)


async def approve_payment(actor: Actor, *, tranche: str, key: RequestKey) -> Paid:
    """Check a payment that somebody else made.

    Refuses: NotFound, NotInThisState, MakerChecks, TooFewAcceptedHours.
    """
    records = await _records(tranche)

    def one(batch: Batch, held: Tranche) -> Sealed:
        step(LIFECYCLE, held.state, PaymentApproved)
        decide_hand(held, PaymentApproved, batch.actor.id)
        _look(batch, held, records)
        return batch.record(PaymentApproved(commitment=held.commitment, number=held.number))

    return await move_tranche(actor, tranche, Action.CHECK_PAYMENT, key, one)


async def pay_tranche(actor: Actor, *, tranche: str, reference: str, key: RequestKey) -> Paid:
    """Pay out what was checked, as a cashier: to the organisation, or for what was bought.

    Args: reference, the bank's own for the transfer, at most 60 characters.
    Refuses: NotFound, PaidAlready, OrganisationNotActive, GrantOver, BarredOrganisation,
    NotInThisState, CheckerPays, TooFewAcceptedHours, NotEnoughMoney, TextMissing, TextTooLong.
    """
    records = await _records(tranche)

    def one(batch: Batch, held: Tranche) -> Sealed:
        step(LIFECYCLE, held.state, TranchePaid)
        decide_hand(held, TranchePaid, batch.actor.id)
        promised = _look(batch, held, records)
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

    return await move_tranche(actor, tranche, Action.MAKE_PAYMENT, key, one)


async def reconcile_tranche(actor: Actor, *, tranche: str, key: RequestKey) -> Paid:
    """Say that the bank's statement shows a payment.

    Refuses: NotFound, NotInThisState, CheckerPays.
    """

    def one(batch: Batch, held: Tranche) -> Sealed:
        step(LIFECYCLE, held.state, TrancheReconciled)
        decide_hand(held, TrancheReconciled, batch.actor.id)
        return batch.record(TrancheReconciled(commitment=held.commitment, number=held.number))

    return await move_tranche(actor, tranche, Action.CHECK_PAYMENT, key, one)


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

    return await move_tranche(actor, tranche, Action.CHECK_PAYMENT, key, one)


async def _records(tranche: str) -> list[str]:
    """The records that count for a part which asks for hours, as far as they do before the write.

    What is accepted meanwhile counts the next time; what is not any more, `_look` finds.
    """
    found = await find(Tranche, tranche)
    return await accepted_records(found.commitment) if found and found.least_minutes else []


def _look(batch: Batch, held: Tranche, records: Sequence[str]) -> Commitment:
    """What a part is of, if it may be paid as things are now: each of the three hands looks.

    Hours are objected to and taken back between one hand and the next.
    Refuses: ConditionNotMet, TooFewAcceptedHours.
    """
    promised = batch.there(Commitment, held.commitment)
    decide_ready(held, promised, accepted_minutes(batch, records))
    return promised


# Reads


async def payments_waiting(
    actor: Actor, path: str, state: TrancheState, **where: Unpack[Where]
) -> list[Tranche]:
    """Parts below a path in a state, for those who make and check payments there."""
    if not await may_read(actor, Action.READ_PAYMENTS, path):
        return []
    return await page_by_id(Tranche, where, Q(path__startswith=path), state=state.value)

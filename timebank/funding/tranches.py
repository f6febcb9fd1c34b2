"""Tranches: the parts in which committed money is paid, planned, held back and planned again.

Each waits for its condition: a contract, an accepted report, the acceptance of the works, and some
for accepted hours (domain 10). Knows the parts of each commitment and where each stands; refuses to
know who accepts reports. How a part is paid lies in `payments`.
"""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import count, takewhile

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, permit
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.funding.commitments import Commitment, Condition, OpenPromises, open_promises
from timebank.funding.grants import STOPPED, Grant, decide_payable, not_related
from timebank.funding.tranche_life import (
    LIFECYCLE,
    Moved,
    NobodyBarred,
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
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notice_codes import NoticeCode
from timebank.organisations import Organisation, decide_unbarred
from timebank.projections import Place, Rows, projects
from timebank.refusals import Forbidden
from timebank.representatives import tell_representatives
from timebank.tables import Row, find, find_many, select, table

WAITING = frozenset(state for state, steps in LIFECYCLE.items() if TrancheWithheld in steps)
"""The states of a part that was not paid and is not held back."""

# Decisions


def parts_of(fen: int, percents: Sequence[int]) -> list[int]:
    """An amount in parts by percent, whole fen; the last takes what rounding left."""
    parts = [fen * percent // 100 for percent in percents]
    return [*parts[:-1], fen - sum(parts[:-1])]


def decide_reason(reason: WithholdReason, payee: Organisation | None, today: date) -> None:
    """Whether a part is held back for what is so. Refuses: NobodyBarred."""
    barred = payee is not None and payee.barred_until is not None and today <= payee.barred_until
    if reason is WithholdReason.BARRED and not barred:
        raise NobodyBarred


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


class Paid(Answer, frozen=True, kw_only=True):
    """The part that was moved on."""

    tranche: str


TOLD = {
    (TrancheState.APPROVED, TrancheState.PAID): NoticeCode.PAYMENT_MADE,
    (TrancheState.PAID, TrancheState.PLANNED): NoticeCode.PAYMENT_BOUNCED,
} | {
    (state, TrancheState.WITHHELD): NoticeCode.PAYMENT_WITHHELD
    for state in (TrancheState.PLANNED, TrancheState.CONDITION_MET, TrancheState.APPROVED)
}
"""What the organisation is told of which step."""


async def move_tranche(
    actor: Actor,
    tranche: str,
    action: Action,
    key: RequestKey,
    one: Callable[[Batch, Tranche], Sealed],
) -> Paid:
    """Let whoever may make or check payments do something with a part; the payee is told.

    Refuses: NotFound, OwnOrganisation, and where a payment is made PaidAlready and what
    `decide_payable` refuses.
    """

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


def withhold_all(batch: Batch, organisation: str) -> Sealed | None:
    """Hold back whatever a barred organisation was promised and not paid; it is told of each.

    Answers the last entry of that, None where nothing waited.

    What was stopped pays nothing more and stays as it is; what the bank already sent stays paid.
    Source: domain 10.
    """
    promised = [held.id for held in open_promises(batch, organisation)]
    batch.ask(*((Grant, id) for id in promised))
    grants = [batch.get(Grant, id) for id in promised]
    going = [
        id
        for id, grant in zip(promised, grants, strict=True)
        if grant is None or grant.state not in STOPPED
    ]
    entry: Sealed | None = None
    usual = range(1, len(batch.policy.fund.tranches_percent) + 2)
    batch.ask(*((Tranche, tranche_key(id, number)) for id in going for number in usual))
    for id in going:
        parts = takewhile(bool, (batch.get(Tranche, tranche_key(id, n)) for n in count(1)))
        open_parts = [part for part in parts if part and part.state in WAITING]
        for part in open_parts:
            reason = WithholdReason.BARRED
            withheld = TrancheWithheld(commitment=id, number=part.number, reason=reason)
            entry = batch.record(withheld)
        if open_parts:
            tell_representatives(batch, organisation, NoticeCode.PAYMENT_WITHHELD, id)
    return entry


# Commands


async def withhold_tranche(
    actor: Actor, *, tranche: str, reason: WithholdReason, key: RequestKey
) -> Paid:
    """Hold back a part that was not paid, as a checker.

    Refuses: NotFound, NotInThisState, NobodyBarred.
    """

    def one(batch: Batch, held: Tranche) -> Sealed:
        payee = batch.there(Commitment, held.commitment).payee
        whose = batch.there(Organisation, payee) if payee else None
        decide_reason(reason, whose, batch.today)
        step(LIFECYCLE, held.state, TrancheWithheld)
        return batch.record(
            TrancheWithheld(commitment=held.commitment, number=held.number, reason=reason)
        )

    return await move_tranche(actor, tranche, Action.CHECK_PAYMENT, key, one)


class HeldBack(Answer, frozen=True, kw_only=True):
    """Whose parts are held back."""

    organisation: str


async def withhold_of_barred(
    actor: Actor, *, organisation: str, key: RequestKey | None = None
) -> HeldBack:
    """Hold back what a barred organisation still has waiting: the software's own act, by timer.

    Whoever was barred before this was done in the same write has some, and whoever's payment the
    bank sent back since.
    Refuses: NotFound, NobodyBarred.   Source: domain 10.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> HeldBack:
        held = batch.need(Organisation, organisation, "organisation")
        decide_reason(WithholdReason.BARRED, held, batch.today)
        entry = withhold_all(batch, organisation)
        return HeldBack(entry=entry.seq if entry else None, organisation=organisation)

    needs: list[Place] = [(Organisation, organisation), (OpenPromises, organisation)]
    return await write(actor, key, work, answer=HeldBack, needs=needs)


async def resume_tranche(actor: Actor, *, tranche: str, key: RequestKey) -> Paid:
    """Plan a withheld part again, from the start.

    Refuses: NotFound, NotInThisState, BarredOrganisation until the bar is over.
    """

    def one(batch: Batch, held: Tranche) -> Sealed:
        payee = batch.there(Commitment, held.commitment).payee
        if payee is not None:
            decide_unbarred(batch.there(Organisation, payee), batch.today)
        step(LIFECYCLE, held.state, TrancheResumed)
        return batch.record(TrancheResumed(commitment=held.commitment, number=held.number))

    return await move_tranche(actor, tranche, Action.CHECK_PAYMENT, key, one)


# Reads


async def barred_with_parts(*, skip: int, limit: int) -> list[str]:
    """Organisations that are barred today and of which a part waits to be paid, by id."""
    today = day_of(current().clock.now()).isoformat()
    barred = [held.id for held in await select(Organisation, barred_until__gte=today)]
    whose = {
        id: held.organisation
        for held in (await find_many(OpenPromises, barred)).values()
        for id in held.commitments
    }
    grants = await find_many(Grant, list(whose))
    going = [id for id in whose if id not in grants or grants[id].state not in STOPPED]
    states = sorted(state.value for state in WAITING)
    waiting = await select(Tranche, commitment__in=going, state__in=states) if going else []
    return sorted({whose[part.commitment] for part in waiting})[skip : skip + limit]


async def tranches_by_id(ids: Sequence[str]) -> dict[str, Tranche]:
    """Parts by their ids."""
    return {str(id): held for id, held in (await find_many(Tranche, ids)).items()}


async def tranches_of(commitments: Sequence[str]) -> dict[str, list[Tranche]]:
    """The parts of commitments, in order: everybody may know what was paid when."""
    told: dict[str, list[Tranche]] = {id: [] for id in commitments}
    for held in await select(Tranche, commitment__in=list(commitments), order=["id"]):
        told[held.commitment].append(held)
    return told

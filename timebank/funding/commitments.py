"""Commitments: allotted money promised to one thing, a project, an award or a service site.

The earmark is enforced here and by the floors of the accounts, in the transaction: the purpose is
one of the source's, nothing on its negative list was found, it is the source's time, and what is
promised is left of the area's own allotment (domain 10). Knows what is promised, paid and accounted
for; refuses to know what the thing is: whoever has it calls `commit_funds`.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Unpack

from msgspec.structs import replace

from ledger.entry import Sealed
from timebank import accounts
from timebank.accounts import balance, moving
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.divisions import Area
from timebank.events import Event
from timebank.funding.allotments import Allotment, allotment_key
from timebank.funding.balances import balances_touched
from timebank.funding.moves import (
    CommitmentReleased,
    FundsCommitted,
    FundsPaid,
    FundsRefunded,
    FundsSpent,
    PaymentReversed,
    SpendingReversed,
)
from timebank.funding.purposes import FundPurpose, Negative
from timebank.funding.sources import FundSource, decide_enough, decide_in_use
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, Where, find_many, page_by_id, table


class Condition(StrEnum):
    """What a payment waits for."""

    CONTRACT = "contract"
    MIDTERM = "midterm"
    FINAL = "final"
    ACCEPTANCE = "acceptance"


# Events


class ConditionMet(Event, frozen=True, tag="funds.condition_met"):
    """What payments of a commitment wait for has come: a report or the works were accepted."""

    commitment: str
    condition: Condition


# Refusals


class PurposeOutside(Refusal):
    """Money is spent on what it was given for and nothing else (domain 10)."""

    says = "This money was not given for {purpose}."
    purpose: str
    path = ("purpose",)


class AgainstNegativeList(Refusal):
    """What stands on the source's negative list is not paid for (domain 10)."""

    says = "This is on the negative list of this money: {codes}."
    codes: str


class CommittedAlready(Refusal):
    """A thing is promised its money once."""

    says = "Money was committed to this already."


class NotAllotted(Refusal):
    """An area commits what it was allotted itself."""

    says = "{unit} was allotted nothing of this money."
    unit: str


# Decisions


def decide_earmark(
    source: FundSource,
    purpose: FundPurpose,
    *,
    negatives: Sequence[Negative],
    today: date,
) -> None:
    """Whether a source's money may be used for something today.

    Refuses: SourceOver, PurposeOutside, AgainstNegativeList.
    """
    decide_in_use(source, today)
    if purpose not in source.purposes:
        raise PurposeOutside(purpose=purpose.value)
    if against := sorted(set(negatives) & set(source.negatives)):
        raise AgainstNegativeList(codes=", ".join(against))


# Tables and projectors


@table("commitment", index=[("source", "id"), ("unit", "id"), ("payee", "id")])
class Commitment(Row, frozen=True):
    """What is promised to one thing, in fen, less what was released; `id` is the thing's.

    `paid` is what was paid and not refunded, `spent` what is accounted for; `met` are the
    conditions of payments that were met.
    """

    id: str
    source: str
    unit: str
    year: int
    path: str
    purpose: FundPurpose
    fen: int
    payee: str | None
    committed_on: date
    met: tuple[Condition, ...] = ()
    paid: int = 0
    spent: int = 0

    @property
    def places(self) -> tuple[str, ...]:
        """Every account that its money may touch."""
        return (
            accounts.allotment(self.unit, self.year, self.source),
            accounts.award(self.id),
            accounts.paid(self.purpose, self.source),
            *([accounts.organisation(self.payee, self.id)] if self.payee else []),
        )


@table("open_promises")
class OpenPromises(Row, frozen=True):
    """What is promised to an organisation and not settled, by id, in order.

    A promise is settled when all that is left of it was paid and accounted for.
    """

    organisation: str
    commitments: tuple[str, ...]


@projects(FundsCommitted)
def _committed(rows: Rows, event: FundsCommitted, entry: Sealed) -> None:
    rows.put(
        Commitment(
            id=event.commitment,
            source=event.source,
            unit=event.unit,
            year=event.year,
            path=rows.there(Area, event.unit).path,
            purpose=event.purpose,
            fen=event.fen,
            payee=event.payee,
            committed_on=day_of(entry.at),
        )
    )
    _keep_open(rows, rows.there(Commitment, event.commitment))


@projects(
    CommitmentReleased, FundsPaid, PaymentReversed, FundsRefunded, FundsSpent, SpendingReversed
)
def _moved(
    rows: Rows,
    event: CommitmentReleased
    | FundsPaid
    | PaymentReversed
    | FundsRefunded
    | FundsSpent
    | SpendingReversed,
    entry: Sealed,
) -> None:
    held = rows.there(Commitment, event.commitment)
    match event:
        case CommitmentReleased():
            held = replace(held, fen=held.fen - event.fen)
        case FundsPaid():
            spent = held.spent if event.payee else held.spent + event.fen
            held = replace(held, paid=held.paid + event.fen, spent=spent)
        case PaymentReversed():
            spent = held.spent if event.payee else held.spent - event.fen
            held = replace(held, paid=held.paid - event.fen, spent=spent)
        case FundsRefunded():
            held = replace(held, paid=held.paid - event.fen)
        case FundsSpent():
            held = replace(held, spent=held.spent + event.fen)
        case SpendingReversed():
            held = replace(held, spent=held.spent - event.fen)
    rows.put(held)
    _keep_open(rows, held)


def _keep_open(rows: Rows, held: Commitment) -> None:
    if held.payee is None:
        return
    kept = rows.get(OpenPromises, held.payee)
    others = {id for id in (kept.commitments if kept else ()) if id != held.id}
    if not held.fen == held.paid == held.spent:
        others.add(held.id)
    rows.put(OpenPromises(organisation=held.payee, commitments=tuple(sorted(others))))


@projects(ConditionMet)
def _met(rows: Rows, event: ConditionMet, entry: Sealed) -> None:
    held = rows.there(Commitment, event.commitment)
    rows.put(replace(held, met=(*held.met, event.condition)))


# What other capabilities ask


def commit_funds(
    batch: Batch,
    commitment: str,
    *,
    source: str,
    unit: str,
    purpose: FundPurpose,
    fen: int,
    negatives: Sequence[Negative] = (),
    payee: str | None = None,
) -> Sealed:
    """Promise a thing so much of what an area was allotted of a source, once.

    Args: negatives, the codes of the negative list that were found in it.
    Refuses: NotFound, CommittedAlready, SourceOver, PurposeOutside, AgainstNegativeList,
    NotAllotted, FenNotPositive, NotEnoughMoney.   Source: domain 10.
    """
    batch.ask((FundSource, source), (Commitment, commitment))
    held = batch.need(FundSource, source, "source")
    event = FundsCommitted(
        commitment=commitment,
        source=source,
        unit=unit,
        year=held.year,
        purpose=purpose,
        fen=fen,
        payee=payee,
    )
    allotment = accounts.allotment(unit, held.year, source)
    batch.ask(
        (Allotment, allotment_key(source, unit)),
        (Area, unit),
        *([(OpenPromises, payee)] if payee else []),
        *moving(allotment, accounts.award(commitment), unit="fen"),
        *balances_touched(source, unit, purpose),
    )
    if batch.get(Commitment, commitment) is not None:
        raise CommittedAlready
    decide_earmark(held, purpose, negatives=negatives, today=batch.today)
    if batch.get(Allotment, allotment_key(source, unit)) is None:
        raise NotAllotted(unit=unit)
    decide_enough(balance(batch, allotment), fen)
    return batch.record(event)


def ask_of(batch: Batch, held: Commitment) -> None:
    """Load at once whatever a movement of a commitment's money touches."""
    batch.ask(
        *moving(*held.places, unit="fen"),
        *balances_touched(held.source, held.unit, held.purpose),
        *([(OpenPromises, held.payee)] if held.payee else []),
    )


def open_promises(batch: Batch, organisation: str) -> list[Commitment]:
    """What is promised to an organisation and not settled, as it is in this very write."""
    batch.ask((OpenPromises, organisation))
    kept = batch.get(OpenPromises, organisation)
    ids = kept.commitments if kept else ()
    batch.ask(*((Commitment, id) for id in ids))
    return [batch.there(Commitment, id) for id in ids]


def release(batch: Batch, held: Commitment, fen: int) -> None:
    """Give so much of what is promised back to the allotment; nothing for 0."""
    ask_of(batch, held)
    if fen:
        batch.record(
            CommitmentReleased(
                commitment=held.id,
                source=held.source,
                unit=held.unit,
                year=held.year,
                purpose=held.purpose,
                fen=fen,
            )
        )


def meet(batch: Batch, commitment: str, condition: Condition) -> None:
    """Say that what payments wait for has come, once."""
    held = batch.there(Commitment, commitment)
    if condition not in held.met:
        batch.record(ConditionMet(commitment=commitment, condition=condition))


# Reads


async def commitments_by_id(ids: Sequence[str]) -> dict[str, Commitment]:
    """Commitments by their ids: everybody may know who got public money for what."""
    return {str(id): held for id, held in (await find_many(Commitment, ids)).items()}


async def commitments_of(
    source: str | None, unit: str | None, payee: str | None, **where: Unpack[Where]
) -> list[Commitment]:
    """Commitments of a source, of an area, to an organisation, or of any, by id."""
    asked = {"source": source, "unit": unit, "payee": payee}
    filters = {name: value for name, value in asked.items() if value is not None}
    return await page_by_id(Commitment, where, **filters)

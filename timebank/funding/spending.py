"""Spending: what was bought of public money, line by line, each with its voucher.

An organisation accounts for what it was paid; the works of a community project have their line, of
their bill, once residents accepted them. A line is for the commitment's own purpose, of nothing on
the source's negative list, not before the decision, with a voucher whose hash nobody used before,
and of money that was paid out. A wrong line is reversed, never edited (domain 10).
Knows lines; refuses to know vouchers beyond their hash.
"""

from datetime import date
from typing import Unpack

import msgspec

from ledger.entry import Sealed
from timebank import accounts
from timebank.access import Action, may
from timebank.accounts import balance
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.funding.commitments import AgainstNegativeList, Commitment, PurposeOutside, ask_of
from timebank.funding.grant_awards import HASH
from timebank.funding.grant_life import FundGrantState
from timebank.funding.grants import Grant, not_related
from timebank.funding.moves import FundsRefunded, FundsSpent, SpendingReversed
from timebank.funding.project_life import WorksAccepted
from timebank.funding.purposes import FORBIDDEN_ITEMS, ExpenseItem, FundPurpose, Negative
from timebank.funding.sources import FundSource, decide_enough
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.organisation_life import LIFECYCLE
from timebank.organisations import Organisation, acting_for
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.tables import Row, Where, find, page_by_id, table

# Refusals


class VoucherMissing(Refusal):
    """No expenditure without an invoice (negative list N14)."""

    says = "Give the voucher's SHA-256, 64 hexadecimal digits in small letters."
    path = ("voucher",)


class VoucherUsed(Refusal):
    """A voucher is accounted for once, in the whole city."""

    says = "This voucher was accounted for already."
    path = ("voucher",)


class SpentInFuture(Refusal):
    """What is not bought yet is not accounted for."""

    says = "This was bought on {spent_on}, which is still to come."
    spent_on: date
    path = ("spentOn",)


class LineReversed(Refusal):
    """A line is reversed once."""

    says = "This line was reversed already."


class AccountsClosed(Refusal):
    """What was audited is what was spent: nothing in it changes afterwards (domain 10)."""

    says = "These accounts were audited or closed; nothing in them is changed any more."


CLOSED = (FundGrantState.AUDITED, FundGrantState.CLOSED, FundGrantState.RECOVERED)

# Decisions


def decide_line(
    held: Commitment,
    source: FundSource,
    *,
    purpose: FundPurpose,
    item: ExpenseItem,
    voucher: str,
    spent_on: date,
    used: bool,
    today: date,
) -> None:
    """Whether a line of expenditure is one of this money.

    Refuses: PurposeOutside, AgainstNegativeList, VoucherMissing, VoucherUsed, SpentInFuture.
    """
    if purpose is not held.purpose:
        raise PurposeOutside(purpose=purpose.value)
    found = {FORBIDDEN_ITEMS[item]} if item in FORBIDDEN_ITEMS else set()
    if spent_on < held.committed_on:
        found.add(Negative.BOUGHT_BEFORE)
    if against := sorted(found & set(source.negatives)):
        raise AgainstNegativeList(codes=", ".join(against))
    decide_voucher(voucher, used=used)
    if spent_on > today:
        raise SpentInFuture(spent_on=spent_on)


def decide_voucher(voucher: str, *, used: bool) -> None:
    """Whether a document of this hash shows a line. Refuses: VoucherMissing, VoucherUsed."""
    if not HASH.fullmatch(voucher):
        raise VoucherMissing
    if used:
        raise VoucherUsed


# Tables and projectors


@table("spending_line", index=[("commitment", "id")])
class SpendingLine(Row, frozen=True):
    """One line of expenditure, in fen."""

    id: str
    commitment: str
    item: ExpenseItem
    fen: int
    voucher: str
    spent_on: date
    reversed: bool = False


@table("voucher")
class Voucher(Row, frozen=True):
    """The line that a voucher, by its hash, is accounted for in."""

    id: str
    line: str


@projects(FundsSpent)
def _spent(rows: Rows, event: FundsSpent, entry: Sealed) -> None:
    rows.put(
        SpendingLine(
            id=event.line,
            commitment=event.commitment,
            item=event.item,
            fen=event.fen,
            voucher=event.voucher,
            spent_on=event.spent_on,
        )
    )
    rows.put(Voucher(id=event.voucher, line=event.line))


@projects(WorksAccepted)
def _built(rows: Rows, event: WorksAccepted, entry: Sealed) -> None:
    if event.voucher is not None:
        rows.put(
            SpendingLine(
                id=event.project,
                commitment=event.project,
                item=ExpenseItem.WORKS,
                fen=event.fen,
                voucher=event.voucher,
                spent_on=day_of(entry.at),
            )
        )
        rows.put(Voucher(id=event.voucher, line=event.project))


@projects(SpendingReversed)
def _reversed(rows: Rows, event: SpendingReversed, entry: Sealed) -> None:
    held = rows.there(SpendingLine, event.line)
    rows.put(msgspec.structs.replace(held, reversed=True))
    rows.drop(Voucher, held.voucher)


# Commands


class Accounted(Answer, frozen=True, kw_only=True):
    """The commitment, and the line if there is one."""

    commitment: str
    line: str | None = None


async def report_spending(
    actor: Actor,
    *,
    commitment: str,
    purpose: FundPurpose,
    item: ExpenseItem,
    fen: int,
    voucher: str,
    spent_on: date,
    key: RequestKey,
) -> Accounted:
    """Account for something bought, as whoever keeps the organisation's books.

    Args: voucher, the SHA-256 of its document.
    Refuses: NotFound, AccountsClosed, PurposeOutside, AgainstNegativeList, VoucherMissing,
    VoucherUsed, SpentInFuture, FenNotPositive, NotEnoughMoney.   Source: domain 10.
    """
    line = new("spl")

    def work(batch: Batch) -> Accounted:
        held, payee = _own(batch, commitment)
        batch.ask((FundSource, held.source), (Voucher, voucher))
        decide_line(
            held,
            batch.there(FundSource, held.source),
            purpose=purpose,
            item=item,
            voucher=voucher,
            spent_on=spent_on,
            used=batch.get(Voucher, voucher) is not None,
            today=batch.today,
        )
        decide_enough(balance(batch, accounts.organisation(payee, commitment)), fen)
        event = FundsSpent(
            commitment=commitment,
            line=line,
            source=held.source,
            unit=held.unit,
            purpose=purpose,
            item=item,
            fen=fen,
            voucher=voucher,
            spent_on=spent_on,
            payee=payee,
        )
        return Accounted(entry=batch.record(event).seq, commitment=commitment, line=line)

    return await write(actor, key, work, answer=Accounted, needs=await _needs(commitment))


async def reverse_spending(actor: Actor, *, line: str, key: RequestKey) -> Accounted:
    """Reverse a line that is wrong; its voucher may be accounted for again.

    Refuses: NotFound, AccountsClosed, LineReversed.
    """
    found = await find(SpendingLine, line)
    needs = await _needs(found.commitment if found else line)
    if found is None:
        raise NotFound(what="line")

    def work(batch: Batch) -> Accounted:
        held, payee = _own(batch, found.commitment, what="line")
        told = batch.there(SpendingLine, line)
        if told.reversed:
            raise LineReversed
        event = SpendingReversed(
            commitment=held.id,
            line=line,
            source=held.source,
            unit=held.unit,
            purpose=held.purpose,
            fen=told.fen,
            payee=payee,
        )
        return Accounted(entry=batch.record(event).seq, commitment=held.id, line=line)

    more: list[Place] = [(SpendingLine, line), (Voucher, found.voucher)]
    needs = [*needs, *more]
    return await write(actor, key, work, answer=Accounted, needs=needs)


async def refund_funds(actor: Actor, *, commitment: str, fen: int, key: RequestKey) -> Accounted:
    """Give back what was paid and not spent, as whoever keeps the organisation's books.

    Nobody acts for an organisation that ended: there the fund officer notes what came back.
    Refuses: NotFound, AccountsClosed, FenNotPositive, NotEnoughMoney.   Source: domain 10.
    """

    def work(batch: Batch) -> Accounted:
        held, payee = _own(batch, commitment, ended=Action.AWARD_GRANTS)
        decide_enough(balance(batch, accounts.organisation(payee, commitment)), fen)
        event = FundsRefunded(
            commitment=commitment,
            source=held.source,
            unit=held.unit,
            purpose=held.purpose,
            fen=fen,
            payee=payee,
        )
        return Accounted(entry=batch.record(event).seq, commitment=commitment)

    return await write(actor, key, work, answer=Accounted, needs=await _needs(commitment))


def _own(
    batch: Batch, commitment: str, *, what: str = "commitment", ended: Action | None = None
) -> tuple[Commitment, str]:
    """A commitment to an organisation whose books the actor keeps, and the organisation's id.

    Args: ended, what officers of the money's area may do instead once the organisation ended.
    Refuses: NotFound, OwnOrganisation, AccountsClosed.
    """
    held = batch.need(Commitment, commitment, "commitment")
    if held.payee is None:
        raise NotFound(what=what)
    whose = batch.need(Organisation, held.payee, "organisation")
    if ended and not LIFECYCLE[whose.state] and may(batch, ended, held.path):
        not_related(batch, whose.path)
    else:
        acting_for(batch, held.payee, Action.KEEP_BOOKS, what=what)
    grant = batch.get(Grant, commitment)
    if grant is not None and grant.state in CLOSED:
        raise AccountsClosed
    ask_of(batch, held)
    return held, held.payee


async def _needs(commitment: str) -> list[Place]:
    held = await find(Commitment, commitment)
    needs: list[Place] = [(Commitment, commitment), (Grant, commitment)]
    return [*needs, (Organisation, held.payee)] if held and held.payee else needs


# Reads


async def lines_of(commitment: str, **where: Unpack[Where]) -> list[SpendingLine]:
    """What was bought of a commitment, the oldest line first: for everybody."""
    return await page_by_id(SpendingLine, where, commitment=commitment)

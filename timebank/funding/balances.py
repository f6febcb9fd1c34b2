"""Fund balances: what of a source is allotted, committed, paid and spent, by unit and purpose.

Everybody reads them. They follow from the movements alone, and each is at most the one before it:
spent <= paid <= committed <= allotted. Refuses to know why anything moved.
"""

from collections.abc import Sequence
from typing import Unpack

import msgspec

from ledger.entry import Sealed
from timebank.funding.moves import (
    AllotmentReturned,
    CommitmentReleased,
    FundsAllotted,
    FundsCommitted,
    FundsPaid,
    FundsRefunded,
    FundsSpent,
    Moved,
    PaymentReversed,
    SpendingReversed,
)
from timebank.funding.purposes import FundPurpose
from timebank.projections import Place, Rows, projects
from timebank.tables import Row, Where, find_many, page_by_id, table

# Tables and projectors


@table("fund_balance", index=[("source", "id")])
class FundBalance(Row, frozen=True):
    """One balance in fen; unit and purpose are None where it is the sum over all of them.

    What was paid for something bought is spent at once; what an organisation was paid, when it
    accounts for it. Only sums over all purposes have anything allotted.
    """

    id: str
    source: str
    unit: str | None = None
    purpose: FundPurpose | None = None
    allotted: int = 0
    committed: int = 0
    paid: int = 0
    spent: int = 0


def balance_key(source: str, unit: str | None = None, purpose: FundPurpose | None = None) -> str:
    """The key of FundBalance: `<source>/<unit>/<purpose>`, either empty for all."""
    return f"{source}/{unit or ''}/{purpose or ''}"


@projects(
    FundsAllotted,
    AllotmentReturned,
    FundsCommitted,
    CommitmentReleased,
    FundsPaid,
    FundsRefunded,
    FundsSpent,
    PaymentReversed,
    SpendingReversed,
)
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    purpose = None if isinstance(event, FundsAllotted | AllotmentReturned) else event.purpose
    for id in _touched(event.source, event.unit, purpose):
        _, unit, told = id.split("/")
        held = rows.get(FundBalance, id) or FundBalance(
            id=id,
            source=event.source,
            unit=unit or None,
            purpose=FundPurpose(told) if told else None,
        )
        rows.put(_after(held, event))


def _after(held: FundBalance, event: Moved) -> FundBalance:
    match event:
        case FundsAllotted():
            changed = {"allotted": held.allotted + event.fen}
        case AllotmentReturned():
            changed = {"allotted": held.allotted - event.fen}
        case FundsCommitted():
            changed = {"committed": held.committed + event.fen}
        case CommitmentReleased():
            changed = {"committed": held.committed - event.fen}
        case FundsPaid(payee=None):
            changed = {"paid": held.paid + event.fen, "spent": held.spent + event.fen}
        case FundsPaid():
            changed = {"paid": held.paid + event.fen}
        case PaymentReversed(payee=None):
            changed = {"paid": held.paid - event.fen, "spent": held.spent - event.fen}
        case PaymentReversed() | FundsRefunded():
            changed = {"paid": held.paid - event.fen}
        case FundsSpent():
            changed = {"spent": held.spent + event.fen}
        case SpendingReversed():
            changed = {"spent": held.spent - event.fen}
    return msgspec.structs.replace(held, **changed)


def _touched(source: str, unit: str, purpose: FundPurpose | None) -> list[str]:
    asked = dict.fromkeys([(None, None), (unit, None), (None, purpose), (unit, purpose)])
    return [balance_key(source, *which) for which in asked]


# What other capabilities ask


def balances_touched(source: str, unit: str, purpose: FundPurpose | None = None) -> list[Place]:
    """The balances that a movement of money changes, to be loaded beforehand."""
    return [(FundBalance, id) for id in _touched(source, unit, purpose)]


# Reads


async def sums_of(sources: Sequence[str]) -> dict[str, FundBalance]:
    """What became of whole sources, by source."""
    found = await find_many(FundBalance, [balance_key(source) for source in sources])
    return {held.source: held for held in found.values()}


async def balances_below(source: str, **where: Unpack[Where]) -> list[FundBalance]:
    """Every balance of a source, by unit and then purpose, strictly between two ids."""
    return await page_by_id(FundBalance, where, source=source)

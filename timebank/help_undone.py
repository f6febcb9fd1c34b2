"""Help undone: what becomes of an order when the service record made of it is undone (domain 3, 4).

A helper who says “not me” before the order is settled disputes it; nothing of it can be paid then.
Where it was paid already, the payment is taken back as minted minutes are: from the balance, the
rest is owed; it goes to whoever had given it. Knows no reason why a record is undone.
"""

from ledger.entry import Sealed
from timebank.accounts import balance, volunteer
from timebank.batch import Batch
from timebank.hands import Hand
from timebank.help_life import (
    LIFECYCLE,
    HelpCutBack,
    HelpDisputed,
    HelpDisputeReason,
    HelpState,
    HelpTakenBack,
)
from timebank.help_orders import HelpOrder, HelpRecord
from timebank.hours import Record
from timebank.minting import decide_take_back
from timebank.pool_grants import PoolGrant
from timebank.pools import pool_at
from timebank.record_life import CaptureMode

# What other capabilities ask


def undo_help(batch: Batch, record: Record, *, kept: int = 0) -> Sealed | None:
    """Let an order follow its record, which is undone in the same work; None where none follows.

    Args: kept, the minutes of the record that is made instead, which stay paid.
    """
    if record.mode is not CaptureMode.HELP_ORDER:
        return None
    order = batch.there(HelpOrder, batch.there(HelpRecord, record.id).order)
    if order.state is HelpState.DELIVERED:
        reason = HelpDisputeReason.DISOWNED
        return batch.record(HelpDisputed(order=order.id, reason=reason, hand=Hand.SELF))
    if HelpTakenBack in LIFECYCLE[order.state] and order.to_helper > kept:
        return batch.record(_taken_back(batch, order, record.volunteer, kept))
    return None


def _taken_back(
    batch: Batch, order: HelpOrder, helper: str, kept: int
) -> HelpTakenBack | HelpCutBack:
    held, back = balance(batch, volunteer(helper)), order.to_helper - kept
    taken = decide_take_back(credited=back, repaid=0, balance=held)
    grant = batch.there(PoolGrant, order.grant) if order.grant else None
    by_grant = min(order.granted, order.paid_minutes)
    event = HelpCutBack if kept else HelpTakenBack
    return event(
        order=order.id,
        helper=helper,
        payer=order.payer,
        area=grant.area if grant else pool_at(order.path),
        balance=taken.balance,
        owed=taken.owed,
        own=min(back, max(0, order.to_helper - by_grant)),
    )

"""Help undone: what becomes of an order when the service record made of it is undone (domain 3, 4).

A helper who says “not me” before the order is settled disputes it; nothing of it can be paid then.
Where it was paid already, the payment is taken back as minted minutes are: from the balance, the
rest is owed; it goes to whoever had given it. Where the record comes back, whoever was given it
pays again in the same way. A record that was made instead of another stands for the order as that
one did. Knows no reason why a record is undone or comes back.
"""

from ledger.entry import Sealed
from timebank.accounts import NotEnoughTime, balance, owed, pool, volunteer
from timebank.batch import Batch
from timebank.hands import Hand
from timebank.help_life import (
    LIFECYCLE,
    HelpCutBack,
    HelpDisputed,
    HelpDisputeReason,
    HelpPaidAgain,
    HelpPartlyPaidAgain,
    HelpState,
    HelpTakenBack,
)
from timebank.help_orders import HelpOrder, HelpRecord
from timebank.hours import Record
from timebank.lifecycles import step
from timebank.minting import decide_take_back
from timebank.pool_grants import PoolGrant
from timebank.pools import pool_at
from timebank.record_life import CaptureMode, LateReason

# Decisions


def decide_pay_again(
    order: HelpOrder,
    *,
    area: str,
    debt: int,
    payer_minutes: int,
    pool_minutes: int,
    minutes: int,
) -> HelpPaidAgain | HelpPartlyPaidAgain:
    """How a payment that was taken back is paid again; the payer owes what they spent meanwhile.

    Args: area, whose pool had granted a part; debt, what the helper owes, >= 0; payer_minutes and
    pool_minutes, what they hold; minutes, how many are paid again.
    Refuses: NotInThisState; NotEnoughTime, while the pool does not hold what it had granted.
    """
    whole = order.paid_minutes + minutes == order.served_minutes
    made = HelpPaidAgain if whole else HelpPartlyPaidAgain
    step(LIFECYCLE, order.state, made)
    # As at first: what was granted from a pool pays before the payer does.
    granted = min(minutes, order.undone_minutes - order.undone_own)
    if granted > pool_minutes:
        raise NotEnoughTime(held=pool_minutes, asked=granted)
    own = minutes - granted
    from_payer = min(own, payer_minutes)
    return made(
        order=order.id,
        helper=order.helper or "",
        payer=order.payer,
        area=area,
        balance=from_payer,
        owed=own - from_payer,
        granted=granted,
        repaid=min(minutes, debt),
    )


# What other capabilities ask


def undo_help(batch: Batch, record: Record, *, kept: int = 0) -> Sealed | None:
    """Let an order follow its record, which is undone in the same work; None where none follows.

    Args: kept, the minutes that stay paid: of the record that is made instead, or confirmed.
    """
    order = _order_of(batch, record)
    if order is None:
        return None
    if order.state is HelpState.DELIVERED:
        reason = HelpDisputeReason.DISOWNED
        return batch.record(HelpDisputed(order=order.id, reason=reason, hand=Hand.SELF))
    if HelpTakenBack in LIFECYCLE[order.state] and order.to_helper > kept:
        return batch.record(_taken_back(batch, order, record.volunteer, kept))
    return None


def redo_help(batch: Batch, record: Record, *, kept: int) -> Sealed | None:
    """Let an order follow its record, which came back in the same work; None where none follows.

    Args: kept, the minutes that are to be paid in the end, as far as they were before.
    Refuses: what `decide_pay_again` refuses.
    """
    order = _order_of(batch, record)
    if order is None:
        return None
    again = min(order.undone_minutes, kept - order.to_helper)
    if again <= 0:
        return None
    area = _area_of(batch, order)
    return batch.record(
        decide_pay_again(
            order,
            area=area,
            debt=-balance(batch, owed(record.volunteer)),
            payer_minutes=balance(batch, volunteer(order.payer)),
            pool_minutes=balance(batch, pool(area)),
            minutes=again,
        )
    )


def _order_of(batch: Batch, record: Record) -> HelpOrder | None:
    # Any other record was made of none: asking for each would cost a row of each.
    if record.mode is not CaptureMode.HELP_ORDER and record.late is not LateReason.CORRECTION:
        return None
    made = batch.get(HelpRecord, record.id)
    return batch.there(HelpOrder, made.order) if made else None


def _area_of(batch: Batch, order: HelpOrder) -> str:
    """Whose pool a grant of the order came from; the order's own without one."""
    return batch.there(PoolGrant, order.grant).area if order.grant else pool_at(order.path)


def _taken_back(
    batch: Batch, order: HelpOrder, helper: str, kept: int
) -> HelpTakenBack | HelpCutBack:
    held, back = balance(batch, volunteer(helper)), order.to_helper - kept
    taken = decide_take_back(credited=back, repaid=0, balance=held)
    by_grant = min(order.granted, order.paid_minutes)
    event = HelpCutBack if kept else HelpTakenBack
    return event(
        order=order.id,
        helper=helper,
        payer=order.payer,
        area=_area_of(batch, order),
        balance=taken.balance,
        owed=taken.owed,
        own=min(back, max(0, order.to_helper - by_grant)),
    )

"""Help undone: what becomes of an order when the service record made of it is undone (domain 3, 4).

A helper who says “not me” before the order is settled disputes it; nothing of it can be paid then.
Where it was paid already, the payment is taken back as minted minutes are: from the balance, the
rest is owed; it goes to whoever had given it. Where the record comes back, whoever was given it
pays again in the same way. Knows no reason why a record is undone or comes back.
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
from timebank.record_life import CaptureMode

# Decisions


def decide_pay_again(
    order: HelpOrder,
    *,
    area: str,
    debt: int,
    payer_minutes: int,
    pool_minutes: int,
    minutes: int | None = None,
) -> HelpPaidAgain | HelpPartlyPaidAgain:
    """How a payment that was taken back is paid again; the payer owes what they spent meanwhile.

    Args: area, whose pool had granted a part; debt, what the helper owes, >= 0; payer_minutes and
    pool_minutes, what they hold; minutes, how many are paid again, all if None.
    Refuses: NotInThisState; NotEnoughTime, while the pool does not hold what it had granted.
    """
    again = order.undone_minutes if minutes is None else minutes
    made = (
        HelpPaidAgain if order.paid_minutes + again == order.served_minutes else HelpPartlyPaidAgain
    )
    step(LIFECYCLE, order.state, made)
    # As at first: what was granted from a pool pays before the payer does.
    granted = min(again, order.undone_minutes - order.undone_own)
    if granted > pool_minutes:
        raise NotEnoughTime(held=pool_minutes, asked=granted)
    own = again - granted
    from_payer = min(own, payer_minutes)
    return made(
        order=order.id,
        helper=order.helper or "",
        payer=order.payer,
        area=area,
        balance=from_payer,
        owed=own - from_payer,
        granted=granted,
        repaid=min(again, debt),
    )


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


def redo_help(batch: Batch, record: Record, *, kept: int | None = None) -> Sealed | None:
    """Let an order follow its record, which came back in the same work; None where none follows.

    Args: kept, the minutes that are to be paid in the end, all that were if None.
    Refuses: what `decide_pay_again` refuses.
    """
    if record.mode is not CaptureMode.HELP_ORDER:
        return None
    order = batch.there(HelpOrder, batch.there(HelpRecord, record.id).order)
    again = order.undone_minutes
    if kept is not None:
        again = max(0, min(again, kept - order.to_helper))
    if not again:
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

"""Help disputes: help that was reported and is not confirmed, decided by a third hand (domain 6).

Whoever was served, or pays, says what is wrong before silence confirms it. The station's manager,
the street or the district then decides how many of the reported minutes are paid: all, some or
none; the service record follows. Knows no appeal: a record that counts may be objected to.
"""

from timebank.access import Action
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.confirmations import tell
from timebank.help_holdings import ending, hand_in, held_of
from timebank.help_life import (
    LIFECYCLE,
    ConfirmWay,
    HelpDisputed,
    HelpDisputeReason,
    HelpPartlySettled,
    HelpReleased,
    HelpSettled,
)
from timebank.help_orders import Helped, HelpOrder
from timebank.help_shares import divide
from timebank.hours import Record
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.matching import at_desk
from timebank.notices import NoticeCode, notify, settle
from timebank.record_life import HoursRejected, RecordState, RejectReason
from timebank.refusals import Refusal, Unauthenticated
from timebank.settlements import Settled, pay_help, settling
from timebank.tables import find

# Refusals


class DeciderInvolved(Refusal):
    """A third hand decides (domain 11)."""

    says = "Whoever has a part in this order cannot decide it; another officer must."


class DecidedMinutesWrong(Refusal):
    """A decision pays at most what was reported."""

    says = "Between 0 and {most} minutes can be decided for this order."
    most: int
    path = ("minutes",)


# Decisions


def decide_dispute(
    order: HelpOrder, record: Record, officer: str, minutes: int
) -> type[HelpSettled | HelpPartlySettled | HelpReleased]:
    """What a decision on `minutes` comes to: all settles the order, some partly, none releases it.

    Refuses: DeciderInvolved, DecidedMinutesWrong.
    """
    parts = (order.payer, order.served, order.helper, order.disputed_by, record.recorder)
    if officer in parts:
        raise DeciderInvolved
    # Of a record that the helper has disowned nothing is paid.
    most = order.served_minutes if record.state is RecordState.CAPTURED else 0
    if not 0 <= minutes <= most:
        raise DecidedMinutesWrong(most=most)
    if minutes == 0:
        return HelpReleased
    return HelpSettled if minutes == order.served_minutes else HelpPartlySettled


# Commands


async def dispute_help(
    actor: Actor, *, order: str, reason: HelpDisputeReason, key: RequestKey
) -> Helped:
    """Say, before it is confirmed, that help was not given as it was reported.

    Refuses: NotFound, NotInThisState, PersonNotActive.   Source: domain 6.
    """
    if actor.person is None:
        raise Unauthenticated
    seen = await find(HelpOrder, order)

    def work(batch: Batch) -> Helped:
        held = batch.need(HelpOrder, order, "order")
        hand, proxy = hand_in(batch, held)
        step(LIFECYCLE, held.state, HelpDisputed)
        event = HelpDisputed(order=order, reason=reason, hand=hand, proxy=proxy)
        entry = batch.record(event)
        settle(batch, held.served, order)
        if held.helper is not None:
            notify(batch, held.helper, NoticeCode.HELP_DISPUTED, order, hands=[actor.person])
        return Helped(entry=entry.seq, order=order)

    return await write(actor, key, work, answer=Helped, needs=ending(seen))


async def rule_on_help(actor: Actor, *, order: str, minutes: int, key: RequestKey) -> Settled:
    """Decide, as a third hand, how many of the reported minutes of a disputed order are paid.

    Refuses: NotFound, NotInThisState, DeciderInvolved, DecidedMinutesWrong, BatchHeld.
    Source: domain 6.
    """
    if not actor.known:
        raise Unauthenticated

    def work(batch: Batch) -> Settled:
        held = at_desk(batch, order, Action.DECIDE_HELP)
        step(LIFECYCLE, held.state, HelpReleased)
        record = batch.there(Record, held.record or "")
        event = decide_dispute(held, record, actor.id, minutes)
        if event is HelpReleased:
            return _release(batch, held, record)
        told = pay_help(batch, held, minutes, ConfirmWay.DECISION)
        _tell(batch, held)
        return told

    return await write(actor, key, work, answer=Settled, needs=await settling(order))


def _release(batch: Batch, order: HelpOrder, record: Record) -> Settled:
    if record.state is RecordState.CAPTURED:
        batch.record(HoursRejected(record=record.id, reason=RejectReason.NOT_ATTENDED))
        tell(batch, record, NoticeCode.HOURS_REJECTED)
    event = HelpReleased(
        order=order.id,
        payer=order.payer,
        helper=order.helper,
        grant=order.grant,
        shares=divide(held_of(batch, order)),
    )
    entry = batch.record(event)
    _tell(batch, order)
    return Settled(entry=entry.seq, order=order.id, minutes=0)


def _tell(batch: Batch, order: HelpOrder) -> None:
    for person in dict.fromkeys((order.helper, order.payer, order.served)):
        if person is not None:
            notify(batch, person, NoticeCode.HELP_DECIDED, order.id, hands=[batch.actor.person])

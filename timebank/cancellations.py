"""Cancellations: orders for help that are not needed any more, and what late ones cost (domain 6).

Whoever ordered, or was to be served, cancels until the helper has begun; what was held goes back to
where it came from. Late is a cancellation with a helper on the way: from the third of a quarter on
it forfeits some minutes to the pool of the area, never to the other side. Knows no helper's duty.
"""

from datetime import date, datetime, timedelta

from ledger.entry import Sealed
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.help_holdings import ending, hand_in, held_of
from timebank.help_life import LIFECYCLE, HelpCancelled, HelpCancelReason
from timebank.help_orders import HelpOrder
from timebank.help_shares import divide
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notices import NoticeCode, notify
from timebank.policy import Credit
from timebank.projections import Rows, projects
from timebank.refusals import Unauthenticated
from timebank.tables import Row, find, table

LATE_FROM = 3
"""The late cancellation of a quarter that begins to cost; domain 6 names it, no policy does."""

# Tables and projectors


@table("late_cancels")
class LateCancels(Row, frozen=True):
    """How often somebody cancelled late in a quarter; `id` is `<payer>/<year>Q<quarter>`."""

    id: str
    count: int


def quarter_key(payer: PersonId, day: date) -> str:
    """The key of somebody's late cancellations in the quarter of a day."""
    return f"{payer}/{day.year}Q{(day.month + 2) // 3}"


@projects(HelpCancelled)
def _cancelled(rows: Rows, event: HelpCancelled, entry: Sealed) -> None:
    if event.late:
        id = quarter_key(event.payer, day_of(entry.at))
        held = rows.get(LateCancels, id)
        rows.put(LateCancels(id=id, count=(held.count if held else 0) + 1))


# Decisions


def decide_late(order: HelpOrder, now: datetime, rules: Credit) -> bool:
    """Whether a cancellation comes late: with a helper, and too few hours before the help.

    An order that nobody has taken yet takes nobody's time, however late it is cancelled.
    """
    return order.helper is not None and now > order.starts - timedelta(hours=rules.cancel_hours)


def decide_forfeit(*, late: bool, before: int, rules: Credit) -> int:
    """The minutes that a cancellation forfeits; `before` are the quarter's late ones so far."""
    return rules.forfeit_minutes if late and before + 1 >= LATE_FROM else 0


# Commands


class Cancelled(Answer, frozen=True, kw_only=True):
    """The order that was cancelled, and the minutes that it forfeited."""

    order: str
    forfeited: int


async def cancel_help(
    actor: Actor,
    *,
    order: str,
    key: RequestKey,
    reason: HelpCancelReason = HelpCancelReason.OWN_WISH,
) -> Cancelled:
    """Cancel an order that has not begun, as whoever pays or is to be served, or for them.

    Refuses: NotFound, NotInThisState, PersonNotActive.   Source: domain 6.
    """
    if actor.person is None:
        raise Unauthenticated
    seen = await find(HelpOrder, order)

    def work(batch: Batch) -> Cancelled:
        held = batch.need(HelpOrder, order, "order")
        hand, proxy = hand_in(batch, held)
        step(LIFECYCLE, held.state, HelpCancelled)
        late = decide_late(held, batch.now, batch.policy.credit)
        counted = batch.get(LateCancels, quarter_key(held.payer, batch.today))
        forfeited = decide_forfeit(
            late=late, before=counted.count if counted else 0, rules=batch.policy.credit
        )
        entry = batch.record(
            HelpCancelled(
                order=order,
                payer=held.payer,
                grant=held.grant,
                shares=divide(held_of(batch, held), forfeited=forfeited),
                reason=reason,
                hand=hand,
                late=late,
                proxy=proxy,
            )
        )
        for person in dict.fromkeys((held.payer, held.served, held.helper)):
            if person is not None and person != actor.person:
                notify(batch, person, NoticeCode.HELP_CANCELLED, order, hands=[actor.person])
        return Cancelled(entry=entry.seq, order=order, forfeited=forfeited)

    return await write(actor, key, work, answer=Cancelled, needs=ending(seen))

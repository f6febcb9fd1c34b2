"""Escalations: orders for help that nobody takes, and those that nobody reports (domain 6).

Three days without a helper bring an order to its station, three more to its street. What nobody has
taken when it was to begin, and what its helper never reported, gives its minutes back. All by the
software's own timers; refuses to know who then finds a helper, and how.
"""

from datetime import datetime, timedelta

from tortoise.expressions import Q

from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.help_holdings import ending, held_of
from timebank.help_life import (
    LIFECYCLE,
    UNMATCHED,
    Escalation,
    HelpEscalated,
    HelpLapsed,
    HelpState,
)
from timebank.help_orders import Helped, HelpOrder
from timebank.help_shares import divide
from timebank.journal import current, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notices import NoticeCode, notify
from timebank.policy import policy_on
from timebank.projections import Place
from timebank.refusals import Forbidden, Refusal
from timebank.tables import find, select

UNMATCHED_FOR = timedelta(hours=72)
"""How long an order waits before the next level looks for a helper; domain 6 names it."""

# Refusals


class StillWaiting(Refusal):
    """Helpers have some days to come by themselves."""

    says = "Helpers may take this order until {until}; others look for a helper after that."
    until: str


class EscalatedAlready(Refusal):
    """Above the street nobody looks for helpers."""

    says = "This order was brought to the street already."


class StillAhead(Refusal):
    """What may still be taken, or reported, is not over."""

    says = "This order may still be answered until {until}."
    until: str


# Decisions


def decide_escalation(order: HelpOrder, now: datetime) -> Escalation:
    """Who is to look for a helper next.

    Refuses: NotInThisState, EscalatedAlready, StillWaiting.
    """
    step(LIFECYCLE, order.state, HelpEscalated)
    if order.level is Escalation.STREET:
        raise EscalatedAlready
    times = 1 if order.level is None else 2
    until = order.waits_since + times * UNMATCHED_FOR
    if now < until:
        raise StillWaiting(until=_told(until))
    return Escalation.STATION if order.level is None else Escalation.STREET


def decide_lapse(order: HelpOrder, now: datetime, *, late_days: int) -> None:
    """Whether nothing will come of an order any more.

    Args: late_days, for how long a service may be recorded afterwards.
    Refuses: NotInThisState, StillAhead.
    """
    step(LIFECYCLE, order.state, HelpLapsed)
    waits = timedelta(0) if order.state in UNMATCHED else timedelta(days=late_days + 1)
    if now < order.starts + waits:
        raise StillAhead(until=_told(order.starts + waits))


def _told(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"


# Commands


async def escalate_help(actor: Actor, *, order: str, key: RequestKey | None = None) -> Helped:
    """Bring an order that nobody takes to its station, then to its street, as the timer does.

    Refuses: NotFound, NotInThisState, EscalatedAlready, StillWaiting.   Source: domain 6.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Helped:
        held = batch.need(HelpOrder, order, "order")
        level = decide_escalation(held, batch.now)
        entry = batch.record(HelpEscalated(order=order, level=level))
        _tell(batch, held, NoticeCode.HELP_ESCALATED)
        return Helped(entry=entry.seq, order=order)

    return await write(actor, key, work, answer=Helped, needs=[(HelpOrder, order)])


async def lapse_help(actor: Actor, *, order: str, key: RequestKey | None = None) -> Helped:
    """Give back what an order holds of which nothing will come, as the timer does.

    Refuses: NotFound, NotInThisState, StillAhead.   Source: domain 6.
    """
    if actor != SYSTEM:
        raise Forbidden
    seen = await find(HelpOrder, order)

    def work(batch: Batch) -> Helped:
        held = batch.need(HelpOrder, order, "order")
        decide_lapse(held, batch.now, late_days=batch.policy.record.late_days)
        event = HelpLapsed(
            order=order,
            payer=held.payer,
            helper=held.helper,
            grant=held.grant,
            shares=divide(held_of(batch, held)),
        )
        entry = batch.record(event)
        _tell(batch, held, NoticeCode.HELP_LAPSED)
        return Helped(entry=entry.seq, order=order)

    needs: list[Place] = ending(seen)
    return await write(actor, key, work, answer=Helped, needs=needs)


def _tell(batch: Batch, order: HelpOrder, code: NoticeCode) -> None:
    for person in dict.fromkeys((order.served, order.payer, order.helper)):
        if person is not None:
            notify(batch, person, code, order.id, hands=[order.helper])


# Reads


async def unmatched_help(*, skip: int, limit: int) -> list[str]:
    """Orders that nobody has taken for days, the longest waiting first."""
    now = current().clock.now()
    fresh = Q(state=HelpState.RESERVED.value, waits_since__lte=now - UNMATCHED_FOR)
    again = Q(
        state=HelpState.ESCALATED.value,
        level=Escalation.STATION.value,
        waits_since__lte=now - 2 * UNMATCHED_FOR,
    )
    return await _ids(fresh | again, "waits_since", skip, limit)


async def lapsed_help(*, skip: int, limit: int) -> list[str]:
    """Orders of which nothing will come any more, the longest over first."""
    now = current().clock.now()
    policy = await policy_on(day_of(now))
    if policy is None:
        return []
    late = timedelta(days=policy.document.record.late_days + 1)
    untaken = Q(state__in=[state.value for state in UNMATCHED], starts__lte=now)
    going = [HelpState.MATCHED.value, HelpState.IN_SERVICE.value]
    return await _ids(untaken | Q(state__in=going, starts__lte=now - late), "starts", skip, limit)


async def _ids(which: Q, first: str, skip: int, limit: int) -> list[str]:
    found = await select(HelpOrder, which, order=[first, "id"], limit=limit, offset=skip)
    return [order.id for order in found]

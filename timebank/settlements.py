"""Settlements: help that is given, confirmed and paid, minute for minute (domain 6).

The helper checks in and out, or reports afterwards; that makes a service record, whose second key
is turned by whoever was served, their proxy or the counter. The same act pays the helper from what
the order holds, and the record mints nothing more. Knows when an order pays; how its minutes are
divided is `help_shares`.
"""

from datetime import datetime, timedelta

from ledger.entry import Sealed
from timebank.access import Action
from timebank.accounts import balance, escrow, moving, volunteer
from timebank.activities import ActivityKind
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.batch import Batch
from timebank.captures import Service, capture, needed
from timebank.confirmations import (
    ask_volunteer,
    decide_confirm,
    decide_hand,
    not_held,
    record_needs,
)
from timebank.days import MINUTE
from timebank.due import passed
from timebank.events import kind_of
from timebank.hands import Hand, hand_for
from timebank.help_holdings import held_of
from timebank.help_life import (
    LIFECYCLE,
    ConfirmWay,
    DeliveryWay,
    HelpDelivered,
    HelpPartlySettled,
    HelpSettled,
    HelpStarted,
    HelpState,
)
from timebank.help_orders import Helped, HelpOpen, HelpOrder
from timebank.help_shares import divide
from timebank.hours import Record
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.lifecycles import NotInThisState, step
from timebank.notices import NoticeCode, notify, settle
from timebank.people import Person
from timebank.pools import pool_at
from timebank.projections import Place
from timebank.record_life import CaptureMode, HoursReferred, LateReason
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated
from timebank.tables import find

EARLY = timedelta(minutes=60)
"""How long before an order begins its helper may check in: clocks and buses differ."""

# Refusals


class HelpTooEarly(Refusal):
    """Help begins about when it was ordered for."""

    says = "This help begins at {starts}; check in at most an hour before."
    starts: str


class ServedMinutesWrong(Refusal):
    """At most what was ordered is paid."""

    says = "Between 1 and {most} minutes can be reported for this order."
    most: int
    path = ("minutes",)


class HelpNotTold(Refusal):
    """No notice, no silence (domain 4)."""

    says = "No notice of this order has arrived, so silence says nothing; tell who was served."
    order: str


class HelpAnswerOpen(Refusal):
    """Whoever was served has hours to answer."""

    says = "Whoever was served may answer about this order until {until}."
    order: str
    until: str


# Decisions


def decide_silent(order: HelpOrder, now: datetime) -> None:
    """Whether silence confirms an order. Refuses: NotInThisState, HelpNotTold, HelpAnswerOpen."""
    if order.state is not HelpState.DELIVERED:
        raise NotInThisState(state=order.state.value, act=kind_of(HelpSettled))
    if order.confirm_by is None:
        raise HelpNotTold(order=order.id)
    if now < order.confirm_by:
        raise HelpAnswerOpen(order=order.id, until=f"{order.confirm_by:%Y-%m-%d %H:%M}Z")


def decide_start(order: HelpOrder, now: datetime) -> None:
    """Whether the helper may check in. Refuses: NotInThisState, HelpTooEarly."""
    step(LIFECYCLE, order.state, HelpStarted)
    if now < order.starts - EARLY:
        raise HelpTooEarly(starts=f"{order.starts:%Y-%m-%d %H:%M}Z")


def decide_served(
    order: HelpOrder, now: datetime, minutes: int | None
) -> tuple[datetime, int, DeliveryWay]:
    """When service began, how many minutes it had and how that is known.

    A check-out counts whole minutes from the check-in, a report those that are given from when the
    order began. What goes beyond the order was not asked for and does not count.
    Refuses: NotInThisState, ServedMinutesWrong.
    """
    step(LIFECYCLE, order.state, HelpDelivered)
    if minutes is not None or order.started_at is None:
        began, way = order.started_at or order.starts, DeliveryWay.REPORT
        served = order.minutes if minutes is None else minutes
    else:
        began, way = order.started_at, DeliveryWay.CHECK_OUT
        served = min((now - order.started_at) // MINUTE, order.minutes)
    if not 0 < served <= order.minutes:
        raise ServedMinutesWrong(most=order.minutes)
    return began.replace(second=0, microsecond=0), served, way


# Commands


async def start_help(actor: Actor, *, order: str, key: RequestKey) -> Helped:
    """Check in as the helper of an order. Refuses: NotFound, NotInThisState, HelpTooEarly."""

    def work(batch: Batch) -> Helped:
        held = batch.need(HelpOrder, order, "order")
        if actor.person is None or held.helper != actor.person:
            raise NotFound(what="order")
        decide_start(held, batch.now)
        return Helped(entry=batch.record(HelpStarted(order=order)).seq, order=order)

    if actor.person is None:
        raise Unauthenticated
    return await write(actor, key, work, answer=Helped, needs=[(HelpOrder, order)])


async def deliver_help(
    actor: Actor,
    *,
    order: str,
    key: RequestKey,
    minutes: int | None = None,
    late: LateReason | None = None,
) -> Helped:
    """Check out as the helper, or report `minutes` served; the helper's counter may report too.

    It makes a service record, with all that one asks for.   Args: late, why a report comes late.
    Refuses: NotFound, NotInThisState, ServedMinutesWrong, and what `capture` refuses.
    """
    if not actor.known:
        raise Unauthenticated
    seen = await find(HelpOrder, order)

    def work(batch: Batch) -> Helped:
        held = batch.need(HelpOrder, order, "order")
        if held.helper is None:
            raise NotFound(what="order")
        hand, _ = hand_for(batch, held.helper, Action.HELP_AT_COUNTER, what="order")
        began, served, way = decide_served(held, batch.now, minutes)
        service = _service(held, held.helper, began, served, own=hand is Hand.SELF, late=late)
        record, _ = capture(batch, service, held.path)
        entry = batch.record(
            HelpDelivered(
                order=order,
                record=record,
                began=service.starts,
                ended=service.ends,
                minutes=served,
                way=way,
                hand=hand,
            )
        )
        notify(
            batch,
            held.served,
            NoticeCode.HELP_TO_CONFIRM,
            order,
            hands=[held.helper, batch.actor.person],
        )
        return Helped(entry=entry.seq, order=order)

    needs: list[Place] = [(HelpOrder, order)]
    if seen is not None and seen.helper is not None:
        began = seen.started_at or seen.starts
        service = _service(seen, seen.helper, began, seen.minutes, own=True, late=None)
        needs += needed([service], actor.id, current().clock.now())
        needs.append((HelpOpen, seen.helper))
    return await write(actor, key, work, answer=Helped, needs=needs)


def _service(
    order: HelpOrder,
    helper: PersonId,
    began: datetime,
    minutes: int,
    *,
    own: bool,
    late: LateReason | None,
) -> Service:
    return Service(
        volunteer=helper,
        station=order.station,
        starts=began,
        ends=began + minutes * MINUTE,
        kind=ActivityKind.NEIGHBOUR_HELP,
        mode=CaptureMode.HELP_ORDER,
        own=own,
        late=late,
        once=f"help:{order.id}",
        recipient=order.served,
    )


class Settled(Answer, frozen=True, kw_only=True):
    """The order that is over, and the minutes that its helper was paid."""

    order: str
    minutes: int


async def confirm_help(actor: Actor, *, order: str, key: RequestKey) -> Settled:
    """Confirm help that was given, as whoever was served, their proxy or counter: it is paid.

    Nobody who helped or reported it confirms it.
    Refuses: NotFound, NotInThisState, OwnHours, SameHand, BatchHeld, PersonNotActive.
    Source: domain 4 and 6.
    """

    def work(batch: Batch) -> Settled:
        held = batch.need(HelpOrder, order, "order")
        hand, proxy = hand_for(batch, held.served, Action.HELP_AT_COUNTER, what="order")
        if held.state is not HelpState.DELIVERED:
            raise NotInThisState(state=held.state.value, act=kind_of(HelpSettled))
        decide_hand(batch.there(Record, held.record or ""), batch.actor.id)
        return pay_help(batch, held, held.served_minutes, ConfirmWay(hand.value), proxy=proxy)

    return await write(actor, key, work, answer=Settled, needs=await settling(order))


async def settle_silent(actor: Actor, *, order: str, key: RequestKey | None = None) -> Settled:
    """Pay for help about which whoever was served said nothing in time, as the timer does.

    No notice, no silence: the hours run from when a notice arrived.
    Refuses: NotFound, NotInThisState, HelpNotTold, HelpAnswerOpen, BatchHeld.   Source: domain 6.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Settled:
        held = batch.need(HelpOrder, order, "order")
        decide_silent(held, batch.now)
        return pay_help(batch, held, held.served_minutes, ConfirmWay.SILENCE)

    return await write(actor, key, work, answer=Settled, needs=await settling(order))


# What other capabilities ask


def pay_help(
    batch: Batch,
    order: HelpOrder,
    minutes: int,
    way: ConfirmWay,
    *,
    proxy: PersonId | None = None,
) -> Settled:
    """Confirm `minutes` of the record of help that was given, and pay for them.

    Fewer than were reported settle the order partly.   Refuses: BatchHeld.
    """
    helper, home = _helper_of(batch, order)
    confirm_record(batch, order, minutes)
    room = batch.policy.credit.balance_cap - balance(batch, volunteer(helper))
    event = HelpSettled if minutes == order.served_minutes else HelpPartlySettled
    entry = batch.record(
        event(
            order=order.id,
            payer=order.payer,
            helper=helper,
            grant=order.grant,
            minutes=minutes,
            shares=divide(held_of(batch, order), paid=minutes, room=max(0, room), home=home),
            way=way,
            proxy=proxy,
        )
    )
    settle(batch, order.served, order.id)
    notify(batch, helper, NoticeCode.HELP_SETTLED, order.id, hands=[batch.actor.person])
    return Settled(entry=entry.seq, order=order.id, minutes=minutes)


def _helper_of(batch: Batch, order: HelpOrder) -> tuple[PersonId, str]:
    if order.helper is None:
        raise LookupError(f"order {order.id} was delivered by nobody")
    return order.helper, pool_at(batch.there(Person, order.helper).home_path)


def confirm_record(batch: Batch, order: HelpOrder, minutes: int) -> Sealed:
    """Turn the second key of an order's record; a rule may send it to a second reviewer.

    The order pays all the same: whoever was served says that the help was given.
    """
    record = batch.there(Record, order.record or "")
    not_held(batch, record)
    event = decide_confirm(record, minutes)
    entry = batch.record(event)
    if not isinstance(event, HoursReferred):
        ask_volunteer(batch, record.id)
    return entry


async def settling(order: str) -> list[Place]:
    """The rows that settling an order touches, to be loaded beforehand.

    They are told in as many reads if there is none.
    """
    held = await find(HelpOrder, order)
    record = await find(Record, (held.record if held else None) or order)
    needs: list[Place] = [(HelpOrder, order), *(record_needs(record) if record else [])]
    if held is not None:
        needs += [(HelpOpen, held.payer), *moving(escrow(order), volunteer(held.payer))]
    if held is not None and held.helper is not None:
        needs += [(HelpOpen, held.helper), (Person, held.helper)]
    return needs


# Reads


silent_help = passed(HelpOrder, "confirm_by", HelpState.DELIVERED)
"""Orders about which nobody answered in time, the longest first."""

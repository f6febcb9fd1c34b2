"""Gifts: minutes given to kin in the direct line, who accept them within some days (domain 6).

The minutes leave the giver with the offer and wait in escrow. Keeps the gifts and counts what each
person gave; `gift_life` knows what can happen to one. Refuses to know who is kin (`kin`) and who
acts for whom (`proxies`).
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.accounts import balance, escrow, moving, volunteer
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.counter import person_numbered, spelled
from timebank.due import passed
from timebank.events import Event
from timebank.gift_life import (
    LIFECYCLE,
    GiftAccepted,
    GiftDeclined,
    GiftExpired,
    GiftOffered,
    GiftOver,
    GiftState,
    GiftStillOpen,
    GiftWithdrawn,
    NotLinealKin,
    ProxyGivesToSelf,
    Returned,
    decide_gift,
    decide_receive,
)
from timebank.hours import ServiceTotal
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.kin import are_lineal
from timebank.lifecycles import step
from timebank.notices import NoticeCode, notify, settle
from timebank.people import Person, VolunteerNumber, active_person
from timebank.projections import Place, Rows, projects
from timebank.proxies import acting_for, may_act_for, principal_in, selves_of
from timebank.refusals import Forbidden, NotFound
from timebank.tables import Row, Where, find_many, newest_by_id, table

# Tables and projectors


@table("gift", index=[("giver", "id"), ("receiver", "id"), ("state", "until")])
class Gift(Row, frozen=True):
    """One gift."""

    id: str
    giver: str
    receiver: str
    giver_number: str
    receiver_number: str
    minutes: int
    state: GiftState
    offered_at: datetime
    until: datetime


@table("given")
class Given(Row, frozen=True):
    """Minutes a person gave and that did not come back; `id` is the person or `<person>/<year>`."""

    id: str
    minutes: int


def year_key(person: PersonId, day: date) -> str:
    """The key of what a person gave in the year of a day."""
    return f"{person}/{day.year}"


@projects(GiftOffered)
def _offered(rows: Rows, event: GiftOffered, entry: Sealed) -> None:
    rows.put(
        Gift(
            id=event.gift,
            giver=event.giver,
            receiver=event.receiver,
            giver_number=rows.there(Person, event.giver).number,
            receiver_number=rows.there(Person, event.receiver).number,
            minutes=event.minutes,
            state=GiftState.OFFERED,
            offered_at=entry.at,
            until=event.until,
        )
    )
    _count(rows, event.giver, entry.at, event.minutes)


@projects(GiftAccepted)
def _accepted(rows: Rows, event: GiftAccepted, entry: Sealed) -> None:
    held = rows.there(Gift, event.gift)
    state = step(LIFECYCLE, held.state, GiftAccepted)
    rows.put(msgspec.structs.replace(held, state=state))


@projects(GiftDeclined, GiftWithdrawn, GiftExpired)
def _returned(rows: Rows, event: Returned, entry: Sealed) -> None:
    held = rows.there(Gift, event.gift)
    rows.put(msgspec.structs.replace(held, state=step(LIFECYCLE, held.state, type(event))))
    _count(rows, held.giver, held.offered_at, -held.minutes)


def _count(rows: Rows, giver: PersonId, at: datetime, minutes: int) -> None:
    for id in (giver, year_key(giver, day_of(at))):
        held = rows.get(Given, id)
        rows.put(Given(id=id, minutes=(held.minutes if held else 0) + minutes))


# Commands


class Gave(Answer, frozen=True, kw_only=True):
    """The gift that was offered or moved on, and its minutes."""

    gift: str
    minutes: int


async def offer_gift(
    actor: Actor, *, receiver: str, minutes: int, key: RequestKey, giver: str | None = None
) -> Gave:
    """Offer minutes to lineal kin; they wait in escrow until accepted, or go back.

    Args: receiver, a volunteer number; giver, that of whom a proxy acts for (None: oneself).
    Refuses: NotFound, PersonNotActive, ProxyGivesToSelf, NotLinealKin, NotPositive, NotEnoughTime,
    GiftNotEarned, GiftYearFull.   Source: domain 6 and 11.
    """
    gift = new("gif")

    def work(batch: Batch) -> Gave:
        whose, proxy = principal_in(batch, giver)
        active_person(batch, whose)
        target = person_numbered(batch, receiver).id
        if proxy is not None and target == proxy:
            raise ProxyGivesToSelf
        if not are_lineal(batch, whose, target):
            raise NotLinealKin
        _decide(batch, whose, minutes)
        until = batch.now + timedelta(days=batch.policy.credit.gift_accept_days)
        event = GiftOffered(
            gift=gift, giver=whose, receiver=target, minutes=minutes, until=until, proxy=proxy
        )
        entry = batch.record(event)
        notify(batch, target, NoticeCode.GIFT_OFFERED, gift, hands=[whose, proxy])
        return Gave(entry=entry.seq, gift=gift, minutes=minutes)

    needs: list[Place] = [(VolunteerNumber, spelled(receiver)), *moving(escrow(gift))]
    if actor.person is not None and giver is None:
        own, code = actor.person, volunteer(actor.person)
        needs += [(Person, own), (ServiceTotal, own), (Given, own), *moving(code)]
    return await write(actor, key, work, answer=Gave, needs=needs)


def _decide(batch: Batch, giver: PersonId, minutes: int) -> None:
    record = batch.get(ServiceTotal, giver)
    ever = batch.get(Given, giver)
    this_year = batch.get(Given, year_key(giver, batch.today))
    decide_gift(
        minutes,
        held=balance(batch, volunteer(giver)),
        earned=record.credited if record else 0,
        given=ever.minutes if ever else 0,
        given_this_year=this_year.minutes if this_year else 0,
        rules=batch.policy.credit,
    )


async def accept_gift(actor: Actor, *, gift: str, key: RequestKey) -> Gave:
    """Accept a gift: by the receiver, or by their proxy, who is named beside them.

    Refuses: NotFound, NotInThisState, GiftOver, NotLinealKin, PersonNotActive, BalanceWouldExceed.
    """

    def work(batch: Batch) -> Gave:
        held, proxy = _of(batch, gift, GiftAccepted)
        if batch.now >= held.until:
            raise GiftOver(until=day_of(held.until))
        if not are_lineal(batch, held.giver, held.receiver):
            raise NotLinealKin
        active_person(batch, held.receiver)
        target = volunteer(held.receiver)
        decide_receive(held.minutes, held=balance(batch, target), rules=batch.policy.credit)
        event = GiftAccepted(gift=gift, receiver=held.receiver, minutes=held.minutes, proxy=proxy)
        return _answered(batch, held, event)

    return await _write(actor, gift, key, work)


async def decline_gift(actor: Actor, *, gift: str, key: RequestKey) -> Gave:
    """Decline a gift, by its receiver or their proxy. Refuses: NotFound, NotInThisState."""
    return await _give_back(actor, gift, GiftDeclined, key)


async def withdraw_gift(actor: Actor, *, gift: str, key: RequestKey) -> Gave:
    """Take a gift back before it is accepted, by its giver or their proxy.

    Refuses: NotFound, NotInThisState.
    """
    return await _give_back(actor, gift, GiftWithdrawn, key)


async def expire_gift(actor: Actor, *, gift: str, key: RequestKey | None = None) -> Gave:
    """Give back what nobody accepted in time: the software's own act, by timer.

    Refuses: NotFound, NotInThisState, GiftStillOpen.   Source: domain 6.
    """
    if actor != SYSTEM:
        raise Forbidden
    return await _give_back(actor, gift, GiftExpired, key)


async def _give_back(
    actor: Actor, gift: str, event: type[Returned], key: RequestKey | None
) -> Gave:
    def work(batch: Batch) -> Gave:
        held, proxy = _of(batch, gift, event)
        if event is GiftExpired and batch.now < held.until:
            raise GiftStillOpen(until=day_of(held.until))
        made = event(gift=gift, giver=held.giver, minutes=held.minutes, proxy=proxy)
        return _answered(batch, held, made)

    return await _write(actor, gift, key, work)


def _of(batch: Batch, gift: str, event: type[Event]) -> tuple[Gift, PersonId | None]:
    """The gift, on which the actor may do this, and the proxy by whom it is done.

    Refuses: NotFound, NotInThisState.   Raises: Forbidden, for the other of the two.
    """
    held = batch.need(Gift, gift, "gift")
    proxy = None
    if event is not GiftExpired:
        try:
            proxy = acting_for(batch, held.giver if event is GiftWithdrawn else held.receiver)
        except NotFound:
            if batch.actor.person in (held.giver, held.receiver):
                raise Forbidden from None
            raise NotFound(what="gift") from None
    step(LIFECYCLE, held.state, event)
    return held, proxy


def _answered(batch: Batch, held: Gift, event: GiftAccepted | Returned) -> Gave:
    entry = batch.record(event)
    settle(batch, held.receiver, held.id)
    code = NoticeCode.GIFT_ACCEPTED if isinstance(event, GiftAccepted) else NoticeCode.GIFT_RETURNED
    notify(batch, held.giver, code, held.id, hands=[batch.actor.person])
    return Gave(entry=entry.seq, gift=held.id, minutes=held.minutes)


async def _write(
    actor: Actor, gift: str, key: RequestKey | None, work: Callable[[Batch], Gave]
) -> Gave:
    needs: list[Place] = [(Gift, gift), *moving(escrow(gift))]
    return await write(actor, key, work, answer=Gave, needs=needs)


# Reads


async def visible_gifts(actor: Actor, ids: Sequence[str]) -> dict[str, Gift]:
    """Gifts by id that the actor, or whom the actor acts for, gave or was given."""
    found = list((await find_many(Gift, ids)).values())
    parties = {person for held in found for person in (held.giver, held.receiver)}
    whose = await may_act_for(actor, parties)
    return {held.id: held for held in found if whose & {held.giver, held.receiver}}


async def gifts_of(
    actor: Actor, *, principal: str | None = None, **where: Unpack[Where]
) -> list[Gift]:
    """Gifts that the actor gave or was given, or those of a `principal` (a volunteer number)."""
    own = await selves_of(actor, principal)
    which = Q(giver__in=own) | Q(receiver__in=own)
    return await newest_by_id(Gift, where, which)


gifts_due = passed(Gift, "until", GiftState.OFFERED)
"""The gifts that nobody accepted in time, the longest overdue first."""

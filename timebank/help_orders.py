"""Orders for help: minutes that are held for somebody who comes to help (domain 6).

Keeps the orders, and counts what is open and what is asked for in a week. `help_life` knows what
can happen to one; requests, matching, settlements and cancellations do it.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, may_read, reach
from timebank.actors import Actor, PersonId
from timebank.clock import day_of
from timebank.days import street_of
from timebank.help_life import (
    LIFECYCLE,
    Ended,
    Escalation,
    HelpCancelled,
    HelpCutBack,
    HelpDelivered,
    HelpDisputed,
    HelperWithdrew,
    HelpEscalated,
    HelpKind,
    HelpLapsed,
    HelpMatched,
    HelpNoShow,
    HelpPaidAgain,
    HelpPartlyPaidAgain,
    HelpPartlySettled,
    HelpReleased,
    HelpRequested,
    HelpReserved,
    HelpSettled,
    HelpStarted,
    HelpState,
    HelpTakenBack,
    Paid,
)
from timebank.hours import ServiceTotal
from timebank.journal import Answer
from timebank.lifecycles import step
from timebank.notices import NoticeArrived, NoticeCode
from timebank.objection_life import ObjectionUpheld, ReviewDismissed, ReviewUpheld
from timebank.places import Station
from timebank.pool_grants import granted_back
from timebank.projections import Rows, projects
from timebank.proxies import may_act_for, principal_of
from timebank.tables import Row, find_many, select, table
from timebank.texts import read_texts

# Tables and projectors


@table(
    "help_order",
    index=[
        ("payer", "id"),
        ("served", "id"),
        ("helper", "id"),
        ("state", "id"),
        ("state", "street", "starts"),
        ("state", "waits_since"),
        ("confirm_by", "id"),
    ],
)
class HelpOrder(Row, frozen=True):
    """One order; `own` and `granted` minutes are held, `path` and `street` are the station's.

    `waits_since` is since when it waits for a helper, `level` who looks for one; `confirm_by` until
    when whoever was served may answer, while that is awaited and a notice of it arrived. Of
    `paid_minutes`, `to_helper` had room in the helper's balance. `undone_minutes` were paid and
    taken back with the record, `undone_own` of them to the payer.
    """

    id: str
    payer: str
    served: str
    station: str
    path: str
    street: str
    kind: HelpKind
    starts: datetime
    minutes: int
    at_home: bool
    state: HelpState
    requested_at: datetime
    waits_since: datetime
    own: int = 0
    granted: int = 0
    grant: str | None = None
    level: Escalation | None = None
    helper: str | None = None
    started_at: datetime | None = None
    record: str | None = None
    served_minutes: int = 0
    disputed_by: str | None = None
    paid_minutes: int = 0
    to_helper: int = 0
    undone_minutes: int = 0
    undone_own: int = 0
    confirm_by: datetime | None = None

    @property
    def ends(self) -> datetime:
        """When the help is to end."""
        return self.starts + timedelta(minutes=self.minutes)


class Promise(msgspec.Struct, frozen=True):
    """When a helper is to help with an order."""

    order: str
    starts: datetime
    ends: datetime


@table("help_open")
class HelpOpen(Row, frozen=True):
    """The orders that are not over and that a person pays, and those they help with."""

    person: str
    paying: tuple[str, ...] = ()
    helping: tuple[Promise, ...] = ()


@table("help_week")
class HelpWeek(Row, frozen=True):
    """The minutes ordered for a week and not given back; `id` is `<payer>/<its Monday>`."""

    id: str
    minutes: int


@table("help_record")
class HelpRecord(Row, frozen=True):
    """Which order a service record was made of, or one that was made instead of it."""

    record: str
    order: str


def week_key(payer: PersonId, day: date) -> str:
    """The key of what somebody ordered for the week of a day."""
    return f"{payer}/{(day - timedelta(days=day.weekday())).isoformat()}"


@projects(HelpRequested)
def _requested(rows: Rows, event: HelpRequested, entry: Sealed) -> None:
    path = rows.there(Station, event.station).path
    rows.put(
        HelpOrder(
            id=event.order,
            payer=event.payer,
            served=event.served,
            station=event.station,
            path=path,
            street=street_of(path),
            kind=event.kind_of_help,
            starts=event.starts,
            minutes=event.minutes,
            at_home=event.at_home,
            state=HelpState.REQUESTED,
            requested_at=entry.at,
            waits_since=entry.at,
        )
    )
    held = rows.get(HelpOpen, event.payer) or HelpOpen(person=event.payer)
    rows.put(msgspec.structs.replace(held, paying=(*held.paying, event.order)))
    _count_week(rows, event.payer, event.starts, event.minutes)


@projects(HelpReserved)
def _reserved(rows: Rows, event: HelpReserved, entry: Sealed) -> None:
    _move(rows, event, own=event.own, granted=event.granted, grant=event.grant)


@projects(HelpEscalated)
def _escalated(rows: Rows, event: HelpEscalated, entry: Sealed) -> None:
    _move(rows, event, level=event.level)


@projects(HelpMatched)
def _matched(rows: Rows, event: HelpMatched, entry: Sealed) -> None:
    order = _move(rows, event, helper=event.helper)
    held = rows.get(HelpOpen, event.helper) or HelpOpen(person=event.helper)
    promise = Promise(order.id, order.starts, order.ends)
    rows.put(msgspec.structs.replace(held, helping=(*held.helping, promise)))


@projects(HelperWithdrew)
def _withdrew(rows: Rows, event: HelperWithdrew, entry: Sealed) -> None:
    _move(rows, event, helper=None, waits_since=entry.at, level=None)
    _forget_promise(rows, event.helper, event.order)


@projects(HelpStarted)
def _started(rows: Rows, event: HelpStarted, entry: Sealed) -> None:
    _move(rows, event, started_at=entry.at)


@projects(HelpDelivered)
def _delivered(rows: Rows, event: HelpDelivered, entry: Sealed) -> None:
    _move(rows, event, record=event.record, served_minutes=event.minutes)
    rows.put(HelpRecord(record=event.record, order=event.order))


@projects(ObjectionUpheld, ReviewUpheld, ReviewDismissed)
def _recorded_instead(
    rows: Rows, event: ObjectionUpheld | ReviewUpheld | ReviewDismissed, entry: Sealed
) -> None:
    held = rows.get(HelpRecord, event.record) if event.corrected else None
    if held is not None and event.corrected:
        rows.put(HelpRecord(record=event.corrected, order=held.order))


@projects(HelpDisputed)
def _disputed(rows: Rows, event: HelpDisputed, entry: Sealed) -> None:
    _move(rows, event, disputed_by=entry.actor, confirm_by=None)


@projects(HelpTakenBack, HelpCutBack)
def _undone(rows: Rows, event: HelpTakenBack | HelpCutBack, entry: Sealed) -> None:
    order, taken = rows.there(HelpOrder, event.order), event.balance + event.owed
    paid, kept = order.paid_minutes - taken, order.to_helper - taken
    undone, own = order.undone_minutes + taken, order.undone_own + event.own
    _move(rows, event, paid_minutes=paid, to_helper=kept, undone_minutes=undone, undone_own=own)
    _count_week(rows, order.payer, order.starts, -taken)
    _earn(rows, event.helper, -taken)


@projects(HelpPaidAgain, HelpPartlyPaidAgain)
def _paid_again(rows: Rows, event: HelpPaidAgain | HelpPartlyPaidAgain, entry: Sealed) -> None:
    order = rows.there(HelpOrder, event.order)
    paid, kept = order.paid_minutes + event.minutes, order.to_helper + event.minutes
    undone = order.undone_minutes - event.minutes
    own = order.undone_own - event.balance - event.owed
    _move(rows, event, paid_minutes=paid, to_helper=kept, undone_minutes=undone, undone_own=own)
    _count_week(rows, order.payer, order.starts, event.minutes)
    _earn(rows, event.helper, event.minutes)


@projects(NoticeArrived)
def _notice_arrived(rows: Rows, event: NoticeArrived, entry: Sealed) -> None:
    if event.code is not NoticeCode.HELP_TO_CONFIRM or event.hours is None:
        return
    order = rows.there(HelpOrder, event.about)
    if order.state is HelpState.DELIVERED:
        until = entry.at + timedelta(hours=event.hours)
        rows.put(msgspec.structs.replace(order, confirm_by=until))


@projects(HelpSettled, HelpPartlySettled, HelpReleased, HelpCancelled, HelpNoShow, HelpLapsed)
def _ended(rows: Rows, event: Ended, entry: Sealed) -> None:
    paid = event.minutes if isinstance(event, Paid) else 0
    order = _move(rows, event, paid_minutes=paid, to_helper=event.shares.helper, confirm_by=None)
    held = rows.there(HelpOpen, order.payer)
    left = tuple(one for one in held.paying if one != order.id)
    rows.put(msgspec.structs.replace(held, paying=left))
    _count_week(rows, order.payer, order.starts, paid - order.minutes)
    if order.helper is not None:
        _forget_promise(rows, order.helper, order.id)
        _earn(rows, order.helper, event.shares.helper)
    if event.grant is not None and event.shares.lapsed:
        granted_back(rows, event.grant, event.shares.lapsed, day_of(entry.at))


Moved = (
    HelpReserved
    | HelpEscalated
    | HelpMatched
    | HelperWithdrew
    | HelpStarted
    | HelpDelivered
    | HelpDisputed
    | HelpTakenBack
    | HelpCutBack
    | HelpPaidAgain
    | HelpPartlyPaidAgain
    | Ended
)


def _move(
    rows: Rows,
    event: Moved,
    **changes: object,
) -> HelpOrder:
    order = rows.there(HelpOrder, event.order)
    state = step(LIFECYCLE, order.state, type(event))
    moved = msgspec.structs.replace(order, state=state, **changes)
    rows.put(moved)
    return moved


def _forget_promise(rows: Rows, helper: PersonId, order: str) -> None:
    held = rows.there(HelpOpen, helper)
    left = tuple(one for one in held.helping if one.order != order)
    rows.put(msgspec.structs.replace(held, helping=left))


def _count_week(rows: Rows, payer: PersonId, starts: datetime, minutes: int) -> None:
    id = week_key(payer, day_of(starts))
    held = rows.get(HelpWeek, id)
    rows.put(HelpWeek(id=id, minutes=(held.minutes if held else 0) + minutes))


def _earn(rows: Rows, helper: PersonId, minutes: int) -> None:
    """Count what somebody was paid as earned by service, as what is minted is."""
    if minutes:
        held = rows.get(ServiceTotal, helper) or ServiceTotal(helper, 0, 0)
        rows.put(msgspec.structs.replace(held, credited=held.credited + minutes))


# Commands


class Helped(Answer, frozen=True, kw_only=True):
    """The order that was placed or moved on."""

    order: str


# Reads


async def visible_help(actor: Actor, ids: Sequence[str]) -> dict[str, HelpOrder]:
    """Orders by id that concern the actor or whom they act for, or lie in their scope."""
    found = list((await find_many(HelpOrder, ids)).values())
    parties = {one for held in found for one in (held.payer, held.served, held.helper) if one}
    whose = await may_act_for(actor, parties)
    theirs = await reach(actor, Action.READ_HELP)
    return {
        held.id: held
        for held in found
        if whose & {held.payer, held.served, held.helper} or theirs(held.path)
    }


async def words_of(actor: Actor, orders: Sequence[HelpOrder]) -> dict[str, str]:
    """What was said in words, by order, of those that the actor may see."""
    seen = await visible_help(actor, [order.id for order in orders])
    return await read_texts(seen, "words")


async def help_of(
    actor: Actor,
    *,
    principal: str | None = None,
    after: str | None,
    before: str | None,
    limit: int,
    backward: bool,
) -> list[HelpOrder]:
    """Orders that concern the actor, or a `principal` (a volunteer number), newest first."""
    whose = await principal_of(actor, principal)
    if whose is None:
        return []
    which = Q(payer=whose) | Q(served=whose) | Q(helper=whose)
    return await _page(which, after, before, limit, newest_first=not backward)


async def help_at(
    actor: Actor,
    path: str,
    state: HelpState,
    *,
    after: str | None,
    before: str | None,
    limit: int,
    backward: bool,
) -> list[HelpOrder]:
    """Orders below a path in a state, the oldest first: for its staff."""
    if not await may_read(actor, Action.READ_HELP, path):
        return []
    below = Q(path__startswith=path, state=state.value)
    return await _page(below, before, after, limit, newest_first=backward)


async def _page(
    which: Q, older_than: str | None, newer_than: str | None, limit: int, *, newest_first: bool
) -> list[HelpOrder]:
    bounds = [Q(id__lt=older_than)] if older_than else []
    bounds += [Q(id__gt=newer_than)] if newer_than else []
    order = ["-id"] if newest_first else ["id"]
    return await select(HelpOrder, which, *bounds, order=order, limit=limit)

"""Notices: what a person is told, and when it arrived; without arrival silence says nothing.

A notice is a code and the id of what it is about; pages say it in words. It arrives when it reaches
an inbox that was opened in the last 12 months, when the inbox is opened, or when the counter speaks
to the person (domain 4). Arrivals from which a clock runs are entries, because silence rests on
them. Inboxes, openings and what was read lie in the vault: when somebody looks at their phone is no
matter for a ledger that keeps ten years. Refuses to know what follows from an arrival.
"""

import contextlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial

import msgspec
from msgspec.structs import replace
from tortoise.expressions import Q

from timebank.access import Action, grants_of, permit_self
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.deliveries import Delivery
from timebank.events import Event
from timebank.identity import anniversary
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.notice_codes import ANSWER_DAYS, ANSWER_HOURS, PRIVATE
from timebank.notice_codes import NoticeCode as NoticeCode
from timebank.people import Person, people_by_id, person_in_scope
from timebank.policy import Policy
from timebank.projections import Place
from timebank.refusals import Denial, NotFound, Refusal
from timebank.tables import Row, count, find, find_many, select, table

INBOX_YEARS = 1
"""An inbox counts as one that is read if it was opened in the last 12 months (domain 4)."""

MOST_AT_ONCE = 500


class Arrival(StrEnum):
    """How a notice arrived."""

    INBOX = "inbox"
    COUNTER = "counter"


# Events


class NoticeArrived(Event, frozen=True, tag="notice.arrived"):
    """A notice that asks for an answer reached its person, who has until the end of `answer_by`.

    `opened` is the last day on which the inbox had been opened; at the counter the entry's actor is
    whoever spoke to the person. Where the answer has `hours`, `answer_by` is the day they end on.
    """

    notice: str
    person: PersonId
    code: NoticeCode
    about: str
    way: Arrival
    day: date
    answer_by: date
    opened: date | None = None
    hours: int | None = None


# Refusals


class NothingToTell(Refusal):
    """Everything has reached the person already."""

    says = "Nothing waits to be told to this person; every notice has arrived."


class TellerInvolved(Refusal):
    """Whoever had a hand in the matter is no witness of its notice (domain 4)."""

    says = "You had a hand in what this person is to be told; a colleague must tell it."


class OwnNotices(Refusal):
    """Nobody is their own counter."""

    says = "These notices are your own; open your inbox to read them."


class TooManyNotices(Refusal):
    """One request has its limit."""

    says = "Name between 1 and {most} notices."
    most: int
    path = ("notices",)


# Decisions


def decide_reached(opened_on: date | None, today: date) -> bool:
    """Whether a notice reaches an inbox that was last opened on a day."""
    return opened_on is not None and today <= anniversary(opened_on, INBOX_YEARS)


def decide_answer_by(code: NoticeCode, now: datetime, policy: Policy) -> date | None:
    """The last day for an answer to a notice that arrives now; None where none is asked for.

    The day of arrival is not counted and the last one is whole, as the Civil Code counts days
    (Art. 201 to 203). Hours are counted from the arrival.
    """
    days, hours = ANSWER_DAYS.get(code), ANSWER_HOURS.get(code)
    if hours is not None:
        return day_of(now + timedelta(hours=hours(policy)))
    return day_of(now) + timedelta(days=days(policy)) if days else None


def decide_tellable(notices: "Sequence[Notice]", teller: str) -> "list[Notice]":
    """The notices that somebody may tell in person.

    Refuses: NothingToTell, TellerInvolved when they had a hand in every one.
    """
    if not notices:
        raise NothingToTell
    free = [notice for notice in notices if teller not in notice.hands]
    if not free:
        raise TellerInvolved
    return free


# Tables


class Pending(msgspec.Struct, frozen=True):
    """A notice that has not arrived, and what it is about."""

    notice: str
    about: str


@table("inbox", vault=True)
class Inbox(Row, frozen=True):
    """The last day a person opened their inbox, and what has not arrived in it."""

    person: str
    opened_on: date | None = None
    pending: tuple[Pending, ...] = ()


@table("notice", vault=True, index=[("person", "id"), ("person", "read_at")])
class Notice(Row, frozen=True):
    """One notice; `hands` had a hand in what it is about, and so cannot witness its arrival."""

    id: str
    person: str
    code: NoticeCode
    about: str
    sent_at: datetime
    hands: tuple[str, ...] = ()
    arrived_on: date | None = None
    way: Arrival | None = None
    answer_by: date | None = None
    read_at: datetime | None = None


# What other capabilities ask

TELLING: list[Callable[[Batch, Notice], None]] = []
"""Who hears of every notice that is sent, to tell its person by another way; no arrival of it."""


def notify(
    batch: Batch, person: PersonId, code: NoticeCode, about: str, *, hands: Sequence[str | None]
) -> None:
    """Put a notice into a person's inbox; it arrives at once where the inbox is read.

    Args: about, the id of what it is about; hands, whoever had a hand in that.
    """
    # Asked for together: whoever is told of it needs what the person wants.
    batch.ask((Inbox, person), (Delivery, person))
    inbox = _inbox(batch, person)
    notice = Notice(
        id=new("ntc"),
        person=person,
        code=code,
        about=about,
        sent_at=batch.now,
        hands=tuple(dict.fromkeys(hand for hand in hands if hand is not None)),
    )
    batch.put(notice)
    for tell in TELLING:
        tell(batch, notice)
    if code in PRIVATE:
        return  # read where it lies: nothing waits for it, and no counter has it to tell
    if decide_reached(inbox.opened_on, batch.today):
        _arrive(batch, notice, Arrival.INBOX, opened=inbox.opened_on)
    else:
        waiting = Pending(notice.id, about)
        batch.put(replace(inbox, pending=(*inbox.pending, waiting)))


def settle(batch: Batch, person: PersonId, about: str) -> None:
    """Let go of notices about what the person has answered: they need not arrive any more."""
    inbox = _inbox(batch, person)
    left = tuple(one for one in inbox.pending if one.about != about)
    if left != inbox.pending:
        batch.put(replace(inbox, pending=left))


def _inbox(batch: Batch, person: PersonId) -> Inbox:
    return batch.get(Inbox, person) or Inbox(person=person)


def _arrive(batch: Batch, notice: Notice, way: Arrival, *, opened: date | None = None) -> None:
    answer_by = decide_answer_by(notice.code, batch.now, batch.policy)
    hours = ANSWER_HOURS.get(notice.code)
    batch.put(replace(notice, arrived_on=batch.today, way=way, answer_by=answer_by))
    if answer_by is not None:
        batch.record(
            NoticeArrived(
                notice=notice.id,
                person=notice.person,
                code=notice.code,
                about=notice.about,
                way=way,
                day=batch.today,
                answer_by=answer_by,
                opened=opened,
                hours=hours(batch.policy) if hours else None,
            )
        )


def _arrive_all(batch: Batch, notices: Sequence[Notice], way: Arrival) -> None:
    opened = batch.today if way is Arrival.INBOX else None
    for notice in notices:
        # Attempted one by one only so that all the rows they lack are loaded together.
        batch.attempt(partial(_arrive, batch, notice, way, opened=opened))


# Commands


class Arrived(Answer, frozen=True, kw_only=True):
    """Whose notices arrived, and which."""

    person: PersonId
    notices: tuple[str, ...] = ()


async def open_inbox(actor: Actor) -> Arrived:
    """Record that somebody opened their own inbox, once a day: what waited there arrives.

    At most 500 notices arrive at one opening, the others at the next.
    """
    person = permit_self(actor, closed_too=True)
    seen = await find(Inbox, person)
    if seen and not seen.pending and seen.opened_on == day_of(current().clock.now()):
        return Arrived(person=person)

    def work(batch: Batch) -> Arrived:
        inbox = _inbox(batch, person)
        here, later = inbox.pending[:MOST_AT_ONCE], inbox.pending[MOST_AT_ONCE:]
        batch.put(replace(inbox, opened_on=batch.today, pending=later))
        _arrive_all(batch, [batch.there(Notice, one.notice) for one in here], Arrival.INBOX)
        entry = batch.entries[0].seq if batch.entries else None
        return Arrived(entry=entry, person=person, notices=tuple(one.notice for one in here))

    return await write(actor, None, work, answer=Arrived, needs=_needs(person, seen))


async def tell_in_person(actor: Actor, *, person: PersonId, key: RequestKey) -> Arrived:
    """Tell somebody at the counter what waits in an inbox they do not open; both are recorded.

    At most 500 notices; nobody tells of what they had a hand in.
    Refuses: NotFound, OwnNotices, NothingToTell, TellerInvolved.   Source: domain 4.
    """
    seen = await find(Inbox, person)

    def work(batch: Batch) -> Arrived:
        person_in_scope(batch, Action.TELL_IN_PERSON, person)
        if actor.person == person:
            raise OwnNotices
        inbox = _inbox(batch, person)
        here = [batch.there(Notice, one.notice) for one in inbox.pending[:MOST_AT_ONCE]]
        told = decide_tellable(here, actor.id)
        ids = {notice.id for notice in told}
        left = tuple(one for one in inbox.pending if one.notice not in ids)
        batch.put(replace(inbox, pending=left))
        _arrive_all(batch, told, Arrival.COUNTER)
        entry = batch.entries[0].seq if batch.entries else None
        return Arrived(entry=entry, person=person, notices=tuple(notice.id for notice in told))

    needs: list[Place] = [*_needs(person, seen), (Person, person)]
    return await write(actor, key, work, answer=Arrived, needs=needs)


def _needs(person: PersonId, seen: Inbox | None) -> list[Place]:
    pending = seen.pending[:MOST_AT_ONCE] if seen else ()
    return [(Inbox, person), *((Notice, one.notice) for one in pending)]


async def mark_read(actor: Actor, *, notices: Sequence[str], key: RequestKey) -> Arrived:
    """Mark notices of one's own as read. Refuses: TooManyNotices, NotFound."""
    person = permit_self(actor, closed_too=True)
    if not 0 < len(notices) <= MOST_AT_ONCE:
        raise TooManyNotices(most=MOST_AT_ONCE)

    def work(batch: Batch) -> Arrived:
        for id in notices:
            held = batch.need(Notice, id, "notice")
            if held.person != person:
                raise NotFound(what="notice")
            if held.read_at is None:
                batch.put(replace(held, read_at=batch.now))
        return Arrived(person=person, notices=tuple(notices))

    needs: list[Place] = [(Notice, id) for id in notices]
    return await write(actor, key, work, answer=Arrived, needs=needs)


# Reads


async def inbox_of(
    actor: Actor,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 20,
    backward: bool = False,
) -> list[Notice]:
    """The actor's own notices, newest first, between two ids. Reading them opens the inbox."""
    if actor.person is None:
        return []
    # Whoever cannot be heard may still read: the opening is recorded at the next reading.
    with contextlib.suppress(Denial):
        await open_inbox(actor)
    return await _page(Q(person__in=actor.selves), after, before, limit, backward=backward)


async def notices_to_tell(
    actor: Actor,
    person: PersonId,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 20,
    backward: bool = False,
) -> list[Notice]:
    """What has not reached a person, newest first: for the counter that may tell it."""
    if person not in await _tellable_people(actor, [person]):
        return []
    inbox = await find(Inbox, person)
    # What was answered meanwhile need not arrive any more: it is not told either.
    pending = [one.notice for one in inbox.pending[:MOST_AT_ONCE]] if inbox else []
    return await _page(Q(id__in=pending), after, before, limit, backward=backward)


async def _page(
    which: Q, after: str | None, before: str | None, limit: int, *, backward: bool
) -> list[Notice]:
    bounds = [Q(id__lt=after)] if after else []
    bounds += [Q(id__gt=before)] if before else []
    order = ["id" if backward else "-id"]
    return await select(Notice, which, *bounds, order=order, limit=limit)


async def unread_notices(actor: Actor) -> int:
    """How many notices of the actor's own are not marked as read; asking opens nothing."""
    return await count(Notice, person=actor.person or "", read_at__isnull=True)


async def visible_notices(actor: Actor, ids: Sequence[str]) -> dict[str, Notice]:
    """Notices by id: the actor's own, and those the actor may tell at the counter."""
    found = {held.id: held for held in (await find_many(Notice, ids)).values()}
    others = {held.person for held in found.values()} - {actor.person}
    told = await _tellable_people(actor, sorted(others))
    return {
        id: held
        for id, held in found.items()
        if held.person == actor.person or (held.person in told and held.code not in PRIVATE)
    }


async def _tellable_people(actor: Actor, ids: list[PersonId]) -> set[PersonId]:
    own, today = await grants_of(actor), day_of(current().clock.now())
    if own is None or not ids:
        return set()
    return {
        held.id
        for held in (await people_by_id(ids)).values()
        if held.id != actor.person and own.may(Action.TELL_IN_PERSON, held.home_path, today)
    }

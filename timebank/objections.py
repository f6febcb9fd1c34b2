"""Objections: what the volunteer or the person served says against a record that counts (domain 4).

Raised within days of the posting; the district has working days to answer and to decide; who is
concerned may ask for one review. Minutes count meanwhile. Keeps codes on the ledger and words
beside it. Refuses to know how the district decides: that is `rulings`.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, may, may_read, reach
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.confirmations import record_needs
from timebank.events import Event
from timebank.hours import Record
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.notices import NoticeCode, notify
from timebank.objection_life import (
    Grounds,
    ObjectionAnswered,
    ObjectionDismissed,
    ObjectionRaised,
    ObjectionReason,
    ObjectionState,
    ObjectionUpheld,
    ReviewAsked,
    ReviewDismissed,
    ReviewUpheld,
)
from timebank.projections import Place, Rows, projects
from timebank.proxies import acting_for, may_act_for, registered_proxy
from timebank.record_life import LIFECYCLE as RECORD_LIFE
from timebank.record_life import (
    HoursRepudiated,
    HoursRestored,
    HoursRestoredSilent,
    RecordState,
)
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.tables import Row, Where, find, find_many, newest_by_id, page_by_id, table
from timebank.texts import LONGEST, keep_text
from timebank.working_days import working_days_later

# Refusals


class NotConcerned(Refusal):
    """Only who served or was served objects."""

    says = "Only the volunteer of this record or the person served can object to it."
    record: str


class ObjectionTooLate(Refusal):
    """An objection has its days."""

    says = "An objection or a review could be asked for until the end of {until}."
    until: date


class ObjectedBefore(Refusal):
    """One objection a person and record: what follows it is the review."""

    says = "You have objected to this record already; ask for the review of that objection."
    record: str


# Lifecycle

LIFECYCLE: Lifecycle[ObjectionState] = {
    ObjectionState.RAISED: {
        ObjectionAnswered: ObjectionState.ANSWERED,
        ObjectionUpheld: ObjectionState.UPHELD,
        ObjectionDismissed: ObjectionState.DISMISSED,
        HoursRepudiated: ObjectionState.ENDED,
    },
    ObjectionState.ANSWERED: {
        ObjectionUpheld: ObjectionState.UPHELD,
        ObjectionDismissed: ObjectionState.DISMISSED,
        HoursRepudiated: ObjectionState.ENDED,
    },
    ObjectionState.UPHELD: {ReviewAsked: ObjectionState.IN_REVIEW},
    ObjectionState.DISMISSED: {ReviewAsked: ObjectionState.IN_REVIEW},
    ObjectionState.IN_REVIEW: {
        ReviewUpheld: ObjectionState.UPHELD_FINALLY,
        ReviewDismissed: ObjectionState.DISMISSED_FINALLY,
        HoursRepudiated: ObjectionState.ENDED,
    },
    ObjectionState.UPHELD_FINALLY: {},
    ObjectionState.DISMISSED_FINALLY: {},
    ObjectionState.ENDED: {},
}

Decision = ObjectionUpheld | ObjectionDismissed | ReviewUpheld | ReviewDismissed
# Tables and projectors


@table(
    "objection",
    index=[("person", "id"), ("volunteer", "id"), ("recipient", "id"), ("decide_by", "id")],
)
class Objection(Row, frozen=True):
    """One objection; `stood` is the record's state it goes back to if the objection is dismissed.

    `answer_by` is None once answered, `decide_by` while nothing is to be decided.
    """

    id: str
    record: str
    volunteer: str
    recipient: str | None
    path: str
    person: str
    reason: ObjectionReason
    state: ObjectionState
    stood: RecordState
    raised_at: datetime
    answer_by: date | None
    decide_by: date | None
    grounds: Grounds | None = None
    decided_by: str | None = None
    decided_on: date | None = None
    corrected: str | None = None


@table("record_objections")
class RecordObjections(Row, frozen=True):
    """Who objected to a record already, and the newest objection."""

    record: str
    people: tuple[str, ...]
    newest: str


@projects(ObjectionRaised)
def _raised(rows: Rows, event: ObjectionRaised, entry: Sealed) -> None:
    record = rows.there(Record, event.record)
    rows.put(
        Objection(
            id=event.objection,
            record=record.id,
            volunteer=record.volunteer,
            recipient=record.recipient,
            path=record.path,
            person=event.person,
            reason=event.reason,
            state=ObjectionState.RAISED,
            stood=record.state,
            raised_at=entry.at,
            answer_by=event.answer_by,
            decide_by=event.decide_by,
        )
    )
    before = rows.get(RecordObjections, record.id)
    people = (*(before.people if before else ()), event.person)
    rows.put(RecordObjections(record=record.id, people=people, newest=event.objection))
    _dispute(rows, record, type(event), event.answer_by)


@projects(ObjectionAnswered)
def _answered(rows: Rows, event: ObjectionAnswered, entry: Sealed) -> None:
    held = _moved(rows, event.objection, type(event), answer_by=None)
    record = rows.there(Record, event.record)
    rows.put(msgspec.structs.replace(record, dispute_by=held.decide_by))


@projects(ObjectionUpheld, ObjectionDismissed, ReviewUpheld, ReviewDismissed)
def _decided(rows: Rows, event: Decision, entry: Sealed) -> None:
    held = rows.there(Objection, event.objection)
    _moved(
        rows,
        held.id,
        type(event),
        answer_by=None,
        decide_by=None,
        grounds=event.grounds,
        decided_by=entry.actor,
        decided_on=day_of(entry.at),
        corrected=event.corrected or held.corrected,
    )


@projects(ReviewAsked)
def _review_asked(rows: Rows, event: ReviewAsked, entry: Sealed) -> None:
    held, record = rows.there(Objection, event.objection), rows.there(Record, event.record)
    stood = held.stood
    if held.state is ObjectionState.DISMISSED:
        stood = record.state
        _dispute(rows, record, type(event), event.decide_by)
    _moved(rows, held.id, type(event), decide_by=event.decide_by, stood=stood)


@projects(HoursRestored, HoursRestoredSilent)
def _restored(rows: Rows, event: HoursRestored | HoursRestoredSilent, entry: Sealed) -> None:
    _dispute(rows, rows.there(Record, event.record), type(event), None)


@projects(HoursRepudiated)
def _disowned(rows: Rows, event: HoursRepudiated, entry: Sealed) -> None:
    before = rows.get(RecordObjections, event.record)
    if before is None:
        return
    held = rows.there(Objection, before.newest)
    if type(event) in LIFECYCLE[held.state]:
        _moved(rows, held.id, type(event), answer_by=None, decide_by=None)


def _dispute(rows: Rows, record: Record, event: type[Event], by: date | None) -> None:
    state = step(RECORD_LIFE, record.state, event)
    rows.put(msgspec.structs.replace(record, state=state, dispute_by=by))


def _moved(rows: Rows, id: str, event: type[Event], **changed: object) -> Objection:
    held = rows.there(Objection, id)
    moved = msgspec.structs.replace(held, state=step(LIFECYCLE, held.state, event), **changed)
    rows.put(moved)
    return moved


# Decisions


def decide_in_time(since: date | None, today: date, days: int) -> None:
    """Whether one may still object `days` days after a posting or decision.

    The day itself is not counted, the last one is whole.   Refuses: ObjectionTooLate.
    """
    until = (since or today) + timedelta(days=days)
    if today > until:
        raise ObjectionTooLate(until=until)


# Commands


class Disputed(Answer, frozen=True, kw_only=True):
    """The objection, and the record that was made instead of the one objected to."""

    objection: str
    corrected: str | None = None


async def raise_objection(
    actor: Actor, *, record: str, reason: ObjectionReason, statement: str, key: RequestKey
) -> Disputed:
    """Object to a record that counts, as who served or was served, or as their proxy.

    Args: statement, the objector's words, at most 2,000 characters.
    Refuses: NotFound, NotConcerned, NotInThisState, ObjectedBefore, ObjectionTooLate, TextMissing,
    TextTooLong.   Source: domain 4.
    """
    if not actor.known:
        raise Unauthenticated
    objection, seen = new("obj"), await find(Record, record)

    def work(batch: Batch) -> Disputed:
        held = batch.need(Record, record, "record")
        person = _concerned(batch, held)
        step(RECORD_LIFE, held.state, ObjectionRaised)
        before = batch.get(RecordObjections, record)
        if before is not None and person in before.people:
            raise ObjectedBefore(record=record)
        days = batch.policy_on(held.posted_on or batch.today).record.object_days
        decide_in_time(held.posted_on, batch.today, days)
        rules = batch.policy.record
        event = ObjectionRaised(
            objection=objection,
            record=record,
            person=person,
            reason=reason,
            statement=keep_text(
                batch, objection, "statement", statement, most=LONGEST, whose=person
            ),
            answer_by=working_days_later(batch.today, rules.answer_working_days),
            decide_by=working_days_later(batch.today, rules.decide_working_days),
        )
        entry = batch.record(event)
        tell(batch, batch.there(Objection, objection), held, NoticeCode.OBJECTION_RAISED)
        return Disputed(entry=entry.seq, objection=objection)

    needs = record_needs(seen) if seen else []
    needs.append((RecordObjections, record))
    return await write(actor, key, work, answer=Disputed, needs=needs)


async def ask_for_review(actor: Actor, *, objection: str, appeal: str, key: RequestKey) -> Disputed:
    """Ask for the one review of a decision, as the objector, who served, or who was served.

    Refuses: NotFound, NotConcerned, NotInThisState, ObjectionTooLate, TextMissing, TextTooLong.
    """
    if not actor.known:
        raise Unauthenticated

    def work(batch: Batch) -> Disputed:
        held = batch.need(Objection, objection, "objection")
        record = batch.there(Record, held.record)
        person = _concerned(batch, record, "objection")
        step(LIFECYCLE, held.state, ReviewAsked)
        if held.state is ObjectionState.DISMISSED:
            step(RECORD_LIFE, record.state, ReviewAsked)
        decided = held.decided_on or batch.today
        decide_in_time(decided, batch.today, batch.policy_on(decided).record.object_days)
        days = batch.policy.record.decide_working_days
        event = ReviewAsked(
            objection=objection,
            record=record.id,
            person=person,
            appeal=keep_text(batch, objection, "appeal", appeal, most=LONGEST, whose=person),
            decide_by=working_days_later(batch.today, days),
        )
        entry = batch.record(event)
        tell(batch, held, record, NoticeCode.REVIEW_ASKED)
        return Disputed(entry=entry.seq, objection=objection)

    return await write(actor, key, work, answer=Disputed, needs=await needs_of(actor, objection))


def _concerned(batch: Batch, record: Record, what: str = "record") -> PersonId:
    """Whose matter it is: the actor's own, or of whom the actor acts for.

    Refuses: NotConcerned, NotFound where the actor cannot even see the record.
    """
    person = batch.actor.person
    parties = [who for who in (record.volunteer, record.recipient) if who is not None]
    if person in parties:
        return person or ""
    for who in parties:
        if person is not None and registered_proxy(batch, who, person):
            acting_for(batch, who)
            return who
    if may(batch, Action.READ_RECORDS, record.path):
        raise NotConcerned(record=record.id)
    raise NotFound(what=what)


def tell(batch: Batch, held: Objection, record: Record, code: NoticeCode) -> None:
    """Tell the objector, who served and who was served, but not whoever acts now."""
    hands = (record.recorder, record.confirmer, record.reviewer, batch.actor.id)
    people = dict.fromkeys((held.person, record.volunteer, record.recipient))
    for person in people:
        if person is not None and person != batch.actor.person:
            notify(batch, person, code, held.id, hands=hands)


async def needs_of(actor: Actor, objection: str) -> list[Place]:
    """The rows that a step on an objection asks for, told in as many reads if there is none."""
    held = await find(Objection, objection)
    record = await find(Record, held.record if held else objection)
    needs = record_needs(record) if record else []
    return [(Objection, objection), *needs]


# Reads


async def visible_objections(actor: Actor, ids: Sequence[str]) -> dict[str, Objection]:
    """Objections by id that concern the actor or whom they act for, or lie in their scope."""
    found = list((await find_many(Objection, ids)).values())
    parties = {held.id: {held.volunteer, held.recipient or held.volunteer} for held in found}
    mine = await may_act_for(actor, {who for people in parties.values() for who in people})
    theirs = await reach(actor, Action.READ_RECORDS)
    return {held.id: held for held in found if parties[held.id] & mine or theirs(held.path)}


async def objections_of(actor: Actor, **where: Unpack[Where]) -> list[Objection]:
    """The actor's own objections and those to service by or to the actor, newest first."""
    own = actor.person or ""
    mine = Q(person=own) | Q(volunteer=own) | Q(recipient=own)
    return await newest_by_id(Objection, where, mine)


async def open_objections(actor: Actor, path: str, **where: Unpack[Where]) -> list[Objection]:
    """What is to be decided below a path, the oldest first. For its staff."""
    if not await may_read(actor, Action.READ_RECORDS, path):
        return []
    waiting = Q(path__startswith=path, decide_by__isnull=False)
    return await page_by_id(Objection, where, waiting)

"""Confirmations: the second key, the second reviewer, the volunteer's acceptance (domain 4).

Nobody turns two keys of one record. Whoever acts on many records at once gets an answer for each,
so that one record that must wait holds up no other.
"""

from collections.abc import Callable, Sequence

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, may, permit
from timebank.accounts import balance, issuance, moving, owed, volunteer
from timebank.activities import HALTED, Activity
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.captures import is_close
from timebank.days import RecorderDay, VolunteerDay, VolunteerMonth, day_key, month_key
from timebank.help_undone import undo_help
from timebank.hours import Record, ServiceTotal
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.minting import Minted, decide_mint
from timebank.notices import Inbox, NoticeCode, notify, settle
from timebank.people import AgeBand, Person
from timebank.pools import Overflow, overflow, wishes_overflow
from timebank.projections import Place
from timebank.proxies import acting_for, registered_proxy
from timebank.record_life import (
    LIFECYCLE,
    Acceptance,
    CaptureMode,
    HoursConfirmed,
    HoursPosted,
    HoursReferred,
    HoursRejected,
    HoursReviewed,
    RecordState,
    RejectReason,
)
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.tables import find_many

MOST_AT_ONCE = 500

# Refusals


class SameHand(Refusal):
    """Each key of a record is another person's (domain 4)."""

    says = "Whoever recorded or confirmed this record cannot do this too; another person must."
    record: str


class OwnHours(Refusal):
    """Nobody approves their own hours (domain 11)."""

    says = "This record is about your own service; another person must decide."
    record: str


class BatchHeld(Refusal):
    """A record of the same hand and day was disowned, or voided as that hand's misconduct."""

    says = (
        "This waits for the district: another record by the same recorder was disowned or voided."
    )
    record: str


class OrderDecides(Refusal):
    """Help by an order is confirmed by whoever was served, with the order (domain 6)."""

    says = "This record is of an order for help; it is confirmed with the order."
    record: str


class ActivityHalted(Refusal):
    """The district stopped the activity."""

    says = "The district stopped this activity, which is {state}; its records wait."
    activity: str
    state: str


class MinutesWrong(Refusal):
    """At most what was checked can be confirmed."""

    says = "Between 1 and {most} minutes can be confirmed."
    most: int
    path = ("minutes",)


class TooManyRecords(Refusal):
    """One request has its limit."""

    says = "Name between 1 and {most} records."
    most: int
    path = ("records",)


# Decisions


def decide_hand(record: Record, actor: str, *, reviewing: bool = False) -> None:
    """Whether `actor` may turn a staff key of the record. Refuses: OwnHours, SameHand."""
    if actor == record.volunteer:
        raise OwnHours(record=record.id)
    if actor == record.recorder or (reviewing and actor == record.confirmer):
        raise SameHand(record=record.id)


def decide_confirm(record: Record, minutes: int | None) -> HoursConfirmed | HoursReferred:
    """Confirm all or some of the checked minutes, or refer them to a second reviewer.

    Refuses: NotInThisState, MinutesWrong.
    """
    event = HoursReferred if record.review else HoursConfirmed
    step(LIFECYCLE, record.state, event)
    confirmed = record.checked_minutes if minutes is None else minutes
    if not 0 < confirmed <= record.checked_minutes:
        raise MinutesWrong(most=record.checked_minutes)
    return event(record=record.id, minutes=confirmed)


def decide_desk(record: Record) -> None:
    """Whether a desk turns the record's second key. Refuses: OrderDecides."""
    if record.mode is CaptureMode.HELP_ORDER and record.state is RecordState.CAPTURED:
        raise OrderDecides(record=record.id)


# What a step on one record is given


def visible(batch: Batch, id: str) -> Record:
    """The record, if it concerns the actor or lies in the actor's scope. Refuses: NotFound."""
    record = batch.need(Record, id, "record")
    if may(batch, Action.READ_RECORDS, record.path) or is_mine(batch, record):
        return record
    raise NotFound(what="record")


def is_mine(batch: Batch, record: Record) -> bool:
    """Whether the record is the actor's own, or that of somebody the actor acts for."""
    person, whose = batch.actor.person, record.volunteer
    return person is not None and (person == whose or registered_proxy(batch, whose, person))


def proxy_of(batch: Batch, record: Record) -> PersonId | None:
    """Who acts on one's own record for its volunteer; None for the volunteer's own act.

    Nobody acts for a volunteer on a record of which they turned another key.
    Refuses: SameHand, PersonNotActive.
    """
    if record.volunteer == batch.actor.person:
        return None
    no_other_key(batch, record)
    return acting_for(batch, record.volunteer)


def no_other_key(batch: Batch, record: Record) -> None:
    """Let a hand turn a key only if it turned no other of this record. Refuses: SameHand."""
    if batch.actor.id in (record.recorder, record.confirmer, record.reviewer):
        raise SameHand(record=record.id)


def not_held(batch: Batch, record: Record) -> None:
    """Let a record go on unless batch or activity is held. Refuses: BatchHeld, ActivityHalted."""
    held = batch.there(RecorderDay, record.batch)
    if held.held_by is not None:
        raise BatchHeld(record=held.held_by)
    activity = batch.there(Activity, record.activity) if record.activity else None
    if activity is not None and activity.state in HALTED:
        raise ActivityHalted(activity=activity.id, state=activity.state.value)


def post(batch: Batch, record: Record, way: Acceptance, *, proxy: PersonId | None = None) -> Sealed:
    """Post a confirmed record: its minutes count, and what is eligible is minted."""
    step(LIFECYCLE, record.state, HoursPosted)
    settle(batch, record.volunteer, record.id)
    minted = _mint(batch, record)
    entry = batch.record(
        HoursPosted(
            record=record.id,
            volunteer=record.volunteer,
            station=record.station,
            minutes=record.minutes,
            way=way,
            credited=minted.credited,
            repaid=minted.repaid,
            proxy=proxy,
            after_silence=record.state is RecordState.POSTED_SILENT,
        )
    )
    if minted.overflow:
        overflow(batch, record.volunteer, minted.overflow, record.id)
    return entry


def _mint(batch: Batch, record: Record) -> Minted:
    age, rules = batch.get(AgeBand, record.volunteer), batch.policy_on(record.day).credit
    young = age is None or record.day < age.turns(rules.credit_age)
    # Kin may be registered after the record was made: it is no service to be paid for either.
    close = record.recipient and is_close(batch, record.volunteer, record.recipient)
    if record.mode is not CaptureMode.CHECK_IN or young or close:
        return Minted()
    day = batch.get(VolunteerDay, day_key(record.volunteer, record.day))
    month = batch.get(VolunteerMonth, month_key(record.volunteer, record.day))
    return decide_mint(
        record.minutes,
        today=day.credited if day else 0,
        month=month.credited if month else 0,
        balance=balance(batch, volunteer(record.volunteer)),
        debt=-balance(batch, owed(record.volunteer)),
        rules=rules,
        to_pool=wishes_overflow(batch, record.volunteer),
    )


def ask_volunteer(batch: Batch, id: str) -> Sealed | None:
    """Post a record that its volunteer checked out of, if all its minutes were confirmed.

    Any other is the volunteer's to accept, who is told so.
    """
    record = batch.there(Record, id)
    if record.own and record.minutes == record.checked_minutes:
        return post(batch, record, Acceptance.BEFOREHAND)
    tell(batch, record, NoticeCode.HOURS_TO_ACCEPT)
    return None


def tell(batch: Batch, record: Record, code: NoticeCode) -> None:
    """Send the record's volunteer a notice; nobody who turned a key of it may witness it."""
    hands = (record.recorder, record.confirmer, record.reviewer, batch.actor.id)
    notify(batch, record.volunteer, code, record.id, hands=hands)


# Commands


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one record: the entry, or the refusal's code and its values."""

    record: str
    entry: int | None = None
    code: str | None = None
    details: dict[str, str] = {}


class Turned(Answer, frozen=True, kw_only=True):
    """What became of each record, in the order they were named."""

    outcomes: tuple[Outcome, ...]


async def confirm_hours(
    actor: Actor, *, records: Sequence[str], key: RequestKey, minutes: int | None = None
) -> Turned:
    """Confirm captured records, as another hand than their recorder's.

    Args: records, 1 to 500; minutes, for one record, if fewer than checked are confirmed.
    Refuses for each: NotFound, NotInThisState, SameHand, OwnHours, MinutesWrong, OrderDecides,
    and what `not_held` refuses.
    A visit that the volunteer checked out of is posted with it, if all its minutes are confirmed.
    """
    if minutes is not None and len(records) != 1:
        raise TooManyRecords(most=1)

    def one(batch: Batch, id: str) -> Sealed:
        record = visible(batch, id)
        permit(batch, Action.CONFIRM_HOURS, record.path)
        decide_desk(record)
        decide_hand(record, actor.id)
        not_held(batch, record)
        entry = batch.record(event := decide_confirm(record, minutes))
        undo_help(batch, record, kept=event.minutes)
        asked = None if isinstance(event, HoursReferred) else ask_volunteer(batch, id)
        return asked or entry

    return await turn(actor, records, key, one)


async def review_hours(actor: Actor, *, records: Sequence[str], key: RequestKey) -> Turned:
    """Agree with records that a rule sent to a second reviewer, as a third person.

    Refuses for each: NotFound, NotInThisState, SameHand, OwnHours, and what `not_held` refuses.
    """

    def one(batch: Batch, id: str) -> Sealed:
        record = visible(batch, id)
        permit(batch, Action.REVIEW_HOURS, record.path)
        decide_hand(record, actor.id, reviewing=True)
        not_held(batch, record)
        step(LIFECYCLE, record.state, HoursReviewed)
        entry = batch.record(HoursReviewed(record=id))
        return ask_volunteer(batch, id) or entry

    return await turn(actor, records, key, one)


async def reject_hours(
    actor: Actor, *, records: Sequence[str], reason: RejectReason, key: RequestKey
) -> Turned:
    """Reject captured records, or those to be reviewed, by a reason code; paid help goes back.

    Refuses for each: NotFound, NotInThisState, SameHand, OwnHours, OrderDecides.
    """

    def one(batch: Batch, id: str) -> Sealed:
        record = visible(batch, id)
        action = Action.REVIEW_HOURS if record.confirmer else Action.CONFIRM_HOURS
        permit(batch, action, record.path)
        step(LIFECYCLE, record.state, HoursRejected)
        decide_desk(record)
        decide_hand(record, actor.id, reviewing=True)
        tell(batch, record, NoticeCode.HOURS_REJECTED)
        entry = batch.record(HoursRejected(record=id, reason=reason))
        undo_help(batch, record)
        return entry

    return await turn(actor, records, key, one)


async def accept_hours(actor: Actor, *, records: Sequence[str], key: RequestKey) -> Turned:
    """Accept confirmed records as one's own: they are posted, and eligible minutes are minted.

    By the volunteer, or by a proxy or staff at the counter who turned no other key of the record.
    Refuses for each: NotFound, NotInThisState, SameHand, PersonNotActive, and what `not_held`
    refuses.   Source: domain 4 and 6.
    """
    return await turn(actor, records, key, accept_one)


def accept_one(batch: Batch, id: str) -> Sealed:
    """Accept one record; see `accept_hours`."""
    record = visible(batch, id)
    if is_mine(batch, record):
        proxy = proxy_of(batch, record)
        not_held(batch, record)
        return post(batch, record, Acceptance.PROXY if proxy else Acceptance.SELF, proxy=proxy)
    permit(batch, Action.ACCEPT_AT_COUNTER, record.path)
    no_other_key(batch, record)
    not_held(batch, record)
    return post(batch, record, Acceptance.COUNTER)


async def turn(
    actor: Actor, records: Sequence[str], key: RequestKey, one: Callable[[Batch, str], Sealed]
) -> Turned:
    """Run a step on each record; a single record's refusal is raised, many are answered each.

    Refuses: TooManyRecords.
    """
    if not actor.known:
        raise Unauthenticated
    if not 0 < len(records) <= MOST_AT_ONCE:
        raise TooManyRecords(most=MOST_AT_ONCE)

    def work(batch: Batch) -> Turned:
        return turned(batch, records, one)

    found = await find_many(Record, records)
    needs = [place for record in found.values() for place in record_needs(record)]
    return await write(actor, key, work, answer=Turned, needs=needs)


def turned(batch: Batch, records: Sequence[str], one: Callable[[Batch, str], Sealed]) -> Turned:
    """Run a step on each record within one work; the refusal of the only one is raised."""
    if len(records) == 1:
        entry = one(batch, records[0])
        return Turned(entry=entry.seq, outcomes=(Outcome(record=records[0], entry=entry.seq),))
    outcomes = tuple(_outcome(batch, id, one) for id in records)
    first = next((outcome.entry for outcome in outcomes if outcome.entry is not None), None)
    return Turned(entry=first, outcomes=outcomes)


def _outcome(batch: Batch, id: str, one: Callable[[Batch, str], Sealed]) -> Outcome:
    told = batch.attempt(lambda: one(batch, id))
    if isinstance(told, Refusal):
        return Outcome(record=id, code=told.code, details=told.details)
    return Outcome(record=id, entry=told.seq if told else None)


def record_needs(record: Record) -> list[Place]:
    who: PersonId = record.volunteer
    return [
        (Record, record.id),
        (Person, who),
        (AgeBand, who),
        (ServiceTotal, who),
        (Inbox, who),
        (RecorderDay, record.batch),
        *([(Activity, record.activity)] if record.activity else []),
        (VolunteerDay, day_key(who, record.day)),
        (VolunteerMonth, month_key(who, record.day)),
        (Overflow, who),
        *moving(volunteer(who), owed(who), issuance(record.station)),
    ]

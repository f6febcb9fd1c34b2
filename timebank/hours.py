"""Hours: the records of service, and what they add up to (domain 4).

Knows every record, each volunteer's days, months and lifetime total, and each recorder's batch of a
day; `record_life` knows what can happen to a record, `captures` and `rosters` bring records in,
`confirmations` and `reversals` turn the keys.
"""

from collections.abc import Sequence
from datetime import date, datetime

from msgspec.structs import replace
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, may_read, reach
from timebank.activities import ActivityKind
from timebank.actors import Actor, PersonId
from timebank.clock import CITY, day_of
from timebank.days import (
    Interval,
    RecorderDay,
    ReviewReason,
    VolunteerDay,
    VolunteerMonth,
    day_key,
    days_served,
    month_key,
    street_of,
)
from timebank.events import Event
from timebank.lifecycles import step
from timebank.notices import NoticeArrived, NoticeCode
from timebank.projections import Rows, projects
from timebank.proxies import may_act_for, principal_of
from timebank.record_life import (
    COUNTED,
    LIFECYCLE,
    SERVICE,
    BatchReleased,
    CaptureMode,
    Evidence,
    HoursCaptured,
    HoursConfirmed,
    HoursPosted,
    HoursPostedSilent,
    HoursReferred,
    HoursRejected,
    HoursRepudiated,
    HoursReversed,
    HoursReviewed,
    LateReason,
    RecordState,
)
from timebank.statistics import count_service
from timebank.tables import Row, find, find_many, select, table

SERVED = Q(state__in=sorted(COUNTED), mode__in=sorted(SERVICE))
"""The records whose minutes are service, for whoever adds them up: there is one definition."""

# Tables and projectors


@table(
    "record",
    index=[
        ("volunteer", "id"),
        ("state", "id"),
        ("answer_by", "id"),
        ("activity",),
        ("batch",),
        ("recipient", "id"),
    ],
)
class Record(Row, frozen=True):
    """One record of service; `path` is its station's or team's, `batch` its recorder's day.

    `checked_minutes` is the interval's length, `minutes` what was confirmed of it; `answer_by` is
    the last day for the volunteer's answer, while one is awaited and a notice of it arrived;
    `dispute_by` the district's last day, while an objection is open.
    """

    id: str
    volunteer: str
    station: str
    path: str
    activity: str | None
    day: date
    starts: datetime
    ends: datetime
    checked_minutes: int
    minutes: int
    kind: ActivityKind
    mode: CaptureMode
    own: bool
    state: RecordState
    batch: str
    recorder: str
    captured_at: datetime
    review: tuple[ReviewReason, ...]
    late: LateReason | None = None
    confirmer: str | None = None
    reviewer: str | None = None
    credited: int = 0
    repaid: int = 0
    posted_seq: int | None = None
    posted_leaf: bytes | None = None
    answer_by: date | None = None
    recipient: str | None = None
    emergencies: tuple[str, ...] = ()
    evidence: Evidence | None = None
    posted_on: date | None = None
    dispute_by: date | None = None


@table("captured_once")
class CapturedOnce(Row, frozen=True):
    """Which record a roster's row or a visit became: neither comes in twice."""

    id: str
    record: str


@table("service_total")
class ServiceTotal(Row, frozen=True):
    """A volunteer's lifetime service in minutes, and those minted for it or paid by orders."""

    volunteer: str
    minutes: int
    credited: int


@projects(HoursCaptured)
def _captured(rows: Rows, event: HoursCaptured, entry: Sealed) -> None:
    local = entry.at.astimezone(CITY)
    batch = day_key(entry.actor, local.date())
    made = Record(
        id=event.record,
        volunteer=event.volunteer,
        station=event.station,
        path=event.path,
        activity=event.activity,
        day=day_of(event.starts),
        starts=event.starts,
        ends=event.ends,
        checked_minutes=event.minutes,
        minutes=event.minutes,
        kind=event.kind_of_service,
        mode=event.mode,
        own=event.own,
        state=RecordState.CAPTURED,
        batch=batch,
        recorder=entry.actor,
        captured_at=entry.at,
        review=event.review,
        late=event.late,
        recipient=event.recipient,
        emergencies=event.emergencies,
        evidence=event.evidence,
    )
    rows.add(made)
    if event.once is not None:
        rows.put(CapturedOnce(id=event.once, record=event.record))
    fill_day(rows, made)
    _count_recorder(rows, event, entry.actor, batch, local.hour)


def fill_day(rows: Rows, record: Record) -> None:
    """Let a record take its time of its volunteer's days."""
    made = Interval(
        record=record.id, street=street_of(record.path), starts=record.starts, ends=record.ends
    )
    for day in days_served(record.starts, record.ends):
        id = day_key(record.volunteer, day)
        held = rows.get(VolunteerDay, id)
        rows.put(
            VolunteerDay(
                id=id,
                intervals=(*(held.intervals if held else ()), made),
                credited=held.credited if held else 0,
            )
        )


def _count_recorder(rows: Rows, event: HoursCaptured, recorder: str, batch: str, hour: int) -> None:
    held = rows.get(RecorderDay, batch)
    people = held.people if held and held.hour == hour else ()
    # Whoever is one too many is not among them: dozens of names need not be compared to know it.
    if ReviewReason.RECORDER_PEOPLE not in event.review and event.volunteer not in people:
        people = (*people, event.volunteer)
    rows.put(
        RecorderDay(
            id=batch,
            recorder=recorder,
            minutes=(held.minutes if held else 0) + event.minutes,
            hour=hour,
            people=people,
            held_by=held.held_by if held else None,
            held_path=held.held_path if held else None,
            against=held.against if held else 0,
        )
    )


@projects(HoursConfirmed, HoursReferred)
def _confirmed(rows: Rows, event: HoursConfirmed | HoursReferred, entry: Sealed) -> None:
    record = rows.there(Record, event.record)
    state = step(LIFECYCLE, record.state, type(event))
    rows.put(replace(record, state=state, minutes=event.minutes, confirmer=entry.actor))


@projects(HoursReviewed)
def _reviewed(rows: Rows, event: HoursReviewed, entry: Sealed) -> None:
    record = rows.there(Record, event.record)
    state = step(LIFECYCLE, record.state, HoursReviewed)
    rows.put(replace(record, state=state, reviewer=entry.actor))


@projects(HoursRejected)
def _rejected(rows: Rows, event: HoursRejected, entry: Sealed) -> None:
    record = rows.there(Record, event.record)
    rows.put(replace(record, state=step(LIFECYCLE, record.state, HoursRejected)))
    _clear_day(rows, record)


@projects(HoursPosted)
def _posted(rows: Rows, event: HoursPosted, entry: Sealed) -> None:
    record = rows.there(Record, event.record)
    rows.put(
        replace(
            record,
            state=step(LIFECYCLE, record.state, HoursPosted),
            credited=event.credited,
            repaid=event.repaid,
            posted_seq=entry.seq,
            posted_leaf=entry.leaf,
            posted_on=day_of(entry.at),
            answer_by=None,
        )
    )
    count(rows, record, 0 if event.after_silence else event.minutes, event.credited)


@projects(NoticeArrived)
def _notice_arrived(rows: Rows, event: NoticeArrived, entry: Sealed) -> None:
    if event.code is not NoticeCode.HOURS_TO_ACCEPT:
        return
    record = rows.there(Record, event.about)
    if record.state is RecordState.CONFIRMED:
        rows.put(replace(record, answer_by=event.answer_by))


@projects(HoursPostedSilent)
def _posted_silent(rows: Rows, event: HoursPostedSilent, entry: Sealed) -> None:
    record = rows.there(Record, event.record)
    state = step(LIFECYCLE, record.state, HoursPostedSilent)
    rows.put(
        replace(
            record,
            state=state,
            posted_seq=entry.seq,
            posted_leaf=entry.leaf,
            posted_on=day_of(entry.at),
            answer_by=None,
        )
    )
    count(rows, record, event.minutes, 0)


@projects(HoursRepudiated)
def _repudiated(rows: Rows, event: HoursRepudiated, entry: Sealed) -> None:
    record = rows.there(Record, event.record)
    rows.put(rows.there(RecorderDay, event.batch).held_for(record.id, record.path))
    undo(rows, record, HoursRepudiated)


@projects(HoursReversed)
def _reversed(rows: Rows, event: HoursReversed, entry: Sealed) -> None:
    undo(rows, rows.there(Record, event.record), HoursReversed)


@projects(BatchReleased)
def _released(rows: Rows, event: BatchReleased, entry: Sealed) -> None:
    rows.put(replace(rows.there(RecorderDay, event.batch), held_by=None, held_path=None))


def undo(rows: Rows, record: Record, event: type[Event]) -> None:
    """Take a record out of days and totals, wherever it counted."""
    state = step(LIFECYCLE, record.state, event)
    rows.put(replace(record, state=state, answer_by=None, dispute_by=None))
    _clear_day(rows, record)
    if record.state in COUNTED:
        count(rows, record, -record.minutes, -record.credited)


def _clear_day(rows: Rows, record: Record) -> None:
    for day in days_served(record.starts, record.ends):
        held = rows.there(VolunteerDay, day_key(record.volunteer, day))
        left = tuple(one for one in held.intervals if one.record != record.id)
        rows.put(replace(held, intervals=left))


def count(rows: Rows, record: Record, minutes: int, credited: int) -> None:
    """Add to a volunteer's lifetime, and to the day and the month, minutes of a record."""
    none, served = ServiceTotal(record.volunteer, 0, 0), minutes * record.mode.counts
    held = rows.get(ServiceTotal, record.volunteer) or none
    rows.put(replace(held, minutes=held.minutes + served, credited=held.credited + credited))
    if served:
        count_service(rows, record.path, record.day, record.kind, served)
    if credited:
        day = rows.there(VolunteerDay, day_key(record.volunteer, record.day))
        rows.put(replace(day, credited=day.credited + credited))
        id = month_key(record.volunteer, record.day)
        month = rows.get(VolunteerMonth, id)
        rows.put(VolunteerMonth(id=id, credited=(month.credited if month else 0) + credited))


# Reads


async def record(id: str) -> Record | None:
    """A record by its id, whoever may see it."""
    return await find(Record, id)


async def visible_records(actor: Actor, ids: Sequence[str]) -> dict[str, Record]:
    """Records by id: of service by or to the actor or whom they act for, or in their scope."""
    theirs = await reach(actor, Action.READ_RECORDS)
    found = list((await find_many(Record, ids)).values())
    concerned = {who for held in found for who in (held.volunteer, held.recipient) if who}
    mine = await may_act_for(actor, concerned)
    return {
        held.id: held
        for held in found
        if held.volunteer in mine or held.recipient in mine or theirs(held.path)
    }


async def records_for(
    actor: Actor,
    number: str | None = None,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 20,
    backward: bool = False,
) -> list[Record]:
    """The actor's own records, or of whom they act for, by volunteer number; see `records_of`."""
    whose = await principal_of(actor, number)
    if whose is None:
        return []
    return await records_of(whose, after=after, before=before, limit=limit, backward=backward)


async def records_of(
    volunteer: PersonId,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 20,
    backward: bool = False,
) -> list[Record]:
    """A volunteer's records, newest first, by id; oldest first if `backward`."""
    return await _page(Q(volunteer=volunteer), after, before, limit, newest_first=not backward)


TO_CONFIRM = Q(state=RecordState.CAPTURED.value) & ~Q(mode=CaptureMode.HELP_ORDER.value)
"""What waits for a desk; the record of an order for help waits for whoever was helped."""


async def records_at(
    actor: Actor,
    path: str,
    state: RecordState,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 20,
    backward: bool = False,
) -> list[Record]:
    """Records below a path in a state, oldest first: what waits for a key there. For its staff."""
    if not await may_read(actor, Action.READ_RECORDS, path):
        return []
    which = TO_CONFIRM if state is RecordState.CAPTURED else Q(state=state.value)
    below = Q(path__startswith=path) & which
    return await _page(below, before, after, limit, newest_first=backward)


async def _page(
    which: Q, older_than: str | None, newer_than: str | None, limit: int, *, newest_first: bool
) -> list[Record]:
    bounds = [Q(id__lt=older_than)] if older_than else []
    bounds += [Q(id__gt=newer_than)] if newer_than else []
    order = ["-id"] if newest_first else ["id"]
    return await select(Record, which, *bounds, order=order, limit=limit)


async def totals_of(volunteers: Sequence[PersonId]) -> dict[PersonId, ServiceTotal]:
    """Lifetime service by volunteer, in one statement; who never served is not in it."""
    found = await find_many(ServiceTotal, volunteers)
    return {total.volunteer: total for total in found.values()}

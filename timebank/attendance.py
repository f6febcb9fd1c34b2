"""Attendance: who was there, from when to when, and how that is known (domain 4).

A visit begins with a check-in and ends with a check-out, by the station's rotating code on the
person's own device, or by staff or a station's device, who scan the volunteer's number. What is
still open at the end is closed at the planned end and marked unconfirmed. Knows visits; mints
nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, permit, permit_self
from timebank.activities import (
    LIFECYCLE,
    MINUTE,
    Acted,
    Activity,
    ActivityNotOpen,
    ActivityState,
)
from timebank.activity_life import ActivityEnded
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notices import NoticeCode, notify
from timebank.people import AgeBand, Person, VolunteerNumber
from timebank.projections import Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.sign_ups import able_to_serve
from timebank.station_codes import need_code
from timebank.tables import Row, find, table

EARLY = LATE = 30 * MINUTE
ON = frozenset({ActivityState.OPEN, ActivityState.RUNNING})
"""Where people come and go."""


class Way(StrEnum):
    """How a check-in or check-out is known."""

    STATION_CODE = "station_code"
    STAFF_SCAN = "staff_scan"
    DEVICE_SCAN = "device_scan"
    OFFLINE_SCAN = "offline_scan"
    UNCONFIRMED = "unconfirmed"


class Visit(msgspec.Struct, frozen=True):
    """One stay: when it began and ended (whole minutes), and how either is known."""

    began: datetime
    began_by: Way
    ended: datetime | None = None
    ended_by: Way | None = None


# Events


class CheckedIn(Event, frozen=True, tag="attendance.checked_in"):
    """Somebody arrived."""

    activity: str
    person: PersonId
    at: datetime
    way: Way


class CheckedOut(Event, frozen=True, tag="attendance.checked_out"):
    """Somebody left. With the person's own credential it is acceptance, given beforehand."""

    activity: str
    person: PersonId
    at: datetime
    way: Way


# Refusals


class NotYetTime(Refusal):
    """Check-in opens half an hour before."""

    says = "Check-in opens 30 minutes before the activity starts and ends with it."


class CheckedInAlready(Refusal):
    """The person is checked in here."""

    says = "Volunteer {number} is checked in already."
    number: str


class CheckedInElsewhere(Refusal):
    """Nobody is in two places at once (domain 4)."""

    says = "Volunteer {number} is still checked in at another activity; check out there first."
    number: str
    activity: str


class NotCheckedIn(Refusal):
    """Without a check-in there is no check-out."""

    says = "Volunteer {number} is not checked in here."
    number: str


class TooManyCheckIns(Refusal):
    """At most three visits of an activity a day (domain 4)."""

    says = "At most {most} check-ins of one activity a day."
    most: int


# Tables and projectors


@table("attendance", index=[("activity",), ("person",)])
class Attendance(Row, frozen=True):
    """A person's visits of an activity; `id` is `<activity>/<person>`."""

    id: str
    activity: str
    person: str
    visits: tuple[Visit, ...]

    @property
    def open(self) -> bool:
        """Whether the person is there now."""
        return bool(self.visits) and self.visits[-1].ended is None


@table("present")
class Present(Row, frozen=True):
    """Who is checked in at an activity now."""

    activity: str
    people: tuple[str, ...]


@table("whereabouts", index=[("planned_end", "person")])
class Whereabouts(Row, frozen=True):
    """Where a person is checked in now, and when the activity there is planned to end."""

    person: str
    activity: str
    planned_end: datetime


@projects(CheckedIn)
def _checked_in(rows: Rows, event: CheckedIn, entry: Sealed) -> None:
    id = f"{event.activity}/{event.person}"
    held = rows.get(Attendance, id)
    visits = (*(held.visits if held else ()), Visit(began=event.at, began_by=event.way))
    rows.put(Attendance(id=id, activity=event.activity, person=event.person, visits=visits))
    there = rows.get(Present, event.activity)
    people = (*(there.people if there else ()), event.person)
    rows.put(Present(activity=event.activity, people=people))
    if rows.get(Whereabouts, event.person) is None:
        # A scan that comes in late may tell of where somebody was before they went on.
        ends = rows.there(Activity, event.activity).ends
        rows.put(Whereabouts(person=event.person, activity=event.activity, planned_end=ends))


@projects(CheckedOut)
def _checked_out(rows: Rows, event: CheckedOut, entry: Sealed) -> None:
    _leave(rows, event.activity, event.person, event.at, event.way)


@projects(ActivityEnded)
def _ended(rows: Rows, event: ActivityEnded, entry: Sealed) -> None:
    for person in event.unconfirmed:
        _leave(rows, event.activity, person, event.planned_end, Way.UNCONFIRMED)


def _leave(rows: Rows, activity: str, person: str, at: datetime, way: Way) -> None:
    held = rows.there(Attendance, f"{activity}/{person}")
    *earlier, last = held.visits
    closed = msgspec.structs.replace(last, ended=max(at, last.began), ended_by=way)
    rows.put(msgspec.structs.replace(held, visits=(*earlier, closed)))
    left = tuple(one for one in rows.there(Present, activity).people if one != person)
    rows.put(Present(activity=activity, people=left))
    now = rows.get(Whereabouts, person)
    if now is not None and now.activity == activity:
        rows.drop(Whereabouts, person)


# Decisions


def decide_check_in(
    activity: Activity,
    held: Attendance | None,
    elsewhere: Whereabouts | None,
    *,
    number: str,
    now: datetime,
    most: int,
    states: frozenset[ActivityState] = ON,
) -> None:
    """Whether somebody may check in at `now`, at an activity in one of some states.

    Refuses: ActivityNotOpen, NotYetTime, CheckedInAlready, CheckedInElsewhere, TooManyCheckIns.
    """
    if activity.state not in states:
        raise ActivityNotOpen(state=activity.state.value)
    if not activity.starts - EARLY <= now < activity.ends:
        raise NotYetTime
    if held is not None and held.open:
        raise CheckedInAlready(number=number)
    if elsewhere is not None:
        raise CheckedInElsewhere(number=number, activity=elsewhere.activity)
    if held is not None and len(held.visits) >= most:
        raise TooManyCheckIns(most=most)


def whole_minute(at: datetime) -> datetime:
    """The minute that an instant lies in."""
    return at.replace(second=0, microsecond=0)


# Commands


class Attended(Answer, frozen=True, kw_only=True):
    """Whose visit of which activity began or ended."""

    activity: str
    person: PersonId

    @property
    def attendance(self) -> str:
        """The id of the person's attendance of the activity."""
        return f"{self.activity}/{self.person}"


async def check_in(actor: Actor, *, activity: str, code: str, key: RequestKey) -> Attended:
    """Check in with one's own credential and the station's code.

    Refuses: NotFound, StationCodeWrong, PersonNotActive, and what decide_check_in refuses.
    """
    person = permit_self(actor)

    def work(batch: Batch) -> Attended:
        held = batch.need(Activity, activity, "activity")
        need_code(batch, held.station, code)
        return _arrive(batch, held, batch.need(Person, person, "person"), Way.STATION_CODE)

    return await _write(actor, key, work, activity, person)


async def check_out(actor: Actor, *, activity: str, code: str, key: RequestKey) -> Attended:
    """Check out with one's own credential: acceptance of the interval, given beforehand.

    More than half an hour after the planned end it counts as forgotten: the visit ends at the
    planned end, unconfirmed (domain 4).

    Refuses: NotFound, StationCodeWrong, NotCheckedIn.
    """
    person = permit_self(actor)

    def work(batch: Batch) -> Attended:
        held = batch.need(Activity, activity, "activity")
        need_code(batch, held.station, code)
        return _depart(batch, held, batch.need(Person, person, "person"), Way.STATION_CODE)

    return await _write(actor, key, work, activity, person)


async def scan(actor: Actor, *, activity: str, number: str, key: RequestKey) -> Attended:
    """Staff, or the station's device, scan a volunteer's number: in, or out if they are there.

    Refuses: NotFound, PersonNotActive, and what decide_check_in refuses.
    """
    known = await find(VolunteerNumber, number.strip().upper())
    person = known.person if known else ""
    way = Way.DEVICE_SCAN if actor.device else Way.STAFF_SCAN

    def work(batch: Batch) -> Attended:
        held = batch.need(Activity, activity, "activity")
        permit(batch, Action.CHECK_IN_OTHERS, held.path)
        if not person:
            raise NotFound(what="volunteer")
        who = batch.need(Person, person, "volunteer")
        visits = batch.get(Attendance, f"{activity}/{person}")
        if visits is not None and visits.open:
            return _depart(batch, held, who, way)
        return _arrive(batch, held, who, way)

    return await _write(actor, key, work, activity, person)


async def end_activity(actor: Actor, *, activity: str, key: RequestKey) -> Acted:
    """End an activity; whoever is still checked in is closed at the planned end, unconfirmed.

    Refuses: NotFound, NotInThisState. Source: domain 4: a missing check-out never credits.
    """

    def work(batch: Batch) -> Acted:
        held = batch.need(Activity, activity, "activity")
        permit(batch, Action.RUN_ACTIVITY, held.path)
        step(LIFECYCLE, held.state, ActivityEnded)
        there = batch.get(Present, activity)
        left = there.people if there else ()
        entry = batch.record(
            ActivityEnded(activity=activity, planned_end=held.ends, unconfirmed=left)
        )
        tell_forgotten(batch, activity, left)
        return Acted(entry=entry.seq, activity=activity)

    return await write(
        actor, key, work, answer=Acted, needs=[(Activity, activity), (Present, activity)]
    )


async def _write(
    actor: Actor,
    key: RequestKey,
    work: Callable[[Batch], Attended],
    activity: str,
    person: PersonId,
) -> Attended:
    return await write(
        actor,
        key,
        work,
        answer=Attended,
        needs=[
            (Activity, activity),
            (Present, activity),
            (Person, person),
            (AgeBand, person),
            (Whereabouts, person),
            (Attendance, f"{activity}/{person}"),
        ],
    )


def _arrive(batch: Batch, activity: Activity, who: Person, way: Way) -> Attended:
    able_to_serve(batch, who.id, day_of(activity.starts))
    decide_check_in(
        activity,
        batch.get(Attendance, f"{activity.id}/{who.id}"),
        batch.get(Whereabouts, who.id),
        number=who.number,
        now=batch.now,
        most=batch.policy.record.max_checkins_per_activity_day,
    )
    at = whole_minute(batch.now)
    entry = batch.record(CheckedIn(activity=activity.id, person=who.id, at=at, way=way))
    return Attended(entry=entry.seq, activity=activity.id, person=who.id)


def _depart(batch: Batch, activity: Activity, who: Person, way: Way) -> Attended:
    held = batch.get(Attendance, f"{activity.id}/{who.id}")
    if held is None or not held.open:
        raise NotCheckedIn(number=who.number)
    at = whole_minute(batch.now)
    if at > activity.ends + LATE:
        # Forgotten until now: as good as no check-out, which closes at the planned end.
        at, way = activity.ends, Way.UNCONFIRMED
    entry = batch.record(CheckedOut(activity=activity.id, person=who.id, at=at, way=way))
    if way is Way.UNCONFIRMED:
        tell_forgotten(batch, activity.id, [who.id])
    return Attended(entry=entry.seq, activity=activity.id, person=who.id)


def tell_forgotten(batch: Batch, activity: str, people: Sequence[PersonId]) -> None:
    """Tell people that their visit was closed unconfirmed, and so counts for nothing by itself."""
    code, hands = NoticeCode.VISIT_UNCONFIRMED, (batch.actor.id,)
    for person in people:
        batch.attempt(partial(notify, batch, person, code, activity, hands=hands))

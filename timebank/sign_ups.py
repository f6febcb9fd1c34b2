"""Sign-ups: seats of activities, one a person, never two at the same time (domain 5).

Help that somebody has promised blocks their time as a seat does.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import permit_self
from timebank.activities import Acted, Activity, ActivityNotOpen, ActivityState
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.events import Event
from timebank.help_orders import HelpOpen, Promise
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.people import AgeBand, Person, active_person
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, find_many, select, table

Booking = tuple[str, datetime, datetime]
"""An activity, its start and its end."""


# Events


class SignedUp(Event, frozen=True, tag="activity.signed_up"):
    """Somebody took a seat."""

    activity: str
    person: PersonId


class Withdrew(Event, frozen=True, tag="activity.withdrew"):
    """Somebody gave a seat back."""

    activity: str
    person: PersonId


# Refusals


class ActivityFull(Refusal):
    """Every seat is taken."""

    says = "All {seats} seats are taken."
    seats: int


class SignedUpAlready(Refusal):
    """One seat a person."""

    says = "You are signed up for this activity already."


class DoubleBooked(Refusal):
    """Sign-up blocks double booking (domain 5)."""

    says = "This overlaps with an activity on {day}, for which you are signed up."
    activity: str
    day: date


class HelpPromised(Refusal):
    """Whoever has promised help for that time takes no seat (domain 5 and 6)."""

    says = "This overlaps with help on {day} that you have promised."
    order: str
    day: date


class BelowServiceAge(Refusal):
    """Volunteers are old enough on the day they serve (domain 4)."""

    says = "Volunteers are at least {least} on the day they serve."
    least: int


# Tables and projectors


@table("sign_up", index=[("person", "starts"), ("activity",)])
class SignUp(Row, frozen=True):
    """Somebody's seat; `id` is `<activity>/<person>`."""

    id: str
    activity: str
    person: str
    starts: datetime
    ends: datetime


@table("booked_day")
class BookedDay(Row, frozen=True):
    """What a person is signed up for on a day; `id` is `<person>/<day>`."""

    id: str
    booked: tuple[Booking, ...]


@table("seats")
class Seats(Row, frozen=True):
    """How many seats of an activity are taken."""

    activity: str
    taken: int


@projects(SignedUp)
def _signed_up(rows: Rows, event: SignedUp, entry: Sealed) -> None:
    take_seat(rows, event.activity, event.person)


def take_seat(rows: Rows, activity: str, person: PersonId) -> None:
    """Give somebody a seat, for projectors."""
    held = rows.there(Activity, activity)
    _count(rows, held.id, 1)
    rows.put(
        SignUp(
            id=f"{held.id}/{person}",
            activity=held.id,
            person=person,
            starts=held.starts,
            ends=held.ends,
        )
    )
    day = booked_key(person, day_of(held.starts))
    earlier = rows.get(BookedDay, day)
    booked = (*(earlier.booked if earlier else ()), (held.id, held.starts, held.ends))
    rows.put(BookedDay(id=day, booked=booked))


@projects(Withdrew)
def _withdrew(rows: Rows, event: Withdrew, entry: Sealed) -> None:
    held = rows.there(Activity, event.activity)
    _count(rows, held.id, -1)
    rows.drop(SignUp, f"{held.id}/{event.person}")
    day = booked_key(event.person, day_of(held.starts))
    left = tuple(seat for seat in rows.there(BookedDay, day).booked if seat[0] != held.id)
    rows.put(BookedDay(id=day, booked=left))


def _count(rows: Rows, activity: str, by: int) -> None:
    held = rows.get(Seats, activity)
    rows.put(Seats(activity=activity, taken=(held.taken if held else 0) + by))


def booked_key(person: PersonId, day: date) -> str:
    """The key of what a person is signed up for on a day."""
    return f"{person}/{day.isoformat()}"


# Decisions


def decide_sign_up(activity: Activity, *, taken: int, seat: SignUp | None) -> None:
    """Whether a seat is left for somebody who holds this one, if any.

    Refuses: ActivityNotOpen, SignedUpAlready, ActivityFull.
    """
    if activity.state is not ActivityState.OPEN:
        raise ActivityNotOpen(state=activity.state.value)
    if seat is not None:
        raise SignedUpAlready
    if taken >= activity.seats:
        raise ActivityFull(seats=activity.seats)


def decide_free(activity: Activity, booked: Iterable[Booking], promised: Iterable[Promise]) -> None:
    """Whether somebody with these bookings, who promised this help, has time for an activity.

    Refuses: DoubleBooked, HelpPromised.
    """
    for other, starts, ends in booked:
        if starts < activity.ends and activity.starts < ends:
            raise DoubleBooked(activity=other, day=day_of(starts))
    for help in promised:
        if help.starts < activity.ends and activity.starts < help.ends:
            raise HelpPromised(order=help.order, day=day_of(help.starts))


# What other capabilities ask


def booked_near(batch: Batch, person: PersonId, starts: datetime, ends: datetime) -> list[Booking]:
    """What a person is signed up for on the days an interval touches, and what still holds of it.

    An activity lasts at most 16 hours, so one that began the day before may reach into its start.
    """
    day, last = day_of(starts) - timedelta(days=1), day_of(ends)
    days = [day + timedelta(days=n) for n in range((last - day).days + 1)]
    keys = [booked_key(person, one) for one in days]
    batch.ask(*((BookedDay, one) for one in keys))
    rows = [batch.get(BookedDay, one) for one in keys]
    found = [booking for row in rows if row for booking in row.booked]
    return [seat for seat in found if _still_on(batch, seat[0])]


def promised_by(batch: Batch, person: PersonId) -> tuple[Promise, ...]:
    """The help that a person has promised and that is not over."""
    held = batch.get(HelpOpen, person)
    return held.helping if held else ()


def has_time(batch: Batch, activity: Activity, person: PersonId) -> None:
    """Let somebody be at an activity. Refuses: DoubleBooked, HelpPromised."""
    booked = booked_near(batch, person, activity.starts, activity.ends)
    decide_free(activity, booked, promised_by(batch, person))


def may_take(batch: Batch, activity: Activity, person: PersonId) -> None:
    """Let somebody take a seat.

    Refuses: PersonNotActive, BelowServiceAge, and what `decide_sign_up` and `has_time` refuse.
    """
    able_to_serve(batch, person, day_of(activity.starts))
    seats = batch.get(Seats, activity.id)
    decide_sign_up(
        activity,
        taken=seats.taken if seats else 0,
        seat=batch.get(SignUp, f"{activity.id}/{person}"),
    )
    has_time(batch, activity, person)


def able_to_serve(batch: Batch, person: PersonId, day: date) -> None:
    """Let somebody serve on a day. Refuses: PersonNotActive, BelowServiceAge."""
    active_person(batch, person)
    least = batch.policy_on(day).record.min_age
    if day < batch.need(AgeBand, person, "person").turns(least):
        raise BelowServiceAge(least=least)


def _still_on(batch: Batch, activity: str) -> bool:
    gone = (ActivityState.CANCELLED, ActivityState.VOID)
    return batch.there(Activity, activity).state not in gone


# Commands


async def sign_up(actor: Actor, *, activity: str, key: RequestKey) -> Acted:
    """Take a seat.

    Refuses: NotFound, PersonNotActive, BelowServiceAge, ActivityNotOpen, SignedUpAlready,
    ActivityFull, DoubleBooked, HelpPromised.   Source: domain 5.
    """
    person = permit_self(actor)

    def work(batch: Batch) -> Acted:
        held = batch.need(Activity, activity, "activity")
        may_take(batch, held, person)
        entry = batch.record(SignedUp(activity=activity, person=person))
        return Acted(entry=entry.seq, activity=activity)

    return await write(
        actor,
        key,
        work,
        answer=Acted,
        needs=[
            (Activity, activity),
            (Person, person),
            (AgeBand, person),
            (SignUp, f"{activity}/{person}"),
            (Seats, activity),
            (HelpOpen, person),
        ],
    )


# Reads


async def seats_taken(activities: list[str]) -> dict[str, int]:
    """How many seats are taken, by activity."""
    found = await find_many(Seats, activities)
    return {str(id): row.taken for id, row in found.items()}


async def sign_ups_of(
    actor: Actor,
    *,
    after: tuple[datetime, str] | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 20,
    backward: bool = False,
) -> list[SignUp]:
    """The actor's own seats by start and id, strictly between two of them."""
    bounds = [Q(starts__gt=after[0]) | Q(starts=after[0], id__gt=after[1])] if after else []
    bounds += [Q(starts__lt=before[0]) | Q(starts=before[0], id__lt=before[1])] if before else []
    order = ["-starts", "-id"] if backward else ["starts", "id"]
    return await select(SignUp, *bounds, person=actor.person or "", order=order, limit=limit)

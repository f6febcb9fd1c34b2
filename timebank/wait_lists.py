"""Wait-lists: who gets the seat that somebody gives back, and who loses theirs (domain 5).

First come, first served: a seat given back goes, in the same act, to the first who waits and can
take it, who is told. Whoever cannot take it just then keeps the place. When an activity is called
off, all are told who have a seat or wait for one.
"""

from functools import partial

from ledger.entry import Sealed
from timebank.access import Action, permit, permit_self
from timebank.activities import LIFECYCLE, Acted, Activity, ActivityNotOpen, ActivityState
from timebank.activity_life import ActivityCancelled, CancelReason
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.events import Event
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.people import AgeBand, Person
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.sign_ups import (
    Seats,
    SignedUpAlready,
    SignUp,
    Withdrew,
    able_to_serve,
    has_time,
    may_take,
    take_seat,
)
from timebank.tables import Row, find_many, select, table

TRIED = 5
"""How often it is read anew who has a seat, before whoever calls off is asked to try again."""

# Events


class WaitListJoined(Event, frozen=True, tag="activity.wait_joined"):
    """Somebody waits for a seat."""

    activity: str
    person: PersonId


class WaitListLeft(Event, frozen=True, tag="activity.wait_left"):
    """Somebody waits no longer."""

    activity: str
    person: PersonId


class SeatPassedOn(Event, frozen=True, tag="activity.seat_passed_on"):
    """A seat that was given back went to the first who waited and could take it."""

    activity: str
    person: PersonId


# Refusals


class SeatsFree(Refusal):
    """Nobody waits for what is there."""

    says = "There are seats left; sign up instead."


class WaitingAlready(Refusal):
    """One place a person."""

    says = "You are on the wait-list of this activity already."


class SeatsMoved(Refusal):
    """All who have a seat are told, and who that is changed in this very moment."""

    says = "Somebody signed up or withdrew just now; try again."


class WaitListFull(Refusal):
    """As many may wait as there are seats: more would wait in vain."""

    says = "{most} people wait for a seat already, as many as there are seats."
    most: int


# Tables and projectors


@table("wait_list")
class WaitList(Row, frozen=True):
    """Who waits for a seat of an activity, the first first."""

    activity: str
    people: tuple[str, ...] = ()


@projects(WaitListJoined)
def _joined(rows: Rows, event: WaitListJoined, entry: Sealed) -> None:
    held = rows.get(WaitList, event.activity) or WaitList(activity=event.activity)
    rows.put(WaitList(activity=event.activity, people=(*held.people, event.person)))


@projects(WaitListLeft, SeatPassedOn)
def _left(rows: Rows, event: WaitListLeft | SeatPassedOn, entry: Sealed) -> None:
    held = rows.there(WaitList, event.activity)
    left = tuple(person for person in held.people if person != event.person)
    rows.put(WaitList(activity=event.activity, people=left))
    if isinstance(event, SeatPassedOn):
        take_seat(rows, event.activity, event.person)


# Decisions


def decide_wait(
    activity: Activity,
    person: PersonId,
    *,
    taken: int,
    seat: SignUp | None,
    people: tuple[str, ...],
) -> None:
    """Whether somebody may wait for a seat, `people` waiting already.

    Refuses: ActivityNotOpen, SignedUpAlready, WaitingAlready, SeatsFree, WaitListFull.
    """
    if activity.state is not ActivityState.OPEN:
        raise ActivityNotOpen(state=activity.state.value)
    if seat is not None:
        raise SignedUpAlready
    if person in people:
        raise WaitingAlready
    if taken < activity.seats:
        raise SeatsFree
    if len(people) >= activity.seats:
        raise WaitListFull(most=activity.seats)


# Commands


async def join_wait_list(actor: Actor, *, activity: str, key: RequestKey) -> Acted:
    """Wait for a seat of a full activity.

    Refuses: NotFound, PersonNotActive, BelowServiceAge, ActivityNotOpen, SignedUpAlready,
    WaitingAlready, SeatsFree, WaitListFull, DoubleBooked, HelpPromised.
    """
    person = permit_self(actor)

    def work(batch: Batch) -> Acted:
        held = batch.need(Activity, activity, "activity")
        able_to_serve(batch, person, day_of(held.starts))
        seats, waiting = batch.get(Seats, activity), batch.get(WaitList, activity)
        decide_wait(
            held,
            person,
            taken=seats.taken if seats else 0,
            seat=batch.get(SignUp, f"{activity}/{person}"),
            people=waiting.people if waiting else (),
        )
        has_time(batch, held, person)
        entry = batch.record(WaitListJoined(activity=activity, person=person))
        return Acted(entry=entry.seq, activity=activity)

    needs: list[Place] = [(Person, person), (AgeBand, person), (SignUp, f"{activity}/{person}")]
    return await write(actor, key, work, answer=Acted, needs=[*_needs(activity), *needs])


async def leave_wait_list(actor: Actor, *, activity: str, key: RequestKey) -> Acted:
    """Wait no longer. Refuses: NotFound."""
    person = permit_self(actor)

    def work(batch: Batch) -> Acted:
        held = batch.get(WaitList, activity)
        if held is None or person not in held.people:
            raise NotFound(what="place on the wait-list")
        entry = batch.record(WaitListLeft(activity=activity, person=person))
        return Acted(entry=entry.seq, activity=activity)

    return await write(actor, key, work, answer=Acted, needs=_needs(activity))


async def withdraw(actor: Actor, *, activity: str, key: RequestKey) -> Acted:
    """Give a seat back before the activity starts; the first who waits gets it.

    Refuses: NotFound, ActivityNotOpen.   Source: domain 5.
    """
    person = permit_self(actor)

    def work(batch: Batch) -> Acted:
        held = batch.need(Activity, activity, "activity")
        batch.need(SignUp, f"{activity}/{person}", "sign-up")
        if held.state is not ActivityState.OPEN:
            raise ActivityNotOpen(state=held.state.value)
        entry = batch.record(Withdrew(activity=activity, person=person))
        _pass_on(batch, held)
        return Acted(entry=entry.seq, activity=activity)

    return await write(actor, key, work, answer=Acted, needs=_needs(activity))


async def cancel_activity(
    actor: Actor, *, activity: str, reason: CancelReason, key: RequestKey
) -> Acted:
    """Call an activity off before it starts; whoever has a seat or waits for one is told.

    Refuses: NotFound, NotInThisState, SeatsMoved.
    """
    for _ in range(TRIED):
        seats = await select(SignUp, activity=activity, order=["id"])
        try:
            return await _cancel(actor, activity, reason, key, seats)
        except SeatsMoved:
            continue
    raise SeatsMoved


async def _cancel(
    actor: Actor, activity: str, reason: CancelReason, key: RequestKey, seats: list[SignUp]
) -> Acted:
    def work(batch: Batch) -> Acted:
        held = batch.need(Activity, activity, "activity")
        permit(batch, Action.RUN_ACTIVITY, held.path)
        step(LIFECYCLE, held.state, ActivityCancelled)
        now = batch.get(Seats, activity)
        batch.ask(*((SignUp, seat.id) for seat in seats))
        there = [seat for seat in seats if batch.get(SignUp, seat.id)]
        if len(there) != len(seats) or len(seats) != (now.taken if now else 0):
            raise SeatsMoved
        entry = batch.record(ActivityCancelled(activity=activity, reason=reason))
        waiting = batch.get(WaitList, activity)
        code, hands = NoticeCode.ACTIVITY_CANCELLED, [actor.id]
        for person in (*(seat.person for seat in seats), *(waiting.people if waiting else ())):
            batch.attempt(partial(notify, batch, person, code, activity, hands=hands))
        return Acted(entry=entry.seq, activity=activity)

    return await write(actor, key, work, answer=Acted, needs=_needs(activity))


def _needs(activity: str) -> list[Place]:
    return [(Activity, activity), (Seats, activity), (WaitList, activity)]


def _pass_on(batch: Batch, activity: Activity) -> None:
    held = batch.get(WaitList, activity.id)
    for person in held.people if held else ():
        if not isinstance(batch.attempt(partial(_take, batch, activity, person)), Refusal):
            return


def _take(batch: Batch, activity: Activity, person: PersonId) -> Sealed:
    may_take(batch, activity, person)
    entry = batch.record(SeatPassedOn(activity=activity.id, person=person))
    notify(batch, person, NoticeCode.SEAT_GIVEN, activity.id, hands=[])
    return entry


# Reads


async def wait_lists_of(activities: list[str]) -> dict[str, WaitList]:
    """Who waits for a seat, by activity."""
    return {str(id): row for id, row in (await find_many(WaitList, activities)).items()}

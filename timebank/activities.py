"""Activities: what people attend, declared by a station, opened, run, filed and closed (domain 5).

Knows kinds, seats and times. Who takes a seat is for `sign_ups`, who was there for `attendance`:
a fact apart from sign-up; what a minute is worth is not known here.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, permit
from timebank.activity_life import (
    ActivityCancelled,
    ActivityClosed,
    ActivityEnded,
    ActivityHeld,
    ActivityOpened,
    ActivityReleased,
    ActivityReleasedEnded,
    ActivityReleasedRunning,
    ActivityStarted,
    ActivityVoided,
    CancelReason,
    RosterFiled,
    RosterOverdue,
)
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.places import Station, working_station
from timebank.policy import Policy
from timebank.projections import Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.tables import Row, find, find_many, table
from timebank.teams import Team, TeamState
from timebank.texts import keep_text, read_texts

MINUTE = timedelta(minutes=1)
LONGEST = timedelta(hours=16)


class ActivityKind(StrEnum):
    """Kinds of service (domain 5)."""

    ELDER = "elder"
    DISABILITY = "disability"
    CHILD = "child"
    NEIGHBOUR_HELP = "neighbour_help"
    COMMUNITY_CARE = "community_care"
    ENVIRONMENT = "environment"
    SAFETY = "safety"
    CULTURE = "culture"
    GATHERING = "gathering"
    OTHER = "other"


class ActivityState(StrEnum):
    """The life of an activity (domain 5)."""

    DECLARED = "declared"
    OPEN = "open"
    RUNNING = "running"
    ENDED = "ended"
    FILED = "filed"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    OVERDUE = "overdue"
    HELD = "held"
    VOID = "void"


HALTED = frozenset({ActivityState.HELD, ActivityState.VOID})
"""Where nothing of an activity goes on."""


# Events


class ActivityDeclared(Event, frozen=True, tag="activity.declared"):
    """A station, or one of its teams, will hold an activity."""

    activity: str
    station: str
    kind_of_service: ActivityKind
    seats: int
    starts: datetime
    ends: datetime
    title: str
    team: str | None = None


# Refusals


class TimesWrong(Refusal):
    """An activity ends after it starts, and within 16 hours."""

    says = "An activity ends after it starts and lasts at most 16 hours."
    path = ("ends",)


class SeatsWrong(Refusal):
    """An activity has seats."""

    says = "An activity has at least one seat."
    path = ("seats",)


class DeclaredTooLate(Refusal):
    """Activities of many people are declared days before (domain 4)."""

    says = (
        "Activities of {people} or more people are declared {days} days before; this is too late."
    )
    people: int
    days: int
    path = ("starts",)


class ActivityNotOpen(Refusal):
    """The activity does not take sign-ups or check-ins now."""

    says = "This activity is {state} now."
    state: str


# Lifecycle

LIFECYCLE: Lifecycle[ActivityState] = {
    ActivityState.DECLARED: {
        ActivityOpened: ActivityState.OPEN,
        ActivityCancelled: ActivityState.CANCELLED,
        ActivityHeld: ActivityState.HELD,
    },
    ActivityState.OPEN: {
        ActivityStarted: ActivityState.RUNNING,
        ActivityCancelled: ActivityState.CANCELLED,
        ActivityHeld: ActivityState.HELD,
    },
    ActivityState.RUNNING: {
        ActivityEnded: ActivityState.ENDED,
        RosterOverdue: ActivityState.OVERDUE,
        ActivityHeld: ActivityState.HELD,
    },
    ActivityState.ENDED: {
        RosterFiled: ActivityState.FILED,
        RosterOverdue: ActivityState.OVERDUE,
        ActivityHeld: ActivityState.HELD,
    },
    ActivityState.OVERDUE: {
        RosterFiled: ActivityState.FILED,
        ActivityHeld: ActivityState.HELD,
    },
    ActivityState.FILED: {
        ActivityClosed: ActivityState.CLOSED,
        ActivityHeld: ActivityState.HELD,
    },
    ActivityState.CLOSED: {ActivityHeld: ActivityState.HELD},
    ActivityState.HELD: {
        ActivityReleased: ActivityState.DECLARED,
        ActivityReleasedRunning: ActivityState.RUNNING,
        ActivityReleasedEnded: ActivityState.ENDED,
        ActivityVoided: ActivityState.VOID,
    },
    ActivityState.CANCELLED: {},
    ActivityState.VOID: {},
}

Moved = ActivityOpened | ActivityStarted | RosterFiled | ActivityClosed


class Move(StrEnum):
    """What the organiser does to an activity, one after another."""

    OPEN = "open"
    START = "start"
    FILE = "file"
    CLOSE = "close"


MOVES: dict[Move, type[Moved]] = {
    Move.OPEN: ActivityOpened,
    Move.START: ActivityStarted,
    Move.FILE: RosterFiled,
    Move.CLOSE: ActivityClosed,
}


# Tables and projectors


@table("activity", index=[("station", "starts"), ("state", "starts"), ("path",)])
class Activity(Row, frozen=True):
    """One activity; `path` is its station's or team's."""

    id: str
    station: str
    team: str | None
    path: str
    organiser: str
    kind: ActivityKind
    state: ActivityState
    seats: int
    starts: datetime
    ends: datetime
    declared_at: datetime

    def moved(self, state: ActivityState) -> "Activity":
        """The activity in another state, for projectors."""
        return msgspec.structs.replace(self, state=state)


@projects(ActivityDeclared)
def _declared(rows: Rows, event: ActivityDeclared, entry: Sealed) -> None:
    station = rows.there(Station, event.station)
    path = rows.there(Team, event.team).path if event.team else station.path
    rows.put(
        Activity(
            id=event.activity,
            station=event.station,
            team=event.team,
            path=path,
            organiser=entry.actor,
            kind=event.kind_of_service,
            state=ActivityState.DECLARED,
            seats=event.seats,
            starts=event.starts,
            ends=event.ends,
            declared_at=entry.at,
        )
    )


@projects(
    ActivityOpened,
    ActivityStarted,
    ActivityEnded,
    RosterFiled,
    ActivityClosed,
    ActivityCancelled,
)
def _moved(rows: Rows, event: Moved | ActivityEnded | ActivityCancelled, entry: Sealed) -> None:
    held = rows.there(Activity, event.activity)
    rows.put(held.moved(step(LIFECYCLE, held.state, type(event))))


# Decisions


def decide_declare(
    *, starts: datetime, ends: datetime, seats: int, now: datetime, policy: Policy
) -> None:
    """Whether an activity may be declared. Refuses: TimesWrong, SeatsWrong, DeclaredTooLate."""
    if not timedelta(0) < ends - starts <= LONGEST:
        raise TimesWrong
    if seats < 1:
        raise SeatsWrong
    rules = policy.record
    late = (day_of(starts) - day_of(now)).days < rules.declare_days
    if seats >= rules.declare_from_people and late:
        raise DeclaredTooLate(people=rules.declare_from_people, days=rules.declare_days)


# Commands


class Acted(Answer, frozen=True, kw_only=True):
    """The activity that was made or moved on."""

    activity: str


async def declare_activity(
    actor: Actor,
    *,
    station: str,
    kind: ActivityKind,
    title: str,
    seats: int,
    starts: datetime,
    ends: datetime,
    key: RequestKey,
    team: str | None = None,
) -> Acted:
    """Declare an activity of a station or of one of its teams.

    Refuses: NotFound, StationNotActive, TimesWrong, SeatsWrong, DeclaredTooLate, TextMissing,
    TextTooLong.   Source: domain 4 (declared 3 days before from 10 people) and 5.
    """

    def work(batch: Batch) -> Acted:
        place = batch.need(Station, station, "station")
        group = batch.need(Team, team, "team") if team else None
        if group is not None and (group.station, group.state) != (station, TeamState.ACTIVE):
            raise NotFound(what="team")
        permit(batch, Action.DECLARE_ACTIVITY, group.path if group else place.path)
        working_station(batch, station)
        decide_declare(starts=starts, ends=ends, seats=seats, now=batch.now, policy=batch.policy)
        activity = new("act")
        told = keep_text(batch, activity, "title", title, most=80)
        entry = batch.record(
            ActivityDeclared(
                activity=activity,
                station=station,
                team=team,
                kind_of_service=kind,
                seats=seats,
                starts=starts,
                ends=ends,
                title=told,
            )
        )
        return Acted(entry=entry.seq, activity=activity)

    return await write(actor, key, work, answer=Acted, needs=[(Station, station)])


async def move_activity(actor: Actor, *, activity: str, move: Move, key: RequestKey) -> Acted:
    """Open an activity for sign-up, start it, file its roster or close it (`MOVES`).

    Refuses: NotFound, NotInThisState.
    """

    def work(batch: Batch) -> Acted:
        held = batch.need(Activity, activity, "activity")
        permit(batch, Action.RUN_ACTIVITY, held.path)
        step(LIFECYCLE, held.state, MOVES[move])
        entry = batch.record(MOVES[move](activity=activity))
        return Acted(entry=entry.seq, activity=activity)

    return await write(actor, key, work, answer=Acted, needs=[(Activity, activity)])


async def cancel_activity(
    actor: Actor, *, activity: str, reason: CancelReason, key: RequestKey
) -> Acted:
    """Call an activity off before it starts. Refuses: NotFound, NotInThisState."""

    def work(batch: Batch) -> Acted:
        held = batch.need(Activity, activity, "activity")
        permit(batch, Action.RUN_ACTIVITY, held.path)
        step(LIFECYCLE, held.state, ActivityCancelled)
        entry = batch.record(ActivityCancelled(activity=activity, reason=reason))
        return Acted(entry=entry.seq, activity=activity)

    return await write(actor, key, work, answer=Acted, needs=[(Activity, activity)])


# Reads


async def activity(id: str) -> Activity | None:
    """An activity by id."""
    return await find(Activity, id)


async def activities_by_id(ids: list[str]) -> dict[str, Activity]:
    """Activities by their ids, in one statement."""
    found = await find_many(Activity, ids)
    return {str(id): row for id, row in found.items()}


async def titles_of(ids: list[str]) -> dict[str, str]:
    """Titles by activity."""
    return await read_texts(ids, "title")

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
    RosterFiled,
    RosterOverdue,
)
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.places import Station
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, find, find_many, table
from timebank.teams import Team

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

    DRAFT = "draft"
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


STATED = ("place", "requirements", "risks")
"""What is said of an activity beside its title: where, for whom, and what may happen (domain 5)."""

HALTED = frozenset({ActivityState.HELD, ActivityState.VOID})
"""Where nothing of an activity goes on."""


# Events


class ActivityDeclared(Event, frozen=True, tag="activity.declared"):
    """A station, or one of its teams, will hold an activity; its words are commitments."""

    activity: str
    station: str
    kind_of_service: ActivityKind
    seats: int
    starts: datetime
    ends: datetime
    title: str
    team: str | None = None
    place: str | None = None
    requirements: str | None = None
    risks: str | None = None


# Refusals


class ActivityNotOpen(Refusal):
    """The activity does not take sign-ups or check-ins now."""

    says = "This activity is {state} now."
    state: str


# Lifecycle

LIFECYCLE: Lifecycle[ActivityState] = {
    ActivityState.DRAFT: {ActivityDeclared: ActivityState.DECLARED},
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
            state=step(LIFECYCLE, ActivityState.DRAFT, ActivityDeclared),
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


# Commands


class Acted(Answer, frozen=True, kw_only=True):
    """The activity that was made or moved on."""

    activity: str


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


# Reads


async def activity(id: str) -> Activity | None:
    """An activity by id."""
    return await find(Activity, id)


async def activities_by_id(ids: list[str]) -> dict[str, Activity]:
    """Activities by their ids, in one statement."""
    found = await find_many(Activity, ids)
    return {str(id): row for id, row in found.items()}

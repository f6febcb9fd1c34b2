"""Activity holds: the district stops an activity that looks false, looks, and lets go (domain 5).

While one is held nobody checks in, nothing is recorded, and no record of it goes on. Whoever held
it does not make it void: another officer does. What counts already is for a finding. Refuses to
know what is behind it; that is written elsewhere.
"""

from datetime import date

from ledger.entry import Sealed
from timebank.access import Action, may_read, permit
from timebank.activities import LIFECYCLE, Acted, Activity, ActivityState
from timebank.activity_life import (
    ActivityHeld,
    ActivityReleased,
    ActivityReleasedEnded,
    ActivityReleasedRunning,
    ActivityVoided,
    HoldReason,
)
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.events import Event
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.projections import Place, Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, select, table

# Refusals


class OrganiserHolds(Refusal):
    """Nobody looks into an activity of their own (domain 11)."""

    says = "You organise this activity; another officer must look into it."


class HolderVoids(Refusal):
    """Two persons make an activity void: it is found to be false (domain 4)."""

    says = "Whoever held an activity does not make it void; another officer must."


# Decisions

Release = ActivityReleased | ActivityReleasedRunning | ActivityReleasedEnded
RELEASES: dict[ActivityState, type[Release]] = {
    ActivityState.DECLARED: ActivityReleased,
    ActivityState.OPEN: ActivityReleased,
    ActivityState.RUNNING: ActivityReleasedRunning,
    ActivityState.ENDED: ActivityReleasedEnded,
    ActivityState.OVERDUE: ActivityReleasedEnded,
    ActivityState.FILED: ActivityReleasedEnded,
    ActivityState.CLOSED: ActivityReleasedEnded,
}
"""How an activity is let go, by the state it stood in. A roster that was filed is filed anew."""


def decide_officer(activity: Activity, officer: str) -> None:
    """Whether somebody may hold an activity, or let it go. Refuses: OrganiserHolds."""
    if officer == activity.organiser:
        raise OrganiserHolds


def decide_void(activity: Activity, held_by: str, officer: str) -> None:
    """Whether somebody may make an activity void. Refuses: OrganiserHolds, HolderVoids."""
    decide_officer(activity, officer)
    if officer == held_by:
        raise HolderVoids


# Tables and projectors


@table("activity_hold", index=[("path", "activity")])
class ActivityHold(Row, frozen=True):
    """Why an activity is held, by whom, since when, and the state in which it stood."""

    activity: str
    path: str
    reason: HoldReason
    stood: ActivityState
    held_by: str
    held_on: date


@projects(ActivityHeld)
def _held(rows: Rows, event: ActivityHeld, entry: Sealed) -> None:
    activity = rows.there(Activity, event.activity)
    rows.put(
        ActivityHold(
            activity=activity.id,
            path=activity.path,
            reason=event.reason,
            stood=activity.state,
            held_by=entry.actor,
            held_on=day_of(entry.at),
        )
    )
    _move(rows, activity, ActivityHeld)


@projects(ActivityReleased, ActivityReleasedRunning, ActivityReleasedEnded, ActivityVoided)
def _let_go(rows: Rows, event: Release | ActivityVoided, entry: Sealed) -> None:
    rows.drop(ActivityHold, event.activity)
    _move(rows, rows.there(Activity, event.activity), type(event))


def _move(rows: Rows, activity: Activity, event: type[Event]) -> None:
    rows.put(activity.moved(step(LIFECYCLE, activity.state, event)))


# Commands


async def hold_activity(
    actor: Actor, *, activity: str, reason: HoldReason, key: RequestKey
) -> Acted:
    """Stop an activity, as the district, in whatever state it is.

    Refuses: NotFound, NotInThisState, OrganiserHolds.   Source: domain 5.
    """

    def work(batch: Batch) -> Acted:
        held = _in_district(batch, activity)
        decide_officer(held, actor.id)
        step(LIFECYCLE, held.state, ActivityHeld)
        entry = batch.record(ActivityHeld(activity=activity, reason=reason))
        _tell(batch, held, NoticeCode.ACTIVITY_HELD)
        return Acted(entry=entry.seq, activity=activity)

    return await write(actor, key, work, answer=Acted, needs=[(Activity, activity)])


async def release_activity(actor: Actor, *, activity: str, key: RequestKey) -> Acted:
    """Let a held activity go on from where it stood, as the district.

    One that had not started is opened again by its organiser; one that was over is filed anew.
    Refuses: NotFound, NotInThisState, OrganiserHolds.
    """

    def work(batch: Batch) -> Acted:
        held = _in_district(batch, activity)
        decide_officer(held, actor.id)
        step(LIFECYCLE, held.state, ActivityReleased)
        made = RELEASES[batch.there(ActivityHold, activity).stood]
        entry = batch.record(made(activity=activity))
        _tell(batch, held, NoticeCode.ACTIVITY_RELEASED)
        return Acted(entry=entry.seq, activity=activity)

    return await write(actor, key, work, answer=Acted, needs=_needs(activity))


async def void_activity(actor: Actor, *, activity: str, key: RequestKey) -> Acted:
    """Make a held activity void: there was none. By another officer than held it.

    Refuses: NotFound, NotInThisState, OrganiserHolds, HolderVoids.   Source: domain 5.
    """

    def work(batch: Batch) -> Acted:
        held = _in_district(batch, activity)
        step(LIFECYCLE, held.state, ActivityVoided)
        decide_void(held, batch.there(ActivityHold, activity).held_by, actor.id)
        entry = batch.record(ActivityVoided(activity=activity))
        _tell(batch, held, NoticeCode.ACTIVITY_VOIDED)
        return Acted(entry=entry.seq, activity=activity)

    return await write(actor, key, work, answer=Acted, needs=_needs(activity))


def _needs(activity: str) -> list[Place]:
    return [(Activity, activity), (ActivityHold, activity)]


def _in_district(batch: Batch, activity: str) -> Activity:
    held = batch.need(Activity, activity, "activity")
    permit(batch, Action.HOLD_ACTIVITY, held.path)
    return held


def _tell(batch: Batch, activity: Activity, code: NoticeCode) -> None:
    notify(batch, activity.organiser, code, activity.id, hands=[batch.actor.id])


# Reads


async def holds_at(actor: Actor, path: str) -> list[ActivityHold]:
    """The activities held below a path, by id. For the staff who see their records."""
    if not await may_read(actor, Action.READ_RECORDS, path):
        return []
    return await select(ActivityHold, path__startswith=path, order=["activity"])

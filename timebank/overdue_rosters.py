"""Overdue rosters: an activity whose roster was not filed in time (domain 4 and 5).

A roster is filed within the policy's days of the planned end. Its organiser is told; what is still
recorded meanwhile needs a reason and a second reviewer, as `days` says. The software's own act.
"""

from datetime import date, timedelta

from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.activities import LIFECYCLE, Acted, Activity, ActivityState
from timebank.activity_life import RosterOverdue
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.clock import day_of, instant
from timebank.journal import current, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.policy import Record as Rules
from timebank.policy import policy_on
from timebank.projections import Rows, projects
from timebank.refusals import Forbidden, Refusal
from timebank.tables import select

# Refusals


class RosterInTime(Refusal):
    """A roster has its days."""

    says = "This roster can be filed in time until the end of {due}."
    due: date


# Projectors


@projects(RosterOverdue)
def _overdue(rows: Rows, event: RosterOverdue, entry: Sealed) -> None:
    held = rows.there(Activity, event.activity)
    rows.put(held.moved(step(LIFECYCLE, held.state, RosterOverdue)))


# Decisions


def decide_overdue(activity: Activity, today: date, rules: Rules) -> RosterOverdue:
    """Whether a roster is overdue: the day of the planned end is not counted, the last is whole.

    Refuses: NotInThisState, RosterInTime.   Source: domain 4.
    """
    step(LIFECYCLE, activity.state, RosterOverdue)
    due = day_of(activity.ends) + timedelta(days=rules.file_days)
    if today <= due:
        raise RosterInTime(due=due)
    return RosterOverdue(activity=activity.id, due=due)


# Commands


async def mark_overdue(actor: Actor, *, activity: str, key: RequestKey | None = None) -> Acted:
    """Say of an activity that its roster is overdue, as the software's timer does.

    Refuses: NotFound, NotInThisState, RosterInTime.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Acted:
        held = batch.need(Activity, activity, "activity")
        rules = batch.policy_on(day_of(held.ends)).record
        entry = batch.record(decide_overdue(held, batch.today, rules))
        notify(batch, held.organiser, NoticeCode.ROSTER_OVERDUE, activity, hands=[])
        return Acted(entry=entry.seq, activity=activity)

    return await write(actor, key, work, answer=Acted, needs=[(Activity, activity)])


# Reads


async def rosters_due(*, skip: int, limit: int) -> list[str]:
    """The activities over for longer than rosters take and not filed, the longest over first."""
    today = day_of(current().clock.now())
    policy = await policy_on(today)
    if policy is None:
        return []
    latest = instant(today - timedelta(days=policy.document.record.file_days))
    states = [ActivityState.RUNNING.value, ActivityState.ENDED.value]
    late = Q(state__in=states, ends__lt=latest)
    held = await select(Activity, late, order=["ends", "id"], limit=limit, offset=skip)
    return [one.id for one in held]

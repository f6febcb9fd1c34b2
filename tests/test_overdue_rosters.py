"""Overdue rosters: when one is overdue, who is told, and that it can be filed still."""

from datetime import date, timedelta

import msgspec
import pytest

from tests.test_activities import state_of
from tests.test_activity_holds import ACTIVITY
from tests.volunteering import record_of
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.activities import ActivityKind, ActivityState, Move, move_activity
from timebank.activity_life import RosterOverdue
from timebank.actors import SYSTEM
from timebank.attendance import end_activity
from timebank.captures import capture_hours
from timebank.days import ReviewReason
from timebank.lifecycles import NotInThisState
from timebank.notice_codes import NoticeCode
from timebank.notices import inbox_of
from timebank.overdue_rosters import RosterInTime, decide_overdue, mark_overdue, rosters_due
from timebank.policy import SEED, read_policy
from timebank.record_life import LateReason
from timebank.refusals import Forbidden
from timebank.timers import sweep

RULES = read_policy(SEED.read_text("utf-8")).record
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TODAY = date(2026, 11, 20)


@pytest.mark.parametrize("state", ActivityState)
@pytest.mark.parametrize("days", [0, 3, 4])
def test_what_is_over_and_not_filed_is_overdue_after_its_days(
    state: ActivityState, days: int
) -> None:
    activity = msgspec.structs.replace(ACTIVITY, state=state)
    today = TODAY + days * DAY
    if state not in (ActivityState.RUNNING, ActivityState.ENDED):
        with pytest.raises(NotInThisState):
            decide_overdue(activity, today, RULES)
    elif days <= 3:
        with pytest.raises(RosterInTime) as refused:
            decide_overdue(activity, today, RULES)
        assert refused.value.details == {"due": "2026-11-23"}
    else:
        assert decide_overdue(activity, today, RULES) == RosterOverdue(
            activity=ACTIVITY.id, due=date(2026, 11, 23)
        )


@pytest.mark.anyio
@pytest.mark.parametrize("ended", [True, False])
async def test_its_timer_marks_it_tells_the_organiser_and_it_can_be_filed(
    world: World, ended: bool
) -> None:
    manager, activity = world.staff[Role.STATION_MANAGER], await world.activity()
    await move_activity(manager, activity=activity, move=Move.START, key=key())
    world.clock.move(3 * HOUR)
    if ended:
        await end_activity(manager, activity=activity, key=key())
    world.clock.move(3 * DAY)
    await sweep()
    assert await state_of(activity) is not ActivityState.OVERDUE
    with pytest.raises(RosterInTime):
        await mark_overdue(SYSTEM, activity=activity)
    world.clock.move(DAY)
    assert await rosters_due(skip=0, limit=9) == [activity]
    with pytest.raises(Forbidden):
        await mark_overdue(manager, activity=activity)
    await sweep()
    assert await state_of(activity) is ActivityState.OVERDUE
    assert await rosters_due(skip=0, limit=9) == []
    assert [n.code for n in await inbox_of(manager)][:1] == [NoticeCode.ROSTER_OVERDUE]
    # What comes now needs a reason and a second reviewer, but it can come.
    who = await world.volunteer()
    starts = world.clock.now() - 4 * DAY - 3 * HOUR
    made = await capture_hours(
        world.staff[Role.STATION_CLERK],
        volunteer=who.id,
        station=world.station,
        activity=activity,
        starts=starts,
        ends=starts + HOUR,
        kind=ActivityKind.ELDER,
        late=LateReason.ORGANISER_ILL,
        key=key(),
    )
    assert (await record_of(made.record)).review == (ReviewReason.LATE,)
    await move_activity(manager, activity=activity, move=Move.FILE, key=key())
    assert await state_of(activity) is ActivityState.FILED
    assert (await replay.compare(world.settings.database_url)).differing == 0

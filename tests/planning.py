"""Plans, holds and wait lists of activities for the role matrix, by real commands."""

from datetime import timedelta
from typing import Any

from tests.world import World, key
from timebank.access import Role
from timebank.activities import ActivityKind
from timebank.activity_drafts import draft_activity
from timebank.activity_holds import hold_activity
from timebank.activity_life import HoldReason
from timebank.activity_plans import Plan
from timebank.actors import Actor
from timebank.organisation_teams import OrganisationTeam, TieState
from timebank.sign_ups import sign_up
from timebank.tables import select
from timebank.wait_lists import join_wait_list

HOUR = timedelta(hours=1)


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """Activities that the district's lead held, and one to hold."""
    lead, activities = world.staff[Role.DISTRICT_LEAD], [await world.activity() for _ in range(3)]
    for id in activities[:2]:
        await hold_activity(lead, activity=id, reason=HoldReason.REPORTED, key=key())
    return {
        "releaseActivity.activity": activities[0],
        "voidActivity.activity": activities[1],
        "holdActivity.activity": activities[2],
        "activityHolds.scope": world.station_path,
        **await _plans(world, subject),
    }


async def _plans(world: World, subject: Actor) -> dict[str, Any]:
    """Drafts of activities, and a full one to wait for."""
    manager, starts = world.staff[Role.STATION_MANAGER], world.clock.now() + 30 * 24 * HOUR
    (tie,) = await select(OrganisationTeam, state=TieState.STANDS.value)
    plan = Plan(
        station=world.station,
        team=tie.team,
        kind=ActivityKind.CULTURE,
        title="社区合唱",
        seats=9,
        starts=starts,
        ends=starts + HOUR,
    )

    async def draft() -> str:
        return (await draft_activity(manager, plan=plan, key=key())).draft

    full = [await world.activity(seats=1, starts_in=days * 24 * HOUR) for days in (40, 41)]
    for id in full:
        await sign_up(await world.volunteer(), activity=id, key=key())
    await join_wait_list(subject, activity=full[1], key=key())
    return {
        "draftActivity.draft": await draft(),
        "dropActivityDraft.draft": draft,
        "declareActivityDraft.draft": draft,
        "activityDrafts.scope": tie.path,
        "joinWaitList.activity": full[0],
        "leaveWaitList.activity": full[1],
    }

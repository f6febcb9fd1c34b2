"""Misconduct for the tests: findings by two officers, and appeals, by real commands."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.emergencies import emergency_things
from tests.volunteering import captured, confirmed
from tests.world import World, key
from timebank.access import Role
from timebank.activities import ActivityKind
from timebank.activity_drafts import draft_activity
from timebank.activity_holds import hold_activity
from timebank.activity_life import HoldReason
from timebank.activity_plans import Plan
from timebank.actors import Actor
from timebank.confirmations import accept_hours
from timebank.finding_appeals import appeal_finding
from timebank.finding_drafts import FindingMade, make_finding, propose_finding
from timebank.finding_life import Blame, Misconduct
from timebank.findings import Finding
from timebank.sign_ups import sign_up
from timebank.tables import find
from timebank.wait_lists import join_wait_list

HOUR = timedelta(hours=1)


async def second_lead(world: World) -> Actor:
    """Another officer of the district."""
    return await world.officer(Role.DISTRICT_LEAD)


async def drafted(
    world: World,
    records: Sequence[str],
    *,
    blame: Blame = Blame.RECORDER,
    by: Actor | None = None,
) -> str:
    """A finding proposed by the district's lead, or somebody else."""
    made = await propose_finding(
        by or world.staff[Role.DISTRICT_LEAD],
        misconduct=Misconduct.INVENTED_HOURS,
        blame=blame,
        statement="活动并未举行",
        records=records,
        key=key(),
    )
    return made.draft


async def found(
    world: World, records: Sequence[str], *, blame: Blame = Blame.RECORDER
) -> FindingMade:
    """A finding proposed by the district's lead and made by another officer."""
    draft = await drafted(world, records, blame=blame)
    return await make_finding(await second_lead(world), draft=draft, key=key())


async def finding_of(id: str) -> Finding:
    """A finding that must be there."""
    held = await find(Finding, id)
    assert held
    return held


async def accepted(world: World, who: Actor, *, hours_ago: int, by: Actor | None = None) -> str:
    """A record by hand of half an hour that counts, some hours ago."""
    id = await captured(world, who, starts=world.clock.now() - hours_ago * HOUR, minutes=30, by=by)
    await confirmed(world, [id])
    await accept_hours(who, records=[id], key=key())
    return id


async def hold_things(world: World, subject: Actor) -> dict[str, Any]:
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
    plan = Plan(
        station=world.station,
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
        "activityDrafts.scope": world.station_path,
        "joinWaitList.activity": full[0],
        "leaveWaitList.activity": full[1],
    }


async def misconduct_things(world: World, subject: Actor) -> dict[str, Any]:
    """Findings that touch the subject, drafts of others, and an appeal, for the role matrix."""
    clerk = await world.officer(Role.STATION_CLERK, world.station_path)
    records = [await accepted(world, subject, hours_ago=n, by=clerk) for n in range(40, 48, 2)]
    elder = await world.volunteer()
    theirs = await accepted(world, elder, hours_ago=40, by=clerk)
    drafts = [await drafted(world, [id]) for id in records[:2]]
    first = await found(world, [records[2]])
    other = await found(world, [theirs])
    asked = await appeal_finding(elder, finding=other.finding, words="我去过", key=key())
    return (
        {
            "proposeFinding.records": [records[3]],
            "makeFinding.draft": drafts[0],
            "dropFinding.draft": drafts[1],
            "findings.scope": world.station_path[: len("420100/420102/")],
            "findingDrafts.scope": world.station_path[: len("420100/420102/")],
            "openFindingAppeals.scope": world.station_path[: len("420100/420102/")],
            "finding": first.finding,
            "decideFindingAppeal.appeal": asked.appeal,
            "decideFindingAppeal.grounds": "NOTHING_SHOWN",
        }
        | await emergency_things(world)
        | await hold_things(world, subject)
    )

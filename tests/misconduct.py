"""Misconduct for the tests: findings by two officers, and appeals, by real commands."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.volunteering import captured, confirmed
from tests.world import World, key
from timebank.access import Role
from timebank.actors import Actor
from timebank.confirmations import accept_hours
from timebank.finding_appeals import appeal_finding
from timebank.finding_drafts import FindingMade, make_finding, propose_finding
from timebank.finding_life import Blame, Misconduct
from timebank.findings import Finding, Found, FoundAgainst
from timebank.tables import find

HOUR = timedelta(hours=1)


async def findings_against(person: str) -> tuple[Found, ...]:
    """Every finding against a person, the oldest first, lifted ones too."""
    held = await find(FoundAgainst, person)
    return held.found if held else ()


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


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """Findings that touch the subject, drafts of others, and an appeal, for the role matrix."""
    clerk = await world.officer(Role.STATION_CLERK, world.station_path)
    records = [await accepted(world, subject, hours_ago=n, by=clerk) for n in range(40, 48, 2)]
    elder = await world.volunteer()
    theirs = await accepted(world, elder, hours_ago=40, by=clerk)
    drafts = [await drafted(world, [id]) for id in records[:2]]
    first = await found(world, [records[2]])
    other = await found(world, [theirs])
    asked = await appeal_finding(elder, finding=other.finding, words="我去过", key=key())
    return {
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

"""The bank's own order for the role matrix: roles, policy, stations and teams."""

from typing import Any

from tests.world import World, found_station, key
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, Actor
from timebank.divisions import CITY_PATH
from timebank.merge_life import MergeGround
from timebank.merges import propose_merge
from timebank.policy import SEED
from timebank.policy_drafts import propose_policy
from timebank.role_drafts import propose_role
from timebank.teams import create_team


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """A draft of policy, a grant to end, a station to close and a team to dissolve."""
    officer = (await world.volunteer()).id
    auditor = await grant_role(
        SYSTEM, person=officer, role=Role.AUDITOR, scope=CITY_PATH, key=key()
    )
    seed = SEED.read_text("utf-8").replace("WH-2016-12", "WH-2030-01")
    document = seed.replace("2016-12-01", "2030-01-01")
    lead = await world.officer(Role.CITY_LEAD)
    draft = await propose_policy(lead, document=document, key=key())
    manager = world.staff[Role.STATION_MANAGER]
    gone = await create_team(manager, station=world.station, name="散队", key=key())
    heir = await found_station(world, number="S-HEIR")
    ended = await found_station(world, number="S-ENDED")
    operator = await world.officer(Role.OPERATOR)

    async def role() -> str:
        asked = await propose_role(
            operator,
            person=(await world.volunteer()).id,
            role=Role.AUDITOR,
            scope=world.station_path,
            key=key(),
        )
        return asked.draft

    async def twice() -> str:
        one, two = [await world.number_of(await world.volunteer()) for _ in range(2)]
        clerk = world.staff[Role.STATION_CLERK]
        asked = await propose_merge(
            clerk, number=one, kept=two, ground=MergeGround.MOVED, key=key()
        )
        return asked.merge

    async def number() -> str:
        return await world.number_of(await world.volunteer())

    await role()
    await twice()
    return {
        "proposeMerge.number": number,
        "proposeMerge.kept": number,
        "dropMerge.merge": twice,
        "mergePeople.merge": twice,
        "merges.scope": world.station_path,
        "grantRole.draft": role,
        "dropRole.draft": role,
        "roleDrafts.scope": world.station_path,
        "proposeRole.number": await world.number_of(await world.volunteer()),
        "station": world.station,
        "stations.area": "420100",
        "station.number": "001",
        "proposeStation.number": "S-NEW",
        "successor": heir,
        "closeStation.station": ended,
        "team": world.team,
        "dissolveTeam.team": gone.team,
        "proposePolicy.document": document,
        "draft": draft.draft,
        "grant": auditor.grant,
        "endRole.person": officer,
        "grants.person": officer,
        "role": "AUDITOR",
        "scope": CITY_PATH,
    }

"""The desk of whoever works for a team alone: its leader's, and an organisation's for its own."""

from datetime import timedelta

import pytest

from tests.annual import team_tied
from tests.organising import registered
from tests.posting import Pages, done, refused
from tests.test_own_teams import appointed, running
from tests.world import World
from timebank.access import Role
from timebank.hours import records_of
from timebank.programme import activities_of
from timebank.record_life import RecordState

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]

HOUR = timedelta(hours=1)


async def test_their_desk_is_the_team_s(world: World) -> None:
    founder, whose = await world.volunteer(), await world.volunteer()
    organisation = await registered(world, founder)
    await team_tied(world, founder, organisation)
    other = await appointed(world, founder, organisation)
    pages, team = Pages(world), f"?station=001&team={world.team}"
    async with await pages.client(founder) as client:
        shown = (await client.get(f"/organisations/{organisation}/teams")).text
    for path in ("/desk/activities", "/desk/rosters", "/desk"):
        assert f'href="{path}{team}"'.replace("&", "&amp;") in shown
    of_station = await world.activity()

    day = (world.clock.now() + 24 * HOUR).date().isoformat()
    plan = {"title": "陪老人读报", "kind": "ELDER", "day": day, "seats": "3"}
    hours = {"starts": "09:00", "ends": "11:00"}
    at, act = f"/desk/activities{team}", "/desk/activities/declare"
    answer = await pages.post(founder, at, act, **plan, **hours)
    done(answer, "陪老人读报")
    assert of_station not in answer.text, "it is the team's desk"
    for move in ("open", "start", "end"):
        done(await pages.post(founder, at, f"/desk/activities/{move}"), "已办好")
    number, day = await pages.number(whose), (world.clock.now() - 24 * HOUR).date().isoformat()
    sheet = f"volunteer,date,start,end,kind\n{number},{day},09:00,10:00,elder"
    roster = f"/desk/rosters{team}"
    (activity,) = [one.id for one in await activities_of(world.station) if one.team]
    told = {"sheet": sheet, "activity": activity}
    done(await pages.post(founder, roster, "/desk/rosters", **told), "已办好")
    refused(await pages.post(founder, f"/desk{team}", "/desk/confirm"))
    done(await pages.post(other, f"/desk{team}", "/desk/confirm"), "已办好")
    (record,) = await records_of(whose.id)
    assert (record.state, record.activity) == (RecordState.CONFIRMED, activity)


async def test_a_leader_s_desk_is_the_team_s_without_saying_so(world: World) -> None:
    leader = await world.officer(Role.TEAM_LEADER, f"{world.station_path}{world.team}/")
    team = await running(world, world.staff[Role.STATION_MANAGER])
    of_station = await world.activity()
    pages = Pages(world)
    for who, own in ((leader, [team]), (world.staff[Role.STATION_MANAGER], [team, of_station])):
        for query in ("", "?station=001"):
            async with await pages.client(who) as client:
                shown = (await client.get(f"/desk/activities{query}")).text
            assert "申报新活动" in shown
            assert [one for one in (team, of_station) if one in shown] == own

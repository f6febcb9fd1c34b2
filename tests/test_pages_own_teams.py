"""The desk of whoever works for a team alone: its leader's, and an organisation's for its own."""

import html
import re
from datetime import timedelta

import pytest

from tests.annual import team_tied
from tests.organising import registered
from tests.posting import Pages, done, refused
from tests.test_own_teams import appointed, running
from tests.world import World, found_station, key
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM
from timebank.clock import day_of
from timebank.hours import records_of
from timebank.places import station
from timebank.programme import activities_of
from timebank.record_life import RecordState
from timebank.teams import create_team

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


async def path_of(id: str) -> str:
    """The path of a station."""
    held = await station(id)
    assert held
    return held.path


def desks_in(shown: str) -> dict[str, bool]:
    """The desks that a page offers, by their addresses, and whether each is the one at hand."""
    offered = re.search(r'<nav class="tabs" aria-label="您的工作台">(.*?)</nav>', shown, re.DOTALL)
    links = re.findall(r'<a href="([^"]+)"( aria-current)?', offered[1] if offered else "")
    return {html.unescape(path): bool(here) for path, here in links}


async def test_whoever_has_two_desks_chooses_between_them_after_a_refusal_too(
    world: World,
) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    second = (await create_team(manager, station=world.station, name="银龄队", key=key())).team
    elsewhere = await found_station(world, number="002")
    leader = await world.officer(Role.TEAM_LEADER, f"{world.station_path}{world.team}/")
    for scope in (f"{world.station_path}{second}/", await path_of(elsewhere)):
        role = Role.TEAM_LEADER if second in scope else Role.STATION_CLERK
        await grant_role(SYSTEM, person=leader.id, role=role, scope=scope, key=key())
    over = await path_of(await found_station(world, number="003"))
    until = day_of(world.clock.now())
    await grant_role(
        SYSTEM, person=leader.id, role=Role.STATION_CLERK, scope=over, until=until, key=key()
    )
    world.clock.move(timedelta(days=1))

    def desks(path: str, at: int) -> dict[str, bool]:
        queries = (f"001&team={world.team}", f"001&team={second}", "002")
        return {f"{path}?station={one}": at == n for n, one in enumerate(queries)}

    pages, path = Pages(world), "/desk/activities"
    for page, query, at in (
        (path, "", 0),
        (path, f"?station=001&team={second}", 1),
        ("/desk/rosters", f"?station=001&team={second}", 1),
        ("/desk", "?station=002", 2),
    ):
        async with await pages.client(leader) as client:
            shown = (await client.get(f"{page}{query}")).text
        assert desks_in(shown) == desks(page, at)
        assert ("没有人签到" in shown) == (page == "/desk"), "no heading stands for itself"
    assert "银龄队" in shown
    day = (world.clock.now() + 24 * HOUR).date().isoformat()
    plan = {"title": "陪老人读报", "kind": "ELDER", "day": day, "seats": "3", "starts": "09:00"}
    at_second = f"{path}?station=001&team={second}"
    answer = await pages.post(leader, at_second, f"{path}/declare", **plan, ends="08:00")
    refused(answer)
    assert desks_in(answer.text) == desks(path, 1), "a form's own address is no page"
    done(await pages.post(leader, at_second, f"{path}/declare", **plan, ends="11:00"), "陪老人读报")
    assert [one.team for one in await activities_of(world.station)] == [second]
    async with await pages.client(manager) as client:
        assert desks_in((await client.get(path)).text) == {}, "with one there is nothing to choose"

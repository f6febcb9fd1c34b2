"""Teams: made and dissolved by their station's manager."""

import pytest

from tests.wire import act, ask
from tests.world import World, key
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.lifecycles import NotInThisState
from timebank.refusals import Forbidden, NotFound
from timebank.tables import find
from timebank.teams import (
    LIFECYCLE,
    Team,
    TeamState,
    create_team,
    dissolve_team,
    teams_by_id,
    teams_of,
)
from timebank.texts import TextMissing

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]


def test_every_state_of_a_team_is_listed_and_reached() -> None:
    reached = {state for moves in LIFECYCLE.values() for state in moves.values()}

    assert set(LIFECYCLE) == set(TeamState) == reached | {TeamState.ACTIVE}


async def test_a_team_lies_below_its_station(world: World) -> None:
    held = await find(Team, world.team)

    assert held
    assert held.path == f"{world.station_path}{world.team}/"
    assert await teams_of(world.station) == [held]
    assert await teams_by_id([world.team, "tea_none"]) == {world.team: held}


async def test_a_team_is_dissolved_once(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    await dissolve_team(manager, team=world.team, key=key())

    held = await find(Team, world.team)
    assert held
    assert held.state is TeamState.DISSOLVED
    with pytest.raises(NotInThisState):
        await dissolve_team(manager, team=world.team, key=key())


async def test_only_the_manager_of_the_station_has_to_do_with_its_teams(world: World) -> None:
    clerk = world.staff[Role.STATION_CLERK]

    with pytest.raises(Forbidden):
        await create_team(clerk, station=world.station, name="银龄队", key=key())
    with pytest.raises(Forbidden):
        await dissolve_team(clerk, team=world.team, key=key())


async def test_a_team_needs_a_station_and_a_name(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]

    with pytest.raises(NotFound):
        await create_team(manager, station="sta_none", name="银龄队", key=key())
    with pytest.raises(NotFound):
        await dissolve_team(manager, team="tea_none", key=key())
    with pytest.raises(TextMissing):
        await create_team(manager, station=world.station, name="  ", key=key())


async def test_teams_on_the_wire(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    asks = "team { id name state station { id } }"
    made = await act(world, manager, "createTeam", asks, station=world.station, name="银龄队")
    team = made["team"]
    assert team == {
        "id": team["id"],
        "name": "银龄队",
        "state": "ACTIVE",
        "station": {"id": world.station},
    }
    listed = "query($s: ID!) { teams(station: $s, last: 1) { nodes { id } } }"
    assert (await ask(world, PUBLIC, listed, s=world.station))["teams"]["nodes"] == [
        {"id": team["id"]}
    ]
    gone = await act(world, manager, "dissolveTeam", "team { state }", team=team["id"])
    assert gone["team"] == {"state": "DISSOLVED"}
    again = await act(world, manager, "dissolveTeam", "team { state }", team=team["id"])
    assert [error["code"] for error in again["userErrors"]] == ["NOT_IN_THIS_STATE"]

"""The teams of organisations: asked for, agreed to by the station, ended by either."""

from datetime import date

import pytest

from tests.annual import team_tied
from tests.organising import filing, registered
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.lifecycles import NotInThisState
from timebank.organisation_teams import (
    TeamTiedAlready,
    TieState,
    ask_for_team,
    teams_of_organisation,
    tie_team,
    ties_at,
    untie_team,
)
from timebank.organisations import OrganisationNotActive, organisations_by_id
from timebank.refusals import Forbidden, NotFound
from timebank.teams import dissolve_team

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]


async def test_a_team_belongs_to_one_organisation_when_both_sides_say_so(world: World) -> None:
    founder, other = await world.volunteer(), await world.volunteer()
    manager = world.staff[Role.STATION_MANAGER]
    first, second = await registered(world, founder), await registered(world, other)
    await ask_for_team(founder, organisation=first, team=world.team, key=key())
    with pytest.raises(TeamTiedAlready):
        await ask_for_team(other, organisation=second, team=world.team, key=key())
    with pytest.raises(Forbidden):
        await tie_team(founder, team=world.team, key=key())
    await tie_team(manager, team=world.team, key=key())
    (tie,) = await teams_of_organisation(first)
    assert (tie.state, tie.since, tie.until) == (TieState.STANDS, date(2026, 11, 20), None)
    with pytest.raises(NotInThisState):
        await tie_team(manager, team=world.team, key=key())
    with pytest.raises(NotFound):
        await untie_team(other, team=world.team, key=key())
    path = (await organisations_by_id([first]))[first].path
    for who, scope in ((founder, path), (manager, world.station_path)):
        assert [one.organisation for one in await ties_at(who, scope)] == [first]
    for who, scope in ((other, path), (founder, world.station_path), (manager, path)):
        assert await ties_at(who, scope) == []
    await untie_team(founder, team=world.team, key=key())
    assert await ties_at(founder, path) == []
    await team_tied(world, other, second)
    assert await teams_of_organisation(first) == []
    await untie_team(manager, team=world.team, key=key())
    (tie,) = await teams_of_organisation(second)
    assert (tie.state, tie.until) == (TieState.ENDED, date(2026, 11, 20))
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_only_what_stands_asks_for_a_team_that_works(world: World) -> None:
    founder = await world.volunteer()
    waiting, organisation = await filing(world, founder), await registered(world, founder)
    with pytest.raises(OrganisationNotActive):
        await ask_for_team(founder, organisation=waiting, team=world.team, key=key())
    for team in ("tea_none", world.team):
        if team == world.team:
            await dissolve_team(world.staff[Role.STATION_MANAGER], team=team, key=key())
        with pytest.raises(NotFound):
            await ask_for_team(founder, organisation=organisation, team=team, key=key())

"""Teams: the volunteer teams of a station (domain 5).

A team's path goes on from its station's, so a scope over the station covers its teams. Names are
texts with a commitment on the ledger.
"""

from enum import StrEnum
from typing import Unpack

import msgspec

from ledger.entry import Sealed
from timebank.access import SCOPES, Action, permit
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.places import Station, working_station
from timebank.projections import Rows, projects
from timebank.tables import Row, Where, find_many, page_by_id, table
from timebank.texts import keep_text


class TeamState(StrEnum):
    """The life of a team."""

    ACTIVE = "active"
    DISSOLVED = "dissolved"


# Events


class TeamCreated(Event, frozen=True, tag="team.created"):
    """A station has a new team."""

    team: str
    station: str
    name: str


class TeamDissolved(Event, frozen=True, tag="team.dissolved"):
    """A team works no more."""

    team: str


# Lifecycle

LIFECYCLE: Lifecycle[TeamState] = {
    TeamState.ACTIVE: {TeamDissolved: TeamState.DISSOLVED},
    TeamState.DISSOLVED: {},
}


# Tables and projectors


@table("team", index=[("station",)])
class Team(Row, frozen=True):
    """One team of a station; `path` ends with its own id."""

    id: str
    station: str
    path: str
    state: TeamState


SCOPES["tea"] = Team


@projects(TeamCreated)
def _team_created(rows: Rows, event: TeamCreated, entry: Sealed) -> None:
    station = rows.there(Station, event.station)
    path = f"{station.path}{event.team}/"
    rows.put(Team(id=event.team, station=event.station, path=path, state=TeamState.ACTIVE))


@projects(TeamDissolved)
def _team_dissolved(rows: Rows, event: TeamDissolved, entry: Sealed) -> None:
    team = rows.there(Team, event.team)
    state = step(LIFECYCLE, team.state, TeamDissolved)
    rows.put(msgspec.structs.replace(team, state=state))


# Commands


class Teamed(Answer, frozen=True, kw_only=True):
    """The team that was made or dissolved."""

    team: str


async def create_team(actor: Actor, *, station: str, name: str, key: RequestKey) -> Teamed:
    """Give a working station a team. Refuses: NotFound, StationNotActive, TextMissing."""

    def work(batch: Batch) -> Teamed:
        permit(batch, Action.MANAGE_TEAM, batch.need(Station, station, "station").path)
        working_station(batch, station)
        team = new("tea")
        told = keep_text(batch, team, "name", name, most=60)
        entry = batch.record(TeamCreated(team=team, station=station, name=told))
        return Teamed(entry=entry.seq, team=team)

    return await write(actor, key, work, answer=Teamed, needs=[(Station, station)])


async def dissolve_team(actor: Actor, *, team: str, key: RequestKey) -> Teamed:
    """End a team. Refuses: NotFound, NotInThisState."""

    def work(batch: Batch) -> Teamed:
        held = batch.need(Team, team, "team")
        permit(batch, Action.MANAGE_TEAM, held.path)
        step(LIFECYCLE, held.state, TeamDissolved)
        return Teamed(entry=batch.record(TeamDissolved(team=team)).seq, team=team)

    return await write(actor, key, work, answer=Teamed, needs=[(Team, team)])


# Reads


async def teams_by_id(ids: list[str]) -> dict[str, Team]:
    """Teams by their ids, in one statement."""
    found = await find_many(Team, ids)
    return {str(id): row for id, row in found.items()}


async def teams_of(station: str, **where: Unpack[Where]) -> list[Team]:
    """The teams of a station, strictly between two ids, in their order or from the end."""
    return await page_by_id(Team, where, station=station)

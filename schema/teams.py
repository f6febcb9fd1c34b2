"""Teams on the wire: public to see, made and dissolved by their station's manager."""

from collections.abc import Sequence
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.places import Station, read_stations
from schema.refusal import Info, Payload, mutation
from schema.texts import texts
from timebank import teams
from timebank.teams import TeamState

show_enum(TeamState, "The life of a team.", active="It serves.", dissolved="It serves no more.")

TEAMS = Listing("teams", str)
StationId = Annotated[ID, strawberry.argument(description="The station whose they are.")]


@strawberry.type(description="A volunteer team of a station.")
class Team(Node):
    state: TeamState = strawberry.field(description="Whether it serves.")
    path: str = strawberry.field(description="The scope that covers it.")
    belongs: strawberry.Private[str]

    @field
    async def name(self, info: Info) -> str:
        """Its name."""
        return await info.context.loaders.load(texts("name"), str(self.id)) or ""

    @field
    async def station(self, info: Info) -> Station | None:
        """The station that it belongs to."""
        return await info.context.loaders.load(read_stations, self.belongs)

    @classmethod
    def of(cls, held: teams.Team) -> "Team":
        """A team as it is shown."""
        return cls(id=ID(held.id), state=held.state, path=held.path, belongs=held.station)


async def read_teams(context: Context, ids: Sequence[str]) -> dict[str, Team]:
    """Teams, for the loader."""
    found = await teams.teams_by_id(list(ids))
    return {id: Team.of(held) for id, held in found.items()}


answers_for("tea", read_teams)


@strawberry.type
class Query:
    @paged
    async def teams(
        self,
        page: Page,
        station: StationId,
    ) -> Connection[Team]:
        """The teams of a station, oldest first."""
        return await page.of(TEAMS, teams.teams_of, station, node=Team.of)


@strawberry.input
class CreateTeamInput(Input):
    station: ID = strawberry.field(description="The station that it belongs to.")
    name: str = strawberry.field(description="Its name, at most 60 characters.")


@strawberry.type
class CreateTeamPayload(Payload):
    team: Team | None = strawberry.field(default=None, description="The new team.")


@strawberry.input
class DissolveTeamInput(Input):
    team: ID = strawberry.field(description="The team that serves no more.")


@strawberry.type
class DissolveTeamPayload(Payload):
    team: Team | None = strawberry.field(default=None, description="The team.")


@strawberry.type
class Mutation:
    @mutation(CreateTeamPayload)
    async def create_team(self, info: Info, input: CreateTeamInput) -> CreateTeamPayload:
        """Give your station a team."""
        answer = await teams.create_team(
            info.context.actor,
            station=input.station,
            name=input.name,
            key=info.context.key(input),
        )
        found = await read_teams(info.context, [answer.team])
        return CreateTeamPayload.of(answer, team=found.get(answer.team))

    @mutation(DissolveTeamPayload)
    async def dissolve_team(self, info: Info, input: DissolveTeamInput) -> DissolveTeamPayload:
        """End a team of your station."""
        answer = await teams.dissolve_team(
            info.context.actor, team=input.team, key=info.context.key(input)
        )
        found = await read_teams(info.context, [answer.team])
        return DissolveTeamPayload.of(answer, team=found.get(answer.team))

"""The teams of organisations on the wire: asked for, agreed to by the station, ended."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.organisations import Organisation, read_organisations
from schema.refusal import Info, Payload, mutation
from schema.teams import Team, read_teams
from timebank import organisation_teams
from timebank.organisation_teams import TieState

show_enum(
    TieState,
    "Whether a team is an organisation's.",
    asked="The organisation says so; the team's station has not agreed yet.",
    stands="The station agreed.",
    ended="It was ended, or the station did not agree.",
)


@strawberry.type(description="That a team is an organisation's, or is said to be.")
class TeamTie:
    state: TieState = strawberry.field(description="Whether its station agreed.")
    since: date | None = strawberry.field(description="Since when it stands.")
    whose: strawberry.Private[tuple[str, str]]

    @field
    async def team(self, info: Info) -> Team | None:
        """The team."""
        return await info.context.loaders.load(read_teams, self.whose[0])

    @field
    async def organisation(self, info: Info) -> Organisation | None:
        """The organisation."""
        return await info.context.loaders.load(read_organisations, self.whose[1])

    @classmethod
    def of(cls, held: organisation_teams.OrganisationTeam) -> "TeamTie":
        """A tie as it is shown."""
        return cls(state=held.state, since=held.since, whose=(held.team, held.organisation))


@strawberry.type
class Query:
    @field
    async def team_ties(
        self,
        info: Info,
        scope: Annotated[
            str, strawberry.argument(description="The path of an organisation or a station.")
        ],
    ) -> list[TeamTie]:
        """The teams that are an organisation's, or are asked for: for it, and for their station."""
        ties = await organisation_teams.ties_at(info.context.actor, scope)
        return [TeamTie.of(held) for held in ties]


@strawberry.input
class AskForTeamInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    team: ID = strawberry.field(description="Which team.")


@strawberry.type
class AskForTeamPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class TieTeamInput(Input):
    team: ID = strawberry.field(description="Which team.")


@strawberry.type
class TieTeamPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class UntieTeamInput(Input):
    team: ID = strawberry.field(description="Which team.")


@strawberry.type
class UntieTeamPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


_shown = anew(read_organisations)


@strawberry.type
class Mutation:
    @mutation(AskForTeamPayload)
    async def ask_for_team(self, info: Info, input: AskForTeamInput) -> AskForTeamPayload:
        """Say that a team is your organisation's; its station has to agree."""
        answer = await organisation_teams.ask_for_team(
            info.context.actor,
            organisation=input.organisation,
            team=input.team,
            key=info.context.key(input),
        )
        return AskForTeamPayload.of(answer, organisation=await _shown(info, answer.organisation))

    @mutation(TieTeamPayload)
    async def tie_team(self, info: Info, input: TieTeamInput) -> TieTeamPayload:
        """Agree, as the team's station, that it is an organisation's."""
        answer = await organisation_teams.tie_team(
            info.context.actor, team=input.team, key=info.context.key(input)
        )
        return TieTeamPayload.of(answer, organisation=await _shown(info, answer.organisation))

    @mutation(UntieTeamPayload)
    async def untie_team(self, info: Info, input: UntieTeamInput) -> UntieTeamPayload:
        """End that a team is an organisation's."""
        answer = await organisation_teams.untie_team(
            info.context.actor, team=input.team, key=info.context.key(input)
        )
        return UntieTeamPayload.of(answer, organisation=await _shown(info, answer.organisation))

"""The teams of organisations on the wire: asked for, agreed to by the station, ended."""

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.organisations import Organisation, read_organisations
from schema.refusal import Info, Payload, mutation
from timebank import organisation_teams


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

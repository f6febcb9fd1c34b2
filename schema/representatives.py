"""Representatives on the wire: appointed and dismissed by those who stand for an organisation."""

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.organisations import Organisation, read_organisations
from schema.refusal import Info, Payload, mutation
from timebank import representatives
from timebank.access import Role


@strawberry.input
class AppointRepresentativeInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    number: str = strawberry.field(description="Their volunteer number.")
    role: Role = strawberry.field(description="For papers or for money.")


@strawberry.type
class AppointRepresentativePayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class DismissRepresentativeInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    grant: ID = strawberry.field(description="Which role.")


@strawberry.type
class DismissRepresentativePayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


_shown = anew(read_organisations)


@strawberry.type
class Mutation:
    @mutation(AppointRepresentativePayload)
    async def appoint_representative(
        self, info: Info, input: AppointRepresentativeInput
    ) -> AppointRepresentativePayload:
        """Let somebody act for your organisation."""
        answer = await representatives.appoint_representative(
            info.context.actor,
            organisation=input.organisation,
            number=input.number,
            role=input.role,
            key=info.context.key(input),
        )
        return AppointRepresentativePayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(DismissRepresentativePayload)
    async def dismiss_representative(
        self, info: Info, input: DismissRepresentativeInput
    ) -> DismissRepresentativePayload:
        """End somebody's role over your organisation."""
        answer = await representatives.dismiss_representative(
            info.context.actor,
            organisation=input.organisation,
            grant=input.grant,
            key=info.context.key(input),
        )
        return DismissRepresentativePayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

"""Filings of community organisations on the wire: asked for, and decided by the street."""

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.organisations import Organisation, read_organisations
from schema.refusal import Info, Payload, mutation
from timebank import community_filings
from timebank.organisation_life import RegistrationRefuseReason


@strawberry.input
class AskFilingInput(Input):
    area: ID = strawberry.field(
        description="The street, community or village it is at home in, by code."
    )
    name: str = strawberry.field(description="The name, at most 60 characters.")
    founders: int = strawberry.field(description="How many founded it.")
    members: int = strawberry.field(description="How many members it has, founders too.")


@strawberry.type
class AskFilingPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class FileOrganisationInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")


@strawberry.type
class FileOrganisationPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class RefuseFilingInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    reasons: list[RegistrationRefuseReason] = strawberry.field(
        description="Why, at least one reason."
    )


@strawberry.type
class RefuseFilingPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


_shown = anew(read_organisations)


@strawberry.type
class Mutation:
    @mutation(AskFilingPayload)
    async def ask_filing(self, info: Info, input: AskFilingInput) -> AskFilingPayload:
        """Ask your street to file a community organisation."""
        answer = await community_filings.ask_filing(
            info.context.actor,
            area=input.area,
            name=input.name,
            founders=input.founders,
            members=input.members,
            key=info.context.key(input),
        )
        return AskFilingPayload.of(answer, organisation=await _shown(info, answer.organisation))

    @mutation(FileOrganisationPayload)
    async def file_organisation(
        self, info: Info, input: FileOrganisationInput
    ) -> FileOrganisationPayload:
        """File a community organisation, as its street."""
        answer = await community_filings.file_organisation(
            info.context.actor, organisation=input.organisation, key=info.context.key(input)
        )
        return FileOrganisationPayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(RefuseFilingPayload)
    async def refuse_filing(self, info: Info, input: RefuseFilingInput) -> RefuseFilingPayload:
        """Not file it, for reasons."""
        answer = await community_filings.refuse_filing(
            info.context.actor,
            organisation=input.organisation,
            reasons=input.reasons,
            key=info.context.key(input),
        )
        return RefuseFilingPayload.of(answer, organisation=await _shown(info, answer.organisation))

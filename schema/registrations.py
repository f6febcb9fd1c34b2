"""Registrations on the wire: what a founder asks for and hands in."""

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.organisations import Organisation, read_organisations
from schema.refusal import Info, Payload, mutation
from schema.scalars import Fen
from timebank import registrations
from timebank.organisation_life import DirectKind, LegalForm


@strawberry.input
class AskOrganisationNameInput(Input):
    form: LegalForm = strawberry.field(description="The legal form.")
    area: ID = strawberry.field(description="The area it will sit in, by code.")
    name: str = strawberry.field(description="The name, at most 60 characters.")
    direct: DirectKind | None = strawberry.field(
        default=None, description="The kind that needs no supervising unit."
    )
    supervisor: ID | None = strawberry.field(default=None, description="Else the supervising unit.")
    grown_from: ID | None = strawberry.field(
        default=None, description="The filed organisation that becomes this one."
    )


@strawberry.type
class AskOrganisationNamePayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class ApplyForRegistrationInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    persons: int = strawberry.field(description="How many persons are members.")
    units: int = strawberry.field(description="How many units are members.")
    funds_fen: Fen = strawberry.field(description="What it is founded with.")
    purpose: str = strawberry.field(description="What it is for, at most 2,000 characters.")
    address: str = strawberry.field(description="Where it sits, at most 200 characters.")


@strawberry.type
class ApplyForRegistrationPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class WithdrawApplicationInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")


@strawberry.type
class WithdrawApplicationPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class ConsentToOrganisationInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")


@strawberry.type
class ConsentToOrganisationPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


_shown = anew(read_organisations)


@strawberry.type
class Mutation:
    @mutation(AskOrganisationNamePayload)
    async def ask_organisation_name(
        self, info: Info, input: AskOrganisationNameInput
    ) -> AskOrganisationNamePayload:
        """Ask for a name, as a founder: the first step to a registration."""
        answer = await registrations.ask_organisation_name(
            info.context.actor,
            form=input.form,
            area=input.area,
            name=input.name,
            direct=input.direct,
            supervisor=input.supervisor,
            grown_from=input.grown_from,
            key=info.context.key(input),
        )
        return AskOrganisationNamePayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(ApplyForRegistrationPayload)
    async def apply_for_registration(
        self, info: Info, input: ApplyForRegistrationInput
    ) -> ApplyForRegistrationPayload:
        """Hand in the whole application."""
        answer = await registrations.apply_for_registration(
            info.context.actor,
            organisation=input.organisation,
            persons=input.persons,
            units=input.units,
            funds_fen=input.funds_fen,
            purpose=input.purpose,
            address=input.address,
            key=info.context.key(input),
        )
        return ApplyForRegistrationPayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(WithdrawApplicationPayload)
    async def withdraw_application(
        self, info: Info, input: WithdrawApplicationInput
    ) -> WithdrawApplicationPayload:
        """Take your application back."""
        answer = await registrations.withdraw_application(
            info.context.actor, organisation=input.organisation, key=info.context.key(input)
        )
        return WithdrawApplicationPayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(ConsentToOrganisationPayload)
    async def consent_to_organisation(
        self, info: Info, input: ConsentToOrganisationInput
    ) -> ConsentToOrganisationPayload:
        """Consent to an organisation, as its supervising unit."""
        answer = await registrations.consent_to_organisation(
            info.context.actor, organisation=input.organisation, key=info.context.key(input)
        )
        return ConsentToOrganisationPayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

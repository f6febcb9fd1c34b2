"""Rulings on registrations on the wire: by registrars."""

from datetime import date

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.enums import show_enum
from schema.organisations import Organisation, read_organisations
from schema.refusal import Info, Payload, mutation
from timebank import registration_rulings
from timebank.organisation_life import (
    DirectKind,
    LegalForm,
    NameRefuseReason,
    RegistrationCheck,
    RegistrationRefuseReason,
)

show_enum(
    NameRefuseReason,
    "Why a name is not allowed.",
    taken="Another organisation has it.",
    misleading="It misleads.",
    against_the_law="It is against the law.",
    form_not_named="It does not say the legal form.",
    place_not_named="It does not say the place.",
)
show_enum(
    RegistrationRefuseReason,
    "Why an organisation is not registered, or not filed.",
    conditions_not_met="It does not meet the conditions of its form.",
    purpose_unlawful="Its purpose is against the law.",
    already_served="Another organisation serves the purpose.",
    false_papers="Its papers are false.",
    founder_barred="A founder may not found one.",
)


@strawberry.input
class ApproveOrganisationNameInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")


@strawberry.type
class ApproveOrganisationNamePayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class RefuseOrganisationNameInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    reasons: list[NameRefuseReason] = strawberry.field(description="Why, at least one reason.")


@strawberry.type
class RefuseOrganisationNamePayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class CheckRegistrationInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    check: RegistrationCheck = strawberry.field(description="Which condition.")
    passed: bool = strawberry.field(description="Whether it is met.")


@strawberry.type
class CheckRegistrationPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class RegisterOrganisationInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    code: str = strawberry.field(description="Its unified social credit code.")
    representative: str = strawberry.field(
        description="The volunteer number of the legal representative."
    )


@strawberry.type
class RegisterOrganisationPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class RefuseRegistrationInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    reasons: list[RegistrationRefuseReason] = strawberry.field(
        description="Why, at least one reason."
    )
    words: str = strawberry.field(
        description="What the founder is to know, at most 2,000 characters."
    )


@strawberry.type
class RefuseRegistrationPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class EnterOrganisationInput(Input):
    form: LegalForm = strawberry.field(description="The legal form.")
    area: ID = strawberry.field(description="The area it sits in, by code.")
    name: str = strawberry.field(description="The name, at most 60 characters.")
    code: str = strawberry.field(description="Its unified social credit code.")
    representative: str = strawberry.field(
        description="The volunteer number of the legal representative."
    )
    registered_on: date = strawberry.field(description="The day it was registered.")
    direct: DirectKind | None = strawberry.field(
        default=None, description="The kind that needs no supervising unit."
    )
    supervisor: ID | None = strawberry.field(default=None, description="Else the supervising unit.")


@strawberry.type
class EnterOrganisationPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


_shown = anew(read_organisations)


@strawberry.type
class Mutation:
    @mutation(ApproveOrganisationNamePayload)
    async def approve_organisation_name(
        self, info: Info, input: ApproveOrganisationNameInput
    ) -> ApproveOrganisationNamePayload:
        """Keep a name for its founder, for some months."""
        answer = await registration_rulings.approve_organisation_name(
            info.context.actor, organisation=input.organisation, key=info.context.key(input)
        )
        return ApproveOrganisationNamePayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(RefuseOrganisationNamePayload)
    async def refuse_organisation_name(
        self, info: Info, input: RefuseOrganisationNameInput
    ) -> RefuseOrganisationNamePayload:
        """Refuse a name, for reasons."""
        answer = await registration_rulings.refuse_organisation_name(
            info.context.actor,
            organisation=input.organisation,
            reasons=input.reasons,
            key=info.context.key(input),
        )
        return RefuseOrganisationNamePayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(CheckRegistrationPayload)
    async def check_registration(
        self, info: Info, input: CheckRegistrationInput
    ) -> CheckRegistrationPayload:
        """Note that a condition was looked at."""
        answer = await registration_rulings.check_registration(
            info.context.actor,
            organisation=input.organisation,
            check=input.check,
            passed=input.passed,
            key=info.context.key(input),
        )
        return CheckRegistrationPayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(RegisterOrganisationPayload)
    async def register_organisation(
        self, info: Info, input: RegisterOrganisationInput
    ) -> RegisterOrganisationPayload:
        """Register an organisation whose conditions are all met."""
        answer = await registration_rulings.register_organisation(
            info.context.actor,
            organisation=input.organisation,
            code=input.code,
            representative=input.representative,
            key=info.context.key(input),
        )
        return RegisterOrganisationPayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(RefuseRegistrationPayload)
    async def refuse_registration(
        self, info: Info, input: RefuseRegistrationInput
    ) -> RefuseRegistrationPayload:
        """Refuse an application, for reasons."""
        answer = await registration_rulings.refuse_registration(
            info.context.actor,
            organisation=input.organisation,
            reasons=input.reasons,
            words=input.words,
            key=info.context.key(input),
        )
        return RefuseRegistrationPayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(EnterOrganisationPayload)
    async def enter_organisation(
        self, info: Info, input: EnterOrganisationInput
    ) -> EnterOrganisationPayload:
        """Enter an organisation that was registered before, or by the province or ministry."""
        answer = await registration_rulings.enter_organisation(
            info.context.actor,
            form=input.form,
            area=input.area,
            name=input.name,
            code=input.code,
            representative=input.representative,
            registered_on=input.registered_on,
            direct=input.direct,
            supervisor=input.supervisor,
            key=info.context.key(input),
        )
        return EnterOrganisationPayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

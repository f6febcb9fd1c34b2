"""Lists and endings on the wire: abnormal cases, liquidation, revocation."""

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.enums import show_enum
from schema.organisations import Organisation, read_organisations
from schema.refusal import Info, Payload, mutation
from timebank import organisation_endings
from timebank.organisation_life import AbnormalReason, EndReason, RevokeReason

show_enum(
    EndReason,
    "Why an organisation dissolves.",
    purpose_reached="Its purpose is reached.",
    decided="It decided so.",
    merged="It merged with another.",
    cannot_go_on="It cannot go on.",
)
show_enum(
    RevokeReason,
    "Why a registration is taken away.",
    got_by_deceit="It was got by deceit.",
    unlawful_activity="What it does is against the law.",
    money_misused="It misused money.",
    no_activity="It does nothing.",
)


@strawberry.input
class ListAbnormalInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    reason: AbnormalReason = strawberry.field(description="Why.")


@strawberry.type
class ListAbnormalPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class ClearAbnormalInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")


@strawberry.type
class ClearAbnormalPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class RevokeOrganisationInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    reason: RevokeReason = strawberry.field(description="Why.")


@strawberry.type
class RevokeOrganisationPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class DeregisterOrganisationInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")


@strawberry.type
class DeregisterOrganisationPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class DissolveOrganisationInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")
    reason: EndReason = strawberry.field(description="Why.")


@strawberry.type
class DissolveOrganisationPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


@strawberry.input
class EndLiquidationInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")


@strawberry.type
class EndLiquidationPayload(Payload):
    organisation: Organisation | None = strawberry.field(
        default=None, description="The organisation."
    )


_shown = anew(read_organisations)


@strawberry.type
class Mutation:
    @mutation(ListAbnormalPayload)
    async def list_abnormal(self, info: Info, input: ListAbnormalInput) -> ListAbnormalPayload:
        """Put an organisation on the abnormal list."""
        answer = await organisation_endings.list_abnormal(
            info.context.actor,
            organisation=input.organisation,
            reason=input.reason,
            key=info.context.key(input),
        )
        return ListAbnormalPayload.of(answer, organisation=await _shown(info, answer.organisation))

    @mutation(ClearAbnormalPayload)
    async def clear_abnormal(self, info: Info, input: ClearAbnormalInput) -> ClearAbnormalPayload:
        """Take an organisation off the abnormal list."""
        answer = await organisation_endings.clear_abnormal(
            info.context.actor, organisation=input.organisation, key=info.context.key(input)
        )
        return ClearAbnormalPayload.of(answer, organisation=await _shown(info, answer.organisation))

    @mutation(RevokeOrganisationPayload)
    async def revoke_organisation(
        self, info: Info, input: RevokeOrganisationInput
    ) -> RevokeOrganisationPayload:
        """Take a registration away."""
        answer = await organisation_endings.revoke_organisation(
            info.context.actor,
            organisation=input.organisation,
            reason=input.reason,
            key=info.context.key(input),
        )
        return RevokeOrganisationPayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(DeregisterOrganisationPayload)
    async def deregister_organisation(
        self, info: Info, input: DeregisterOrganisationInput
    ) -> DeregisterOrganisationPayload:
        """Strike out an organisation that has wound up."""
        answer = await organisation_endings.deregister_organisation(
            info.context.actor, organisation=input.organisation, key=info.context.key(input)
        )
        return DeregisterOrganisationPayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(DissolveOrganisationPayload)
    async def dissolve_organisation(
        self, info: Info, input: DissolveOrganisationInput
    ) -> DissolveOrganisationPayload:
        """Begin to wind up your organisation."""
        answer = await organisation_endings.dissolve_organisation(
            info.context.actor,
            organisation=input.organisation,
            reason=input.reason,
            key=info.context.key(input),
        )
        return DissolveOrganisationPayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

    @mutation(EndLiquidationPayload)
    async def end_liquidation(
        self, info: Info, input: EndLiquidationInput
    ) -> EndLiquidationPayload:
        """Say that your organisation has wound up."""
        answer = await organisation_endings.end_liquidation(
            info.context.actor, organisation=input.organisation, key=info.context.key(input)
        )
        return EndLiquidationPayload.of(
            answer, organisation=await _shown(info, answer.organisation)
        )

"""FundGrant awards on the wire: promised, contracted, audited, stopped, asked back, closed."""

from datetime import date

import strawberry
from strawberry import ID

from schema.context import Input
from schema.enums import show_enum
from schema.funding.grants import FundGrant, shown
from schema.refusal import Info, Payload, mutation
from timebank.funding import grant_awards
from timebank.funding.grant_life import GrantStopReason

show_enum(
    GrantStopReason,
    "Why a grant is stopped.",
    not_put_right="What was wrong was not put right.",
    money_misused="Money was misused.",
    hours_false="Hours were false.",
    organisation_ended="The organisation ended.",
)


@strawberry.input
class AwardGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")


@strawberry.type
class AwardGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class ContractGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")
    contract: str = strawberry.field(description="Its SHA-256 in small letters.")
    final_due: date | None = strawberry.field(
        default=None, description="Last day for the final report; else the money's own last day."
    )


@strawberry.type
class ContractGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class BeginGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")


@strawberry.type
class BeginGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class AuditGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")
    audit: str = strawberry.field(description="Its SHA-256 in small letters.")


@strawberry.type
class AuditGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class CloseGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")


@strawberry.type
class CloseGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class StopGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")
    reason: GrantStopReason = strawberry.field(description="Why.")


@strawberry.type
class StopGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class RecoverGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")


@strawberry.type
class RecoverGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class EndRecoveryInput(Input):
    grant: ID = strawberry.field(description="Which grant.")


@strawberry.type
class EndRecoveryPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.type
class Mutation:
    @mutation(AwardGrantPayload)
    async def award_grant(self, info: Info, input: AwardGrantInput) -> AwardGrantPayload:
        """Promise the money and plan its parts."""
        answer = await grant_awards.award_grant(
            info.context.actor,
            grant=str(input.grant),
            key=info.context.key(input),
        )
        return AwardGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(ContractGrantPayload)
    async def contract_grant(self, info: Info, input: ContractGrantInput) -> ContractGrantPayload:
        """Note the signed contract."""
        answer = await grant_awards.contract_grant(
            info.context.actor,
            grant=str(input.grant),
            contract=input.contract,
            final_due=input.final_due,
            key=info.context.key(input),
        )
        return ContractGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(BeginGrantPayload)
    async def begin_grant(self, info: Info, input: BeginGrantInput) -> BeginGrantPayload:
        """Begin the work."""
        answer = await grant_awards.begin_grant(
            info.context.actor,
            grant=str(input.grant),
            key=info.context.key(input),
        )
        return BeginGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(AuditGrantPayload)
    async def audit_grant(self, info: Info, input: AuditGrantInput) -> AuditGrantPayload:
        """Take in the audit of the accounts."""
        answer = await grant_awards.audit_grant(
            info.context.actor,
            grant=str(input.grant),
            audit=input.audit,
            key=info.context.key(input),
        )
        return AuditGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(CloseGrantPayload)
    async def close_grant(self, info: Info, input: CloseGrantInput) -> CloseGrantPayload:
        """End a grant whose every fen is accounted for."""
        answer = await grant_awards.close_grant(
            info.context.actor,
            grant=str(input.grant),
            key=info.context.key(input),
        )
        return CloseGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(StopGrantPayload)
    async def stop_grant(self, info: Info, input: StopGrantInput) -> StopGrantPayload:
        """Stop a grant."""
        answer = await grant_awards.stop_grant(
            info.context.actor,
            grant=str(input.grant),
            reason=input.reason,
            key=info.context.key(input),
        )
        return StopGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(RecoverGrantPayload)
    async def recover_grant(self, info: Info, input: RecoverGrantInput) -> RecoverGrantPayload:
        """Ask back what was paid, and bar the organisation."""
        answer = await grant_awards.recover_grant(
            info.context.actor,
            grant=str(input.grant),
            key=info.context.key(input),
        )
        return RecoverGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(EndRecoveryPayload)
    async def end_recovery(self, info: Info, input: EndRecoveryInput) -> EndRecoveryPayload:
        """Say that what was asked back is back."""
        answer = await grant_awards.end_recovery(
            info.context.actor,
            grant=str(input.grant),
            key=info.context.key(input),
        )
        return EndRecoveryPayload.of(answer, grant=await shown(info, answer))

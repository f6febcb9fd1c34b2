"""FundGrant reports on the wire: handed in by organisations, accepted by officers."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.funding.grants import FundGrant, shown
from schema.refusal import Info, Payload, mutation
from timebank.funding import grant_reports


@strawberry.input
class ReportGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")
    text: str = strawberry.field(description="Your words, at most 2,000 characters.")


@strawberry.type
class ReportGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class RuleOnMidtermInput(Input):
    grant: ID = strawberry.field(description="Which grant.")
    accept: bool = strawberry.field(description="Whether it is accepted.")


@strawberry.type
class RuleOnMidtermPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class AcceptGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")


@strawberry.type
class AcceptGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.type
class Mutation:
    @mutation(ReportGrantPayload)
    async def report_grant(self, info: Info, input: ReportGrantInput) -> ReportGrantPayload:
        """Hand in the report that is due."""
        answer = await grant_reports.report_grant(
            info.context.actor,
            grant=str(input.grant),
            text=input.text,
            key=info.context.key(input),
        )
        return ReportGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(RuleOnMidtermPayload)
    async def rule_on_midterm(self, info: Info, input: RuleOnMidtermInput) -> RuleOnMidtermPayload:
        """Accept the mid-term report, or have it put right."""
        answer = await grant_reports.rule_on_midterm(
            info.context.actor,
            grant=str(input.grant),
            accept=input.accept,
            key=info.context.key(input),
        )
        return RuleOnMidtermPayload.of(answer, grant=await shown(info, answer))

    @mutation(AcceptGrantPayload)
    async def accept_grant(self, info: Info, input: AcceptGrantInput) -> AcceptGrantPayload:
        """Accept the final report and so the work."""
        answer = await grant_reports.accept_grant(
            info.context.actor,
            grant=str(input.grant),
            key=info.context.key(input),
        )
        return AcceptGrantPayload.of(answer, grant=await shown(info, answer))

"""Applications on the wire: drafted, changed, handed in and withdrawn by organisations."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.funding.grants import FundGrant, shown
from schema.refusal import Info, Payload, mutation
from schema.scalars import Fen
from timebank.funding import applications
from timebank.funding.purposes import ExpenseItem


@strawberry.input(description="A line of a budget.")
class BudgetLineInput:
    item: ExpenseItem = strawberry.field(description="What is to be bought.")
    fen: Fen = strawberry.field(description="For how much.")


@strawberry.input
class DraftGrantInput(Input):
    call: ID = strawberry.field(description="Which call.")
    organisation: ID = strawberry.field(description="Which organisation.")
    fen: Fen = strawberry.field(description="How much it asks for.")
    budget: list[BudgetLineInput] = strawberry.field(description="What every fen is for.")
    plan: str = strawberry.field(description="What is to be done, at most 2,000 characters.")
    least_minutes: int = strawberry.field(
        default=0, description="The accepted service it promises."
    )


@strawberry.type
class DraftGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class ReviseGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")
    fen: Fen = strawberry.field(description="How much it asks for.")
    budget: list[BudgetLineInput] = strawberry.field(description="What every fen is for.")
    plan: str = strawberry.field(description="What is to be done, at most 2,000 characters.")
    least_minutes: int = strawberry.field(
        default=0, description="The accepted service it promises."
    )


@strawberry.type
class ReviseGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class SubmitGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")


@strawberry.type
class SubmitGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class WithdrawGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")


@strawberry.type
class WithdrawGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.type
class Mutation:
    @mutation(DraftGrantPayload)
    async def draft_grant(self, info: Info, input: DraftGrantInput) -> DraftGrantPayload:
        """Begin an application of an organisation that you stand for."""
        answer = await applications.draft_grant(
            info.context.actor,
            call=str(input.call),
            organisation=str(input.organisation),
            fen=input.fen,
            budget=tuple((line.item, int(line.fen)) for line in input.budget),
            plan=input.plan,
            least_minutes=input.least_minutes,
            key=info.context.key(input),
        )
        return DraftGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(ReviseGrantPayload)
    async def revise_grant(self, info: Info, input: ReviseGrantInput) -> ReviseGrantPayload:
        """Change a draft."""
        answer = await applications.revise_grant(
            info.context.actor,
            grant=str(input.grant),
            fen=input.fen,
            budget=tuple((line.item, int(line.fen)) for line in input.budget),
            plan=input.plan,
            least_minutes=input.least_minutes,
            key=info.context.key(input),
        )
        return ReviseGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(SubmitGrantPayload)
    async def submit_grant(self, info: Info, input: SubmitGrantInput) -> SubmitGrantPayload:
        """Hand an application in."""
        answer = await applications.submit_grant(
            info.context.actor,
            grant=str(input.grant),
            key=info.context.key(input),
        )
        return SubmitGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(WithdrawGrantPayload)
    async def withdraw_grant(self, info: Info, input: WithdrawGrantInput) -> WithdrawGrantPayload:
        """Take an application back before the shortlist."""
        answer = await applications.withdraw_grant(
            info.context.actor,
            grant=str(input.grant),
            key=info.context.key(input),
        )
        return WithdrawGrantPayload.of(answer, grant=await shown(info, answer))

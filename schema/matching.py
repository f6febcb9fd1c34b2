"""Matching on the wire: taking an order for help, and giving it back."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.help_orders import HelpOrder, show_help
from schema.refusal import Info, Payload, mutation
from timebank import matching


@strawberry.input
class ClaimHelpInput(Input):
    order: ID = strawberry.field(description="Which order.")


@strawberry.type
class ClaimHelpPayload(Payload):
    order: HelpOrder | None = strawberry.field(default=None, description="The order, yours.")


@strawberry.input
class MatchHelpInput(Input):
    order: ID = strawberry.field(description="Which order.")
    helper: str = strawberry.field(description="The volunteer number of who agreed to come.")


@strawberry.type
class MatchHelpPayload(Payload):
    order: HelpOrder | None = strawberry.field(default=None, description="The order, matched.")


@strawberry.input
class WithdrawFromHelpInput(Input):
    order: ID = strawberry.field(description="Which order.")


@strawberry.type
class WithdrawFromHelpPayload(Payload):
    order: HelpOrder | None = strawberry.field(
        default=None, description="The order, if you may still see it."
    )


@strawberry.type
class Mutation:
    @mutation(ClaimHelpPayload)
    async def claim_help(self, info: Info, input: ClaimHelpInput) -> ClaimHelpPayload:
        """Take an order for help in your street."""
        answer = await matching.claim_help(
            info.context.actor, order=input.order, key=info.context.key(input)
        )
        return ClaimHelpPayload.of(answer, order=await show_help(info, answer.order))

    @mutation(MatchHelpPayload)
    async def match_help(self, info: Info, input: MatchHelpInput) -> MatchHelpPayload:
        """Write down who agreed to come, at the desk of the order's station or street."""
        answer = await matching.match_help(
            info.context.actor,
            order=input.order,
            helper=input.helper,
            key=info.context.key(input),
        )
        return MatchHelpPayload.of(answer, order=await show_help(info, answer.order))

    @mutation(WithdrawFromHelpPayload)
    async def withdraw_from_help(
        self, info: Info, input: WithdrawFromHelpInput
    ) -> WithdrawFromHelpPayload:
        """Give back an order you have taken, before it begins; it waits for another helper."""
        answer = await matching.withdraw_from_help(
            info.context.actor, order=input.order, key=info.context.key(input)
        )
        return WithdrawFromHelpPayload.of(answer, order=await show_help(info, answer.order))

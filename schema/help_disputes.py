"""Help disputes on the wire: raised before help is confirmed, decided by a third hand."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.enums import show_enum
from schema.help_orders import HelpOrder, show_help
from schema.refusal import Info, Payload, mutation
from timebank import help_disputes
from timebank.help_life import HelpDisputeReason

show_enum(
    HelpDisputeReason,
    "What is said against help that was reported.",
    not_come="The helper did not come.",
    shorter="It was shorter.",
    not_as_agreed="It was not as agreed.",
    harm="Harm was done.",
    disowned="The helper says that it was not them.",
)


@strawberry.input
class DisputeHelpInput(Input):
    order: ID = strawberry.field(description="Which order.")
    reason: HelpDisputeReason = strawberry.field(description="What is wrong.")


@strawberry.type
class DisputeHelpPayload(Payload):
    order: HelpOrder | None = strawberry.field(default=None, description="The order, disputed.")


@strawberry.input
class DecideHelpInput(Input):
    order: ID = strawberry.field(description="Which order.")
    minutes: int = strawberry.field(description="How many of the reported minutes are paid.")


@strawberry.type
class DecideHelpPayload(Payload):
    order: HelpOrder | None = strawberry.field(default=None, description="The order, decided.")


@strawberry.type
class Mutation:
    @mutation(DisputeHelpPayload)
    async def dispute_help(self, info: Info, input: DisputeHelpInput) -> DisputeHelpPayload:
        """Say, before it is confirmed, that help was not given as it was reported."""
        answer = await help_disputes.dispute_help(
            info.context.actor,
            order=input.order,
            reason=input.reason,
            key=info.context.key(input),
        )
        return DisputeHelpPayload.of(answer, order=await show_help(info, answer.order))

    @mutation(DecideHelpPayload)
    async def decide_help(self, info: Info, input: DecideHelpInput) -> DecideHelpPayload:
        """Decide, as a third hand, how many of the reported minutes are paid: all, some or none."""
        answer = await help_disputes.rule_on_help(
            info.context.actor,
            order=input.order,
            minutes=input.minutes,
            key=info.context.key(input),
        )
        return DecideHelpPayload.of(answer, order=await show_help(info, answer.order))

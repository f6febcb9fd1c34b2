"""Settlements on the wire: help that is begun, reported and confirmed."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.help_orders import HelpOrder, show_help
from schema.refusal import Info, Payload, mutation
from timebank import settlements
from timebank.record_life import LateReason


@strawberry.input
class StartHelpInput(Input):
    order: ID = strawberry.field(description="Which order.")


@strawberry.type
class StartHelpPayload(Payload):
    order: HelpOrder | None = strawberry.field(default=None, description="The order, begun.")


@strawberry.input
class DeliverHelpInput(Input):
    order: ID = strawberry.field(description="Which order.")
    minutes: int | None = strawberry.field(
        default=None, description="How many minutes; left out to check out now."
    )
    late: LateReason | None = strawberry.field(
        default=None, description="Why it is reported late, if it is."
    )


@strawberry.type
class DeliverHelpPayload(Payload):
    order: HelpOrder | None = strawberry.field(default=None, description="The order, reported.")


@strawberry.input
class ConfirmHelpInput(Input):
    order: ID = strawberry.field(description="Which order.")


@strawberry.type
class ConfirmHelpPayload(Payload):
    order: HelpOrder | None = strawberry.field(default=None, description="The order, settled.")


@strawberry.type
class Mutation:
    @mutation(StartHelpPayload)
    async def start_help(self, info: Info, input: StartHelpInput) -> StartHelpPayload:
        """Check in as the helper, where the help is given."""
        answer = await settlements.start_help(
            info.context.actor, order=input.order, key=info.context.key(input)
        )
        return StartHelpPayload.of(answer, order=await show_help(info, answer.order))

    @mutation(DeliverHelpPayload)
    async def deliver_help(self, info: Info, input: DeliverHelpInput) -> DeliverHelpPayload:
        """Check out as the helper, or report afterwards; the helper's counter may report too."""
        answer = await settlements.deliver_help(
            info.context.actor,
            order=input.order,
            minutes=input.minutes,
            late=input.late,
            key=info.context.key(input),
        )
        return DeliverHelpPayload.of(answer, order=await show_help(info, answer.order))

    @mutation(ConfirmHelpPayload)
    async def confirm_help(self, info: Info, input: ConfirmHelpInput) -> ConfirmHelpPayload:
        """Confirm help that was given to you, or to somebody you act for: its helper is paid."""
        answer = await settlements.confirm_help(
            info.context.actor, order=input.order, key=info.context.key(input)
        )
        return ConfirmHelpPayload.of(answer, order=await show_help(info, answer.order))

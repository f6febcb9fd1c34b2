"""Cancellations of orders for help on the wire."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.enums import show_enum
from schema.help_orders import HelpOrder, show_help
from schema.refusal import Info, Payload, mutation
from timebank import cancellations
from timebank.help_life import HelpCancelReason

show_enum(
    HelpCancelReason,
    "Why an order for help is cancelled.",
    own_wish="Whoever ordered it wishes so.",
    not_needed="It is not needed any more.",
    unsafe="It would not be safe.",
)


@strawberry.input
class CancelHelpInput(Input):
    order: ID = strawberry.field(description="Which order.")
    reason: HelpCancelReason = strawberry.field(
        default=HelpCancelReason.OWN_WISH, description="Why."
    )


@strawberry.type
class CancelHelpPayload(Payload):
    order: HelpOrder | None = strawberry.field(default=None, description="The order, cancelled.")
    forfeited_minutes: int | None = strawberry.field(
        default=None, description="The minutes that went to the public pool."
    )


@strawberry.type
class Mutation:
    @mutation(CancelHelpPayload)
    async def cancel_help(self, info: Info, input: CancelHelpInput) -> CancelHelpPayload:
        """Cancel an order that has not begun; a third late one in a quarter costs minutes."""
        answer = await cancellations.cancel_help(
            info.context.actor,
            order=input.order,
            reason=input.reason,
            key=info.context.key(input),
        )
        return CancelHelpPayload.of(
            answer,
            order=await show_help(info, answer.order),
            forfeited_minutes=answer.forfeited,
        )

"""Requests for help on the wire."""

from datetime import datetime

import strawberry

from schema.context import Input
from schema.help_orders import HelpOrder, show_help
from schema.refusal import Info, Payload, mutation
from timebank import help_requests
from timebank.help_life import HelpKind


@strawberry.input
class RequestHelpInput(Input):
    kind: HelpKind = strawberry.field(description="What help.")
    starts: datetime = strawberry.field(description="When it is to begin, at a whole minute.")
    minutes: int = strawberry.field(description="How many minutes.")
    at_home: bool = strawberry.field(description="Whether the helper is alone with them, at home.")
    words: str = strawberry.field(description="What is needed and where, for the helper.")
    payer: str | None = strawberry.field(
        default=None,
        description="For a proxy or the counter: the volunteer number of whose minutes are held.",
    )
    served: str | None = strawberry.field(
        default=None, description="The volunteer number of who needs it, if that is somebody else."
    )


@strawberry.type
class RequestHelpPayload(Payload):
    order: HelpOrder | None = strawberry.field(default=None, description="The order.")


@strawberry.type
class Mutation:
    @mutation(RequestHelpPayload)
    async def request_help(self, info: Info, input: RequestHelpInput) -> RequestHelpPayload:
        """Order help for yourself, your spouse or registered kin in the direct line."""
        answer = await help_requests.request_help(
            info.context.actor,
            kind=input.kind,
            starts=input.starts,
            minutes=input.minutes,
            at_home=input.at_home,
            words=input.words,
            payer=input.payer,
            served=input.served,
            key=info.context.key(input),
        )
        return RequestHelpPayload.of(answer, order=await show_help(info, answer.order))

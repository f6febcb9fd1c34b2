"""No-shows on the wire: helpers who did not come."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.help_orders import HelpOrder, show_help
from schema.refusal import Info, Payload, mutation
from timebank import no_shows


@strawberry.input
class ReportNoShowInput(Input):
    order: ID = strawberry.field(description="Which order.")


@strawberry.type
class ReportNoShowPayload(Payload):
    order: HelpOrder | None = strawberry.field(default=None, description="The order, over.")


@strawberry.type
class Mutation:
    @mutation(ReportNoShowPayload)
    async def report_no_show(self, info: Info, input: ReportNoShowInput) -> ReportNoShowPayload:
        """Say that the helper did not come, once the ordered time is over."""
        answer = await no_shows.report_no_show(
            info.context.actor, order=input.order, key=info.context.key(input)
        )
        return ReportNoShowPayload.of(answer, order=await show_help(info, answer.order))

"""Accepted months on the wire: one tap for everything that waits."""

import strawberry

from schema.context import Input
from schema.hours import OutcomesPayload
from schema.refusal import Info, mutation
from timebank import accepted_months


@strawberry.input
class AcceptMonthInput(Input):
    month: str = strawberry.field(description="The month served, such as 2026-03.")
    number: str | None = strawberry.field(
        default=None,
        description="Whose month, by volunteer number, for a proxy or at the counter; else yours.",
    )


@strawberry.type
class AcceptMonthPayload(OutcomesPayload):
    pass


@strawberry.type
class Mutation:
    @mutation(AcceptMonthPayload)
    async def accept_month(self, info: Info, input: AcceptMonthInput) -> AcceptMonthPayload:
        """Accept every record of a month that waits for its volunteer, at most 500."""
        answer = await accepted_months.accept_month(
            info.context.actor,
            month=input.month,
            number=input.number,
            key=info.context.key(input),
        )
        return AcceptMonthPayload.told(answer, info)

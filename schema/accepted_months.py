"""Accepted months on the wire: one tap for everything that waits."""

import strawberry

from schema.context import Input
from schema.hours import RecordOutcome
from schema.refusal import Info, Payload, mutation
from timebank import accepted_months


@strawberry.input
class AcceptMonthInput(Input):
    month: str = strawberry.field(description="The month served, such as 2026-03.")
    number: str | None = strawberry.field(
        default=None,
        description="Whose month, by volunteer number, for a proxy or at the counter; else yours.",
    )


@strawberry.type
class AcceptMonthPayload(Payload):
    outcomes: list[RecordOutcome] = strawberry.field(
        default_factory=list, description="What became of each record, the oldest first."
    )


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
        outcomes = [RecordOutcome.of(told, info) for told in answer.outcomes]
        return AcceptMonthPayload.of(answer, outcomes=outcomes)

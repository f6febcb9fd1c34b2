"""Reversals on the wire: not me, and what the district takes back."""

import strawberry

from schema.context import Input
from schema.enums import show_enum
from schema.hours import OutcomesPayload, RecordsInput
from schema.refusal import Info, Payload, mutation
from timebank import reversals
from timebank.record_life import ReverseReason

show_enum(
    ReverseReason,
    "Why the district takes a record back.",
    recorded_wrongly="It was recorded wrongly.",
    never_happened="The service never took place.",
    objection_upheld="An objection was upheld.",
)


@strawberry.input
class RepudiateHoursInput(RecordsInput):
    pass


@strawberry.type
class RepudiateHoursPayload(OutcomesPayload):
    pass


@strawberry.input
class ReverseHoursInput(RecordsInput):
    reason: ReverseReason = strawberry.field(description="Why.")


@strawberry.type
class ReverseHoursPayload(OutcomesPayload):
    pass


@strawberry.input
class ReleaseBatchInput(Input):
    batch: str = strawberry.field(description="The batch's name.")


@strawberry.type
class ReleaseBatchPayload(Payload):
    batch: str | None = strawberry.field(default=None, description="The batch that goes on.")


@strawberry.type
class Mutation:
    @mutation(RepudiateHoursPayload, bulk=True)
    async def repudiate_hours(
        self, info: Info, input: RepudiateHoursInput
    ) -> RepudiateHoursPayload:
        """Say that records in your name are not your service."""
        answer = await reversals.repudiate_hours(
            info.context.actor,
            records=input.ids,
            key=info.context.key(input),
        )
        return RepudiateHoursPayload.told(answer, info)

    @mutation(ReverseHoursPayload, bulk=True)
    async def reverse_hours(self, info: Info, input: ReverseHoursInput) -> ReverseHoursPayload:
        """Take posted records in your district back."""
        answer = await reversals.reverse_hours(
            info.context.actor,
            records=input.ids,
            reason=input.reason,
            key=info.context.key(input),
        )
        return ReverseHoursPayload.told(answer, info)

    @mutation(ReleaseBatchPayload)
    async def release_batch(self, info: Info, input: ReleaseBatchInput) -> ReleaseBatchPayload:
        """Let a held batch in your district go on."""
        answer = await reversals.release_batch(
            info.context.actor, batch=input.batch, key=info.context.key(input)
        )
        return ReleaseBatchPayload.of(answer, batch=answer.batch)

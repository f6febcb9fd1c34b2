"""Confirmations on the wire: the keys that staff and the volunteer turn."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.enums import show_enum
from schema.hours import RecordOutcome
from schema.refusal import Info, Payload, mutation
from timebank import confirmations
from timebank.record_life import RejectReason

show_enum(
    RejectReason,
    "Why a record is not confirmed.",
    not_attended="The person was not there.",
    wrong_times="The times are wrong.",
    wrong_person="It was somebody else.",
    not_service="It was no service.",
    duplicate="It is recorded already.",
)


@strawberry.input
class ConfirmHoursInput(Input):
    records: list[ID] = strawberry.field(description="1 to 500 records.")
    minutes: int | None = strawberry.field(
        default=None, description="For one record: fewer minutes than were checked."
    )


@strawberry.type
class ConfirmHoursPayload(Payload):
    outcomes: list[RecordOutcome] = strawberry.field(
        default_factory=list, description="What became of each, in the order given."
    )


@strawberry.input
class ReviewHoursInput(Input):
    records: list[ID] = strawberry.field(description="1 to 500 records.")


@strawberry.type
class ReviewHoursPayload(Payload):
    outcomes: list[RecordOutcome] = strawberry.field(
        default_factory=list, description="What became of each, in the order given."
    )


@strawberry.input
class RejectHoursInput(Input):
    records: list[ID] = strawberry.field(description="1 to 500 records.")
    reason: RejectReason = strawberry.field(description="Why.")


@strawberry.type
class RejectHoursPayload(Payload):
    outcomes: list[RecordOutcome] = strawberry.field(
        default_factory=list, description="What became of each, in the order given."
    )


@strawberry.input
class AcceptHoursInput(Input):
    records: list[ID] = strawberry.field(description="1 to 500 records.")


@strawberry.type
class AcceptHoursPayload(Payload):
    outcomes: list[RecordOutcome] = strawberry.field(
        default_factory=list, description="What became of each, in the order given."
    )


@strawberry.type
class Mutation:
    @mutation(ConfirmHoursPayload, bulk=True)
    async def confirm_hours(self, info: Info, input: ConfirmHoursInput) -> ConfirmHoursPayload:
        """Confirm records that somebody else captured."""
        answer = await confirmations.confirm_hours(
            info.context.actor,
            records=[str(id) for id in input.records],
            minutes=input.minutes,
            key=info.context.key(input),
        )
        outcomes = [RecordOutcome.of(told, info) for told in answer.outcomes]
        return ConfirmHoursPayload.of(answer, outcomes=outcomes)

    @mutation(ReviewHoursPayload, bulk=True)
    async def review_hours(self, info: Info, input: ReviewHoursInput) -> ReviewHoursPayload:
        """Agree, as a third person, with records that need a second reviewer."""
        answer = await confirmations.review_hours(
            info.context.actor,
            records=[str(id) for id in input.records],
            key=info.context.key(input),
        )
        outcomes = [RecordOutcome.of(told, info) for told in answer.outcomes]
        return ReviewHoursPayload.of(answer, outcomes=outcomes)

    @mutation(RejectHoursPayload, bulk=True)
    async def reject_hours(self, info: Info, input: RejectHoursInput) -> RejectHoursPayload:
        """Reject records that are not confirmed yet."""
        answer = await confirmations.reject_hours(
            info.context.actor,
            records=[str(id) for id in input.records],
            reason=input.reason,
            key=info.context.key(input),
        )
        outcomes = [RecordOutcome.of(told, info) for told in answer.outcomes]
        return RejectHoursPayload.of(answer, outcomes=outcomes)

    @mutation(AcceptHoursPayload, bulk=True)
    async def accept_hours(self, info: Info, input: AcceptHoursInput) -> AcceptHoursPayload:
        """Accept confirmed records: your own, or at your counter for the volunteer."""
        answer = await confirmations.accept_hours(
            info.context.actor,
            records=[str(id) for id in input.records],
            key=info.context.key(input),
        )
        outcomes = [RecordOutcome.of(told, info) for told in answer.outcomes]
        return AcceptHoursPayload.of(answer, outcomes=outcomes)

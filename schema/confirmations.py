"""Confirmations on the wire: the keys that staff and the volunteer turn."""

import strawberry

from schema.enums import show_enum
from schema.hours import OutcomesPayload, RecordsInput
from schema.refusal import Info, mutation
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
class ConfirmHoursInput(RecordsInput):
    minutes: int | None = strawberry.field(
        default=None, description="For one record: fewer minutes than were checked."
    )


@strawberry.type
class ConfirmHoursPayload(OutcomesPayload):
    pass


@strawberry.input
class ReviewHoursInput(RecordsInput):
    pass


@strawberry.type
class ReviewHoursPayload(OutcomesPayload):
    pass


@strawberry.input
class RejectHoursInput(RecordsInput):
    reason: RejectReason = strawberry.field(description="Why.")


@strawberry.type
class RejectHoursPayload(OutcomesPayload):
    pass


@strawberry.input
class AcceptHoursInput(RecordsInput):
    pass


@strawberry.type
class AcceptHoursPayload(OutcomesPayload):
    pass


@strawberry.type
class Mutation:
    @mutation(ConfirmHoursPayload, bulk=True)
    async def confirm_hours(self, info: Info, input: ConfirmHoursInput) -> ConfirmHoursPayload:
        """Confirm records that somebody else captured."""
        answer = await confirmations.confirm_hours(
            info.context.actor,
            records=input.ids,
            minutes=input.minutes,
            key=info.context.key(input),
        )
        return ConfirmHoursPayload.told(answer, info)

    @mutation(ReviewHoursPayload, bulk=True)
    async def review_hours(self, info: Info, input: ReviewHoursInput) -> ReviewHoursPayload:
        """Agree, as a third person, with records that need a second reviewer."""
        answer = await confirmations.review_hours(
            info.context.actor,
            records=input.ids,
            key=info.context.key(input),
        )
        return ReviewHoursPayload.told(answer, info)

    @mutation(RejectHoursPayload, bulk=True)
    async def reject_hours(self, info: Info, input: RejectHoursInput) -> RejectHoursPayload:
        """Reject records that are not confirmed yet."""
        answer = await confirmations.reject_hours(
            info.context.actor,
            records=input.ids,
            reason=input.reason,
            key=info.context.key(input),
        )
        return RejectHoursPayload.told(answer, info)

    @mutation(AcceptHoursPayload, bulk=True)
    async def accept_hours(self, info: Info, input: AcceptHoursInput) -> AcceptHoursPayload:
        """Accept confirmed records: your own, or at your counter for the volunteer."""
        answer = await confirmations.accept_hours(
            info.context.actor,
            records=input.ids,
            key=info.context.key(input),
        )
        return AcceptHoursPayload.told(answer, info)

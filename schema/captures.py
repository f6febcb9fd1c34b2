"""Captures on the wire: recording service by hand or from a visit."""

from datetime import datetime

import strawberry
from strawberry import ID

from schema.context import Input
from schema.hours import ServiceRecord, read_records
from schema.refusal import Info, Payload, mutation
from timebank import captures
from timebank.activities import ActivityKind
from timebank.record_life import Evidence, LateReason


@strawberry.input
class CaptureHoursInput(Input):
    volunteer: ID = strawberry.field(description="Who served.")
    station: ID = strawberry.field(description="The station they served at.")
    starts: datetime = strawberry.field(description="When the service began, in whole minutes.")
    ends: datetime = strawberry.field(description="When it ended, in whole minutes.")
    kind: ActivityKind = strawberry.field(description="The kind of service.")
    activity: ID | None = strawberry.field(default=None, description="The activity, if any.")
    late: LateReason | None = strawberry.field(
        default=None, description="Why it comes after it was due."
    )
    recipient: str | None = strawberry.field(
        default=None, description="The volunteer number of who was served, if they have one."
    )
    duty: bool = strawberry.field(
        default=False, description="Whether it was in paid time: visible, and counts for nothing."
    )
    evidence: Evidence | None = strawberry.field(
        default=None, description="For the district: what attests what comes too late."
    )


@strawberry.type
class CaptureHoursPayload(Payload):
    record: ServiceRecord | None = strawberry.field(default=None, description="The record.")


@strawberry.input
class CaptureVisitInput(Input):
    activity: ID = strawberry.field(description="The activity that was visited.")
    person: ID = strawberry.field(description="Whose visit it was.")
    visit: int = strawberry.field(default=0, description="Which of their visits, from 0.")
    recipient: str | None = strawberry.field(
        default=None, description="The volunteer number of who was served, if they have one."
    )
    late: LateReason | None = strawberry.field(
        default=None, description="Why it comes after it was due."
    )


@strawberry.type
class CaptureVisitPayload(Payload):
    record: ServiceRecord | None = strawberry.field(default=None, description="The record.")


@strawberry.type
class Mutation:
    @mutation(CaptureHoursPayload)
    async def capture_hours(self, info: Info, input: CaptureHoursInput) -> CaptureHoursPayload:
        """Record a service by hand; another hand must confirm it, and it earns no credit."""
        answer = await captures.capture_hours(
            info.context.actor,
            volunteer=input.volunteer,
            station=input.station,
            starts=input.starts,
            ends=input.ends,
            kind=input.kind,
            activity=input.activity,
            late=input.late,
            recipient=input.recipient,
            duty=input.duty,
            evidence=input.evidence,
            key=info.context.key(input),
        )
        seen = await read_records(info.context, [answer.record])
        return CaptureHoursPayload.of(answer, record=seen.get(answer.record))

    @mutation(CaptureVisitPayload)
    async def capture_visit(self, info: Info, input: CaptureVisitInput) -> CaptureVisitPayload:
        """Make a closed visit a record: your own, or one of an activity that you run."""
        answer = await captures.capture_visit(
            info.context.actor,
            activity=input.activity,
            person=input.person,
            visit=input.visit,
            recipient=input.recipient,
            late=input.late,
            key=info.context.key(input),
        )
        seen = await read_records(info.context, [answer.record])
        return CaptureVisitPayload.of(answer, record=seen.get(answer.record))

"""Offline scans on the wire: a station's device sends what it took down without a network."""

from datetime import datetime

import strawberry
from strawberry import ID

from schema.attendance import Attendance, read_attended
from schema.context import Input
from schema.fields import field
from schema.hours import told_again
from schema.refusal import Info, Payload, UserError, mutation
from timebank import offline_scans
from timebank.offline_scans import OfflineScan, ScanOutcome


@strawberry.input(description="One scan, as a device kept it while it was offline.")
class OfflineScanInput:
    id: str = strawberry.field(description="The device's own id of the scan: a UUID in lower case.")
    activity: ID = strawberry.field(description="The activity whose door it was.")
    number: str = strawberry.field(description="The volunteer's number.")
    at: datetime = strawberry.field(description="When it was scanned, by the device's clock.")
    signature: str = strawberry.field(
        description=(
            "The device's Ed25519 signature in base 64, over six lines, each with its line end: "
            "timebank-scan-v1, the device, the scan's id, the activity, the volunteer's number, "
            "the time as 2026-03-05T01:02:03Z."
        )
    )


@strawberry.input
class SyncScansInput(Input):
    scans: list[OfflineScanInput] = strawberry.field(description="1 to 100 scans.")


@strawberry.type(description="What became of one scan.")
class OfflineScanOutcome:
    id: str = strawberry.field(description="The device's own id of the scan.")
    user_errors: list[UserError] = strawberry.field(
        description="Why it was not taken in; empty if it was, now or before."
    )
    attendance_id: strawberry.Private[str | None]

    @field
    async def attendance(self, info: Info) -> Attendance | None:
        """The visits that it tells of, as they are now."""
        id = self.attendance_id
        return await info.context.loaders.load(read_attended, id) if id else None

    @classmethod
    def of(cls, told: ScanOutcome, info: Info) -> "OfflineScanOutcome":
        """An outcome in the caller's language."""
        return cls(
            id=told.scan,
            user_errors=told_again(told.code, told.details, info),
            attendance_id=told.attendance,
        )


@strawberry.type
class SyncScansPayload(Payload):
    outcomes: list[OfflineScanOutcome] = strawberry.field(
        default_factory=list, description="What became of each, in the order given."
    )


@strawberry.type
class Mutation:
    @mutation(SyncScansPayload)
    async def sync_scans(self, info: Info, input: SyncScansInput) -> SyncScansPayload:
        """Take in what this device scanned while it was offline; sent again it counts once."""
        answer = await offline_scans.sync_scans(
            info.context.actor,
            scans=[
                OfflineScan(
                    id=one.id,
                    activity=str(one.activity),
                    number=one.number,
                    at=one.at,
                    signature=one.signature,
                )
                for one in input.scans
            ],
            key=info.context.key(input),
        )
        told = [OfflineScanOutcome.of(one, info) for one in answer.outcomes]
        return SyncScansPayload.of(answer, outcomes=told)

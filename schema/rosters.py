"""Rosters on the wire: up to 500 rows a request, answered row by row (api 13)."""

import base64
import binascii
from datetime import datetime

import strawberry
from strawberry import ID

from schema.context import Input
from schema.fields import field
from schema.hours import ServiceRecord, read_records, told_again
from schema.refusal import Info, Payload, UserError, mutation
from timebank import rosters
from timebank.activities import ActivityKind
from timebank.record_life import Evidence, LateReason
from timebank.roster_files import FileUnreadable, RosterRow


@strawberry.input(description="One row of a roster.")
class RosterRowInput:
    station: str = strawberry.field(description="The station's public number.")
    volunteer: str = strawberry.field(description="The volunteer's public number.")
    starts: datetime = strawberry.field(description="When the service began, in whole minutes.")
    ends: datetime = strawberry.field(description="When it ended, in whole minutes.")
    kind: ActivityKind = strawberry.field(description="The kind of service.")
    activity: ID | None = strawberry.field(default=None, description="The activity, if any.")


@strawberry.input
class RecordRosterInput(Input):
    rows: list[RosterRowInput] = strawberry.field(description="1 to 500 rows.")
    dry_run: bool = strawberry.field(default=False, description="Only tell what would happen.")
    late: LateReason | None = strawberry.field(
        default=None, description="Why the roster comes after it was due."
    )


@strawberry.input
class ImportHoursInput(Input):
    rows: list[RosterRowInput] = strawberry.field(description="1 to 500 rows.")
    evidence: Evidence = strawberry.field(description="What attests all of them.")
    dry_run: bool = strawberry.field(default=False, description="Only tell what would happen.")


@strawberry.type(description="What became of one row of a roster.")
class RosterRowOutcome:
    is_known: bool = strawberry.field(description="Whether the row had come in before.")
    user_errors: list[UserError] = strawberry.field(
        description="Why the row did not go in; empty if it did, or would."
    )
    record_id: strawberry.Private[str | None]

    @field
    async def record(self, info: Info) -> ServiceRecord | None:
        """The record that the row became."""
        id = self.record_id
        return await info.context.loaders.load(read_records, id) if id else None

    @classmethod
    def of(cls, told: rosters.RowAnswer, info: Info) -> "RosterRowOutcome":
        """An answer in the caller's language."""
        return cls(
            is_known=told.before,
            user_errors=told_again(told.code, told.details, info),
            record_id=told.record,
        )


@strawberry.type
class RecordRosterPayload(Payload):
    rows: list[RosterRowOutcome] = strawberry.field(
        default_factory=list, description="What became of each row, in the order given."
    )


@strawberry.type
class ImportHoursPayload(Payload):
    rows: list[RosterRowOutcome] = strawberry.field(
        default_factory=list, description="What became of each row, in the order given."
    )


@strawberry.input
class RecordSheetInput(Input):
    text: str = strawberry.field(
        default="", description="The sheet as pasted: columns named, tabs or commas between cells."
    )
    file: str | None = strawberry.field(
        default=None, description="A CSV or XLSX file in base64, taken instead of the text."
    )
    station: str | None = strawberry.field(
        default=None, description="The station's public number, for a sheet without that column."
    )
    activity: ID | None = strawberry.field(
        default=None, description="The activity's id, for the rows that name none."
    )
    dry_run: bool = strawberry.field(default=False, description="Only tell what would happen.")
    late: LateReason | None = strawberry.field(
        default=None, description="Why the roster comes after it was due."
    )


@strawberry.type(description="The cells of a row, each as it would be typed again.")
class SheetCells:
    station: str = strawberry.field(description="The station's public number.")
    activity: str = strawberry.field(description="The activity's id; may be empty.")
    volunteer: str = strawberry.field(description="The volunteer's public number.")
    date: str = strawberry.field(description="The day.")
    start: str = strawberry.field(description="When it began.")
    end: str = strawberry.field(description="When it ended.")
    kind: str = strawberry.field(description="The kind of service.")


@strawberry.type(description="What became of one row of a sheet.")
class SheetRow:
    row: int = strawberry.field(description="Its number in the sheet, whose first row has names.")
    cells: SheetCells = strawberry.field(description="What it says.")
    column: str | None = strawberry.field(description="The column at fault, if one is.")
    is_known: bool = strawberry.field(description="Whether the row had come in before.")
    user_errors: list[UserError] = strawberry.field(
        description="Why the row did not go in; empty if it did, or would."
    )
    record_id: strawberry.Private[str | None]

    @field
    async def record(self, info: Info) -> ServiceRecord | None:
        """The record that the row became."""
        id = self.record_id
        return await info.context.loaders.load(read_records, id) if id else None

    @classmethod
    def of(cls, told: rosters.SheetRow, info: Info) -> "SheetRow":
        """A row's answer in the caller's language."""
        return cls(
            row=told.row,
            cells=SheetCells(**told.cells),
            column=told.column or None,
            is_known=told.answer.before,
            user_errors=told_again(told.answer.code, told.answer.details, info),
            record_id=told.answer.record,
        )


@strawberry.type
class RecordSheetPayload(Payload):
    rows: list[SheetRow] = strawberry.field(
        default_factory=list, description="What became of each row, in the sheet's order."
    )


def rows_of(rows: list[RosterRowInput]) -> list[RosterRow]:
    """The rows that were sent, letter case and spaces forgiven."""
    return [
        RosterRow(
            station=row.station.strip(),
            volunteer=row.volunteer.strip().upper(),
            starts=row.starts,
            ends=row.ends,
            kind=row.kind,
            activity=row.activity,
        )
        for row in rows
    ]


def sheet_of(input: RecordSheetInput) -> bytes:
    """The sheet that was sent. Refuses: FileUnreadable."""
    if input.file is None:
        return input.text.encode()
    try:
        return base64.b64decode(input.file, validate=True)
    except (binascii.Error, ValueError):
        raise FileUnreadable from None


@strawberry.type
class Mutation:
    @mutation(RecordSheetPayload, bulk=True)
    async def record_sheet(self, info: Info, input: RecordSheetInput) -> RecordSheetPayload:
        """Record a roster from a spreadsheet; good rows go in, bad ones are named by column."""
        answer, rows = await rosters.record_sheet(
            info.context.actor,
            sheet_of(input),
            station=(input.station or "").strip(),
            activity=str(input.activity or ""),
            dry_run=input.dry_run,
            late=input.late,
            key=info.context.key(input),
        )
        return RecordSheetPayload.of(answer, rows=[SheetRow.of(row, info) for row in rows])

    @mutation(RecordRosterPayload, bulk=True)
    async def record_roster(self, info: Info, input: RecordRosterInput) -> RecordRosterPayload:
        """Record a whole roster by hand, each row by itself; nothing comes in twice."""
        answer = await rosters.record_roster(
            info.context.actor,
            rows=rows_of(input.rows),
            dry_run=input.dry_run,
            late=input.late,
            key=info.context.key(input),
        )
        told = [RosterRowOutcome.of(row, info) for row in answer.rows]
        return RecordRosterPayload.of(answer, rows=told)

    @mutation(ImportHoursPayload, bulk=True)
    async def import_hours(self, info: Info, input: ImportHoursInput) -> ImportHoursPayload:
        """Record service from elsewhere that you attest, as the district; it earns no credit."""
        answer = await rosters.record_roster(
            info.context.actor,
            rows=rows_of(input.rows),
            dry_run=input.dry_run,
            evidence=input.evidence,
            key=info.context.key(input),
        )
        told = [RosterRowOutcome.of(row, info) for row in answer.rows]
        return ImportHoursPayload.of(answer, rows=told)

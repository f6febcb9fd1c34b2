"""Annual reports on the wire: filled in field by field, handed in whole."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.organisations import Organisation, read_organisations
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.scalars import Long
from timebank import annual_report_register, annual_report_rulings, annual_reports
from timebank.annual_report_life import AnnualReportState, Verdict
from timebank.report_fields import FieldKind, Origin, Section

REPORTS = Listing("annualReports", str)
Below = Annotated[str, strawberry.argument(description="The path of an area or organisation.")]
InStates = Annotated[list[AnnualReportState], strawberry.argument(description="How far they are.")]
Whose = Annotated[ID, strawberry.argument(description="Which organisation.")]
Version = Annotated[
    int | None, strawberry.argument(description="Which version; the draft where none is given.")
]

show_enum(
    AnnualReportState,
    "The life of an annual report.",
    not_due="Nothing is due of it: its organisation has ended.",
    open="Nothing was typed yet.",
    draft="Being filled in.",
    late="Its day is over; it can still be handed in.",
    submitted="Handed in.",
    supervisor_ok="The supervising unit has nothing against it.",
    returned="Fields are to be put right.",
    accepted="The registrar has accepted it.",
)
show_enum(
    Verdict,
    "What the registrar finds of a year.",
    **{"pass": "Passed.", "basic_pass": "Passed in the main.", "fail": "Failed."},
)
show_enum(
    Section,
    "The parts of a report.",
    basics="Who the organisation is.",
    people="Its people.",
    activities="What it did.",
    service="What was served.",
    money_in="Money received, by source.",
    money_out="Money spent, by purpose.",
    projects="Its projects.",
    changes="What changed.",
    governance="How it governs itself.",
)
show_enum(
    FieldKind,
    "How a value reads.",
    text="Words, at most 500 characters.",
    count="A whole number.",
    minutes="Minutes.",
    fen="Fen.",
    day="A day.",
    yes_no="`yes` or `no`.",
)
show_enum(
    Origin,
    "Where a value comes from.",
    register="The register.",
    facts="What the organisation did, entry by entry.",
    hours="The records of its teams.",
    typed="The organisation fills it in.",
)


@strawberry.type(description="A field of a report, with its value and the entries behind it.")
class ReportValue:
    code: str = strawberry.field(description="The field's code.")
    section: Section = strawberry.field(description="Which part of the report it is in.")
    kind: FieldKind = strawberry.field(description="How it reads.")
    origin: Origin = strawberry.field(description="Where it comes from.")
    value: str | None = strawberry.field(description="The value; null: not filled in yet.")
    comment: str | None = strawberry.field(description="What is to be put right, if it was said.")
    entry_count: int = strawberry.field(description="How many entries make the value.")
    entries: list[Long] = strawberry.field(
        description="The positions of the first 100 entries that make the value."
    )


@strawberry.type(description="An annual report, for those whose it is and who judge it.")
class AnnualReport(Node):
    year: int = strawberry.field(description="On which year.")
    state: AnnualReportState = strawberry.field(description="How far it is.")
    supervised: bool = strawberry.field(description="Whether a supervising unit sees it first.")
    due: date = strawberry.field(description="The last day to hand it in.")
    registrar_due: date = strawberry.field(description="The last day for the registrar to have it.")
    late: bool = strawberry.field(description="Whether it was late.")
    version: int = strawberry.field(description="How many versions were handed in.")
    submitted_on: date | None = strawberry.field(description="When the latest was handed in.")
    verdict: Verdict | None = strawberry.field(description="What the registrar found.")
    unsupervised: bool = strawberry.field(
        description="Whether the registrar decided while the supervising unit said nothing."
    )
    row: strawberry.Private[annual_reports.AnnualReport]

    @field
    async def organisation(self, info: Info) -> Organisation | None:
        """Whose report it is."""
        return await info.context.loaders.load(read_organisations, self.row.organisation)

    @field
    async def waits_until(self, info: Info) -> date | None:
        """Until when the registrar waits for the supervising unit, while that has it."""
        return await info.context.loaders.load(_waits, str(self.id))

    @field
    async def fields(self, info: Info, version: Version = None) -> list[ReportValue]:
        """The fields in their order: of a version, or as they stand now for who fills them in."""
        told = await annual_report_register.told_of(info.context.actor, self.row, version)
        return [
            ReportValue(
                code=one.field.code,
                section=one.field.section,
                kind=one.field.kind,
                origin=one.field.origin,
                value=one.value,
                comment=one.comment,
                entry_count=one.behind.count,
                entries=[Long(seq) for seq in one.behind.first],
            )
            for one in told
        ]

    @classmethod
    def of(cls, held: annual_reports.AnnualReport) -> "AnnualReport":
        """A report as it is shown."""
        return cls(
            id=ID(held.id),
            year=held.year,
            state=held.state,
            supervised=held.supervised,
            due=held.due,
            registrar_due=held.registrar_due,
            late=held.late,
            version=held.version,
            submitted_on=held.submitted_on,
            verdict=held.verdict,
            unsupervised=bool(held.unsupervised),
            row=held,
        )


@strawberry.type(description="What the registrar found of an organisation's year.")
class AcceptedReport:
    year: int = strawberry.field(description="On which year.")
    verdict: Verdict = strawberry.field(description="What the registrar found.")
    late: bool = strawberry.field(description="Whether the report was late.")
    supervised: bool = strawberry.field(
        description="Whether a supervising unit was to see it first."
    )
    unsupervised: bool = strawberry.field(
        description="Whether that unit said nothing until its days were over."
    )


async def _waits(context: Context, ids: Sequence[str]) -> dict[str, date]:
    return await annual_report_rulings.waits_of(ids)


async def read_reports(context: Context, ids: Sequence[str]) -> dict[str, AnnualReport]:
    """Reports, for the loader; whatever the asker may not see is missing."""
    seen = await annual_report_register.visible_reports(context.actor, ids)
    return {id: AnnualReport.of(held) for id, held in seen.items()}


answers_for("rpt", read_reports)


@strawberry.type
class Query:
    @paged
    async def annual_reports(
        self, page: Page, info: Info, scope: Below, states: InStates
    ) -> Connection[AnnualReport]:
        """Reports of an organisation, or for their registrar of an area, the oldest first."""
        rows = annual_report_register.reports_below
        return await page.of(REPORTS, rows, info.context.actor, scope, states, node=AnnualReport.of)

    @field
    async def accepted_reports(self, organisation: Whose) -> list[AcceptedReport]:
        """What the registrar found of an organisation's years, the oldest first."""
        return [
            AcceptedReport(
                year=held.year,
                verdict=held.verdict,
                late=held.late,
                supervised=held.supervised,
                unsupervised=bool(held.unsupervised),
            )
            for held in await annual_report_register.accepted_reports(organisation)
            if held.verdict is not None
        ]


@strawberry.input(description="What is typed into a field.")
class ReportValueInput:
    field: str = strawberry.field(description="The field's code.")
    value: str = strawberry.field(description="The value, at most 500 characters.")


@strawberry.input
class SaveReportInput(Input):
    report: ID = strawberry.field(description="Which report.")
    values: list[ReportValueInput] = strawberry.field(description="What is typed, by field.")


@strawberry.type
class SaveReportPayload(Payload):
    report: AnnualReport | None = strawberry.field(default=None, description="The report.")


@strawberry.input
class SubmitReportInput(Input):
    report: ID = strawberry.field(description="Which report.")


@strawberry.type
class SubmitReportPayload(Payload):
    report: AnnualReport | None = strawberry.field(default=None, description="The report.")


_shown = anew(read_reports)


@strawberry.type
class Mutation:
    @mutation(SaveReportPayload)
    async def save_report(self, info: Info, input: SaveReportInput) -> SaveReportPayload:
        """Save some fields of your report; go on whenever you like."""
        answer = await annual_reports.save_report(
            info.context.actor,
            report=input.report,
            values=[(one.field, one.value) for one in input.values],
            key=info.context.key(input),
        )
        return SaveReportPayload.of(answer, report=await _shown(info, answer.report))

    @mutation(SubmitReportPayload)
    async def submit_report(self, info: Info, input: SubmitReportInput) -> SubmitReportPayload:
        """Hand your report in."""
        answer = await annual_reports.submit_report(
            info.context.actor, report=input.report, key=info.context.key(input)
        )
        return SubmitReportPayload.of(answer, report=await _shown(info, answer.report))

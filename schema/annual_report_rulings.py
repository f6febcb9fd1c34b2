"""Rulings on annual reports on the wire: by supervising units and registrars."""

import strawberry
from strawberry import ID

from schema.annual_reports import AnnualReport, read_reports
from schema.context import Input, anew
from schema.refusal import Info, Payload, mutation
from timebank import annual_report_rulings
from timebank.annual_report_life import Verdict


@strawberry.input(description="What is wrong with a field.")
class ReportCommentInput:
    field: str = strawberry.field(description="The field's code.")
    words: str = strawberry.field(description="What is to be put right, at most 500 characters.")


@strawberry.input
class SuperviseReportInput(Input):
    report: ID = strawberry.field(description="Which report.")


@strawberry.type
class SuperviseReportPayload(Payload):
    report: AnnualReport | None = strawberry.field(default=None, description="The report.")


@strawberry.input
class ReturnReportInput(Input):
    report: ID = strawberry.field(description="Which report.")
    comments: list[ReportCommentInput] = strawberry.field(description="What is wrong, by field.")


@strawberry.type
class ReturnReportPayload(Payload):
    report: AnnualReport | None = strawberry.field(default=None, description="The report.")


@strawberry.input
class AcceptReportInput(Input):
    report: ID = strawberry.field(description="Which report.")
    verdict: Verdict = strawberry.field(description="What you find of the year.")


@strawberry.type
class AcceptReportPayload(Payload):
    report: AnnualReport | None = strawberry.field(default=None, description="The report.")


_shown = anew(read_reports)


@strawberry.type
class Mutation:
    @mutation(SuperviseReportPayload)
    async def supervise_report(
        self, info: Info, input: SuperviseReportInput
    ) -> SuperviseReportPayload:
        """Have nothing against a report, as the supervising unit."""
        answer = await annual_report_rulings.supervise_report(
            info.context.actor, report=input.report, key=info.context.key(input)
        )
        return SuperviseReportPayload.of(answer, report=await _shown(info, answer.report))

    @mutation(ReturnReportPayload)
    async def return_report(self, info: Info, input: ReturnReportInput) -> ReturnReportPayload:
        """Return fields of a report, with a comment on each."""
        answer = await annual_report_rulings.return_report(
            info.context.actor,
            report=input.report,
            comments={one.field: one.words for one in input.comments},
            key=info.context.key(input),
        )
        return ReturnReportPayload.of(answer, report=await _shown(info, answer.report))

    @mutation(AcceptReportPayload)
    async def accept_report(self, info: Info, input: AcceptReportInput) -> AcceptReportPayload:
        """Accept a report, as the registrar."""
        answer = await annual_report_rulings.accept_report(
            info.context.actor,
            report=input.report,
            verdict=input.verdict,
            key=info.context.key(input),
        )
        return AcceptReportPayload.of(answer, report=await _shown(info, answer.report))

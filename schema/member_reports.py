"""Member reports on the wire: one's own, and those that a community's secretary has at hand.

Null to everybody else, and to everybody while the policy has the module switched off.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.aliases import OfMember, whose
from schema.context import Context, Input, anew
from schema.divisions import Area, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from timebank import member_reports, report_reviews
from timebank.aliases import module_enabled
from timebank.member_life import ReportState, ReturnReason

REPORTS = Listing("memberReports", str)
InStates = Annotated[
    list[ReportState] | None, strawberry.argument(description="Only those that are so far.")
]
Community = Annotated[ID, strawberry.argument(description="The community, by code.")]

show_enum(
    ReportState,
    "The life of a member report.",
    submitted="Made; the secretary has not seen it.",
    received="The secretary has it.",
    active="In order; the member may claim.",
    reconfirmed="In order for another half-year.",
    returned="Given back, with a reason.",
    lapsed="Not reconfirmed in time.",
    moved="Another report at another community took its place.",
    withdrawn="Taken back by the member.",
)
show_enum(
    ReturnReason,
    "Why a report is given back.",
    not_at_home_here="The member does not live in this community.",
    not_in_service="The member is not in service.",
    not_a_member="No unit confirms the membership.",
)


@strawberry.type(description="A report to a community: for its member and the secretary alone.")
class MemberReport(OfMember):
    whose = whose(member_reports.REPORTS)

    state: ReportState = strawberry.field(description="How far it is.")
    reported_on: date = strawberry.field(description="The day it was made.")
    reconfirm_by: date | None = strawberry.field(
        description="The last day to reconfirm it; null before it is active."
    )
    reason: ReturnReason | None = strawberry.field(description="Why it was given back, if it was.")
    row: strawberry.Private[member_reports.MemberReport]

    @field
    async def community(self, info: Info) -> Area | None:
        """The community it was made to."""
        return await info.context.loaders.load(read_areas, self.row.community)

    @field
    async def previous(self, info: Info) -> "MemberReport | None":
        """The report that the member moved from, if you may see it."""
        earlier = self.row.previous
        return await info.context.loaders.load(read_reports, earlier) if earlier else None

    @classmethod
    def of(cls, held: member_reports.MemberReport) -> "MemberReport":
        """A report as it is shown."""
        return cls(
            id=ID(held.id),
            state=held.state,
            reported_on=held.reported_on,
            reconfirm_by=held.reconfirm_by,
            reason=held.reason,
            row=held,
        )


async def read_reports(context: Context, ids: Sequence[str]) -> dict[str, MemberReport]:
    """Reports, for the loader; whatever the asker may not see is missing."""
    seen = await member_reports.REPORTS.visible(context.actor, ids)
    return {id: MemberReport.of(held) for id, held in seen.items()}


answers_for("mrp", read_reports)


@strawberry.type
class Query:
    @field
    async def member_report(self, info: Info) -> MemberReport | None:
        """Your own report; null where there is none."""
        held = await member_reports.own_report(info.context.actor)
        return MemberReport.of(held) if held else None

    @paged
    async def member_reports(
        self,
        page: Page,
        info: Info,
        community: Community,
        states: InStates = None,
    ) -> Connection[MemberReport] | None:
        """The reports at your community, the newest first: for its secretary."""
        if not await module_enabled():
            return None
        return await page.of(
            REPORTS,
            member_reports.reports_at,
            info.context.actor,
            community,
            states=states or (),
            node=MemberReport.of,
        )


@strawberry.input
class ReportMembershipInput(Input):
    community: ID = strawberry.field(description="Your home community, by code.")
    consent: bool = strawberry.field(
        description="Whether you consent that the community's secretary knows your membership."
    )


@strawberry.input
class MoveMembershipInput(Input):
    community: ID = strawberry.field(description="Your new community, by code.")


@strawberry.input
class ReconfirmMembershipInput(Input):
    pass


@strawberry.input
class WithdrawMembershipInput(Input):
    pass


@strawberry.input
class ReceiveMemberReportInput(Input):
    report: ID = strawberry.field(description="Which report.")


@strawberry.input
class ActivateMemberReportInput(Input):
    report: ID = strawberry.field(description="Which report.")


@strawberry.input
class ReturnMemberReportInput(Input):
    report: ID = strawberry.field(description="Which report.")
    reason: ReturnReason = strawberry.field(description="Why.")


@strawberry.type
class ReportMembershipPayload(Payload):
    report: MemberReport | None = strawberry.field(default=None, description="Your report.")


@strawberry.type
class MoveMembershipPayload(Payload):
    report: MemberReport | None = strawberry.field(default=None, description="Your new report.")


@strawberry.type
class ReconfirmMembershipPayload(Payload):
    report: MemberReport | None = strawberry.field(default=None, description="Your report.")


@strawberry.type
class WithdrawMembershipPayload(Payload):
    report: MemberReport | None = strawberry.field(
        default=None, description="Your report, withdrawn."
    )


@strawberry.type
class ReceiveMemberReportPayload(Payload):
    report: MemberReport | None = strawberry.field(
        default=None, description="The report, received."
    )


@strawberry.type
class ActivateMemberReportPayload(Payload):
    report: MemberReport | None = strawberry.field(default=None, description="The report, active.")


@strawberry.type
class ReturnMemberReportPayload(Payload):
    report: MemberReport | None = strawberry.field(
        default=None, description="The report, returned."
    )


_shown = anew(read_reports)


@strawberry.type
class Mutation:
    @mutation(ReportMembershipPayload)
    async def report_membership(
        self, info: Info, input: ReportMembershipInput
    ) -> ReportMembershipPayload:
        """Report to your home community as a Party member; only its secretary sees it."""
        answer = await member_reports.report_membership(
            info.context.actor,
            community=input.community,
            consent=input.consent,
            key=info.context.key(input),
        )
        return ReportMembershipPayload.of(answer, report=await _shown(info, answer.report))

    @mutation(MoveMembershipPayload)
    async def move_membership(
        self, info: Info, input: MoveMembershipInput
    ) -> MoveMembershipPayload:
        """Report to another community; the earlier report ends."""
        answer = await member_reports.move_membership(
            info.context.actor, community=input.community, key=info.context.key(input)
        )
        return MoveMembershipPayload.of(answer, report=await _shown(info, answer.report))

    @mutation(ReconfirmMembershipPayload)
    async def reconfirm_membership(
        self, info: Info, input: ReconfirmMembershipInput
    ) -> ReconfirmMembershipPayload:
        """Say that your report still holds, for another half-year."""
        answer = await member_reports.reconfirm_membership(
            info.context.actor, key=info.context.key(input)
        )
        return ReconfirmMembershipPayload.of(answer, report=await _shown(info, answer.report))

    @mutation(WithdrawMembershipPayload)
    async def withdraw_membership(
        self, info: Info, input: WithdrawMembershipInput
    ) -> WithdrawMembershipPayload:
        """Take your report back."""
        answer = await member_reports.withdraw_membership(
            info.context.actor, key=info.context.key(input)
        )
        return WithdrawMembershipPayload.of(answer, report=await _shown(info, answer.report))

    @mutation(ReceiveMemberReportPayload)
    async def receive_member_report(
        self, info: Info, input: ReceiveMemberReportInput
    ) -> ReceiveMemberReportPayload:
        """Acknowledge a report to your community."""
        answer = await report_reviews.receive_report(
            info.context.actor, report=input.report, key=info.context.key(input)
        )
        return ReceiveMemberReportPayload.of(answer, report=await _shown(info, answer.report))

    @mutation(ActivateMemberReportPayload)
    async def activate_member_report(
        self, info: Info, input: ActivateMemberReportInput
    ) -> ActivateMemberReportPayload:
        """Find a received report in order."""
        answer = await report_reviews.activate_report(
            info.context.actor, report=input.report, key=info.context.key(input)
        )
        return ActivateMemberReportPayload.of(answer, report=await _shown(info, answer.report))

    @mutation(ReturnMemberReportPayload)
    async def return_member_report(
        self, info: Info, input: ReturnMemberReportInput
    ) -> ReturnMemberReportPayload:
        """Give a report back, with a reason."""
        answer = await report_reviews.return_report(
            info.context.actor,
            report=input.report,
            reason=input.reason,
            key=info.context.key(input),
        )
        return ReturnMemberReportPayload.of(answer, report=await _shown(info, answer.report))

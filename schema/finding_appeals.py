"""Finding appeals on the wire: the one review of a finding."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.findings import Finding, read_findings
from schema.hours import ServiceRecord, read_records
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.texts import texts
from timebank import finding_appeals
from timebank.finding_life import AppealGrounds, AppealState

OPEN = Listing("openFindingAppeals", str)
Scope = Annotated[str, strawberry.argument(description="A path in your scope.")]

show_enum(
    AppealState,
    "The life of an appeal against a finding.",
    asked="Another officer of the district looks at the finding.",
    allowed="The officer did not agree with the finding in what concerns the appellant.",
    dismissed="The officer agreed with the finding.",
)
show_enum(
    AppealGrounds,
    "Why an appeal is allowed or dismissed.",
    service_shown="Allowed: the service took place; the records come back.",
    not_to_blame="Allowed: the records stay void, but it was not this person's misconduct.",
    found_rightly="Dismissed: the finding is right.",
    nothing_shown="Dismissed: nothing shows that the finding is wrong.",
)


@strawberry.type(description="What somebody says against a finding that touches them.")
class FindingAppeal(Node):
    state: AppealState = strawberry.field(description="How far it is.")
    decide_by: date | None = strawberry.field(
        description="The district's last day to decide; null once it is decided."
    )
    grounds: AppealGrounds | None = strawberry.field(description="Why it was decided as it was.")
    decided_on: date | None = strawberry.field(description="When it was decided.")
    finding_id: strawberry.Private[str]

    @field
    async def finding(self, info: Info) -> Finding | None:
        """The finding it is against."""
        return await info.context.loaders.load(read_findings, self.finding_id)

    @field
    async def appeal(self, info: Info) -> str | None:
        """The appellant's words."""
        return await info.context.loaders.load(texts("appeal"), str(self.id))

    @field
    async def decision(self, info: Info) -> str | None:
        """The words of the decision."""
        return await info.context.loaders.load(texts("decision"), str(self.id))

    @classmethod
    def of(cls, held: finding_appeals.FindingAppeal) -> "FindingAppeal":
        """An appeal as it is shown."""
        return cls(
            id=ID(held.id),
            state=held.state,
            decide_by=held.decide_by,
            grounds=held.grounds,
            decided_on=held.decided_on,
            finding_id=held.finding,
        )


async def read_finding_appeals(context: Context, ids: Sequence[str]) -> dict[str, FindingAppeal]:
    """Appeals, for the loader; whatever is out of sight is missing."""
    seen = await finding_appeals.visible_appeals(context.actor, ids)
    return {id: FindingAppeal.of(held) for id, held in seen.items()}


answers_for("fap", read_finding_appeals)


shown = anew(read_finding_appeals)
"""An appeal as it is now, for a payload."""


@strawberry.type
class Query:
    @paged
    async def open_finding_appeals(
        self,
        page: Page,
        info: Info,
        scope: Scope,
    ) -> Connection[FindingAppeal]:
        """Appeals to be decided below a path, the oldest first; none outside your scope."""
        return await page.of(
            OPEN, finding_appeals.open_appeals, info.context.actor, scope, node=FindingAppeal.of
        )


@strawberry.input
class AppealFindingInput(Input):
    finding: ID = strawberry.field(description="The finding.")
    appeal: str = strawberry.field(description="Your words, at most 2,000 characters.")
    principal: str | None = strawberry.field(
        default=None, description="For a proxy: the volunteer number of whose appeal it is."
    )


@strawberry.type
class AppealFindingPayload(Payload):
    appeal: FindingAppeal | None = strawberry.field(default=None, description="What was asked.")


@strawberry.input
class DecideFindingAppealInput(Input):
    appeal: ID = strawberry.field(description="The appeal.")
    grounds: AppealGrounds = strawberry.field(description="Why; this says which way.")
    decision: str = strawberry.field(description="Your words, at most 2,000 characters.")


@strawberry.type
class DecideFindingAppealPayload(Payload):
    appeal: FindingAppeal | None = strawberry.field(default=None, description="What was decided.")
    returned: list[ServiceRecord] = strawberry.field(
        default_factory=list, description="The records that count again."
    )


@strawberry.type
class Mutation:
    @mutation(AppealFindingPayload)
    async def appeal_finding(self, info: Info, input: AppealFindingInput) -> AppealFindingPayload:
        """Ask that another officer looks at a finding that touches you; once."""
        answer = await finding_appeals.appeal_finding(
            info.context.actor,
            finding=str(input.finding),
            words=input.appeal,
            number=input.principal,
            key=info.context.key(input),
        )
        return AppealFindingPayload.of(answer, appeal=await shown(info, answer.appeal))

    @mutation(DecideFindingAppealPayload)
    async def decide_finding_appeal(
        self, info: Info, input: DecideFindingAppealInput
    ) -> DecideFindingAppealPayload:
        """Decide an appeal against a finding in your district that is not yours."""
        answer = await finding_appeals.review_finding(
            info.context.actor,
            appeal=str(input.appeal),
            grounds=input.grounds,
            decision=input.decision,
            key=info.context.key(input),
        )
        seen = await read_records(info.context, answer.returned)
        return DecideFindingAppealPayload.of(
            answer, appeal=await shown(info, answer.appeal), returned=list(seen.values())
        )

"""Finding drafts on the wire: one officer proposes a finding, another makes it."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Input
from schema.fields import field
from schema.findings import Finding, read_findings
from schema.hours import OutcomesPayload, ServiceRecord, read_records
from schema.refusal import Info, Payload, mutation
from timebank import finding_drafts
from timebank.finding_life import Blame, Misconduct
from timebank.texts import read_texts

Scope = Annotated[str, strawberry.argument(description="A path in your scope.")]


@strawberry.type(description="A proposed finding that waits for a second officer.")
class FindingDraft:
    id: ID = strawberry.field(description="Opaque; the finding will have the same.")
    misconduct: Misconduct = strawberry.field(description="What was found.")
    blame: Blame = strawberry.field(description="Whose misconduct it was.")
    proposed_at: datetime = strawberry.field(description="When it was proposed.")
    own: bool = strawberry.field(description="Whether you proposed it, so that another must act.")
    statement: str = strawberry.field(description="The reasons.")
    record_ids: strawberry.Private[tuple[str, ...]]

    @field
    async def records(self, info: Info) -> list[ServiceRecord]:
        """What it is to take back; at most 500."""
        seen = await read_records(info.context, self.record_ids)
        return [seen[id] for id in self.record_ids if id in seen]


@strawberry.type
class Query:
    @field
    async def finding_drafts(self, info: Info, scope: Scope) -> list[FindingDraft]:
        """Findings that wait for a second officer below a path, oldest first."""
        actor = info.context.actor
        drafts = await finding_drafts.finding_drafts(actor, scope)
        reasons = await read_texts([held.id for held in drafts], "statement")
        return [
            FindingDraft(
                id=ID(held.id),
                misconduct=held.misconduct,
                blame=held.blame,
                proposed_at=held.proposed_at,
                own=held.proposer == actor.id,
                statement=reasons.get(held.id, ""),
                record_ids=held.records,
            )
            for held in drafts
        ]


@strawberry.input
class ProposeFindingInput(Input):
    misconduct: Misconduct = strawberry.field(description="What was found.")
    blame: Blame = strawberry.field(description="Whose misconduct it was.")
    statement: str = strawberry.field(description="The reasons, at most 2,000 characters.")
    records: list[ID] = strawberry.field(
        default_factory=list, description="1 to 500 records that count, if no batch is named."
    )
    batch: str | None = strawberry.field(
        default=None, description="A batch by its name: whatever counts of it, at most 500."
    )


@strawberry.type
class ProposeFindingPayload(Payload):
    draft: ID | None = strawberry.field(default=None, description="What the second officer names.")
    record_count: int | None = strawberry.field(
        default=None, description="How many records it is about."
    )


@strawberry.input
class DropFindingInput(Input):
    draft: ID = strawberry.field(description="The proposed finding.")


@strawberry.type
class DropFindingPayload(Payload):
    draft: ID | None = strawberry.field(default=None, description="What was let go.")


@strawberry.input
class MakeFindingInput(Input):
    draft: ID = strawberry.field(description="The proposed finding.")


@strawberry.type
class MakeFindingPayload(OutcomesPayload):
    finding: Finding | None = strawberry.field(default=None, description="What was found.")


@strawberry.type
class Mutation:
    @mutation(ProposeFindingPayload, bulk=True)
    async def propose_finding(
        self, info: Info, input: ProposeFindingInput
    ) -> ProposeFindingPayload:
        """Propose a finding of misconduct in your district, for another officer to make."""
        answer = await finding_drafts.propose_finding(
            info.context.actor,
            misconduct=input.misconduct,
            blame=input.blame,
            statement=input.statement,
            records=[str(id) for id in input.records],
            batch=input.batch,
            key=info.context.key(input),
        )
        return ProposeFindingPayload.of(answer, draft=ID(answer.draft), record_count=answer.records)

    @mutation(DropFindingPayload)
    async def drop_finding(self, info: Info, input: DropFindingInput) -> DropFindingPayload:
        """Let a proposed finding go: it was wrong, or you do not agree."""
        answer = await finding_drafts.drop_draft(
            info.context.actor, draft=str(input.draft), key=info.context.key(input)
        )
        return DropFindingPayload.of(answer, draft=ID(answer.draft))

    @mutation(MakeFindingPayload)
    async def make_finding(self, info: Info, input: MakeFindingInput) -> MakeFindingPayload:
        """Make a finding that another officer proposed: what its records brought is taken back."""
        answer = await finding_drafts.make_finding(
            info.context.actor, draft=str(input.draft), key=info.context.key(input)
        )
        seen = await read_findings(info.context, [answer.finding])
        return MakeFindingPayload.told(answer, info, finding=seen.get(answer.finding))

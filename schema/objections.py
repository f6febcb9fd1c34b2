"""Objections on the wire: what is said against a record, and the one review."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.hours import ServiceRecord, read_records
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.texts import texts
from timebank import objections
from timebank.objection_life import Grounds, ObjectionReason, ObjectionState

OWN = Listing("objections", str)
OPEN = Listing("openObjections", str)
Scope = Annotated[str, strawberry.argument(description="A path in your scope.")]

show_enum(
    ObjectionState,
    "The life of an objection.",
    raised="Raised; the district has not answered.",
    answered="Answered, but not decided.",
    upheld="Upheld: the record was taken back. One review can be asked for.",
    dismissed="Dismissed: the record stands. One review can be asked for.",
    in_review="Another officer looks at the decision.",
    upheld_finally="Upheld in the review, which is final.",
    dismissed_finally="Dismissed in the review, which is final.",
    ended="The volunteer said “not me” meanwhile; there is nothing to decide.",
)
show_enum(
    ObjectionReason,
    "What is wrong with the record, says who objects.",
    never_happened="The service never took place.",
    wrong_times="The times are wrong.",
    wrong_person="Somebody else served.",
    not_service="It was no volunteer service.",
    recorded_wrongly="Something else about it is wrong.",
)
show_enum(
    Grounds,
    "Why an objection is upheld or dismissed.",
    recorded_rightly="Dismissed: the record is right.",
    not_shown="Dismissed: nothing shows that the record is wrong.",
    recorded_wrongly="Upheld: it was recorded wrongly.",
    never_happened="Upheld: the service never took place.",
)


@strawberry.type(description="What somebody says against a record of service that counts.")
class Objection(Node):
    state: ObjectionState = strawberry.field(description="How far it is.")
    reason: ObjectionReason = strawberry.field(description="What is said to be wrong.")
    raised_at: datetime = strawberry.field(description="When it was raised.")
    answer_by: date | None = strawberry.field(
        description="The district's last day for a first answer; null once it answered."
    )
    decide_by: date | None = strawberry.field(
        description="The district's last day to decide; null while nothing is to be decided."
    )
    grounds: Grounds | None = strawberry.field(description="Why it was decided as it was.")
    decided_on: date | None = strawberry.field(description="When it was decided.")
    record_id: strawberry.Private[str]
    corrected_id: strawberry.Private[str | None]

    @field
    async def record(self, info: Info) -> ServiceRecord | None:
        """The record it is about."""
        return await info.context.loaders.load(read_records, self.record_id)

    @field
    async def corrected(self, info: Info) -> ServiceRecord | None:
        """The record that was made instead, if one was."""
        id = self.corrected_id
        return await info.context.loaders.load(read_records, id) if id else None

    @field
    async def statement(self, info: Info) -> str | None:
        """The objector's words."""
        return await info.context.loaders.load(texts("statement"), str(self.id))

    @field
    async def answer(self, info: Info) -> str | None:
        """The district's first answer."""
        return await info.context.loaders.load(texts("answer"), str(self.id))

    @field
    async def decision(self, info: Info) -> str | None:
        """The words of the decision."""
        return await info.context.loaders.load(texts("decision"), str(self.id))

    @field
    async def appeal(self, info: Info) -> str | None:
        """The words of whoever asked for the review."""
        return await info.context.loaders.load(texts("appeal"), str(self.id))

    @field
    async def review(self, info: Info) -> str | None:
        """The words of the review's decision."""
        return await info.context.loaders.load(texts("review"), str(self.id))

    @classmethod
    def of(cls, held: objections.Objection) -> "Objection":
        """An objection as it is shown."""
        return cls(
            id=ID(held.id),
            state=held.state,
            reason=held.reason,
            raised_at=held.raised_at,
            answer_by=held.answer_by,
            decide_by=held.decide_by,
            grounds=held.grounds,
            decided_on=held.decided_on,
            record_id=held.record,
            corrected_id=held.corrected,
        )


async def read_objections(context: Context, ids: Sequence[str]) -> dict[str, Objection]:
    """Objections, for the loader; whatever is out of sight is missing."""
    seen = await objections.visible_objections(context.actor, ids)
    return {id: Objection.of(held) for id, held in seen.items()}


answers_for("obj", read_objections)


shown = anew(read_objections)
"""An objection as it is now, for a payload."""


@strawberry.type
class Query:
    @paged
    async def objections(
        self,
        page: Page,
        info: Info,
    ) -> Connection[Objection]:
        """Your own objections and those to service by you or to you, the newest first."""
        return await page.of(OWN, objections.objections_of, info.context.actor, node=Objection.of)

    @paged
    async def open_objections(
        self,
        page: Page,
        info: Info,
        scope: Scope,
    ) -> Connection[Objection]:
        """Objections to be decided below a path, the oldest first; none outside your scope."""
        return await page.of(
            OPEN, objections.open_objections, info.context.actor, scope, node=Objection.of
        )


@strawberry.input
class RaiseObjectionInput(Input):
    record: ID = strawberry.field(description="The record.")
    reason: ObjectionReason = strawberry.field(description="What is wrong with it.")
    statement: str = strawberry.field(description="Your words, at most 2,000 characters.")


@strawberry.type
class RaiseObjectionPayload(Payload):
    objection: Objection | None = strawberry.field(default=None, description="What was raised.")


@strawberry.input
class AskForReviewInput(Input):
    objection: ID = strawberry.field(description="The decided objection.")
    appeal: str = strawberry.field(description="Your words, at most 2,000 characters.")


@strawberry.type
class AskForReviewPayload(Payload):
    objection: Objection | None = strawberry.field(default=None, description="What is reviewed.")


@strawberry.type
class Mutation:
    @mutation(RaiseObjectionPayload)
    async def raise_objection(
        self, info: Info, input: RaiseObjectionInput
    ) -> RaiseObjectionPayload:
        """Object to a record of service by you, or to you, that counts."""
        answer = await objections.raise_objection(
            info.context.actor,
            record=str(input.record),
            reason=input.reason,
            statement=input.statement,
            key=info.context.key(input),
        )
        return RaiseObjectionPayload.of(answer, objection=await shown(info, answer.objection))

    @mutation(AskForReviewPayload)
    async def ask_for_review(self, info: Info, input: AskForReviewInput) -> AskForReviewPayload:
        """Ask that another officer looks at a decision; this can be asked once."""
        answer = await objections.ask_for_review(
            info.context.actor,
            objection=str(input.objection),
            appeal=input.appeal,
            key=info.context.key(input),
        )
        return AskForReviewPayload.of(answer, objection=await shown(info, answer.objection))

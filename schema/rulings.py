"""Rulings on the wire: the district answers and decides objections."""

from datetime import datetime

import strawberry
from strawberry import ID

from schema.context import Input
from schema.hours import ServiceRecord, read_records
from schema.objections import Objection, shown
from schema.refusal import Info, Payload, mutation
from timebank import rulings
from timebank.objection_life import Grounds


@strawberry.input
class AnswerObjectionInput(Input):
    objection: ID = strawberry.field(description="The objection.")
    answer: str = strawberry.field(description="Your words, at most 2,000 characters.")


@strawberry.type
class AnswerObjectionPayload(Payload):
    objection: Objection | None = strawberry.field(default=None, description="What was answered.")


@strawberry.input
class DecideObjectionInput(Input):
    objection: ID = strawberry.field(description="The objection.")
    grounds: Grounds = strawberry.field(description="Why; this says which way it is decided.")
    decision: str = strawberry.field(description="Your words, at most 2,000 characters.")
    starts: datetime | None = strawberry.field(
        default=None, description="When the record to make instead begins."
    )
    ends: datetime | None = strawberry.field(default=None, description="When that one ends.")


@strawberry.type
class DecideObjectionPayload(Payload):
    objection: Objection | None = strawberry.field(default=None, description="What was decided.")
    corrected: ServiceRecord | None = strawberry.field(
        default=None, description="The record that was made instead."
    )


@strawberry.type
class Mutation:
    @mutation(AnswerObjectionPayload)
    async def answer_objection(
        self, info: Info, input: AnswerObjectionInput
    ) -> AnswerObjectionPayload:
        """Give a first answer to an objection in your district."""
        answer = await rulings.answer_objection(
            info.context.actor,
            objection=str(input.objection),
            answer=input.answer,
            key=info.context.key(input),
        )
        return AnswerObjectionPayload.of(answer, objection=await shown(info, answer.objection))

    @mutation(DecideObjectionPayload)
    async def decide_objection(
        self, info: Info, input: DecideObjectionInput
    ) -> DecideObjectionPayload:
        """Decide an objection in your district, or review another officer's decision."""
        answer = await rulings.rule_on(
            info.context.actor,
            objection=str(input.objection),
            grounds=input.grounds,
            decision=input.decision,
            starts=input.starts,
            ends=input.ends,
            key=info.context.key(input),
        )
        made = answer.corrected
        seen = await read_records(info.context, [made]) if made else {}
        return DecideObjectionPayload.of(
            answer,
            objection=await shown(info, answer.objection),
            corrected=seen.get(made or ""),
        )

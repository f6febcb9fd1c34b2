"""Merges on the wire: one officer says that two numbers are one person's, another agrees."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.enums import show_enum
from schema.fields import field
from schema.looks import read_numbers
from schema.people import Person, read_people
from schema.refusal import Info, Payload, mutation
from timebank import merges
from timebank.merge_life import MergeGround

show_enum(
    MergeGround,
    "How somebody came to be registered twice.",
    two_documents="Once by each of two documents.",
    mistyped="A document's number was taken down wrongly.",
    moved="Registered again at another station.",
)


@strawberry.type(description="Two registrations that are to become one.")
class Merge:
    id: ID = strawberry.field(description="Opaque.")
    number: str = strawberry.field(description="The volunteer number that goes.")
    kept_number: str = strawberry.field(description="The volunteer number that is kept.")
    ground: MergeGround = strawberry.field(description="How it came to two.")
    proposed_at: datetime = strawberry.field(description="Since when the former rests.")
    own: bool = strawberry.field(description="Whether you proposed it, so that another decides.")
    hands: strawberry.Private[tuple[str, str, str]]

    @field
    async def by(self, info: Info) -> str | None:
        """The volunteer number of who proposed it."""
        return await info.context.loaders.load(read_numbers, self.hands[0])

    @field
    async def person(self, info: Info) -> Person | None:
        """Whose number goes."""
        return await info.context.loaders.load(read_people, self.hands[1])

    @field
    async def kept(self, info: Info) -> Person | None:
        """Who is kept."""
        return await info.context.loaders.load(read_people, self.hands[2])

    @classmethod
    def of(cls, held: merges.Merge, context: Context) -> "Merge":
        """A merge as it is shown to an officer."""
        return cls(
            id=ID(held.id),
            number=held.number,
            kept_number=held.kept_number,
            ground=held.ground,
            proposed_at=held.proposed_at,
            own=held.proposer == context.actor.id,
            hands=(held.proposer, held.person, held.kept),
        )


@strawberry.type
class Query:
    @field
    async def merges(
        self,
        info: Info,
        scope: Annotated[str, strawberry.argument(description="A path in your scope.")],
    ) -> list[Merge]:
        """Merges that wait for a second officer, of people at home below a path, oldest first."""
        context = info.context
        return [
            Merge.of(held, context) for held in await merges.merges_waiting(context.actor, scope)
        ]


@strawberry.input
class ProposeMergeInput(Input):
    number: str = strawberry.field(description="The volunteer number that is to go.")
    kept: str = strawberry.field(description="The volunteer number that is to be kept.")
    ground: MergeGround = strawberry.field(description="How it came to two.")


@strawberry.type
class ProposeMergePayload(Payload):
    merge: ID | None = strawberry.field(default=None, description="What the second person names.")


@strawberry.input
class DropMergeInput(Input):
    merge: ID = strawberry.field(description="The proposed merge.")


@strawberry.type
class DropMergePayload(Payload):
    merge: ID | None = strawberry.field(default=None, description="What was let go.")


@strawberry.input
class MergePeopleInput(Input):
    merge: ID = strawberry.field(description="The merge that another officer proposed.")


@strawberry.type
class MergePeoplePayload(Payload):
    kept: Person | None = strawberry.field(default=None, description="Who has everything now.")


@strawberry.type
class Mutation:
    @mutation(ProposeMergePayload)
    async def propose_merge(self, info: Info, input: ProposeMergeInput) -> ProposeMergePayload:
        """Say that two numbers are one person's; the one that is to go rests from now on."""
        answer = await merges.propose_merge(
            info.context.actor,
            number=input.number,
            kept=input.kept,
            ground=input.ground,
            key=info.context.key(input),
        )
        return ProposeMergePayload.of(answer, merge=ID(answer.merge))

    @mutation(DropMergePayload)
    async def drop_merge(self, info: Info, input: DropMergeInput) -> DropMergePayload:
        """Let a proposed merge go: they are two, or you do not agree."""
        answer = await merges.drop_merge(
            info.context.actor, merge=str(input.merge), key=info.context.key(input)
        )
        return DropMergePayload.of(answer, merge=ID(answer.merge))

    @mutation(MergePeoplePayload)
    async def merge_people(self, info: Info, input: MergePeopleInput) -> MergePeoplePayload:
        """Agree that two numbers are one person's: everything goes to the one that is kept."""
        answer = await merges.merge_people(
            info.context.actor, merge=str(input.merge), key=info.context.key(input)
        )
        kept = (await read_people(info.context, [answer.kept])).get(answer.kept)
        return MergePeoplePayload.of(answer, kept=kept)

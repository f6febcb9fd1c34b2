"""Publicity on the wire: objecting to what is laid open to everybody for some days."""

from collections.abc import Sequence
from datetime import date, datetime

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.enums import show_enum
from schema.loaders import BatchRead
from schema.refusal import Info, Payload, mutation
from timebank import publicity
from timebank.access import Action
from timebank.publicity import PublicityObjectionState, PublicityReason

show_enum(
    PublicityReason,
    "What somebody says against what is laid open.",
    hours_false="Hours it rests on are false.",
    misconduct="Whose it is has behaved badly in service.",
    wrong_person="Somebody else has earned it.",
    rule_broken="It breaks a rule.",
)
show_enum(
    PublicityObjectionState,
    "The life of an objection to what is laid open.",
    raised="Raised; it is to be decided.",
    upheld="True, and it speaks against the matter.",
    dismissed="Not shown, or it does not speak against the matter.",
)


@strawberry.type(description="An objection to what is laid open, as its officers see it.")
class PublicityObjection:
    objector: ID = strawberry.field(description="Who raised it, to be named in the decision.")
    reason: PublicityReason = strawberry.field(description="What is said.")
    state: PublicityObjectionState = strawberry.field(description="How far it is.")
    raised_at: datetime = strawberry.field(description="When it was raised.")
    decide_by: date = strawberry.field(description="The last day to decide it.")

    @classmethod
    def of(cls, held: publicity.PublicityObjection) -> "PublicityObjection":
        """An objection as it is shown."""
        return cls(
            objector=ID(held.person),
            reason=held.reason,
            state=held.state,
            raised_at=held.raised_at,
            decide_by=held.decide_by,
        )


def reads_objections(action: Action) -> BatchRead[Context, str, list[PublicityObjection]]:
    """The read of objections to a kind of matter, for the loader; others than who decides see none.

    Args: action, what its officers do.
    """

    async def read(context: Context, ids: Sequence[str]) -> dict[str, list[PublicityObjection]]:
        found = await publicity.publicity_objections(context.actor, action, ids)
        return {id: [PublicityObjection.of(one) for one in held] for id, held in found.items()}

    return read


@strawberry.input
class ObjectToPublicityInput(Input):
    about: ID = strawberry.field(description="What is laid open.")
    reason: PublicityReason = strawberry.field(description="What you say against it.")


@strawberry.type
class ObjectToPublicityPayload(Payload):
    about: ID | None = strawberry.field(default=None, description="What you objected to.")


@strawberry.type
class Mutation:
    @mutation(ObjectToPublicityPayload)
    async def object_to_publicity(
        self, info: Info, input: ObjectToPublicityInput
    ) -> ObjectToPublicityPayload:
        """Object to what is laid open, once, as anybody who is signed in."""
        answer = await publicity.object_to_publicity(
            info.context.actor,
            about=str(input.about),
            reason=input.reason,
            key=info.context.key(input),
        )
        return ObjectToPublicityPayload.of(answer, about=ID(answer.about))

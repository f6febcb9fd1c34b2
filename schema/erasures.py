"""Erasure on the wire: asked for, withdrawn, and what keeps it."""

from datetime import datetime
from typing import Annotated

import strawberry

from schema.context import Input
from schema.enums import show_enum
from schema.fields import field
from schema.refusal import Info, Payload, mutation
from timebank import erasures
from timebank.erasures import ErasureState
from timebank.open_matters import Matter

show_enum(
    ErasureState,
    "The life of an erasure.",
    asked="Asked for.",
    held="Something is open: the data are kept and not used.",
    withdrawn="Taken back.",
    done="What identified the person is destroyed.",
)
show_enum(
    Matter,
    "What is open and keeps a person's data for a time.",
    dispute="An objection, or a dispute elsewhere.",
    audit="An audit, or a batch of records that is held.",
    order="An order for a reward.",
    money_case="A case about public money.",
    legal_period="A period that a law sets.",
    minutes="Minutes in the account, or on their way.",
    role="A role that still stands.",
    ward="A minor whose guardian the person is.",
)

Number = Annotated[
    str | None,
    strawberry.argument(description="For the data protection officer: whose."),
]


@strawberry.type(description="A person's erasure.")
class Erasure:
    state: ErasureState = strawberry.field(description="How far it is.")
    asked_at: datetime = strawberry.field(description="When it was asked for.")
    matters: list[Matter] = strawberry.field(description="What keeps the data, while held.")
    ended_at: datetime | None = strawberry.field(description="When it was done or taken back.")

    @classmethod
    def of(cls, held: erasures.Erasure) -> "Erasure":
        """An erasure as it is shown."""
        return cls(
            state=held.state,
            asked_at=held.asked_at,
            matters=list(held.matters),
            ended_at=held.ended_at,
        )


@strawberry.type
class Query:
    @field
    async def erasure(self, info: Info, number: Number = None) -> Erasure | None:
        """Your own erasure, or for the data protection officer somebody's."""
        held = await erasures.erasure_of(info.context.actor, number)
        return Erasure.of(held) if held else None


@strawberry.input
class AskErasureInput(Input):
    number: str | None = strawberry.field(
        default=None, description="For the data protection officer: whose."
    )


@strawberry.type
class AskErasurePayload(Payload):
    erasure: Erasure | None = strawberry.field(
        default=None, description="What became of it, and what keeps it."
    )


@strawberry.input
class WithdrawErasureInput(Input):
    number: str | None = strawberry.field(
        default=None, description="For the data protection officer: whose."
    )


@strawberry.type
class WithdrawErasurePayload(Payload):
    erasure: Erasure | None = strawberry.field(default=None, description="The erasure, ended.")


async def _shown(info: Info, number: str | None) -> Erasure | None:
    held = await erasures.erasure_of(info.context.actor, number)
    return Erasure.of(held) if held else None


@strawberry.type
class Mutation:
    @mutation(AskErasurePayload)
    async def ask_erasure(self, info: Info, input: AskErasureInput) -> AskErasurePayload:
        """Be erased, for ever: at once if nothing is open, else as soon as nothing is."""
        answer = await erasures.ask_erasure(
            info.context.actor, number=input.number, key=info.context.key(input)
        )
        return AskErasurePayload.of(answer, erasure=await _shown(info, input.number))

    @mutation(WithdrawErasurePayload)
    async def withdraw_erasure(
        self, info: Info, input: WithdrawErasureInput
    ) -> WithdrawErasurePayload:
        """Take your erasure back while something keeps it; the account stays closed."""
        answer = await erasures.withdraw_erasure(
            info.context.actor, number=input.number, key=info.context.key(input)
        )
        return WithdrawErasurePayload.of(answer, erasure=await _shown(info, input.number))

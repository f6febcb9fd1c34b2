"""Holds on the wire: what keeps a person's data from being erased, placed and lifted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.refusal import Info, Payload, mutation
from timebank import holds
from timebank.holds import HoldState, KeepReason

show_enum(
    KeepReason,
    "What is open elsewhere and keeps a person's data.",
    audit="An audit.",
    dispute="A dispute before a court or an authority.",
    money_case="A case about public money.",
    legal_period="A period that a law sets.",
)
show_enum(
    HoldState,
    "The life of a hold.",
    standing="The data are kept.",
    lifted="The reason is gone.",
)


@strawberry.type(description="What keeps a person's data from being erased.")
class Hold(Node):
    reason: KeepReason = strawberry.field(description="What is open.")
    state: HoldState = strawberry.field(description="Whether it stands.")
    placed_at: datetime = strawberry.field(description="Since when.")

    @classmethod
    def of(cls, held: holds.Hold) -> "Hold":
        """A hold as it is shown."""
        return cls(id=ID(held.id), reason=held.reason, state=held.state, placed_at=held.placed_at)


async def read_holds(context: Context, ids: Sequence[str]) -> dict[str, Hold]:
    """Holds, for the loader; whatever the asker may not see is missing."""
    seen = await holds.visible_holds(context.actor, list(ids))
    return {id: Hold.of(held) for id, held in seen.items()}


answers_for("hld", read_holds)


@strawberry.type
class Query:
    @field
    async def holds(
        self,
        info: Info,
        number: Annotated[str, strawberry.argument(description="The volunteer number.")],
    ) -> list[Hold]:
        """The holds on somebody's data: on your own, or for the data protection officer."""
        return [Hold.of(held) for held in await holds.holds_on(info.context.actor, number)]


@strawberry.input
class PlaceHoldInput(Input):
    number: str = strawberry.field(description="Whose data, by volunteer number.")
    reason: KeepReason = strawberry.field(description="What is open.")


@strawberry.type
class PlaceHoldPayload(Payload):
    hold: Hold | None = strawberry.field(default=None, description="The hold that stands now.")


@strawberry.input
class LiftHoldInput(Input):
    hold: ID = strawberry.field(description="Which hold.")


@strawberry.type
class LiftHoldPayload(Payload):
    hold: Hold | None = strawberry.field(default=None, description="The hold that was lifted.")


_shown = anew(read_holds)


@strawberry.type
class Mutation:
    @mutation(PlaceHoldPayload)
    async def place_hold(self, info: Info, input: PlaceHoldInput) -> PlaceHoldPayload:
        """Keep a person's data from being erased while something is open elsewhere."""
        answer = await holds.place_hold(
            info.context.actor,
            number=input.number,
            reason=input.reason,
            key=info.context.key(input),
        )
        return PlaceHoldPayload.of(answer, hold=await _shown(info, answer.hold))

    @mutation(LiftHoldPayload)
    async def lift_hold(self, info: Info, input: LiftHoldInput) -> LiftHoldPayload:
        """Say that what kept a person's data is over."""
        answer = await holds.lift_hold(
            info.context.actor, hold=input.hold, key=info.context.key(input)
        )
        return LiftHoldPayload.of(answer, hold=await _shown(info, answer.hold))

"""Holds on the wire: what keeps a person's data from being erased, placed and lifted."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.looks import read_numbers
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
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


HOLDS = Listing("holdsAt", str)


@strawberry.type(description="What keeps a person's data from being erased.")
class Hold(Node):
    reason: KeepReason = strawberry.field(description="What is open.")
    state: HoldState = strawberry.field(description="Whether it stands.")
    placed_at: datetime = strawberry.field(description="Since when.")
    until: date | None = strawberry.field(description="Its last day; null: until it is lifted.")
    people: strawberry.Private[tuple[str, str]]

    @field
    async def number(self, info: Info) -> str | None:
        """The volunteer number of whose data are held."""
        return await info.context.loaders.load(read_numbers, self.people[0])

    @field
    async def placed_by(self, info: Info) -> str | None:
        """The volunteer number of the officer who placed it."""
        return await info.context.loaders.load(read_numbers, self.people[1])

    @classmethod
    def of(cls, held: holds.Hold) -> "Hold":
        """A hold as it is shown."""
        return cls(
            id=ID(held.id),
            reason=held.reason,
            state=held.state,
            placed_at=held.placed_at,
            until=held.until,
            people=(held.person, held.placed_by),
        )


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

    @paged
    async def holds_at(
        self,
        page: Page,
        info: Info,
        scope: Annotated[str, strawberry.argument(description="A path in your scope.")],
    ) -> Connection[Hold]:
        """The holds that stand below a path, oldest first, for the data protection officer."""
        read = partial(holds.holds_at, info.context.actor, scope)
        return await page.of(HOLDS, read, node=Hold.of)


@strawberry.input
class PlaceHoldInput(Input):
    number: str = strawberry.field(description="Whose data, by volunteer number.")
    reason: KeepReason = strawberry.field(description="What is open.")
    until: date | None = strawberry.field(default=None, description="The last day, if it is known.")


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
            until=input.until,
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

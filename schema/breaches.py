"""Breaches on the wire: what happened to personal data, where, and what was done; public."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.divisions import Area, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, nothing, paged
from schema.refusal import Info, Payload, mutation
from schema.texts import texts
from timebank import breaches, divisions
from timebank.breaches import BreachKind, BreachState

BREACHES = Listing("breaches", str)
Code = Annotated[str, strawberry.argument(description="The area's code, or the city's.")]

show_enum(
    BreachKind,
    "What happened to personal data.",
    leaked="Somebody had them who should not have.",
    altered="They were changed.",
    lost="They are gone.",
)
show_enum(
    BreachState,
    "The life of a breach.",
    reported="People are told, and something is done.",
    closed="It is over, and what was done is said.",
)


@strawberry.type(description="Personal data that leaked, were altered or were lost.")
class Breach(Node):
    kind: BreachKind = strawberry.field(description="What happened.")
    state: BreachState = strawberry.field(description="Whether it is over.")
    found_on: date = strawberry.field(description="The day it was found.")
    reported_at: datetime = strawberry.field(description="When people were told.")
    closed_at: datetime | None = strawberry.field(description="When it was over.")
    area_code: strawberry.Private[str]

    @field
    async def area(self, info: Info) -> Area | None:
        """Whose people it concerns."""
        return await info.context.loaders.load(read_areas, self.area_code)

    @field
    async def words(self, info: Info) -> str | None:
        """Which data, why, what may come of it and what people can do."""
        return await info.context.loaders.load(texts("words"), str(self.id))

    @field
    async def measures(self, info: Info) -> str | None:
        """What was done about it."""
        return await info.context.loaders.load(texts("measures"), str(self.id))

    @classmethod
    def of(cls, held: breaches.Breach) -> "Breach":
        """A breach as it is shown."""
        return cls(
            id=ID(held.id),
            kind=held.kind,
            state=held.state,
            found_on=held.found_on,
            reported_at=held.reported_at,
            closed_at=held.closed_at,
            area_code=held.area,
        )


async def read_breaches(context: Context, ids: Sequence[str]) -> dict[str, Breach]:
    """Breaches, for the loader."""
    found = await breaches.breaches_by_id(list(ids))
    return {id: Breach.of(held) for id, held in found.items()}


answers_for("brc", read_breaches)


@strawberry.type
class Query:
    @paged
    async def breaches(self, page: Page, area: Code = divisions.CITY) -> Connection[Breach]:
        """What happened to personal data in an area and those below it, the newest first."""
        place = await divisions.area(area)
        read = nothing if place is None else partial(breaches.breaches_at, place.path)
        return await page.of(BREACHES, read, node=Breach.of)

    @field
    async def breaches_near(self, info: Info) -> list[Breach]:
        """What happened where you are at home, and is not over, the newest first."""
        return [Breach.of(held) for held in await breaches.breaches_near(info.context.actor)]


@strawberry.input
class ReportBreachInput(Input):
    area: str = strawberry.field(description="The code of the area whose people it concerns.")
    kind: BreachKind = strawberry.field(description="What happened.")
    found_on: date = strawberry.field(description="The day it was found.")
    words: str = strawberry.field(
        description="Which data, why, what may come of it and what people can do."
    )


@strawberry.type
class ReportBreachPayload(Payload):
    breach: Breach | None = strawberry.field(default=None, description="What people are told.")


@strawberry.input
class CloseBreachInput(Input):
    breach: ID = strawberry.field(description="Which breach.")
    measures: str = strawberry.field(description="What was done about it.")


@strawberry.type
class CloseBreachPayload(Payload):
    breach: Breach | None = strawberry.field(default=None, description="The breach, over.")


_shown = anew(read_breaches)


@strawberry.type
class Mutation:
    @mutation(ReportBreachPayload)
    async def report_breach(self, info: Info, input: ReportBreachInput) -> ReportBreachPayload:
        """Tell the people of an area what happened to their data."""
        answer = await breaches.report_breach(
            info.context.actor,
            area=input.area,
            kind=input.kind,
            found_on=input.found_on,
            words=input.words,
            key=info.context.key(input),
        )
        return ReportBreachPayload.of(answer, breach=await _shown(info, answer.breach))

    @mutation(CloseBreachPayload)
    async def close_breach(self, info: Info, input: CloseBreachInput) -> CloseBreachPayload:
        """Say what was done about a breach, which is over."""
        answer = await breaches.close_breach(
            info.context.actor,
            breach=str(input.breach),
            measures=input.measures,
            key=info.context.key(input),
        )
        return CloseBreachPayload.of(answer, breach=await _shown(info, answer.breach))

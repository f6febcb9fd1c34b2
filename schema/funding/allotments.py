"""Allotments on the wire: everybody sees them, the city's fund officer makes them."""

from collections.abc import Sequence
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.divisions import Area, read_areas
from schema.fields import field
from schema.funding.sources import FundSource, read_sources
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.scalars import Fen
from timebank.funding import allotments

ALLOTMENTS = Listing("allotments", str)
Of = Annotated[ID | None, strawberry.argument(description="Of which source; null for any.")]
To = Annotated[ID | None, strawberry.argument(description="To which area; null for any.")]


@strawberry.type(description="What an area may commit of a source.")
class Allotment:
    fen: Fen = strawberry.field(description="What it was allotted.")
    returned: Fen = strawberry.field(description="What went back when the source closed.")
    members: int | None = strawberry.field(description="The Party members that were counted.")
    row: strawberry.Private[allotments.Allotment]

    @field
    async def unit(self, info: Info) -> Area | None:
        """The area."""
        return await info.context.loaders.load(read_areas, self.row.unit)

    @field
    async def source(self, info: Info) -> FundSource | None:
        """The source."""
        return await info.context.loaders.load(read_sources, self.row.source)

    @field
    async def left(self, info: Info) -> Fen | None:
        """What it may still commit."""
        return await info.context.loaders.load(_left, self.row.id)

    @classmethod
    def of(cls, held: allotments.Allotment) -> "Allotment":
        """An allotment as it is shown."""
        return cls(fen=Fen(held.fen), returned=Fen(held.returned), members=held.members, row=held)


async def _left(context: Context, ids: Sequence[str]) -> dict[str, Fen]:
    return {id: Fen(fen) for id, fen in (await allotments.left_of(ids)).items()}


@strawberry.type
class Query:
    @paged
    async def allotments(
        self, page: Page, source: Of = None, unit: To = None
    ) -> Connection[Allotment]:
        """Which areas were allotted what."""
        return await page.of(ALLOTMENTS, allotments.allotments_of, source, unit, node=Allotment.of)


@strawberry.input(description="What one area is allotted.")
class ShareInput:
    unit: ID = strawberry.field(description="The area, by code.")
    fen: Fen = strawberry.field(description="How much.")


@strawberry.input(description="How many Party members an area has.")
class MembersInput:
    unit: ID = strawberry.field(description="The area, by code.")
    members: int = strawberry.field(description="How many.")


@strawberry.input
class AllotFundsInput(Input):
    source: ID = strawberry.field(description="Of which source.")
    shares: list[ShareInput] = strawberry.field(description="What each area gets.")


@strawberry.type
class AllotFundsPayload(Payload):
    units: int | None = strawberry.field(default=None, description="How many areas got a share.")
    fen: Fen | None = strawberry.field(default=None, description="How much in all.")


@strawberry.input
class AllotByFormulaInput(Input):
    source: ID = strawberry.field(description="Of which source.")
    members: list[MembersInput] = strawberry.field(
        default_factory=list, description="Party members, where the formula counts them."
    )


@strawberry.type
class AllotByFormulaPayload(Payload):
    units: int | None = strawberry.field(default=None, description="How many areas got a share.")
    fen: Fen | None = strawberry.field(default=None, description="How much in all.")


@strawberry.input
class CloseSourceInput(Input):
    source: ID = strawberry.field(description="Which source.")


@strawberry.type
class CloseSourcePayload(Payload):
    source: FundSource | None = strawberry.field(default=None, description="The source.")


@strawberry.type
class Mutation:
    @mutation(AllotFundsPayload, bulk=True)
    async def allot_funds(self, info: Info, input: AllotFundsInput) -> AllotFundsPayload:
        """Allot areas their shares of a source, all of them or none."""
        answer = await allotments.allot_funds(
            info.context.actor,
            source=str(input.source),
            rows=[(str(share.unit), share.fen) for share in input.shares],
            key=info.context.key(input),
        )
        return AllotFundsPayload.of(answer, units=answer.units, fen=Fen(answer.fen))

    @mutation(AllotByFormulaPayload, bulk=True)
    async def allot_by_formula(
        self, info: Info, input: AllotByFormulaInput
    ) -> AllotByFormulaPayload:
        """Allot every community and village its share by the formula of the policy."""
        answer = await allotments.allot_by_formula(
            info.context.actor,
            source=str(input.source),
            members=[(str(told.unit), told.members) for told in input.members],
            key=info.context.key(input),
        )
        return AllotByFormulaPayload.of(answer, units=answer.units, fen=Fen(answer.fen))

    @mutation(CloseSourcePayload)
    async def close_source(self, info: Info, input: CloseSourceInput) -> CloseSourcePayload:
        """After its last day, return what is left of a source to the treasury."""
        answer = await allotments.close_source(
            info.context.actor, source=str(input.source), key=info.context.key(input)
        )
        source = (await read_sources(info.context, [answer.source])).get(answer.source)
        return CloseSourcePayload.of(answer, source=source)

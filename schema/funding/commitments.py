"""Commitments on the wire: who is promised public money for what, and what came of it, for all."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context
from schema.divisions import Area, read_areas
from schema.fields import field
from schema.funding.sources import FundSource, read_sources
from schema.funding.tranches import Tranche, read_parts
from schema.organisations import Organisation, read_organisations
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info
from schema.scalars import Fen, Long
from schema.texts import texts
from timebank.funding import commitments, funded_hours
from timebank.funding.commitments import Condition
from timebank.funding.purposes import FundPurpose

COMMITMENTS = Listing("commitments", str)
Of = Annotated[ID | None, strawberry.argument(description="Of which source; null for any.")]
By = Annotated[ID | None, strawberry.argument(description="Of which area; null for any.")]
To = Annotated[ID | None, strawberry.argument(description="To which organisation; null for any.")]


@strawberry.type(description="Money that is promised to one thing.")
class Commitment:
    id: ID = strawberry.field(description="The thing's own.")
    purpose: FundPurpose = strawberry.field(description="What for.")
    fen: Fen = strawberry.field(description="What is promised, less what was released.")
    paid: Fen = strawberry.field(description="What was paid and not given back.")
    spent: Fen = strawberry.field(description="What is accounted for.")
    committed_on: date = strawberry.field(description="When it was promised.")
    met: list[Condition] = strawberry.field(description="What payments wait for and has come.")
    row: strawberry.Private[commitments.Commitment]

    @field
    async def name(self, info: Info) -> str:
        """What the thing is called; empty where it has no name."""
        return await info.context.loaders.load(texts("name"), str(self.id)) or ""

    @field
    async def source(self, info: Info) -> FundSource | None:
        """Whose money it is."""
        return await info.context.loaders.load(read_sources, self.row.source)

    @field
    async def unit(self, info: Info) -> Area | None:
        """Of whose allotment."""
        return await info.context.loaders.load(read_areas, self.row.unit)

    @field
    async def payee(self, info: Info) -> Organisation | None:
        """The organisation that it is paid to; null for what is bought."""
        payee = self.row.payee
        return await info.context.loaders.load(read_organisations, payee) if payee else None

    @field
    async def tranches(self, info: Info) -> list[Tranche]:
        """In which parts it is paid."""
        return await info.context.loaders.load(read_parts, str(self.id)) or []

    @field
    async def accepted_minutes(self, info: Info) -> Long | None:
        """The service it paid for that volunteers accepted; null where it pays for none."""
        return await info.context.loaders.load(read_minutes, str(self.id))

    @field
    async def fen_an_hour(self, info: Info) -> Fen | None:
        """What is accounted for, by accepted hour, whole fen; null where there is none."""
        minutes = await info.context.loaders.load(read_minutes, str(self.id))
        cost = funded_hours.cost_of_hour(self.row.spent, minutes or 0)
        return None if cost is None else Fen(cost)

    @classmethod
    def of(cls, held: commitments.Commitment) -> "Commitment":
        """A commitment as it is shown."""
        return cls(
            id=ID(held.id),
            purpose=held.purpose,
            fen=Fen(held.fen),
            paid=Fen(held.paid),
            spent=Fen(held.spent),
            committed_on=held.committed_on,
            met=list(held.met),
            row=held,
        )


async def read_minutes(context: Context, ids: Sequence[str]) -> dict[str, Long]:
    """Accepted minutes by commitment, for the loader."""
    return {id: Long(minutes) for id, minutes in (await funded_hours.minutes_of(ids)).items()}


async def read_commitments(context: Context, ids: Sequence[str]) -> dict[str, Commitment]:
    """Commitments, for the loader."""
    found = await commitments.commitments_by_id(ids)
    return {id: Commitment.of(held) for id, held in found.items()}


@strawberry.type
class Query:
    @paged
    async def commitments(
        self, page: Page, source: Of = None, unit: By = None, payee: To = None
    ) -> Connection[Commitment]:
        """Who is promised public money for what."""
        return await page.of(
            COMMITMENTS, commitments.commitments_of, source, unit, payee, node=Commitment.of
        )

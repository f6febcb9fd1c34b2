"""Fund balances on the wire: what of a source is allotted, committed, paid and spent, for all."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from schema.context import Context
from schema.divisions import Area, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info
from schema.scalars import Fen
from timebank.funding import balances
from timebank.funding.purposes import FundPurpose

BALANCES = Listing("fundBalances", str)
Of = Annotated[strawberry.ID, strawberry.argument(description="Of which source.")]

show_enum(
    FundPurpose,
    "What public money may be for.",
    elder_care="Old people.",
    child_care="Children and the young.",
    disability_help="Disabled people.",
    neighbour_help="Help among neighbours.",
    health="Health.",
    culture_sport="Culture and sport.",
    environment="The environment.",
    safety="Safety.",
    public_places="Places that everybody uses.",
    governance="Residents governing themselves.",
    volunteering="Volunteering.",
    organisation_growth="Growing social organisations.",
    social_work="Social work.",
    poverty_relief="Relief of poverty.",
    party_building="Party building.",
)


@strawberry.type(description="What became of a source's money.")
class FundBalance:
    purpose: FundPurpose | None = strawberry.field(description="For what; null for everything.")
    allotted: Fen = strawberry.field(description="Allotted; counted over all purposes only.")
    committed: Fen = strawberry.field(description="Promised to somebody.")
    paid: Fen = strawberry.field(description="Paid out.")
    spent: Fen = strawberry.field(description="Accounted for by what was bought.")
    of_unit: strawberry.Private[str | None]

    @field
    async def unit(self, info: Info) -> Area | None:
        """Whose; null for everybody's."""
        return await info.context.loaders.load(read_areas, self.of_unit) if self.of_unit else None

    @classmethod
    def of(cls, held: balances.FundBalance) -> "FundBalance":
        """A balance as it is shown."""
        return cls(
            purpose=held.purpose,
            allotted=Fen(held.allotted),
            committed=Fen(held.committed),
            paid=Fen(held.paid),
            spent=Fen(held.spent),
            of_unit=held.unit,
        )


async def read_sums(context: Context, sources: Sequence[str]) -> dict[str, FundBalance]:
    """What became of whole sources, for the loader."""
    return {id: FundBalance.of(held) for id, held in (await balances.sums_of(sources)).items()}


@strawberry.type
class Query:
    @paged
    async def fund_balances(self, page: Page, source: Of) -> Connection[FundBalance]:
        """Every balance of a source, by unit and by purpose, the sums over them too."""
        return await page.of(BALANCES, balances.balances_below, str(source), node=FundBalance.of)

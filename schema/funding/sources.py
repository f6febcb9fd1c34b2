"""Fund sources on the wire: everybody sees them, the city's fund officer authorises them."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.enums import show_enum
from schema.fields import field
from schema.funding.balances import FundBalance, read_sums
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.scalars import Fen
from schema.texts import texts
from timebank.funding import sources
from timebank.funding.purposes import FundPurpose, Negative
from timebank.funding.sources import FundKind, SourceState

SOURCES = Listing("fundSources", str)
Year = Annotated[int, strawberry.argument(description="The year that the money is for.")]

show_enum(
    FundKind,
    "The kinds of public money.",
    assistance_plan="The plan that assists community organisations.",
    social_work="The purchase of social-work services.",
    community_benefit="Community benefit money.",
    party_building="Party and community building money.",
)
show_enum(
    SourceState,
    "The life of a source.",
    open="Its money may be used.",
    closed="What was left went back to the treasury.",
)
show_enum(
    Negative,
    "The negative list: what public money is not spent on.",
    N01="Pay and bonuses of staff.",
    N02="Office running and decoration.",
    N03="Meals, gifts and travel.",
    N04="Debt, guarantees and investment.",
    N05="Private matters of residents.",
    N06="Another party is responsible.",
    N07="Duties of government, or what is budgeted already.",
    N08="Cash or vouchers to individuals.",
    N09="Party-only activity, which has its own source.",
    N10="Religious or commercial.",
    N11="A related party that did not withdraw.",
    N12="Split to pass a threshold.",
    N13="Bought before the decision.",
    N14="Without invoice and acceptance.",
)


@strawberry.type(description="Public money of a year, for some purposes.")
class FundSource(Node):
    fund: FundKind = strawberry.field(description="What kind of money it is.")
    year: int = strawberry.field(description="The year it is for.")
    fen: Fen = strawberry.field(description="What was given in all.")
    purposes: list[FundPurpose] = strawberry.field(description="What it may be spent on.")
    negatives: list[Negative] = strawberry.field(description="What it is never spent on.")
    last_day: date = strawberry.field(description="The last day to commit it.")
    state: SourceState = strawberry.field(description="Whether it is open.")

    @field
    async def name(self, info: Info) -> str:
        """Its name."""
        return await info.context.loaders.load(texts("name"), str(self.id)) or ""

    @field
    async def balance(self, info: Info) -> FundBalance | None:
        """What became of it; null before anything was allotted."""
        return await info.context.loaders.load(read_sums, str(self.id))

    @classmethod
    def of(cls, held: sources.FundSource) -> "FundSource":
        """A source as it is shown."""
        return cls(
            id=ID(held.id),
            fund=held.fund,
            year=held.year,
            fen=Fen(held.fen),
            purposes=list(held.purposes),
            negatives=list(held.negatives),
            last_day=held.last_day,
            state=held.state,
        )


async def read_sources(context: Context, ids: Sequence[str]) -> dict[str, FundSource]:
    """Sources, for the loader."""
    return {id: FundSource.of(held) for id, held in (await sources.sources_by_id(ids)).items()}


answers_for("src", read_sources)


@strawberry.type
class Query:
    @paged
    async def fund_sources(self, page: Page, year: Year) -> Connection[FundSource]:
        """Where a year's public money comes from."""
        return await page.of(SOURCES, sources.sources_of, year, node=FundSource.of)


@strawberry.input
class AuthoriseSourceInput(Input):
    fund: FundKind = strawberry.field(description="What kind of money it is.")
    year: int = strawberry.field(description="This year or the next.")
    fen: Fen = strawberry.field(description="How much is given.")
    name: str = strawberry.field(description="Its name, at most 60 characters.")
    purposes: list[FundPurpose] = strawberry.field(description="What it may be spent on.")
    negatives: list[Negative] = strawberry.field(description="What it is never spent on.")
    carry_over_years: int = strawberry.field(
        default=0, description="How many years longer what is left may be used."
    )


@strawberry.type
class AuthoriseSourcePayload(Payload):
    source: FundSource | None = strawberry.field(default=None, description="The source.")


@strawberry.type
class Mutation:
    @mutation(AuthoriseSourcePayload)
    async def authorise_source(
        self, info: Info, input: AuthoriseSourceInput
    ) -> AuthoriseSourcePayload:
        """Take a year's money for some purposes from the treasury."""
        answer = await sources.authorise_source(
            info.context.actor,
            fund=input.fund,
            year=input.year,
            fen=input.fen,
            name=input.name,
            purposes=input.purposes,
            negatives=input.negatives,
            carry_over_years=input.carry_over_years,
            key=info.context.key(input),
        )
        source = (await read_sources(info.context, [answer.source])).get(answer.source)
        return AuthoriseSourcePayload.of(answer, source=source)

"""Time accounts on the wire: one's own balance and statement, and the city's books for all."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from schema.fields import field
from schema.ledger import LedgerEntry
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info
from schema.scalars import Long
from schema.solvency import Solvency
from timebank import accounts, dormancy, solvency
from timebank.actors import PersonId
from timebank.clock import day_of
from timebank.divisions import CITY

AreaCode = Annotated[
    str, strawberry.argument(description="The code of a district; the city where left out.")
]
STATEMENT = Listing("statement", int)


@strawberry.type(description="What one ledger entry moved on a time account.")
class StatementLine:
    at: datetime = strawberry.field(description="When.")
    kind: str = strawberry.field(description="What happened: the kind of the ledger entry.")
    minutes: Long = strawberry.field(description="How many minutes came, or went if negative.")
    balance_minutes: Long = strawberry.field(description="What the account held afterwards.")
    former: bool = strawberry.field(
        description="Whether it moved under a number that went into this one since."
    )
    seq: strawberry.Private[int]

    @field
    def entry(self) -> LedgerEntry:
        """The ledger entry."""
        return LedgerEntry(seq=Long(self.seq))

    @classmethod
    def of(cls, posting: accounts.Posting, own: str) -> "StatementLine":
        """A movement as it is shown to whose account is `own`."""
        return cls(
            former=posting.account != own,
            at=posting.at,
            kind=posting.kind,
            minutes=Long(posting.amount),
            balance_minutes=Long(posting.balance),
            seq=posting.seq,
        )


@strawberry.type(description="Somebody's time credit.")
class TimeAccount:
    person: strawberry.Private[PersonId]
    formers: strawberry.Private[tuple[PersonId, ...]]

    @field
    async def balance_minutes(self) -> Long:
        """What can be spent now, in minutes."""
        return Long(await accounts.balance_of(accounts.volunteer(self.person)))

    @field
    async def owed_minutes(self) -> Long:
        """What a correction could not take back, in minutes; later credit repays it first."""
        return Long(-await accounts.balance_of(accounts.owed(self.person)))

    @field
    async def dormant_since(self) -> date | None:
        """Since when nothing moves on it, if that is long; nothing is lost by it."""
        return await dormancy.dormant_since(self.person)

    @paged
    async def statement(
        self,
        page: Page,
    ) -> Connection[StatementLine]:
        """Every movement, the newest first."""
        own = [accounts.volunteer(id) for id in (self.person, *self.formers)]
        return await page.of(
            STATEMENT,
            accounts.statement,
            *own,
            key=lambda posting: (posting.seq,),
            node=lambda posting: StatementLine.of(posting, own[0]),
        )


@strawberry.type(
    description="The city's minutes: minted = held + escrow + pools + redeemed + retired + owed."
)
class Conservation:
    minted_minutes: Long = strawberry.field(description="Ever minted, less what was reversed.")
    held_minutes: Long = strawberry.field(description="Spendable by volunteers.")
    escrow_minutes: Long = strawberry.field(description="Held for orders and gifts.")
    pool_minutes: Long = strawberry.field(description="In the public pools.")
    redeemed_minutes: Long = strawberry.field(description="Redeemed for rewards.")
    retired_minutes: Long = strawberry.field(description="Taken out of circulation.")
    owed_minutes: Long = strawberry.field(description="Not yet given back, 0 or negative.")
    holds: bool = strawberry.field(description="Whether both sides are equal.")


@strawberry.type(description="The city's books, open to everybody.")
class Books:
    @field
    async def conservation(self) -> Conservation:
        """Both sides of the city's time account, of one instant."""
        books = await accounts.conservation()
        return Conservation(
            minted_minutes=Long(books.minted),
            held_minutes=Long(books.held),
            escrow_minutes=Long(books.escrow),
            pool_minutes=Long(books.pools),
            redeemed_minutes=Long(books.redeemed),
            retired_minutes=Long(books.retired),
            owed_minutes=Long(books.owed),
            holds=books.whole,
        )

    @field
    async def solvency(self, info: Info, area: AreaCode = CITY) -> Solvency | None:
        """How the city stands, or one of its districts; null for an area without a pool."""
        told = await solvency.solvency(day_of(info.context.clock.now()), area=area)
        return Solvency.of(told) if told else None

    @field
    async def districts(self, info: Info) -> list[Solvency]:
        """How every district stands, by code."""
        told = await solvency.solvency_of_districts(day_of(info.context.clock.now()))
        return [Solvency.of(one) for one in told]


@strawberry.type
class Query:
    @field
    def account(self, info: Info) -> TimeAccount | None:
        """Your time account; null where nobody is signed in."""
        actor = info.context.actor
        return TimeAccount(person=actor.person, formers=actor.formers) if actor.person else None

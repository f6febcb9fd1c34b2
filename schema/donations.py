"""Donations on the wire: minutes for a public pool, with some days to think again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from timebank import donations
from timebank.donations import DonationState

DONATIONS = Listing("donations", str)

Principal = Annotated[
    str | None,
    strawberry.argument(description="For a proxy: the volunteer number of whom you act for."),
]

show_enum(
    DonationState,
    "The life of a donation.",
    waiting="It can be taken back.",
    settled="The minutes are the pool's.",
    taken_back="Taken back by the donor.",
)


@strawberry.type(description="Minutes given to a public pool.")
class Donation(Node):
    area: str = strawberry.field(description="The code of the area whose pool it is for.")
    minutes: int = strawberry.field(description="How many.")
    state: DonationState = strawberry.field(description="How far it is.")
    made_at: datetime = strawberry.field(description="When it was made.")
    until: datetime = strawberry.field(description="Until when it can be taken back.")

    @classmethod
    def of(cls, held: donations.Donation) -> "Donation":
        """A donation as it is shown."""
        return cls(
            id=ID(held.id),
            area=held.area,
            minutes=held.minutes,
            state=held.state,
            made_at=held.made_at,
            until=held.until,
        )


async def read_donations(context: Context, ids: Sequence[str]) -> dict[str, Donation]:
    """Donations, for the loader; whatever the asker may not see is missing."""
    seen = await donations.visible_donations(context.actor, ids)
    return {id: Donation.of(held) for id, held in seen.items()}


answers_for("don", read_donations)


@strawberry.type
class Query:
    @paged
    async def donations(
        self,
        page: Page,
        info: Info,
        principal: Principal = None,
    ) -> Connection[Donation]:
        """Your donations, or those of somebody you act for, the newest first."""
        return await page.of(
            DONATIONS,
            donations.donations_of,
            info.context.actor,
            principal=principal,
            node=Donation.of,
        )


@strawberry.input
class DonateInput(Input):
    area: ID = strawberry.field(description="The code of the district, or of the city.")
    minutes: int = strawberry.field(description="How many minutes.")
    donor: str | None = strawberry.field(
        default=None, description="For a proxy: the volunteer number of who gives."
    )


@strawberry.type
class DonatePayload(Payload):
    donation: Donation | None = strawberry.field(default=None, description="What was given.")


@strawberry.input
class TakeBackDonationInput(Input):
    donation: ID = strawberry.field(description="Which donation.")


@strawberry.type
class TakeBackDonationPayload(Payload):
    donation: Donation | None = strawberry.field(default=None, description="What came back.")


_shown = anew(read_donations)


@strawberry.type
class Mutation:
    @mutation(DonatePayload)
    async def donate(self, info: Info, input: DonateInput) -> DonatePayload:
        """Give minutes to a public pool; you can take them back for some days."""
        answer = await donations.donate(
            info.context.actor,
            area=input.area,
            minutes=input.minutes,
            donor=input.donor,
            key=info.context.key(input),
        )
        return DonatePayload.of(answer, donation=await _shown(info, answer.donation))

    @mutation(TakeBackDonationPayload)
    async def take_back_donation(
        self, info: Info, input: TakeBackDonationInput
    ) -> TakeBackDonationPayload:
        """Take a donation back while you can."""
        answer = await donations.take_back_donation(
            info.context.actor, donation=input.donation, key=info.context.key(input)
        )
        return TakeBackDonationPayload.of(answer, donation=await _shown(info, answer.donation))

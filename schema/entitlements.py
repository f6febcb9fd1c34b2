"""Entitlements on the wire: whether a courtesy may be given on an order, for everybody."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.enums import show_enum
from schema.fields import field
from timebank import entitlements
from timebank.entitlements import EntitlementStanding

Order = Annotated[ID, strawberry.argument(description="The order, from the QR code's address.")]

show_enum(
    EntitlementStanding,
    "Whether a courtesy may be given.",
    valid="It holds: give the courtesy.",
    used="The courtesy was given already.",
    cancelled="The order was cancelled.",
    lapsed="The star, or the account, allows it no longer.",
    unknown="There is no such entitlement.",
)


@strawberry.type(description="What the register says of an order for a courtesy.")
class Entitlement:
    standing: EntitlementStanding = strawberry.field(description="Whether it holds.")
    courtesy: str | None = strawberry.field(description="What is to be given.")
    name: str | None = strawberry.field(description="The masked name; null once it was erased.")
    star: int | None = strawberry.field(description="The star that it asks for.")
    since: date | None = strawberry.field(description="When it was ordered.")


@strawberry.type
class Query:
    @field
    async def entitlement(self, order: Order) -> Entitlement:
        """What the register says of an order for a courtesy; it always answers."""
        told = await entitlements.entitlement(str(order))
        return Entitlement(
            standing=told.standing,
            courtesy=told.courtesy,
            name=told.name,
            star=told.star,
            since=told.since,
        )

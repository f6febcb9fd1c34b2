"""Gifts on the wire: offered to lineal kin, accepted, declined or taken back."""

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
from timebank import gifts
from timebank.gift_life import GiftState

GIFTS = Listing("gifts", str)

Principal = Annotated[
    str | None,
    strawberry.argument(description="For a proxy: the volunteer number of whom you act for."),
]

show_enum(
    GiftState,
    "The life of a gift.",
    offered="Offered; the minutes are held.",
    accepted="The receiver has the minutes.",
    declined="Declined; the minutes went back.",
    withdrawn="Taken back before it was accepted.",
    expired="Not accepted in time; the minutes went back.",
)


@strawberry.type(description="Minutes that one person gives to another.")
class Gift(Node):
    minutes: int = strawberry.field(description="How many.")
    giver_number: str = strawberry.field(description="Who gives, by volunteer number.")
    receiver_number: str = strawberry.field(description="Who is given, by volunteer number.")
    state: GiftState = strawberry.field(description="How far it is.")
    offered_at: datetime = strawberry.field(description="When it was offered.")
    until: datetime = strawberry.field(description="Before when it is to be accepted.")

    @classmethod
    def of(cls, held: gifts.Gift) -> "Gift":
        """A gift as it is shown."""
        return cls(
            id=ID(held.id),
            minutes=held.minutes,
            giver_number=held.giver_number,
            receiver_number=held.receiver_number,
            state=held.state,
            offered_at=held.offered_at,
            until=held.until,
        )


async def read_gifts(context: Context, ids: Sequence[str]) -> dict[str, Gift]:
    """Gifts, for the loader; whatever the asker may not see is missing."""
    seen = await gifts.visible_gifts(context.actor, ids)
    return {id: Gift.of(held) for id, held in seen.items()}


answers_for("gif", read_gifts)


@strawberry.type
class Query:
    @paged
    async def gifts(
        self,
        page: Page,
        info: Info,
        principal: Principal = None,
    ) -> Connection[Gift]:
        """The gifts you gave or were given, or those of somebody you act for, newest first."""
        return await page.of(
            GIFTS, gifts.gifts_of, info.context.actor, principal=principal, node=Gift.of
        )


@strawberry.input
class OfferGiftInput(Input):
    receiver: str = strawberry.field(description="The volunteer number of who is given.")
    minutes: int = strawberry.field(description="How many minutes.")
    giver: str | None = strawberry.field(
        default=None, description="For a proxy: the volunteer number of who gives."
    )


@strawberry.type
class OfferGiftPayload(Payload):
    gift: Gift | None = strawberry.field(default=None, description="What was offered.")


@strawberry.input
class AcceptGiftInput(Input):
    gift: ID = strawberry.field(description="Which gift.")


@strawberry.type
class AcceptGiftPayload(Payload):
    gift: Gift | None = strawberry.field(default=None, description="What was accepted.")


@strawberry.input
class DeclineGiftInput(Input):
    gift: ID = strawberry.field(description="Which gift.")


@strawberry.type
class DeclineGiftPayload(Payload):
    gift: Gift | None = strawberry.field(default=None, description="What was declined.")


@strawberry.input
class WithdrawGiftInput(Input):
    gift: ID = strawberry.field(description="Which gift.")


@strawberry.type
class WithdrawGiftPayload(Payload):
    gift: Gift | None = strawberry.field(default=None, description="What was taken back.")


_shown = anew(read_gifts)


@strawberry.type
class Mutation:
    @mutation(OfferGiftPayload)
    async def offer_gift(self, info: Info, input: OfferGiftInput) -> OfferGiftPayload:
        """Offer minutes to registered kin in the direct line; they are held until accepted."""
        answer = await gifts.offer_gift(
            info.context.actor,
            receiver=input.receiver,
            minutes=input.minutes,
            giver=input.giver,
            key=info.context.key(input),
        )
        return OfferGiftPayload.of(answer, gift=await _shown(info, answer.gift))

    @mutation(AcceptGiftPayload)
    async def accept_gift(self, info: Info, input: AcceptGiftInput) -> AcceptGiftPayload:
        """Accept a gift, for yourself or somebody you act for."""
        answer = await gifts.accept_gift(
            info.context.actor, gift=input.gift, key=info.context.key(input)
        )
        return AcceptGiftPayload.of(answer, gift=await _shown(info, answer.gift))

    @mutation(DeclineGiftPayload)
    async def decline_gift(self, info: Info, input: DeclineGiftInput) -> DeclineGiftPayload:
        """Decline a gift; the minutes go back."""
        answer = await gifts.decline_gift(
            info.context.actor, gift=input.gift, key=info.context.key(input)
        )
        return DeclineGiftPayload.of(answer, gift=await _shown(info, answer.gift))

    @mutation(WithdrawGiftPayload)
    async def withdraw_gift(self, info: Info, input: WithdrawGiftInput) -> WithdrawGiftPayload:
        """Take a gift back before it is accepted."""
        answer = await gifts.withdraw_gift(
            info.context.actor, gift=input.gift, key=info.context.key(input)
        )
        return WithdrawGiftPayload.of(answer, gift=await _shown(info, answer.gift))

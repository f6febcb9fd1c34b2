"""The resident's last word on the wire: by their link, their code, or telephone."""

from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.fields import field
from schema.refusal import Info, Payload, mutation
from schema.wishes import Wish, read_wishes
from timebank import wish_closings
from timebank.wish_life import WishRating

Link = Annotated[str, strawberry.argument(description="What the resident's link ends with.")]


async def wish_by_link(link: str) -> Wish | None:
    """The wish that a resident's link opens."""
    held = await wish_closings.wish_behind(link)
    return Wish.of(held) if held else None


@strawberry.type
class Query:
    @field
    async def wish_by_link(self, link: Link) -> Wish | None:
        """Your wish, by your own link; null for any other."""
        return await wish_by_link(link)


@strawberry.input
class CloseWishByLinkInput(Input):
    link: str = strawberry.field(description="What your link ends with.")
    granted: bool = strawberry.field(description="Whether it was granted.")
    rating: WishRating = strawberry.field(description="How it was.")


@strawberry.type
class CloseWishByLinkPayload(Payload):
    wish: Wish | None = strawberry.field(default=None, description="Your wish.")


@strawberry.input
class CloseWishByCodeInput(Input):
    wish: ID = strawberry.field(description="Which wish.")
    code: str = strawberry.field(description="The code.")
    granted: bool = strawberry.field(description="Whether it was granted.")
    rating: WishRating = strawberry.field(description="How it was.")


@strawberry.type
class CloseWishByCodePayload(Payload):
    wish: Wish | None = strawberry.field(default=None, description="The wish.")


@strawberry.input
class CloseWishByPhoneInput(Input):
    wish: ID = strawberry.field(description="Which wish.")
    granted: bool = strawberry.field(description="Whether it was granted.")
    rating: WishRating = strawberry.field(description="How it was.")


@strawberry.type
class CloseWishByPhonePayload(Payload):
    wish: Wish | None = strawberry.field(default=None, description="The wish.")


_shown = anew(read_wishes)


@strawberry.type
class Mutation:
    @mutation(CloseWishByLinkPayload)
    async def close_wish_by_link(
        self, info: Info, input: CloseWishByLinkInput
    ) -> CloseWishByLinkPayload:
        """Say by your own link, without an account, whether your wish was granted."""
        answer = await wish_closings.close_by_link(
            info.context.actor,
            link=input.link,
            granted=input.granted,
            rating=input.rating,
            key=info.context.key(input),
        )
        return CloseWishByLinkPayload.of(answer, wish=await wish_by_link(input.link))

    @mutation(CloseWishByCodePayload)
    async def close_wish_by_code(
        self, info: Info, input: CloseWishByCodeInput
    ) -> CloseWishByCodePayload:
        """Note at the counter what the resident says, who shows their code."""
        answer = await wish_closings.close_by_code(
            info.context.actor,
            wish=input.wish,
            code=input.code,
            granted=input.granted,
            rating=input.rating,
            key=info.context.key(input),
        )
        return CloseWishByCodePayload.of(answer, wish=await _shown(info, answer.wish))

    @mutation(CloseWishByPhonePayload)
    async def close_wish_by_phone(
        self, info: Info, input: CloseWishByPhoneInput
    ) -> CloseWishByPhonePayload:
        """Note what the resident says by telephone."""
        answer = await wish_closings.close_by_phone(
            info.context.actor,
            wish=input.wish,
            granted=input.granted,
            rating=input.rating,
            key=info.context.key(input),
        )
        return CloseWishByPhonePayload.of(answer, wish=await _shown(info, answer.wish))

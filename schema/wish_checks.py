"""Wish checks on the wire: approved, referred, declined or published by the station's staff."""

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.refusal import Info, Payload, mutation
from schema.wishes import Wish, read_wishes
from timebank import wish_checks
from timebank.wish_life import ReferTo, WishDeclineReason


@strawberry.input
class ApproveWishInput(Input):
    wish: ID = strawberry.field(description="Which wish.")


@strawberry.type
class ApproveWishPayload(Payload):
    wish: Wish | None = strawberry.field(default=None, description="The wish.")


@strawberry.input
class ReferWishInput(Input):
    wish: ID = strawberry.field(description="Which wish.")
    to: ReferTo = strawberry.field(description="To whom.")


@strawberry.type
class ReferWishPayload(Payload):
    wish: Wish | None = strawberry.field(default=None, description="The wish.")


@strawberry.input
class DeclineWishInput(Input):
    wish: ID = strawberry.field(description="Which wish.")
    reason: WishDeclineReason = strawberry.field(description="Why.")


@strawberry.type
class DeclineWishPayload(Payload):
    wish: Wish | None = strawberry.field(default=None, description="The wish.")


@strawberry.input
class PublishWishInput(Input):
    wish: ID = strawberry.field(description="Which wish.")
    summary: str = strawberry.field(description="What everybody may read, at most 200 characters.")
    consent: bool = strawberry.field(
        default=False, description="Whether the resident consented to you now."
    )


@strawberry.type
class PublishWishPayload(Payload):
    wish: Wish | None = strawberry.field(default=None, description="The wish.")


_shown = anew(read_wishes)


@strawberry.type
class Mutation:
    @mutation(ApproveWishPayload)
    async def approve_wish(self, info: Info, input: ApproveWishInput) -> ApproveWishPayload:
        """Find that a neighbour can grant a wish."""
        answer = await wish_checks.approve_wish(
            info.context.actor, wish=input.wish, key=info.context.key(input)
        )
        return ApproveWishPayload.of(answer, wish=await _shown(info, answer.wish))

    @mutation(ReferWishPayload)
    async def refer_wish(self, info: Info, input: ReferWishInput) -> ReferWishPayload:
        """Hand a wish to whoever is better placed."""
        answer = await wish_checks.refer_wish(
            info.context.actor, wish=input.wish, to=input.to, key=info.context.key(input)
        )
        return ReferWishPayload.of(answer, wish=await _shown(info, answer.wish))

    @mutation(DeclineWishPayload)
    async def decline_wish(self, info: Info, input: DeclineWishInput) -> DeclineWishPayload:
        """Not take a wish up, with a reason."""
        answer = await wish_checks.decline_wish(
            info.context.actor, wish=input.wish, reason=input.reason, key=info.context.key(input)
        )
        return DeclineWishPayload.of(answer, wish=await _shown(info, answer.wish))

    @mutation(PublishWishPayload)
    async def publish_wish(self, info: Info, input: PublishWishInput) -> PublishWishPayload:
        """Put an approved wish on the list, in words that name nobody."""
        answer = await wish_checks.publish_wish(
            info.context.actor,
            wish=input.wish,
            summary=input.summary,
            consent=input.consent,
            key=info.context.key(input),
        )
        return PublishWishPayload.of(answer, wish=await _shown(info, answer.wish))

"""Granting wishes on the wire: contact, some days more, giving back, and saying that it is done."""

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.refusal import Info, Payload, mutation
from schema.wish_claims import WishClaim, read_wish_claims
from schema.wishes import Wish, read_wishes
from timebank import wish_granting


@strawberry.input
class ContactResidentInput(Input):
    claim: ID = strawberry.field(description="Your claim.")


@strawberry.type
class ContactResidentPayload(Payload):
    claim: WishClaim | None = strawberry.field(default=None, description="Your claim.")


@strawberry.input
class ExtendWishInput(Input):
    claim: ID = strawberry.field(description="Your claim.")


@strawberry.type
class ExtendWishPayload(Payload):
    claim: WishClaim | None = strawberry.field(default=None, description="Your claim.")


@strawberry.input
class GiveWishBackInput(Input):
    claim: ID = strawberry.field(description="Your claim.")


@strawberry.type
class GiveWishBackPayload(Payload):
    claim: WishClaim | None = strawberry.field(default=None, description="Your claim.")


@strawberry.input
class FulfilWishInput(Input):
    claim: ID = strawberry.field(description="Your claim.")
    evidence: str | None = strawberry.field(
        default=None, description="A note, if you like to leave one."
    )


@strawberry.type
class FulfilWishPayload(Payload):
    claim: WishClaim | None = strawberry.field(default=None, description="Your claim.")


@strawberry.input
class FulfilWishByCommunityInput(Input):
    wish: ID = strawberry.field(description="Which wish.")


@strawberry.type
class FulfilWishByCommunityPayload(Payload):
    wish: Wish | None = strawberry.field(default=None, description="The wish.")


_shown = anew(read_wish_claims)


@strawberry.type
class Mutation:
    @mutation(ContactResidentPayload)
    async def contact_resident(
        self, info: Info, input: ContactResidentInput
    ) -> ContactResidentPayload:
        """Say that you spoke to the resident; the days to grant the wish begin."""
        answer = await wish_granting.contact_resident(
            info.context.actor, claim=input.claim, key=info.context.key(input)
        )
        return ContactResidentPayload.of(answer, claim=await _shown(info, answer.claim))

    @mutation(ExtendWishPayload)
    async def extend_wish(self, info: Info, input: ExtendWishInput) -> ExtendWishPayload:
        """Take some days more, once."""
        answer = await wish_granting.extend_wish(
            info.context.actor, claim=input.claim, key=info.context.key(input)
        )
        return ExtendWishPayload.of(answer, claim=await _shown(info, answer.claim))

    @mutation(GiveWishBackPayload)
    async def give_wish_back(self, info: Info, input: GiveWishBackInput) -> GiveWishBackPayload:
        """Give a wish back, without a reason."""
        answer = await wish_granting.give_wish_back(
            info.context.actor, claim=input.claim, key=info.context.key(input)
        )
        return GiveWishBackPayload.of(answer, claim=await _shown(info, answer.claim))

    @mutation(FulfilWishPayload)
    async def fulfil_wish(self, info: Info, input: FulfilWishInput) -> FulfilWishPayload:
        """Say that the wish is granted; the resident has the last word."""
        answer = await wish_granting.fulfil_wish(
            info.context.actor,
            claim=input.claim,
            evidence=input.evidence,
            key=info.context.key(input),
        )
        return FulfilWishPayload.of(answer, claim=await _shown(info, answer.claim))

    @mutation(FulfilWishByCommunityPayload)
    async def fulfil_wish_by_community(
        self, info: Info, input: FulfilWishByCommunityInput
    ) -> FulfilWishByCommunityPayload:
        """Say that your community granted what nobody claimed."""
        answer = await wish_granting.fulfil_by_community(
            info.context.actor, wish=input.wish, key=info.context.key(input)
        )
        return FulfilWishByCommunityPayload.of(
            answer, wish=(await read_wishes(info.context, [input.wish])).get(input.wish)
        )

"""Star rulings on the wire: what officers do with an application for a star, and after."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.refusal import Info, Payload, mutation
from schema.star_awards import StarAward, shown
from timebank import star_rulings
from timebank.star_award_life import StarDeclineReason, StarRevokeReason


@strawberry.input
class PubliciseStarInput(Input):
    award: ID = strawberry.field(description="The application.")


@strawberry.type
class PubliciseStarPayload(Payload):
    award: StarAward | None = strawberry.field(default=None, description="What is laid open.")


@strawberry.input
class DeclineStarInput(Input):
    award: ID = strawberry.field(description="The application.")
    reason: StarDeclineReason = strawberry.field(description="Why.")


@strawberry.type
class DeclineStarPayload(Payload):
    award: StarAward | None = strawberry.field(default=None, description="What was declined.")


@strawberry.input
class AwardStarInput(Input):
    award: ID = strawberry.field(description="The application that was laid open.")


@strawberry.type
class AwardStarPayload(Payload):
    award: StarAward | None = strawberry.field(default=None, description="What was awarded.")


@strawberry.input
class RevokeStarInput(Input):
    award: ID = strawberry.field(description="The star.")
    reason: StarRevokeReason = strawberry.field(description="Why.")


@strawberry.type
class RevokeStarPayload(Payload):
    award: StarAward | None = strawberry.field(default=None, description="What was revoked.")


@strawberry.input
class DecideStarAppealInput(Input):
    award: ID = strawberry.field(description="The revoked star.")
    restore: bool = strawberry.field(description="Whether it is given back.")


@strawberry.type
class DecideStarAppealPayload(Payload):
    award: StarAward | None = strawberry.field(default=None, description="What was decided.")


@strawberry.input
class DecideStarObjectionInput(Input):
    award: ID = strawberry.field(description="The application that is laid open.")
    objector: ID = strawberry.field(description="Whose objection.")
    uphold: bool = strawberry.field(description="Whether it is upheld: that declines the star.")


@strawberry.type
class DecideStarObjectionPayload(Payload):
    award: StarAward | None = strawberry.field(default=None, description="What it was about.")


@strawberry.type
class Mutation:
    @mutation(PubliciseStarPayload)
    async def publicise_star(self, info: Info, input: PubliciseStarInput) -> PubliciseStarPayload:
        """Lay an application for a star open to everybody."""
        answer = await star_rulings.publicise_star(
            info.context.actor, award=str(input.award), key=info.context.key(input)
        )
        return PubliciseStarPayload.of(answer, award=await shown(info, answer.award))

    @mutation(DeclineStarPayload)
    async def decline_star(self, info: Info, input: DeclineStarInput) -> DeclineStarPayload:
        """Decline an application for a star."""
        answer = await star_rulings.decline_star(
            info.context.actor,
            award=str(input.award),
            reason=input.reason,
            key=info.context.key(input),
        )
        return DeclineStarPayload.of(answer, award=await shown(info, answer.award))

    @mutation(AwardStarPayload)
    async def award_star(self, info: Info, input: AwardStarInput) -> AwardStarPayload:
        """Award a star: one and two as the district, those above as the city."""
        answer = await star_rulings.award_star(
            info.context.actor, award=str(input.award), key=info.context.key(input)
        )
        return AwardStarPayload.of(answer, award=await shown(info, answer.award))

    @mutation(RevokeStarPayload)
    async def revoke_star(self, info: Info, input: RevokeStarInput) -> RevokeStarPayload:
        """Take an awarded star away, with a reason."""
        answer = await star_rulings.revoke_star(
            info.context.actor,
            award=str(input.award),
            reason=input.reason,
            key=info.context.key(input),
        )
        return RevokeStarPayload.of(answer, award=await shown(info, answer.award))

    @mutation(DecideStarAppealPayload)
    async def decide_star_appeal(
        self, info: Info, input: DecideStarAppealInput
    ) -> DecideStarAppealPayload:
        """Decide an appeal against a revocation that another officer made."""
        answer = await star_rulings.rule_on_star_appeal(
            info.context.actor,
            award=str(input.award),
            restore=input.restore,
            key=info.context.key(input),
        )
        return DecideStarAppealPayload.of(answer, award=await shown(info, answer.award))

    @mutation(DecideStarObjectionPayload)
    async def decide_star_objection(
        self, info: Info, input: DecideStarObjectionInput
    ) -> DecideStarObjectionPayload:
        """Decide an objection to a star that is laid open."""
        answer = await star_rulings.rule_on_star_objection(
            info.context.actor,
            award=str(input.award),
            objector=str(input.objector),
            uphold=input.uphold,
            key=info.context.key(input),
        )
        return DecideStarObjectionPayload.of(answer, award=await shown(info, answer.award))

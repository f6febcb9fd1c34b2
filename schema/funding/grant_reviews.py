"""FundGrant reviews on the wire: formal check, points, shortlist, publicity."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.enums import show_enum
from schema.funding.grants import FundGrant, shown
from schema.refusal import Info, Payload, mutation
from schema.scalars import Fen
from timebank.funding import grant_reviews
from timebank.funding.grant_life import GrantRejectReason

show_enum(
    GrantRejectReason,
    "Why an application comes to nothing.",
    formal_fault="It is not complete.",
    score_too_low="It has too few points.",
    money_gone="The money does not suffice.",
    objection_upheld="An objection was upheld.",
)


@strawberry.input
class CheckFormallyInput(Input):
    grant: ID = strawberry.field(description="Which grant.")
    complete: bool = strawberry.field(description="Whether nothing is missing.")


@strawberry.type
class CheckFormallyPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class DeclareConflictInput(Input):
    grant: ID = strawberry.field(description="Which grant.")


@strawberry.type
class DeclareConflictPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class ReviewGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")
    points: int = strawberry.field(description="From 0 to 100.")


@strawberry.type
class ReviewGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class ScoreGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")


@strawberry.type
class ScoreGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class ShortlistGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")
    fen: Fen = strawberry.field(description="How much it is to get.")


@strawberry.type
class ShortlistGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class RejectGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")
    reason: GrantRejectReason = strawberry.field(description="Why.")


@strawberry.type
class RejectGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class PubliciseGrantInput(Input):
    grant: ID = strawberry.field(description="Which grant.")


@strawberry.type
class PubliciseGrantPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class RuleOnGrantObjectionInput(Input):
    grant: ID = strawberry.field(description="Which grant.")
    objector: ID = strawberry.field(description="Who objected.")
    uphold: bool = strawberry.field(description="Whether what they said is true.")


@strawberry.type
class RuleOnGrantObjectionPayload(Payload):
    grant: FundGrant | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.type
class Mutation:
    @mutation(CheckFormallyPayload)
    async def check_formally(self, info: Info, input: CheckFormallyInput) -> CheckFormallyPayload:
        """Say whether an application is complete."""
        answer = await grant_reviews.check_formally(
            info.context.actor,
            grant=str(input.grant),
            complete=input.complete,
            key=info.context.key(input),
        )
        return CheckFormallyPayload.of(answer, grant=await shown(info, answer))

    @mutation(DeclareConflictPayload)
    async def declare_conflict(
        self, info: Info, input: DeclareConflictInput
    ) -> DeclareConflictPayload:
        """Say as a reviewer that you stand too near; points that you gave are set aside."""
        answer = await grant_reviews.declare_conflict(
            info.context.actor,
            grant=str(input.grant),
            key=info.context.key(input),
        )
        return DeclareConflictPayload.of(answer, grant=await shown(info, answer))

    @mutation(ReviewGrantPayload)
    async def review_grant(self, info: Info, input: ReviewGrantInput) -> ReviewGrantPayload:
        """Give an application points."""
        answer = await grant_reviews.review_grant(
            info.context.actor,
            grant=str(input.grant),
            points=input.points,
            key=info.context.key(input),
        )
        return ReviewGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(ScoreGrantPayload)
    async def score_grant(self, info: Info, input: ScoreGrantInput) -> ScoreGrantPayload:
        """Close the reviews of an application."""
        answer = await grant_reviews.score_grant(
            info.context.actor,
            grant=str(input.grant),
            key=info.context.key(input),
        )
        return ScoreGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(ShortlistGrantPayload)
    async def shortlist_grant(
        self, info: Info, input: ShortlistGrantInput
    ) -> ShortlistGrantPayload:
        """Put an application on the shortlist."""
        answer = await grant_reviews.shortlist_grant(
            info.context.actor,
            grant=str(input.grant),
            fen=input.fen,
            key=info.context.key(input),
        )
        return ShortlistGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(RejectGrantPayload)
    async def reject_grant(self, info: Info, input: RejectGrantInput) -> RejectGrantPayload:
        """Let an application come to nothing."""
        answer = await grant_reviews.reject_grant(
            info.context.actor,
            grant=str(input.grant),
            reason=input.reason,
            key=info.context.key(input),
        )
        return RejectGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(PubliciseGrantPayload)
    async def publicise_grant(
        self, info: Info, input: PubliciseGrantInput
    ) -> PubliciseGrantPayload:
        """Lay what is to be given open to everybody."""
        answer = await grant_reviews.publicise_grant(
            info.context.actor,
            grant=str(input.grant),
            key=info.context.key(input),
        )
        return PubliciseGrantPayload.of(answer, grant=await shown(info, answer))

    @mutation(RuleOnGrantObjectionPayload)
    async def rule_on_grant_objection(
        self, info: Info, input: RuleOnGrantObjectionInput
    ) -> RuleOnGrantObjectionPayload:
        """Decide an objection to what is laid open."""
        answer = await grant_reviews.rule_on_grant_objection(
            info.context.actor,
            grant=str(input.grant),
            objector=str(input.objector),
            uphold=input.uphold,
            key=info.context.key(input),
        )
        return RuleOnGrantObjectionPayload.of(answer, grant=await shown(info, answer))

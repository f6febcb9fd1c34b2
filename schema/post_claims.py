"""Claims on posts on the wire: one's own, and those that a secretary has at hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.aliases import OfMember, whose
from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.hours import ServiceRecord, read_records
from schema.nodes import answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.posts import ServicePost, read_posts
from schema.refusal import Info, Payload, mutation
from timebank import post_claims, post_services
from timebank.aliases import module_enabled
from timebank.begun import together
from timebank.post_claim_life import ClaimState, Evaluation

CLAIMS = Listing("postClaims", str)
Scope = Annotated[
    str | None, strawberry.argument(description="For a secretary: the path of the community.")
]
InStates = Annotated[
    list[ClaimState] | None, strawberry.argument(description="Only those that are so far.")
]

show_enum(
    ClaimState,
    "The life of a claim on a post.",
    claimed="Claimed; the secretary has not agreed yet.",
    confirmed="Agreed with the secretary.",
    serving="The member serves.",
    completed="The term is served.",
    evaluated="The community said how it was.",
    withdrawn="The member left, without penalty.",
)
show_enum(
    Evaluation,
    "What the community says of a completed term.",
    as_agreed="As agreed.",
    more_than_agreed="More than was agreed.",
    less_than_agreed="Less than was agreed.",
)


async def read_service(context: Context, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Minutes served on claims, for the loader."""
    return await post_services.served_on(context.actor, ids)


async def read_nameable(context: Context, ids: Sequence[str]) -> dict[str, list[str]]:
    """The records that may still be named as service on claims, for the loader."""
    return await post_services.nameable_on(context.actor, ids)


async def read_remarks(context: Context, ids: Sequence[str]) -> dict[str, str]:
    """The community's remarks on claims, for the loader."""
    return await post_claims.remarks_on(context.actor, ids)


@strawberry.type(description="A claim on a post: for its member and the secretary alone.")
class PostClaim(OfMember):
    whose = whose(post_claims.CLAIMS)

    state: ClaimState = strawberry.field(description="How far it is.")
    claimed_at: datetime = strawberry.field(description="When it was made.")
    evaluation: Evaluation | None = strawberry.field(description="How the community found it.")
    of_post: strawberry.Private[str]

    @field
    async def post(self, info: Info) -> ServicePost | None:
        """The post."""
        return await info.context.loaders.load(read_posts, self.of_post)

    @field
    async def minutes(self, info: Info) -> int:
        """Minutes of service on it that stand, those in paid time among them."""
        told = await info.context.loaders.load(read_service, str(self.id))
        return told[0] if told else 0

    @field
    async def duty_minutes(self, info: Info) -> int:
        """Minutes of them that were in paid time."""
        told = await info.context.loaders.load(read_service, str(self.id))
        return told[1] if told else 0

    @field
    async def nameable(self, info: Info) -> list[ServiceRecord]:
        """Your records that you may still name as service on it: at most 20, the newest first."""
        told = await info.context.loaders.load(read_nameable, str(self.id))
        load = info.context.loaders.load
        found = await together(*(load(read_records, id) for id in told or ()))
        return [record for record in found if record]

    @field
    async def remark(self, info: Info) -> str | None:
        """What the community added, if it did."""
        return await info.context.loaders.load(read_remarks, str(self.id))

    @classmethod
    def of(cls, held: post_claims.PostClaim) -> "PostClaim":
        """A claim as it is shown."""
        return cls(
            id=ID(held.id),
            state=held.state,
            claimed_at=held.claimed_at,
            evaluation=held.evaluation,
            of_post=held.post,
        )


async def read_claims(context: Context, ids: Sequence[str]) -> dict[str, PostClaim]:
    """Claims, for the loader; whatever the asker may not see is missing."""
    seen = await post_claims.CLAIMS.visible(context.actor, ids)
    return {id: PostClaim.of(held) for id, held in seen.items()}


answers_for("pcl", read_claims)


@strawberry.type
class Query:
    @paged
    async def post_claims(
        self, page: Page, info: Info, scope: Scope = None, states: InStates = None
    ) -> Connection[PostClaim] | None:
        """Your own claims, or those in your community for its secretary, the newest first."""
        if not await module_enabled():
            return None
        return await page.of(
            CLAIMS,
            post_claims.CLAIMS.listed,
            info.context.actor,
            scope=scope,
            states=states or (),
            node=PostClaim.of,
        )


@strawberry.input
class ClaimPostInput(Input):
    post: ID = strawberry.field(description="Which post.")


@strawberry.type
class ClaimPostPayload(Payload):
    claim: PostClaim | None = strawberry.field(default=None, description="Your claim.")


@strawberry.input
class ConfirmPostClaimInput(Input):
    claim: ID = strawberry.field(description="Which claim.")


@strawberry.type
class ConfirmPostClaimPayload(Payload):
    claim: PostClaim | None = strawberry.field(default=None, description="The claim, confirmed.")


@strawberry.input
class BeginPostInput(Input):
    claim: ID = strawberry.field(description="Which claim.")


@strawberry.type
class BeginPostPayload(Payload):
    claim: PostClaim | None = strawberry.field(default=None, description="Your claim.")


@strawberry.input
class CompletePostInput(Input):
    claim: ID = strawberry.field(description="Which claim.")


@strawberry.type
class CompletePostPayload(Payload):
    claim: PostClaim | None = strawberry.field(default=None, description="Your claim.")


@strawberry.input
class LeavePostInput(Input):
    claim: ID = strawberry.field(description="Which claim.")


@strawberry.type
class LeavePostPayload(Payload):
    claim: PostClaim | None = strawberry.field(default=None, description="Your claim, withdrawn.")


@strawberry.input
class EvaluatePostClaimInput(Input):
    claim: ID = strawberry.field(description="Which claim.")
    evaluation: Evaluation = strawberry.field(description="How it was.")
    remark: str | None = strawberry.field(
        default=None, description="What the member should know, at most 200 characters."
    )


@strawberry.type
class EvaluatePostClaimPayload(Payload):
    claim: PostClaim | None = strawberry.field(default=None, description="The claim.")


_shown = anew(read_claims)


@strawberry.type
class Mutation:
    @mutation(ClaimPostPayload)
    async def claim_post(self, info: Info, input: ClaimPostInput) -> ClaimPostPayload:
        """Take a place in a post, as a member with an active report."""
        answer = await post_claims.claim_post(
            info.context.actor, post=input.post, key=info.context.key(input)
        )
        return ClaimPostPayload.of(answer, claim=await _shown(info, answer.claim))

    @mutation(ConfirmPostClaimPayload)
    async def confirm_post_claim(
        self, info: Info, input: ConfirmPostClaimInput
    ) -> ConfirmPostClaimPayload:
        """Agree on a claim in your community."""
        answer = await post_claims.confirm_claim(
            info.context.actor, claim=input.claim, key=info.context.key(input)
        )
        return ConfirmPostClaimPayload.of(answer, claim=await _shown(info, answer.claim))

    @mutation(BeginPostPayload)
    async def begin_post(self, info: Info, input: BeginPostInput) -> BeginPostPayload:
        """Say that you serve on a post now."""
        answer = await post_claims.begin_post(
            info.context.actor, claim=input.claim, key=info.context.key(input)
        )
        return BeginPostPayload.of(answer, claim=await _shown(info, answer.claim))

    @mutation(CompletePostPayload)
    async def complete_post(self, info: Info, input: CompletePostInput) -> CompletePostPayload:
        """Say that you served the term of a post."""
        answer = await post_claims.complete_post(
            info.context.actor, claim=input.claim, key=info.context.key(input)
        )
        return CompletePostPayload.of(answer, claim=await _shown(info, answer.claim))

    @mutation(LeavePostPayload)
    async def leave_post(self, info: Info, input: LeavePostInput) -> LeavePostPayload:
        """Give your place back, at any time and without a reason."""
        answer = await post_claims.leave_post(
            info.context.actor, claim=input.claim, key=info.context.key(input)
        )
        return LeavePostPayload.of(answer, claim=await _shown(info, answer.claim))

    @mutation(EvaluatePostClaimPayload)
    async def evaluate_post_claim(
        self, info: Info, input: EvaluatePostClaimInput
    ) -> EvaluatePostClaimPayload:
        """Say how a completed term was."""
        answer = await post_claims.evaluate_claim(
            info.context.actor,
            claim=input.claim,
            evaluation=input.evaluation,
            remark=input.remark,
            key=info.context.key(input),
        )
        return EvaluatePostClaimPayload.of(answer, claim=await _shown(info, answer.claim))

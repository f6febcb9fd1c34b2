"""The life of a claim on a post: what can happen to it, and what a member may not do (domain 8).

Every event names the member by an alias. Knows events and their order; `post_claims`
keeps the claims.
"""

from enum import StrEnum

from timebank.events import Event
from timebank.lifecycles import Lifecycle
from timebank.refusals import Refusal


class ClaimState(StrEnum):
    """The life of a claim on a post (domain 8)."""

    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    SERVING = "serving"
    COMPLETED = "completed"
    EVALUATED = "evaluated"
    WITHDRAWN = "withdrawn"


class Evaluation(StrEnum):
    """What the community says of a completed term: a remark, never a mark to rank by."""

    AS_AGREED = "as_agreed"
    MORE_THAN_AGREED = "more_than_agreed"
    LESS_THAN_AGREED = "less_than_agreed"


# Events


class _OfClaim(Event, frozen=True, kw_only=True):
    claim: str
    post: str
    member: str


class PostClaimed(_OfClaim, frozen=True, kw_only=True, tag="post_claim.claimed"):
    """A member took a place."""


class PostClaimConfirmed(_OfClaim, frozen=True, kw_only=True, tag="post_claim.confirmed"):
    """The secretary agreed on it with the member."""


class PostClaimServing(_OfClaim, frozen=True, kw_only=True, tag="post_claim.serving"):
    """The member began to serve."""


class PostClaimCompleted(_OfClaim, frozen=True, kw_only=True, tag="post_claim.completed"):
    """The member served the term."""


class PostClaimEvaluated(_OfClaim, frozen=True, kw_only=True, tag="post_claim.evaluated"):
    """The community said how it was; `remark` is a commitment to its words."""

    evaluation: Evaluation
    remark: str | None = None


class PostClaimWithdrawn(_OfClaim, frozen=True, kw_only=True, tag="post_claim.withdrawn"):
    """The member left, without penalty and without a reason."""


Moved = (
    PostClaimConfirmed
    | PostClaimServing
    | PostClaimCompleted
    | PostClaimEvaluated
    | PostClaimWithdrawn
)


# Refusals


class PostFull(Refusal):
    """Exactly one has the last place; the others are told who may help next."""

    says = "Every place of this post is taken; ask {community}, which knows where help is needed."
    community: str
    path = ("post",)


class PostNotOpen(Refusal):
    """Only an open post is claimed."""

    says = "This post is {state} and cannot be claimed; look for an open one."
    state: str
    path = ("post",)


class PostClaimedAlready(Refusal):
    """One place a member."""

    says = "You have a place in this post already."
    path = ("post",)


class TooManyPosts(Refusal):
    """A member has so many open posts at most (domain 8)."""

    says = "You have {most} open posts, the most at once; complete or leave one first."
    most: int


class OwnClaim(Refusal):
    """Nobody confirms or evaluates their own claim (domain 11)."""

    says = "Your own claim must be handled by another secretary."


# Lifecycle

LIFECYCLE: Lifecycle[ClaimState] = {
    ClaimState.CLAIMED: {
        PostClaimConfirmed: ClaimState.CONFIRMED,
        PostClaimWithdrawn: ClaimState.WITHDRAWN,
    },
    ClaimState.CONFIRMED: {
        PostClaimServing: ClaimState.SERVING,
        PostClaimWithdrawn: ClaimState.WITHDRAWN,
    },
    ClaimState.SERVING: {
        PostClaimCompleted: ClaimState.COMPLETED,
        PostClaimWithdrawn: ClaimState.WITHDRAWN,
    },
    ClaimState.COMPLETED: {PostClaimEvaluated: ClaimState.EVALUATED},
    ClaimState.EVALUATED: {},
    ClaimState.WITHDRAWN: {},
}

"""Claims on posts: a member takes a place, serves, completes, and may leave at any time (domain 8).

Leaving costs nothing and asks for no reason. Claims are seen by the member and the community's
secretary alone, since whoever has one is a Party member. Knows the limit of open posts; the service
itself is recorded like any other, see `post_services`.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from ledger.entry import Sealed
from timebank.access import Action
from timebank.actors import Actor
from timebank.aliases import (
    LEAVING,
    Alias,
    MemberRow,
    Shared,
    in_hand,
    module_on,
    person_behind,
    under_alias,
)
from timebank.batch import Batch
from timebank.divisions import Area
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.member_reports import active_member
from timebank.post_claim_life import (
    LIFECYCLE,
    ClaimState,
    Evaluation,
    Moved,
    OwnClaim,
    PostClaimCompleted,
    PostClaimConfirmed,
    PostClaimed,
    PostClaimedAlready,
    PostClaimEvaluated,
    PostClaimServing,
    PostClaimWithdrawn,
    PostFull,
    PostNotOpen,
    TooManyPosts,
)
from timebank.posts import LIFECYCLE as POST_LIFE
from timebank.posts import PostFilled, PostReopened, PostState, ServicePost
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound
from timebank.tables import Row, table
from timebank.texts import keep_text, read_texts

# Tables and projectors


@table("post_claim", index=[("member", "id"), ("path", "id"), ("post",)])
class PostClaim(MemberRow, frozen=True):
    """One claim; `path` is where its post lies."""

    post: str
    state: ClaimState
    claimed_at: datetime
    evaluation: Evaluation | None = None


@table("member_posts")
class MemberPosts(Row, frozen=True):
    """A member's open claims: post and claim."""

    member: str
    claims: tuple[tuple[str, str], ...]


@projects(PostClaimed)
def _claimed(rows: Rows, event: PostClaimed, entry: Sealed) -> None:
    post = rows.there(ServicePost, event.post)
    rows.put(replace(post, taken=post.taken + 1))
    rows.put(
        PostClaim(
            id=event.claim,
            post=event.post,
            member=event.member,
            path=post.path,
            state=ClaimState.CLAIMED,
            claimed_at=entry.at,
        )
    )
    held = rows.get(MemberPosts, event.member)
    claims = (*(held.claims if held else ()), (event.post, event.claim))
    rows.put(MemberPosts(member=event.member, claims=claims))


@projects(
    PostClaimConfirmed,
    PostClaimServing,
    PostClaimCompleted,
    PostClaimEvaluated,
    PostClaimWithdrawn,
)
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    claim = rows.there(PostClaim, event.claim)
    claim = replace(claim, state=step(LIFECYCLE, claim.state, type(event)))
    if isinstance(event, PostClaimEvaluated):
        claim = replace(claim, evaluation=event.evaluation)
    rows.put(claim)
    if isinstance(event, PostClaimCompleted | PostClaimWithdrawn):
        held = rows.there(MemberPosts, event.member)
        left = tuple(one for one in held.claims if one[1] != event.claim)
        rows.put(replace(held, claims=left))
    if isinstance(event, PostClaimWithdrawn):
        post = rows.there(ServicePost, event.post)
        rows.put(replace(post, taken=post.taken - 1))


# Decisions


def decide_claim(
    post: ServicePost, claims: Sequence[tuple[str, str]], *, most: int, community: str
) -> None:
    """Whether a member with these open claims may take a place.

    Refuses: PostFull, PostNotOpen, PostClaimedAlready, TooManyPosts.   Source: domain 8.
    """
    if any(post.id == taken for taken, _ in claims):
        raise PostClaimedAlready
    if post.state is PostState.FULL:
        raise PostFull(community=community)
    if post.state is not PostState.OPEN:
        raise PostNotOpen(state=post.state.value)
    if len(claims) >= most:
        raise TooManyPosts(most=most)


# Commands


class Claimed(Answer, frozen=True, kw_only=True):
    """The claim that was made or moved on."""

    claim: str


async def claim_post(actor: Actor, *, post: str, key: RequestKey) -> Claimed:
    """Take a place in a post, as a member with an active report.

    Refuses: MemberModuleOff, MemberReportMissing, NotFound, PostFull, PostNotOpen,
    PostClaimedAlready, TooManyPosts.   Source: domain 8.
    """
    member, claim = await under_alias(actor), new("pcl")

    def work(batch: Batch) -> Claimed:
        module_on(batch)
        own = active_member(batch).member
        held = batch.need(ServicePost, post, "post")
        if held.state is PostState.DRAFT:
            raise NotFound(what="post")
        open_claims = batch.get(MemberPosts, own)
        decide_claim(
            held,
            open_claims.claims if open_claims else (),
            most=batch.policy.member.max_open_posts,
            community=batch.there(Area, held.community).name,
        )
        entry = batch.record(PostClaimed(claim=claim, post=post, member=own))
        if held.taken + 1 == held.places:
            batch.record(PostFilled(post=post))
        return Claimed(entry=entry.seq, claim=claim)

    needs: list[Place] = [
        (ServicePost, post),
        (Alias, member.person or ""),
        (MemberPosts, member.id),
    ]
    return await write(member, key, work, answer=Claimed, needs=needs)


async def begin_post(actor: Actor, *, claim: str, key: RequestKey) -> Claimed:
    """Say that one serves now. Refuses: MemberModuleOff, NotFound, NotInThisState."""
    return await _by_member(actor, claim, PostClaimServing, key)


async def complete_post(actor: Actor, *, claim: str, key: RequestKey) -> Claimed:
    """Say that the term is served. Refuses: MemberModuleOff, NotFound, NotInThisState."""
    return await _by_member(actor, claim, PostClaimCompleted, key)


async def leave_post(actor: Actor, *, claim: str, key: RequestKey) -> Claimed:
    """Give the place back, at any time before completing; nothing follows from it.

    Refuses: MemberModuleOff, NotFound, NotInThisState.   Source: domain 8.
    """
    return await _by_member(actor, claim, PostClaimWithdrawn, key)


async def confirm_claim(actor: Actor, *, claim: str, key: RequestKey) -> Claimed:
    """Agree on a claim, as the community's secretary.

    Refuses: MemberModuleOff, NotFound, OwnClaim, NotInThisState.
    """

    def work(batch: Batch) -> Claimed:
        held = _at_hand(batch, claim, PostClaimConfirmed)
        event = PostClaimConfirmed(claim=claim, post=held.post, member=held.member)
        return Claimed(entry=batch.record(event).seq, claim=claim)

    return await write(actor, key, work, answer=Claimed, needs=[(PostClaim, claim)])


async def evaluate_claim(
    actor: Actor, *, claim: str, evaluation: Evaluation, key: RequestKey, remark: str | None = None
) -> Claimed:
    """Say how a completed term was, in a code and a remark that the member sees.

    Refuses: MemberModuleOff, NotFound, OwnClaim, NotInThisState, TextMissing, TextTooLong.
    """

    def work(batch: Batch) -> Claimed:
        held = _at_hand(batch, claim, PostClaimEvaluated)
        about = person_behind(batch, held.member)
        told = None if remark is None else keep_text(batch, claim, "remark", remark, whose=about)
        event = PostClaimEvaluated(
            claim=claim, post=held.post, member=held.member, evaluation=evaluation, remark=told
        )
        return Claimed(entry=batch.record(event).seq, claim=claim)

    return await write(actor, key, work, answer=Claimed, needs=[(PostClaim, claim)])


async def _by_member(
    actor: Actor,
    claim: str,
    event: type[PostClaimServing | PostClaimCompleted | PostClaimWithdrawn],
    key: RequestKey,
) -> Claimed:
    member = await under_alias(actor)

    def work(batch: Batch) -> Claimed:
        module_on(batch)
        held = own_claim(batch, claim)
        step(LIFECYCLE, held.state, event)
        entry = batch.record(event(claim=claim, post=held.post, member=held.member))
        if event is PostClaimWithdrawn:
            _free(batch, held.post)
        return Claimed(entry=entry.seq, claim=claim)

    return await write(member, key, work, answer=Claimed, needs=[(PostClaim, claim)])


def own_claim(batch: Batch, claim: str) -> PostClaim:
    """The claim, if it is the actor's own. Refuses: NotFound."""
    held = batch.need(PostClaim, claim, "claim")
    if held.member != batch.actor.id:
        raise NotFound(what="claim")
    return held


def _free(batch: Batch, post: str) -> None:
    if PostReopened in POST_LIFE[batch.there(ServicePost, post).state]:
        batch.record(PostReopened(post=post))


def _leave_all(batch: Batch, member: str) -> None:
    held = batch.get(MemberPosts, member)
    for post, claim in held.claims if held else ():
        batch.record(PostClaimWithdrawn(claim=claim, post=post, member=member))
        _free(batch, post)


LEAVING.append(_leave_all)


def _at_hand(batch: Batch, claim: str, event: type[Event]) -> PostClaim:
    """The claim, for the secretary of its community; for others it is not there."""
    held = in_hand(batch, PostClaim, claim, Action.MANAGE_POSTS, "claim")
    if person_behind(batch, held.member) == batch.actor.person:
        raise OwnClaim
    step(LIFECYCLE, held.state, event)
    return held


# Reads


CLAIMS = Shared(PostClaim, Action.MANAGE_POSTS)
"""What the member and the secretary see of claims."""


async def remarks_on(actor: Actor, ids: Sequence[str]) -> dict[str, str]:
    """What the community remarked, by claim that the actor may see."""
    return await read_texts(await CLAIMS.visible(actor, ids), "remark")

"""Service posts: what a community needs done week by week for a term, and by how many (domain 8).

Anyone sees a post once it is open; only Party members claim one (`post_claims`). Knows classes,
places, term and times; refuses to know who takes a place.
"""

from datetime import date
from enum import StrEnum
from typing import Unpack

from msgspec.structs import replace
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, may_read, permit, reach
from timebank.actors import SYSTEM, Actor
from timebank.aliases import in_hand, module_enabled, module_on
from timebank.batch import Batch
from timebank.divisions import Area
from timebank.due import over
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.places import must_be_community
from timebank.projections import Rows, projects
from timebank.refusals import Forbidden, Refusal
from timebank.tables import Row, Where, find_many, page_by_id, table
from timebank.texts import keep_text

LAST_MINUTE = 24 * 60


class PostClass(StrEnum):
    """What a post is for (domain 8)."""

    ORGANISATION_BUILDING = "organisation_building"
    LEGAL_AID = "legal_aid"
    HELP_FOR_THE_NEEDY = "help_for_the_needy"
    GOVERNANCE = "governance"
    HEALTH = "health"
    CULTURE_AND_SPORT = "culture_and_sport"
    SAFETY_AND_PATROL = "safety_and_patrol"
    OTHER = "other"


class PostState(StrEnum):
    """The life of a post (domain 8)."""

    DRAFT = "draft"
    OPEN = "open"
    FULL = "full"
    CLOSED = "closed"


# Events


class PostDrafted(Event, frozen=True, tag="post.drafted"):
    """A community drafted a post: `weekdays` 1 to 7 from Monday, minutes from midnight."""

    post: str
    community: str
    post_class: PostClass
    places: int
    first_day: date
    last_day: date
    weekdays: tuple[int, ...]
    from_minute: int
    to_minute: int
    title: str


class PostOpened(Event, frozen=True, tag="post.opened"):
    """Members may claim it."""

    post: str


class PostFilled(Event, frozen=True, tag="post.filled"):
    """Its last place was claimed."""

    post: str


class PostReopened(Event, frozen=True, tag="post.reopened"):
    """A place came free."""

    post: str


class PostClosed(Event, frozen=True, tag="post.closed"):
    """Nobody claims it any more; who serves may complete."""

    post: str


# Refusals


class PlacesWrong(Refusal):
    """A post has places."""

    says = "A post has between 1 and {most} places."
    most: int
    path = ("places",)


class TermWrong(Refusal):
    """A term ends after it begins, and in the future."""

    says = "A post's last day comes after its first and is not over yet."
    path = ("lastDay",)


class PostTimesWrong(Refusal):
    """A post has times at which somebody serves."""

    says = "Give one or more days of the week, and a time that ends after it begins."
    path = ("weekdays",)


class PostTermRuns(Refusal):
    """The software closes a post when its term is over, not before."""

    says = "This post goes on until {last_day}."
    last_day: date


# Lifecycle

LIFECYCLE: Lifecycle[PostState] = {
    PostState.DRAFT: {PostOpened: PostState.OPEN, PostClosed: PostState.CLOSED},
    PostState.OPEN: {PostFilled: PostState.FULL, PostClosed: PostState.CLOSED},
    PostState.FULL: {PostReopened: PostState.OPEN, PostClosed: PostState.CLOSED},
    PostState.CLOSED: {},
}

MOST_PLACES = 500

# Tables and projectors


@table("service_post", index=[("path", "state", "id"), ("state", "last_day")])
class ServicePost(Row, frozen=True):
    """One post of a community, which lies at `path`; `taken` of its places are claimed."""

    id: str
    community: str
    path: str
    post_class: PostClass
    state: PostState
    places: int
    taken: int
    first_day: date
    last_day: date
    weekdays: tuple[int, ...]
    from_minute: int
    to_minute: int


@projects(PostDrafted)
def _drafted(rows: Rows, event: PostDrafted, entry: Sealed) -> None:
    rows.put(
        ServicePost(
            id=event.post,
            community=event.community,
            path=rows.there(Area, event.community).path,
            post_class=event.post_class,
            state=PostState.DRAFT,
            places=event.places,
            taken=0,
            first_day=event.first_day,
            last_day=event.last_day,
            weekdays=event.weekdays,
            from_minute=event.from_minute,
            to_minute=event.to_minute,
        )
    )


@projects(PostOpened, PostFilled, PostReopened, PostClosed)
def _moved(
    rows: Rows, event: PostOpened | PostFilled | PostReopened | PostClosed, entry: Sealed
) -> None:
    held = rows.there(ServicePost, event.post)
    rows.put(replace(held, state=step(LIFECYCLE, held.state, type(event))))


# Decisions


def decide_post(
    *,
    places: int,
    first_day: date,
    last_day: date,
    weekdays: tuple[int, ...],
    minutes: tuple[int, int],
    today: date,
) -> None:
    """Whether a post may be drafted so. Refuses: PlacesWrong, TermWrong, PostTimesWrong."""
    if not 1 <= places <= MOST_PLACES:
        raise PlacesWrong(most=MOST_PLACES)
    if last_day < first_day or last_day < today:
        raise TermWrong
    if not weekdays or not set(weekdays) <= set(range(1, 8)):
        raise PostTimesWrong
    if not 0 <= minutes[0] < minutes[1] <= LAST_MINUTE:
        raise PostTimesWrong


# What other capabilities ask


def post_at_hand(batch: Batch, post: str) -> ServicePost:
    """The post, for its community's secretary. Refuses: MemberModuleOff, NotFound."""
    return in_hand(batch, ServicePost, post, Action.MANAGE_POSTS, "post")


# Commands


class Posted(Answer, frozen=True, kw_only=True):
    """The post that was drafted or moved on."""

    post: str


async def draft_post(
    actor: Actor,
    *,
    community: str,
    post_class: PostClass,
    title: str,
    places: int,
    first_day: date,
    last_day: date,
    weekdays: tuple[int, ...],
    from_minute: int,
    to_minute: int,
    key: RequestKey,
) -> Posted:
    """Draft a post of a community: which days of the week, from when to when, until when.

    Refuses: MemberModuleOff, NotFound, NotACommunity, PlacesWrong, TermWrong, PostTimesWrong,
    TextMissing, TextTooLong.   Source: domain 8.
    """

    def work(batch: Batch) -> Posted:
        module_on(batch)
        area = batch.need(Area, community, "area")
        permit(batch, Action.MANAGE_POSTS, area.path)
        must_be_community(area)
        decide_post(
            places=places,
            first_day=first_day,
            last_day=last_day,
            weekdays=weekdays,
            minutes=(from_minute, to_minute),
            today=batch.today,
        )
        post = new("pst")
        event = PostDrafted(
            post=post,
            community=community,
            post_class=post_class,
            places=places,
            first_day=first_day,
            last_day=last_day,
            weekdays=tuple(sorted(set(weekdays))),
            from_minute=from_minute,
            to_minute=to_minute,
            title=keep_text(batch, post, "title", title, most=80),
        )
        return Posted(entry=batch.record(event).seq, post=post)

    return await write(actor, key, work, answer=Posted, needs=[(Area, community)])


async def open_post(actor: Actor, *, post: str, key: RequestKey) -> Posted:
    """Let members claim a drafted post. Refuses: MemberModuleOff, NotFound, NotInThisState."""
    return await _move(actor, PostOpened(post=post), key)


async def close_post(actor: Actor, *, post: str, key: RequestKey) -> Posted:
    """End a post early. Refuses: MemberModuleOff, NotFound, NotInThisState."""
    return await _move(actor, PostClosed(post=post), key)


async def _move(actor: Actor, event: PostOpened | PostClosed, key: RequestKey) -> Posted:
    def work(batch: Batch) -> Posted:
        held = post_at_hand(batch, event.post)
        step(LIFECYCLE, held.state, type(event))
        return Posted(entry=batch.record(event).seq, post=held.id)

    return await write(actor, key, work, answer=Posted, needs=[(ServicePost, event.post)])


async def end_post(actor: Actor, *, post: str, key: RequestKey | None = None) -> Posted:
    """Close a post whose term is over: the software's own act, by timer.

    Refuses: NotFound, NotInThisState, PostTermRuns.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Posted:
        held = batch.need(ServicePost, post, "post")
        step(LIFECYCLE, held.state, PostClosed)
        if batch.today <= held.last_day:
            raise PostTermRuns(last_day=held.last_day)
        return Posted(entry=batch.record(PostClosed(post=post)).seq, post=post)

    return await write(actor, key, work, answer=Posted, needs=[(ServicePost, post)])


# Reads


async def visible_posts(actor: Actor, ids: list[str]) -> dict[str, ServicePost]:
    """Posts by id; a draft is there for its secretary only, and none where the module is off."""
    if not await module_enabled():
        return {}
    found = await find_many(ServicePost, ids)
    theirs = await reach(actor, Action.MANAGE_POSTS)
    return {
        held.id: held
        for held in found.values()
        if held.state is not PostState.DRAFT or theirs(held.path)
    }


async def posts_below(
    actor: Actor, path: str, state: PostState, **where: Unpack[Where]
) -> list[ServicePost]:
    """Posts at or below a path in a state, oldest first; drafts for their secretary only."""
    if state is PostState.DRAFT and not await may_read(actor, Action.MANAGE_POSTS, path):
        return []
    below = Q(path__startswith=path, state=state.value)
    return await page_by_id(ServicePost, where, below)


posts_over = over(ServicePost, "last_day", *(state for state in PostState if LIFECYCLE[state]))
"""The posts whose term is over and that are not closed, the longest over first."""

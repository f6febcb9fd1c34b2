"""Skills: what somebody can do and when, and the posts and wishes near them that fit (domain 8).

Nearest place first, then what came back or waits longest; nobody is compared with anybody. When
somebody is at leisure is nobody's business for ten years, so skills lie in the vault. Claiming asks
for none: who said nothing is shown everything near.
"""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import TypeVar

import msgspec
from tortoise.expressions import Q

from timebank.access import permit_self
from timebank.actors import Actor, PersonId
from timebank.aliases import alias_of, module_enabled
from timebank.batch import Batch
from timebank.divisions import areas_of
from timebank.help_offers import Window, decide_windows
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.member_life import CLAIMING
from timebank.member_reports import own_report
from timebank.people import Person, active_person
from timebank.post_claims import MemberPosts
from timebank.posts import PostClass, PostState, ServicePost
from timebank.projections import Place
from timebank.tables import Row, find, find_many, select, table
from timebank.wish_claims import WishVolunteers
from timebank.wish_life import LISTED, WishKind
from timebank.wishes import Wish

MOST_LISTED = 50
MOST_READ = 200


class Nearness(StrEnum):
    """How near a thing is to somebody's home."""

    COMMUNITY = "community"
    STREET = "street"
    DISTRICT = "district"


# Tables


@table("skills", vault=True)
class Skills(Row, frozen=True):
    """What somebody can do and when; empty says nothing of that."""

    person: str
    classes: tuple[PostClass, ...]
    kinds: tuple[WishKind, ...]
    windows: tuple[Window, ...]


# Decisions


def post_fits(post: ServicePost, skills: Skills | None) -> bool:
    """Whether a post is of a class, and on some weekday at a time, that somebody named."""
    if skills is None:
        return True
    if skills.classes and post.post_class not in skills.classes:
        return False
    return not skills.windows or any(
        one.weekday in post.weekdays
        and one.begins <= post.from_minute
        and post.to_minute <= one.ends
        for one in skills.windows
    )


def wish_fits(wish: Wish, skills: Skills | None) -> bool:
    """Whether a wish is of a kind that somebody named; when, its resident says."""
    return skills is None or not skills.kinds or wish.kind in skills.kinds


# Commands


class Skilled(Answer, frozen=True, kw_only=True):
    """Whose skills they are."""

    person: PersonId


async def name_skills(
    actor: Actor,
    *,
    classes: Sequence[PostClass],
    kinds: Sequence[WishKind],
    windows: Sequence[Window],
    key: RequestKey,
) -> Skilled:
    """Say what one can do and when; nothing at all takes it back.

    Refuses: OfferWrong, PersonNotActive.   Source: domain 8.
    """
    person = permit_self(actor)

    def work(batch: Batch) -> Skilled:
        active_person(batch, person)
        if not (classes or kinds or windows):
            batch.drop(Skills, person)
            return Skilled(person=person)
        decide_windows(windows)
        batch.put(
            Skills(
                person=person,
                classes=tuple(dict.fromkeys(classes)),
                kinds=tuple(dict.fromkeys(kinds)),
                windows=tuple(windows),
            )
        )
        return Skilled(person=person)

    needs: list[Place] = [(Person, person), (Skills, person)]
    return await write(actor, key, work, answer=Skilled, needs=needs)


# Reads

Found = TypeVar("Found", ServicePost, Wish)


class Near(msgspec.Struct, frozen=True):
    """A post or a wish, by its id, and how near it is."""

    id: str
    nearness: Nearness


async def skills_of(actor: Actor) -> Skills | None:
    """What the actor said they can do."""
    return await find(Skills, actor.person) if actor.person else None


async def fitting_posts(actor: Actor) -> list[Near] | None:
    """Open posts near the actor that fit and that they have no place in: at most 50.

    The nearest place first, the oldest first in it; None where the module is off.
    """
    if not await module_enabled():
        return None
    skills, alias = await skills_of(actor), await alias_of(actor)
    held = await find(MemberPosts, alias) if alias else None
    mine = {post for post, _ in held.claims} if held else set()

    async def read(path: str) -> list[ServicePost]:
        below = Q(path__startswith=path, state=PostState.OPEN.value)
        found = await select(ServicePost, below, order=["id"], limit=MOST_READ)
        return [post for post in found if post.id not in mine and post_fits(post, skills)]

    return await _nearest(actor, read)


async def fitting_wishes(actor: Actor) -> list[Near]:
    """Wishes on the list near the actor that fit and that they may claim: at most 50.

    The nearest place first; in it what came back, then what waits longest.
    """
    skills, report = await skills_of(actor), await own_report(actor)
    as_member = report is not None and report.state in CLAIMING

    async def read(path: str) -> list[Wish]:
        below = Q(path__startswith=path, state__in=sorted(state.value for state in LISTED))
        found = await select(Wish, below, order=["place"], limit=MOST_READ)
        open_to_all = await find_many(WishVolunteers, {_community(wish) for wish in found})
        allowed = {code for code, held in open_to_all.items() if held.allowed}
        return [
            wish
            for wish in found
            if wish_fits(wish, skills)
            and (as_member or _community(wish) in allowed)
            and not {wish.resident, wish.taken_by} & set(actor.selves)
        ]

    return await _nearest(actor, read)


def _community(wish: Wish) -> str:
    return areas_of(wish.path)[-1]


async def _nearest(actor: Actor, read: Callable[[str], Awaitable[list[Found]]]) -> list[Near]:
    """What `read` gives below the actor's community, street and district, in this order."""
    person = await find(Person, actor.person) if actor.person else None
    if person is None:
        return []
    home = areas_of(person.home_path)
    seen: dict[str, Near] = {}
    for up, nearness in enumerate(Nearness):
        path = "/".join(home[: len(home) - up]) + "/"
        for held in await read(path) if len(home) > up + 1 else []:
            seen.setdefault(held.id, Near(held.id, nearness))
        if len(seen) >= MOST_LISTED:
            break
    return list(seen.values())[:MOST_LISTED]

"""A year of dual claim through the commands: 14,000 posts and 18,000 wishes claimed at full size.

Leases lapse, what nobody claims is carried over and taken over, and every figure of the year equals
an independent sum over the export.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from tests.conftest import SIZE
from tests.dual_sums import Sums
from tests.membership import reported
from tests.test_dual_figures import same_as_export
from tests.world import World, found_station, key
from timebank import replay
from timebank.access import Role
from timebank.actors import Actor
from timebank.aliases import Alias
from timebank.clock import day_of
from timebank.member_reports import reconfirm_membership
from timebank.places import station as station_of
from timebank.post_claims import begin_post, claim_post, complete_post, confirm_claim, leave_post
from timebank.posts import PostClass, close_post, draft_post, open_post
from timebank.report_reviews import activate_report, receive_report
from timebank.tables import find_many, select
from timebank.timers import sweep
from timebank.wish_checks import approve_wish, publish_wish
from timebank.wish_claims import WishClaim, claim_wish
from timebank.wish_closings import close_by_phone
from timebank.wish_granting import contact_resident, fulfil_by_community, fulfil_wish
from timebank.wish_life import WishKind, WishRating, WishState
from timebank.wishes import Wish, collect_wish

pytestmark = pytest.mark.one_database

MONTHS = 12
CITY = "420100"
POSTS, WISHES = (14_000, 18_000) if SIZE == "full" else (96, 120)
PLACES = 10 if SIZE == "full" else 4
MEMBERS = 700 if SIZE == "full" else 6
AREAS = ("420102002004", "420103001002", "420106001001", "420111080001")
TOGETHER = 1_000
DAY = timedelta(days=1)
A = TypeVar("A")
B = TypeVar("B")


async def each(things: Iterable[A], act: Callable[[A], Awaitable[B]]) -> list[B]:
    """Do something with each thing, many at once, as a city does."""
    todo, done = list(things), list[B]()
    for at in range(0, len(todo), TOGETHER):
        done += await asyncio.gather(*map(act, todo[at : at + TOGETHER]))
    return done


class Year:
    """The people of the year and what they do in each month."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.left: list[str] = []

    async def begin(self) -> None:
        self.party = await self.world.officer(Role.PARTY_SECRETARY)
        self.clerk = await self.world.officer(Role.STATION_CLERK)
        self.manager = await self.world.officer(Role.STATION_MANAGER)
        self.stations = [self.world.station]
        for n, area in enumerate(AREAS, 2):
            self.stations.append(await found_station(self.world, number=f"{n:03d}", area=area))
        places = [await station_of(one) for one in self.stations]
        self.communities = [place.area for place in places if place]
        self.members = await each(range(MEMBERS), self._member)

    async def _member(self, n: int) -> Actor:
        who = await self.world.volunteer()
        report = await reported(self.world, who)
        await receive_report(self.party, report=report, key=key())
        await activate_report(self.party, report=report, key=key())
        return who

    async def month(self, n: int) -> None:
        """A month: posts and wishes in, claims, lapses after a week, and the rest at its end."""
        if n % 5 == 4:
            await each(self.members, lambda who: reconfirm_membership(who, key=key()))
        claims = await self.posts(_share(POSTS, n))
        wishes = await each(range(_share(WISHES, n)), self.told)
        idle = wishes[0::12]
        lazy = wishes[1::12]
        await each(enumerate([*set(wishes) - set(idle)]), self.claim)
        busy = [wish for wish in wishes if wish not in {*idle, *lazy}]
        await self.grant(busy, silent=5)
        self.world.clock.move(8 * DAY)
        await sweep()
        await each(enumerate([*lazy, *self.left]), self.claim)
        await self.grant([*lazy, *self.left])
        self.left = idle if n % 3 else []
        await each(claims, lambda claim: complete_post(claim[0], claim=claim[1], key=key()))
        self.world.clock.move(23 * DAY)
        await sweep()

    async def posts(self, claims: int) -> list[tuple[Actor, str]]:
        """Posts with that many places, all claimed, some given back, the others begun."""
        made = await each(range(-(-claims // PLACES)), self.post)
        places = [post for post in made for _ in range(PLACES)][:claims]
        # Nobody has one post twice: the places of a post go to members one after another.
        takers = [self.members[n % MEMBERS] for n in range(len(places))]
        taken: list[tuple[Actor, str]] = []
        for at in range(0, len(places), MEMBERS * 2):
            until = at + MEMBERS * 2
            some = list(zip(takers[at:until], places[at:until], strict=True))
            got = await each(some, lambda one: claim_post(one[0], post=one[1], key=key()))
            pairs = [(who, claim.claim) for (who, _), claim in zip(some, got, strict=True)]
            await each(pairs[::9], lambda one: leave_post(one[0], claim=one[1], key=key()))
            going = [pair for n, pair in enumerate(pairs) if n % 9]
            await each(going, lambda one: confirm_claim(self.party, claim=one[1], key=key()))
            await each(going, lambda one: begin_post(one[0], claim=one[1], key=key()))
            if until < len(places):
                await each(going, lambda one: complete_post(one[0], claim=one[1], key=key()))
            else:
                taken = going
        await each(made[::4], lambda post: close_post(self.party, post=post, key=key()))
        return taken

    async def post(self, n: int) -> str:
        today = day_of(self.world.clock.now())
        made = await draft_post(
            self.party,
            community=self.communities[n % len(self.communities)],
            post_class=list(PostClass)[n % len(PostClass)],
            title="社区服务",
            places=PLACES,
            first_day=today,
            last_day=today + 25 * DAY,
            weekdays=(6,),
            from_minute=540,
            to_minute=600,
            key=key(),
        )
        await open_post(self.party, post=made.post, key=key())
        return made.post

    async def told(self, n: int) -> str:
        """A wish taken down, checked and put on the list."""
        made = await collect_wish(
            self.clerk,
            station=self.stations[n % len(self.stations)],
            kind=list(WishKind)[n % len(WishKind)],
            words="想修一下水龙头",
            name="陈桂兰",
            phone="13912345678",
            consent=True,
            may_publish=True,
            key=key(),
        )
        await approve_wish(self.manager, wish=made.wish, key=key())
        await publish_wish(self.manager, wish=made.wish, summary="修水龙头", key=key())
        return made.wish

    async def claim(self, one: tuple[int, str]) -> str:
        n, wish = one
        return (await claim_wish(self.members[n % MEMBERS], wish=wish, key=key())).claim

    async def grant(self, wishes: Sequence[str], *, silent: int = 0) -> None:
        """Contact, grant and the resident's word, or none from every so many."""
        held = await find_many(Wish, wishes)
        owners = await self.owners([one.claim or "" for one in held.values()])

        async def act(one: tuple[int, str]) -> None:
            n, wish = one
            claim = held[wish].claim or ""
            await contact_resident(owners[claim], claim=claim, key=key())
            await fulfil_wish(owners[claim], claim=claim, key=key())
            if not silent or n % silent:
                rating = (WishRating.GOOD, WishRating.FAIR, WishRating.POOR)[n % 3]
                await self.said(wish, rating)

        await each(enumerate(wishes), act)

    async def said(self, wish: str, rating: WishRating) -> None:
        """The resident's word, by telephone."""
        await close_by_phone(self.manager, wish=wish, granted=True, rating=rating, key=key())

    async def owners(self, claims: Sequence[str]) -> dict[str, Actor]:
        """Who made these claims."""
        aliases = {held.alias: held.person for held in await select(Alias)}
        people = {who.id: who for who in self.members}
        found = await find_many(WishClaim, claims)
        return {held.id: people[aliases[held.claimant]] for held in found.values()}


def _share(whole: int, month: int) -> int:
    return whole * (month + 1) // MONTHS - whole * month // MONTHS


def total(sums: Sums, name: str) -> int:
    """What the whole city's sums come to."""
    return sum(n for (area, _, _, what), n in sums.items() if (area, what) == (CITY, name))


@pytest.mark.anyio
async def test_a_year_of_posts_and_wishes_comes_to_what_the_export_sums_to(
    world: World, tmp_path: Path
) -> None:
    year = Year(world)
    await year.begin()
    for n in range(MONTHS):
        await year.month(n)
    waiting = await select(Wish, state=WishState.COMMUNITY.value)
    await each(waiting, lambda held: fulfil_by_community(year.manager, wish=held.id, key=key()))
    wishes, posts = await same_as_export(world, tmp_path)
    assert total(posts, "claimed") == POSTS
    assert total(wishes, "claimed") >= WISHES
    for name in ("returned", "carried_over", "taken_over", "good", "fair", "poor", "neutral"):
        assert total(wishes, name) > 0, name
    assert len({area for area, *_ in wishes}) > 10, "city, districts, a zone, streets, communities"
    assert (await replay.compare(world.settings.database_url)).differing == 0

"""The last place of a post, one wish and one order for help, claimed by a hundred at once.

Half of them ask one process and half another.
"""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.claim_burst import Task, Told
from tests.helping import NEIGHBOUR, open_street
from tests.membership import member, open_service_post, reported, secretary
from tests.processes import Started, start
from tests.test_member_reports import entries_of
from tests.wishing import listed, wish_of
from tests.world import World, key
from timebank import replay
from timebank.actors import PUBLIC
from timebank.help_life import HelpState
from timebank.post_claims import claim_post
from timebank.posts import PostState, visible_posts
from timebank.report_reviews import activate_report, receive_report
from timebank.wish_life import WishState

pytestmark = pytest.mark.anyio
HALF = 50


async def active(world: World) -> str:
    """A member with an active report."""
    made = await world.volunteer()
    report, party = await reported(world, made), await secretary(world)
    await receive_report(party, report=report, key=key())
    await activate_report(party, report=report, key=key())
    return made.id


async def process(task: Task) -> Started:
    """A process that waits to be let go."""
    made = await start("tests.claim_burst", task)
    assert await made.stdout.readline() == b"ready\n"
    return made


async def hundred(world: World, people: list[str], refusal: str, **what: Any) -> str:
    """A hundred claim at once: one has it, the others get one and the same refusal, returned."""
    data, url = str(world.settings.data), world.settings.database_url
    tasks = [Task(data, url, half, **what) for half in (people[:HALF], people[HALF:])]
    two = [await process(task) for task in tasks]
    ended = await asyncio.gather(*(one.communicate(b"go\n") for one in two))
    lines = [line for out in ended for line in out.splitlines()]
    told = [msgspec.json.decode(line, type=Told) for line in lines]
    assert len(told) == 2 * HALF
    assert len([one for one in told if one.claim]) == 1
    (no,) = {one.refusal for one in told if one.refusal}
    assert no
    assert no.startswith(f"{refusal}: ")
    assert (await replay.compare(url)).differing == 0
    return no


async def members(world: World) -> list[str]:
    """A hundred members with active reports."""
    return list(await asyncio.gather(*(active(world) for _ in range(2 * HALF))))


async def test_a_hundred_claim_the_last_place_and_exactly_one_has_it(world: World) -> None:
    post = await open_service_post(world, places=2)
    await claim_post(await member(world), post=post, key=key())
    no = await hundred(world, await members(world), "POST_FULL", post=post)
    assert "社区" in no, "it names who may help next"
    held = (await visible_posts(PUBLIC, [post]))[post]
    assert (held.state, held.taken) == (PostState.FULL, 2)
    kinds = [entry.kind for entry in await entries_of(world, "post")]
    assert kinds == ["post.drafted", "post.opened", *["post_claim.claimed"] * 2, "post.filled"]


async def test_a_hundred_claim_the_same_wish_and_exactly_one_has_it(world: World) -> None:
    wish = await listed(world)
    no = await hundred(world, await members(world), "WISH_TAKEN", wish=wish)
    assert "社区" in no, "it names who may help next"
    assert (await wish_of(wish)).state is WishState.CLAIMED
    kinds = [entry.kind for entry in await entries_of(world, "wish.")]
    assert kinds == ["wish.collected", "wish.approved", "wish.published", "wish.claimed"]


async def test_a_hundred_take_the_last_order_for_help_and_exactly_one_has_it(
    database_url: str, tmp_path: Path
) -> None:
    async with open_street(database_url, tmp_path) as street:
        order = await street.order()
        crowd = [street.world.volunteer(birth=NEIGHBOUR) for _ in range(2 * HALF)]
        people = [who.id for who in await asyncio.gather(*crowd)]
        await hundred(street.world, people, "HELP_TAKEN", help=order)
        held = await street.at(order)
        assert (held.state, held.helper in people) == (HelpState.MATCHED, True)
        assert await street.escrow(order) == held.minutes

"""The last place of a post, claimed by a hundred members at once from two processes."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import msgspec
import pytest

from tests.membership import member, open_service_post, reported, secretary
from tests.post_burst import Task, Told
from tests.test_member_reports import entries_of
from tests.world import World, key, open_world
from timebank import replay
from timebank.actors import PUBLIC
from timebank.post_claims import claim_post
from timebank.posts import PostState, visible_posts
from timebank.report_reviews import activate_report, receive_report

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parent.parent
HALF = 50


async def active(world: World) -> str:
    """A member with an active report."""
    made = await world.volunteer()
    report, party = await reported(world, made), await secretary(world)
    await receive_report(party, report=report, key=key())
    await activate_report(party, report=report, key=key())
    return made.id


async def process(task: Task) -> Process:
    """A process that waits to be let go."""
    made = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.post_burst",
        stdin=PIPE,
        stdout=PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert made.stdin
    assert made.stdout
    made.stdin.write(msgspec.json.encode(task) + b"\n")
    assert await made.stdout.readline() == b"ready\n"
    return made


async def test_a_hundred_claim_the_last_place_and_exactly_one_has_it(
    database_url: str, tmp_path: Path
) -> None:
    async with open_world(database_url, tmp_path) as world:
        post = await open_service_post(world, places=2)
        await claim_post(await member(world), post=post, key=key())
        people = list(await asyncio.gather(*(active(world) for _ in range(2 * HALF))))
        settings = world.settings
        two = [
            await process(Task(str(settings.data), settings.database_url, half, post))
            for half in (people[:HALF], people[HALF:])
        ]
        ended = await asyncio.gather(*(one.communicate(b"go\n") for one in two))
        lines = [line for out, _ in ended for line in out.splitlines()]
        told = [msgspec.json.decode(line, type=Told) for line in lines]

        assert len(told) == 2 * HALF
        assert len([one for one in told if one.claim]) == 1
        (refusal,) = {one.refusal for one in told if one.refusal}
        assert refusal
        assert refusal.startswith("POST_FULL: ")
        assert "社区" in refusal
        held = (await visible_posts(PUBLIC, [post]))[post]
        assert (held.state, held.taken) == (PostState.FULL, 2)
        kinds = [entry.kind for entry in await entries_of(world, "post")]
        assert kinds == ["post.drafted", "post.opened", *["post_claim.claimed"] * 2, "post.filled"]
        assert (await replay.compare(settings.database_url)).differing == 0

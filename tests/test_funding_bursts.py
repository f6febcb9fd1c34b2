"""The last of a budget, asked for by a hundred approvals from two processes at once."""

import asyncio

import msgspec
import pytest

from tests.claim_burst import Task, Told
from tests.funding import YEAR, allotted
from tests.projects import DAY, laid_open, project_of
from tests.test_claim_bursts import process
from tests.world import COMMUNITY, World
from timebank import accounts, replay
from timebank.access import Role
from timebank.accounts import balance_of
from timebank.funding.project_life import ProjectState

pytestmark = pytest.mark.anyio
COST = 1_000
ENOUGH_FOR = 37
LEFT = 999


async def test_a_hundred_approvals_spend_exactly_what_is_left(world: World) -> None:
    source = await allotted(world, ENOUGH_FOR * COST + LEFT)
    projects = [
        await laid_open(world, source, fen=COST, eligible=1, title=f"项目 {n}") for n in range(100)
    ]
    world.clock.move(8 * DAY)
    street, data = world.staff[Role.STREET_OFFICER].id, str(world.settings.data)
    tasks = [
        Task(data, world.settings.database_url, half, approver=street, at=world.clock.now())
        for half in (projects[:50], projects[50:])
    ]
    two = [await process(task) for task in tasks]
    ended = await asyncio.gather(*(one.communicate(b"go\n") for one in two))
    lines = [line for out in ended for line in out.splitlines()]
    told = [msgspec.json.decode(line, type=Told) for line in lines]
    assert len(told) == 100
    won = [one.claim for one in told if one.claim]
    refused = {one.refusal for one in told if one.refusal}
    assert len(won) == ENOUGH_FOR
    assert refused == {f"NOT_ENOUGH_MONEY: {LEFT} fen are left there; {COST} were asked for."}
    assert await balance_of(accounts.allotment(COMMUNITY, YEAR, source)) == LEFT
    for project in projects:
        committed = project in won
        assert await balance_of(accounts.award(project)) == (COST if committed else 0)
        state = ProjectState.COMMITTED if committed else ProjectState.PUBLICISED
        assert (await project_of(project)).state is state
    assert (await replay.compare(world.settings.database_url)).differing == 0

"""Many at once, from several processes, and processes that are killed: no minute is spent twice."""

import asyncio
import signal

import msgspec
import pytest

from tests.burst import Task, Told, attempt
from tests.credit import credit
from tests.processes import Started, start
from tests.world import World, key
from timebank import accounts, replay
from timebank.access import Role
from timebank.reward_orders import RewardOrder
from timebank.rewards import offer_reward
from timebank.tables import select

pytestmark = pytest.mark.anyio
PRICE = 60


async def stocked(world: World, minutes: int) -> Task:
    """A volunteer with so many minutes, and a reward of 60 of which there is plenty."""
    who = await world.volunteer()
    assert who.person
    await credit(who.person, world.station, minutes)
    made = await offer_reward(
        world.staff[Role.STATION_MANAGER],
        station=world.station,
        name="理发一次",
        minutes=PRICE,
        stock=10_000,
        key=key(),
    )
    settings = world.settings
    return Task(str(settings.data), settings.database, who.person, made.reward, [])


async def process(task: Task, keys: list[str]) -> Started:
    """A process that waits to be let go."""
    made = await start("tests.burst", msgspec.structs.replace(task, keys=keys))
    assert await made.stdout.readline() == b"ready\n"
    return made


async def answers(processes: list[Started]) -> list[Told]:
    """Let them all go at once, and what they were told."""
    ended = await asyncio.gather(*(one.communicate(b"go\n") for one in processes))
    lines = [line for out in ended for line in out.splitlines()]
    return [msgspec.json.decode(line, type=Told) for line in lines]


async def orders_of(task: Task) -> list[RewardOrder]:
    return await select(RewardOrder, volunteer=task.person)


async def test_two_processes_spend_exactly_what_there_is(world: World) -> None:
    task = await stocked(world, 37 * PRICE + 59)
    two = [await process(task, [f"attempt-{p}-{n}" for n in range(100)]) for p in "ab"]

    told = await answers(two)

    assert len(told) == 200
    made = [one.order for one in told if one.order]
    assert len(made) == len(set(made)) == 37
    assert {one.refusal for one in told if not one.order} == {"NOT_ENOUGH_TIME"}
    assert await accounts.balance_of(accounts.volunteer(task.person)) == 59
    assert {order.id for order in await orders_of(task)} == set(made)
    assert (await accounts.conservation()).escrow == 37 * PRICE
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_the_same_key_fifty_times_from_two_processes_is_one_order(world: World) -> None:
    task = await stocked(world, 50 * PRICE)
    two = [await process(task, ["the-only-attempt"] * 25) for _ in range(2)]

    told = await answers(two)

    assert len(told) == 50
    assert len({(one.order, one.entry, one.refusal) for one in told}) == 1
    assert sorted(one.replayed for one in told) == [False] + [True] * 49
    assert [order.id for order in await orders_of(task)] == [told[0].order]


async def test_a_killed_process_keeps_every_answer_it_gave_and_nothing_half(world: World) -> None:
    task = await stocked(world, 100_000 * PRICE)
    names = [f"attempt-{n:06d}" for n in range(3_000)]
    one = await process(task, names)
    one.write(b"go\n")
    told = [msgspec.json.decode(await one.stdout.readline(), type=Told) for _ in range(300)]
    one.kill()
    told += [msgspec.json.decode(line, type=Told) for line in (await one.stdout.read()).split()]
    assert await one.ended() == -signal.SIGKILL
    assert 300 <= len(told) < len(names), "it was killed in the midst of it"

    kept = {order.id for order in await orders_of(task)}
    assert {answer.order for answer in told} <= kept
    again = await asyncio.gather(*(attempt(task, answer.key) for answer in told))
    assert [msgspec.structs.replace(a, replayed=True) for a in told] == list(again)
    assert {order.id for order in await orders_of(task)} == kept
    spent = 100_000 * PRICE - await accounts.balance_of(accounts.volunteer(task.person))
    assert spent == len(kept) * PRICE
    assert (await replay.compare(world.settings.database_url)).differing == 0

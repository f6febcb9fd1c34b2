"""A process that orders rewards as fast as it can, for tests that run several and kill some.

Reads its task as JSON on the first line of the input, says `ready`, starts at the next line, and
prints one JSON line for each answer the moment it has it.
"""

import asyncio
import sys
from pathlib import Path

import msgspec

from tests.world import NOON
from timebank.actors import person
from timebank.bank import open_bank
from timebank.clock import ManualClock
from timebank.keys import RequestKey
from timebank.refusals import LedgerAway, Refusal
from timebank.reward_orders import order_reward
from timebank.settings import Settings


class Task(msgspec.Struct):
    """What to order: as whom, under which keys, on which bank."""

    data: str
    database: str
    person: str
    reward: str
    keys: list[str]


class Told(msgspec.Struct):
    """What one attempt came to: an order, or the code of a refusal."""

    key: str
    order: str | None = None
    entry: int | None = None
    replayed: bool = False
    refusal: str | None = None


def attempt_key(scope: str, name: str) -> RequestKey:
    """The request key that an attempt's name stands for."""
    return RequestKey.of(scope, name, "order", None, secret=b"tests")


async def attempt(task: Task, name: str) -> Told:
    """Order once; while the database is away ask again with the same key, as people are told to."""
    while True:
        try:
            answer = await order_reward(
                person(task.person), reward=task.reward, key=attempt_key(task.person, name)
            )
        except Refusal as refusal:
            return Told(name, refusal=refusal.code)
        except LedgerAway:
            await asyncio.sleep(0.1)
            continue
        return Told(name, answer.order, answer.entry, answer.replayed)


async def main() -> None:
    """Do the task."""
    task = msgspec.json.decode(sys.stdin.readline(), type=Task)
    async with open_bank(
        Settings(data=Path(task.data), database=task.database), clock=ManualClock(NOON)
    ):
        print("ready", flush=True)  # noqa: T201  the answers are what this program is for
        sys.stdin.readline()
        for done in asyncio.as_completed([attempt(task, name) for name in task.keys]):
            told = msgspec.json.encode(await done).decode()
            print(told, flush=True)  # noqa: T201  the answers are what this program is for


if __name__ == "__main__":
    asyncio.run(main())

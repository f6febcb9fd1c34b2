"""One of several servers of a bank, its clock standing still: reads its task from the first line of
the input, says its port, and serves until the input ends."""

import asyncio
import sys
from pathlib import Path

import msgspec

from tests.served import served
from tests.world import NOON
from timebank.clock import ManualClock
from timebank.settings import Settings
from web import app


class Task(msgspec.Struct):
    """Which bank."""

    data: str
    database: str


async def main() -> None:
    """Serve."""
    task = msgspec.json.decode(sys.stdin.readline(), type=Task)
    settings = Settings(data=Path(task.data), database=task.database)
    built = app.build(settings, clock=ManualClock(NOON))
    async with served(built, lifespan="on", ws="none") as port:
        print(port, flush=True)  # noqa: T201  whoever started it asks there
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main())

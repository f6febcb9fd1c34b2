"""One of several servers of a bank, its clock standing still: reads its task from the first line of
the input, says its port, and serves until the input ends."""

import asyncio
import sys
from pathlib import Path

import msgspec
import uvicorn

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
    server = uvicorn.Server(
        uvicorn.Config(built, port=0, log_level="error", lifespan="on", ws="none")
    )
    running = asyncio.create_task(server.serve())
    while not server.started:  # uvicorn tells by no event when it is ready
        await asyncio.wait([running], timeout=0.01)
    (listening,) = server.servers[0].sockets
    print(listening.getsockname()[1], flush=True)  # noqa: T201  whoever started it asks there
    await asyncio.to_thread(sys.stdin.readline)
    server.should_exit = True
    await running


if __name__ == "__main__":
    asyncio.run(main())

"""A small demonstration city, and the real server on it, for the tests of pages and commands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn

from timebank import demo_city
from timebank.demo import Size
from timebank.settings import Settings
from web import app

SMALL = Size(stations=12, teams=30, volunteers=60, busy=3, weeks=4)


async def make_city(directory: Path, *, size: Size = SMALL) -> Settings:
    """A demonstration ledger in a directory."""
    settings = Settings(data=directory / "demo")
    await demo_city.make(settings, lambda what, done, count: None, size=size)
    return settings


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """The server on a free port; gives its address."""
    config = uvicorn.Config(
        app.build(settings, demo=True), port=0, log_level="error", lifespan="on", ws="none"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # uvicorn tells by no event when it is ready
        await asyncio.wait([task], timeout=0.01)
    (socket,) = server.servers[0].sockets
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task

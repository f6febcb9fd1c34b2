"""The real server on a free port, in the test's own loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def served(application: Any, **given: Any) -> AsyncIterator[int]:
    """An application, listening; gives the port. `given` is uvicorn's configuration."""
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="error", **given))
    running = asyncio.create_task(server.serve())
    while not server.started:  # uvicorn tells by no event when it is ready
        await asyncio.wait([running], timeout=0.01)
    (socket,) = server.servers[0].sockets
    try:
        yield socket.getsockname()[1]
    finally:
        server.should_exit = True
        await running

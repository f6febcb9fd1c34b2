"""The log over HTTP, for witnesses and mirrors: C2SP tlog-tiles under `/ledger` (ledger format 5).

Knows statuses and how long each file may be kept; what a file holds and who may read entries is
decided where everything is. Nothing beyond the latest checkpoint is served.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ledger.merkle import InvalidProof
from ledger.reader import Reader, open_reader
from ledger.tiles import NoSuchTile, Published, TileFile, read_file, read_published
from schema.context import Context
from timebank import publication
from timebank.access import Action, may_read
from timebank.divisions import CITY_PATH
from timebank.refusals import Denial

PREFIX = "/ledger"
READERS = 4
"""Connections that mirrors share. They fetch thousands of files; people come first."""
FOR_EVER = "public, max-age=31536000, immutable"
MOMENTS = "public, max-age=2"
NEVER = "no-store"
BINARY = "application/octet-stream"

log = structlog.get_logger()


class Tiles:
    """The routes of the log at a database; `context_of` finds out who asks for entries."""

    def __init__(self, url: str, context_of: Callable[[Request], Awaitable[Context]]) -> None:
        self._url = url
        self._context_of = context_of
        self._turns = asyncio.Semaphore(READERS)

    def routes(self) -> list[Route]:
        """Checkpoint, entry bundles, hash tiles."""
        # The fastest level: what is left is hashes and nonces, and the others gain 7 percent more.
        packed = [Middleware(GZipMiddleware, compresslevel=1)]
        return [
            Route(f"{PREFIX}/checkpoint", self.checkpoint),
            Route(f"{PREFIX}/tile/entries/{{rest:path}}", self.entries, middleware=packed),
            Route(f"{PREFIX}/tile/{{rest:path}}", self.tile),
        ]

    async def checkpoint(self, request: Request) -> Response:
        """The latest checkpoint with its signatures."""
        async with self._log() as (_, told):
            if told is None:
                return _nothing()
            return PlainTextResponse(told.note, headers={"cache-control": MOMENTS})

    async def tile(self, request: Request) -> Response:
        """Hashes: everybody's."""
        return await self._file(request, FOR_EVER)

    async def entries(self, request: Request) -> Response:
        """Entries, for auditors of the whole log; for others there are none."""
        try:
            context = await self._context_of(request)
        except Denial:
            return _nothing()
        if not await may_read(context.actor, Action.READ_ENTRIES, CITY_PATH):
            return _nothing()
        # They never change, but whoever may read them does.
        return await self._file(request, NEVER)

    async def _file(self, request: Request, kept: str) -> Response:
        # Not the route's parameter: that leaves out a line feed at the end of the path.
        path = request.scope["path"].rpartition(f"{PREFIX}/")[2]
        try:
            file = TileFile.parse(path)
            async with self._log() as (reader, told):
                if told is None:
                    return _nothing()
                data = await read_file(reader, file, size=told.size)
        except NoSuchTile:
            return _nothing()
        except InvalidProof as found:
            log.error("tile_false", path=path, found=str(found))
            return _answer(500, "The stored file is not the one that was signed; it is not given.")
        return Response(data, headers={"cache-control": kept}, media_type=BINARY)

    @asynccontextmanager
    async def _log(self) -> AsyncIterator[tuple[Reader, Published | None]]:
        """One unmoving state of the log, and its latest checkpoint."""
        async with self._turns, open_reader(self._url) as reader:
            signing = publication.current()
            quorum = None if signing is None else signing.quorum
            yield reader, await read_published(reader, quorum)


def _nothing() -> Response:
    """Not there, not yet or not for whoever asks: one answer, which nobody keeps."""
    return _answer(404, "404")


def _answer(status: int, says: str) -> Response:
    return PlainTextResponse(says, status_code=status, headers={"cache-control": NEVER})

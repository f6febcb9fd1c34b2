"""The tail: how far the ledger has come, for whoever waits for more of it.

One look at the head serves everybody who waits in this process, whichever process wrote; while
nobody waits, nobody looks. Knows a size and the time between two looks; refuses to know entries.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_AGAIN_SECONDS = 0.25


class Tail:
    """Follows what `size` reads."""

    def __init__(
        self, size: Callable[[], Awaitable[int]], *, seconds: float = LOOK_AGAIN_SECONDS
    ) -> None:
        self._read, self._seconds = size, seconds
        self._look: asyncio.Task[int] | None = None

    async def beyond(self, size: int) -> int:
        """The ledger's size as soon as it is larger than this."""
        while True:
            if self._look is None or self._look.done():
                self._look = asyncio.create_task(self._look_again(), name="tail")
                self._look.add_done_callback(_heard)
            # Shielded: one who gives up waiting does not take the others along.
            if (found := await asyncio.shield(self._look)) > size:
                return found

    async def _look_again(self) -> int:
        await asyncio.sleep(self._seconds)
        return await self._read()


def _heard(look: asyncio.Task[int]) -> None:
    """A look that failed fails for all who waited; when all of them left, for nobody."""
    if not look.cancelled():
        look.exception()


_installed: Tail | None = None


def install(tail: Tail | None) -> None:
    """Make a tail the one that is followed in this process."""
    global _installed
    _installed = tail


async def grown(beyond: int) -> int:
    """The size of this process's ledger, as soon as it is larger than this: public."""
    if _installed is None:
        raise RuntimeError("no ledger is open")
    return await _installed.beyond(beyond)


async def changes(read: Callable[[], Awaitable[T]]) -> AsyncGenerator[tuple[int, T], None]:
    """What a read gives now, and again whenever it gives something else after an entry.

    Each with the ledger's size before the read. Never ends by itself.
    """
    size, last = await grown(-1), await read()
    yield size, last
    while True:
        size = await grown(size)
        told = await read()
        if told != last:
            last = told
            yield size, told

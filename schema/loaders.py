"""Data loaders: many look-ups by key within one request become one read.

Knows keys, batches and the turn of the event loop; never what is read, nor who may read it: the
read gets the request's context and answers only with what its asker may see.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from timebank.begun import begin, shared

C = TypeVar("C")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

BatchRead = Callable[[C, Sequence[K]], Awaitable[Mapping[K, V]]]
"""A read of many: what is missing, or hidden from the asker, is simply not in the answer."""

BATCH_MAX = 500


class Loader(Generic[K, V]):
    """Collects the keys asked for in one turn of the loop and reads them together.

    Every key is read once a request; a key asked for again gets the same answer.
    """

    __slots__ = ("_answers", "_filling", "_read", "_waiting")

    def __init__(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._read = read
        self._answers: dict[K, asyncio.Future[V | None]] = {}
        self._waiting: list[K] = []
        self._filling: list[asyncio.Future[None]] = []

    async def load(self, key: K) -> V | None:
        """The value of `key`, or None where the read did not give one."""
        answer = self._answers.get(key)
        if answer is None:
            loop = asyncio.get_running_loop()
            answer = self._answers[key] = loop.create_future()
            if not self._waiting:
                loop.call_soon(self.start)
            self._waiting.append(key)
        return await shared(answer)

    def start(self) -> bool:
        """Read what is waited for now, not only at the end of the turn; says whether there was."""
        keys, self._waiting = self._waiting, []
        for at in range(0, len(keys), BATCH_MAX):
            self._filling.append(begin(self._fill(keys[at : at + BATCH_MAX])))
        return bool(keys)

    async def _fill(self, keys: list[K]) -> None:
        try:
            values = await self._read(keys)
        except Exception as error:
            for key in keys:
                self._answers[key].set_exception(error)
                # A field that was cancelled meanwhile never fetches it; that is no lost error.
                self._answers[key].exception()
            return
        except asyncio.CancelledError:
            for key in keys:
                self._answers[key].cancel()
            raise
        for key in keys:
            self._answers[key].set_result(values.get(key))


class Loaders(Generic[C]):
    """The loaders of one request, made as they are first asked for."""

    __slots__ = ("_context", "_loaders")

    def __init__(self, context: C) -> None:
        self._context = context
        self._loaders: dict[Any, Loader[Any, Any]] = {}

    async def load(self, read: BatchRead[C, K, V], key: K) -> V | None:
        """One value through the batch of `read`, a module-level function."""
        loader: Loader[K, V] | None = self._loaders.get(read)
        if loader is None:
            context = self._context
            loader = self._loaders[read] = Loader(lambda keys: read(context, keys))
        return await loader.load(key)

    def start(self) -> bool:
        """Read what is waited for now; says whether there was anything."""
        # A read may ask for what no loader was there for.
        started = [loader.start() for loader in [*self._loaders.values()]]
        return any(started)

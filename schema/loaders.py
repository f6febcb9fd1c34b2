"""Data loaders: many look-ups by key within one request become one read.

Knows keys, batches and the turn of the event loop; never what is read, nor who may read it: the
read gets the request's context and answers only with what its asker may see.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar
from weakref import ref

from timebank.begun import Awaited, begin

C = TypeVar("C")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

BatchRead = Callable[[C, Sequence[K]], Coroutine[Any, Any, Mapping[K, V]]]
"""A read of many: what is missing, or hidden from the asker, is simply not in the answer."""

BATCH_MAX = 500


class Loader(Generic[K, V]):
    """Collects the keys asked for in one turn of the loop and reads them together.

    Every key is read once a request; a key asked for again gets the same answer.
    """

    __slots__ = ("_answers", "_read", "_reading", "_waiting")

    def __init__(self, read: Callable[[Sequence[K]], Coroutine[Any, Any, Mapping[K, V]]]) -> None:
        self._read = read
        self._answers: dict[K, Awaited[V | None]] = {}
        self._waiting: list[K] = []
        self._reading: list[asyncio.Future[Mapping[K, V]]] = []

    async def load(self, key: K) -> V | None:
        """The value of `key`, or None where the read did not give one."""
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = Awaited()
            if not self._waiting:
                asyncio.get_running_loop().call_soon(self.start)
            self._waiting.append(key)
        return await answer.wait()

    def start(self) -> bool:
        """Read what is waited for now, not only at the end of the turn; says whether there was."""
        keys, self._waiting = self._waiting, []
        for at in range(0, len(keys), BATCH_MAX):
            some = keys[at : at + BATCH_MAX]
            reading = begin(self._read(some))
            if reading.done():
                self._fill(some, reading)
            else:
                self._reading.append(reading)
                reading.add_done_callback(partial(self._fill, some))
        return bool(keys)

    def _fill(self, keys: list[K], read: asyncio.Future[Mapping[K, V]]) -> None:
        for key in keys:
            one: asyncio.Future[V | None] = read.get_loop().create_future()
            if read.cancelled():
                one.cancel()
            elif fault := read.exception():
                one.set_exception(fault)
            else:
                one.set_result(read.result().get(key))
            self._answers[key].become(one)


class Loaders(Generic[C]):
    """The loaders of one request, made as they are first asked for.

    They do not keep its context, which keeps them: two that held each other would lie about until
    the collector finds them. Whoever loads has it at hand.
    """

    __slots__ = ("_context", "_loaders")

    def __init__(self, context: C) -> None:
        self._context = ref(context)
        self._loaders: dict[Any, Loader[Any, Any]] = {}

    async def load(self, read: BatchRead[C, K, V], key: K) -> V | None:
        """One value through the batch of `read`, a module-level function."""
        loader: Loader[K, V] | None = self._loaders.get(read)
        if loader is None:
            loader = self._loaders[read] = Loader(partial(_read, read, self._context))
        return await loader.load(key)

    def start(self) -> bool:
        """Read what is waited for now; says whether there was anything."""
        # A read may ask for what no loader was there for.
        started = [loader.start() for loader in [*self._loaders.values()]]
        return any(started)


def _read(
    read: BatchRead[C, K, V], whose: "ref[C]", keys: Sequence[K]
) -> Coroutine[Any, Any, Mapping[K, V]]:
    context = whose()
    return _nothing() if context is None else read(context, keys)


async def _nothing() -> Mapping[Any, Any]:
    """Whoever asked is gone."""
    return {}

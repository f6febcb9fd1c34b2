"""Begun: work is done at once as far as it goes, and only what must wait is waited for.

Most reads of a file are answered before anybody could wait for them: to give each a task of its
own, and several turns of the loop, costs more than they do. Knows coroutines and futures, never
what they are for. What is begun runs in the task of whoever begins it until it first waits.
"""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class Rest(Generic[T]):
    """What is left of a begun coroutine, which waits for something: to be awaited, once."""

    __slots__ = ("_waits_for", "_work")

    def __init__(self, work: Coroutine[Any, Any, T], waits_for: Any) -> None:
        self._work, self._waits_for = work, waits_for

    def __await__(self) -> Generator[Any, Any, T]:
        work, waits_for = self._work, self._waits_for
        while True:
            try:
                told = yield waits_for
            except BaseException as error:
                fault: BaseException | None = error
            else:
                fault = None
            try:
                waits_for = work.send(told) if fault is None else work.throw(fault)
            except StopIteration as done:
                return cast("T", done.value)


async def _finished(rest: Rest[T]) -> T:
    return await rest


def begin(work: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
    """The future of some work: done already where there was nothing to wait for, else a task."""
    loop = asyncio.get_running_loop()
    if asyncio.current_task(loop) is None:
        return loop.create_task(work)  # a callback of the loop: what it begins needs a task
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        made: asyncio.Future[T] = loop.create_future()
        made.set_result(done.value)
    except Exception as error:
        made = loop.create_future()
        made.set_exception(error)
    else:
        made = loop.create_task(_finished(Rest(work, waits_for)))
    return made


class Awaited(Generic[T]):
    """What several wait for, each by a future of their own: whoever goes away does not take it from
    the others."""

    __slots__ = ("_done", "_waiting")

    def __init__(self, coming: asyncio.Future[T] | None = None) -> None:
        self._done: asyncio.Future[T] | None = None
        self._waiting: list[asyncio.Future[T]] = []
        if coming is not None and coming.done():
            self.become(coming)
        elif coming is not None:
            coming.add_done_callback(self.become)

    def wait(self) -> asyncio.Future[T]:
        """A future of it, for one to wait for."""
        if self._done is not None:
            return self._done
        self._waiting.append(asyncio.get_running_loop().create_future())
        return self._waiting[-1]

    def become(self, done: asyncio.Future[T]) -> None:
        """What it came to, told to all who wait and to whoever asks later."""
        self._done = done
        fault = None if done.cancelled() else done.exception()
        for one in self._waiting:
            if one.done():
                continue
            if done.cancelled():
                one.cancel()
            elif fault is not None:
                one.set_exception(fault)
            else:
                one.set_result(done.result())


async def together(*works: Coroutine[Any, Any, Any]) -> list[Any]:
    """What all of them come to, none waiting for another; the first fault is told."""
    begun = [begin(work) for work in works]
    if all(one.done() and not one.exception() for one in begun):
        return [one.result() for one in begun]
    return list(await asyncio.gather(*begun))

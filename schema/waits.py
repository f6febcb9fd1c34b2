"""Waits: resolvers put aside because they wait, each going on when what it waits for has come.

All within the task of whoever asks: a field is no task, so a resolver keeps no time of its own.
Knows coroutines and loaders, never what they answer.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Generic, Protocol, TypeVar

from timebank.begun import Rest

AT_ONCE_SECONDS = 0.005
"""After so long without a pause others are given a turn."""

For = TypeVar("For")
What = TypeVar("What", contravariant=True)


class _Waiting(Generic[For]):
    __slots__ = ("heard", "waits_for", "what", "work", "yielded")

    def __init__(self, work: Coroutine[Any, Any, Any], what: For) -> None:
        self.work, self.what = work, what
        self.yielded: Any = None
        self.waits_for: Any = None
        self.heard = False


class Hands(Protocol[What]):
    """Whoever waits: lets loaders read, and is told for what a value or an error has come."""

    def ahead(self) -> bool:
        """Let loaders read; say whether any did."""

    def fill(self, what: What, value: Any) -> None:
        """Hear what came."""

    def fill_fault(self, what: What, error: Exception) -> None:
        """Hear what went wrong."""


class Waits(Generic[For]):
    """What waits in one operation.

    It is told each time for whom it does what it does: two that held each other would lie about
    until the collector finds them, with all that the request has read.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting[For]] = []
        self._wake: asyncio.Future[None] | None = None

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put_aside(self, work: Coroutine[Any, Any, Any], waits_for: Any, what: For) -> None:
        """Keep what was begun until what it waits for has come."""
        self._put_aside(_Waiting(work, what), waits_for)

    async def settle(self, hands: Hands[For]) -> None:
        """Go on until nothing waits any more."""
        try:
            while self._waiting:
                self.go_on(hands)
                await self._pause(hands)
        except asyncio.CancelledError:
            await self._give_up()
            raise

    def _put_aside(self, one: _Waiting[For], yielded: Any) -> None:
        one.yielded = one.waits_for = yielded
        one.heard = False
        if yielded is None:
            # A bare yield: it only wants others to have their turn.
            loop = asyncio.get_running_loop()
            one.waits_for = loop.create_future()
            loop.call_soon(_let_go, one.waits_for)
        self._waiting.append(one)

    def go_on(self, hands: Hands[For]) -> None:
        """Let all go on whose turn has come, as long as there are any and it is not for long."""
        until = time.perf_counter() + AT_ONCE_SECONDS
        while self._waiting:
            ready = [one for one in self._waiting if one.waits_for.done()]
            self._waiting = [one for one in self._waiting if not one.waits_for.done()]
            for one in ready:
                self._go_on(one, hands)
            if time.perf_counter() > until or not (ready or hands.ahead()):
                return

    def _go_on(self, one: _Waiting[For], hands: Hands[For]) -> None:
        try:
            waits_for = one.work.send(None)
        except StopIteration as done:
            hands.fill(one.what, done.value)
        except Exception as error:
            hands.fill_fault(one.what, error)
        else:
            self._put_aside(one, waits_for)

    async def _pause(self, hands: Hands[For]) -> None:
        """Wait until somebody can go on; where all can, others have their turn."""
        if any(one.waits_for.done() for one in self._waiting):
            await asyncio.sleep(0)
        elif len(self._waiting) == 1:
            await self._alone(hands)
        elif self._waiting:
            await self._first()

    async def _alone(self, hands: Hands[For]) -> None:
        (one,) = self._waiting
        self._waiting = []
        try:
            value = await Rest(one.work, one.yielded)
        except Exception as error:
            hands.fill_fault(one.what, error)
        else:
            hands.fill(one.what, value)

    async def _first(self) -> None:
        self._wake = asyncio.get_running_loop().create_future()
        for one in self._waiting:
            if not one.heard:
                one.heard = True
                one.waits_for.add_done_callback(self._heard)
        await self._wake

    def _heard(self, _: Any) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _give_up(self) -> None:
        """Whoever asked is gone, or time is up: all who wait hear of it, and tidy up."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.waits_for.cancel()
            if one.yielded is None:
                one.work.close()  # nothing can be told to it where it is
        loop = asyncio.get_running_loop()
        tidying = [loop.create_task(_rest(one)) for one in waiting if one.yielded is not None]
        await asyncio.gather(*tidying, return_exceptions=True)


async def _rest(one: _Waiting[Any]) -> Any:
    return await Rest(one.work, one.yielded)


def _let_go(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

"""Askers: what is read of whoever asks is read once an answer, so that an answer rests on one view.

Knows for how long a reading may be kept: while one query is answered. Nothing that changes anything
lies within, and no decision of a command rests on it: those read in their own batch.
"""

import functools
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from timebank.actors import Actor
from timebank.begun import Awaited, begin

V = TypeVar("V")
Readings = dict[tuple[Any, Actor], Awaited[Any]]

_readings: ContextVar[Readings | None] = ContextVar("readings", default=None)


@contextmanager
def one_answer() -> Iterator[None]:
    """What is put together within reads of every asker once."""
    before = _readings.set({})
    try:
        yield
    finally:
        _readings.reset(before)


def once_an_answer(
    read: Callable[[Actor], Coroutine[Any, Any, V]],
) -> Callable[[Actor], Awaitable[V]]:
    """Let a read of an actor's own be made once an answer, whoever in it asks; else each time."""

    @functools.wraps(read)
    async def reading(actor: Actor) -> V:
        readings = _readings.get()
        if readings is None:
            return await read(actor)
        made: Awaited[V] | None = readings.get((read, actor))
        if made is None:
            made = readings[read, actor] = Awaited(begin(read(actor)))
        return await made.wait()

    return reading

"""The tail: one look for all who wait."""

import asyncio
from typing import Any

import pytest

from timebank.tail import Tail

pytestmark = pytest.mark.anyio


async def test_one_look_serves_all_who_wait_and_nobody_looks_for_nobody() -> None:
    sizes = iter([1, 1, 2])
    looks = 0

    async def size() -> int:
        nonlocal looks
        looks += 1
        return next(sizes)

    tail = Tail(size, seconds=0.01)
    assert await asyncio.gather(*(tail.beyond(1) for _ in range(50))) == [2] * 50
    await asyncio.sleep(0.05)
    assert looks == 3


async def test_a_look_that_fails_fails_for_whoever_waits_and_the_next_looks_again() -> None:
    answers: list[Any] = [OSError("gone"), 5]

    async def size() -> int:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return int(answer)

    tail = Tail(size, seconds=0.01)
    with pytest.raises(OSError, match="gone"):
        await tail.beyond(0)
    hasty = asyncio.create_task(tail.beyond(0))
    patient = asyncio.create_task(tail.beyond(0))
    await asyncio.sleep(0)
    hasty.cancel()
    assert await patient == 5

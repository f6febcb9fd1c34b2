"""Data loaders: one read for all who ask in one turn, once a request, and no one harms another."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from schema.loaders import Loader, Loaders

pytestmark = pytest.mark.anyio


class Squares:
    """A read that remembers its batches and knows no odd numbers."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    async def __call__(self, keys: Sequence[int]) -> Mapping[int, int]:
        self.batches.append(list(keys))
        await asyncio.sleep(0)
        return {key: key * key for key in keys if key % 2 == 0}


async def test_what_is_asked_in_one_turn_is_read_together_and_once() -> None:
    squares = Squares()
    loader = Loader(squares)
    assert await asyncio.gather(*map(loader.load, [2, 4, 2, 3])) == [4, 16, 4, None]
    assert await loader.load(4) == 16
    assert await loader.load(6) == 36
    assert squares.batches == [[2, 4, 3], [6]]


async def test_a_large_batch_is_read_in_parts() -> None:
    squares = Squares()
    loader = Loader(squares)
    await asyncio.gather(*map(loader.load, range(1200)))
    assert [len(batch) for batch in squares.batches] == [500, 500, 200]


async def test_one_who_gives_up_does_not_take_the_others_along() -> None:
    loader = Loader(Squares())
    hasty = asyncio.ensure_future(loader.load(2))
    patient = asyncio.ensure_future(loader.load(2))
    await asyncio.sleep(0)
    hasty.cancel()
    assert await patient == 4
    with pytest.raises(asyncio.CancelledError):
        await hasty


async def test_a_read_that_fails_fails_for_all_who_waited() -> None:
    async def broken(keys: Sequence[int]) -> Mapping[int, int]:
        raise LookupError(keys[0])

    loader = Loader(broken)
    answers = await asyncio.gather(loader.load(1), loader.load(2), return_exceptions=True)
    assert [type(answer) for answer in answers] == [LookupError, LookupError]


async def test_a_request_has_one_loader_a_read_and_the_read_gets_its_context() -> None:
    class Request:
        whose = "ann's request"

    seen: list[tuple[Request, list[int]]] = []

    async def names(context: Request, keys: Sequence[int]) -> Mapping[int, str]:
        seen.append((context, list(keys)))
        return {key: f"{context.whose} {key}" for key in keys}

    request = Request()
    loaders = Loaders(request)
    answers = await asyncio.gather(*(loaders.load(names, key) for key in (1, 2)))
    assert answers == ["ann's request 1", "ann's request 2"]
    assert seen == [(request, [1, 2])]

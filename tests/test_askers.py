"""Askers: read once an answer and anew for the next, and never one for another."""

import asyncio

import pytest

from timebank.actors import Actor, person
from timebank.askers import once_an_answer, one_answer

pytestmark = pytest.mark.anyio


class Reads:
    """A read that remembers of whom it was asked."""

    def __init__(self) -> None:
        self.of: list[str] = []

    async def __call__(self, actor: Actor) -> str:
        self.of.append(actor.id)
        await asyncio.sleep(0)
        return f"what {actor.id} may"


async def test_one_answer_reads_an_asker_once_and_the_next_reads_anew() -> None:
    reads = Reads()
    read = once_an_answer(reads)
    for _ in range(2):
        with one_answer():
            together = await asyncio.gather(*(read(person(id)) for id in "aab"))
            assert together == ["what a may", "what a may", "what b may"]
            assert await read(person("a", staff=True)) == "what a may"
            assert await read(person("a")) == "what a may"
    assert reads.of == ["a", "b", "a"] * 2


async def test_outside_of_an_answer_every_read_is_made() -> None:
    reads = Reads()
    read = once_an_answer(reads)
    with one_answer():
        await read(person("a"))
    await read(person("a"))
    await read(person("a"))
    assert reads.of == ["a", "a", "a"]


async def test_a_field_that_is_cancelled_takes_it_from_no_other() -> None:
    reads = Reads()
    read = once_an_answer(reads)
    with one_answer():
        first = asyncio.ensure_future(read(person("a")))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(read(person("a")))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == "what a may"
    assert reads.of == ["a"]

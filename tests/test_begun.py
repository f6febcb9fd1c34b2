"""What is begun goes as far as it can at once, and what must wait becomes a task."""

import asyncio

import pytest

from timebank.begun import Awaited, Rest, begin, together

pytestmark = pytest.mark.anyio


async def quick(said: str) -> str:
    return said


async def slow(said: str) -> str:
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        await asyncio.sleep(0)
    return said


async def broken(*, at_once: bool) -> str:
    if not at_once:
        await asyncio.sleep(0)
    raise LookupError


async def test_what_need_not_wait_is_done_when_it_is_begun() -> None:
    begun = begin(quick("at once"))
    assert begun.done()
    assert await begun == "at once"
    later = begin(slow("later"))
    assert not later.done()
    assert await later == "later"


async def test_what_the_loop_begins_by_itself_is_a_task_from_the_start() -> None:
    async def timed() -> str:
        async with asyncio.timeout(1):
            return await quick("in a task")

    begun: list[asyncio.Future[str]] = []
    asyncio.get_running_loop().call_soon(lambda: begun.append(begin(timed())))
    await asyncio.sleep(0)
    assert await begun[0] == "in a task"


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_fault_is_told_to_whoever_waits(at_once: bool) -> None:
    with pytest.raises(LookupError):
        await begin(broken(at_once=at_once))
    with pytest.raises(LookupError):
        await together(quick("a"), broken(at_once=at_once), broken(at_once=at_once), slow("b"))


async def test_together_none_waits_for_another() -> None:
    assert await together(quick("a"), quick("b")) == ["a", "b"]
    assert await together(slow("a"), quick("b"), slow("c")) == ["a", "b", "c"]


async def test_the_rest_hears_that_it_is_cancelled() -> None:
    async def work() -> str:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            return "tidied"
        return "slept"

    begun = work()

    async def go_on() -> str:
        return await Rest(begun, begun.send(None))

    task = asyncio.create_task(go_on())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "tidied"


async def test_whoever_goes_away_takes_nothing_from_the_others() -> None:
    work = Awaited(begin(slow("kept")))

    async def waiting() -> str:
        return await work.wait()

    leaving = asyncio.create_task(waiting())
    staying = asyncio.create_task(waiting())
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == "kept"
    assert leaving.cancelled()
    assert await work.wait() == "kept"


async def test_all_who_wait_are_told_of_a_fault() -> None:
    work = Awaited(begin(broken(at_once=False)))
    told = await asyncio.gather(work.wait(), work.wait(), return_exceptions=True)
    assert [type(one) for one in told] == [LookupError, LookupError]
    with pytest.raises(LookupError):
        await work.wait()


async def test_all_who_wait_are_told_of_an_end() -> None:
    task = asyncio.create_task(asyncio.sleep(10))
    work = Awaited(task)
    one = work.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one

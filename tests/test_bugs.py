"""Bugs: what the log and whoever asked get of them, wherever they come up."""

from typing import Any, NoReturn

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from tests.test_house import sources, text
from timebank import bugs
from web.outages import FAILED, Broken, Outages

NAME = "王秀英1"


def failing() -> NoReturn:
    """A bug that knows too much."""
    seed = "seed of a log's key"
    raise ValueError(f"{seed} of {NAME}")


@pytest.mark.anyio
@pytest.mark.parametrize("begun", [False, True])
async def test_a_route_that_fails_says_nothing_of_what_it_knew(begun: bool) -> None:
    async def route(request: Request) -> StreamingResponse:
        async def some() -> Any:
            yield b"some"
            failing()

        if not begun:
            failing()
        return StreamingResponse(some())

    app = Starlette(routes=[Route("/", route)], middleware=[Middleware(Outages)])
    transport = httpx.ASGITransport(app)
    with capture_logs() as logs:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            if begun:
                with pytest.raises(Broken) as ended:
                    await client.get("/")
                assert (ended.value.__cause__, ended.value.__suppress_context__) == (None, True)
            else:
                answer = await client.get("/")
                assert (answer.status_code, answer.text) == (500, FAILED)
    (log,) = logs
    assert (log["event"], log["error"]) == ("route_failed", "builtins.ValueError")
    assert log["frames"][-1].endswith(" failing")


def test_a_bug_is_told_by_its_kind_and_places_alone() -> None:
    try:
        failing()
    except ValueError as error:
        told = bugs.told(error)
    assert set(told) == {"error", "frames"}
    assert "seed" not in repr(told)
    assert NAME not in repr(told)


def test_no_log_is_given_a_bug_whole() -> None:
    """A log's printer shows with it every value that stood around."""
    ours = sources(tests=False)
    whole = ("exc_info", "log.exception", "logger.exception", "print_exc")
    assert len(ours) > 300
    assert [str(path) for path in ours if any(way in text(path) for way in whole)] == []

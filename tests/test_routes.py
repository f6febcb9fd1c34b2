"""Fixed addresses are found at once, and answer each method as they would one after the other."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from web.routes import at_once


def telling(word: str, path: str, method: str) -> Route:
    """A route that answers with a word and its part of the address."""

    async def answer(request: Request) -> Response:
        return PlainTextResponse(word + request.path_params.get("id", ""))

    return Route(path, answer, methods=[method])


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("GET", "/desk", 200, "desk"),
        ("POST", "/desk", 200, "posted"),
        ("HEAD", "/desk", 200, ""),
        ("DELETE", "/desk", 405, "Method Not Allowed"),
        ("GET", "/desk/7", 200, "one7"),
        ("GET", "/desk/new", 200, "new"),
        ("GET", "/desks", 404, "Not Found"),
    ],
)
def test_each_address_answers_as_its_route(method: str, path: str, status: int, told: str) -> None:
    routes = [
        telling("one", "/desk/{id}", "GET"),
        telling("desk", "/desk", "GET"),
        telling("posted", "/desk", "POST"),
        telling("new", "/desk/new", "GET"),
    ]
    with TestClient(Starlette(routes=at_once(routes))) as client:
        answer = client.request(method, path)
    assert (answer.status_code, answer.text) == (status, told)

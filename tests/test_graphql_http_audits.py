"""The audits of the `graphql-http` suite, each by its id: every MUST, SHOULD and MAY (1.23.1).

Written anew from the suite, which needs a runtime of its own, so that they are asked at every test
run; the suite itself was run against the served application and found the same.
"""

import json
from typing import Any

import pytest

from tests.graphql_toy import GRAPHQL, JSON, Client, make

pytestmark = pytest.mark.anyio

TYPENAME = {"query": "{ __typename }"}
NAMED = {"operationName": "Query", "query": "query Query { __typename }"}
LOOKED_UP = "query Type($name: String!) { __type(name: $name) { name } }"
MAPPED = {"query": LOOKED_UP, "variables": {"name": "sometype"}}
EXTENDED = TYPENAME | {"extensions": {"some": "value"}}
UNPARSED, UNKNOWN = {"query": "{"}, {"query": "{ 8f31403dfe404bccbb0e835f2629c6a7 }"}
UNFIT = {"query": "query CoerceFailure($id: ID!){ __typename }", "variables": {"id": None}}
MISSPELT = {"qeury": "{ __typename }"}
WRONG: list[Any] = [{"obj": "ect"}, 0, False, ["array"]]
WRONG_MAPS: list[Any] = ["string", 0, False, ["array"]]

Asked = tuple[str, dict[str, str], bytes | dict[str, str] | None]
"""Method, headers, and a body, or the parameters of a GET."""


def post(asked: Any, accept: str | None = None, content: str | None = JSON) -> Asked:
    """A POST as an audit sends it."""
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    headers = {"accept": accept, "content-type": content}
    return "POST", {name: told for name, told in headers.items() if told}, body


def get(asked: dict[str, str], accept: str | None = None) -> Asked:
    """A GET, with the header that every GET of ours needs (api 15)."""
    headers = {"graphql-require-preflight": "1"}
    return "GET", headers | ({"accept": accept} if accept else {}), asked


URL_ENCODED = {"query": LOOKED_UP, "variables": json.dumps({"name": "sometype"})}
STATUSES: dict[str, tuple[Asked, int]] = {
    "82A3": (post(TYPENAME), 200),
    "BF61": (
        post({"query": '{ __type(name: "Run🏃Swim🏊") { name } }'}, None, f"{JSON}; charset=utf-8"),
        200,
    ),
    "78D5": (post(TYPENAME), 200),
    "2C94": (post(TYPENAME), 200),
    "5A70": (get(TYPENAME), 200),
    "9C48": (get({"query": "mutation { __typename }"}, GRAPHQL), 405),
    "9ABE": (post(TYPENAME, content=None), 415),
    "03D4": (post(TYPENAME), 200),
    "A5BF": (post(b""), 400),
    "423L": (post({"notquery": "{ __typename }"}, GRAPHQL), 400),
    **{f"LKJ{n}": (post({"query": wrong}), 400) for n, wrong in enumerate(WRONG)},
    "34A2": (post(TYPENAME, GRAPHQL), 200),
    **{
        f"6C0{n}": (post(TYPENAME | {"operationName": wrong}), 400) for n, wrong in enumerate(WRONG)
    },
    "8161": (post(NAMED, GRAPHQL), 200),
    **{
        f"476{n}": (post(TYPENAME | {"variables": wrong}), 400)
        for n, wrong in enumerate(WRONG_MAPS)
    },
    "2EA1": (post(MAPPED, GRAPHQL), 200),
    **{
        f"58B{n}": (post(TYPENAME | {"extensions": wrong}), 400)
        for n, wrong in enumerate(WRONG_MAPS)
    },
    "428F": (post(EXTENDED, GRAPHQL), 200),
    "B6DC": (post(b'{ "not a JSON', JSON), 400),
    "BCF8": (post(b'{ "not a JSON', JSON), 400),
    "B7N8": (post(b'{ "not a JSON', GRAPHQL), 400),
    "8764": (post(MISSPELT), 400),
    "3E3A": (post(MISSPELT), 400),
    "572B": (post(UNPARSED, JSON), 200),
    "FDE2": (post(UNKNOWN, JSON), 200),
    "7B9B": (post(UNFIT, JSON), 200),
    "865D": (post(UNPARSED, GRAPHQL), 400),
    "556A": (post(UNPARSED, GRAPHQL), 400),
    "51FE": (post(UNKNOWN, GRAPHQL), 400),
    "74FF": (post(UNKNOWN, GRAPHQL), 400),
    "86EE": (post(UNFIT, GRAPHQL), 400),
}
MEDIA: dict[str, tuple[Asked, str]] = {
    "22EB": (post(TYPENAME, GRAPHQL), GRAPHQL),
    "4655": (post(TYPENAME, JSON), JSON),
    "47DE": (post(TYPENAME, "*/*"), JSON),
    "80D8": (post(TYPENAME), JSON),
}
NULLS = [TYPENAME | {name: None} for name in ("variables", "operationName", "extensions")]
NO_ERRORS: dict[str, Asked] = {
    "13EE": post(TYPENAME, JSON),
    "B8B3": post(NAMED, JSON),
    **{f"94B{n}": post(asked, GRAPHQL) for n, asked in enumerate(NULLS)},
    **{f"022{n}": post(asked, JSON) for n, asked in enumerate(NULLS)},
    "28B9": post(MAPPED, JSON),
    "D6D5": get(URL_ENCODED, GRAPHQL),
    "6A70": get(URL_ENCODED, JSON),
    "1B7A": post(EXTENDED, JSON),
}
NO_DATA: dict[str, Asked] = {"D586": post(UNPARSED, GRAPHQL), "5E5B": post(UNKNOWN, GRAPHQL)}


@pytest.fixture
def client() -> Client:
    return make()


async def answer(client: Client, asked: Asked) -> Any:
    """What the endpoint says to staff, who may ask for a type."""
    method, headers, told = asked
    sent = {"params": told} if isinstance(told, dict) else {"content": told}
    request = client.http.build_request(
        method, "/graphql", headers={"x-actor": "staff", **headers}, **sent
    )
    if "accept" not in headers:
        del request.headers["accept"]
    return await client.http.send(request)


def test_they_are_all_there() -> None:
    told = [*STATUSES, *MEDIA, *NO_ERRORS, *NO_DATA]
    assert len(set(told)) == len(told) == 61


@pytest.mark.parametrize("audit", STATUSES)
async def test_the_status_is_the_one_that_is_asked_for(client: Client, audit: str) -> None:
    asked, status = STATUSES[audit]
    told = await answer(client, asked)
    assert told.status_code == status, told.text
    assert told.content.decode("utf-8")


@pytest.mark.parametrize("audit", MEDIA)
async def test_the_answer_comes_in_the_type_asked_for(client: Client, audit: str) -> None:
    asked, media = MEDIA[audit]
    told = await answer(client, asked)
    assert told.status_code == 200
    assert told.headers["content-type"] == f"{media}; charset=utf-8"


@pytest.mark.parametrize("audit", NO_ERRORS)
async def test_what_is_well_asked_is_answered_without_errors(client: Client, audit: str) -> None:
    told = await answer(client, NO_ERRORS[audit])
    assert told.status_code == 200
    assert "errors" not in told.json()


@pytest.mark.parametrize("audit", NO_DATA)
async def test_what_is_not_executed_has_no_data(client: Client, audit: str) -> None:
    assert "data" not in (await answer(client, NO_DATA[audit])).json()

"""What a caller sees of a denial, a refusal and a bug, by HTTP and in process."""

import pytest
from starlette.requests import Request
from structlog.testing import capture_logs

from schema.errors import Refused
from schema.execution import Api
from schema.limits import Limits
from tests.graphql_toy import SECRET, Client, code, context_of, make, toy_schema

pytestmark = pytest.mark.anyio


@pytest.fixture
def client() -> Client:
    return make()


async def test_a_bug_says_one_sentence_and_a_request_id_and_is_logged_without_its_text(
    client: Client,
) -> None:
    with capture_logs() as logs:
        response = await client.ask("{ hello broken }")
    error = response.json()["errors"][0]
    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "hello world", "broken": None}
    assert error["path"] == ["broken"]
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "requestId": "request-1"}
    assert SECRET not in response.text
    assert SECRET not in repr(logs)
    assert [(log["request"], log["error"]) for log in logs] == [
        ("request-1", "builtins.RuntimeError")
    ]
    assert "broken" in logs[0]["frames"][-1]


@pytest.mark.parametrize("query", ["{ null }", "{ surrogate }"])
async def test_an_answer_we_cannot_give_is_our_failure(client: Client, query: str) -> None:
    with capture_logs() as logs:
        response = await client.ask(query)
    assert code(response) == "INTERNAL_SERVER_ERROR"
    assert logs


@pytest.mark.parametrize(
    ("how", "expected"),
    [("forbidden", "FORBIDDEN"), ("sign in", "UNAUTHENTICATED"), ("busy", "BUSY")],
)
async def test_a_denial_is_a_top_level_error_with_its_code(
    client: Client, how: str, expected: str
) -> None:
    response = await client.ask("query($h: String!) { denied(how: $h) }", variables={"h": how})
    assert (response.status_code, code(response)) == (200, expected)
    assert response.json()["data"] == {"denied": None}
    assert response.headers.get("retry-after") == ("1" if how == "busy" else None)


async def test_a_read_that_refuses_is_a_mistake_of_the_asker(client: Client) -> None:
    assert code(await client.ask("{ missing }")) == "BAD_USER_INPUT"


async def test_a_session_that_ended_is_401(client: Client) -> None:
    response = await client.ask("{ hello }", headers={"x_actor": "expired"})
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert "www-authenticate" in response.headers


# Writing


async def test_a_refusal_is_a_user_error_and_a_short_key_a_mistake(client: Client) -> None:
    write = """mutation($input: MeetInput!) {
        meet(input: $input) { greeting replayed userErrors { code message details { name value } } }
    }"""
    well = await client.ask(write, variables={"input": {"idempotencyKey": "12345678", "who": "Bo"}})
    assert well.json()["data"]["meet"] == {
        "greeting": "hello Bo",
        "replayed": False,
        "userErrors": [],
    }
    no = {"idempotencyKey": "12345678", "who": "nobody"}
    refused = await client.ask(write, variables={"input": no})
    assert "errors" not in refused.json()
    assert refused.json()["data"]["meet"]["userErrors"] == [
        {
            "code": "NOT_FOUND",
            "message": "There is no person with this id.",
            "details": [{"name": "what", "value": "person"}],
        }
    ]
    short = await client.ask(write, variables={"input": {"idempotencyKey": "1234567", "who": "Bo"}})
    assert code(short) == "BAD_USER_INPUT"
    assert short.json()["data"] == {"meet": None}


async def test_pages_ask_in_process_with_the_same_limits() -> None:
    api = Api(toy_schema(), limits=Limits(cost=30))
    context = await context_of(Request({"type": "http", "headers": []}))
    answer = await api.ask("query($n: Int!) { double(n: $n) }", {"n": 4}, context)
    assert (answer.data, list(answer.errors)) == ({"double": 8}, [])
    with pytest.raises(Refused, match="costs 41 points"):
        await api.ask("{ numbers(first: 40) { nodes { n } } }", {}, context)
    with pytest.raises(Refused, match="not open to you"):
        await api.ask("{ __schema { types { name } } }", {}, context)

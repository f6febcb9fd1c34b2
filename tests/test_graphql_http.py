"""GraphQL over HTTP: the audits that matter, size, trust and introspection."""

import json
from collections.abc import AsyncIterator

import pytest
from graphql import get_introspection_query

from tests.graphql_toy import GRAPHQL, JSON, Client, code, endpoint, make
from web.admission import document_id

pytestmark = pytest.mark.anyio


@pytest.fixture
def client() -> Client:
    return make()


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (GRAPHQL, GRAPHQL),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL};q=0, */*", JSON),
        ("text/html, */*;q=0.1", JSON),
    ],
)
async def test_the_answer_comes_in_the_type_that_is_accepted(
    client: Client, accept: str, given: str
) -> None:
    response = await client.ask("{ __typename }", headers={"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{given}; charset=utf-8"
    assert response.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("accept", ["text/html", f"{JSON};q=0", f"{JSON};q=x", "nonsense"])
async def test_a_type_we_do_not_write_is_406(client: Client, accept: str) -> None:
    assert (await client.ask("{ __typename }", headers={"accept": accept})).status_code == 406


async def test_without_accept_the_answer_is_plain_json(client: Client) -> None:
    del client.http.headers["accept"]
    response = await client.http.post("/graphql", json={"query": "{ __typename }"})
    assert response.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
        "",
    ],
)
async def test_a_body_that_any_page_could_post_is_415(client: Client, content_type: str) -> None:
    response = await client.raw(b'{"query":"{ __typename }"}', content_type=content_type)
    assert response.status_code == 415


async def test_a_charset_of_utf_8_is_understood(client: Client) -> None:
    response = await client.raw(
        b'{"query":"{ __typename }"}', content_type='application/json; charset="UTF-8"'
    )
    assert response.status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_405_and_told_which_to_use(client: Client, method: str) -> None:
    response = await client.http.request(method, "/graphql")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


async def test_queries_are_asked_by_get_with_variables(client: Client) -> None:
    response = await client.get(
        query="query Q($n: Int!) { double(n: $n) }", variables='{"n": 21}', operationName="Q"
    )
    assert response.json()["data"] == {"double": 42}


async def test_a_get_from_our_own_pages_needs_no_header(client: Client) -> None:
    sent = {"sec-fetch-site": "same-origin", "accept": JSON}
    response = await client.http.get("/graphql?query={hello}", headers=sent)
    assert response.json()["data"] == {"hello": "hello world"}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
async def test_a_get_that_a_foreign_page_could_make_is_refused(
    client: Client, site: str | None
) -> None:
    sent = {"sec-fetch-site": site} if site else {}
    response = await client.http.get("/graphql?query={hello}", headers=sent)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_a_mutation_by_get_is_405(client: Client) -> None:
    query = 'mutation { meet(input: {idempotencyKey: "12345678", who: "a"}) { greeting } }'
    response = await client.get(query=query)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ hello { } }", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("type A { a: Int }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { double(n: $n) }", "BAD_USER_INPUT"),
        ("query A { hello } query B { hello }", "OPERATION_RESOLUTION_FAILURE"),
        ("{ hello } { hello }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment A on Query { hello }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_request_error_is_400_without_data_and_200_for_plain_json(
    client: Client, query: str, expected: str
) -> None:
    strict = await client.ask(query)
    plain = await client.ask(query, headers={"accept": JSON})
    assert (strict.status_code, plain.status_code) == (400, 200)
    assert code(strict) == code(plain) == expected
    assert "data" not in strict.json()
    assert "data" not in plain.json()


async def test_the_operation_is_chosen_by_its_name_and_never_guessed(client: Client) -> None:
    two = "query A { a: hello } query B { b: hello }"
    assert (await client.ask(two, operationName="B")).json()["data"] == {"b": "hello world"}
    assert code(await client.ask(two, operationName="C")) == "OPERATION_RESOLUTION_FAILURE"
    assert code(await client.ask(two, operationName="")) == "OPERATION_RESOLUTION_FAILURE"
    assert code(await client.ask(two, operationName=None)) == "OPERATION_RESOLUTION_FAILURE"
    assert code(await client.ask("{ hello }", operationName="A")) == "OPERATION_RESOLUTION_FAILURE"
    assert (await client.ask("{ hello }", operationName=None)).status_code == 200


async def test_unknown_parameters_are_ignored_and_null_ones_absent(client: Client) -> None:
    response = await client.ask("{ hello }", variables=None, extensions=None, future=[1])
    assert response.json()["data"] == {"hello": "hello world"}


# Size


async def test_64_kib_are_for_everybody_and_1_mib_for_bulk_mutations_alone(client: Client) -> None:
    write = """mutation($input: MeetInput!) { %s(input: $input) { greeting } }"""
    large = {"input": {"idempotencyKey": "12345678", "who": "x" * 70_000}}
    huge = {"input": {"idempotencyKey": "12345678", "who": "x" * 1_100_000}}
    assert (await client.ask(write % "meet", variables=large)).status_code == 413
    bulk = await client.ask(write % "meetAll", variables=large)
    assert bulk.json()["data"] == {"meetAll": {"greeting": "70000"}}
    assert (await client.ask(write % "meetAll", variables=huge)).status_code == 413


async def test_a_stream_without_length_is_cut_off_at_1_mib(client: Client) -> None:
    taken = 0

    async def stream() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 65536
            yield b" " * 65536

    response = await client.http.post("/graphql", content=stream(), headers={"content-type": JSON})
    assert response.status_code == 413


# Trust and introspection


async def test_anybody_runs_trusted_documents_and_only_the_known_run_others() -> None:
    text = "query Hello($name: String!) { hello(name: $name) }"
    client = make(trusted={document_id(text): text}, open_documents=False)
    nobody = {"x_actor": "nobody"}
    asked = {"documentId": document_id(text), "variables": {"name": "you"}}
    trusted = await client.raw(json.dumps(asked).encode(), **nobody)
    assert trusted.json()["data"] == {"hello": "hello you"}
    by_get = await client.get(
        {"x-actor": "nobody"}, documentId=document_id(text), variables='{"name":"me"}'
    )
    assert by_get.json()["data"] == {"hello": "hello me"}
    refused = await client.ask("{ hello }", headers=nobody)
    assert (refused.status_code, code(refused)) == (401, "UNAUTHENTICATED")
    assert (await client.ask("{ hello }")).status_code == 200


async def test_a_trusted_document_under_another_id_stops_the_start() -> None:
    with pytest.raises(ValueError, match="is not the hash"):
        endpoint(trusted={"sha256:00": "{ hello }"})


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { types { name } } }",
        '{ ...A } fragment A on Query { __type(name: "Query") { name } }',
    ],
)
async def test_the_schema_is_open_to_staff_alone(client: Client, query: str) -> None:
    refused = await client.ask(query)
    assert (refused.status_code, code(refused)) == (403, "FORBIDDEN")
    assert (await client.ask(query, headers={"x_actor": "staff"})).status_code == 200


async def test_the_standard_introspection_query_passes_the_limits(client: Client) -> None:
    response = await client.ask(get_introspection_query(), headers={"x_actor": "staff"})
    assert "errors" not in response.json()

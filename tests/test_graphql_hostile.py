"""Hostile input, limits and points: whatever is sent, the answer is a 4xx and never a 500."""

from typing import Any

import pytest

from schema.limits import Limits
from tests.graphql_toy import GRAPHQL, JSON, Client, code, make
from web.points import Points

pytestmark = pytest.mark.anyio


@pytest.fixture
def client() -> Client:
    return make()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"1",
        b"null",
        b'"{ hello }"',
        b"[]",
        b'[{"query":"{ hello }"}]',
        b"{}",
        b'{"query":1}',
        b'{"query":null}',
        b'{"query":["{ hello }"]}',
        b'{"query":"{ hello }","variables":"{}"}',
        b'{"query":"{ hello }","variables":[]}',
        b'{"query":"{ hello }","operationName":1}',
        b'{"query":"{ hello }","extensions":0}',
        b'{"query":"{ hello }","documentId":"sha256:00"}',
        b'{"documentId":"sha256:00"}',
        b'{"query":"{ hello }"',
        b'{"query":"{ hello }"}{}',
        b"\xff\xfe{\x00}\x00",
        b'\xef\xbb\xbf{"query":"{ hello }"}',
        b'{"query":"\xed\xa0\x80"}',
        b'{"query":"\\ud800"}',
        b'{"query":"{ hello }","variables":{"name":"\\udc00 x"}}',
        b'{"query":"{ hello }","variables":{"name":"a\\u0000b"}}',
        b'{"query":"{ hello }","variables":{"a\\u0000b":1}}',
        b'{"query":"{ hello }","variables":{"n":NaN}}',
        b'{"query":"{ hello }","variables":{"n":1e999}}',
        b'{"query":"{ hello }","variables":{"n":' + b"9" * 5000 + b"}}",
        b'{"query":"{ hello }","variables":{"n":' + b"[" * 30000 + b"]" * 30000 + b"}}",
        b'{"query":"{ hello }","variables":' + b'{"a":' * 10000 + b"1" + b"}" * 10001,
    ],
)
async def test_what_is_no_graphql_request_is_400(client: Client, body: bytes) -> None:
    for accept in (GRAPHQL, JSON):
        response = await client.raw(body, accept=accept)
        assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_a_backslash_before_u0000_is_no_nul(client: Client) -> None:
    body = rb'{"query":"query($s: String!) { hello(name: $s) }","variables":{"s":"\\u0000"}}'
    assert (await client.raw(body)).json()["data"] == {"hello": "hello \\u0000"}


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query($n: Int!) { double(n: $n) }", {"n": 2**31}),
        ("query($n: Int!) { double(n: $n) }", {"n": 2**70}),
        ("query($n: Int!) { double(n: $n) }", {"n": 1.5}),
        ("query($n: Int!) { double(n: $n) }", {"n": "1"}),
        ("query($n: Int!) { double(n: $n) }", {"n": True}),
        ("query($n: Int!) { double(n: $n) }", {"n": None}),
        ("query($f: Fen!) { price(fen: $f) }", {"f": 2**53}),
        ("query($f: Fen!) { price(fen: $f) }", {"f": 10**4000}),
        ("query($f: Fen!) { price(fen: $f) }", {"f": {"a": [1]}}),
        (f"{{ double(n: {'9' * 5000}) }}", None),
        (f"{{ price(fen: {'9' * 5000}) }}", None),
        (f"{{ price(fen: {2**53}) }}", None),
        ("{ price(fen: 1.0) }", None),
    ],
)
async def test_values_of_the_wrong_kind_or_size_are_400(
    client: Client, query: str, variables: Any
) -> None:
    response = await client.ask(query, variables=variables)
    assert response.status_code == 400
    assert code(response) in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
    assert all(len(error["message"]) <= 500 for error in response.json()["errors"])


@pytest.mark.parametrize(
    "query",
    [
        "query=%ff%fe",
        "query={hello}&query={hello}",
        "query={hello}&variables=[",
        "query={hello}&variables=[]",
        "query={hello}&extensions=1",
        "query=%00",
        "",
        "&".join(f"a{i}=1" for i in range(50)),
    ],
)
async def test_a_query_string_that_cannot_be_read_is_400(client: Client, query: str) -> None:
    response = await client.http.get(
        f"/graphql?{query}", headers={"accept": GRAPHQL, "graphql-require-preflight": "1"}
    )
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_a_compressed_body_is_415(client: Client) -> None:
    assert (await client.raw(b"\x1f\x8b", content_encoding="gzip")).status_code == 415


@pytest.mark.parametrize(
    "cursor", ["", "x", "WyJudW1iZXJzIiwxXQ==", "WyJvdGhlciIsMV0", "é", "a" * 999]
)
async def test_a_forged_cursor_is_a_mistake_and_never_a_bug(client: Client, cursor: str) -> None:
    query = "query($a: String) { numbers(after: $a) { nodes { n } } }"
    assert code(await client.ask(query, variables={"a": cursor})) == "BAD_USER_INPUT"


async def test_at_most_20_errors_are_told_and_500_characters_of_each(client: Client) -> None:
    many = await client.ask("{ hello(" + " ".join(f"x{i}: 1" for i in range(30)) + ") }")
    assert len(many.json()["errors"]) == 20
    each = await client.ask("{ numbers(first: 30) { nodes { root } } }")
    assert (len(each.json()["errors"]), len(each.json()["data"]["numbers"]["nodes"])) == (20, 30)
    long = await client.ask("{ " + "x" * 5000 + " }")
    assert len(long.json()["errors"][0]["message"]) == 500


async def test_suggestions_are_for_those_who_are_signed_in(client: Client) -> None:
    assert "Did you mean" in (await client.ask("{ hallo }")).text
    anonymous = await client.ask("{ hallo }", headers={"x_actor": "nobody"})
    assert "Cannot query field" in anonymous.text
    assert "Did you mean" not in anonymous.text


# Limits


@pytest.mark.parametrize(
    "query",
    [
        "{" + "hello " * 1001 + "}",
        "{ hello }" + "#\n" * 201,
        "{" + " ".join(f"a{i}: hello" for i in range(16)) + "}",
        "{" + "hello " * 16 + "}",
        "{" + "a { " * 13 + "b" + " }" * 13 + "}",
        "{ numbers(first: 100) { nodes { n } } }" + " " * 70_000,
    ],
)
async def test_a_document_past_a_limit_is_too_complex(client: Client, query: str) -> None:
    response = await client.ask(query)
    assert (response.status_code, code(response)) == (400, "DOCUMENT_TOO_COMPLEX")


async def test_cost_is_counted_anew_for_every_value_of_a_variable() -> None:
    client = make(limits=Limits(cost=50))
    query = "query($n: Int) { numbers(first: $n) { nodes { n } } }"
    small = await client.ask(query, variables={"n": 10})
    read = len(query) // 10
    assert small.json()["extensions"]["cost"]["requested"] == 11 + read
    known = await client.ask(query, variables={"n": 10})
    assert known.json()["extensions"]["cost"]["requested"] == 11
    assert code(await client.ask(query, variables={"n": 50})) == "DOCUMENT_TOO_COMPLEX"
    assert (await client.ask(query, variables={"n": 10})).status_code == 200


async def test_time_runs_out_with_a_code_and_says_to_ask_again() -> None:
    response = await make(timeout_seconds=0.05).ask("{ slow }")
    assert (response.status_code, code(response)) == (503, "TIMEOUT")
    assert response.headers["retry-after"] == "1"
    assert "same key" in response.json()["errors"][0]["message"]
    assert "data" not in response.json()


# Points


async def test_a_caller_who_asks_too_much_waits_and_others_do_not() -> None:
    now = 0.0
    points = Points(limit=50, restore_per_second=10, clock=lambda: now)
    client = make(points=points, limits=Limits(cost=50))
    query = "{ numbers(first: 26) { nodes { n } } }"
    first = await client.ask(query)
    assert first.json()["extensions"]["cost"] == {
        "requested": 27 + len(query) // 10,  # the second time it is known, and not read
        "limit": 50,
        "remaining": 20,
        "restoreRate": 10,
    }
    empty = await client.ask(query)
    assert (empty.status_code, code(empty)) == (429, "RATE_LIMITED")
    assert empty.headers["retry-after"] == "1"
    assert (await client.ask(query, headers={"x_actor": "bob"})).status_code == 200
    now = 2.0
    assert (await client.ask(query)).status_code == 200


async def test_the_nameless_are_counted_by_address_and_ipv6_by_network() -> None:
    client = make(points=Points(limit=50, restore_per_second=1), limits=Limits(cost=50))
    query = "{ numbers(first: 39) { nodes { n } } }"
    first = {"x_actor": "nobody", "x_address": "2001:db8:1:2::1"}
    same = {"x_actor": "nobody", "x_address": "2001:db8:1:2:ffff::9"}
    other = {"x_actor": "nobody", "x_address": "2001:db8:1:3::1"}
    assert (await client.ask(query, headers=first)).status_code == 200
    assert (await client.ask(query, headers=same)).status_code == 429
    assert (await client.ask(query, headers=other)).status_code == 200


@pytest.mark.parametrize(("servers", "limit", "restored"), [(1, 20_000, 1_000), (3, 6_666, 333)])
def test_several_servers_divide_what_one_would_give(
    servers: int, limit: int, restored: int
) -> None:
    points = Points.shared(servers, least=5_000)
    assert (points.limit, points.restore_per_second) == (limit, restored)


def test_of_any_number_of_servers_each_affords_the_largest_operation() -> None:
    points = Points.shared(900, least=5_000)
    assert (points.limit, points.restore_per_second) == (5_000, 1)
    assert Points.shared(2_000, least=1).restore_per_second == 1


async def test_documents_that_do_not_parse_are_paid_for_too() -> None:
    client = make(points=Points(limit=50, restore_per_second=1), limits=Limits(cost=50))
    answers = [(await client.ask("{")).status_code for _ in range(52)]
    assert answers[0] == 400
    assert answers[-1] == 429


def test_points_forget_the_longest_silent_and_stay_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr("web.points.HOLDERS_MAX", 3)
    points = Points(limit=10, restore_per_second=1, clock=lambda: 0.0)
    for holder in ["a", "b", "a", "c", "a", "d"]:
        points.take(holder, 3)
    assert len(points) == 3
    assert (points.remaining("a"), points.remaining("b")) == (1, 10)

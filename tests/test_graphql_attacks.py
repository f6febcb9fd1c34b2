"""Attacks on the real API: each is answered within bounds, by a 4xx or a refusal, and no bug shows.

What the toy schema shows of each limit is shown here once more where it counts: by the application
as it is served, with a real session, and with how long each answer may keep the others waiting.
"""

import gzip
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.world import World
from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.journal import Answer, write
from timebank.people import Person
from timebank.sign_in import open_session
from web import app

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}
SECONDS_MOST = 1.0
RECORDS = "{ serviceRecords(first: %s) { nodes { id } } }"


def asking(query: str, **variables: Any) -> bytes:
    """A request's body."""
    return json.dumps({"query": query, "variables": variables}).encode()


def doubling(levels: int) -> str:
    """Fragments that spread the next one twice."""
    links = "".join(f" fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{{ ...F0 }}{links} fragment F{levels} on Query {{ __typename }}"


ATTACKS: dict[str, tuple[bytes, dict[str, str]]] = {
    "aliases": (
        asking("{" + " ".join(f"a{n}: me {{ number }}" for n in range(200)) + "}"),
        {},
    ),
    "batch": (b"[" + b",".join([asking("{ me { number } }")] * 50) + b"]", {}),
    "depth": (asking("{ me { number" + " ... { " * 200 + "number" + " }" * 200 + " } }"), {}),
    "fragments that double": (asking(doubling(60)), {}),
    "a fragment that spreads itself": (
        asking("{ ...A } fragment A on Query { ...A me { number } }"),
        {},
    ),
    "directives": (asking("{ me { number" + " @include(if: true)" * 900 + " } }"), {}),
    "directives nobody knows": (asking("{ me { number" + " @a" * 490 + " } }"), {}),
    "fields": (asking("{ me {" + " number" * 990 + " } }"), {}),
    "fields under fields": (asking("{ me {" + " home { area { code } }" * 120 + " } }"), {}),
    "fields of fragments": (
        asking(
            "{ me {"
            + "".join(f" ...F{n}" for n in range(60))
            + "} }"
            + "".join(f" fragment F{n} on Person {{ number state name }}" for n in range(60))
        ),
        {},
    ),
    "tokens": (asking("{" + " me" * 30_000 + "}"), {}),
    "a document too long": (asking("{ me { number } }" + " " * 70_000), {}),
    "variables too long": (asking("query($n: String) { me { number } }", n="x" * 70_000), {}),
    "a body too long": (b'{"query":"' + b"x" * 2_000_000 + b'"}', {}),
    "brackets": (b'{"query":"{ me { number } }","variables":' + b"[" * 30_000, {}),
    "the wrong type": (asking("query($f: Int) { me { number } }", f="x" * 9), {}),
    "5,000 digits": (asking(RECORDS % ("9" * 5000)), {}),
    "5,000 digits in a variable": (
        b'{"query":"query($f: Int) { serviceRecords(first: $f) { nodes { id } } }",'
        b'"variables":{"f":' + b"9" * 5000 + b"}}",
        {},
    ),
    "NUL": (b'{"query":"{ node(id: \\"a\\u0000b\\") { id } }"}', {}),
    "NUL escaped in the document": (
        asking(r'{ activities(station: "a\u0000b") { nodes { id } } }'),
        {},
    ),
    "NUL escaped in braces": (asking(r'{ node(id: "a\u{0}b") { id } }'), {}),
    "NUL in a default": (asking(r'query($i: ID! = "\u0000") { node(id: $i) { id } }'), {}),
    "a lone surrogate": (b'{"query":"{ node(id: \\"\\ud800\\") { id } }"}', {}),
    "a lone surrogate in the document": (asking(r'{ node(id: "\ud800") { id } }'), {}),
    "no UTF-8": (b'{"query":"{ me { number } } #\xff\xfe"}', {}),
    "a compressed body": (gzip.compress(asking("{ me { number } }")), {"content-encoding": "gzip"}),
    "a form": (b"query={me{number}}", {"content-type": "application/x-www-form-urlencoded"}),
    "plain text": (asking("{ me { number } }"), {"content-type": "text/plain"}),
    "first 10^9": (asking(RECORDS % 10**9), {}),
    "a negative page": (asking(RECORDS % -1), {}),
    "both ends": (asking("{ serviceRecords(first: 1, last: 1) { nodes { id } } }"), {}),
    "a forged cursor": (
        asking('{ serviceRecords(first: 1, after: "WzEsMl0=") { nodes { id } } }'),
        {},
    ),
    "a foreign cursor": (
        asking('{ signUps(first: 1, after: "WyJzZXJ2aWNlUmVjb3JkcyIsIngiXQ") { nodes { id } } }'),
        {},
    ),
}


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    who = await world.volunteer()
    token = (await open_session(who.person or "")).token
    built: Any = app.build(world.settings, clock=world.clock)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=built),
        base_url="https://testserver",
        headers={"authorization": f"Bearer {token}"},
    ) as made:
        yield made


async def test_every_attack_is_refused_within_bounds(client: httpx.AsyncClient) -> None:
    for name, (body, headers) in ATTACKS.items():
        began = time.process_time()
        answer = await client.post("/graphql", content=body, headers=JSON | headers)
        took = time.process_time() - began
        assert answer.status_code < 500, (name, answer.text)
        told = answer.json()
        assert told.get("errors"), (name, answer.text)
        for error in told["errors"]:
            assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR", (name, error)
            assert "Traceback" not in error["message"]
            assert len(error["message"]) <= 500, name
        assert len(told["errors"]) <= 20, name
        assert len(answer.content) < 20_000, name
        assert took < SECONDS_MOST, (name, took)
    calm = await client.post("/graphql", content=asking("{ me { number } }"), headers=JSON)
    assert calm.json()["data"]["me"]


async def test_ids_that_are_forged_or_anothers_look_like_none(
    client: httpx.AsyncClient, world: World
) -> None:
    other = await world.volunteer()
    asked = "query($id: ID!) { node(id: $id) { id } }"
    forged = ["", "x", "per_", "per_" + "0" * 26, "per_" + "z" * 26, "rec_' OR 1=1", "a" * 9_999]
    told = await client.post("/graphql", content=asking("{ me { id } }"), headers=JSON)
    own: str = told.json()["data"]["me"]["id"]
    # One's own, but not as it is spelt (api 8).
    forged += [own.upper(), own[:4] + own[4:].upper(), f" {own}", f"{own} ", own.replace("_", "")]
    answers = set()
    for id in [*forged, other.person or ""]:
        answer = await client.post("/graphql", content=asking(asked, id=id), headers=JSON)
        answers.add((answer.status_code, json.dumps(answer.json()["data"])))
    assert answers == {(200, '{"node": null}')}


async def test_a_text_that_no_column_holds_finds_nothing(client: httpx.AsyncClient) -> None:
    for asked in (
        "query($s: ID!) { activities(station: $s) { nodes { id } } }",
        "query($s: ID!) { teams(station: $s) { nodes { id } } }",
        "query($s: ID!) { rewards(station: $s) { nodes { id } } }",
    ):
        answer = await client.post("/graphql", content=asking(asked, s="x" * 3_000), headers=JSON)
        (page,) = answer.json()["data"].values()
        assert page == {"nodes": []}, answer.text


async def test_a_form_with_nul_is_none_of_ours(client: httpx.AsyncClient) -> None:
    page = (await client.get("/new-password")).text
    csrf = re.findall(r'name="csrf" value="([0-9a-f]+)"', page)[-1]
    given = {"csrf": csrf, "number": "WH-0000-000-0000", "code": "1", "password": "long enough"}
    wrong = await client.post("/new-password", data=given)
    assert wrong.status_code == 422
    hostile = await client.post("/new-password", data=given | {"number": "WH\0"})
    assert hostile.status_code == 400


async def test_what_no_database_can_hold_is_looked_up_as_missing(world: World) -> None:
    def work(batch: Batch) -> Answer:
        assert batch.get(Person, "a\0b") is None
        assert batch.get(Person, "\ud800") is None
        return Answer()

    await write(SYSTEM, None, work, answer=Answer, needs=[(Person, "\0")])


async def test_no_foreign_page_writes_and_no_get_does(client: httpx.AsyncClient) -> None:
    write = 'mutation { endSession(input: { session: "x" }) { session } }'
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    allowed = await client.options(
        "/graphql", headers=foreign | {"access-control-request-method": "POST"}
    )
    assert allowed.status_code == 405
    assert not [name for name in allowed.headers if name.startswith("access-control")]
    got = await client.get(
        "/graphql", params={"query": write}, headers={"graphql-require-preflight": "1"}
    )
    assert got.status_code == 405
    read = await client.get("/graphql", params={"query": "{ me { number } }"}, headers=foreign)
    assert read.status_code == 400
    form = await client.post("/graphql", data={"query": write}, headers=foreign)
    assert form.status_code == 415

"""graphql-transport-ws: every message in its place, and whatever else comes, within bounds."""

import asyncio
import json
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from starlette.requests import HTTPConnection

from schema.context import Context
from schema.limits import Limits
from tests.graphql_toy import COUNTED, SECRET, admission
from timebank.actors import PUBLIC, person
from timebank.clock import SystemClock
from timebank.refusals import Unauthenticated
from web.brake import Brake
from web.points import Points
from web.sockets import PROTOCOL, Bounds, Subscriptions

pytestmark = pytest.mark.anyio
SIGNED_OUT: set[str] = set()


async def context_of(connection: HTTPConnection, token: str | None) -> Context:
    name = token or connection.headers.get("x-actor", "ann")
    if name == "expired":
        raise Unauthenticated
    if name == "away":
        raise asyncpg.ConnectionDoesNotExistError
    known = name not in ("nobody", *SIGNED_OUT)
    return Context(
        actor=person(name) if known else PUBLIC,
        clock=SystemClock(),
        secret=b"s" * 32,
        address="203.0.113.7",
        request_id="request-1",
    )


def serving(*, bounds: Bounds | None = None, **given: Any) -> Subscriptions:
    brake = Brake(pause_seconds=0.01)
    return Subscriptions(admission(**given), context_of=context_of, bounds=bounds, brake=brake)


class Line:
    """A client's end of a connection, in process; `takes` is how much it takes unread."""

    def __init__(
        self,
        served: Subscriptions,
        *,
        headers: Iterable[tuple[str, str]] = (),
        protocols: Iterable[str] = (PROTOCOL,),
        takes: int = 0,
    ) -> None:
        told = [("host", "timebank.test"), *headers]
        self.scope = {
            "type": "websocket",
            "scheme": "wss",
            "path": "/graphql",
            "query_string": b"",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in told],
            "subprotocols": list(protocols),
            "client": ("203.0.113.7", 5),
        }
        self._to: asyncio.Queue[Any] = asyncio.Queue()
        self._from: asyncio.Queue[Any] = asyncio.Queue(takes)
        self._to.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(served(self.scope, self._to.get, self._from.put))

    async def __aenter__(self) -> "Line":
        return self

    async def __aexit__(self, *_: Any) -> None:
        self.leave()
        with_time = asyncio.wait_for(self.task, 5)
        while not self.task.done() and not self._from.empty():
            self._from.get_nowait()
        await with_time

    def leave(self) -> None:
        self._to.put_nowait({"type": "websocket.disconnect", "code": 1006})

    def say(self, **message: Any) -> None:
        self.raw(text=json.dumps(message))

    def raw(self, **told: Any) -> None:
        self._to.put_nowait({"type": "websocket.receive", **told})

    def ask(self, query: str, *, id: str = "1", **more: Any) -> None:
        self.say(type="subscribe", id=id, payload={"query": query, **more})

    async def frame(self) -> Any:
        """The next frame, whatever it is."""
        return await asyncio.wait_for(self._from.get(), 5)

    async def hear(self) -> Any:
        """The next message."""
        frame = await self.frame()
        assert frame["type"] == "websocket.send", frame
        return json.loads(frame["text"])

    async def ended(self) -> int:
        """The code the connection is closed with, after whatever is still said."""
        for _ in range(99):
            if (frame := await self.frame())["type"] == "websocket.close":
                return int(frame["code"])
        raise AssertionError("the connection goes on")

    async def begun(self, **payload: Any) -> "Line":
        self.say(type="connection_init", payload=payload)
        assert (await self.frame())["subprotocol"] == PROTOCOL
        assert await self.hear() == {"type": "connection_ack"}
        return self


async def test_what_is_followed_comes_event_by_event_and_ends() -> None:
    async with Line(serving()) as line:
        await line.begun()
        query = "subscription($n: Int!) { count(to: $n) { n } }"
        line.ask(query, variables={"n": 2})
        # It is read for the first event; each is paid for.
        for n, cost in enumerate([1 + len(query) // 10, 1]):
            told = await line.hear()
            assert (told["type"], told["id"]) == ("next", "1")
            assert told["payload"]["data"] == {"count": {"n": n}}
            assert told["payload"]["extensions"]["cost"]["requested"] == cost
        assert await line.hear() == {"type": "complete", "id": "1"}
        line.ask("subscription { count(to: 0) { n } }")
        assert await line.hear() == {"type": "complete", "id": "1"}


async def test_what_is_given_up_is_ended_and_its_name_is_free_again() -> None:
    async with Line(serving()) as line:
        await line.begun()
        line.ask("subscription { silence { n } }")
        line.say(type="complete", id="1")
        line.say(type="complete", id="never begun")
        line.ask("subscription { count(to: 1) { n } }")
        assert (await line.hear())["payload"]["data"] == {"count": {"n": 0}}


async def test_a_ping_is_answered_and_a_pong_is_not() -> None:
    async with Line(serving()) as line:
        await line.begun()
        line.say(type="pong")
        line.say(type="ping", payload={"a": 1})
        assert await line.hear() == {"type": "pong"}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "connection_init"}, 4429),
        ({"type": "ring"}, 4400),
        ({"type": "next", "id": "1", "payload": {}}, 4400),
        ({"type": "subscribe", "payload": {"query": "{ hello }"}}, 4400),
        ({"type": "subscribe", "id": "", "payload": {"query": "{ hello }"}}, 4400),
        ({"type": "subscribe", "id": "x" * 129, "payload": {"query": "{ hello }"}}, 4400),
        ({"type": "subscribe", "id": "1"}, 4400),
        ({"type": "subscribe", "id": "1", "payload": {"query": 1}}, 4400),
        ({"type": "subscribe", "id": 1, "payload": {"query": "{ hello }"}}, 4400),
        ({"type": "subscribe", "id": "1", "payload": {"query": "a\0b"}}, 4400),
        ({"type": "complete"}, 4400),
        ({"id": "1"}, 4400),
    ],
)
async def test_a_message_out_of_place_ends_the_connection(message: Any, code: int) -> None:
    async with Line(serving()) as line:
        await line.begun()
        line.say(**message)
        assert await line.ended() == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({"bytes": b"\x00\xff"}, 4400),
        ({"text": ""}, 4400),
        ({"text": "1"}, 4400),
        ({"text": "null"}, 4400),
        ({"text": "[]"}, 4400),
        ({"text": "{"}, 4400),
        ({"text": "\ud800"}, 4400),
        ({"text": '{"type":"ping","payload":' + "[" * 30_000}, 4400),
        ({"text": '{"type":"ping","payload":{"n":' + "9" * 5_000 + "}}"}, 4400),
        ({"text": " " * 65_537}, 1009),
    ],
)
async def test_garbage_ends_the_connection_before_and_after_the_handshake(
    raw: Any, code: int
) -> None:
    async with Line(serving()) as line:
        line.raw(**raw)
        assert await line.ended() == code
    async with Line(serving()) as line:
        await line.begun()
        line.raw(**raw)
        assert await line.ended() == code


async def test_two_of_one_name_end_the_connection() -> None:
    async with Line(serving()) as line:
        await line.begun()
        line.ask("subscription { silence { n } }")
        line.ask("subscription { silence { n } }")
        assert await line.ended() == 4409


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { count(to: 1) { n } silence { n } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription($n: Int!) { count(to: $n) { n } }", "BAD_USER_INPUT"),
        ("{ hello }", "BAD_REQUEST"),
        (
            'mutation { meet(input: {idempotencyKey: "12345678", who: "x"}) { greeting } }',
            "BAD_REQUEST",
        ),
        ("subscription { count(to: 1) { " + "n " * 1_001 + "} }", "DOCUMENT_TOO_COMPLEX"),
        ("subscription { __schema { types { name } } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_what_http_refuses_is_refused_and_the_others_go_on(query: str, code: str) -> None:
    async with Line(serving()) as line:
        await line.begun()
        line.ask(query)
        told = await line.hear()
        assert (told["type"], told["id"]) == ("error", "1")
        assert told["payload"][0]["extensions"]["code"] == code
        line.ask("subscription { count(to: 1) { n } }", id="2")
        assert (await line.hear())["id"] == "2"


async def test_a_bug_says_one_sentence_and_the_name_is_free_again() -> None:
    async with Line(serving()) as line:
        await line.begun()
        line.ask("subscription { lost { n } }")
        assert (await line.hear())["type"] == "next"
        told = await line.hear()
        assert told["payload"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert SECRET not in json.dumps(told, ensure_ascii=False)


async def test_who_is_nobody_runs_trusted_documents_alone() -> None:
    async with Line(serving(open_documents=False), headers=[("x-actor", "nobody")]) as line:
        await line.begun()
        line.ask("subscription { silence { n } }")
        assert (await line.hear())["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    async with Line(serving(), headers=[("x-actor", "nobody")]) as line:
        await line.begun()
        line.ask("subscription { lost { n } }")
        assert (await line.hear())["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_page_of_another_origin_is_not_let_in() -> None:
    for origin in ("https://evil.test", "null", "https://timebank.test.evil.test", "https://["):
        async with Line(serving(), headers=[("origin", origin)]) as line:
            # Closed before it is accepted: the handshake is answered 403.
            assert (await line.frame())["type"] == "websocket.close"
    async with Line(serving(), headers=[("origin", "https://timebank.test")]) as line:
        await line.begun()


@pytest.mark.parametrize("protocols", [[], ["graphql-ws"], ["chat", "GRAPHQL-TRANSPORT-WS"]])
async def test_another_protocol_is_not_spoken(protocols: list[str]) -> None:
    async with Line(serving(), protocols=protocols) as line:
        assert await line.ended() == 4406


async def test_who_says_nothing_and_who_asks_too_early_is_left() -> None:
    async with Line(serving(bounds=Bounds(init_seconds=0.05))) as line:
        assert await line.ended() == 4408
    async with Line(serving()) as line:
        line.ask("subscription { silence { n } }")
        assert await line.ended() == 4401


@pytest.mark.parametrize(
    "payload",
    [
        {"authorization": "Bearer expired"},
        {"authorization": "Bearer nobody"},
        {"authorization": "Bearer "},
        {"authorization": "Basic YTpi"},
        {"authorization": 1},
        {"authorization": ["Bearer ann"]},
    ],
)
async def test_a_token_that_is_none_ends_the_connection(payload: Any) -> None:
    async with Line(serving()) as line:
        line.say(type="connection_init", payload=payload)
        assert await line.ended() == 4403


async def test_while_the_database_is_away_they_are_told_to_come_again() -> None:
    async with Line(serving()) as line:
        line.say(type="connection_init", payload={"authorization": "Bearer away"})
        assert await line.ended() == 1013


async def test_a_session_that_ends_ends_the_connection() -> None:
    async with Line(serving(bounds=Bounds(pulse_seconds=0.05))) as line:
        await line.begun(authorization="Bearer bob")
        line.ask("subscription { silence { n } }")
        assert await line.hear() == {"type": "ping"}
        SIGNED_OUT.add("bob")
        try:
            assert await line.ended() == 4403
        finally:
            SIGNED_OUT.clear()


async def test_a_connection_follows_so_many_things_and_no_more() -> None:
    async with Line(serving(bounds=Bounds(operations=3))) as line:
        await line.begun()
        for n in range(4):
            line.ask("subscription { silence { n } }", id=str(n))
        told = await line.hear()
        assert (told["type"], told["id"]) == ("error", "3")
        assert told["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_connections_are_counted_by_holder_and_for_all() -> None:
    served = serving(bounds=Bounds(own=2, strangers=1, connections=3))
    bob = [("x-actor", "bob")]
    async with Line(served) as one, AsyncExitStack() as others:
        await one.begun()
        async with Line(served) as stranger, Line(served, headers=bob) as too_many:
            assert await too_many.ended() == 1013
            # The stranger's one place is free again once somebody said who they are.
            await stranger.begun()
            async with Line(served) as third:
                third.say(type="connection_init")
                await third.frame()
                assert await third.ended() == 1013
        for headers in (bob, bob):
            line = await others.enter_async_context(Line(served, headers=headers))
            await line.begun()
        async with Line(served, headers=[("x-actor", "eve")]) as full:
            assert await full.ended() == 1013


async def test_a_flood_of_messages_ends_the_connection() -> None:
    async with Line(serving(bounds=Bounds(burst=50))) as line:
        await line.begun()
        for _ in range(60):
            line.say(type="ping")
        assert await line.ended() == 1013


async def test_who_misbehaves_waits_before_they_come_again() -> None:
    served = serving(bounds=Bounds(arrivals=5, arrivals_per_second=1, misbehaved=9))
    async with Line(served) as line:
        await line.begun()
        line.say(type="connection_init")
        assert await line.ended() == 4429
    async with Line(served) as again:
        # Before it is accepted: the browser is told 403.
        assert (await again.frame())["type"] == "websocket.close"


async def test_so_many_connections_of_an_address_come_at_once() -> None:
    served = serving(bounds=Bounds(arrivals=3, arrivals_per_second=1, strangers=9))
    async with AsyncExitStack() as lines:
        for _ in range(3):
            line = await lines.enter_async_context(Line(served))
            assert (await line.frame())["type"] == "websocket.accept"
        fourth = await lines.enter_async_context(Line(served))
        assert (await fourth.frame())["type"] == "websocket.close"


async def test_every_event_is_paid_for_like_a_query() -> None:
    points = Points(limit=50, restore_per_second=1)
    async with Line(serving(points=points, limits=Limits(cost=50))) as line:
        await line.begun()
        line.ask("subscription { count(to: 1000) { n } }")
        left = 50 - len("subscription { count(to: 1000) { n } }") // 10
        told = [await line.hear() for _ in range(left + 1)]
        assert told[-1]["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_who_takes_nothing_is_left_and_no_event_is_made_ahead() -> None:
    COUNTED.clear()
    async with Line(serving(bounds=Bounds(send_seconds=0.1)), takes=4) as line:
        await line.begun()
        line.ask("subscription { count(to: 1000) { n } }")
        await asyncio.sleep(0.3)
        assert len(COUNTED) < 10
        assert await line.ended() == 1013

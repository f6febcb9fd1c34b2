"""Subscriptions on the real API: who is told what, and a server that floods do not slow down."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection as ConnectionNow
from websockets.sync.client import connect as connect_now
from websockets.typing import Origin, Subprotocol

from schema.ledger import ENTRIES
from tests.served import served
from tests.volunteering import captured, confirmed, posted
from tests.world import World
from timebank import entries
from timebank.actors import PUBLIC, Actor
from timebank.entries import TooFarBack
from timebank.notices import Inbox
from timebank.publication import publishing
from timebank.refusals import Unauthenticated
from timebank.sign_in import open_session
from timebank.tables import find
from web import app
from web.frames import Frames

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]

LISTENING: dict[str, Any] = {"ws": Frames, "ws_max_size": 65536, "ws_per_message_deflate": False}
PROTOCOLS = [Subprotocol("graphql-transport-ws")]
WRITTEN = "subscription($after: String) { entries(after: $after) { cursor entry { seq } } }"


@pytest.fixture
async def port(world: World) -> AsyncIterator[int]:
    built = app.build(world.settings, clock=world.clock)
    async with served(built, lifespan="off", **LISTENING) as found:
        yield found


async def token_of(who: Actor) -> str:
    return (await open_session(who.id)).token


@asynccontextmanager
async def line(port: int, token: str | None, **given: Any) -> AsyncIterator[ClientConnection]:
    """A connection that said who it is."""
    async with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=PROTOCOLS, **given) as made:
        payload = {"authorization": f"Bearer {token}"} if token else {}
        await say(made, type="connection_init", payload=payload)
        assert await hear(made) == {"type": "connection_ack"}
        yield made


async def say(line: ClientConnection, **message: Any) -> None:
    await line.send(json.dumps(message))


async def follow(line: ClientConnection, query: str, **variables: Any) -> None:
    await say(line, type="subscribe", id="1", payload={"query": query, "variables": variables})


async def hear(line: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(line.recv(), 10))


async def told(line: ClientConnection) -> Any:
    """The data of the next event."""
    message = await hear(line)
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    return message["payload"]["data"]


async def test_everybody_is_told_their_own_entries_and_nobody_anothers(
    world: World, port: int
) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    async with line(port, await token_of(who)) as own, line(port, await token_of(other)) as others:
        await follow(own, WRITTEN)
        await follow(others, WRITTEN)
        await asyncio.sleep(0.5)
        come = await entries.size()
        for actor in (who, other):
            await posted(world, actor)
        heard = []
        for actor, one in ((who, own), (other, others)):
            theirs = sorted(await entries.entries(actor, range(come, await entries.size())))
            assert theirs
            heard += [(await told(one))["entries"]["entry"]["seq"] for _ in theirs]
            assert heard[-len(theirs) :] == theirs
        assert len(set(heard)) == len(heard)


async def test_a_cursor_goes_on_where_it_stands_without_a_gap(world: World, port: int) -> None:
    who = await world.volunteer()
    await posted(world, who)
    there = sorted(await entries.entries(who, range(await entries.size())))
    token, start = await token_of(who), ENTRIES.cursor((0,))
    async with line(port, token) as first:
        await follow(first, WRITTEN, after=start)
        whole = [(await told(first))["entries"] for _ in there]
    async with line(port, token) as again:
        await follow(again, WRITTEN, after=whole[0]["cursor"])
        rest = [(await told(again))["entries"] for _ in there[1:]]
    assert len(rest) > 0
    assert rest == whole[1:]
    assert [event["cursor"] for event in whole] == [
        ENTRIES.cursor((event["entry"]["seq"],)) for event in whole
    ]


async def test_a_cursor_that_is_none_or_lies_far_back_is_refused(
    world: World, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "MOST_BEHIND", 3)
    async with line(port, await token_of(await world.volunteer())) as one:
        for cursor, says in (("x", "cursor"), (ENTRIES.cursor((0,)), "3")):
            await follow(one, WRITTEN, after=cursor)
            answer = await hear(one)
            assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == (
                "error",
                "BAD_USER_INPUT",
            )
            assert says in answer["payload"][0]["message"]


async def test_an_inbox_tells_that_something_came_and_stays_unopened(
    world: World, port: int
) -> None:
    who = await world.volunteer()
    asked = "subscription { inbox { cursor unreadNotices } }"
    async with line(port, await token_of(who)) as one:
        await follow(one, asked)
        assert (await told(one))["inbox"]["unreadNotices"] == 0
        await confirmed(world, [await captured(world, who)])
        assert (await told(one))["inbox"]["unreadNotices"] == 1
    held = await find(Inbox, who.id)
    assert held is not None
    assert held.opened_on is None


async def test_a_receipt_is_told_as_soon_as_it_is_signed_and_to_no_other(
    world: World, port: int
) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    await captured(world, who)
    seq = await entries.size() - 1
    asked = "subscription($seq: Long!) { receipt(seq: $seq) { state receipt } }"
    async with line(port, await token_of(other)) as foreign:
        await follow(foreign, asked, seq=seq)
        hidden = await hear(foreign)
        await follow(foreign, asked, seq=10**9)
        assert await hear(foreign) == hidden == {"type": "complete", "id": "1"}
    async with line(port, await token_of(who)) as own:
        await follow(own, asked, seq=seq)
        async with publishing(world.settings):
            event = (await told(own))["receipt"]
            assert event["state"] == "SIGNED"
            assert event["receipt"] == await entries.receipt(who, seq)
            # A log without witnesses has nothing more to say.
            assert await hear(own) == {"type": "complete", "id": "1"}


async def test_nobody_begins_too_far_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "MOST_BEHIND", 3)
    who = await world.volunteer()
    with pytest.raises(TooFarBack):
        await anext(entries.followed(who, after=0))


async def test_who_is_not_signed_in_follows_nothing() -> None:
    with pytest.raises(Unauthenticated):
        await anext(entries.followed(PUBLIC, after=None))


async def test_a_foreign_page_and_another_protocol_are_turned_away(port: int) -> None:
    url = f"ws://127.0.0.1:{port}/graphql"
    with pytest.raises(InvalidStatus) as turned:
        async with connect(url, subprotocols=PROTOCOLS, origin=Origin("https://evil.test")):
            pass
    assert turned.value.response.status_code == 403
    async with connect(url) as other:
        with pytest.raises(ConnectionClosed) as closed:
            await other.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4406


# Garbage and floods


HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


async def raw(port: int, *frames: bytes) -> bytes:
    """What comes back on a connection that shook hands and then sent these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HANDSHAKE)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")
    writer.writelines(frames)
    try:
        return await asyncio.wait_for(reader.read(999), 10)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


CLOSED = b"\x88"
TOO_BIG, BAD_TEXT, BROKEN, NO_MESSAGE = (
    code.to_bytes(2, "big") for code in (1009, 1007, 1002, 4400)
)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\xff" + (2**40).to_bytes(8, "big") + bytes(4), TOO_BIG),
        (b"\x81\xff" + (65_537).to_bytes(8, "big") + bytes(4), TOO_BIG),
        (b"\x81\x82" + bytes(4) + b"\xff\xfe", BAD_TEXT),
        (b"\x81\x02{}", BROKEN),
        (b"\xf1\x82" + bytes(4) + b"{}", BROKEN),
        (b"\x83\x80" + bytes(4), BROKEN),
        (b"\x80\x80" + bytes(4), BROKEN),
        (b"\x82\x82" + bytes(4) + b"{}", NO_MESSAGE),
        (b"\x81\x82" + bytes(4) + b"{}", NO_MESSAGE),
    ],
)
async def test_frames_that_are_none_end_the_connection(
    port: int, frame: bytes, code: bytes
) -> None:
    answer = await raw(port, frame)
    assert answer[:1] == CLOSED
    assert answer[2:4] == code
    assert b"Traceback" not in answer


async def test_a_message_in_pieces_without_end_is_cut_off(port: int) -> None:
    pieces = [b"\x01\x80" + bytes(4), *[b"\x00\x80" + bytes(4)] * 99]
    with contextlib.suppress(ConnectionResetError):
        assert await raw(port, *pieces) == b""


async def test_who_is_told_to_leave_and_goes_on_is_cut_off(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HANDSHAKE)
    await reader.readuntil(b"\r\n\r\n")
    # The library gives whoever was told 10 s to leave; these have less.
    began = time.perf_counter()
    with contextlib.suppress(ConnectionError):
        while time.perf_counter() - began < 9:
            writer.write((b"\x81\x82" + bytes(4) + b"{}") * 100)
            await writer.drain()
            await asyncio.sleep(0.01)
    assert time.perf_counter() - began < 5
    writer.close()


class Untaken(asyncio.Transport):
    """A connection whose other end reads nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.held, self.aborted = 0, False

    def write(self, data: Any) -> None:
        self.held += len(data)

    def get_write_buffer_size(self) -> int:
        return self.held

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None: ...


async def test_who_lets_answers_pile_up_is_cut_off() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.sleep(3600)

    config = uvicorn.Config(silent, **LISTENING)
    config.load()
    frames, transport = Frames(config, ServerState(), {}), Untaken()
    frames.connection_made(transport)
    frames.data_received(HANDSHAKE)
    await asyncio.sleep(0.01)
    pings = (b"\x89\xfd" + bytes(4) + b"x" * 125) * 7
    for _ in range(2_000):
        if not transport.aborted:
            frames.data_received(pings)
            await asyncio.sleep(0)
    assert transport.aborted
    assert transport.held < 2 * 1024 * 1024
    for task in frames.tasks:
        task.cancel()


async def test_what_comes_after_the_end_is_not_kept() -> None:
    async def ends(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        await send({"type": "websocket.close", "code": 1013})

    config = uvicorn.Config(ends, **LISTENING)
    config.load()
    frames, transport = Frames(config, ServerState(), {}), Untaken()
    frames.connection_made(transport)
    frames.data_received(HANDSHAKE)
    await asyncio.sleep(0.01)
    messages = (b"\x81\x82" + bytes(4) + b"{}") * 400
    frames.data_received(messages)
    await asyncio.sleep(0.01)
    assert frames.close_sent
    for _ in range(9):
        frames.data_received(messages)
        await asyncio.sleep(0.01)
    assert transport.aborted
    for task in frames.tasks:
        task.cancel()


def ping_for_ever(line: ConnectionNow) -> None:
    for _ in range(30_000):
        line.send('{"type":"ping"}')
    while True:
        line.recv(timeout=10)


async def test_a_flood_does_not_keep_others_waiting(world: World, port: int) -> None:
    token = await token_of(await world.volunteer())
    calm = await token_of(await world.volunteer())
    url, headers = f"http://127.0.0.1:{port}/graphql", {"authorization": f"Bearer {calm}"}

    def flood() -> int:
        there = f"ws://127.0.0.1:{port}/graphql"
        init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
        with connect_now(there, subprotocols=PROTOCOLS) as one:
            one.send(json.dumps(init))
            with pytest.raises(ConnectionClosed) as closed:
                ping_for_ever(one)
        return closed.value.rcvd.code if closed.value.rcvd else 1006

    floods = [asyncio.create_task(asyncio.to_thread(flood)) for _ in range(4)]
    slowest = 0.0
    async with httpx.AsyncClient(headers=headers) as client:
        while not all(task.done() for task in floods):
            began = time.perf_counter()
            answer = await client.post(url, json={"query": "{ unreadNotices }"})
            slowest = max(slowest, time.perf_counter() - began)
            assert answer.json()["data"] == {"unreadNotices": 0}
    assert set(await asyncio.gather(*floods)) <= {1013, 1006}
    assert slowest < 1

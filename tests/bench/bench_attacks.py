"""A normal query while somebody attacks: its p99 beside the quiet one, an attack a line.

The attacks are those of the tests. Each is sent without pause over two connections by somebody who
is signed in, for as long as their points last and after; a flood of the smallest messages over a
socket comes besides. What the attackers are told is no matter here.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from tests.bench.bench_http import homes
from tests.bench.figures import Figure
from tests.bench.served import City, Client, Drive, found, serving
from tests.test_graphql_attacks import ATTACKS
from tests.test_subscriptions import HANDSHAKE

CLIENTS, ATTACKERS = 4, 2
FLOOD = "a flood of messages"
Attack = Callable[[int], Awaitable[None]]


def attacks(city: City) -> dict[str, Attack]:
    """What one attacker does on one connection, or one after another, without end."""
    token = city.tokens[-1]
    hostile = {name: _request(body, more, token) for name, (body, more) in ATTACKS.items()}

    def sending(request: bytes) -> Attack:
        async def send(port: int) -> None:
            client = await Client.open(port)
            with contextlib.closing(client):
                while True:
                    await client.ask(request)

        return send

    async def flood(port: int) -> None:
        payload = {"authorization": f"Bearer {token}"}
        init = _frame({"type": "connection_init", "payload": payload})
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(HANDSHAKE)
            await reader.readuntil(b"\r\n\r\n")
            writer.write(init)
            while True:
                writer.write(_frame({"type": "ping"}) * 1_000)
                await writer.drain()
        finally:
            writer.transport.abort()

    return {name: sending(request) for name, request in hostile.items()} | {FLOOD: flood}


def _request(body: bytes, more: dict[str, str], token: str) -> bytes:
    told = {"host": "127.0.0.1", "content-type": "application/json", **more}
    told |= {"authorization": f"Bearer {token}", "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST /graphql HTTP/1.1\r\n{head}\r\n".encode() + body


def _frame(message: object) -> bytes:
    """A text frame under a mask of zeros."""
    told = msgspec.json.encode(message)
    size = len(told)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + told


@asynccontextmanager
async def under(attack: Attack, port: int) -> AsyncIterator[None]:
    """While attackers are at it; whoever is cut off comes again."""

    async def again() -> None:
        while True:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await attack(port)

    tasks = [asyncio.create_task(again()) for _ in range(ATTACKERS)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # what they hung up on is closed in the loop's next turn


async def measured(city: City, port: int, *, seconds: float) -> list[Figure]:
    """The query quiet and under an attack, one attack after another."""

    # One volunteer after another for the whole time, so that nobody's points run out.
    asked = homes(msgspec.structs.replace(city, tokens=city.tokens[:-1]))

    async def one(took: list[float]) -> None:
        end = time.perf_counter() + seconds
        with contextlib.closing(await Client.open(port)) as client:
            while (began := time.perf_counter()) < end:
                # One that is told to ask again was kept waiting as well: it counts.
                await client.ask(next(asked))
                took.append(time.perf_counter() - began)

    async def queries() -> Drive:
        took: list[float] = []
        await asyncio.gather(*(one(took) for _ in range(CLIENTS)))
        return Drive(len(took) / seconds, took)

    await queries()
    told = []
    for name, attack in attacks(city).items():
        # Each beside a quiet time of its own: what else the machine does comes and goes.
        quiet = (await queries()).slowest() * 1_000
        async with under(attack, port):
            slowest = (await queries()).slowest() * 1_000
        told.append(
            Figure(
                number="A",
                what=f"p99 of the home query, {CLIENTS} clients, under: {name}",
                value=slowest,
                unit="ms",
                baseline="quiet, ms",
                base=quiet,
                ratio=slowest / quiet,
                least=False,
            )
        )
    return told


def attacked(new_url: Callable[[], str], *, people: int, seconds: float) -> list[Figure]:
    """The figures of a city's only server."""
    with TemporaryDirectory() as made:
        city = asyncio.run(found(new_url(), Path(made), people=people))
        with serving(city) as (server,):
            return asyncio.run(measured(city, server.port, seconds=seconds))

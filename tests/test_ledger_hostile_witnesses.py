"""Hostile witnesses: whatever they answer, nothing of it is stored and nobody waits for them."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.checkpoint import COSIGNATURE, Signer, cosign
from ledger.reader import open_reader
from ledger.receipts import ReceiptState, witnessed_size
from ledger.submission import parse_submission
from tests.witness_city import LIAR, OTHER, QUICK, City, open_city
from tests.witnesses import Behaviour, reply, saying

pytestmark = pytest.mark.anyio


@pytest.fixture
async def city(database_url: str, tmp_path: Path) -> AsyncIterator[City]:
    async with open_city(database_url, tmp_path) as made:
        yield made


def signing(make: str) -> Behaviour:
    """A witness that signs, but not what it should."""

    async def sign(body: bytes, writer: asyncio.StreamWriter) -> None:
        note = parse_submission(body).note
        good = cosign(note, LIAR, time=1)
        origin, size, rest = note.split("\n", 2)
        line = {
            "a false signature": LIAR.line(bytes(72)),
            "another size": cosign(f"{origin}\n{int(size) + 1}\n{rest}", LIAR, time=1),
            "a plain signature": Signer("liar.example", b"l" * 32).line(bytes(64)),
            "a stranger's line": cosign(note, OTHER, time=1),
            "the key id of another": OTHER.line(bytes(72)),
            "two letters changed": good[:-4] + "AB=\n",
            "no line feed": good[:-1],
            "carriage returns": good.replace("\n", "\r\n"),
            "a line separator": good[:-1] + "\u2028\n",
            "a thousand lines": cosign(note, OTHER, time=1) * 20,
        }[make]
        writer.write(reply(200, line.encode()))

    return sign


async def drip(_: bytes, writer: asyncio.StreamWriter) -> None:
    """Never silent for long, and never done."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def stall(_: bytes, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(10)


async def flood(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def flood_head(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


class Restless:
    """A witness that names another size each time."""

    def __init__(self) -> None:
        self.size = 0

    async def __call__(self, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.size += 1
        writer.write(reply(409, b"%d\n" % self.size, "Content-Type: text/x.tlog.size"))


HOSTILE: dict[str, tuple[Behaviour, str]] = {
    **{
        make: (signing(make), "not its own")
        for make in (
            "a false signature",
            "another size",
            "a plain signature",
            "a stranger's line",
            "the key id of another",
            "two letters changed",
            "no line feed",
            "carriage returns",
            "a line separator",
            "a thousand lines",
        )
    },
    "not UTF-8": (saying(reply(200, b"\xff\n")), "not its own"),
    "an empty answer": (saying(reply(200, b"")), "not its own"),
    "a stall of ten seconds": (stall, "no answer within"),
    "an answer that drips": (drip, "no answer within"),
    "a body without end": (flood, "does not end"),
    "a head without end": (flood_head, "does not end"),
    "a body too long": (saying(reply(200, b"x" * 5000)), "does not end"),
    "a length that is a lie": (saying(reply(200, b"x")[:-1]), "broken off"),
    "nothing": (saying(b""), "broken off"),
    "half a line": (saying(b"HTTP/1.1 20"), "broken off"),
    "garbage": (saying(b"\x00\xff" * 500), "not HTTP"),
    "another protocol": (saying(b"220 mail.example ESMTP\r\n"), "not HTTP"),
    "an upgrade": (saying(reply(101, b"", "Connection: upgrade", "Upgrade: x")), "answers 101"),
    "a redirect": (saying(reply(307, b"", "Location: http://127.0.0.1:9/")), "answers 307"),
    "a refusal": (saying(reply(422, b"no")), "answers 422"),
    "a fault": (saying(reply(500, b"")), "answers 500"),
    "a size beyond the log": (saying(reply(409, b"900000\n")), "900000 entries"),
    "a size of many digits": (saying(reply(409, b"9" * 4000 + b"\n")), "not its own"),
    "a size that is none": (saying(reply(409, b"x\n")), "not its own"),
    "the size it was told": (saying(reply(409, b"0\n")), "another root at 0"),
    "a new size each time": (Restless(), "each time"),
}


@pytest.mark.parametrize("how", HOSTILE)
async def test_a_hostile_witness_harms_nothing(city: City, how: str) -> None:
    behaviour, why = HOSTILE[how]
    await city.dishonest(behaviour)
    await city.honest(1)
    size = await city.publish(20)
    started = time.monotonic()
    await city.gathering().gather()
    assert time.monotonic() - started < 2 * QUICK + 2
    assert await city.stored() == [(size, "w01.example")]
    assert why in city.trouble(), city.trouble()
    assert (await city.issued(3)).state is ReceiptState.WITNESSED
    # The next round asks it again, and the log goes on.
    size = await city.publish()
    await city.gathering().gather()
    assert (size, "w01.example") in await city.stored()


async def test_a_line_among_lines_of_strangers_is_found(city: City) -> None:
    async def chatty(body: bytes, writer: asyncio.StreamWriter) -> None:
        note = parse_submission(body).note
        lines = cosign(note, OTHER, time=1) + cosign(note, LIAR, time=1)
        writer.write(reply(200, lines.encode()))

    await city.dishonest(chatty)
    size = await city.publish()
    await city.gathering().gather()
    assert await city.stored() == [(size, "liar.example")]


async def test_a_slow_witness_delays_nobody(city: City) -> None:
    await city.dishonest(stall)
    await city.honest(1)
    size = await city.publish()
    running = asyncio.create_task(city.gathering(patience=8).run(interval=0.2))
    try:
        async with asyncio.timeout(4):
            for _ in range(3):
                for _ in range(200):
                    if (size, "w01.example") in await city.stored():
                        break
                    await asyncio.sleep(0.02)
                size = await city.publish()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("away", [0, 5])
async def test_sixteen_witnesses_of_whom_five_lie(city: City, away: int) -> None:
    """Eleven honest ones are enough; with five of those away the checkpoint stays signed."""
    for number in range(1, 12):
        await city.honest(number, listens=number > away)
    lies = ["a false signature", "a stall of ten seconds", "a body without end", "garbage"]
    for number, lie in enumerate([*lies, "a new size each time"]):
        signer = Signer(f"liar{number}.example", bytes([200 + number]) * 32, kind=COSIGNATURE)
        await city.dishonest(HOSTILE[lie][0], signer)
    for _ in range(2):
        size = await city.publish(20)
        await city.gathering(needed=11, patience=1.5).gather()
    issued = await city.issued(0)
    assert issued.size == size
    assert issued.state is (ReceiptState.SIGNED if away else ReceiptState.WITNESSED)
    assert issued.text.count("— ") == 1 + 11 - away
    async with open_reader(city.log.url) as reader:
        assert await witnessed_size(reader, city.gathering().quorum) == (0 if away else size)

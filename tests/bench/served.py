"""A city for the benchmarks that speak HTTP, its server processes, and a client that costs little.

The server is the application as `timebank serve` runs it, with the clock of the test city; it knows
the kinds of event with which tests give credit. Clients keep their connection open, wait for each
answer and share the machine with the servers.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec

import tests.credit as _kinds  # noqa: F401  a server reads what its city was given
from tests.bench.baselines import free_port
from tests.bench.figures import used
from tests.credit import credit
from tests.world import NOON, key, open_world
from timebank.access import Role
from timebank.actors import Actor
from timebank.clock import ManualClock
from timebank.people import people_by_id
from timebank.rewards import offer_reward
from timebank.settings import Settings
from timebank.sign_in import open_session
from timebank.sign_ups import sign_up
from web import app
from web.commands.serving import listen

AT_ONCE = 100
PLENTY = 1_000_000


class City(msgspec.Struct):
    """Where a city is kept, who may ask, and what they may order."""

    settings: Settings
    tokens: list[str]
    numbers: list[str]
    clerk: str
    reward: str


async def found(url: str, directory: Path, *, people: int) -> City:
    """A city with so many volunteers: each signed in, with plenty of credit and a seat ahead."""
    async with open_world(url, directory) as world:
        volunteers = await _each([world.volunteer for _ in range(people)])
        ids = [who.person or "" for who in volunteers]
        await _each([partial(credit, id, world.station, PLENTY) for id in ids])
        opened = await _each([partial(open_session, id) for id in ids])
        ahead = await world.activity(seats=people, starts_in=timedelta(days=7))
        await _each([partial(sign_up, who, activity=ahead, key=key()) for who in volunteers])
        offered = await offer_reward(
            world.staff[Role.STATION_MANAGER],
            station=world.station,
            name="香皂一块",
            minutes=1,
            stock=PLENTY,
            key=key(),
        )
        clerk: Actor = world.staff[Role.STATION_CLERK]
        known = await people_by_id(ids)
        return City(
            settings=world.settings,
            tokens=[one.token for one in opened],
            numbers=[known[id].number for id in ids],
            clerk=(await open_session(clerk.person or "")).token,
            reward=offered.reward,
        )


async def _each(acts: list[Callable[[], Awaitable[Any]]]) -> list[Any]:
    told: list[Any] = []
    for first in range(0, len(acts), AT_ONCE):
        told += await asyncio.gather(*(act() for act in acts[first : first + AT_ONCE]))
    return told


class Server(msgspec.Struct):
    """A server's process, its port, and the seconds from its start to its first answer."""

    pid: int
    port: int
    started: float

    @property
    def resident(self) -> int:
        """Kilobytes that it holds now."""
        told = Path(f"/proc/{self.pid}/status").read_text("utf-8")
        (line,) = [line for line in told.splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1])


@contextmanager
def running(*told: str, path: str = "/healthz") -> Iterator[Server]:
    """Python told to serve at a port, which it is told last; gone afterwards."""
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *told, str(port)])
    try:
        asyncio.run(_answering(process, port, path))
        yield Server(process.pid, port, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def serving(city: City, *, workers: int = 1) -> Iterator[list[Server]]:
    """So many servers of a city."""
    at = (city.settings.database_url, str(city.settings.data))
    with ExitStack() as stack:
        yield [stack.enter_context(running("-m", __name__, *at)) for _ in range(workers)]


async def _answering(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    for _ in range(3_000):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            client = await Client.open(port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        status, _ = await client.ask(get(path))
        client.close()
        if status == 200:
            return
        await asyncio.sleep(0.02)
    raise TimeoutError(path)


class Client:
    """One connection that is kept open: a request, its answer, the next request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Client":
        """Connect to this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        _, _, after = lower.partition(b"content-length: ")
        body = await self._reader.readexactly(int(after.partition(b"\r\n")[0]))
        return int(head[9:12]), body

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


def get(path: str, token: str = "") -> bytes:
    """A page, asked for with a session's cookie."""
    cookie = f"cookie: timebank={token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{cookie}\r\n".encode()


def post(asked: dict[str, Any], token: str) -> bytes:
    """An operation, asked for with a session's token."""
    body = msgspec.json.encode(asked)
    return (
        "POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode() + body


class Drive(msgspec.Struct):
    """What clients saw: answers a second, and the seconds that each took."""

    rate: float
    took: list[float]

    def slowest(self, share: float = 0.99) -> float:
        """The seconds within which this share of the answers came."""
        return sorted(self.took)[int(len(self.took) * share)]


async def drive(
    ports: list[int],
    requests: Iterator[bytes],
    *,
    clients: int,
    seconds: float,
    good: bytes = b"",
    times: int = 1,
    heard: Callable[[bytes], object] = len,
) -> Drive:
    """Let clients ask one request after another for some seconds, or while there are any.

    Each answer must hold `good` so many times, and `heard` gets its body.
    """
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def one(port: int) -> None:
        client = await Client.open(port)
        for request in requests:
            began = time.perf_counter()
            status, body = await client.ask(request)
            if status != 200 or body.count(good) < times:
                raise AssertionError((status, body[:500]))
            took.append(time.perf_counter() - began)
            heard(body)
            if began > end:
                break
        client.close()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for port, _ in zip(cycle(ports), range(clients), strict=False):
            group.create_task(one(port))
    return Drive(len(took) / (time.perf_counter() - began), took)


def processor(servers: list[Server]) -> float:
    """Seconds of processor that the servers took so far."""
    return sum(used(server.pid) for server in servers)


if __name__ == "__main__":
    database, data, port = sys.argv[1:]
    kept = Settings(data=Path(data), database=database)
    listen(app.build(kept, clock=ManualClock(NOON)), "127.0.0.1", int(port))

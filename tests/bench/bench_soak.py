"""Two workers under 64 clients for minutes: nothing lost, nothing doubled, memory flat.

Some order rewards, some ask the home query, all wait for their answers. Afterwards every order that
was acknowledged must stand on the ledger exactly once, and none that was not.
"""

import asyncio
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from ledger.entry import decode
from ledger.reader import open_reader
from tests.bench.bench_http import ORDERED, NewUrl, homes, orders
from tests.bench.figures import Figure
from tests.bench.served import City, Drive, Server, drive, found, serving

WRITERS, READERS = 48, 16
TOLD = b'"account":{'
QUARTERS = 4


class Soak(msgspec.Struct):
    """What a long run came to: lost and doubled acknowledgements, kilobytes after each quarter."""

    orders: int
    wrong: int
    resident: list[int]
    quiet: Drive
    reads: Drive

    @property
    def growth(self) -> float:
        """How many times its memory after the first quarter a worker holds at the end."""
        return self.resident[-1] / self.resident[0]


def soak(new_url: NewUrl, *, people: int, seconds: float) -> Soak:
    """So many seconds, in quarters, on a city of its own."""
    with TemporaryDirectory(prefix="timebank-bench-") as directory:
        city = asyncio.run(found(new_url(), Path(directory), people=people))
        with serving(city, workers=2) as servers:
            return asyncio.run(_soaked(city, servers, seconds))


async def _soaked(city: City, servers: list[Server], seconds: float) -> Soak:
    ports = [server.port for server in servers]
    asked = homes(city)
    answers: list[bytes] = []
    writing = orders(city)
    await drive(ports, writing, clients=WRITERS, seconds=seconds / 50, heard=answers.append)
    quiet = await drive(ports, asked, clients=8, seconds=seconds / 50, good=TOLD)
    reads = Drive(0, [])
    resident: list[int] = []
    for _ in range(QUARTERS):
        part = seconds / QUARTERS
        seen, _ = await asyncio.gather(
            drive(ports, asked, clients=READERS, seconds=part, good=TOLD),
            drive(
                ports,
                writing,
                clients=WRITERS,
                seconds=part,
                good=ORDERED,
                heard=answers.append,
            ),
        )
        reads.took += seen.took
        resident.append(sum(server.resident for server in servers))
    reads.rate = len(reads.took) / seconds
    acknowledged = Counter(map(_order_of, answers))
    kept = await _kept(city.settings.database_url)
    return Soak(len(answers), wrong(acknowledged, kept), resident, quiet, reads)


class _Order(msgspec.Struct):
    id: str


class _Ordered(msgspec.Struct, rename="camel"):
    order: _Order


class _Data(msgspec.Struct, rename="camel"):
    order_reward: _Ordered


class _Answer(msgspec.Struct):
    data: _Data


def _order_of(body: bytes) -> str:
    return msgspec.json.decode(body, type=_Answer).data.order_reward.order.id


async def _kept(url: str) -> Counter[str]:
    """The orders of the ledger."""
    async with open_reader(url) as reader:
        rows = await reader.fetch("SELECT bytes FROM entry WHERE kind = $1", "reward.ordered")
    return Counter(str(decode(bytes(data)).body["order"]) for (data,) in rows)


def wrong(acknowledged: Counter[str], kept: Counter[str]) -> int:
    """How many orders are not exactly once on both sides."""
    return sum((acknowledged[id], kept[id]) != (1, 1) for id in acknowledged.keys() | kept.keys())


def figures(told: Soak, seconds: float) -> list[Figure]:
    """The three promises of a long run."""
    many = f"{told.orders:,} orders by {WRITERS} clients, {READERS} reading, {seconds:,.0f} s"
    return [
        Figure(
            number="S",
            what=f"acknowledgements lost or doubled of {many}, 2 workers, PostgreSQL",
            value=told.wrong,
            unit="orders",
            ratio=told.wrong,
            floor=0,
            goal=0,
            least=False,
        ),
        Figure(
            number="S",
            what="memory of both workers at the end",
            value=told.resident[-1] / 1_000,
            unit="MB",
            repetitions=[one / 1_000 for one in told.resident],
            baseline="after the first quarter",
            base=told.resident[0] / 1_000,
            ratio=told.growth,
            floor=1.1,
            goal=1.05,
            least=False,
        ),
        Figure(
            number="S",
            what="p99 of a home query meanwhile",
            value=told.reads.slowest() * 1_000,
            unit="ms",
            baseline="of 8 quiet clients, ms",
            base=told.quiet.slowest() * 1_000,
            ratio=told.reads.slowest() / told.quiet.slowest(),
            floor=5,
            goal=3,
            least=False,
        ),
    ]

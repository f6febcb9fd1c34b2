"""Level chain against two bare hashes an entry, its memory, and what appending costs as logs grow.

In one process, by its processor: the baseline hashes the bytes of each segment as soon as the level
is done with it. As it is run, in as many processes as there are cores, by the clock: the baseline
hashes all bytes before and after. Memory is of a process of its own, which verifies and nothing
else. An append is one entry in its own transaction.
"""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from ledger.reader import open_reader, read_entries
from ledger.tables import dialect_of, install
from ledger.verify import verify
from ledger.writer import open_writer
from tests.ledgers import add

AT_ONCE = 2_000
# Makes entries as long as those of the demonstration year are on the average, 500 bytes: a body
# with the ids of an activity, a person and a station.
CITYS = {
    name: f"{name[:3]}_01m8j0cv02exhbtq2m3h334brm" for name in ("activity", "person", "station")
}


class Chain(msgspec.Struct):
    """Nanoseconds an entry: two bare hashes, the level.

    `bare` and `level` are of the processor, segment by segment in turn; `hashed` and `verified` of
    the clock, the whole log in turn, so that each of the latter has one of the former either side.
    """

    database: str
    entries: int
    bare: list[float] = msgspec.field(default_factory=list)
    level: list[float] = msgspec.field(default_factory=list)
    hashed: list[float] = msgspec.field(default_factory=list)
    verified: list[float] = msgspec.field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The level's speed, where two bare hashes an entry are 1, both where least disturbed."""
        return min(self.bare) / min(self.level)

    @property
    def usual(self) -> float:
        """The same by the medians, in which whatever else the machine does is contained."""
        return median(self.bare) / median(self.level)

    @property
    def as_run(self) -> float:
        """The speed of the level as it is run, by the clock: the median of the repetitions."""
        between = zip(self.hashed, self.hashed[1:], self.verified, strict=False)
        return median((before + after) / 2 / took for before, after, took in between)


class Growth(msgspec.Struct):
    """At each size: resident kilobytes of a verification, and microseconds an append."""

    database: str
    resident: dict[int, int]
    append: dict[int, float]

    def costlier(self, few: int, many: int) -> float:
        """How many times the append at `few` an append at `many` takes."""
        return self.append[many] / self.append[few]


async def grow_to(url: str, entries: int) -> None:
    """A log of so many entries."""
    await install(url)
    writer = await open_writer(url)
    try:
        async with writer.transaction() as transaction:
            size = transaction.head.size
        for done in range(size, entries, AT_ONCE):
            await add(writer, min(AT_ONCE, entries - done), body=CITYS)
    finally:
        await writer.close()


def bare(datas: Sequence[bytes], clock: Callable[[], int] = time.process_time_ns) -> float:
    """Nanoseconds an entry, of the processor or another clock, for two hashes over its bytes."""
    started = clock()
    for data in datas:
        sha256(data).digest()
        sha256(data).digest()
    return (clock() - started) / len(datas)


async def compare_chain(url: str, *, entries: int, repetitions: int = 3) -> Chain:
    """Level chain over one log in one process, and after each segment the baseline over the same.

    What counts is processor time of the whole process, its threads included, on both sides: on a
    machine that others use as well the time on the wall says how busy they are. Then the level as
    `timebank verify` runs it, by the clock, because that is what several processes are for.
    """
    await grow_to(url, entries)
    told = Chain(dialect_of(url), entries)
    datas: list[bytes] = []
    async with open_reader(url) as reader:
        async for rows in read_entries(reader, 0, entries):
            datas += [row[1] for row in rows]
    for _ in range(repetitions):
        turns = _Turns(datas, told)
        await _sound(url, entries, processes=1, progress=turns.take)
    clock = time.perf_counter_ns
    told.hashed.append(bare(datas, clock))
    for _ in range(repetitions):
        started = clock()
        await _sound(url, entries)
        told.verified.append((clock() - started) / entries)
        told.hashed.append(bare(datas, clock))
    return told


async def _sound(url: str, entries: int, **how: Any) -> None:
    report = await verify(url, levels=["chain"], **how)
    if not report.sound or report.size != entries:
        raise AssertionError(report)


class _Turns:
    """Told of each segment that was checked; times the baseline over it before the next."""

    def __init__(self, datas: list[bytes], told: Chain) -> None:
        self._datas = datas
        self._told = told
        self._first = 0
        self._since = time.process_time_ns()

    def take(self, level: str, done: int, end: int) -> None:
        """The level was at work since it last said so."""
        self._told.level.append((time.process_time_ns() - self._since) / (done - self._first))
        self._told.bare.append(bare(self._datas[self._first : done]))
        self._first, self._since = done, time.process_time_ns()


def resident(url: str) -> int:
    """The most kilobytes that one process holds while it verifies level chain."""
    asked = [sys.executable, "-m", "tests.bench.bench_verify", url]
    return int(subprocess.run(asked, check=True, stdout=subprocess.PIPE).stdout)


async def append(url: str, repetitions: int) -> float:
    """The median of microseconds that one entry in a transaction of its own takes."""
    writer = await open_writer(url)
    took: list[float] = []
    try:
        for _ in range(repetitions):
            started = time.perf_counter()
            await add(writer, body=CITYS)
            took.append((time.perf_counter() - started) * 1e6)
    finally:
        await writer.close()
    return median(took)


def compare_growth(
    new_url: Callable[[], str], *, sizes: tuple[int, ...], repetitions: int = 100
) -> Growth:
    """Logs of these sizes, made by the ledger's own writer, then measured in turn three times.

    In turn, because what else the machine does in the hour between a short log and a long one
    would be taken for the log's doing.
    """
    urls = {size: new_url() for size in sizes}
    told = Growth(dialect_of(urls[sizes[0]]), dict.fromkeys(sizes, 0), {})
    took: dict[int, list[float]] = {size: [] for size in sizes}
    for size, url in urls.items():
        asyncio.run(grow_to(url, size))
    for _ in range(3):
        for size, url in urls.items():
            told.resident[size] = max(told.resident[size], resident(url))
            took[size].append(asyncio.run(append(url, repetitions)))
    told.append.update({size: median(each) for size, each in took.items()})
    return told


if __name__ == "__main__":
    asyncio.run(verify(sys.argv[1], levels=["chain"], processes=1))
    # Not getrusage's: that keeps what the parent held when it started this process.
    (most,) = re.findall(
        r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE
    )
    print(most)  # noqa: T201  what the parent reads

"""Level chain against two bare hashes an entry, its memory, and what appending costs as logs grow.

The baseline and the verification read the same bytes in the same run, in turn. Memory is that of a
process of its own, which verifies and nothing else. An append is one entry in its own transaction.
"""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from statistics import median

import msgspec

from ledger.reader import open_reader
from ledger.tables import dialect_of, install
from ledger.verify import verify
from ledger.writer import open_writer
from tests.ledgers import add

AT_ONCE = 2_000


class Chain(msgspec.Struct):
    """Nanoseconds an entry, each repetition: two bare hashes, and the level by processes."""

    database: str
    entries: int
    bare: list[float]
    verified: dict[int, list[float]]

    def ratio(self, processes: int) -> float:
        """The level's speed, where two bare hashes an entry are 1."""
        return median(self.bare) / median(self.verified[processes])


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
            await add(writer, min(AT_ONCE, entries - done))
    finally:
        await writer.close()


async def bare(url: str, entries: int) -> float:
    """Nanoseconds an entry for two hashes over its bytes, of at most 50,000 of them."""
    async with open_reader(url) as reader:
        rows = await reader.fetch("SELECT bytes FROM entry WHERE seq < $1", min(entries, 50_000))
    started = time.perf_counter()
    for (data,) in rows:
        sha256(data).digest()
        sha256(data).digest()
    return (time.perf_counter() - started) / len(rows) * 1e9


async def verified(url: str, entries: int, processes: int) -> float:
    """Nanoseconds an entry for level chain, opening and starting processes included."""
    started = time.perf_counter()
    report = await verify(url, levels=["chain"], processes=processes)
    took = time.perf_counter() - started
    if not report.sound or report.size != entries:
        raise AssertionError(report)
    return took / entries * 1e9


async def compare_chain(
    url: str, *, entries: int, processes: tuple[int, ...] = (1, 2), repetitions: int = 3
) -> Chain:
    """Baseline and level in turn over one log."""
    await grow_to(url, entries)
    told = Chain(dialect_of(url), entries, [], {count: [] for count in processes})
    for _ in range(repetitions):
        told.bare.append(await bare(url, entries))
        for count in processes:
            told.verified[count].append(await verified(url, entries, count))
    return told


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
            await add(writer)
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

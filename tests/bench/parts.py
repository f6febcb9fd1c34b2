"""The parts of the suite by their names: on which databases, and how they are measured."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from ledger.tables import dialect_of
from tests.bench import bench_attacks, bench_http, bench_others, bench_scale, bench_soak
from tests.bench.bench_verify import compare_chain
from tests.bench.bench_writes import compare
from tests.bench.figures import Figure

NewUrl = Callable[[], str]
BOTH = ("sqlite", "postgresql")
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


class Measured(msgspec.Struct):
    """A part: its databases, and what it measures on one of them."""

    databases: tuple[str, ...]
    measure: Callable[[NewUrl], list[Figure]]


def _writes(new_url: NewUrl) -> list[Figure]:
    # Databases are made outside the loop: making one runs a loop of its own.
    urls = [new_url() for _ in range(7)]
    told = asyncio.run(compare(urls.pop))
    return [
        Figure(
            number="W",
            what=f"single mutations by grouped commit, {told.clients} clients, "
            f"{NAMES[told.database]}",
            value=median(told.grouped),
            unit="a second",
            repetitions=told.grouped,
            baseline="an ORM transaction each",
            base=median(told.orm),
            ratio=told.ratio,
            floor=3,
            goal=3,
        )
    ]


def _verify(new_url: NewUrl) -> list[Figure]:
    told = asyncio.run(compare_chain(new_url(), entries=600_000, repetitions=8))
    what = f"`verify`, chain level, {told.entries:,} entries"
    return [
        Figure(
            number="P5",
            what=f"{what}, as it is run, {os.cpu_count()} cores, {NAMES[told.database]}",
            value=median(told.verified),
            unit="ns an entry",
            repetitions=told.verified,
            baseline="two bare hashes, ns",
            base=median(told.hashed),
            ratio=told.as_run,
            floor=0.5,
            goal=0.8,
        ),
        Figure(
            number="P5",
            what=f"{what}, in one process, {NAMES[told.database]}",
            value=median(told.level),
            unit="ns of processor an entry",
            repetitions=told.level,
            baseline="two bare hashes, ns",
            base=median(told.bare),
            ratio=told.usual,
        ),
    ]


LARGEST = {"sqlite": 1_000_000, "postgresql": 5_000_000}


def _growth(new_url: NewUrl) -> list[Figure]:
    database = dialect_of(new_url())
    few, some, many = 10_000, 100_000, LARGEST[database]
    with TemporaryDirectory(prefix="timebank-bench-") as directory:
        sizes = (few, some, many)
        told = bench_scale.compare(new_url, Path(directory), sizes=sizes, verified=(some, many))
    costs = [
        Figure(
            number="P7",
            what=f"{what} at {many:,} entries, {NAMES[database]}",
            value=micros[many],
            unit="us",
            baseline=f"at {few:,}",
            base=micros[few],
            ratio=told.costlier(what, few, many),
            floor=1.5,
            goal=1.3,
            least=False,
        )
        for what, micros in told.micros.items()
    ]
    return [
        *costs,
        Figure(
            number="P5",
            what=f"memory of `verify` at {many:,} entries, {NAMES[database]}",
            value=told.resident[many] / 1_000,
            unit="MB",
            baseline="at 100,000",
            base=told.resident[some] / 1_000,
            ratio=told.resident[many] / told.resident[some],
            floor=1.15,
            goal=1.15,
            least=False,
        ),
    ]


def _soak(new_url: NewUrl) -> list[Figure]:
    seconds = 300
    return bench_soak.figures(bench_soak.soak(new_url, people=600, seconds=seconds), seconds)


PARTS = {
    "writes": Measured(BOTH, _writes),
    "mutations": Measured(BOTH, lambda new: [bench_http.mutations(new, people=400, seconds=5)]),
    "roster": Measured(("postgresql",), lambda n: [bench_http.roster(n, requests=8, seconds=5)]),
    "reads": Measured(BOTH, lambda new: bench_http.reads(new, people=600, seconds=3)),
    "attacks": Measured(("sqlite",), lambda n: bench_attacks.attacked(n, people=400, seconds=2)),
    "process": Measured(("sqlite",), lambda new: bench_http.process(new, people=50)),
    "import": Measured(("sqlite",), lambda new: [bench_others.imported(new, rows=100_000)]),
    "replay": Measured(("sqlite",), bench_others.replayed),
    "paper": Measured(("sqlite",), lambda new: bench_others.printed()),
    "verify": Measured(BOTH, _verify),
    "soak": Measured(("postgresql",), _soak),
    "growth": Measured(BOTH, _growth),
}
"""In this order, the short ones first."""

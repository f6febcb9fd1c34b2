"""Figures: what was measured, beside what it was measured against in the same run.

A figure is a ratio, or an absolute value where the work has no baseline; floor and goal are those
of the project's table of benchmarks. Refuses to know how anything is measured.
"""

import os
import platform
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median

import msgspec

RESULTS = Path("bench-results.json")
TICKS = os.sysconf("SC_CLK_TCK")
PACKAGES = ("strawberry-graphql", "graphql-core", "starlette", "uvicorn", "asyncpg", "msgspec")


class Figure(msgspec.Struct, kw_only=True):
    """One line of the table.

    `value` in `unit`, the median of `repetitions`, and what the baseline did between them; `ratio`
    is what floor and goal are about, `least` whether it must be at least them or at most. `cpu` is
    the share of one core that each side took: clients, servers, database.
    """

    number: str
    what: str
    value: float
    unit: str
    repetitions: list[float] = []
    baseline: str = ""
    base: float | None = None
    ratio: float
    floor: float | None = None
    goal: float | None = None
    least: bool = True
    cpu: dict[str, float] = {}

    @property
    def judged(self) -> str:
        """Whether the floor and the goal are met."""
        if self.floor is None or self.goal is None:
            return ""
        met = self.reaches(self.floor), self.reaches(self.goal)
        return {(True, True): "goal", (True, False): "floor"}.get(met, "below")

    def reaches(self, wanted: float) -> bool:
        """Whether the ratio is as good as what is wanted."""
        return self.ratio >= wanted if self.least else self.ratio <= wanted


class Part(msgspec.Struct):
    """What one part of the suite found, and how many seconds it took."""

    name: str
    seconds: float
    figures: list[Figure]


class Results(msgspec.Struct):
    """What a run left: on what, every part, and the parts that fell."""

    machine: dict[str, str]
    parts: list[Part]
    fallen: list[str]


def against(values: Sequence[float], base: Sequence[float]) -> float:
    """The ratio of the medians of what was measured in turn."""
    return median(values) / median(base)


def machine() -> dict[str, str]:
    """On what it was measured."""
    told = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").exists() else ""
    models = re.findall(r"^model name\s*: (.*)$", told, re.MULTILINE)
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": str(os.cpu_count()),
        "load before": f"{os.getloadavg()[0]:.1f}",
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in PACKAGES},
    }


HEADS = ("#", "What", "Figure", "Against", "Ratio", "Floor / goal", "", "Cores: clients, servers")


def table(parts: Sequence[Part]) -> str:
    """Every figure as a table that a README takes as it is."""
    rows = [HEADS, tuple("---" for _ in HEADS)]
    for figure in (figure for part in parts for figure in part.figures):
        base = f"{figure.baseline}: {_short(figure.base)}" if figure.base is not None else ""
        wanted = (
            f"{_short(figure.floor)} / {_short(figure.goal)}" if figure.floor is not None else ""
        )
        shares = ", ".join(f"{side} {share:.2f}" for side, share in figure.cpu.items())
        value = f"{_short(figure.value)} {figure.unit}"
        ratio = _short(figure.ratio)
        rows.append((figure.number, figure.what, value, base, ratio, wanted, figure.judged, shares))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


# What the processors did


def used(pid: int, *, family: bool = False) -> float:
    """Seconds of processor that a process took so far.

    `family`: with its children, those that it saw end too: what they took is not taken back.
    """
    total = 0.0
    for one in [pid, *(_children(pid) if family else [])]:
        try:
            told = Path(f"/proc/{one}/stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, told[11 : 15 if family and one == pid else 13])) / TICKS
    return total


def scheduled(pid: int) -> float:
    """Seconds of processor that the threads of a process took that run: to the nanosecond."""
    every = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text("utf-8").split()[0]) for one in every) / 1e9


def _children(pid: int) -> Iterator[int]:
    for one in Path(f"/proc/{pid}/task/{pid}").glob("children"):
        yield from map(int, one.read_text("utf-8").split())


@contextmanager
def shares(**sides: Callable[[], float]) -> Iterator[dict[str, float]]:
    """Fills what it gives, on leaving, with the cores that each side kept busy meanwhile."""
    before = {side: take() for side, take in sides.items()}
    began = time.perf_counter()
    told: dict[str, float] = {}
    yield told
    took = time.perf_counter() - began
    told.update({side: (take() - before[side]) / took for side, take in sides.items()})

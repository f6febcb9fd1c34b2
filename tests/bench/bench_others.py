"""What is measured in one process: replay, a roster read from a file, a printed certificate."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from ledger.tables import sqlite_path
from tests.bench.figures import Figure
from tests.test_roster_story import DAYS, HOURS, roster
from tests.world import open_world
from timebank import demo_city
from timebank.access import Role
from timebank.demo import Size
from timebank.people import people_by_id
from timebank.replay import apply
from timebank.roster_imports import import_roster
from timebank.settings import Settings
from web.certificates import press
from web.collector import settle

NewUrl = Callable[[], str]
CITY = Size(stations=200, teams=600, volunteers=1_000, busy=12, weeks=52)
TOGETHER = 100


def replayed(new_url: NewUrl, *, size: Size = CITY, repetitions: int = 3) -> list[Figure]:
    """P6: every projection of a demonstration year refilled; and what a year leaves behind."""
    rates: list[float] = []
    cores: list[float] = []
    with TemporaryDirectory(prefix="timebank-bench-") as directory:
        settings = Settings(data=Path(directory) / "d", database=new_url())
        asyncio.run(demo_city.make(settings, lambda what, done, count: None, size=size))
        for _ in range(repetitions):
            began = time.process_time()
            told = asyncio.run(apply(settings.database_url))
            rates.append(told.entries / told.seconds)
            cores.append((time.process_time() - began) / told.seconds)
        with closing(sqlite3.connect(sqlite_path(settings.database_url))) as file:
            ((records,),) = file.execute("SELECT COUNT(*) FROM record").fetchall()
            ((pages, page),) = file.execute(
                "SELECT * FROM pragma_page_count(), pragma_page_size()"
            ).fetchall()
    return [
        Figure(
            number="P6",
            what=f"replay of {told.entries:,} entries of a demonstration year, SQLite",
            value=median(rates),
            unit="entries a second",
            repetitions=rates,
            ratio=median(rates),
            floor=20_000,
            goal=50_000,
            cpu={"replay": median(cores)},
        ),
        Figure(
            number="bytes",
            what="the database, for each entry of that year",
            value=pages * page / told.entries,
            unit="bytes",
            ratio=pages * page / told.entries,
        ),
        Figure(
            number="entries",
            what="entries of that year, for each record of service",
            value=told.entries / records,
            unit="entries",
            ratio=told.entries / records,
        ),
    ]


def imported(new_url: NewUrl, *, rows: int) -> Figure:
    """P10: a file of so many rows, three of a thousand spoilt, read, decided and committed."""
    with TemporaryDirectory(prefix="timebank-bench-") as directory:
        return asyncio.run(_imported(new_url(), Path(directory), rows))


async def _imported(url: str, directory: Path, rows: int) -> Figure:
    people = -(-rows // (len(DAYS) * len(HOURS)))
    settle()  # as every command begins
    async with open_world(url, directory) as world:
        who: list[str] = []
        for _ in range(0, people, TOGETHER):
            made = await asyncio.gather(*(world.volunteer() for _ in range(TOGETHER)))
            who += [one.person or "" for one in made]
        known = await people_by_id(who)
        numbers = [known[id].number for id in who[:people]]
        path = roster(directory, numbers, rows, rows * 3 // 1_000)
        marks = [(0, time.perf_counter())]
        used = time.process_time()
        done = await import_roster(
            world.staff[Role.STATION_CLERK],
            path,
            progress=lambda so_far: marks.append((so_far.read, time.perf_counter())),
        )
        took, used = marks[-1][1] - marks[0][1], time.process_time() - used
    if (done.captured, len(done.bad)) != (rows - rows * 3 // 1_000, rows * 3 // 1_000):
        raise AssertionError(done)
    # Each repetition is a transaction's rows; the figure is the whole file's.
    return Figure(
        number="P10",
        what=f"`import roster` of {rows:,} rows, SQLite",
        value=rows / took,
        unit="rows a second",
        repetitions=[(n - m) / (after - before) for (m, before), (n, after) in pairwise(marks)],
        ratio=rows / took,
        floor=5_000,
        goal=15_000,
        cpu={"import": used / took},
    )


def printed(*, repetitions: int = 20) -> list[Figure]:
    """P11: a certificate as PDF, warm, another name each time; nothing where none is printed."""
    made = press()
    if made is None:
        return []
    from tests.test_certificate_documents import layout_of

    told: dict[str, Any] = layout_of("王秀英")
    made.pdf(told, date(2026, 11, 20))
    took: list[float] = []
    for n in range(repetitions):
        began = time.perf_counter()
        made.pdf(told | {"name": f"王秀{chr(0x4E00 + n)}"}, date(2026, 11, 20))
        took.append((time.perf_counter() - began) * 1_000)
    return [
        Figure(
            number="P11",
            what="a certificate as PDF, warm",
            value=median(took),
            unit="ms",
            repetitions=took,
            ratio=median(took),
            floor=60,
            goal=30,
            least=False,
        )
    ]

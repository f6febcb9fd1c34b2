"""What a command and the reads cost as a city's ledger grows (P7): 10,000 entries against millions.

A city is founded as always; then its log is filled by the ledger's own writer, thousands of entries
a transaction, each of them credit for one of some volunteers, together with the rows that its
projectors would have written: movements with their balances, accounts, and minutes by area, month
and kind. Then sizes are measured in turn, several rounds, each time with the bank newly opened:
whatever else the machine does in between would be taken for the log's doing otherwise.

The same volunteers stand at every size, so that what one has grows with the log. Areas, months and
kinds are the same ones at every size as well: their rows grow with the calendar, not with the log.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from ledger.entry import Sealed, seal
from ledger.tables import dialect_of
from ledger.writer import Transaction, Writer, open_writer
from tests.bench.bench_verify import resident
from tests.credit import TestCredited, credit
from tests.world import COMMUNITY, NOON, open_world
from timebank.accounts import (
    Account,
    AccountTotal,
    Posting,
    balance_of,
    issuance,
    posting_id,
    statement,
    volunteer,
)
from timebank.activities import ActivityKind
from timebank.bank import open_bank
from timebank.clock import ManualClock, day_of
from timebank.divisions import CITY_PATH
from timebank.entries import receipt_of
from timebank.events import body_of, kind_of
from timebank.publication import publish_once
from timebank.settings import Settings
from timebank.statistics import ServiceFigure, months_between, statistics
from timebank.tables import Row

PEOPLE = 50
AT_ONCE = 2_000
CITY, DISTRICT = CITY_PATH.strip("/"), COMMUNITY[:6]
YEAR = timedelta(days=364)


class Grown(msgspec.Struct):
    """A filled city: where it is, who is in it, and how many entries its log has."""

    settings: Settings
    station: str
    people: list[str]
    entries: int


class Costs(msgspec.Struct):
    """Microseconds by what was done and by size, the medians of all rounds; kilobytes of verify."""

    database: str
    micros: dict[str, dict[int, float]]
    resident: dict[int, int] = {}

    def costlier(self, what: str, few: int, many: int) -> float:
        """How many times what it takes at `few` something takes at `many`."""
        return self.micros[what][many] / self.micros[what][few]


async def grow(url: str, directory: Path, entries: int) -> Grown:
    """A city whose log has so many entries."""
    async with open_world(url, directory) as world:
        people = [(await world.volunteer()).person or "" for _ in range(PEOPLE)]
        grown = Grown(world.settings, world.station, people, entries)
    writer = await open_writer(url)
    try:
        async with writer.transaction() as transaction:
            size = transaction.head.size
        filling = _Filling(grown)
        for done in range(size, entries, AT_ONCE):
            await filling.add(writer, min(AT_ONCE, entries - done))
        async with writer.transaction() as transaction:
            await filling.end(transaction)
    finally:
        await writer.close()
    async with open_bank(grown.settings, clock=_clock(grown)):
        await publish_once(grown.settings)
    return grown


class _Filling:
    """Credits one volunteer after another a minute, and keeps what their accounts hold."""

    def __init__(self, grown: Grown) -> None:
        self._station = grown.station
        self._turns = cycle(grown.people)
        self._held: dict[str, int] = dict.fromkeys(map(volunteer, grown.people), 0)
        self._held[issuance(grown.station)] = 0

    async def add(self, writer: Writer, count: int) -> None:
        """So many entries and what they moved, in one transaction."""
        async with writer.transaction() as transaction:
            tip = transaction.head.tip
            made: list[Sealed] = []
            for _ in range(count):
                event = TestCredited(person=next(self._turns), station=self._station, minutes=1)
                made.append(
                    seal(
                        tip,
                        now=NOON,
                        kind=kind_of(event),
                        actor="system",
                        request=f"{tip.size:032x}",
                        policy="none",
                        body=body_of(event),
                        postings=event.postings(),
                    )
                )
                tip = made[-1].tip
            await transaction.append(made)
            await _keep(transaction, [row for entry in made for row in self._moved(entry)])

    def _moved(self, entry: Sealed) -> Iterator[Posting]:
        for code, _, amount in entry.postings:
            self._held[code] += amount
            yield Posting(
                id=posting_id(code, entry.seq),
                account=code,
                seq=entry.seq,
                at=entry.at,
                kind=entry.kind,
                amount=amount,
                balance=self._held[code],
            )

    async def end(self, transaction: Transaction) -> None:
        """The accounts as the entries left them, and a year of service by area and kind."""
        issued = self._held[issuance(self._station)]
        held = [
            Account(code=code, unit="minute", balance=balance)
            for code, balance in self._held.items()
        ]
        await _keep(transaction, held)
        totals = {"minute:volunteer": -issued, "minute:issuance": issued}
        await _keep(transaction, [AccountTotal(id=id, balance=n) for id, n in totals.items()])
        await _keep(transaction, list(_served(-issued)))


def _served(minutes: int) -> Iterator[ServiceFigure]:
    today = day_of(NOON)
    areas = [(CITY, f"{CITY}{n:02}") for n in range(2, 15)]
    areas += [(DISTRICT, f"{DISTRICT}{n:03}") for n in range(1, 17)]
    for month in months_between(today - YEAR, today):
        for parent, area in areas:
            for kind in ActivityKind:
                yield ServiceFigure(
                    id=f"{parent}/{area}/{month}/{kind}",
                    parent=parent,
                    area=area,
                    month=month,
                    kind=kind,
                    minutes=minutes,
                )


async def _keep(transaction: Transaction, rows: list[Any]) -> None:
    kept: type[Row] = type(rows[0])
    spec = kept.spec
    await transaction.execute_each([(spec.upsert, [spec.values(row) for row in rows])])


def _clock(grown: Grown) -> ManualClock:
    """After the last entry: each is at least a microsecond after the one before."""
    return ManualClock(NOON + timedelta(microseconds=grown.entries) + timedelta(minutes=1))


async def costs(grown: Grown, repetitions: int) -> dict[str, list[float]]:
    """Microseconds that each thing took, one after another, in a bank newly opened."""
    chance = random.Random(grown.entries)
    first = grown.entries // 2
    today = day_of(NOON)
    acts: dict[str, Callable[[], Awaitable[Any]]] = {
        "an append": lambda: credit(chance.choice(grown.people), grown.station, 1),
        "a balance": lambda: balance_of(volunteer(chance.choice(grown.people))),
        "a statement page": lambda: statement(
            volunteer(chance.choice(grown.people)), limit=20, backward=False
        ),
        "a page far back": lambda: statement(
            volunteer(chance.choice(grown.people)), limit=20, backward=False, after=first
        ),
        "a receipt": lambda: receipt_of(chance.randrange(first, grown.entries)),
        "statistics of a year": lambda: statistics(CITY, today - YEAR, today),
    }
    told: dict[str, list[float]] = {}
    async with open_bank(grown.settings, clock=_clock(grown)):
        for what, act in acts.items():
            for _ in range(repetitions // 10 + 1):
                await act()
            told[what] = []
            for _ in range(repetitions):
                began = time.perf_counter()
                found = await act()
                told[what].append((time.perf_counter() - began) * 1e6)
                if not found:
                    raise AssertionError((what, grown.entries, found))
    return told


def compare(
    new_url: Callable[[], str],
    directory: Path,
    *,
    sizes: tuple[int, ...],
    verified: tuple[int, ...] = (),
    rounds: int = 3,
    repetitions: int = 100,
) -> Costs:
    """What each thing costs at each size, and how much `verify` holds at those of `verified`."""
    urls = {size: new_url() for size in sizes}
    grown = {
        size: asyncio.run(grow(url, directory / str(size), size)) for size, url in urls.items()
    }
    took: dict[str, dict[int, list[float]]] = {}
    for _ in range(rounds):
        for size, city in grown.items():
            for what, each in asyncio.run(costs(city, repetitions)).items():
                took.setdefault(what, {}).setdefault(size, []).extend(each)
    medians = {what: {n: median(each) for n, each in by.items()} for what, by in took.items()}
    held = {size: resident(urls[size]) for size in verified}
    return Costs(dialect_of(urls[sizes[0]]), medians, held)

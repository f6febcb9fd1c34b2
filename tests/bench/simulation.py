"""A city, its province and the country, each city on a log of its own, by what an entry costs.

What a machine does was measured (`Costs`, from bench-results.json); how many people there are and
when they come is assumed here, in one place, to be doubted line by line. The busiest day is lived
second by second: arrivals by chance, one sequencer a log, whoever comes waits for those before.
"""

import random
from collections.abc import Mapping
from math import ceil, floor, sqrt

import msgspec

PEOPLE_A_RECORD = 1.0
"""A city of 14 million keeps 14 million records of service a year: one for each inhabitant."""
READS_AN_ENTRY = 20
"""Balances and proofs are read far more often than anything is written."""
PEAK = 100
"""The fifth of March, the national day of volunteers, against the mean of the year."""
HOURS = (0, 0, 0, 0, 0, 0, 1, 2, 5, 9, 10, 9, 5, 5, 8, 9, 9, 8, 6, 5, 4, 3, 1, 1)
"""How an ordinary day is spread over its hours; the peak's whole day is spread the same way."""
WITNESSES = 16
COSIGNED_SECONDS = 10
YEAR_SECONDS = 365 * 24 * 3600
DAY_SECONDS = 24 * 3600


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured: rates a second on one machine, sizes in bytes."""

    written: float
    """Entries a second, each a mutation over HTTP of its own, durable."""
    read: float
    """Home queries a second that one worker answers."""
    verified: float
    replayed: float
    entry_bytes: float
    """Of the database for each entry, projections and indexes included."""
    record_entries: float
    """Entries for each record of service, everything else that a year brings included."""


class Place(msgspec.Struct, frozen=True):
    """So many people on so many logs, the largest of which serves so many of them."""

    name: str
    people: int
    logs: int
    largest: int


PLACES = (
    Place("a city (Wuhan)", 14_000_000, 1, 14_000_000),
    Place("a province (Hubei)", 58_000_000, 17, 14_000_000),
    Place("the country", 1_410_000_000, 337, 32_000_000),
)


class Year(msgspec.Struct, frozen=True, kw_only=True):
    """What a year of a place comes to; of the busiest day, its largest log."""

    place: Place
    entries: int
    usual: float
    busiest: int
    waited: float
    """Seconds that whoever waited longest on the busiest day waited for those before."""
    disk: float
    verify: float
    replay: float
    readers: int
    """Workers that answer the busiest second's reads of the largest log."""
    cosignatures: float


def arrivals(mean: float, chance: random.Random) -> int:
    """How many come in a second: Poisson's law, by its normal shape where many are expected."""
    if mean > 50:
        return max(0, round(chance.gauss(mean, sqrt(mean))))
    left, come = chance.expovariate(1.0), 0
    while left < mean:
        come += 1
        left += chance.expovariate(1.0)
    return come


def busiest_day(entries: float, written: float, chance: random.Random) -> tuple[int, float]:
    """The most that come in a second of a day of so many entries, and the longest wait, seconds."""
    weights = sum(HOURS)
    most, queue, longest = 0, 0.0, 0.0
    for second in range(DAY_SECONDS):
        come = arrivals(entries * HOURS[second // 3600] / weights / 3600, chance)
        most = max(most, come)
        queue += come
        longest = max(longest, queue / written)
        queue = max(0.0, queue - written)
    return most, longest


def live(place: Place, costs: Costs, *, seed: int = 1) -> Year:
    """A year of a place."""
    entries = place.people * PEOPLE_A_RECORD * costs.record_entries
    largest = entries * place.largest / place.people
    most, waited = busiest_day(largest / 365 * PEAK, costs.written, random.Random(seed))
    return Year(
        place=place,
        entries=floor(entries),
        usual=largest / YEAR_SECONDS,
        busiest=most,
        waited=waited,
        disk=largest * costs.entry_bytes,
        verify=largest / costs.verified,
        replay=largest / costs.replayed,
        readers=ceil(most * READS_AN_ENTRY / costs.read),
        cosignatures=place.logs * WITNESSES / COSIGNED_SECONDS,
    )


def costs_of(found: Mapping[str, float]) -> Costs | None:
    """The costs among measured values by their numbers; None where one was not measured."""
    wanted = ("P1", "P4", "P5", "P6", "bytes", "entries")
    if not found.keys() >= set(wanted):
        return None
    return Costs(
        written=found["P1"],
        read=found["P4"],
        verified=1e9 / found["P5"],
        replayed=found["P6"],
        entry_bytes=found["bytes"],
        record_entries=found["entries"],
    )


HEADS = (
    ("", lambda year: year.place.name),
    ("logs", lambda year: f"{year.place.logs}"),
    ("entries a year, all logs", lambda year: f"{year.entries / 1e6:,.0f} million"),
    ("largest log: entries a second, mean", lambda year: f"{year.usual:,.1f}"),
    ("busiest second of 5 March", lambda year: f"{year.busiest:,}"),
    ("longest wait then", lambda year: _lasting(year.waited)),
    ("workers for its reads then", lambda year: f"{year.readers:,}"),
    ("database a year", lambda year: f"{year.disk / 1e9:,.0f} GB"),
    ("verify a year, one core", lambda year: _lasting(year.verify)),
    ("replay a year", lambda year: _lasting(year.replay)),
    ("cosignatures a second, all logs", lambda year: f"{year.cosignatures:,.1f}"),
)


def _lasting(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.1f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def table(costs: Costs) -> str:
    """Every place as a column, for a README."""
    years = [live(place, costs) for place in PLACES]
    rows = [[head, *map(told, years)] for head, told in HEADS]
    rows.insert(1, ["---"] * len(rows[0]))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)

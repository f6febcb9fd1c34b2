"""Paper rosters read in from one file: what is in the file is what counts, and mints nothing.

At full size 100,000 rows with 300 bad ones; the sum is made by a reader of its own over the file.
"""

import asyncio
import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ledger.verify import verify
from tests.test_rosters import HEAD, line, write
from tests.world import World, key, open_world
from timebank.access import Role
from timebank.accounts import conservation
from timebank.actors import person
from timebank.confirmations import accept_hours, confirm_hours, review_hours
from timebank.hours import Record, totals_of
from timebank.people import VolunteerNumber
from timebank.record_life import RecordState
from timebank.replay import compare
from timebank.roster_imports import import_roster
from timebank.tables import find_many, select

pytestmark = pytest.mark.anyio
DAYS = ("2026-11-17", "2026-11-18", "2026-11-19")
HOURS = range(8, 16)
TOGETHER = 500


async def test_every_good_row_counts_once_and_every_bad_one_is_named(
    sqlite_url: str, tmp_path: Path, size: str
) -> None:
    rows, bad = (100_000, 300) if size == "full" else (2_000, 6)
    async with open_world(sqlite_url, tmp_path) as world:
        numbers = await registered(world, -(-rows // (len(DAYS) * len(HOURS))))
        path = roster(tmp_path, numbers, rows, bad)
        done = await import_roster(world.staff[Role.STATION_CLERK], path)
        assert (done.read, done.captured, len(done.bad)) == (rows, rows - bad, bad)
        await turn_the_keys(world)
        owners = await find_many(VolunteerNumber, numbers)
        expected = minutes_in(path)
        totals = await totals_of([owner.person for owner in owners.values()])
        for number, owner in owners.items():
            held = totals.get(owner.person)
            assert (held.minutes if held else 0) == expected[str(number)]
        assert (await conservation()).minted == 0
        assert not (await compare(sqlite_url)).differences
    assert (await verify(sqlite_url)).sound


async def registered(world: World, many: int) -> list[str]:
    """The numbers of so many volunteers."""
    people = [await world.volunteer() for _ in range(many)]
    return [await world.number_of(who) for who in people]


def roster(directory: Path, numbers: Sequence[str], rows: int, bad: int) -> Path:
    """A file of `rows` rows, every so many of them spoilt in one of three ways."""
    lines = [
        line(number, f"{hour:02d}:00", f"{hour:02d}:50", date=day)
        for day in DAYS
        for hour in HOURS
        for number in numbers
    ][:rows]
    spoil = [(2, "WH-0000-000-0000"), (3, "2026-11-31"), (4, "8 o'clock")]
    for n in range(bad):
        column, told = spoil[n % len(spoil)]
        lines[n * (rows // bad)][column] = told
    return write(directory / "roster.csv", [HEAD, *lines])


def minutes_in(path: Path) -> dict[str, int]:
    """Minutes by volunteer number, of the rows that nothing is wrong with."""
    sums: dict[str, int] = defaultdict(int)
    with path.open(encoding="utf-8", newline="") as file:
        for told in csv.DictReader(file):
            if told["date"] in DAYS and ":" in told["start"]:
                sums[told["volunteer"]] += 50
    return sums


async def turn_the_keys(world: World) -> None:
    """Confirm by the manager, review by the district, accept by each volunteer."""
    manager, lead = world.staff[Role.STATION_MANAGER], world.staff[Role.DISTRICT_LEAD]
    for records in parts(await ids(RecordState.CAPTURED)):
        await confirm_hours(manager, records=records, key=key())
    for records in parts(await ids(RecordState.TO_REVIEW)):
        await review_hours(lead, records=records, key=key())
    mine: dict[str, list[str]] = defaultdict(list)
    for held in await select(Record, state=RecordState.CONFIRMED.value):
        mine[held.volunteer].append(held.id)
    for group in parts(list(mine)):
        await asyncio.gather(
            *(accept_hours(person(who), records=mine[who], key=key()) for who in group)
        )
    assert not await ids(RecordState.CAPTURED) + await ids(RecordState.CONFIRMED)


async def ids(state: RecordState) -> list[str]:
    """The records in a state."""
    return [held.id for held in await select(Record, state=state.value, order=["id"])]


def parts(things: list[str]) -> Iterator[list[str]]:
    """As many at a time as one request takes."""
    return (things[n : n + TOGETHER] for n in range(0, len(things), TOGETHER))

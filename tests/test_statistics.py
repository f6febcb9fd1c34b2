"""Statistics equal the ledger: by area, month and kind, whatever becomes of a record afterwards."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tests.starring import served_hours
from tests.volunteering import posted
from tests.world import World, key, open_world
from timebank.activities import ActivityKind
from timebank.actors import Actor
from timebank.divisions import CITY
from timebank.hours import Record
from timebank.record_life import COUNTED
from timebank.reversals import repudiate_hours
from timebank.statistics import Statistics, months_between, statistics
from timebank.tables import select

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("since", "until", "first", "last", "count"),
    [
        (date(2016, 11, 30), date(2017, 2, 1), "2016-11", "2017-02", 4),
        (date(2016, 12, 31), date(2016, 12, 1), "2016-12", "2016-12", 1),
        (date(2000, 1, 1), date(2016, 12, 1), "2012-01", "2016-12", 60),
    ],
)
def test_months_are_whole_and_none_is_left_out(
    since: date, until: date, first: str, last: str, count: int
) -> None:
    months = months_between(since, until)
    assert (months[0], months[-1], len(months)) == (first, last, count)
    assert months_between(date(2017, 2, 1), date(2016, 12, 1)) == []


async def whole(world: World, area: str = CITY, kind: ActivityKind | None = None) -> Statistics:
    """The last months of an area."""
    today = world.clock.now().date()
    return await statistics(area, date(today.year - 1, 1, 1), today, kind=kind)


async def equal_to_the_records(world: World) -> Statistics:
    """The city's statistics, after they were held against every record there is."""
    told = await whole(world)
    kept = [record for record in await select(Record) if record.state in COUNTED]
    served = [(record, record.minutes * record.mode.counts) for record in kept]
    kinds: Counter[str] = Counter()
    months: Counter[str] = Counter()
    areas: Counter[str] = Counter()
    cells: Counter[tuple[str, str, ActivityKind]] = Counter()
    for record, minutes in served:
        kinds[record.kind] += minutes
        months[f"{record.day:%Y-%m}"] += minutes
        areas[record.path.split("/")[1]] += minutes
        cells[f"{record.day:%Y-%m}", record.path.split("/")[1], record.kind] += minutes
    assert told.minutes == sum(minutes for _, minutes in served)
    assert {kind: minutes for kind, minutes in told.kinds if minutes} == +kinds
    assert {month: minutes for month, minutes in told.months if minutes} == +months
    assert {code: minutes for code, minutes in told.areas if minutes} == +areas
    assert {(one.month, one.area, one.kind): one.minutes for one in told.cells} == +cells
    for kind, minutes in told.kinds:
        alone = await whole(world, kind=kind)
        assert alone.minutes == minutes == dict(alone.kinds)[kind]
        assert sum(served for _, served in alone.areas) == minutes
        assert list(alone.cells) == [one for one in told.cells if one.kind is kind]
    for code, minutes in told.areas:
        district = await whole(world, code)
        assert district.minutes == minutes == sum(part for _, part in district.areas)
    return told


async def test_they_equal_the_records_and_follow_what_is_taken_back(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        assert (await equal_to_the_records(world)).minutes == 0
        who: Actor = await world.volunteer()
        records = await served_hours(world, who, 3)
        await posted(world, await world.volunteer(), kind=ActivityKind.CULTURE)
        before = await equal_to_the_records(world)
        assert before.minutes > 0
        await repudiate_hours(who, records=records[:1], key=key())
        after = await equal_to_the_records(world)
        assert after.minutes == before.minutes - 60

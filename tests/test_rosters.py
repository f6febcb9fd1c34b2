"""Rosters: rows of a request and of a file, good and bad, once and again."""

import csv
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import xlsxwriter

from tests.volunteering import captured, confirmed, record_of
from tests.world import World, found_station, key
from timebank import roster_imports
from timebank.access import Role
from timebank.accounts import conservation
from timebank.activities import ActivityKind
from timebank.actors import PUBLIC, person
from timebank.clock import instant
from timebank.confirmations import accept_hours, reject_hours
from timebank.hours import Record, records_at, totals_of
from timebank.people import VolunteerNumber
from timebank.record_life import LateReason, RecordState, RejectReason
from timebank.refusals import Refusal, Unauthenticated
from timebank.roster_files import (
    CellMissing,
    ColumnsMissing,
    DateUnreadable,
    FileUnreadable,
    KindUnknown,
    RosterRow,
    TimeUnreadable,
    read_roster,
)
from timebank.roster_imports import Imported, import_roster
from timebank.rosters import RosterTooLong, record_roster
from timebank.tables import count, find

pytestmark = pytest.mark.anyio
DAY = date(2026, 11, 19)
HEAD = ["station", "activity", "volunteer", "date", "start", "end", "kind"]


def row(volunteer: str, *, start: int = 540, station: str = "001", **more: str) -> RosterRow:
    starts, ends = instant(DAY, start), instant(DAY, start + 60)
    return RosterRow(
        station=station,
        volunteer=volunteer,
        starts=starts,
        ends=ends,
        kind=ActivityKind.ELDER,
        activity=more.get("activity"),
    )


def write(path: Path, rows: Sequence[Sequence[object]], *, encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def line(volunteer: str, start: str, end: str, **more: str) -> list[str]:
    told = {"station": "001", "activity": "", "date": "2026-11-19", "kind": "elder"} | more
    told |= {"volunteer": volunteer, "start": start, "end": end}
    return [told[column] for column in HEAD]


def named(done: Imported) -> list[tuple[int, str, str]]:
    return [(bad.row, bad.column, bad.refusal.code) for bad in done.bad]


# Requests


async def test_each_row_is_answered_and_a_bad_one_holds_up_no_other(world: World) -> None:
    clerk, who = world.staff[Role.STATION_CLERK], await world.volunteer()
    number = await world.number_of(who)
    await found_station(world, number="002", area="420102002004")
    rows = [
        row(number),
        row("WH-0000-000-0000", start=700),
        row(number, start=570),
        row(number, start=800, station="999"),
        row(number, start=800, station="002"),
        row(number, start=800, station="0\0 1"),
        row(number, start=800, activity="act_none"),
        row(number, start=900),
    ]
    told = await record_roster(clerk, rows=rows, key=key())
    assert [answer.code for answer in told.rows] == [
        None,
        "VOLUNTEER_UNKNOWN",
        "OVERLAPS",
        "STATION_UNKNOWN",
        "STATION_UNKNOWN",
        "STATION_UNKNOWN",
        "ACTIVITY_UNKNOWN",
        None,
    ]
    assert told.rows[2].details == {"record": told.rows[0].record}
    assert await count(Record) == 2


async def test_a_row_comes_in_once_even_after_its_record_was_rejected(world: World) -> None:
    clerk, who = world.staff[Role.STATION_CLERK], await world.volunteer()
    rows = [row(await world.number_of(who))]
    (first,) = (await record_roster(clerk, rows=rows * 2, key=key())).rows[:1]
    assert first.record
    await reject_hours(
        world.staff[Role.STATION_MANAGER],
        records=[first.record],
        reason=RejectReason.NOT_ATTENDED,
        key=key(),
    )
    (again,) = (await record_roster(clerk, rows=rows, key=key())).rows
    assert (again.record, again.before) == (first.record, True)
    assert await count(Record) == 1


async def test_a_dry_run_names_the_same_rows_and_writes_nothing(world: World) -> None:
    clerk, who = world.staff[Role.STATION_CLERK], await world.volunteer()
    number = await world.number_of(who)
    rows = [row(number), row(number, start=570)]
    told = await record_roster(clerk, rows=rows, key=key(), dry_run=True)
    assert [answer.code for answer in told.rows] == [None, "OVERLAPS"]
    assert (told.entry, told.rows[0].record, await count(Record)) == (None, None, 0)


async def test_a_request_has_its_limits_and_its_asker(world: World) -> None:
    clerk = world.staff[Role.STATION_CLERK]
    for rows in ([], [row("WH-1")] * 501):
        with pytest.raises(RosterTooLong):
            await record_roster(clerk, rows=rows, key=key())
    with pytest.raises(Unauthenticated):
        await record_roster(PUBLIC, rows=[row("WH-1")], key=key())
    (told,) = (await record_roster(await world.volunteer(), rows=[row("WH-1")], key=key())).rows
    assert told.code == "STATION_UNKNOWN"


async def test_a_late_roster_gives_its_reason_once(world: World) -> None:
    clerk, who = world.staff[Role.STATION_CLERK], await world.volunteer()
    rows = [row(await world.number_of(who))]
    world.clock.move(timedelta(days=9))
    (told,) = (await record_roster(clerk, rows=rows, key=key())).rows
    assert told.code == "LATE_REASON_MISSING"
    late = LateReason.PAPER_FOUND
    (told,) = (await record_roster(clerk, rows=rows, key=key(), late=late)).rows
    assert (await record_of(told.record or "")).late is late


# Files


async def volunteers(world: World, many: int) -> list[str]:
    return [await world.number_of(await world.volunteer()) for _ in range(many)]


def good_lines(numbers: Sequence[str]) -> list[list[str]]:
    """1,200 rows that fit, at most eight of one volunteer on a day."""
    slots = [
        (day, hour) for day in ("2026-11-17", "2026-11-18", "2026-11-19") for hour in range(8, 16)
    ]
    return [
        line(number, f"{hour:02d}:00", f"{hour:02d}:50", date=day)
        for day, hour in slots
        for number in numbers
    ]


async def test_a_file_names_its_bad_rows_takes_mended_ones_and_nothing_twice(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_imports, "TOGETHER", 2)
    clerk = world.staff[Role.STATION_CLERK]
    numbers = await volunteers(world, 50)
    lines = good_lines(numbers)
    lines[3][2] = "WH-9999-999-9999"
    lines[700][3] = "2026-11-31"
    lines[701][4] = "8 o'clock"
    lines[1100][5] = "07:00"
    path = write(tmp_path / "roster.csv", [HEAD, *lines])
    bad = [
        (5, "volunteer", "VOLUNTEER_UNKNOWN"),
        (702, "date", "DATE_UNREADABLE"),
        (703, "start", "TIME_UNREADABLE"),
        (1102, "end", "INTERVAL_WRONG"),
    ]
    rehearsed = await import_roster(clerk, path, dry_run=True)
    assert (rehearsed.read, rehearsed.captured, named(rehearsed)) == (1200, 1196, bad)
    assert await count(Record) == 0
    seen: list[int] = []
    done = await import_roster(clerk, path, progress=lambda so_far: seen.append(so_far.read))
    assert (done.read, done.captured, done.known, named(done)) == (1200, 1196, 0, bad)
    assert seen == [1000, 1200]
    write(path, [HEAD, *good_lines(numbers)])
    again = await import_roster(clerk, path)
    assert (again.captured, again.known, named(again)) == (4, 1196, [])
    assert await count(Record) == 1200


async def test_whoever_first_appears_far_down_a_file_is_found_there(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_imports, "MOST_ROWS", 2)
    one, other = await volunteers(world, 2)
    told = [(one, 8), (one, 9), (one, 10), (other, 8), (other, 9), ("WH-9999-999-9999", 8)]
    lines = [line(number, f"{hour:02d}:00", f"{hour:02d}:50") for number, hour in told]
    path = write(tmp_path / "r.csv", [HEAD, *lines])
    done = await import_roster(world.staff[Role.STATION_CLERK], path)
    assert (done.captured, named(done)) == (5, [(7, "volunteer", "VOLUNTEER_UNKNOWN")])


async def test_a_killed_import_goes_on_where_it_was(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_imports, "TOGETHER", 2)
    clerk = world.staff[Role.STATION_CLERK]
    path = write(tmp_path / "r.csv", [HEAD, *good_lines(await volunteers(world, 50))])

    def kill(so_far: Imported) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await import_roster(clerk, path, progress=kill)
    assert await count(Record) == 1000
    done = await import_roster(clerk, path)
    assert (done.captured, done.known, done.bad) == (200, 1000, [])


async def test_confirmed_and_accepted_rows_add_up_to_the_file_and_mint_nothing(
    world: World, tmp_path: Path
) -> None:
    numbers = await volunteers(world, 3)
    lines = good_lines(numbers)
    await import_roster(world.staff[Role.STATION_CLERK], write(tmp_path / "r.csv", [HEAD, *lines]))
    waiting = await records_at(
        world.staff[Role.STATION_MANAGER], world.station_path, RecordState.CAPTURED, limit=500
    )
    await confirmed(world, [held.id for held in waiting])
    for number in numbers:
        owner = await find(VolunteerNumber, number)
        assert owner
        mine = [held.id for held in waiting if held.volunteer == owner.person]
        await accept_hours(person(owner.person), records=mine, key=key())
        expected = sum(50 for told in lines if told[2] == number)
        total = (await totals_of([owner.person]))[owner.person]
        assert (total.minutes, total.credited) == (expected, 0)
    assert (await conservation()).minted == 0


async def test_a_dry_run_sees_a_clash_between_rows_far_apart(world: World, tmp_path: Path) -> None:
    numbers = await volunteers(world, 50)
    lines = good_lines(numbers)
    lines.append(line(numbers[0], "08:10", "08:20", date="2026-11-17"))
    path = write(tmp_path / "r.csv", [HEAD, *lines])
    done = await import_roster(world.staff[Role.STATION_CLERK], path, dry_run=True)
    assert named(done) == [(1202, "start", "OVERLAPS")]


async def test_the_rights_of_an_import_are_the_actors(world: World, tmp_path: Path) -> None:
    who = await world.volunteer()
    await captured(world, who)
    path = write(tmp_path / "r.csv", [HEAD, line(await world.number_of(who), "08:00", "09:00")])
    done = await import_roster(who, path)
    assert named(done) == [(2, "station", "STATION_UNKNOWN")]


def contents(path: Path) -> list[RosterRow | Refusal | None]:
    return [told.content or told.refusal for told in read_roster(path)]


def test_a_workbook_reads_like_the_same_table_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "roster.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        day, hour = (
            book.add_format({"num_format": "yyyy-mm-dd"}),
            book.add_format({"num_format": "hh:mm"}),
        )
        headings = [
            "志愿者编号",
            "站点编号",
            "活动编号",
            "服务日期",
            "开始时间",
            "结束时间",
            "类别",
        ]
        sheet.write_row(0, 0, headings)
        sheet.write_row(1, 0, ["wh-1", 7, ""])
        sheet.write_datetime(1, 3, datetime(2026, 11, 19), day)  # noqa: DTZ001 - a cell has no zone
        sheet.write_datetime(1, 4, time(9, 20), hour)
        sheet.write_datetime(1, 5, time(10, 35), hour)
        sheet.write_string(1, 6, "助老")
        sheet.write_row(2, 0, ["wh-1", 7, "", "2026-11-19"])
        sheet.write_datetime(2, 4, time(9, 20, 30), hour)
        sheet.write_row(2, 5, ["10:35", "助老"])
    told = ["7", "", "WH-1", "2026/11/19", "9:20", "10：35", "Elder"]
    spoilt = ["7", "", "WH-1", "2026/11/19", "9:20:30", "10:35", "Elder"]
    table = write(tmp_path / "roster.csv", [HEAD, told, spoilt])
    (row, bad), (same, bad_too) = contents(path), contents(table)
    assert isinstance(bad, TimeUnreadable)
    assert isinstance(bad_too, TimeUnreadable)
    assert row == same
    assert row == RosterRow(
        station="7",
        volunteer="WH-1",
        starts=instant(DAY, 560),
        ends=instant(DAY, 635),
        kind=ActivityKind.ELDER,
    )


def test_a_table_in_the_national_encoding_reads_too(tmp_path: Path) -> None:
    headings = ["站点", "活动", "志愿者", "日期", "开始", "结束", "类别"]
    told = ["001", "", "WH-1", "2026年11月19日", "22:00", "24:00", "环境保护"]
    path = write(tmp_path / "r.csv", [headings, [], told], encoding="gb18030")
    (only,) = read_roster(path)
    assert only.row == 3
    assert only.content
    assert only.content.ends == instant(DAY, 1440)


@pytest.mark.parametrize(
    ("changed", "column", "refusal"),
    [
        ({"station": ""}, "station", CellMissing),
        ({"station": "0" * 65}, "station", CellMissing),
        ({"activity": "a" * 65}, "activity", CellMissing),
        ({"date": "19.11"}, "date", DateUnreadable),
        ({"start": "9"}, "start", TimeUnreadable),
        ({"start": "09:60"}, "start", TimeUnreadable),
        ({"end": "24:01"}, "end", TimeUnreadable),
        ({"end": "-1:00"}, "end", TimeUnreadable),
        ({"end": "10:5"}, "end", TimeUnreadable),
        ({"kind": "party"}, "kind", KindUnknown),
    ],
)
def test_a_cell_that_does_not_read_is_named(
    changed: dict[str, str], column: str, refusal: type[Refusal], tmp_path: Path
) -> None:
    told = {"start": "09:00", "end": "10:00"} | changed
    path = write(tmp_path / "r.csv", [HEAD, line("WH-1", **told)])
    (only,) = read_roster(path)
    assert (only.row, only.column, type(only.refusal)) == (2, column, refusal)


def test_what_is_no_roster_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(ColumnsMissing) as missing:
        read_roster(write(tmp_path / "r.csv", [["station", "date"]]))
    assert missing.value.details == {"columns": "activity, volunteer, start, end, kind"}
    (tmp_path / "b.csv").write_bytes(b"\x00\xff\xfe")
    (tmp_path / "b.xlsx").write_bytes(b"PK nothing")
    for name in ("b.csv", "b.xlsx", "none.csv", "none.xlsx"):
        with pytest.raises(FileUnreadable):
            read_roster(tmp_path / name)

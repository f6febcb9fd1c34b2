"""Sheets: a roster as it is pasted from a spreadsheet, or sent as a file, and mended row by row."""

import base64
import io
import zipfile
from datetime import date, datetime, time

import pytest
import xlsxwriter

from tests.volunteering import record_of
from tests.wire import act
from tests.world import World, key
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.clock import instant
from timebank.hours import Record
from timebank.refusals import Unauthenticated
from timebank.roster_files import (
    MOST_UNPACKED_BYTES,
    ColumnsMissing,
    FileUnreadable,
    read_sheet,
)
from timebank.rosters import RosterTooLong, SheetRow, record_sheet
from timebank.tables import count

pytestmark = pytest.mark.anyio
HEAD = "志愿者编号\t日期\t开始\t结束\t类别"
DAY = date(2026, 11, 19)


def pasted(*rows: str, head: str = HEAD) -> bytes:
    return "\r\n".join([head, *rows]).encode()


async def told(world: World, sheet: bytes, *, dry_run: bool = False) -> list[SheetRow]:
    clerk = world.staff[Role.STATION_CLERK]
    _, rows = await record_sheet(clerk, sheet, key=key(), station="001", dry_run=dry_run)
    return rows


def seen(rows: list[SheetRow]) -> list[tuple[int, str, str | None]]:
    return [(row.row, row.column, row.answer.code) for row in rows]


async def test_a_pasted_sheet_goes_in_but_for_its_bad_rows_which_are_named(world: World) -> None:
    number = await world.number_of(await world.volunteer())
    sheet = pasted(
        f"{number}\t2026/11/19\t9:00\t10:30\t助老",
        f"{number}\t昨天\t9:00\t10:30\t助老",
        "",
        "WH-0000-000-0000\t2026-11-19\t9:00\t10:30\t助老",
        f"{number}\t2026-11-19\t10:00\t11:30\t助老",
        f"{number}\t2026-11-19\t12:00\t13:00\t睡觉",
    )
    wanted = [
        (2, "", None),
        (3, "date", "DATE_UNREADABLE"),
        (5, "volunteer", "VOLUNTEER_UNKNOWN"),
        (6, "start", "OVERLAPS"),
        (7, "kind", "KIND_UNKNOWN"),
    ]
    rehearsed = await told(world, sheet, dry_run=True)
    assert seen(rehearsed) == wanted
    assert (rehearsed[0].answer.record, await count(Record)) == (None, 0)

    done = await told(world, sheet)
    assert seen(done) == wanted
    assert done[1].cells["date"] == "昨天"
    record = await record_of(done[0].answer.record or "")
    assert (record.starts, record.checked_minutes) == (instant(DAY, 540), 90)
    (again, *_) = await told(world, sheet)
    assert (again.answer.record, again.answer.before) == (record.id, True)
    assert await count(Record) == 1


async def test_a_workbook_s_own_dates_and_times_are_shown_as_one_types_them(world: World) -> None:
    number = await world.number_of(await world.volunteer())
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
    hour = book.add_format({"num_format": "hh:mm"})
    sheet.write_row(0, 0, ["volunteer", "date", "start", "end", "kind"])
    sheet.write(1, 0, number)
    # A day with an hour, as a spreadsheet's own clock fills it in.
    sheet.write_datetime(1, 1, datetime.combine(DAY, time(8, 30)), day)
    sheet.write_datetime(1, 2, time(9, 0), hour)
    sheet.write_datetime(1, 3, time(11, 15), hour)
    sheet.write(1, 4, "nothing")
    book.close()

    (row,) = await told(world, file.getvalue(), dry_run=True)
    assert (row.column, row.answer.code) == ("kind", "KIND_UNKNOWN")
    assert row.cells == {
        "station": "001",
        "activity": "",
        "volunteer": number,
        "date": "2026-11-19",
        "start": "09:00",
        "end": "11:15",
        "kind": "nothing",
    }


def test_a_sheet_without_a_station_needs_one_from_whoever_sends_it() -> None:
    with pytest.raises(ColumnsMissing) as missing:
        read_sheet(pasted("x"))
    assert missing.value.columns == "station"
    (line,) = read_sheet(
        pasted("WH-1,2026-11-19,9:00,10:00,elder,007", head=HEAD.replace("\t", ",") + ",站点"),
        station="001",
    )
    assert line.content
    assert line.content.station == "007", "the sheet's own column goes before"


def test_what_is_no_sheet_is_refused_and_so_is_one_that_unpacks_to_very_much() -> None:
    bomb = io.BytesIO()
    book = xlsxwriter.Workbook(bomb, {"in_memory": True})
    book.add_worksheet().write_row(0, 0, HEAD.split("\t"))
    book.close()
    assert read_sheet(bomb.getvalue(), station="001") == []
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/media/picture.bmp", b"0" * (MOST_UNPACKED_BYTES + 1))
    for wrong in (b"PK\x03\x04 no zip", b"\xff\xfe\x00", b"a\0b", bomb.getvalue()):
        with pytest.raises(FileUnreadable):
            read_sheet(wrong, station="001")


async def test_a_sheet_has_between_one_and_five_hundred_rows(world: World) -> None:
    clerk, line = world.staff[Role.STATION_CLERK], "WH-0000-000-0000\t2026-11-19\t9:00\t10:30\t助老"
    for rows in ([], [line] * 501):
        with pytest.raises(RosterTooLong):
            await record_sheet(clerk, pasted(*rows), key=key(), station="001")
    _, most = await record_sheet(clerk, pasted(*[line] * 500), key=key(), station="001")
    assert len(most) == 500
    with pytest.raises(Unauthenticated):
        await record_sheet(PUBLIC, pasted(line), key=key())


async def test_a_sheet_on_the_wire(world: World) -> None:
    clerk, number = world.staff[Role.STATION_CLERK], await world.number_of(await world.volunteer())
    asks = "rows { row column isKnown cells { volunteer start } record { minutes }"
    asks += " userErrors { code } }"
    text = pasted(f"{number}\t2026-11-19\t9:00\t10:30\t助老").decode()
    good: dict[str, object] = {
        "row": 2,
        "column": None,
        "isKnown": False,
        "cells": {"volunteer": number, "start": "09:00"},
        "record": {"minutes": 90},
        "userErrors": [],
    }
    done = await act(world, clerk, "recordSheet", asks, text=text, station="001")
    assert done["rows"] == [good]
    file = base64.b64encode(text.replace("9:00", "25:00").encode()).decode()
    bad = await act(world, clerk, "recordSheet", asks, text="", file=file, station=" 001 ")
    assert bad["rows"][0]["column"] == "start"
    assert [error["code"] for error in bad["rows"][0]["userErrors"]] == ["TIME_UNREADABLE"]
    for file in ("no base64!", "UEsDBA=="):
        wrong = await act(world, clerk, "recordSheet", asks, file=file)
        assert [error["code"] for error in wrong["userErrors"]] == ["FILE_UNREADABLE"]

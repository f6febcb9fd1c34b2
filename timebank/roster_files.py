"""Roster files: what a CSV or XLSX file, or a pasted sheet, says, row by row.

Columns in any order, by their English or Chinese names: station, activity, volunteer, date, start,
end, kind. A cell that does not read is named with its column. Knows spellings; whether a station or
a volunteer exists is `rosters`' matter.
"""

import csv
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import msgspec
from python_calamine import CalamineError, CalamineWorkbook

from timebank.activities import ActivityKind
from timebank.clock import instant
from timebank.refusals import Refusal

HEADINGS = {
    "station": ("station", "站点", "站点编号", "服务站"),
    "activity": ("activity", "活动", "活动编号"),
    "volunteer": ("volunteer", "volunteer number", "志愿者", "志愿者编号"),
    "date": ("date", "日期", "服务日期"),
    "start": ("start", "开始", "开始时间"),
    "end": ("end", "结束", "结束时间"),
    "kind": ("kind", "类别", "服务类别"),
}

KINDS = {kind.value: kind for kind in ActivityKind} | {
    "助老": ActivityKind.ELDER,
    "助残": ActivityKind.DISABILITY,
    "关爱儿童": ActivityKind.CHILD,
    "邻里互助": ActivityKind.NEIGHBOUR_HELP,
    "社区关怀": ActivityKind.COMMUNITY_CARE,
    "环境保护": ActivityKind.ENVIRONMENT,
    "平安巡防": ActivityKind.SAFETY,
    "文化体育": ActivityKind.CULTURE,
    "大型活动": ActivityKind.GATHERING,
    "其他": ActivityKind.OTHER,
}

LONGEST_CELL = 64

FILLED_IN = ("volunteer", "date", "start", "end", "kind", "activity")
"""The columns of a sheet that a station fills in: which station, it knows."""
DATE_SHAPES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")
MINUTES_A_DAY = 24 * 60
ZIP_BEGINS = b"PK"
MOST_UNPACKED_BYTES = 32 * 1024 * 1024


class RosterRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of a roster: public numbers, instants (UTC) and a kind."""

    station: str
    volunteer: str
    starts: datetime
    ends: datetime
    kind: ActivityKind
    activity: str | None = None

    @property
    def content(self) -> str:
        """All of it in one spelling: what tells the row apart from others."""
        times = f"{_spelled_out(self.starts)}\n{_spelled_out(self.ends)}"
        who = f"{self.station}\n{self.activity or ''}\n{self.volunteer}"
        return f"roster\n{who}\n{times}\n{self.kind.value}"


def blank(language: str) -> list[str]:
    """The first line of a sheet to fill in, as it is read again."""
    return [HEADINGS[column][0 if language == "en" else -1] for column in FILLED_IN]


@lru_cache(maxsize=1024)
def _spelled_out(at: datetime) -> str:
    """An instant in one spelling, whatever zone it came in."""
    return at.astimezone(UTC).isoformat()


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line of the file by its number: what it says, or the column that does not read, and why.

    `cells` is kept of a sheet that somebody waits to mend, and of no file.
    """

    row: int
    cells: dict[str, str]
    content: RosterRow | None = None
    column: str = ""
    refusal: Refusal | None = None


# Refusals


class FileUnreadable(Refusal):
    """Neither a CSV nor an XLSX file."""

    says = "This is no CSV or XLSX file that can be read."


class ColumnsMissing(Refusal):
    """A roster names its columns in the first row."""

    says = "The first row must name the columns; missing: {columns}."
    columns: str


class CellMissing(Refusal):
    """Only the activity may be left out."""

    says = "“{column}” must not be empty and has at most {most} characters."
    column: str
    most: int


class DateUnreadable(Refusal):
    """Not a day."""

    says = "This is no date; write it like 2026-03-05."
    path = ("date",)


class TimeUnreadable(Refusal):
    """Not a time of day in whole minutes."""

    says = "This is no time of day; write it like 14:30."


class KindUnknown(Refusal):
    """Not a kind of service."""

    says = "This is no kind of service; there are: {kinds}."
    kinds: str
    path = ("kind",)


class _BadCell(Exception):
    def __init__(self, column: str, refusal: Refusal) -> None:
        self.column, self.refusal = column, refusal


# Reading


def read_roster(path: Path) -> Iterator[Line]:
    """The lines of a roster, empty ones left out, numbered as the file's own rows from 1.

    Refuses: FileUnreadable, ColumnsMissing.
    """
    rows = _workbook(path) if path.suffix.lower() in {".xlsx", ".xls", ".ods"} else _csv(path)
    numbered = enumerate(rows, 1)
    _, first = next(numbered, (1, []))
    places = _columns(first)
    return _lines(numbered, places)


def read_sheet(data: bytes, *, station: str = "", activity: str = "") -> list[Line]:
    """The lines of what somebody pasted or sent: text with tabs or commas, or an XLSX file.

    `station` is the number to use where the sheet has no such column, and `activity` what the rows
    are of that name none: activities may be missing.
    Refuses: FileUnreadable, ColumnsMissing.
    """
    rows = _packed(data) if data.startswith(ZIP_BEGINS) else _text_rows(data, pasted=True)
    numbered = enumerate(rows, 1)
    _, first = next(numbered, (1, []))
    places = _columns(first, without={"activity", *(["station"] if station else [])})
    return list(_lines(numbered, places, station=station, activity=activity, keep=True))


def _lines(
    rows: Iterable[tuple[int, list[Any]]],
    places: dict[str, int],
    *,
    station: str = "",
    activity: str = "",
    keep: bool = False,
) -> Iterator[Line]:
    for number, cells in rows:
        if not any(_text(cell) for cell in cells):
            continue
        told: dict[str, Any] = {"station": station, "activity": ""}
        told |= {column: cells[at] if at < len(cells) else "" for column, at in places.items()}
        told["activity"] = told["activity"] or activity
        shown = {column: _spelled(column, told[column]) for column in HEADINGS} if keep else {}
        try:
            yield Line(row=number, cells=shown, content=_row(told))
        except _BadCell as bad:
            yield Line(row=number, cells=shown, column=bad.column, refusal=bad.refusal)


def _workbook(path: Path) -> Iterator[list[Any]]:
    try:
        return _sheet(path.read_bytes())
    except OSError:
        raise FileUnreadable from None


def _packed(data: bytes) -> Iterator[list[Any]]:
    """A workbook from a stranger: refused if it says that it unpacks to more than 32 MiB."""
    try:
        with ZipFile(BytesIO(data)) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except (BadZipFile, ValueError, NotImplementedError):
        raise FileUnreadable from None
    if size > MOST_UNPACKED_BYTES:
        raise FileUnreadable
    return _sheet(data)


def _sheet(data: bytes) -> Iterator[list[Any]]:
    try:
        return iter(CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0).to_python())
    except (CalamineError, OSError, IndexError):
        raise FileUnreadable from None


def _csv(path: Path) -> Iterator[list[Any]]:
    try:
        return _text_rows(path.read_bytes())
    except OSError:
        raise FileUnreadable from None


def _text_rows(data: bytes, *, pasted: bool = False) -> Iterator[list[Any]]:
    """The rows of a text; what is pasted from a spreadsheet has tabs where a file has commas."""
    try:
        try:
            told = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            # Spreadsheets of this country save CSV in the national encoding.
            told = data.decode("gb18030")
        if "\0" in told:
            raise FileUnreadable
        first = told.partition("\n")[0]
        between = "\t" if pasted and "\t" in first else ","
        return iter(list(csv.reader(StringIO(told, newline=""), delimiter=between)))
    except (UnicodeDecodeError, csv.Error):
        raise FileUnreadable from None


def _columns(first: list[Any], *, without: Collection[str] = ()) -> dict[str, int]:
    named = {_text(cell).lower(): at for at, cell in reversed(list(enumerate(first)))}
    places = {
        column: named[name] for column, names in HEADINGS.items() for name in names if name in named
    }
    missing = [column for column in HEADINGS if column not in places and column not in without]
    if missing:
        raise ColumnsMissing(columns=", ".join(missing))
    return places


def _row(told: dict[str, Any]) -> RosterRow:
    day = _day(told["date"])
    kind = KINDS.get(_text(told["kind"]).lower())
    if kind is None:
        raise _BadCell("kind", KindUnknown(kinds=", ".join(k.value for k in ActivityKind)))
    return RosterRow(
        station=_code(told, "station"),
        volunteer=_code(told, "volunteer").upper(),
        activity=_code(told, "activity") if _text(told["activity"]) else None,
        starts=instant(day, _minute(told, "start")),
        ends=instant(day, _minute(told, "end")),
        kind=kind,
    )


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # a spreadsheet's number 1 reads as 1.0
    return str(cell).strip()


def _spelled(column: str, cell: Any) -> str:
    """A cell as somebody would type it again: a spreadsheet's own dates and times are no text."""
    try:
        if column == "date":
            return _day(cell).isoformat()
        if column in ("start", "end"):
            minute = _minute({column: cell}, column)
            return f"{minute // 60:02d}:{minute % 60:02d}"
    except _BadCell:
        pass
    return _text(cell)


def _code(told: dict[str, Any], column: str) -> str:
    text = _text(told[column])
    if not 0 < len(text) <= LONGEST_CELL:
        raise _BadCell(column, CellMissing(column=column, most=LONGEST_CELL))
    return text


def _day(cell: Any) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    day = _day_said(_text(cell))
    if day is None:
        raise _BadCell("date", DateUnreadable())
    return day


@lru_cache(maxsize=1024)  # a file has few days, and few times of day
def _day_said(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    for shape in DATE_SHAPES:
        try:
            return datetime.strptime(text, shape).date()  # noqa: DTZ007 - only its day is used
        except ValueError:
            continue
    return None


def _minute(told: dict[str, Any], column: str) -> int:
    """Minutes since midnight; 24:00 ends a day."""
    cell = told[column]
    if isinstance(cell, datetime):
        cell = cell.time()
    if isinstance(cell, time):
        cell = timedelta(hours=cell.hour, minutes=cell.minute, seconds=cell.second)
    if isinstance(cell, float) and 0 <= cell <= 1:
        cell = timedelta(seconds=round(cell * 86400))
    if isinstance(cell, timedelta):
        whole, rest = divmod(cell, timedelta(minutes=1))
        minutes = None if rest else whole
    else:
        minutes = _minute_said(_text(cell))
    if minutes is None or not 0 <= minutes <= MINUTES_A_DAY:
        raise _BadCell(column, TimeUnreadable())
    return minutes


@lru_cache(maxsize=1024)
def _minute_said(text: str) -> int | None:
    hours, colon, rest = text.replace("：", ":").partition(":")
    digits = hours.isascii() and hours.isdigit() and len(hours) <= 2
    if not (colon and digits and rest.isascii() and rest.isdigit() and len(rest) == 2):
        return None
    return int(hours) * 60 + int(rest) if int(rest) <= 59 else None

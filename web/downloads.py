"""Downloads: files that a person takes away, with the permissions of whoever asks.

Knows file names and headers; what may be had is decided where everything is.
"""

import csv
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from io import BytesIO, StringIO
from pathlib import Path

import msgspec
import xlsxwriter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from schema.context import Context
from timebank import (
    divisions,
    entries,
    portability,
    roster_files,
    statistics,
    unit_statements,
)
from timebank.activities import ActivityKind
from timebank.divisions import CITY, areas_by_code
from timebank.exports import defused
from timebank.funding.portfolio import Given, given_in, given_of
from timebank.refusals import NotFound
from timebank.solvency import StationLine, minutes_in
from timebank.texts import read_texts
from web.pages.public import Counted

UNSIGNED = "This entry is not signed yet; try again in a moment."
MISSING = "There is no receipt for you here. Sign in as whoever it concerns."
PLAIN = {"strings_to_formulas": False, "strings_to_urls": False}
COLUMNS, WIDTH = 8, 18
PRIVATE = {"cache-control": "no-store"}
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Downloads:
    """The routes of files; `context_of` finds out who asks."""

    def __init__(self, context_of: Callable[[Request], Awaitable[Context]]) -> None:
        self._context_of = context_of

    def routes(self) -> list[Route]:
        """Where files are had."""
        return [
            Route("/receipts/{seq:int}", self.receipt),
            Route("/my-data/copy.txt", self.copy),
            Route("/rosters.csv", self.roster),
            Route("/rosters.xlsx", self.roster),
            Route("/u/{link}/statement.csv", self.statement),
            Route("/ledger/stations.csv", self.stations),
            Route("/statistics.csv", self.statistics),
            Route("/statistics.xlsx", self.statistics),
            Route("/money/{year:int}.csv", self.given_csv),
            Route("/money/{year:int}.xlsx", self.given_sheet),
            Route("/money/sources/{source}.csv", self.given_csv),
            Route("/money/sources/{source}.xlsx", self.given_sheet),
        ]

    async def statistics(self, request: Request) -> Response:
        """What the page of that address shows, and month by area by kind, as a spreadsheet."""
        context = await self._context_of(request)
        asked = Counted.of(request.query_params, context.clock.now())
        if asked.kind not in (None, *ActivityKind.__members__):
            return PlainTextResponse("", status_code=404, headers=PRIVATE)
        kind = ActivityKind[asked.kind] if asked.kind else None
        told = await statistics.statistics(asked.area, asked.since, asked.until, kind=kind)
        held = await areas_by_code([asked.area, *(code for code, _ in told.areas)])
        names = {code: area.name for code, area in held.items()}
        rows: list[tuple[str, str, str, str, int]] = [
            ("total", "", names.get(asked.area, asked.area), asked.kind or "", told.minutes)
        ]
        rows += [("month", month, "", "", minutes) for month, minutes in told.months]
        rows += [("kind", "", "", kind.name, minutes) for kind, minutes in told.kinds]
        rows += [("area", "", names.get(code, code), "", minutes) for code, minutes in told.areas]
        rows += [
            ("cell", one.month, names.get(one.area, one.area), one.kind.name, one.minutes)
            for one in told.cells
        ]
        told_as = _workbook if request.url.path.endswith(".xlsx") else _sheet
        return told_as([("part", "month", "area", "kind", "minutes"), *rows], "statistics")

    async def roster(self, request: Request) -> Response:
        """An empty roster to fill in, for everybody."""
        told_as = _workbook if request.url.path.endswith(".xlsx") else _sheet
        context = await self._context_of(request)
        return told_as([roster_files.blank(context.language)], "timebank-roster")

    async def stations(self, request: Request) -> Response:
        """The minutes of every station that an area is responsible for, for everybody."""
        area = await divisions.area(request.query_params.get("area", CITY))
        if area is None:
            return PlainTextResponse("", status_code=404)
        name = f"timebank-stations-{area.code}"
        return _streamed(StationLine, minutes_in(area.path), name)

    async def receipt(self, request: Request) -> Response:
        """The receipt of an entry, waiting until it is signed; its name says if it is witnessed.

        503 where that takes longer; 404 for what is not there and for what is not the asker's.
        """
        context = await self._context_of(request)
        seq: int = request.path_params["seq"]
        told = await entries.issued(context.actor, seq, wait=True)
        if told is None and await entries.entries(context.actor, [seq]):
            says = context.translate(UNSIGNED)
            return PlainTextResponse(says, status_code=503, headers=PRIVATE | {"retry-after": "2"})
        if told is None:
            return PlainTextResponse(context.translate(MISSING), status_code=404, headers=PRIVATE)
        name = f'attachment; filename="timebank-receipt-{seq}-{told.state}.txt"'
        return PlainTextResponse(told.text, headers=PRIVATE | {"content-disposition": name})

    async def copy(self, request: Request) -> Response:
        """What is kept of whoever asks, as a signed file; 404 for whoever is not signed in."""
        context = await self._context_of(request)
        try:
            told = await portability.copy_for(context.actor)
        except NotFound:
            return PlainTextResponse("", status_code=404, headers=PRIVATE)
        name = 'attachment; filename="timebank-copy.txt"'
        return PlainTextResponse(told, headers=PRIVATE | {"content-disposition": name})

    async def statement(self, request: Request) -> Response:
        """What a member sent to their work unit, by the unit's link; 404 once that ended."""
        held = await unit_statements.statement_behind(request.path_params["link"])
        if held is None:
            return PlainTextResponse("", status_code=404, headers=PRIVATE)
        names = await unit_statements.names_on([held.id])
        remarks = await read_texts([held.id], "remark")
        comments = await read_texts([held.id], "comment")
        row = {
            "name": names.get(held.id) or "",
            "first_day": held.first_day.isoformat(),
            "last_day": held.last_day.isoformat(),
            "minutes": str(held.minutes),
            "duty_minutes": str(held.duty_minutes),
            "posts": str(held.posts),
            "wishes": str(held.wishes),
            "remark": remarks.get(held.id, ""),
            "comment": comments.get(held.id, ""),
        }
        return _sheet([tuple(row), tuple(row.values())], "timebank-statement")

    async def given_csv(self, request: Request) -> Response:
        """Who was given a year's or a source's money for what, for everybody, however long."""
        rows, name = _asked(request)
        return _streamed(Given, rows, name)

    async def given_sheet(self, request: Request) -> Response:
        """The same as a workbook, written to disk row by row and gone when it was sent."""
        rows, name = _asked(request)
        file = Path(tempfile.mkdtemp(prefix="timebank-money-")) / f"{name}.xlsx"
        try:
            await _write_sheet(file, rows)
        except BaseException:
            shutil.rmtree(file.parent, ignore_errors=True)
            raise
        gone = BackgroundTask(shutil.rmtree, file.parent, ignore_errors=True)
        return FileResponse(file, filename=file.name, media_type=SHEET, background=gone)


def _asked(request: Request) -> tuple[AsyncIterator[Given], str]:
    """The list that a request asks for, and what its file is called."""
    year: int | None = request.path_params.get("year")
    if year is not None:
        return given_in(year), f"timebank-money-{year}"
    source: str = request.path_params["source"]
    # What stands in an address stands in no header.
    return given_of(source), "timebank-money-source"


def _sheet(rows: Iterable[Iterable[str | int]], name: str) -> Response:
    """Rows as CSV of that file name; no cell of it is taken for a formula."""
    told = StringIO()
    csv.writer(told).writerows([defused(str(cell)) for cell in row] for row in rows)
    # Spreadsheet programs take a file without the mark for one in an old code page.
    return Response(
        told.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers=PRIVATE | {"content-disposition": f'attachment; filename="{name}.csv"'},
    )


def _workbook(rows: Iterable[Iterable[str | int]], name: str) -> Response:
    """A few rows as a workbook of that file name; what is a number is one there.

    What somebody writes below them stays as they write it: no number loses its zeros.
    """
    told = BytesIO()
    with xlsxwriter.Workbook(told, PLAIN | {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.set_column(0, COLUMNS - 1, WIDTH, book.add_format({"num_format": "@"}))
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    name = f'attachment; filename="{name}.xlsx"'
    headers = PRIVATE | {"content-disposition": name}
    return Response(told.getvalue(), media_type=SHEET, headers=headers)


def _streamed(
    line: type[msgspec.Struct], rows: AsyncIterator[msgspec.Struct], name: str
) -> Response:
    """Rows of one kind as CSV of that file name, sent as they are read."""
    media = "text/csv; charset=utf-8"
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(_csv_of(line, rows), media_type=media, headers=headers)


async def _csv_of(
    line: type[msgspec.Struct], rows: AsyncIterator[msgspec.Struct]
) -> AsyncIterator[str]:
    yield "\ufeff" + ",".join(line.__struct_fields__) + "\r\n"
    async for row in rows:
        told = StringIO()
        csv.writer(told).writerow(defused(str(value)) for value in msgspec.structs.astuple(row))
        yield told.getvalue()


async def _write_sheet(file: Path, rows: AsyncIterator[Given]) -> None:
    with xlsxwriter.Workbook(file, PLAIN | {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, Given.__struct_fields__)
        at = 0
        async for row in rows:
            at += 1
            values = msgspec.structs.astuple(row)
            sheet.write_row(at, 0, [v if isinstance(v, int) else str(v) for v in values])

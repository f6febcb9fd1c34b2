"""Downloads: files that a person takes away, with the permissions of whoever asks.

Knows file names and headers; what may be had is decided where everything is.
"""

import csv
from collections.abc import Awaitable, Callable
from io import StringIO

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from schema.context import Context
from timebank import entries, unit_statements
from timebank.exports import defused

UNSIGNED = "This entry is not signed yet; try again in a moment."
MISSING = "There is no receipt for you here. Sign in as whoever it concerns."
PRIVATE = {"cache-control": "no-store"}


class Downloads:
    """The routes of files; `context_of` finds out who asks."""

    def __init__(self, context_of: Callable[[Request], Awaitable[Context]]) -> None:
        self._context_of = context_of

    def routes(self) -> list[Route]:
        """Where files are had."""
        return [
            Route("/receipts/{seq:int}", self.receipt),
            Route("/u/{link}/statement.csv", self.statement),
        ]

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

    async def statement(self, request: Request) -> Response:
        """What a member sent to their work unit, by the unit's link; 404 once that ended."""
        held = await unit_statements.statement_behind(request.path_params["link"])
        if held is None:
            return PlainTextResponse("", status_code=404, headers=PRIVATE)
        told = StringIO()
        told.write("\ufeff")
        table = csv.writer(told)
        names = await unit_statements.names_on([held.id])
        remarks = await unit_statements.words_on([held.id], "remark")
        comments = await unit_statements.words_on([held.id], "comment")
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
        table.writerow(row)
        table.writerow(map(defused, row.values()))
        name = 'attachment; filename="timebank-statement.csv"'
        return PlainTextResponse(told.getvalue(), headers=PRIVATE | {"content-disposition": name})

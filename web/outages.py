"""What is served where a route fails: while the database is away, that asking again does no harm.

Knows which faults mean that, and that of a bug the log gets the places and nobody what it said: the
server would print it whole. Pages and the API say the same in their own forms
(`web.pages.rendering`, `web.graphql`).
"""

import structlog
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.outages import is_away
from timebank import bugs
from timebank.refusals import LedgerAway

log = structlog.get_logger("timebank.web")


FAILED = "Something went wrong on our side."


class Broken(Exception):
    """An answer that had begun cannot be ended; the log says why."""


class Outages:
    """Answers 503 where a route that said nothing yet failed for want of the database, else 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            if is_away(error):
                log.error("ledger_away", error=type(error).__name__)
                headers = {"retry-after": str(LedgerAway.retry_after)}
                response = PlainTextResponse(LedgerAway.says, status_code=503, headers=headers)
            else:
                log.error("route_failed", **bugs.told(error))
                response = PlainTextResponse(FAILED, status_code=500)
            if begun:
                raise Broken from None
            await response(scope, receive, send)

"""What is served while the database is away: that it is, and that asking again does no harm.

Knows which faults of any route mean that, and answers so in place of a failure of ours. Pages and
the API say the same in their own forms (`web.pages.rendering`, `web.graphql`).
"""

import structlog
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.outages import is_away
from timebank.refusals import LedgerAway

log = structlog.get_logger("timebank.web")


class Outages:
    """Answers 503 where a route failed for want of the database and said nothing yet."""

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
            if begun or not is_away(error):
                raise
            log.error("ledger_away", error=type(error).__name__)
            headers = {"retry-after": str(LedgerAway.retry_after)}
            response = PlainTextResponse(LedgerAway.says, status_code=503, headers=headers)
            await response(scope, receive, send)

"""Positions: whoever wrote sees it, also where questions are answered by a replica.

An answer to a request that wrote carries the database's position after it, as a header for
programs and as a cookie for browsers; whoever sends it back is answered by nothing older. Knows the
header and the cookie. Where there is no replica nothing is said and nothing is read.
"""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from timebank import replicas
from timebank.replicas import Sight, position_of, position_text

POSITION = "timebank-position"
KEPT_SECONDS = 600
"""A replica that is behind for longer has been passed over long since."""


class Positions:
    """Gives each request its sight, and each answer to one that wrote its position."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or replicas.standby() is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        said = (request.headers.get(POSITION, ""), request.cookies.get(POSITION, ""))
        sight = Sight(max(position_of(text) or 0 for text in said))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and sight.wrote:
                text = position_text(await replicas.position())
                headers = MutableHeaders(scope=message)
                headers[POSITION] = text
                headers.append("set-cookie", _cookie(request, text))
            await send(message)

        with replicas.seeing(sight):
            await self._app(scope, receive, sending)


def _cookie(request: Request, text: str) -> str:
    """The cookie as a header's value."""
    made = Response()
    secure = request.url.scheme == "https"
    made.set_cookie(
        POSITION, text, max_age=KEPT_SECONDS, secure=secure, httponly=True, samesite="lax"
    )
    return made.headers["set-cookie"]

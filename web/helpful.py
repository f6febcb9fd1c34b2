"""Helpful errors: whoever stands at a browser gets a page, whatever said no.

A download that is not there, an address that leads nowhere, a server that failed: they answer in a
line of text, which programs read. Asked for by a browser's window, that answer becomes the page
that says what to do. JSON and pages stay as they are.
"""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.pages.rendering import Pages
from web.pages.troubles import REFUSED, trouble_of

MOST_SAID = 1000


class Helpful:
    """Puts the page of a trouble in the place of plain text, where a browser's window asked."""

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self.app, self.pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _by_a_window(scope):
            await self.app(scope, receive, send)
            return
        held: list[bytes] = []
        answered: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start" and _is_plain_trouble(message):
                answered = message
            elif answered is None:
                await send(message)
            else:
                held.append(message.get("body", b""))

        try:
            await self.app(scope, receive, sending)
        finally:
            if answered is not None:
                await self._say(scope, receive, send, answered["status"], b"".join(held))

    async def _say(
        self, scope: Scope, receive: Receive, send: Send, status: int, body: bytes
    ) -> None:
        request = Request(scope, receive)
        trouble = trouble_of(status) or REFUSED
        said = body[:MOST_SAID].decode("utf-8", "replace") if trouble is REFUSED else ""
        context = await self.pages.whoever(request)
        page = self.pages.trouble(request, context, trouble, said=said)
        await page(scope, receive, send)


def _by_a_window(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _is_plain_trouble(message: Message) -> bool:
    status: int = message["status"]
    media = Headers(raw=message["headers"]).get("content-type", "text/plain")
    return status >= 400 and media.startswith("text/plain")

"""Packing: pages and their files are compressed where their length gives nothing away (web 1).

What is compressed tells by its length whether a text that a stranger chose stands in it twice, and
so lets secrets of the same page be guessed a letter at a time (BREACH). A stranger has to make the
browser ask for that: what another site leads to is sent as it is, and browsers say so themselves.
For one too old to say, no token of a page is ever the same twice (`forms.csrf_token`), and the
session's cookie stays away from whatever another site embeds.
"""

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

LEVEL = 4
OWN = frozenset({"same-origin", "none"})


class Packed(GZipMiddleware):
    """Compresses what a browser takes compressed, unless another site's page leads to it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if Headers(scope=scope).get("sec-fetch-site", "none") in OWN:
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


PAGES = [Middleware(Packed, compresslevel=LEVEL)]
FILES = [Middleware(GZipMiddleware, compresslevel=LEVEL)]
"""Files are the same for everybody, so that their length tells nothing."""

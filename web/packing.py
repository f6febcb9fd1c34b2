"""Packing: pages and their files are compressed where their length gives nothing away (web 1).

What is compressed tells by its length whether a text that a stranger chose stands in it twice, and
so lets secrets of the same page be guessed a letter at a time (BREACH). A stranger has to make the
browser ask for that: what another site leads to is sent as it is, and browsers say so themselves.
For one too old to say, no token of a page is ever the same twice (`forms.csrf_token`), and the
session's cookie stays away from whatever another site embeds.
"""

import asyncio
import gzip

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response

LEVEL = 4
OWN = frozenset({"same-origin", "none"})
SHORTEST = 500
"""Bytes of a page that is worth the trouble."""
LONG = 128 * 1024
"""Bytes that take so long that nobody else should wait for them."""
FILES = [Middleware(GZipMiddleware, compresslevel=LEVEL)]
"""Files are the same for everybody, so that their length tells nothing."""


async def packed(request: Request, page: Response) -> Response:
    """A page, compressed if the browser takes that, unless another site's page leads to it."""
    headers, body = request.headers, bytes(page.body)
    if len(body) < SHORTEST or headers.get("sec-fetch-site", "none") not in OWN:
        return page
    page.raw_headers.append((b"vary", b"Accept-Encoding"))
    if "gzip" in headers.get("accept-encoding", ""):
        if len(body) < LONG:
            page.body = _gzipped(body)
        else:
            page.body = await asyncio.to_thread(_gzipped, body)
        page.headers["content-length"] = str(len(page.body))
        page.headers["content-encoding"] = "gzip"
    return page


def _gzipped(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)

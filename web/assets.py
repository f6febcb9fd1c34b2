"""Assets: files with their hash in the address, so that they may be kept for ever (web 1)."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

STATIC = Path(__file__).parent / "static"
SCOPES = {"worker.js": "/desk"}
"""Where a service worker may show pages: it lies in another folder than they."""


@cache
def asset(name: str) -> str:
    """The address of a file, changing with its content."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:16]}"


@cache
def names() -> frozenset[str]:
    """The files there are; nothing else is served, whatever the address says."""
    return frozenset(str(path.relative_to(STATIC)) for path in STATIC.rglob("*") if path.is_file())


async def serve(request: Request) -> Response:
    """One file."""
    name = request.path_params["name"]
    if name not in names():
        return Response(status_code=404)
    kept = {"cache-control": "public, max-age=31536000, immutable"}
    if name in SCOPES:
        kept |= {"service-worker-allowed": SCOPES[name]}
    return FileResponse(STATIC / name, headers=kept)

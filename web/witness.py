"""A witness over HTTP: the one route of C2SP tlog-witness.

Knows statuses, content types and how much it reads. Every judgement is `ledger.witness`'s.
"""

import asyncio
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ledger.submission import MAX_SUBMISSION, SIZE_TYPE, size_body
from ledger.witness import Conflict, Refused, Witness

SECONDS_TO_SEND = 10.0


class AddCheckpoint:
    """Answers `add-checkpoint`; `clock` tells seconds since 1970, UTC."""

    def __init__(self, witness: Witness, clock: Callable[[], int]) -> None:
        self.witness = witness
        self.clock = clock

    async def answer(self, request: Request) -> Response:
        """The cosignature, or the refusal that the specification asks for."""
        try:
            async with asyncio.timeout(SECONDS_TO_SEND):
                body = await _limited(request)
        except TimeoutError:
            return _told(408, "the request took too long")
        if body is None:
            return _told(413, "a request has at most 64 KiB")
        try:
            line = await asyncio.to_thread(self.witness.add, body, now=self.clock())
        except Conflict as conflict:
            # Not `media_type`: that would add a charset to it.
            return Response(size_body(conflict.size), 409, {"content-type": SIZE_TYPE})
        except Refused as refused:
            return _told(refused.status, str(refused))
        return PlainTextResponse(line)


async def _limited(request: Request) -> bytes | None:
    """The body; None as soon as it is longer than any request may be."""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > MAX_SUBMISSION:
            return None
    return bytes(parts)


def _told(status: int, detail: str) -> Response:
    return PlainTextResponse(f"{detail}\n", status)


def build(witness: Witness, *, clock: Callable[[], int]) -> Starlette:
    """The application of an open witness."""
    answer = AddCheckpoint(witness, clock).answer
    return Starlette(routes=[Route("/add-checkpoint", answer, methods=["POST"])])

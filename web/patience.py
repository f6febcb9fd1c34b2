"""Slow senders: how long a request may take to arrive.

Knows nothing of what is sent. Who stops sending holds a connection and nothing else, and not for
good; a telephone on a bad line has time enough.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from timebank.begun import begin

SECONDS_OF_SILENCE = 20.0
"""The longest wait for the next part of a body."""
SECONDS_TO_SEND = 300.0
"""The longest a whole body may take."""


class Patience:
    """Answers 408 where a body does not come, and hangs up on the route that waits for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        until = asyncio.get_running_loop().time() + SECONDS_TO_SEND
        whole = given_up = False

        async def receiving() -> Message:
            nonlocal whole, given_up
            if whole:
                return await receive()
            # Most bodies are there when they are asked for: only of others is the time looked at.
            coming = begin(cast("Coroutine[Any, Any, Message]", receive()))
            if not coming.done():
                left = until - asyncio.get_running_loop().time()
                try:
                    async with asyncio.timeout(min(left, SECONDS_OF_SILENCE)):
                        await coming
                except TimeoutError:
                    whole = given_up = True
                    says = PlainTextResponse("The request took too long to arrive.", 408)
                    await says(scope, receive, send)
                    return {"type": "http.disconnect"}
            message = coming.result()
            whole = not message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            # What the route says to a request that it never got is nobody's to hear.
            if not given_up:
                await send(message)

        try:
            await self._app(scope, receiving, sending)
        except ClientDisconnect:
            if not given_up:
                raise

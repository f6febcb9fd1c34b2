"""Frames of a socket, a little at a time: what uvicorn is given in place of its own protocol.

The library parses whatever one read brought, ten thousand of the smallest frames at a go, and goes
on doing so for whoever was told to leave; everybody else waits meanwhile (measured: 5 s under four
floods). Here a slice is parsed, then others have their turn, and the next waits until the
application took what was in it. Knows bytes and buffers; refuses to know what a message says. The
library's methods that are relied on are not public: its version is bounded in pyproject.toml, and
the tests send floods.
"""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

SLICE = 1024
"""Bytes parsed at a go: 170 of the smallest frames."""

UNTAKEN_MAX = 1024 * 1024
PIECES_MAX = 64
AFTER_END_MAX = 16 * 1024


class Frames(WebSocketsSansIOProtocol):
    """One connection. Give it to uvicorn as `ws`."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._left = bytearray()
        self._after_end = 0

    def data_received(self, data: bytes) -> None:
        """Keep what came, and take as much of it as may be taken now."""
        begun = bool(self._left)
        self._left += data
        if self.close_sent and len(self._left) > AFTER_END_MAX:
            self._left.clear()
            self.transport.abort()
        elif not begun or self.close_sent:
            # Once it is over the application takes nothing more: what is left waits for nobody.
            self._take()

    def _take(self) -> None:
        if self.transport.is_closing():
            self._left.clear()
            return
        told, self._left = bytes(self._left[:SLICE]), self._left[SLICE:]
        self._after_end += len(told) if self.close_sent else 0
        super().data_received(told)
        if self._is_too_much():
            self._left.clear()
            self.transport.abort()
        elif not self._left:
            if self.read_paused and self.queue.empty():
                self.read_paused = False
                self.transport.resume_reading()
        else:
            if not self.read_paused:
                self.read_paused = True
                self.transport.pause_reading()
            if self.queue.empty() or self.close_sent:
                # Nothing the application could take, be it that a message is not whole yet.
                self.loop.call_soon(self._take)

    def _is_too_much(self) -> bool:
        """Whether they take nothing, send a message in ever more pieces, or do not leave."""
        untaken = self.transport.get_write_buffer_size()
        pieces, after = len(self.frames), self._after_end
        return untaken > UNTAKEN_MAX or pieces > PIECES_MAX or after > AFTER_END_MAX

    async def receive(self) -> Any:
        """The next message for the application; when it took all there are, more is parsed."""
        message = await super().receive()
        if self._left and self.queue.empty():
            self._take()
        return message

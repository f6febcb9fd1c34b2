"""One HTTP exchange with somebody who may be hostile: a body there, a short answer back.

Knows how much is read, how long is waited, and that a redirect is an answer like any other: nobody
is followed anywhere. Refuses to know what is said.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

import httptools
import msgspec

MAX_ANSWER: Final = 4096
MAX_HEAD: Final = 8192
PLAIN: Final[Mapping[str, str]] = {"Content-Type": "text/plain; charset=utf-8"}

_CHUNK = 4096


class Fault(Exception):
    """No answer that can be used; the message says why, in words of ours."""


class Reply(msgspec.Struct, frozen=True):
    """Status and body, which has at most 4 KiB."""

    status: int
    body: bytes


class Correspondent:
    """One server, asked by POST over connections of its own.

    Names are looked up in a thread of its own: a name server that stalls delays this one alone.
    """

    def __init__(self, url: str) -> None:
        """Args: url, http or https, with the path that is posted to."""
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._authority = parts.netloc
        self._path = parts.path or "/"
        self._trust: ssl.SSLContext | None = None
        self._names = ThreadPoolExecutor(1, thread_name_prefix="name")

    def close(self) -> None:
        """Look up no more names."""
        self._names.shutdown(wait=False, cancel_futures=True)

    async def post(
        self, body: bytes, *, seconds: float, headers: Mapping[str, str] = PLAIN
    ) -> Reply:
        """The answer to a body; refuses with Fault whatever takes longer or says more.

        Args: headers, of the body, by their names, with no line's end in any.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._post(body, headers)
        except TimeoutError:
            raise Fault(f"no answer within {seconds:g} s") from None
        except (OSError, UnicodeError, asyncio.LimitOverrunError) as error:
            raise Fault(f"not reached: {type(error).__name__}") from error

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        reader, writer = await self._connected()
        try:
            writer.write(self._head(len(body), headers) + body)
            return await _read_reply(reader)
        finally:
            # Not `close`, which would wait for a peer to take what is still unsent.
            writer.transport.abort()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        if self._secure and self._trust is None:
            self._trust = await loop.run_in_executor(self._names, ssl.create_default_context)
        found = await loop.run_in_executor(
            self._names, lambda: socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        )
        name = self._host if self._secure else None
        refused: OSError = OSError("no address")
        for address in dict.fromkeys(str(one[4][0]) for one in found):
            try:
                return await asyncio.open_connection(
                    address, self._port, ssl=self._trust, server_hostname=name, limit=2 * _CHUNK
                )
            except OSError as error:
                refused = error
        raise refused

    def _head(self, length: int, headers: Mapping[str, str]) -> bytes:
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return (
            f"POST {self._path} HTTP/1.1\r\nHost: {self._authority}\r\nConnection: close\r\n"
            f"{told}Content-Length: {length}\r\n\r\n"
        ).encode("ascii")


class _Answer:
    """What the parser has seen so far."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.headed = self.complete = self.measured = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self.measured = True

    def on_headers_complete(self) -> None:
        self.headed = True

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


async def _read_reply(reader: asyncio.StreamReader) -> Reply:
    answer = _Answer()
    parser = httptools.HttpResponseParser(answer)
    taken = 0
    while not answer.complete:
        data = await reader.read(_CHUNK)
        taken += len(data)
        if len(answer.body) > MAX_ANSWER or taken > MAX_HEAD + MAX_ANSWER:
            raise Fault("an answer that does not end")
        if not data:
            # Without a length the end of the connection is the end of the answer.
            if answer.headed and not answer.measured:
                break
            raise Fault("an answer that was broken off")
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            # What follows a whole answer is nobody's business.
            if not answer.complete:
                raise Fault("not HTTP") from error
    if len(answer.body) > MAX_ANSWER:
        raise Fault("an answer that does not end")
    return Reply(parser.get_status_code(), bytes(answer.body))

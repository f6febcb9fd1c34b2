"""Logs without a database for whoever watches logs, and witnesses that listen, honest and not."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, Signer, sign
from ledger.merkle import (
    EMPTY_ROOT,
    TILE_HEIGHT,
    Tile,
    grow,
    plan_consistency,
    plan_root,
)
from ledger.submission import build_submission
from ledger.witness import Conflict, Witness
from tests.ledgers import SIGNER
from tests.served import served
from web import witness as app

SECRET = b"s" * 32


class Tree:
    """A tree of so many leaves; two of one `kind` share their beginning, others share nothing."""

    def __init__(self, size: int, *, kind: str = "", signer: Signer = SIGNER) -> None:
        leaves = [hashlib.sha256(f"{kind}{number}".encode()).digest() for number in range(size)]
        self._signer = signer
        self._hashes = {(0, number): leaf for number, leaf in enumerate(leaves)}
        for stored in grow(0, (), leaves)[1]:
            self._hashes[stored.level, stored.index] = stored.hash

    def note(self, size: int) -> str:
        """The signed checkpoint of a size."""
        return sign(Checkpoint(self._signer.verifier.name, size, self.root(size)), self._signer)

    def root(self, size: int) -> bytes:
        """The root of a size."""
        return plan_root(size).hashes(self._tile)[0] if size else EMPTY_ROOT

    def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof from one size to another; nothing leads from size 0."""
        return plan_consistency(old, new).hashes(self._tile) if old else ()

    def request(self, old: int, new: int) -> bytes:
        """The honest `add-checkpoint` request."""
        return build_submission(old, self.proof(old, new), self.note(new))

    def _tile(self, tile: Tile) -> bytes:
        first = tile.index << TILE_HEIGHT
        there = (self._hashes.get((tile.level, first + number)) for number in range(256))
        return b"".join(hash for hash in there if hash is not None)


def new_witness(directory: Path, name: str = "w.example") -> Witness:
    """A fresh witness of the tests' log."""
    return Witness(directory, [SIGNER.verifier], secret=SECRET, name=name)


def known(witness: Witness, body: bytes) -> int:
    """The size that a conflict names."""
    with pytest.raises(Conflict) as conflict:
        witness.add(body, now=1)
    assert conflict.value.status == 409
    return conflict.value.size


# Listening


Behaviour = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""What a server does with the body it was sent, on the connection to whoever sent it."""


@asynccontextmanager
async def listening(
    witness: Witness, *, certificate: Path | None = None, key: Path | None = None
) -> AsyncIterator[str]:
    """A witness served as its command serves it, over TLS with a certificate; gives its address."""
    built = app.build(witness, clock=lambda: 1)
    async with served(built, ssl_certfile=certificate, ssl_keyfile=key) as port:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"


@asynccontextmanager
async def answering(behaviour: Behaviour) -> AsyncIterator[str]:
    """A server that does anything at all with each request; gives its address."""
    open_ones: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ones.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await behaviour(await reader.readexactly(length), writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
            open_ones.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/prefix/"
    finally:
        server.close()
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)


def saying(raw: bytes) -> Behaviour:
    """Whatever it is asked, the same bytes."""

    async def say(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return say


def reply(status: int, body: bytes, *more: str) -> bytes:
    """A well-formed answer."""
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *more, "", ""]
    return "\r\n".join(head).encode() + body

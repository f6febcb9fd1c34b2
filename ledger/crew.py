"""A crew: processes that check the segments of a large ledger side by side.

Knows how shares are handed out and how what they find comes back in order. Each process is started
afresh with this module alone: what multiprocessing starts imports the caller's main program first,
which takes longer than the work. Refuses to judge anything: `ledger.chain` does.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from typing import BinaryIO

import msgspec

from ledger.chain import Segment, check_segment
from ledger.reader import Unreadable, open_reader

_LENGTH = 8


class _Share(msgspec.Struct, frozen=True):
    """Every `apart`-th segment of `length` entries from `first` on, all before `end`."""

    url: str
    first: int
    end: int
    length: int
    apart: int


class _Broken(msgspec.Struct, frozen=True, tag=True):
    """The database that could not be read."""

    what: str


class _Found(msgspec.Struct, frozen=True, tag=True):
    segment: Segment


async def check_apart(
    url: str, first: int, end: int, *, length: int, processes: int
) -> AsyncGenerator[Segment]:
    """Each segment from `first` to before `end` in order, checked by so many processes.

    Refuses with Unreadable as `check_segment` does, and where a process dies.
    """
    async with contextlib.AsyncExitStack() as stack:
        crew = [
            await stack.enter_async_context(
                _at_work(_Share(url, first + n * length, end, length, processes * length))
            )
            for n in range(processes)
        ]
        for number in range(-(-(end - first) // length)):
            yield await _next(crew[number % processes])


@contextlib.asynccontextmanager
async def _at_work(share: _Share) -> AsyncIterator[asyncio.StreamReader]:
    """A process at its share, and what it says."""
    process = await asyncio.create_subprocess_exec(
        # The directory that somebody happens to be in is no place to import from.
        *(sys.executable, "-P", "-m", __name__),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        # An address may hold a password, and arguments are for everybody to see.
        process.stdin.write(msgspec.msgpack.encode(share))
        process.stdin.close()
        yield process.stdout
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _next(told: asyncio.StreamReader) -> Segment:
    try:
        length = int.from_bytes(await told.readexactly(_LENGTH))
        data = await told.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise Unreadable("a process that checks segments died") from error
    found = msgspec.msgpack.decode(data, type=_Found | _Broken)
    if isinstance(found, _Broken):
        raise Unreadable(found.what)
    return found.segment


async def _work(share: _Share, output: BinaryIO) -> None:
    """Do a share, and say what was found segment by segment."""

    def say(found: _Found | _Broken) -> None:
        data = msgspec.msgpack.encode(found)
        output.write(len(data).to_bytes(_LENGTH) + data)
        output.flush()

    try:
        async with open_reader(share.url) as reader:
            for first in range(share.first, share.end, share.apart):
                stop = min(first + share.length, share.end)
                say(_Found(await check_segment(reader, first, stop)))
    except Unreadable as error:
        say(_Broken(str(error)))


if __name__ == "__main__":
    asked = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Share)
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        asyncio.run(_work(asked, sys.stdout.buffer))

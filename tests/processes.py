"""Processes of their own, for tests in which some race or are killed.

Of a second that Python takes to begin nearly all is importing. So each is forked from one that has
imported everything and does nothing else: a process like any other, which a signal ends alone, and
which shares no memory and no connection with another. Knows how one is started, spoken to and
ended; refuses to know what it does.
"""

import asyncio
import os
import random
import sys
from importlib import import_module
from io import FileIO
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from tests.unsaid import hear, logged

FORKING = get_context("forkserver")
FORKING.set_forkserver_preload(
    [
        "timebank.backups",
        "timebank.models",
        *(f"tests.{name}" for name in ("burst", "chances", "claim_burst", "tampering", "worker")),
        "tests.test_journal",
    ]
)
LONGEST = 60.0
"""Seconds in which a process that is to end must have ended."""


class Started:
    """A process that was started, and both ends of what is said."""

    def __init__(self, process: Any, told: FileIO, said: asyncio.StreamReader) -> None:
        self._process, self._told, self.stdout = process, told, said

    def write(self, line: bytes) -> None:
        """Say something to it."""
        self._told.write(line)

    async def communicate(self, last: bytes = b"") -> bytes:
        """Say the last there is to say; all that it still says until it ends."""
        self._told.write(last)
        self._told.close()
        said = await self._rest()
        await self.ended()
        return said

    def kill(self) -> None:
        """End it at once, by SIGKILL."""
        self._process.kill()

    async def ended(self) -> int:
        """Wait for its end; the exit code, negative where a signal ended it."""
        self._told.close()
        await asyncio.to_thread(self._process.join, LONGEST)
        await self._rest()
        code: int | None = self._process.exitcode
        assert code is not None, f"still running after {LONGEST} s"
        return code

    async def _rest(self) -> bytes:
        said = await self.stdout.read()
        hear("a process", logged(said))
        return said


async def start(module: str, task: msgspec.Struct) -> Started:
    """A program of the tests, told its task."""
    made = await _started(_program, module)
    made.write(msgspec.json.encode(task) + b"\n")
    return made


async def script(text: str, *words: str) -> tuple[int, bytes]:
    """Run Python's text with words to its end: its exit code and what it said."""
    made = await _started(_script, text, words)
    said = await made.communicate()
    return await made.ended(), said


async def _started(work: Any, *given: Any) -> Started:
    (theirs, told), (said, own) = (FORKING.Pipe(duplex=False) for _ in range(2))
    process = FORKING.Process(target=work, args=(theirs, own, *given), daemon=True)
    await asyncio.to_thread(process.start)
    theirs.close()
    own.close()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(said.fileno()), "rb", 0)
    )
    said.close()
    line = FileIO(os.dup(told.fileno()), "w")
    told.close()
    return Started(process, line, reader)


def _program(theirs: Connection, own: Connection, module: str) -> None:
    _speak(theirs, own)
    asyncio.run(import_module(module).main())


def _script(theirs: Connection, own: Connection, text: str, words: tuple[str, ...]) -> None:
    _speak(theirs, own)
    sys.argv = ["-c", *words]
    exec(compile(text, "<script>", "exec"), {"__name__": "__main__"})


def _speak(theirs: Connection, own: Connection) -> None:
    """As a program does: its input and output are pipes, and its chance is nobody else's."""
    sys.stdin, sys.stdout = os.fdopen(theirs.fileno()), os.fdopen(own.fileno(), "w")
    random.seed()

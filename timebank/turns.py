"""Turns: what many look up alike in one turn of the loop is one statement of a server.

A server and its driver take ten times as long over a statement as over a row that it finds by a
key. So one statement goes after another, and what is looked up by a like one meanwhile goes with
it: a lone asker waits for nothing. Knows statements and their values, never what they are about.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import asyncpg

from ledger.statements import for_each_set

Record = Sequence[Any]
Values = tuple[Any, ...]
# A statement, and of each value its type in the server or, of several at once, these themselves.
Alike = tuple[str, tuple[Any, ...]]

TOGETHER = 500
"""A turn that holds so many sets of values takes no further asker: the next one does."""
LONGEST_WAIT_SECONDS = 0.005
"""A statement waits for the one on its way, and gathers who asks meanwhile; but no longer."""
TYPES = {str: "text", int: "bigint", bool: "boolean", bytes: "bytea"}


class Server(Protocol):
    """Runs a statement."""

    async def fetch(self, statement: str, values: Sequence[Any]) -> Sequence[Record]:
        """All rows of a statement with placeholders $1, $2, ..."""


class _Turn:
    """The sets of values that are looked up together, what each found, and who waits for it."""

    __slots__ = ("found", "waiting")

    def __init__(self) -> None:
        self.found: dict[Values, Sequence[Record] | Exception] = {}
        self.waiting: list[asyncio.Future[None]] = []

    def tell(self, fault: Exception | None) -> None:
        """Let all go on who still wait."""
        for one in self.waiting:
            if not one.done() and fault is not None:
                one.set_exception(fault)
            elif not one.done():
                one.set_result(None)


class Turns:
    """What is looked up of one server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._turns: dict[Alike, deque[_Turn]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._one = asyncio.Lock()

    async def look_up(self, statement: str, sets: Sequence[Values]) -> list[Sequence[Record]]:
        """The rows that a query finds with each of these sets of values, which are of like types.

        Raises what the server raises, unless it did so for the values of somebody else.
        """
        if not sets:
            return []
        types = tuple(map(_type_of, sets[0]))
        if None in types:
            return [await self._server.fetch(statement, values) for values in sets]
        turn = self._turn((statement, types))
        for values in sets:
            turn.found[values] = ()
        waiting = asyncio.get_running_loop().create_future()
        turn.waiting.append(waiting)
        await waiting
        return [_rows(turn.found[values]) for values in sets]

    def _turn(self, alike: Alike) -> _Turn:
        """The turn that who asks now is in."""
        turns = self._turns.get(alike)
        if turns is None:
            turns = self._turns[alike] = deque()
            task = asyncio.get_running_loop().create_task(self._answer(alike, turns))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if not turns or len(turns[-1].found) >= TOGETHER:
            turns.append(_Turn())
        return turns[-1]

    async def _answer(self, alike: Alike, turns: deque[_Turn]) -> None:
        try:
            while turns:
                async with self._after_another():
                    turn = turns.popleft()
                    fault: Exception | None = None
                    try:
                        await self._read(alike, turn)
                    except Exception as error:
                        fault = error
                    turn.tell(fault)
        finally:
            del self._turns[alike]

    @asynccontextmanager
    async def _after_another(self) -> AsyncIterator[None]:
        """Once no other statement is on its way, or that has taken long."""
        if not await self._has_turn():
            yield
            return
        try:
            yield
        finally:
            self._one.release()

    async def _has_turn(self) -> bool:
        if not self._one.locked():
            return await self._one.acquire()
        try:
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                return await self._one.acquire()
        except TimeoutError:
            return False

    async def _read(self, alike: Alike, turn: _Turn) -> None:
        statement, types = alike
        sets = list(turn.found)
        if len(sets) == 1:
            turn.found[sets[0]] = await self._server.fetch(statement, sets[0])
            return
        columns = [
            list(one) if isinstance(kind, str) else kind
            for kind, one in zip(types, zip(*sets, strict=True), strict=True)
        ]
        try:
            rows = await self._server.fetch(for_each_set(statement, types), columns)
        except asyncpg.DataError:
            # One asker's values no database can hold, and whose they are it does not say.
            for values in sets:
                try:
                    turn.found[values] = await self._server.fetch(statement, values)
                except asyncpg.DataError as error:
                    turn.found[values] = error
            return
        found: list[list[Record]] = [[] for _ in sets]
        for row in rows:
            found[row[-1] - 1].append(row[:-1])
        turn.found.update(zip(sets, found, strict=True))


def _type_of(value: Any) -> Any:
    """None for nothing, whose type only the column knows, and for what no column of ours holds."""
    if isinstance(value, tuple):
        return value
    return next((TYPES[kind] for kind in type(value).__mro__ if kind in TYPES), None)


def _rows(found: Sequence[Record] | Exception) -> Sequence[Record]:
    if isinstance(found, Exception):
        raise found
    return found

"""A replica: a streaming standby of the database that answers questions, as far as it has come.

Knows how far the standby has replayed and how long it is behind, by the server's own positions in
its write-ahead log. Whoever wrote is told the position; until the standby is there, whatever that
person asks is asked of the primary. So is everything while the standby is far behind or silent, and
whatever went wrong on it. Refuses to know tables. Commands always read from the primary.
"""

import asyncio
import contextlib
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

import asyncpg
import structlog

from timebank import reading
from timebank.reading import PRIMARY, REPLICA, Reads
from timebank.turns import Record, Values

T = TypeVar("T")

LOOK_AGAIN_SECONDS = 0.25
MOST_BEHIND_SECONDS = 5.0
"""Seconds behind the primary from which on the replica is asked nothing."""
PATIENCE_SECONDS = 2.0
"""Seconds that a server has to tell its position."""
UNKNOWN = (1 << 64) - 1
"""The position of a write after which the primary could not say where it stands."""

_POSITION = re.compile(r"([0-9A-F]{1,8})/([0-9A-F]{1,8})")
log = structlog.get_logger("timebank.replicas")


def position_of(text: str) -> int | None:
    """A position as PostgreSQL writes it, `16/B374D848`, as a number; None for another text."""
    found = _POSITION.fullmatch(text)
    return None if found is None else (int(found[1], 16) << 32) + int(found[2], 16)


def position_text(position: int) -> str:
    """A position as PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


# One request


class Sight:
    """What one request must see: everything up to position `after`, and what it `wrote` itself."""

    def __init__(self, after: int = 0) -> None:
        self.after = after
        self.wrote = False


_sight: ContextVar[Sight | None] = ContextVar("sight", default=None)
_asking: ContextVar[bool] = ContextVar("asking", default=False)


@contextlib.contextmanager
def seeing(sight: Sight) -> Iterator[None]:
    """A request that must see so much."""
    held = _sight.set(sight)
    try:
        yield
    finally:
        _sight.reset(held)


@contextlib.contextmanager
def asking() -> Iterator[None]:
    """While this lasts nothing is decided: what is read may come from the replica."""
    held = _asking.set(True)
    try:
        yield
    finally:
        _asking.reset(held)


def wrote() -> None:
    """The request that runs has written, or may have."""
    if (sight := _sight.get()) is not None:
        sight.wrote = True


# The process


class Standby:
    """How far a process's replica has come: `replayed`, and how many seconds it is `behind`.

    `trouble` is why it is not asked, None while it may be.
    """

    def __init__(self, primary: str, url: str) -> None:
        self._urls = (primary, url)
        self._connections: list[Any] = []
        self._passed: deque[tuple[float, int]] = deque()
        self._first: int | None = None
        self.replayed = 0
        self.behind = 0.0
        self.trouble: str | None = "not asked yet"

    def shows(self, sight: Sight | None) -> bool:
        """Whether a request with this sight may be answered from it."""
        if self.trouble is not None or sight is None or sight.wrote:
            return False
        return sight.after <= self.replayed

    def take(self, now: float, primary: int, replayed: int) -> None:
        """Note where both stand at a moment, in seconds of any steady clock.

        What the primary had passed at a moment and the replica has not makes it behind since then.
        How long it has lacked what was passed before the first look nobody knows, and one that was
        killed begins again at an earlier place than it had shown: it is asked nothing before that
        is replayed.
        """
        self.replayed = replayed
        if self._first is None:
            self._first = primary
        if not self._passed or primary > self._passed[-1][1]:
            self._passed.append((now, primary))
        while self._passed and self._passed[0][1] <= replayed:
            self._passed.popleft()
        self.behind = now - self._passed[0][0] if self._passed else 0.0
        if replayed < self._first:
            self.judge("it has yet to catch up")
        else:
            self.judge("it is behind" if self.behind > MOST_BEHIND_SECONDS else None)

    def judge(self, trouble: str | None) -> None:
        """Say what keeps it from being asked; the log is told when that changes."""
        if trouble != self.trouble:
            if trouble is None:
                log.info("replica_asked", behind=round(self.behind, 1))
            else:
                log.warning("replica_passed_over", why=trouble, behind=round(self.behind, 1))
        self.trouble = trouble

    async def look(self) -> None:
        """Ask both where they stand; what does not answer is asked anew on another connection."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if not self._connections:
                    for url in self._urls:
                        self._connections.append(await asyncpg.connect(url))
                primary, replica = self._connections
                passed = await primary.fetchval("SELECT pg_current_wal_lsn()::text")
                replayed = await replica.fetchval("SELECT pg_last_wal_replay_lsn()::text")
            self.take(time.monotonic(), position_of(passed) or 0, position_of(replayed or "") or 0)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self.judge(f"it does not answer: {type(error).__name__}")
            self.close()

    def close(self) -> None:
        """Drop the connections: the next look is a first one."""
        for connection in self._connections:
            connection.terminate()
        self._connections = []
        self._first = None

    async def follow(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


_standby: Standby | None = None


def standby() -> Standby | None:
    """This process's replica, None where there is none."""
    return _standby


@contextlib.asynccontextmanager
async def following(primary: str, url: str) -> AsyncIterator[None]:
    """Keep an eye on the replica at `url`; on none where that is empty."""
    global _standby
    if not url:
        yield
        return
    _standby = made = Standby(primary, url)
    task = asyncio.create_task(made.follow(), name="replica")
    try:
        yield
    finally:
        _standby = None
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        made.close()


def place() -> str:
    """The connection that what is read now is read through."""
    if _standby is not None and _asking.get() and _standby.shows(_sight.get()):
        return REPLICA
    return PRIMARY


async def fetch(statement: str, values: Sequence[Any]) -> Sequence[Record]:
    """All rows of a statement, as `place` answers it."""
    if _standby is None:
        return await reading.at(PRIMARY).fetch(statement, values)
    return await _asked(lambda reads: reads.fetch(statement, values))


async def look_up(query: str, sets: Sequence[Values]) -> Sequence[Sequence[Record]]:
    """The few rows of a query with each of these sets of values, as `place` answers it."""
    if _standby is None:
        return await reading.at(PRIMARY).look_up(query, sets)
    return await _asked(lambda reads: reads.look_up(query, sets))


async def _asked(ask: Callable[[Reads], Awaitable[T]]) -> T:
    """Whatever goes wrong on the replica is asked of the primary."""
    if place() == REPLICA:
        try:
            return await ask(reading.at(REPLICA))
        except Exception as error:
            # Its server may have ended, or have had to cancel a query to go on replaying.
            if _standby is not None:
                _standby.judge(f"it failed: {type(error).__name__}")
    return await ask(reading.at(PRIMARY))


async def position() -> int:
    """Where the primary stands; UNKNOWN where it does not say."""
    try:
        ((at,),) = await reading.at(PRIMARY).fetch("SELECT pg_current_wal_lsn()::text", [])
    except Exception as error:
        log.warning("position_unknown", error=type(error).__name__)
        return UNKNOWN
    return position_of(at) or UNKNOWN

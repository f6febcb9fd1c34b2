"""The journal: the one write path. Queue, batch, append, project, commit.

One flusher takes whatever has piled up while the last transaction was in flight (at most 256 works)
and commits it as one transaction (`flush`), head lock first. Refusing undoes one work; answering
means committed. A caller that goes away never cancels the flusher. Knows no capability.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar, cast

import structlog

from ledger.outages import Away
from ledger.writer import CommitUnknown, Stopped, Writer, lift
from timebank import replicas
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.clock import Clock
from timebank.clock_faults import Pace
from timebank.flush import Answer as Answer
from timebank.flush import Flush, Outcome, Work
from timebank.flush import needed_of_actors as needed_of_actors
from timebank.keys import RequestKey
from timebank.projections import Place
from timebank.refusals import Busy, Denial, LedgerAway, LedgerStopped, Refusal
from timebank.remembered import Remembered

MOST_WAITING = 4096
MOST_TOGETHER = 256

log = structlog.get_logger()
A = TypeVar("A", bound=Answer)


class Journal:
    """Writes for one process. Open it with `start`, leave it with `close`.

    `halted` says why this process writes nothing, None when it may.
    """

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self.writer, self.clock, self.pace = writer, clock, Pace(clock)
        self.remembered = Remembered()
        self.halted: str | None = None
        self._waiting: asyncio.Queue[Work] = asyncio.Queue(MOST_WAITING)
        self._flusher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to take works."""
        self._flusher = asyncio.create_task(self._flush_for_ever(), name="journal")

    async def close(self) -> None:
        """Drain what waits, then stop."""
        await self._waiting.join()
        if self._flusher is not None:
            self._flusher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._flusher
        await self.writer.close()

    async def write(
        self,
        actor: Actor,
        key: RequestKey | None,
        work: Callable[[Batch], A],
        *,
        answer: type[A],
        needs: Collection[Place] = (),
        rehearse: bool = False,
    ) -> A:
        """Run `work` in the next transaction and answer when it is committed.

        Args: key, the attempt's request key (None: an attempt that nobody repeats); answer, the
        class of what `work` returns; needs, rows to load beforehand; rehearse, decide only.
        Raises whatever the work refuses; Busy when 4,096 works wait; LedgerStopped; LedgerAway.
        """
        if self.halted is not None:
            raise LedgerStopped
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        keeps = key is not None and not rehearse
        named = key if key is not None and not rehearse else RequestKey.once(actor.scope)
        try:
            self._waiting.put_nowait(
                Work(actor, named.id, named, keeps, work, answer, needs, rehearse, done)
            )
        except asyncio.QueueFull:
            raise Busy from None
        return cast(A, await done)

    async def mend(
        self, actor: Actor, work: Callable[[Batch], A], *, answer: type[A], lifting: bool = False
    ) -> A:
        """Run one work that ends what keeps every other work out (see `timebank.stops`).

        The clock is not judged. Args: lifting, run it while the ledger is stopped, and take the
        stop mark away with it. Raises whatever the work refuses.
        """
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        key = RequestKey.once(actor.scope)
        one = Work(actor, key.id, key, False, work, answer, (), False, done)
        async with self.writer.transaction(stopped=lifting) as transaction:
            flush = Flush(transaction, self.writer.dialect, self.clock)
            await flush.recall(self.remembered)
            await flush.run([one])
            ((_, outcome),) = flush.outcomes
            if isinstance(outcome, BaseException):
                raise outcome
            await flush.write()
            if lifting:
                await lift(transaction)
        return cast(A, outcome)

    async def _flush_for_ever(self) -> None:
        while True:
            works = [await self._waiting.get()]
            self._join(works)
            try:
                await self._flush(works, joined=True)
            finally:
                for _ in works:
                    self._waiting.task_done()

    def _join(self, works: list[Work]) -> None:
        """Let whatever waits come along, as far as there is room."""
        while len(works) < MOST_TOGETHER and not self._waiting.empty():
            works.append(self._waiting.get_nowait())

    async def _flush(self, works: list[Work], *, joined: bool = False) -> None:
        for _ in range(3):
            try:
                outcomes = await self._commit(works, joined=joined)
            except CommitUnknown:
                # Whatever did commit is found by its request id when the same works run again.
                log.warning("commit_unknown", works=len(works))
                continue
            except (Away, Stopped) as error:
                away = isinstance(error, Away)
                log.error("ledger_away" if away else "ledger_stopped", reason=str(error))
                for work in works:
                    work.settle(LedgerAway() if away else LedgerStopped())
                return
            except Exception as error:
                await self._flush_apart(works, error)
                return
            for work, outcome in outcomes:
                if isinstance(outcome, Exception) and not isinstance(outcome, (Refusal, Denial)):
                    log.error("work_failed", kind=type(outcome).__name__, request=work.id)
                work.settle(outcome)
            return
        for work in works:
            work.settle(LedgerAway())

    async def _flush_apart(self, works: Sequence[Work], error: Exception) -> None:
        """One bad work must not take the others with it: each alone, once."""
        if len(works) == 1:
            if not isinstance(error, Denial):
                log.error("flush_failed", kind=type(error).__name__, request=works[0].key.id)
            works[0].settle(error)
            return
        for work in works:
            await self._flush([work])

    async def _commit(self, works: list[Work], *, joined: bool) -> list[Outcome]:
        async with self.writer.transaction() as transaction:
            if joined:
                # More came to wait while another process held the head.
                self._join(works)
            flush = Flush(transaction, self.writer.dialect, self.clock)
            await flush.recall(self.remembered)
            await flush.check_clock(self.pace)
            await flush.run(works)
            await flush.write()
        self.remembered.keep(flush.tip, flush.known, without=flush.passing)
        return flush.outcomes


_installed: Journal | None = None


def install(journal: Journal | None) -> None:
    """Make a journal the one that commands of this process write through."""
    global _installed
    _installed = journal


def current() -> Journal:
    """The journal of this process."""
    if _installed is None:
        raise RuntimeError("no journal is open")
    return _installed


async def write(
    actor: Actor,
    key: RequestKey | None,
    work: Callable[[Batch], A],
    *,
    answer: type[A],
    needs: Collection[Place] = (),
    rehearse: bool = False,
) -> A:
    """Write through this process's journal; see Journal.write."""
    replicas.wrote()
    return await current().write(actor, key, work, answer=answer, needs=needs, rehearse=rehearse)

"""The journal: the one write path. Queue, batch, append, project, commit.

One flusher takes whatever has piled up while the last transaction was in flight (at most 256 works)
and commits it as one transaction, head lock first. Refusing undoes one work; answering means
committed. A caller that goes away never cancels the flusher. Knows no capability but policy
and what was said of the clock.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar, cast

import msgspec
import structlog

from ledger.entry import Sealed, Tip
from ledger.outages import Away
from ledger.tables import Dialect
from ledger.writer import (
    CommitUnknown,
    Query,
    Stopped,
    Transaction,
    Writer,
    lift,
)
from timebank import replicas
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.bound import BIND, FIND, Bound
from timebank.changes import Changes
from timebank.clock import Clock
from timebank.clock_faults import (
    LATEST,
    ClockBehind,
    ClockCorrection,
    Pace,
    could_be_behind,
    decide_behind,
)
from timebank.keys import RequestKey
from timebank.policy import CALENDAR, PolicyCalendar
from timebank.projections import Known, Missing, Place
from timebank.refusals import Busy, Denial, IdempotencyKeyReused, LedgerAway, LedgerStopped, Refusal
from timebank.remembered import Remembered
from timebank.tables import Key, R, Row, could_be_kept

MOST_WAITING = 4096
MOST_TOGETHER = 256

log = structlog.get_logger()


_OF_ACTORS: list[type[Row]] = []


def needed_of_actors(row: type[R]) -> type[R]:
    """Load the actor's own row of this table beforehand for every work: most of them ask it."""
    _OF_ACTORS.append(row)
    return row


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a command answers: ids, numbers and codes only, because replays keep it for ever.

    `entry` is the position of the entry that the answer rests on; `replayed` says that the same
    request was answered before.
    """

    entry: int | None = None
    replayed: bool = False


A = TypeVar("A", bound=Answer)
Outcome = tuple["Work", Answer | BaseException]


class Work(msgspec.Struct):
    """One command waiting for its transaction."""

    actor: Actor
    id: str
    key: RequestKey
    keeps: bool
    run: Callable[[Batch], Answer]
    answer: type[Answer]
    needs: Sequence[Place]
    rehearse: bool
    done: asyncio.Future[Answer]

    def settle(self, outcome: Answer | BaseException) -> None:
        """Tell the caller, if it still waits."""
        if self.done.done():
            return
        if isinstance(outcome, BaseException):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome)


class Flush:
    """The state of one transaction: what is known, bound, written and to be answered."""

    def __init__(
        self, transaction: Transaction, dialect: Dialect, clock: Clock, earlier: Remembered
    ) -> None:
        self.transaction, self.dialect = transaction, dialect
        self.tip: Tip = transaction.head.tip
        self.now = clock.now()
        self.known: Known = earlier.take(self.tip)
        self.passing: set[Place] = set()
        self.changes = Changes()
        self.entries: list[Sealed] = []
        self.bound: dict[str, Bound] = {}
        self.fresh: dict[str, Bound] = {}
        self.outcomes: list[Outcome] = []

    async def check_clock(self, pace: Pace) -> None:
        """Refuse with ClockBehind and ClockSet to follow a clock that is behind, or was set."""
        if could_be_behind(self.tip, self.now) or pace.lost:
            await self._load({(ClockCorrection, LATEST)})
            corrected = cast("ClockCorrection | None", self.known[(ClockCorrection, LATEST)])
            if decide_behind(self.tip, self.now, corrected):
                raise ClockBehind
            pace.follow(self.tip.size, corrected)

    async def run(self, works: Sequence[Work]) -> None:
        """Run the works one after another, loading what they lack and running those again."""
        await self._load(
            {
                (PolicyCalendar, CALENDAR),
                *((row, work.actor.id) for row in _OF_ACTORS for work in works),
                *(place for work in works for place in work.needs),
            },
            asked_before={work.id for work in works if work.keeps},
        )
        # One goes ahead and has loaded what all of them lack, such as the policy, the station and
        # the district; the others then run again only for rows of their own.
        await self._decide(works[:1])
        await self._decide(works[1:])

    async def _decide(self, works: Sequence[Work]) -> None:
        waiting = list(works)
        while waiting:
            lacking: set[Place] = set()
            again: list[Work] = []
            for work in waiting:
                try:
                    self.outcomes.append((work, self._run_one(work)))
                except Missing as lack:
                    lacking |= lack.places
                    again.append(work)
                except Exception as error:
                    self.outcomes.append((work, error))
            await self._load(lacking)
            waiting = again

    def _run_one(self, work: Work) -> Answer:
        earlier = self.bound.get(work.id)
        if earlier is not None:
            if earlier.digest != work.key.digest:
                raise IdempotencyKeyReused
            first = msgspec.json.decode(earlier.outcome, type=work.answer)
            return msgspec.structs.replace(first, replayed=True)
        batch = Batch(self.known, tip=self.tip, now=self.now, actor=work.actor, request=work.id)
        answer = work.run(batch)
        if batch.missing:
            raise Missing(batch.missing)
        if not work.rehearse:
            self._accept(work, batch, answer)
        return answer

    def _accept(self, work: Work, batch: Batch, answer: Answer) -> None:
        (changed,) = batch.layers
        of_vault = {place for place in changed if place[0].spec.vault}
        if not batch.entries and len(of_vault) < len(changed):
            raise RuntimeError("a projection was changed without an entry")
        self.passing |= of_vault
        self.changes.take(changed, batch)
        self.known.update(changed)
        self.tip = batch.tip
        self.entries += batch.entries
        if work.keeps or batch.entries:
            first = batch.entries[0].seq if batch.entries else None
            outcome = msgspec.json.encode(answer).decode()
            made = Bound(work.key.digest, outcome, first, len(batch.entries))
            self.bound[work.id] = self.fresh[work.id] = made

    async def write(self) -> None:
        """Write everything the works made, a few statements for all of them."""
        if self.entries:
            await self.transaction.append(self.entries)
        by_statement = self.changes.statements()
        if self.fresh:
            by_statement[BIND] = [bound.row(id) for id, bound in self.fresh.items()]
        await self.transaction.execute_each([*by_statement.items()])

    async def _load(self, places: Iterable[Place], *, asked_before: Collection[str] = ()) -> None:
        by_table: dict[type[Row], list[Key]] = {}
        for row, key in places:
            if (row, key) not in self.known:
                self.known[(row, key)] = None
                if row.spec.vault:
                    self.passing.add((row, key))
                if could_be_kept(key):
                    by_table.setdefault(row, []).append(key)
        queries: list[Query] = [
            (row.spec.by_keys[self.dialect], [self._list(keys)]) for row, keys in by_table.items()
        ]
        if asked_before:
            queries.append((FIND[self.dialect], [self._list(list(asked_before))]))
        if not queries:
            return
        found = await self.transaction.fetch_each(queries)
        for row, rows in zip(by_table, found, strict=False):
            for values in rows:
                loaded = row.spec.load(values)
                self.known[(row, loaded.pk)] = loaded
        if asked_before:
            self.bound.update((id, Bound(*rest)) for id, *rest in found[-1])

    def _list(self, keys: Sequence[Key]) -> Any:
        return msgspec.json.encode(keys).decode() if self.dialect == "sqlite" else keys


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
        needs: Sequence[Place] = (),
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
            flush = Flush(transaction, self.writer.dialect, self.clock, self.remembered)
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
            flush = Flush(transaction, self.writer.dialect, self.clock, self.remembered)
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
    needs: Sequence[Place] = (),
    rehearse: bool = False,
) -> A:
    """Write through this process's journal; see Journal.write."""
    replicas.wrote()
    return await current().write(actor, key, work, answer=answer, needs=needs, rehearse=rehearse)

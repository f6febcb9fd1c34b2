"""A flush: one transaction of the journal, from what its works need to the rows it leaves.

Knows in which order works run, what is loaded for them and what is written at the end. Refuses to
know the queue: who waits, and what becomes of them when a transaction fails (`journal`).
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, cast

import msgspec

from ledger.entry import Sealed
from ledger.tables import Dialect
from ledger.writer import Query, Transaction
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
from timebank.refusals import IdempotencyKeyReused
from timebank.remembered import SINCE, Remembered, Touched, touching
from timebank.tables import Key, R, Row, could_be_kept

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


class Work(msgspec.Struct):
    """One command waiting for its transaction.

    `made` is what it answered when it last ran, whether or not that was committed.
    """

    actor: Actor
    id: str
    key: RequestKey
    keeps: bool
    run: Callable[[Batch], Answer]
    answer: type[Answer]
    needs: Collection[Place]
    rehearse: bool
    done: asyncio.Future[Answer]
    made: Answer | None = None

    def settle(self, outcome: Answer | BaseException) -> None:
        """Tell the caller, if it still waits."""
        if self.done.done():
            return
        if isinstance(outcome, BaseException):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome)


Outcome = tuple[Work, Answer | BaseException]


class Flush:
    """The state of one transaction: what is known, bound, written and to be answered."""

    def __init__(self, transaction: Transaction, dialect: Dialect, clock: Clock) -> None:
        self.transaction, self.dialect = transaction, dialect
        self.began = self.tip = transaction.head.tip
        self.now = clock.now()
        self.known: Known = {}
        self.passing: set[Place] = set()
        self.changes = Changes()
        self.entries: list[Sealed] = []
        self.bound: dict[str, Bound] = {}
        self.fresh: dict[str, Bound] = {}
        self.outcomes: list[Outcome] = []

    async def recall(self, earlier: Remembered) -> None:
        """Begin with what an earlier transaction knew, as far as no other process changed it."""
        others: Sequence[Touched] = ()
        if earlier.is_behind(self.tip) and self.dialect == "postgresql":
            found = await self.transaction.fetch(SINCE, earlier.size)
            others = [Touched.spec.load(values) for values in found]
        self.known = earlier.take(self.tip, others)

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
            # One without a key was asked before where nobody knows what became of its commit.
            asked_before={work.id for work in works if work.keeps or work.made},
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
            if not work.keeps and work.made:
                return work.made
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
        work.made = answer
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
            # What nobody can ask for again may be a secret that is told once: it is not kept.
            kept = answer if work.keeps else Answer(entry=answer.entry)
            outcome = msgspec.json.encode(kept).decode()
            made = Bound(work.key.digest, outcome, first, len(batch.entries))
            self.bound[work.id] = self.fresh[work.id] = made

    async def write(self) -> None:
        """Write everything the works made, a few statements for all of them."""
        if self.entries:
            await self.transaction.append(self.entries)
        by_statement = self.changes.statements()
        if self.entries and self.dialect == "postgresql":
            left = touching(self.began, self.tip, self.changes.rows)
            by_statement[Touched.spec.upsert] = [Touched.spec.values(left)]
        if self.fresh:
            by_statement[BIND] = [bound.row(id) for id, bound in self.fresh.items()]
        await self.transaction.execute_each([*by_statement.items()])

    async def _load(self, places: Iterable[Place], *, asked_before: Collection[str] = ()) -> None:
        by_table: dict[type[Row], list[Key]] = {}
        for place in places:
            if place not in self.known:
                self.known[place] = None
                row, key = place
                if row.spec.vault:
                    self.passing.add(place)
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
            for loaded in row.spec.load_each(rows):
                self.known[(row, loaded.pk)] = loaded
        if asked_before:
            self.bound.update((id, Bound(*rest)) for id, *rest in found[-1])

    def _list(self, keys: Sequence[Key]) -> Any:
        return msgspec.json.encode(keys).decode() if self.dialect == "sqlite" else keys

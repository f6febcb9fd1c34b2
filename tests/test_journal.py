"""The journal: one write path, many callers, and what each of them may rely on."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ledger.entry import Tip
from ledger.writer import CommitUnknown, Transaction, Writer
from tests.copies import begun
from timebank import journal, reading
from timebank.access import Grants, Role, RoleGranted, grant_role
from timebank.actors import SYSTEM
from timebank.bank import open_bank
from timebank.batch import Batch
from timebank.clock import ManualClock
from timebank.clock_faults import ClockBehind
from timebank.divisions import adopt_divisions
from timebank.journal import Answer, Journal
from timebank.keys import RequestKey
from timebank.policy import CALENDAR, PolicyCalendar
from timebank.projections import Known, Place
from timebank.refusals import Busy, IdempotencyKeyReused, NotFound, Refusal
from timebank.settings import Settings
from timebank.tables import TABLES, find

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


class Said(Answer, frozen=True, kw_only=True):
    """What the works below answer."""

    person: str


@pytest.fixture
async def opened(database_url: str, tmp_path: Path) -> AsyncIterator[Journal]:
    settings = Settings(data=tmp_path / "data", database=database_url)
    clock = ManualClock(NOON)
    await begun(settings, at=NOON)
    async with open_bank(settings, clock=clock) as bank:
        yield bank


def key_of(name: str, content: object = 0) -> RequestKey:
    return RequestKey.of("per_test", name, "test", content, secret=b"secret")


def grant(batch: Batch, person: str) -> Said:
    """A work that makes one entry and one row."""
    entry = batch.record(
        RoleGranted(grant=f"grt_{person}", person=person, role=Role.AUDITOR, scope="420100/")
    )
    return Said(entry=entry.seq, person=person)


def granting(person: str) -> Callable[[Batch], Said]:
    return lambda batch: grant(batch, person)


async def size_of(bank: Journal) -> int:
    async with bank.writer.transaction() as transaction:
        return transaction.head.size


async def test_a_refusal_undoes_its_own_work_and_no_other(opened: Journal) -> None:
    def refused(batch: Batch) -> Said:
        grant(batch, "per_never")
        raise NotFound(what="thing")

    before = await size_of(opened)
    writes = [opened.write(SYSTEM, None, granting(f"per_{n}"), answer=Said) for n in range(20)]
    writes.insert(7, opened.write(SYSTEM, None, refused, answer=Said))
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [n for n, o in enumerate(outcomes) if isinstance(o, Refusal)] == [7]
    assert await size_of(opened) == before + 20
    assert await find(Grants, "per_never") is None
    seqs = [o.entry for o in outcomes if isinstance(o, Said)]
    assert sorted(seqs, key=lambda s: s or 0) == list(range(before, before + 20))


async def test_the_same_key_fifty_times_is_one_entry_and_one_answer(opened: Journal) -> None:
    before = await size_of(opened)
    answers = await asyncio.gather(
        *(
            opened.write(SYSTEM, key_of("the-one-key"), granting("per_1"), answer=Said)
            for _ in range(50)
        )
    )
    assert {(a.entry, a.person) for a in answers} == {(before, "per_1")}
    assert sorted(a.replayed for a in answers) == [False] + [True] * 49
    assert await size_of(opened) == before + 1


async def test_a_key_used_for_something_else_is_a_conflict(opened: Journal) -> None:
    await opened.write(SYSTEM, key_of("used-once", 1), granting("per_1"), answer=Said)
    before = await size_of(opened)
    with pytest.raises(IdempotencyKeyReused):
        await opened.write(SYSTEM, key_of("used-once", 2), granting("per_2"), answer=Said)
    assert await size_of(opened) == before


async def test_a_refusal_binds_nothing(opened: Journal) -> None:
    def needs_per_1(batch: Batch) -> Said:
        batch.need(Grants, "per_1")
        return grant(batch, "per_2")

    with pytest.raises(NotFound):
        await opened.write(SYSTEM, key_of("try-again"), needs_per_1, answer=Said)
    await opened.write(SYSTEM, None, granting("per_1"), answer=Said)
    answer = await opened.write(SYSTEM, key_of("try-again"), needs_per_1, answer=Said)
    assert not answer.replayed


async def test_a_rehearsal_decides_and_writes_nothing(opened: Journal) -> None:
    before = await size_of(opened)
    told = await opened.write(
        SYSTEM, key_of("rehearse"), granting("per_1"), answer=Said, rehearse=True
    )
    assert told.person == "per_1"
    assert await size_of(opened) == before
    assert await find(Grants, "per_1") is None
    real = await opened.write(SYSTEM, key_of("rehearse"), granting("per_1"), answer=Said)
    assert not real.replayed


async def test_a_step_that_refuses_leaves_the_other_steps(opened: Journal) -> None:
    def work(batch: Batch) -> Said:
        def bad() -> Said:
            grant(batch, "per_bad")
            raise NotFound(what="thing")

        grant(batch, "per_before")
        assert isinstance(batch.attempt(bad), NotFound)
        answer = batch.attempt(lambda: grant(batch, "per_after"))
        return answer if isinstance(answer, Said) else Said(person="missing")

    before = await size_of(opened)
    needs = [(Grants, f"per_{name}") for name in ("bad", "before", "after")]
    answer = await opened.write(SYSTEM, None, work, answer=Said, needs=needs)
    assert answer.person == "per_after"
    assert await size_of(opened) == before + 2
    assert await find(Grants, "per_bad") is None
    assert await find(Grants, "per_before") is not None


async def test_a_work_of_many_steps_names_all_it_lacks_at_once(opened: Journal) -> None:
    runs = 0

    def work(batch: Batch) -> Said:
        nonlocal runs
        runs += 1
        for n in range(100):
            batch.attempt(partial(grant, batch, f"per_{n}"))
        return Said(person="all")

    before = await size_of(opened)
    await opened.write(SYSTEM, None, work, answer=Said, needs=[])
    assert await size_of(opened) == before + 100
    assert runs == 2


async def test_a_bug_in_one_work_does_not_take_the_others(opened: Journal) -> None:
    def unwritable(batch: Batch) -> Said:
        # No database holds such an integer: the batch's write fails, after every work ran.
        grant(batch, "per_unwritable")
        batch.put(Grants(person=2**80, grants=()))  # type: ignore[arg-type]  # the fault itself
        return Said(person="never")

    def broken(batch: Batch) -> Said:
        raise ZeroDivisionError

    before = await size_of(opened)
    outcomes = await asyncio.gather(
        opened.write(SYSTEM, None, granting("per_1"), answer=Said),
        opened.write(SYSTEM, None, unwritable, answer=Said),
        opened.write(SYSTEM, None, broken, answer=Said),
        opened.write(SYSTEM, None, granting("per_2"), answer=Said),
        return_exceptions=True,
    )
    assert [isinstance(o, Said) for o in outcomes] == [True, False, False, True]
    assert await size_of(opened) == before + 2


async def test_a_caller_that_goes_away_does_not_stop_the_journal(opened: Journal) -> None:
    before = await size_of(opened)
    task = asyncio.create_task(opened.write(SYSTEM, None, granting("per_gone"), answer=Said))
    await asyncio.sleep(0)
    task.cancel()
    answer = await opened.write(SYSTEM, None, granting("per_here"), answer=Said)
    assert answer.person == "per_here"
    assert await size_of(opened) == before + 2


async def test_what_comes_while_another_holds_the_head_is_committed_together(
    opened: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []
    keep = opened.remembered.keep

    def count(tip: Tip, rows: Known, *, without: set[Place]) -> None:
        commits.append(tip.size)
        keep(tip, rows, without=without)

    monkeypatch.setattr(opened.remembered, "keep", count)
    before = await size_of(opened)
    async with opened.writer.transaction():
        writes = []
        for n in range(3):
            write = opened.write(SYSTEM, None, granting(f"per_{n}"), answer=Said)
            writes.append(asyncio.create_task(write))
            await asyncio.sleep(0.01)
    await asyncio.gather(*writes)
    assert commits == [before + 3]


async def test_rows_are_found_by_their_index_however_little_the_database_knows_of_them(
    opened: Journal,
) -> None:
    dialect = opened.writer.dialect
    explain, whole = {
        "sqlite": ("EXPLAIN QUERY PLAN", "SCAN "),
        "postgresql": ("EXPLAIN", "Seq Scan on "),
    }[dialect]
    async with opened.writer.transaction() as transaction:
        for spec in TABLES.values():
            text = spec.kinds[spec.columns[0]] == "text"
            keys: Any = [str(n) if text else n for n in range(32)]
            if dialect == "sqlite":
                keys = json.dumps(keys)
            plan = str(await transaction.fetch(f"{explain} {spec.by_keys[dialect]}", keys))
            assert spec.name in plan
            assert f"{whole}{spec.name}" not in plan


async def test_a_full_queue_says_busy(opened: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Journal(opened.writer, opened.clock)
    monkeypatch.setattr(small, "_waiting", asyncio.Queue(1))
    waiting = asyncio.create_task(small.write(SYSTEM, None, granting("per_1"), answer=Said))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await small.write(SYSTEM, None, granting("per_2"), answer=Said)
    waiting.cancel()


async def test_a_clock_behind_the_ledger_stops_writing(opened: Journal) -> None:
    assert isinstance(opened.clock, ManualClock)
    await opened.write(SYSTEM, None, granting("per_1"), answer=Said)
    opened.clock.move(timedelta(seconds=-59))
    await opened.write(SYSTEM, None, granting("per_2"), answer=Said)
    opened.clock.move(timedelta(seconds=-2))
    with pytest.raises(ClockBehind):
        await opened.write(SYSTEM, None, granting("per_3"), answer=Said)


class Lossy:
    """A writer whose first commit answers that nobody knows, having committed or not."""

    def __init__(self, writer: Writer, *, persisted: bool) -> None:
        self.writer, self.dialect, self.persisted, self.lost = (
            writer,
            writer.dialect,
            persisted,
            False,
        )

    @asynccontextmanager
    async def transaction(self, *, stopped: bool = False) -> AsyncIterator[Transaction]:
        if self.lost:
            async with self.writer.transaction() as transaction:
                yield transaction
            return
        self.lost = True
        if self.persisted:
            async with self.writer.transaction() as transaction:
                yield transaction
            raise CommitUnknown
        try:
            async with self.writer.transaction() as transaction:
                yield transaction
                raise ZeroDivisionError
        except ZeroDivisionError:
            raise CommitUnknown from None

    async def scrub(self) -> bool:
        """As the writer below does."""
        return await self.writer.scrub()

    async def close(self) -> None:
        """The writer below is closed by its owner."""


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize("persisted", [True, False])
async def test_a_lost_answer_to_commit_is_found_out(
    opened: Journal, persisted: bool, keyed: bool
) -> None:
    before = await size_of(opened)
    lossy = Journal(Lossy(opened.writer, persisted=persisted), opened.clock)
    await lossy.start()
    keys = [key_of(f"attempt-{n}") if keyed else None for n in range(5)]
    answers = await asyncio.gather(
        *(lossy.write(SYSTEM, keys[n], granting(f"per_{n}"), answer=Said) for n in range(5))
    )
    await lossy.close()
    assert [a.person for a in answers] == [f"per_{n}" for n in range(5)]
    assert await size_of(opened) == before + 5


@pytest.mark.parametrize("keyed", [True, False])
async def test_what_nobody_can_ask_for_again_is_not_kept(opened: Journal, keyed: bool) -> None:
    key = key_of("attempt") if keyed else None
    told = await opened.write(SYSTEM, key, granting("per_secret"), answer=Said)
    assert told.person == "per_secret"
    found = await reading.at(reading.PRIMARY).fetch(
        "SELECT outcome FROM request WHERE first_seq = $1", [told.entry]
    )
    kept = [json.loads(outcome) for (outcome,) in found]
    rest = {"person": "per_secret"} if keyed else {}
    assert kept == [{"entry": told.entry, "replayed": False, **rest}]


async def test_a_command_writes_through_the_installed_journal(opened: Journal) -> None:
    assert journal.current() is opened
    await adopt_divisions(SYSTEM)
    done = await grant_role(
        SYSTEM, person="per_1", role=Role.AUDITOR, scope="420100/", key=key_of("by-command")
    )
    held = await find(Grants, "per_1")
    assert held is not None
    assert held.grants[0].id == done.grant
    calendar = await find(PolicyCalendar, CALENDAR)
    assert calendar is not None
    assert calendar.versions[0][1] == "WH-2016-12"

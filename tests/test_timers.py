"""Timers: what falls due is done once, whoever else tries, whatever fails and whenever it ends."""

import asyncio
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from prometheus_client import generate_latest

from ledger.entry import decode
from ledger.reader import open_reader, read_entries
from tests.commands import timebank
from tests.copies import begun
from tests.test_silence import told
from tests.volunteering import record_of
from tests.world import NOON, World, key, open_world
from timebank import replay, timers
from timebank.bank import open_bank
from timebank.clock import ManualClock
from timebank.confirmations import accept_hours
from timebank.due import Due
from timebank.journal import Answer
from timebank.keys import RequestKey
from timebank.record_life import RecordState
from timebank.refusals import LedgerStopped, NotFound
from timebank.settings import Settings
from timebank.silence import unanswered
from timebank.timers import TIMERS, Timer, TimerRun, alone, running, runs, sweep
from web.metrics import collect

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)


async def silences(world: World) -> Counter[str]:
    """How often the ledger says of each record that silence counted."""
    async with world.journal.writer.transaction() as transaction:
        size = transaction.head.size
    found: Counter[str] = Counter()
    async with open_reader(world.settings.database_url) as reader:
        async for rows in read_entries(reader, 0, size):
            entries = [decode(data) for _, data, *_ in rows]
            silent = [entry for entry in entries if entry.kind == "hours.posted_silent"]
            assert {entry.actor for entry in silent} <= {"system"}
            found.update(str(entry.body["record"]) for entry in silent)
    return found


def counts(run: TimerRun) -> tuple[int, int, int]:
    return (run.done, run.refused, run.failed)


def by_name(done: list[TimerRun]) -> dict[str, tuple[int, int, int]]:
    return {run.name: counts(run) for run in done}


class Errands:
    """What a made-up timer has to do: some succeed, some are refused, some break."""

    def __init__(self, *, good: int = 0, refused: int = 0, broken: int = 0) -> None:
        self.tries: Counter[str] = Counter()
        names = [f"bad{n:04d}" for n in range(refused)] + [f"dud{n:04d}" for n in range(broken)]
        self.due = sorted([*names, *(f"fine{n:04d}" for n in range(good))])

    async def read(self, *, skip: int, limit: int) -> list[str]:
        return self.due[skip : skip + limit]

    async def act(self, candidate: str, key: RequestKey) -> Answer:
        self.tries[candidate] += 1
        if candidate.startswith("bad"):
            raise NotFound(what="errand")
        if candidate.startswith("dud"):
            raise RuntimeError("a bug")
        self.due.remove(candidate)
        return Answer()

    def timer(self, name: str) -> Timer:
        return Timer(name, self.read, self.act)


# What is due


async def test_moving_the_clock_makes_silence_count(world: World) -> None:
    who = await world.volunteer()
    id = await told(world, who)
    for days in (0, 7):
        world.clock.move(days * DAY)
        assert by_name(await sweep())["hours.silence"] == (0, 0, 0)
    world.clock.move(DAY)
    assert by_name(await sweep())["hours.silence"] == (1, 0, 0)
    assert (await record_of(id)).state is RecordState.POSTED_SILENT
    assert by_name(await sweep())["hours.silence"] == (0, 0, 0)
    assert await silences(world) == {id: 1}
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_a_round_is_kept_for_whoever_watches(world: World) -> None:
    names = [timer.name for timer in TIMERS]
    assert await runs(names) == []
    done = await sweep()
    assert sorted(run.name for run in done) == sorted(names)
    assert {run.at for run in done} == {NOON}
    world.clock.move(DAY)
    await sweep()
    assert {run.at for run in await runs(names)} == {NOON + DAY}


async def test_the_figures_tell_an_alarm_when_a_timer_last_ran(world: World) -> None:
    async def figures() -> str:
        return generate_latest(await collect(world.settings)).decode()

    assert 'timebank_timer_run_seconds{timer="hours.silence"} 0.0' in await figures()
    await sweep()
    told = re.search(r'timer_run_seconds{timer="hours.silence"} (\S+)', await figures())
    assert told
    assert float(told[1]) == NOON.timestamp()
    assert 'timebank_timer_failed{timer="hours.silence"} 0.0' in await figures()


async def test_a_candidate_that_was_answered_meanwhile_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await world.volunteer()
    id = await told(world, who)
    world.clock.move(8 * DAY)

    async def stale(*, skip: int, limit: int) -> list[str]:
        found = await unanswered(skip=skip, limit=limit)
        await accept_hours(who, records=found, key=key())
        return found

    silence = next(timer for timer in TIMERS if timer.name == "hours.silence")
    (run,) = await sweep([Timer("hours.silence", stale, silence.act)])
    assert counts(run) == (0, 1, 0)
    assert (await record_of(id)).state is RecordState.POSTED


# What goes wrong


async def test_one_candidates_error_stops_no_other(world: World) -> None:
    many, few = Errands(good=150, refused=130, broken=120), Errands(good=1)
    done = await sweep([many.timer("many"), few.timer("few")])
    assert by_name(done) == {"few": (1, 0, 0), "many": (150, 130, 120)}
    assert set(many.tries.values()) == {1}
    assert len(many.tries) == 400
    assert counts((await sweep([many.timer("many")]))[0]) == (0, 130, 120)


async def test_a_read_that_fails_stops_no_other_timer(world: World) -> None:
    async def broken(*, skip: int, limit: int) -> list[str]:
        raise OSError("the disk")

    fine = Errands(good=3)
    done = await sweep([Timer("broken", broken, fine.act), fine.timer("fine")])
    assert by_name(done) == {"broken": (0, 0, 1), "fine": (3, 0, 0)}


async def test_a_timer_that_never_ends_leaves_the_others_their_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "MOST_PAGES", 3)
    monkeypatch.setattr(timers, "TOGETHER", 2)
    tried: list[str] = []

    async def for_ever(*, skip: int, limit: int) -> list[str]:
        return ["same"] * limit

    async def act(candidate: str, key: RequestKey) -> Answer:
        tried.append(candidate)
        return Answer()

    fine = Errands(good=5)
    due: Due = for_ever
    done = await sweep([Timer("endless", due, act), fine.timer("fine")])
    assert by_name(done) == {"endless": (6, 0, 0), "fine": (5, 0, 0)}


async def test_a_round_ends_where_nothing_may_be_written(world: World) -> None:
    errands = Errands(good=3)

    async def denied(candidate: str, key: RequestKey) -> Answer:
        raise LedgerStopped

    with pytest.raises(LedgerStopped):
        await sweep([Timer("stopped", errands.read, denied)])
    assert await runs(["stopped"]) == []


# One at a time, and again after a crash


async def test_one_scheduler_works_at_a_time(world: World) -> None:
    url = world.settings.database_url
    async with alone(url) as first, alone(url) as second:
        assert (first, second) == (True, False)
    async with alone(url) as again:
        assert again


async def test_a_lock_is_left_by_an_error(world: World) -> None:
    url = world.settings.database_url
    with pytest.raises(RuntimeError):
        async with alone(url):
            raise RuntimeError
    async with alone(url) as again:
        assert again


async def test_two_schedulers_at_once_do_nothing_twice(world: World) -> None:
    ids = [await told(world, await world.volunteer()) for _ in range(6)]
    world.clock.move(8 * DAY)
    await asyncio.gather(sweep(), sweep(), sweep())
    assert await silences(world) == dict.fromkeys(ids, 1)


async def test_a_round_that_was_cut_off_is_finished_by_the_next_process(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_world(database_url, tmp_path) as world:
        ids = [await told(world, await world.volunteer()) for _ in range(5)]
        settings = world.settings
        monkeypatch.setattr(timers, "TOGETHER", 2)
        world.clock.move(8 * DAY)
        silence = next(timer for timer in TIMERS if timer.name == "hours.silence")
        pages: list[list[str]] = []

        async def dies(*, skip: int, limit: int) -> list[str]:
            if pages:
                raise asyncio.CancelledError
            pages.append(await unanswered(skip=skip, limit=limit))
            return pages[0]

        with pytest.raises(asyncio.CancelledError):
            await sweep([Timer("hours.silence", dies, silence.act)])
        assert await silences(world) == dict.fromkeys(pages[0], 1)
    async with open_bank(settings, clock=ManualClock(NOON + 9 * DAY)) as journal:
        world.journal = journal
        assert by_name(await sweep())["hours.silence"] == (3, 0, 0)
        assert await silences(world) == dict.fromkeys(ids, 1)


async def test_a_server_runs_the_timers_by_itself(world: World) -> None:
    id = await told(world, await world.volunteer())
    world.clock.move(8 * DAY)
    async with running(world.settings.database_url):
        for _ in range(200):
            if (await record_of(id)).state is RecordState.POSTED_SILENT:
                break
            await asyncio.sleep(0.05)
    assert (await record_of(id)).state is RecordState.POSTED_SILENT
    assert await silences(world) == {id: 1}
    async with alone(world.settings.database_url) as free:
        assert free


async def test_a_failing_round_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = asyncio.Queue[int]()

    async def failing() -> list[TimerRun]:
        rounds.put_nowait(1)
        raise LedgerStopped

    monkeypatch.setattr(timers, "sweep", failing)
    task = asyncio.create_task(timers.run(world.settings.database_url, interval=0.01))
    for _ in range(3):
        await asyncio.wait_for(rounds.get(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# The command


def run_once(settings: Settings) -> Result:
    """Run the command."""
    words = ("--data", str(settings.data), "--database", settings.database, "timers", "run-once")
    return timebank(*words)


async def test_the_command_runs_one_round_unless_another_scheduler_works(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path / "data", database=database_url)
    await begun(settings)
    done = run_once(settings)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "hours.silence: 0 done, 0 failed" in done.stdout
    async with alone(database_url):
        refused = run_once(settings)
    assert (refused.exit_code, "Another scheduler" in refused.stdout) == (1, True)

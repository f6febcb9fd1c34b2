"""Imports of a roster amid an outage or a merge: the count is true, the next brings the rest."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.outages import Away
from ledger.verify import verify
from tests.clusters import cluster
from tests.commands import timebank
from tests.merging import merged
from tests.test_failover import FIRST_POLICY
from tests.test_rosters import HEAD, good_lines, line, named, volunteers, write
from tests.world import World, open_world
from timebank import roster_imports
from timebank.access import Role
from timebank.hours import Record, records_of
from timebank.refusals import LedgerAway
from timebank.roster_imports import Imported, ImportStopped, import_roster
from timebank.rosters import Recorded, recorded
from timebank.tables import count

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]


async def a_file(world: World, directory: Path) -> Path:
    """A roster of 1,200 good rows."""
    return write(directory / "r.csv", [HEAD, *good_lines(await volunteers(world, 50))])


async def goes_on(world: World, path: Path, before: Imported) -> None:
    """Whether another try brings exactly what is missing."""
    assert await count(Record) == before.captured == before.read
    done = await import_roster(world.staff[Role.STATION_CLERK], path)
    assert (done.captured, done.known, done.bad) == (1200 - before.captured, before.captured, [])
    assert await count(Record) == 1200
    assert (await verify(world.settings.database_url)).sound


async def test_a_full_disk_amid_a_file_leaves_a_true_count(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_imports, "MOST_ROWS", 50)
    path, held = await a_file(world, tmp_path), world.journal.writer
    connection: Any = getattr(held, "connection")  # noqa: B009 - only the writer of a file has one
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 200}")
    with pytest.raises(ImportStopped) as stopped:
        await import_roster(world.staff[Role.STATION_CLERK], path)
    assert isinstance(stopped.value.__cause__, LedgerAway)
    connection.execute("PRAGMA max_page_count = 1000000")
    assert 0 < stopped.value.done.read < 1200
    await goes_on(world, path, stopped.value.done)


async def test_requests_of_one_group_that_ran_apart_are_each_counted(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction of several that fails by itself is tried one by one; the ledger goes amid."""
    monkeypatch.setattr(roster_imports, "MOST_ROWS", 50)
    path, commit, alone = await a_file(world, tmp_path), world.journal._commit, []

    async def failing(works: list[Any], *, joined: bool) -> list[Any]:
        if len(works) > 1:
            raise ValueError
        alone.append(works)
        if len(alone) == 2:
            raise Away
        return await commit(works, joined=joined)

    with monkeypatch.context() as broken:
        broken.setattr(world.journal, "_commit", failing)
        with pytest.raises(ImportStopped) as stopped:
            await import_roster(world.staff[Role.STATION_CLERK], path)
    assert len(alone) == roster_imports.TOGETHER
    assert stopped.value.done.read == 150, "the first, the third and the fourth"
    await goes_on(world, path, stopped.value.done)


async def test_an_operator_reads_what_came_in_before_the_database_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_imports, "MOST_ROWS", 50)
    with cluster() as servers:
        server = servers.node()
        server.make()
        server.start()
        async with open_world(server.url, tmp_path, policy=FIRST_POLICY) as world:
            path, clerk = await a_file(world, tmp_path), world.staff[Role.STATION_CLERK].id
        bank = ("--data", str(world.settings.data), "--database", server.url, "--json")
        words = (*bank, "import", "roster", str(path), "--as", clerk, "--late", "PAPER_FOUND")
        take, groups = roster_imports._take, []

        async def after(*given: Any, **more: Any) -> None:
            groups.append(given)
            if len(groups) == 2:
                server.kill()
            await take(*given, **more)

        with monkeypatch.context() as failing:
            failing.setattr(roster_imports, "_take", after)
            told = timebank(*words)
        assert told.exit_code == 3, told.output
        assert json.loads(told.stdout) == {"read": 200, "captured": 200, "known": 0, "bad": 0}
        assert "takes only what is not in yet" in told.stderr
        server.start()
        again = timebank(*words)
        assert json.loads(again.stdout) == {"read": 1200, "captured": 1000, "known": 200, "bad": 0}


async def test_rows_of_whom_a_merge_took_amid_a_file_go_in_on_the_next_try(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept, other = [await world.volunteer() for _ in range(3)]
    numbers = [await world.number_of(one) for one in (other, gone)]
    lines = [line(number, f"{8 + n:02d}:00", f"{8 + n:02d}:50") for n, number in enumerate(numbers)]
    path = write(tmp_path / "r.csv", [HEAD, *lines])

    async def after_a_merge(*given: Any, **more: Any) -> Recorded:
        await merged(world, gone, kept)
        return await recorded(*given, **more)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(roster_imports, "recorded", after_a_merge)
        done = await import_roster(world.staff[Role.STATION_CLERK], path)
    assert (done.captured, named(done)) == (1, [(3, "volunteer", "PERSON_NOT_ACTIVE")])
    again = await import_roster(world.staff[Role.STATION_CLERK], path)
    assert (again.captured, again.known, again.bad) == (1, 1, [])
    (record,) = await records_of(kept.id)
    assert record.starts == world.clock.now().replace(hour=1, minute=0) - timedelta(days=1)
    assert await records_of(gone.id) == []

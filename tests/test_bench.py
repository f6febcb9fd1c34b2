"""The benchmarks, at smoke size: they run, and grouped commit keeps its promise."""

import os
import random
import subprocess
import sys
from collections import Counter
from functools import partial
from math import ceil
from pathlib import Path
from statistics import mean
from types import SimpleNamespace

import msgspec
import pytest

from tests.bench import bench_others, bench_scale, bench_soak, readme, simulation
from tests.bench.__main__ import measured_apart
from tests.bench.baselines import Pgbench
from tests.bench.bench_attacks import attacked
from tests.bench.bench_http import beyond_its_query, mutations, reads
from tests.bench.bench_verify import Chain, compare_chain, compare_growth
from tests.bench.bench_writes import compare, sqlite_files
from tests.bench.figures import Figure, Part, Results, table, used
from tests.bench.parts import PARTS
from tests.bench.simulation import Place
from tests.conftest import Size
from tests.demo_site import SMALL
from tests.test_graphql_attacks import ATTACKS
from tests.test_readme import README

pytestmark = pytest.mark.alone


def test_what_a_child_took_is_not_taken_back_when_it_ends() -> None:
    before = used(os.getpid(), family=True)
    work = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-S", "-c", work], check=True)
    # Told in hundredths.
    assert used(os.getpid(), family=True) - before > 0.15


@pytest.mark.anyio
async def test_grouped_commits_are_three_times_one_orm_transaction_each(size: Size) -> None:
    each = 40 if size == "full" else 10
    with sqlite_files() as new_url:
        told = await compare(new_url, each=each)
    assert len(told.grouped) == len(told.orm) == 3
    assert told.ratio >= 3, told


def test_neither_memory_nor_an_append_grows_with_the_log(size: Size) -> None:
    # The sizes of the promise are measured when everything is; an append of a short run is noisy.
    sizes, most = (
        ((10_000, 100_000, 5_000_000), 1.3) if size == "full" else ((500, 4_000, 20_000), 3)
    )
    few, middle, many = sizes
    with sqlite_files() as new_url:
        told = compare_growth(new_url, sizes=sizes, repetitions=100 if size == "full" else 20)
    assert told.resident[many] < told.resident[middle] * 1.15, told
    assert told.costlier(few, many) <= most, told


@pytest.mark.anyio
async def test_chain_level_against_two_bare_hashes(size: Size) -> None:
    # In one process by its own processor time, then as it is run. The smoke size is for a machine
    # that others use as well: only a level that became much slower is found by it.
    entries, least = (600_000, 0.5) if size == "full" else (20_000, 0.2)
    with sqlite_files() as new_url:
        told = await compare_chain(new_url(), entries=entries)
    assert told.ratio >= least, (told.ratio, told.usual, told)
    assert told.as_run >= least, (told.as_run, told)


def test_a_level_is_measured_against_the_hashes_around_it() -> None:
    told = Chain("sqlite", 1, hashed=[1.0, 3.0, 5.0, 1.0], verified=[4.0, 2.0, 1.0])
    assert told.as_run == 2.0


def test_a_page_is_measured_with_the_http_that_its_query_came_by() -> None:
    assert beyond_its_query([10.0], [4.0], [1.0]) == 7.0
    assert beyond_its_query([20.0], [8.0], [2.0]) == 7.0
    # A moment in which the machine was slow makes all three dear, and a stray one counts for one.
    assert beyond_its_query([10.0, 20.0, 90.0], [4.0, 14.0, 4.0], [1.0, 1.0, 9.0]) == 7.0


def test_everything_over_http_is_measured_beside_its_baseline() -> None:
    with sqlite_files() as new_url:
        found = [mutations(new_url, people=8, seconds=0.2, repetitions=1)]
        found += reads(new_url, people=8, seconds=0.2, repetitions=1)
    assert [one.number for one in found] == ["P2", "P4", "home", "P4", "P8"]
    assert all(one.value > 0 and one.ratio > 0 for one in found[:4])
    assert found[0].cpu.keys() == {"clients", "servers", "database"}


def test_a_query_is_measured_under_every_attack_beside_its_quiet_value() -> None:
    with sqlite_files() as new_url:
        told = attacked(new_url, people=40, seconds=0.1)
    assert len(told) == len(ATTACKS) + 1
    assert all(one.value > 0 and one.base for one in told)


def test_a_year_is_replayed_and_a_roster_read() -> None:
    with sqlite_files() as new_url:
        year = bench_others.replayed(new_url, size=SMALL, repetitions=1)
        imported = bench_others.imported(new_url, rows=2_500)  # two transactions
    assert {one.number for one in year} == {"P6", "bytes", "entries"}
    assert all(one.value > 0 for one in year)
    assert len(imported.repetitions) == 2


def test_pgbench_is_asked_for_its_best_number_of_clients(postgres_url: str) -> None:
    assert Pgbench(postgres_url, scale=1, seconds=1).rate() > 0


def test_the_table_says_what_is_below_its_floor() -> None:
    told = partial(Figure, number="P0", what="nothing", unit="a second", value=9)
    least = told(ratio=0.9, floor=1, goal=2)
    most = told(ratio=0.9, floor=2, goal=1, least=False)
    assert (least.judged, most.judged) == ("below", "goal")
    lines = table([Part("part", 1.0, [least, most])]).splitlines()
    assert [line.split("|")[7].strip() for line in lines[2:]] == ["below", "goal"]


def test_every_promise_of_the_benchmarks_has_its_part() -> None:
    assert {"mutations", "roster", "reads", "verify", "replay", "growth"} <= PARTS.keys()
    assert {"process", "import", "paper", "writes", "soak"} <= PARTS.keys()


def test_what_is_not_on_both_sides_exactly_once_is_wrong() -> None:
    told = Counter(["a", "b", "c", "c", "e"])
    assert bench_soak.wrong(told, Counter(["a", "b", "c", "e"])) == 1
    assert bench_soak.wrong(Counter(["a", "b"]), Counter(["a", "b", "b", "d"])) == 2
    assert bench_soak.wrong(Counter(), Counter()) == 0


def test_two_workers_lose_and_double_nothing_for_a_moment(postgres_url: str) -> None:
    told = bench_soak.soak(lambda: postgres_url, people=8, seconds=1)
    assert (told.wrong, len(told.resident)) == (0, bench_soak.QUARTERS)
    assert told.orders > 0
    assert next(iter(bench_soak.figures(told, 1))).judged == "goal"


def test_a_filled_city_answers_as_one_that_grew(tmp_path: Path) -> None:
    with sqlite_files() as new_url:
        told = bench_scale.compare(new_url, tmp_path, sizes=(300, 2_500), rounds=1, repetitions=3)
    assert len(told.micros) == 6
    assert all(cost > 0 for by in told.micros.values() for cost in by.values())


def costs() -> simulation.Costs:
    return simulation.Costs(
        written=2_000, read=500, verified=1e6, replayed=2e4, entry_bytes=2_000, record_entries=3
    )


def test_a_place_needs_what_its_entries_cost() -> None:
    city = Place("a city", 1_000_000, 1, 1_000_000)
    year = simulation.live(city, costs())
    assert (year.entries, year.disk) == (3_000_000, 6e9)
    assert (year.verify, year.replay) == (3.0, 150.0)
    # A hundred times the mean, in the hour that has the most of the day.
    assert 22 < year.busiest < 60
    assert year.readers == ceil(year.busiest * 20 / 500)
    assert year.waited <= year.busiest / 2_000
    slow = simulation.live(city, msgspec.structs.replace(costs(), written=12))
    assert slow.waited > 60, "who comes faster than is written waits, and longer and longer"


def test_chance_keeps_to_what_is_expected() -> None:
    chance = random.Random(7)
    for expected in (0.0, 3.0, 200.0):
        came = [simulation.arrivals(expected, chance) for _ in range(2_000)]
        assert abs(mean(came) - expected) <= expected * 0.1


def test_the_readme_is_written_from_what_was_measured() -> None:
    frame = "a\n<!-- measured -->\nold\n<!-- /measured -->\nb\n<!-- places -->\nc\n<!-- /places -->"
    told = partial(Figure, what="it", unit="a second", ratio=0.5, floor=1, goal=2)
    some = [told(number="P1", value=2_000), told(number="P4", value=500)]
    results = Results({"cores": "2"}, [Part("part", 1.0, some)], [])
    made = readme.written(frame, results)
    assert "old" not in made
    assert readme.SHARED not in made
    results.machine["load before"] = "8.2"
    assert readme.SHARED in readme.written(frame, results)
    assert "| P1 |" in made
    assert f"* P4: {readme.WHY['P4']}" in made
    assert "-->\nc\n" in made, "without every cost nothing is said of places"
    more = [told(number=n, value=9) for n in ("P5", "P6", "bytes", "entries")]
    whole = Results({"cores": "2"}, [Part("part", 1.0, [*some, *more])], [])
    assert "the country" in readme.written(made, whole)
    with pytest.raises(ValueError, match="measured"):
        readme.written("nothing", results)
    readme.written(README, whole)


def test_what_a_part_prints_is_no_part_of_what_it_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(asked: list[str], **how: object) -> SimpleNamespace:
        assert how["stdout"] is sys.stderr
        Path(asked[-1]).write_bytes(msgspec.json.encode(Part(asked[-3], 1.0, [])))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr("subprocess.run", run)
    assert measured_apart("paper", "sqlite") == Part("paper", 1.0, [])

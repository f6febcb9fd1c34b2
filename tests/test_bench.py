"""The benchmarks, at smoke size: they run, and grouped commit keeps its promise."""

from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.bench import bench_others, bench_scale, bench_soak
from tests.bench.baselines import Pgbench
from tests.bench.bench_attacks import attacked
from tests.bench.bench_http import mutations, reads
from tests.bench.bench_verify import compare_chain, compare_growth
from tests.bench.bench_writes import compare, sqlite_files
from tests.bench.figures import Figure, Part, table
from tests.bench.parts import PARTS
from tests.conftest import Size
from tests.demo_site import SMALL
from tests.test_graphql_attacks import ATTACKS

pytestmark = pytest.mark.alone


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
    # In one process and by its own processor time. The smoke size is for a machine that others use
    # as well: only a level that became much slower is found by it.
    entries, least = (600_000, 0.5) if size == "full" else (20_000, 0.2)
    with sqlite_files() as new_url:
        told = await compare_chain(new_url(), entries=entries)
    assert told.ratio >= least, (told.ratio, told.usual, told)


def test_everything_over_http_is_measured_beside_its_baseline() -> None:
    with sqlite_files() as new_url:
        found = [mutations(new_url, people=8, seconds=0.2, repetitions=1)]
        found += reads(new_url, people=8, seconds=0.2, repetitions=1)
    assert [one.number for one in found] == ["P2", "P4", "P4", "P8"]
    assert all(one.value > 0 and one.ratio > 0 for one in found[:3])
    assert found[0].cpu.keys() == {"clients", "servers", "database"}


def test_a_query_is_measured_under_every_attack_beside_its_quiet_value() -> None:
    with sqlite_files() as new_url:
        told = attacked(new_url, people=40, seconds=0.1)
    assert len(told) == len(ATTACKS) + 1
    assert all(one.value > 0 and one.base for one in told)


def test_a_year_is_replayed_and_a_roster_read() -> None:
    with sqlite_files() as new_url:
        replayed = bench_others.replayed(new_url, size=SMALL, repetitions=1)
        imported = bench_others.imported(new_url, rows=1_000)
    assert replayed.value > 0
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

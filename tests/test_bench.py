"""The benchmarks, at smoke size: they run, and grouped commit keeps its promise."""

import pytest

from tests.bench.bench_verify import compare_chain, compare_growth
from tests.bench.bench_writes import compare, sqlite_files
from tests.conftest import Size

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

"""The benchmarks, at smoke size: they run, and grouped commit keeps its promise."""

import pytest

from tests.bench.bench_writes import compare, sqlite_files
from tests.conftest import Size


@pytest.mark.anyio
async def test_grouped_commits_are_three_times_one_orm_transaction_each(size: Size) -> None:
    each = 40 if size == "full" else 10
    with sqlite_files() as new_url:
        told = await compare(new_url, each=each)
    assert len(told.grouped) == len(told.orm) == 3
    assert told.ratio >= 3, told

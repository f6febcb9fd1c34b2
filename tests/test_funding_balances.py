"""Fund balances: what became of a source's money, by unit and by purpose, for everybody."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.funding import fund_officer, source_of
from tests.wire import ask, form
from tests.world import COMMUNITY, World, key, open_world
from timebank.funding.allotments import allot_funds
from timebank.funding.balances import balance_key, balances_below

OTHER = "420102002004"


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as made:
        yield made


@pytest.mark.anyio
async def test_balances_are_listed_by_unit_with_the_sum_first(world: World) -> None:
    source = await source_of(world)
    await allot_funds(
        await fund_officer(world), source=source, rows=[(COMMUNITY, 4), (OTHER, 6)], key=key()
    )
    asked = "query($s: ID!) { fundBalances(source: $s) { nodes { unit { code } allotted } } }"
    told = (await ask(world, form(), asked, s=source))["fundBalances"]["nodes"]
    assert told == [
        {"unit": None, "allotted": 10},
        {"unit": {"code": COMMUNITY}, "allotted": 4},
        {"unit": {"code": OTHER}, "allotted": 6},
    ]
    page = await balances_below(
        source, after=balance_key(source), before=None, limit=1, backward=True
    )
    assert [one.unit for one in page] == [OTHER]

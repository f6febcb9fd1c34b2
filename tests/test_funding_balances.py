"""Fund balances: what became of a source's money, by unit and by purpose, for everybody."""

import pytest

from tests.funding import fund_officer, source_of
from tests.wire import ask, form
from tests.world import COMMUNITY, World, key
from timebank.funding.allotments import allot_funds
from timebank.funding.balances import balance_key, balances_below

pytestmark = pytest.mark.one_database

OTHER = "420102002004"


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

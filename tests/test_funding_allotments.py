"""Allotments: thousands of shares in one command, each once, and all of it goes back at the end."""

from datetime import date
from typing import Any

import msgspec
import pytest

from tests.funding import DAY, SHARE, YEAR, allotted, fund_officer, source_of
from tests.starring import SEEDED
from tests.wire import act, ask, form
from tests.world import COMMUNITY, World, key
from timebank import accounts, replay
from timebank.access import Role
from timebank.accounts import balance_of
from timebank.divisions import AreaLevel, divisions
from timebank.funding.allotments import (
    MOST_ROWS,
    Allotment,
    AllottedAlready,
    FormulaElsewhere,
    MembersMissing,
    MoneyCommitted,
    NoFormula,
    TooManyRows,
    allot_by_formula,
    allot_funds,
    close_source,
    decide_allotment,
    decide_close,
    decide_share,
)
from timebank.funding.balances import FundBalance, sums_of
from timebank.funding.sources import (
    FenNotPositive,
    FundKind,
    FundSource,
    NotEnoughMoney,
    SourceNotOver,
    SourceOver,
    SourceState,
)
from timebank.lifecycles import NotInThisState
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.tables import count, select

pytestmark = pytest.mark.one_database

RULE = SEEDED.fund
BENEFIT, PARTY = FundKind.COMMUNITY_BENEFIT, FundKind.PARTY_BUILDING
COMMUNITIES, VILLAGES = 1_541, 1_942
OTHER = "420102002004"
SOURCE = FundSource(
    id="src_1",
    fund=BENEFIT,
    year=YEAR,
    fen=1,
    purposes=(),
    negatives=(),
    last_day=date(YEAR, 12, 31),
    state=SourceState.OPEN,
)


@pytest.mark.parametrize(
    ("fund", "level", "members", "share"),
    [
        (BENEFIT, AreaLevel.COMMUNITY, 0, 20_000_000),
        (BENEFIT, AreaLevel.VILLAGE, 900, 5_000_000),
        (PARTY, AreaLevel.COMMUNITY, 0, 3_000_000),
        (PARTY, AreaLevel.COMMUNITY, 150, 3_000_000),
        (PARTY, AreaLevel.COMMUNITY, 151, 3_020_000),
        (PARTY, AreaLevel.VILLAGE, 100, 2_000_000),
        (PARTY, AreaLevel.VILLAGE, 101, 2_020_000),
        (PARTY, AreaLevel.VILLAGE, -1, MembersMissing),
        (BENEFIT, AreaLevel.STREET, 0, FormulaElsewhere),
        (PARTY, AreaLevel.CITY, 9, FormulaElsewhere),
        (FundKind.ASSISTANCE_PLAN, AreaLevel.COMMUNITY, 0, NoFormula),
        (FundKind.SOCIAL_WORK, AreaLevel.COMMUNITY, 0, NoFormula),
    ],
)
def test_the_formula_of_each_fund(
    fund: FundKind, level: AreaLevel, members: int, share: int | type[Refusal]
) -> None:
    if isinstance(share, int):
        assert decide_share(fund, level, "4201", members, RULE) == share
    else:
        with pytest.raises(share):
            decide_share(fund, level, "4201", members, RULE)


def test_a_share_is_positive_in_time_and_given_once() -> None:
    given: dict[str, Any] = {"members": None, "held": None, "today": date(YEAR, 12, 31)}
    held = Allotment(id="src_1/4", source="src_1", unit="4", year=YEAR, path="4/", fen=1)
    assert decide_allotment(SOURCE, "4", 5, **given).fen == 5
    for changed, fen, no in (
        ({}, 0, FenNotPositive),
        ({"held": held}, 5, AllottedAlready),
        ({"today": date(YEAR + 1, 1, 1)}, 5, SourceOver),
    ):
        with pytest.raises(no):
            decide_allotment(SOURCE, "4", fen, **given | changed)


def test_a_source_closes_when_its_year_is_over_and_nothing_is_promised() -> None:
    over = date(YEAR + 1, 1, 1)
    decide_close(SOURCE, None, over)
    settled = FundBalance(id="src_1//", source="src_1", allotted=9, committed=5, paid=5, spent=5)
    decide_close(SOURCE, settled, over)
    with pytest.raises(SourceNotOver):
        decide_close(SOURCE, None, SOURCE.last_day)
    with pytest.raises(MoneyCommitted) as no:
        decide_close(SOURCE, msgspec.structs.replace(settled, spent=3), over)
    assert no.value.details == {"fen": "2"}


@pytest.mark.anyio
async def test_every_community_and_village_gets_its_share_in_one_command(world: World) -> None:
    total = COMMUNITIES * 20_000_000 + VILLAGES * 5_000_000
    source = await source_of(world, total)
    officer = await fund_officer(world)
    told = await act(world, officer, "allotByFormula", "units fen", source=source)
    assert told == {"units": COMMUNITIES + VILLAGES, "fen": total, "userErrors": []}
    assert await balance_of(accounts.fund(source)) == 0
    units = [area.code for area in divisions() if area.level in ("community", "village")]
    held = await select(Allotment, source=source, order=["unit"])
    assert [one.unit for one in held] == sorted(units)
    assert sum(one.fen for one in held) == (await sums_of([source]))[source].allotted == total
    assert await balance_of(accounts.allotment(COMMUNITY, YEAR, source)) == 20_000_000
    with pytest.raises(AllottedAlready):
        await allot_by_formula(officer, source=source, key=key())
    assert await count(Allotment) == COMMUNITIES + VILLAGES
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_one_fen_too_little_and_nobody_gets_anything(world: World) -> None:
    total = COMMUNITIES * 3_000_000 + VILLAGES * 2_000_000 + 850 * 20_000
    officer, fund = await fund_officer(world), {"fund": PARTY}
    # A thousand members in one community are 850 above what the floor gives it.
    members = [(COMMUNITY, 1_000)]
    short = await source_of(world, total - 1, **fund)
    with pytest.raises(NotEnoughMoney):
        await allot_by_formula(officer, source=short, members=members, key=key())
    assert await count(Allotment) == 0
    enough = await source_of(world, total, **fund)
    await allot_by_formula(officer, source=enough, members=members, key=key())
    asked = """query($s: ID!, $u: ID!) { allotments(source: $s, unit: $u) { nodes {
        fen left members unit { code } source { id } } } }"""
    (seen,) = (await ask(world, form(), asked, s=enough, u=COMMUNITY))["allotments"]["nodes"]
    assert seen == {
        "fen": 20_000_000,
        "left": 20_000_000,
        "members": 1_000,
        "unit": {"code": COMMUNITY},
        "source": {"id": enough},
    }


@pytest.mark.anyio
async def test_rows_are_all_good_or_none_is_taken(world: World) -> None:
    source, officer = await source_of(world, 10), await fund_officer(world)
    for rows, no in (
        ([], TooManyRows),
        ([(str(n), 1) for n in range(MOST_ROWS + 1)], TooManyRows),
        ([(COMMUNITY, 1), ("000", 1)], NotFound),
        ([(COMMUNITY, 1), (OTHER, 0)], FenNotPositive),
        ([(COMMUNITY, 5), (OTHER, 6)], NotEnoughMoney),
        ([(COMMUNITY, 1), (COMMUNITY, 1)], AllottedAlready),
    ):
        with pytest.raises(no):
            await allot_funds(officer, source=source, rows=rows, key=key())
    with pytest.raises(NotFound):
        await allot_funds(officer, source="src_none", rows=[(COMMUNITY, 1)], key=key())
    with pytest.raises(Forbidden):
        await allot_funds(
            world.staff[Role.STREET_OFFICER], source=source, rows=[(COMMUNITY, 1)], key=key()
        )
    assert await count(Allotment) == 0
    assert await balance_of(accounts.fund(source)) == 10
    await allot_funds(officer, source=source, rows=[(COMMUNITY, 4), (OTHER, 6)], key=key())


@pytest.mark.anyio
async def test_after_the_last_day_everything_goes_back_to_the_treasury(world: World) -> None:
    source, officer = await allotted(world), await fund_officer(world)
    with pytest.raises(SourceNotOver):
        await close_source(officer, source=source, key=key())
    world.clock.move(42 * DAY)
    with pytest.raises(SourceOver):
        await allot_funds(officer, source=source, rows=[(OTHER, 1)], key=key())
    told = await act(world, officer, "closeSource", "source { state }", source=source)
    assert told["source"] == {"state": "CLOSED"}
    held = accounts.allotment(COMMUNITY, YEAR, source)
    for code in (accounts.treasury(source), accounts.fund(source), held):
        assert await balance_of(code) == 0
    (one,) = await select(Allotment, source=source)
    assert (one.fen, one.returned) == (SHARE, SHARE)
    with pytest.raises(NotInThisState):
        await close_source(officer, source=source, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0

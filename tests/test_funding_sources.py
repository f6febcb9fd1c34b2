"""Fund sources: money for a year and some purposes, taken from the treasury and never twice."""

from datetime import date
from typing import Any

import pytest

from tests.funding import YEAR, fund_officer, source_of
from tests.starring import SEEDED
from tests.wire import act, ask, form
from tests.world import World, key
from timebank import accounts, replay
from timebank.access import Role
from timebank.accounts import balance_of
from timebank.funding.purposes import FundPurpose, Negative
from timebank.funding.sources import (
    LIFECYCLE,
    AboveBudget,
    CarriedTooFar,
    FenNotPositive,
    FundKind,
    FundSource,
    FundYearWrong,
    NegativesMissing,
    NotEnoughMoney,
    PurposesMissing,
    SourceClosed,
    SourceOver,
    SourceState,
    authorise_source,
    decide_enough,
    decide_in_use,
    decide_source,
)
from timebank.lifecycles import NotInThisState, step
from timebank.refusals import Forbidden, Refusal, Unauthenticated

pytestmark = pytest.mark.one_database

TODAY = date(YEAR, 11, 20)
GIVEN: dict[str, Any] = {
    "fund": FundKind.ASSISTANCE_PLAN,
    "year": YEAR,
    "fen": 1,
    "purposes": [FundPurpose.HEALTH],
    "negatives": [Negative.OFFICE, Negative.STAFF_PAY, Negative.OFFICE],
    "carry_over_years": 0,
    "name": "commitment",
    "authorised": 0,
    "today": TODAY,
    "policy": SEEDED,
}
PLAN = 350_000_000


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({}, None),
        ({"fen": PLAN}, None),
        ({"fen": PLAN + 1}, AboveBudget),
        ({"fen": 2, "authorised": PLAN - 1}, AboveBudget),
        ({"fund": FundKind.SOCIAL_WORK, "fen": 1_100_000_000}, None),
        ({"fund": FundKind.SOCIAL_WORK, "fen": 1_100_000_001}, AboveBudget),
        ({"fund": FundKind.COMMUNITY_BENEFIT, "fen": 10**11}, None),
        ({"fen": 0}, FenNotPositive),
        ({"fen": -1}, FenNotPositive),
        ({"fund": FundKind.PARTY_BUILDING, "fen": 10**14}, FenNotPositive),
        ({"year": YEAR + 1}, None),
        ({"year": YEAR - 1}, FundYearWrong),
        ({"year": YEAR + 2}, FundYearWrong),
        ({"purposes": []}, PurposesMissing),
        ({"purposes": [FundPurpose.HEALTH, FundPurpose.HEALTH]}, PurposesMissing),
        ({"negatives": []}, NegativesMissing),
        ({"carry_over_years": 5}, None),
        ({"carry_over_years": 6}, CarriedTooFar),
        ({"carry_over_years": -1}, CarriedTooFar),
    ],
)
def test_what_may_be_authorised(changed: dict[str, Any], refusal: type[Refusal] | None) -> None:
    given = GIVEN | changed
    if refusal is not None:
        with pytest.raises(refusal):
            decide_source("src_1", **given)
        return
    told = decide_source("src_1", **given)
    assert told.negatives == (Negative.STAFF_PAY, Negative.OFFICE)
    assert told.last_day == date(given["year"] + given["carry_over_years"], 12, 31)
    assert told.postings() == (
        ("treasury:src_1", "fen", -told.fen),
        ("source:src_1", "fen", told.fen),
    )


def test_money_is_used_in_its_years_and_not_outside_them() -> None:
    source = FundSource(
        id="src_1",
        fund=FundKind.SOCIAL_WORK,
        year=2026,
        fen=1,
        purposes=(),
        negatives=(),
        last_day=date(2027, 12, 31),
        state=SourceState.OPEN,
    )
    for day in (date(2026, 1, 1), date(2027, 12, 31)):
        decide_in_use(source, day)
    for day in (date(2025, 12, 31), date(2028, 1, 1)):
        with pytest.raises(SourceOver):
            decide_in_use(source, day)


def test_nobody_takes_more_than_is_there() -> None:
    decide_enough(5, 5)
    for asked, no in ((6, NotEnoughMoney), (0, FenNotPositive), (-1, FenNotPositive)):
        with pytest.raises(no):
            decide_enough(5, asked)


def test_a_closed_source_stays_closed() -> None:
    assert set(LIFECYCLE) == set(SourceState)
    assert step(LIFECYCLE, SourceState.OPEN, SourceClosed) is SourceState.CLOSED
    with pytest.raises(NotInThisState):
        step(LIFECYCLE, SourceState.CLOSED, SourceClosed)


@pytest.mark.anyio
async def test_a_source_is_authorised_on_the_wire_and_everybody_sees_it(world: World) -> None:
    told = await act(
        world,
        await fund_officer(world),
        "authoriseSource",
        "source { id state }",
        fund="COMMUNITY_BENEFIT",
        year=YEAR,
        fen=100_000_000_000,
        name="惠民项目资金",
        purposes=["ELDER_CARE", "CULTURE_SPORT"],
        negatives=["CASH_TO_PERSONS", "STAFF_PAY"],
        carryOverYears=1,
    )
    assert told["userErrors"] == []
    source = told["source"]["id"]
    assert await balance_of(accounts.fund(source)) == 100_000_000_000
    assert await balance_of(accounts.treasury(source)) == -100_000_000_000
    asked = """query($y: Int!) { fundSources(year: $y) { nodes {
        id name fund fen purposes negatives lastDay state balance { paid } } } }"""
    assert (await ask(world, form(), asked, y=YEAR))["fundSources"]["nodes"] == [
        {
            "id": source,
            "name": "惠民项目资金",
            "fund": "COMMUNITY_BENEFIT",
            "fen": 100_000_000_000,
            "purposes": ["CULTURE_SPORT", "ELDER_CARE"],
            "negatives": ["STAFF_PAY", "CASH_TO_PERSONS"],
            "lastDay": "2027-12-31",
            "state": "OPEN",
            "balance": None,
        }
    ]
    assert (await ask(world, form(), asked, y=YEAR + 1))["fundSources"]["nodes"] == []
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_the_plan_of_a_year_is_given_out_once_in_several_parts(world: World) -> None:
    plan = {"fund": FundKind.ASSISTANCE_PLAN}
    await source_of(world, PLAN - 5, **plan)
    with pytest.raises(AboveBudget) as no:
        await source_of(world, 6, **plan)
    assert no.value.details["left"] == "5"
    await source_of(world, 5, **plan)
    await source_of(world, PLAN, year=YEAR + 1, **plan)


@pytest.mark.anyio
async def test_only_the_citys_fund_officer_authorises(world: World) -> None:
    street = world.staff[Role.STREET_OFFICER]
    district = await world.officer(Role.CITY_FUND_OFFICER, "420100/420102/")
    for actor, no in ((street, Forbidden), (district, Forbidden), (form(), Unauthenticated)):
        with pytest.raises(no):
            await authorise_source(
                actor,
                fund=FundKind.PARTY_BUILDING,
                year=YEAR,
                fen=1,
                name="党建经费",
                purposes=[FundPurpose.PARTY_BUILDING],
                negatives=[],
                key=key(),
            )

"""Public money for the tests: sources, allotments and whoever handles them, by real commands."""

from datetime import timedelta
from itertools import count
from typing import Any

from tests.world import COMMUNITY, World, key
from timebank.access import Role
from timebank.actors import Actor
from timebank.funding.allotments import allot_funds
from timebank.funding.purposes import FundPurpose, Negative
from timebank.funding.sources import FundKind, authorise_source

DAY = timedelta(days=1)
YEAR = 2026
STREET = "420100/420102/420102002/"
SHARE = 20_000_000
PURPOSES = (FundPurpose.ELDER_CARE, FundPurpose.PUBLIC_PLACES)


_vouchers = count(1)


def voucher() -> str:
    """The hash of a voucher that nobody used yet."""
    return f"{next(_vouchers):064x}"


async def fund_officer(world: World) -> Actor:
    """The city's fund officer, the same each time."""
    if Role.CITY_FUND_OFFICER not in world.staff:
        world.staff[Role.CITY_FUND_OFFICER] = await world.officer(Role.CITY_FUND_OFFICER)
    return world.staff[Role.CITY_FUND_OFFICER]


async def source_of(world: World, fen: int = 100 * SHARE, **other: Any) -> str:
    """A source of community benefit money, or of what a test says otherwise."""
    given: dict[str, Any] = {
        "fund": FundKind.COMMUNITY_BENEFIT,
        "year": YEAR,
        "name": "惠民项目资金",
        "purposes": PURPOSES,
        "negatives": tuple(Negative),
    }
    made = await authorise_source(await fund_officer(world), fen=fen, key=key(), **given | other)
    return made.source


async def allotted(
    world: World, fen: int = SHARE, *, unit: str = COMMUNITY, total: int = 100 * SHARE, **other: Any
) -> str:
    """A source of which one area was allotted something."""
    source = await source_of(world, total, **other)
    await allot_funds(await fund_officer(world), source=source, rows=[(unit, fen)], key=key())
    return source


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """What the role matrix asks with."""
    source = await allotted(world)
    over = await source_of(world)

    async def untouched() -> str:
        return await source_of(world)

    return {
        "source": source,
        "fundSources.year": YEAR,
        "year": YEAR,
        "authoriseSource.fund": "COMMUNITY_BENEFIT",
        "authoriseSource.fen": 1_000,
        "authoriseSource.purposes": ["ELDER_CARE"],
        "authoriseSource.negatives": ["STAFF_PAY"],
        "carryOverYears": 0,
        "allotFunds.source": untouched,
        "allotFunds.shares": [{"unit": COMMUNITY, "fen": 1_000}],
        "allotments.unit": COMMUNITY,
        "allotByFormula.source": over,
        "allotByFormula.members": [],
        "closeSource.source": over,
    }

"""Solvency: by where people are at home, equal to the books, for the city and each district."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import SIZE
from tests.credit import credit, earn
from tests.families import tied
from tests.volunteering import confirmed, visited
from tests.wire import ask
from tests.world import World, found_station, key, open_world
from timebank import accounts, replay, rewards
from timebank.access import Role
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.divisions import CITY, divisions
from timebank.donations import donate, settle_donation, take_back_donation
from timebank.gifts import accept_gift, offer_gift, withdraw_gift
from timebank.kin import Kinship
from timebank.places import Station
from timebank.pools import ReserveState
from timebank.record_life import ReverseReason
from timebank.refusals import Denial, Refusal
from timebank.reversals import reverse_hours
from timebank.reward_orders import (
    cancel_reward,
    hand_over_reward,
    order_reward,
    pickup_code,
    ready_reward,
)
from timebank.solvency import (
    EscrowHome,
    Solvency,
    StationMinutes,
    minutes_in,
    minutes_of_stations,
    solvency,
)
from timebank.tables import select

HERE, THERE, NOWHERE = "420102", "420103", "420104"
DISTRICTS = [area.code for area in divisions() if area.manager == CITY]
DAY = timedelta(days=1)


class Desk:
    """Two volunteers in one district and one in another, and a reward at 60 minutes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clerk = world.staff[Role.STATION_CLERK]

    async def begin(self) -> None:
        other = await found_station(self.world, number="002", area="420103001002")
        self.mother = await self.world.volunteer(birth=date(1950, 5, 6))
        self.daughter = await self.world.register(home=other, birth=date(1980, 5, 6))
        self.people = [self.mother, self.daughter, await self.world.volunteer()]
        await tied(self.world, self.mother, self.daughter, Kinship.CHILD)
        made = await rewards.offer_reward(
            self.world.staff[Role.STATION_MANAGER],
            station=self.world.station,
            name="香皂",
            minutes=60,
            stock=100,
            key=key(),
        )
        self.reward = made.reward

    async def order(self, who: Actor) -> str:
        """An order of the reward."""
        return (await order_reward(who, reward=self.reward, key=key())).order

    async def hand_over(self, order: str) -> None:
        """The order is the volunteer's."""
        await ready_reward(self.clerk, order=order, key=key())
        await hand_over_reward(self.clerk, order=order, code=pickup_code(order), key=key())

    async def told(self, area: str) -> Solvency:
        """An area's solvency today."""
        told = await solvency(self.world.clock.now().date(), area=area)
        assert told
        return told

    async def check(self) -> None:
        """Districts and those without one add up to the city, and the city to the books."""
        city, books = await self.told("420100"), await accounts.conservation()
        assert city.outstanding == books.held + books.escrow
        assert city.pools == books.pools
        parts = [await self.told(area) for area in (HERE, THERE, NOWHERE)]
        assert sum(part.outstanding for part in parts) == city.outstanding
        assert sum(part.drawn for part in parts) == city.drawn == books.redeemed
        ids = [one.id for one in await select(Station)]
        stations = (await minutes_of_stations(ids)).values()
        assert sum(one.outstanding for one in stations) == city.outstanding
        assert sum(one.minted - one.reversed for one in stations) == books.minted
        kept = await select(EscrowHome)
        held = await accounts.balances_of([row.code for row in kept])
        assert all(held.values()), "an escrow that is empty belongs to nobody"
        assert (await replay.compare(self.world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_district_counts_those_at_home_there_wherever_they_spend(world: World) -> None:
    desk = Desk(world)
    await desk.begin()
    mother, daughter, _ = desk.people
    await earn(mother.id, world.station, 300)
    await credit(daughter.id, world.station, 100)
    order = await desk.order(daughter)
    assert ((await desk.told(HERE)).outstanding, (await desk.told(THERE)).outstanding) == (300, 100)
    await desk.hand_over(order)
    there = await desk.told(THERE)
    assert (there.outstanding, there.drawn) == (40, 60)
    gift = await offer_gift(mother, receiver=await world.number_of(daughter), minutes=50, key=key())
    assert (await desk.told(HERE)).outstanding == 300, "what waits is still the giver's"
    await accept_gift(daughter, gift=gift.gift, key=key())
    assert ((await desk.told(HERE)).outstanding, (await desk.told(THERE)).outstanding) == (250, 90)
    assert await solvency(date(2026, 11, 20), area="420102002") is None, "a street keeps no pool"
    assert await solvency(date(2026, 11, 20), area="none") is None
    await desk.check()


@pytest.mark.anyio
async def test_what_was_drawn_is_counted_for_ninety_days(world: World) -> None:
    desk = Desk(world)
    await desk.begin()
    await credit(desk.mother.id, world.station, 100)
    await desk.hand_over(await desk.order(desk.mother))
    for day, drawn in ((date(2026, 11, 19), 0), (date(2026, 11, 20), 60), (date(2027, 2, 17), 60)):
        told = await solvency(day, area=HERE)
        assert told
        assert (told.outstanding, told.drawn) == (40, drawn)
    told = await solvency(date(2027, 2, 18), area=HERE)
    assert told
    assert told.drawn == 0


@pytest.mark.anyio
async def test_everybody_sees_the_city_and_a_district_over_the_wire(world: World) -> None:
    desk = Desk(world)
    await desk.begin()
    await credit(desk.mother.id, world.station, 100)
    asks = "{ area outstandingMinutes drawnMinutes poolMinutes reservePercent reserve }"
    told = await ask(
        world,
        PUBLIC,
        f'{{ ledger {{ solvency {asks} here: solvency(area: "{HERE}") {asks}'
        f' street: solvency(area: "420102002") {asks} }} }}',
    )
    city = {
        "area": "420100",
        "outstandingMinutes": 100,
        "drawnMinutes": 0,
        "poolMinutes": 0,
        "reservePercent": None,
        "reserve": ReserveState.SOUND.name,
    }
    assert told["ledger"] == {"solvency": city, "here": city | {"area": HERE}, "street": None}
    listed = (await ask(world, PUBLIC, f"{{ ledger {{ districts {asks} }} }}"))["ledger"]
    assert city | {"area": HERE} in listed["districts"]
    assert [one["area"] for one in listed["districts"]] == sorted(DISTRICTS)
    assert sum(one["outstandingMinutes"] for one in listed["districts"]) == 100


@pytest.mark.anyio
async def test_a_station_tells_what_was_minted_there_what_reversed_and_what_is_out(
    world: World,
) -> None:
    desk = Desk(world)
    await desk.begin()
    # Served here by somebody at home elsewhere: minutes are fungible and travel.
    served = await visited(world, desk.daughter, minutes=100)
    await confirmed(world, [served])
    wrong = await visited(world, desk.mother, minutes=30)
    await confirmed(world, [wrong])
    await reverse_hours(
        world.staff[Role.DISTRICT_LEAD],
        records=[wrong],
        reason=ReverseReason.RECORDED_WRONGLY,
        key=key(),
    )
    asks = "{ minutes { mintedMinutes reversedMinutes outstandingMinutes } }"
    other = (await select(Station, number="002"))[0].id
    told = await ask(
        world,
        PUBLIC,
        f'{{ here: station(number: "001") {asks} there: station(number: "002") {asks} }}',
    )
    here = {"mintedMinutes": 130, "reversedMinutes": 30, "outstandingMinutes": 0}
    there = {"mintedMinutes": 0, "reversedMinutes": 0, "outstandingMinutes": 100}
    assert told == {"here": {"minutes": here}, "there": {"minutes": there}}
    city = world.station_path.partition("/")[0] + "/"
    lines = [(one.number, one.minted, one.outstanding) async for one in minutes_in(city)]
    assert sorted(lines) == [("001", 130, 0), ("002", 0, 100)]
    await desk.order(desk.daughter)
    assert (await minutes_of_stations([other]))[other] == StationMinutes(
        minted=0, reversed=0, outstanding=100
    ), "what waits is still theirs"
    await desk.check()


# Random histories

ACTS = st.sampled_from(
    ["earn", "order", "over", "cancel", "gift", "accept", "withdraw", "donate", "back", "wait"]
)
HISTORY = st.lists(st.tuples(ACTS, st.integers(0, 2), st.integers(0, 5)), max_size=30)


async def live(history: list[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as directory:
        async with open_world(f"sqlite:///{directory}/timebank.db", Path(directory)) as world:
            desk = Desk(world)
            await desk.begin()
            made: dict[str, list[str]] = {"order": [], "gift": [], "donation": []}
            for act, who, what in history:
                try:
                    await do(desk, made, act, desk.people[who], what)
                except (Refusal, Denial):
                    continue
            await desk.check()


async def do(desk: Desk, made: dict[str, list[str]], act: str, who: Actor, what: int) -> None:
    """One act of a history, on whatever there is by now."""

    def one(kind: str) -> str:
        return made[kind][what % len(made[kind])] if made[kind] else f"{kind[:3]}_none"

    if act == "earn":
        await earn(who.id, desk.world.station, 40 * (what + 1))
    elif act == "order":
        made["order"].append(await desk.order(who))
    elif act == "over":
        await desk.hand_over(one("order"))
    elif act == "cancel":
        await cancel_reward(desk.clerk, order=one("order"), key=key())
    elif act == "gift":
        receiver = await desk.world.number_of(desk.daughter)
        told = await offer_gift(who, receiver=receiver, minutes=20 * (what + 1), key=key())
        made["gift"].append(told.gift)
    elif act == "accept":
        await accept_gift(desk.daughter, gift=one("gift"), key=key())
    elif act == "withdraw":
        await withdraw_gift(desk.mother, gift=one("gift"), key=key())
    elif act == "donate":
        area = (HERE, THERE, "420100")[what % 3]
        given = await donate(who, area=area, minutes=10 * (what + 1), key=key())
        made["donation"].append(given.donation)
    elif act == "back":
        await take_back_donation(who, donation=one("donation"), key=key())
    else:
        desk.world.clock.move((what + 1) * DAY)
        await settle_donation(SYSTEM, donation=one("donation"))


@settings(max_examples=60 if SIZE == "full" else 6)
@given(HISTORY)
def test_any_history_leaves_districts_that_add_up_to_the_city(
    history: list[tuple[str, int, int]],
) -> None:
    asyncio.run(live(history))

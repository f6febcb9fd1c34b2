"""Rewards: the terms a station may offer, who may order, and what the public list shows."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from tests.world import NOON, World, key
from timebank import rewards
from timebank.access import Role
from timebank.accounts import NotEnoughTime
from timebank.policy import SEED, read_policy
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.rewards import (
    GoodsOff,
    OutOfStock,
    Reward,
    RewardLimitReached,
    RewardNotOffered,
    RewardOver,
    RewardTermsWrong,
    StarTooLow,
    decide_offer,
    decide_orderable,
)
from timebank.texts import TextMissing

DAY = date(2026, 11, 20)
POLICY = read_policy(SEED.read_text("utf-8"))
DRY = msgspec.structs.replace(POLICY, credit=msgspec.structs.replace(POLICY.credit, goods=False))
SOAP = Reward(
    id="rwd_1",
    station="sta_1",
    path="420100/sta_1/",
    minutes=60,
    stock=1,
    least_star=1,
    goods=True,
    per_person=2,
    until=DAY,
    offered=True,
)
ABLE = {"held": 60, "star": 1, "taken": 1, "day": DAY, "policy": POLICY}


@pytest.mark.parametrize(
    ("reward", "asker", "refusal"),
    [
        ({}, {}, None),
        ({"offered": False}, {}, RewardNotOffered),
        ({}, {"day": DAY + timedelta(days=1)}, RewardOver),
        ({"until": None}, {"day": DAY + timedelta(days=1)}, None),
        ({}, {"policy": DRY}, GoodsOff),
        ({"goods": False}, {"policy": DRY}, None),
        ({"stock": 0}, {}, OutOfStock),
        ({}, {"star": 0}, StarTooLow),
        ({"least_star": 0}, {"star": 0}, None),
        ({}, {"taken": 2}, RewardLimitReached),
        ({"per_person": None}, {"taken": 99}, None),
        ({}, {"held": 59}, NotEnoughTime),
        ({"minutes": 0}, {"held": 0}, None),
    ],
)
def test_who_may_order_and_why_not(
    reward: dict[str, Any], asker: dict[str, Any], refusal: type[Refusal] | None
) -> None:
    changed = msgspec.structs.replace(SOAP, **reward)
    given: dict[str, Any] = {**ABLE, **asker}
    if refusal is None:
        decide_orderable(changed, **given)
    else:
        with pytest.raises(refusal):
            decide_orderable(changed, **given)


@pytest.mark.parametrize(
    "terms", [(-1, 0, 0, None), (0, -1, 0, None), (0, 0, 6, None), (0, 0, -1, None), (0, 0, 0, 0)]
)
def test_terms_that_cannot_be_are_refused(terms: tuple[int, int, int, int | None]) -> None:
    with pytest.raises(RewardTermsWrong):
        decide_offer(*terms)


def test_a_courtesy_for_nothing_and_out_of_stock_is_a_fair_offer() -> None:
    decide_offer(0, 0, 5, 1)


async def offer(world: World, **terms: Any) -> str:
    manager = world.staff[Role.STATION_MANAGER]
    given: dict[str, Any] = {"name": "香皂一块", "minutes": 60, "stock": 3, **terms}
    made = await rewards.offer_reward(manager, station=world.station, key=key(), **given)
    return made.reward


@pytest.mark.anyio
async def test_a_station_manager_offers_restocks_and_withdraws(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    made = await offer(world, until=NOON.date(), per_person=1)
    await rewards.restock_reward(manager, reward=made, pieces=4, key=key())
    held = await rewards.reward(made)
    assert held
    assert (held.stock, held.until, held.path) == (7, NOON.date(), world.station_path)
    assert await rewards.names_of([made]) == {made: "香皂一块"}

    with pytest.raises(RewardTermsWrong):
        await rewards.restock_reward(manager, reward=made, pieces=0, key=key())
    await rewards.withdraw_reward(manager, reward=made, key=key())
    for change in (
        rewards.withdraw_reward(manager, reward=made, key=key()),
        rewards.restock_reward(manager, reward=made, pieces=1, key=key()),
    ):
        with pytest.raises(RewardNotOffered):
            await change


@pytest.mark.anyio
async def test_nobody_else_offers_anything(world: World) -> None:
    made = await offer(world)
    for stranger in (await world.volunteer(), world.staff[Role.STREET_OFFICER]):
        with pytest.raises(Forbidden):
            await rewards.offer_reward(
                stranger, station=world.station, name="香皂", minutes=1, stock=1, key=key()
            )
        with pytest.raises(Forbidden):
            await rewards.withdraw_reward(stranger, reward=made, key=key())
    with pytest.raises(NotFound):
        await rewards.withdraw_reward(
            world.staff[Role.STATION_MANAGER], reward="rwd_none", key=key()
        )
    with pytest.raises(TextMissing):
        await offer(world, name=" ")


@pytest.mark.anyio
async def test_the_list_shows_what_is_offered_a_page_at_a_time(world: World) -> None:
    made = [await offer(world) for _ in range(4)]
    await rewards.withdraw_reward(world.staff[Role.STATION_MANAGER], reward=made.pop(1), key=key())
    made.sort()

    async def ids(**window: Any) -> list[str]:
        given: dict[str, Any] = {
            "station": None,
            "after": None,
            "before": None,
            "limit": 9,
            "backward": False,
        }
        return [row.id for row in await rewards.offered(**(given | window))]

    assert await ids() == made
    assert await ids(after=made[0], limit=1) == [made[1]]
    assert await ids(before=made[2], backward=True) == [made[1], made[0]]
    assert await ids(station=world.station) == made
    assert await ids(station="sta_none") == []

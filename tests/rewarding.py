"""Rewards for the role matrix: one that costs nothing, and an order for it."""

from typing import Any

from tests.wire import act
from tests.world import World
from timebank.access import Role
from timebank.actors import Actor


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """A reward of the station, and the subject's order for it."""
    offered = await act(
        world,
        world.staff[Role.STATION_MANAGER],
        "offerReward",
        "reward { id }",
        station=world.station,
        name="理发",
        priceMinutes=0,
        stock=9,
        leastStar=0,
        isGoods=False,
    )
    reward = offered["reward"]["id"]
    ordered = await act(world, subject, "orderReward", "order { id }", reward=reward)
    return {
        "reward": reward,
        "order": ordered["order"]["id"],
        "rewardOrders.station": world.station,
        "priceMinutes": 0,
        "stock": 3,
        "pieces": 1,
        "leastStar": 0,
        "isGoods": False,
        "handOverReward.code": "000000",
    }

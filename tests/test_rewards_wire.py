"""Rewards, orders, accounts and stars through the API: the way from offer to receipt, and who sees
what of it."""

from typing import Any

import pytest

import schema
from schema.context import Context
from tests.credit import credit
from tests.world import World
from timebank.access import Role
from timebank.actors import PUBLIC, Actor

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]

OFFER = """mutation($input: OfferRewardInput!) { offerReward(input: $input) {
  reward { id name priceMinutes stock station { id } } entry { seq } userErrors { code } } }"""
ORDER = """mutation($input: OrderRewardInput!) { orderReward(input: $input) {
  order { id state priceMinutes pickupCode reward { name } volunteer { number } }
  replayed entry { seq } userErrors { code message details { name value } } } }"""
READY = """mutation($input: ReadyRewardInput!) { readyReward(input: $input) {
  order { state pickupCode volunteer { number } } userErrors { code } } }"""
HAND_OVER = """mutation($input: HandOverRewardInput!) { handOverReward(input: $input) {
  order { state } userErrors { code path } } }"""
CANCEL = """mutation($input: CancelRewardInput!) { cancelReward(input: $input) {
  order { state } userErrors { code } } }"""
HOME = """{ account { balanceMinutes owedMinutes
    statement(first: 2) { nodes { kind minutes balanceMinutes entry { seq } }
      pageInfo { hasNextPage endCursor } } }
  starProgress { level serviceMinutes missingMinutes nextLevel thresholdMinutes policy }
  rewardOrders { nodes { id state pickupCode } }
  rewards { nodes { id name } } }"""
BOOKS = """{ ledger { conservation { mintedMinutes heldMinutes escrowMinutes holds }
  solvency { outstandingMinutes drawnMinutes poolMinutes } } }"""


class Wire:
    """Asks the API as somebody; keys are counted so that each attempt is a new one."""

    def __init__(self, world: World) -> None:
        self.world, self.attempts = world, 0

    async def ask(self, actor: Actor, document: str, **variables: Any) -> Any:
        context = Context(actor=actor, clock=self.world.clock, secret=b"tests")
        result = await schema.build().execute(document, variables, context_value=context)
        assert result.errors is None, result.errors
        return result.data

    async def act(self, actor: Actor, document: str, **content: Any) -> Any:
        self.attempts += 1
        given = {"idempotencyKey": f"attempt-{self.attempts}", **content}
        (payload,) = (await self.ask(actor, document, input=given)).values()
        return payload


async def offered(wire: Wire, minutes: int = 60) -> Any:
    world = wire.world
    made = await wire.act(
        world.staff[Role.STATION_MANAGER],
        OFFER,
        station=world.station,
        name="理发一次",
        priceMinutes=minutes,
        stock=2,
    )
    assert made["userErrors"] == []
    return made["reward"]


async def test_a_reward_goes_from_offer_to_receipt(world: World) -> None:
    wire, clerk = Wire(world), world.staff[Role.STATION_CLERK]
    reward = await offered(wire)
    assert reward["station"] == {"id": world.station}
    who = await world.volunteer()
    await credit(who.id, world.station, 100)

    key = "the-one-attempt"
    first = await wire.act(who, ORDER, reward=reward["id"], idempotencyKey=key)
    again = await wire.act(who, ORDER, reward=reward["id"], idempotencyKey=key)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["order"] == again["order"]
    order = first["order"]
    assert order["reward"] == {"name": "理发一次"}
    assert len(order["pickupCode"]) == 8

    ready = await wire.act(clerk, READY, order=order["id"])
    assert ready["order"]["state"] == "READY"
    assert ready["order"]["volunteer"] == {"number": await world.number_of(who)}
    assert ready["order"]["pickupCode"] is None, "the desk must be shown it"
    wrong = await wire.act(clerk, HAND_OVER, order=order["id"], code="x")
    assert wrong["userErrors"] == [{"code": "PICKUP_CODE_WRONG", "path": ["code"]}]
    code = order["pickupCode"]
    done = await wire.act(clerk, HAND_OVER, order=order["id"], code=code)
    assert done["order"]["state"] == "HANDED_OVER"
    late = await wire.act(who, CANCEL, order=order["id"])
    assert [error["code"] for error in late["userErrors"]] == ["NOT_IN_THIS_STATE"]

    books = (await wire.ask(PUBLIC, BOOKS))["ledger"]
    assert books == {
        "conservation": {
            "mintedMinutes": 100,
            "heldMinutes": 40,
            "escrowMinutes": 0,
            "holds": True,
        },
        "solvency": {"outstandingMinutes": 40, "drawnMinutes": 60, "poolMinutes": 0},
    }


async def test_a_home_page_shows_balance_statement_and_stars(world: World) -> None:
    wire, who = Wire(world), await world.volunteer()
    for minutes in (10, 20, 30):
        await credit(who.id, world.station, minutes)
    reward = await offered(wire)
    order = (await wire.act(who, ORDER, reward=reward["id"]))["order"]

    home = await wire.ask(who, HOME)

    account = home["account"]
    assert (account["balanceMinutes"], account["owedMinutes"]) == (0, 0)
    lines = account["statement"]["nodes"]
    assert [(line["kind"], line["minutes"], line["balanceMinutes"]) for line in lines] == [
        ("reward.ordered", -60, 0),
        ("test.credited", 30, 60),
    ]
    assert account["statement"]["pageInfo"]["hasNextPage"] is True
    assert home["starProgress"] == {
        "level": 0,
        "serviceMinutes": 0,
        "missingMinutes": 6000,
        "nextLevel": 1,
        "thresholdMinutes": [6000, 18000, 36000, 60000, 90000],
        "policy": "WH-2016-12",
    }
    assert [row["id"] for row in home["rewardOrders"]["nodes"]] == [order["id"]]
    assert home["rewards"]["nodes"] == [{"id": reward["id"], "name": "理发一次"}]


async def test_the_public_sees_rewards_and_nobody_s_account(world: World) -> None:
    wire = Wire(world)
    reward = await offered(wire, minutes=0)
    home = await wire.ask(PUBLIC, HOME)
    assert home["account"] is None
    assert home["starProgress"] is None
    assert home["rewardOrders"]["nodes"] == []
    assert [row["id"] for row in home["rewards"]["nodes"]] == [reward["id"]]


async def test_an_order_is_a_node_for_those_who_may_see_it(world: World) -> None:
    wire, who = Wire(world), await world.volunteer()
    reward = await offered(wire, minutes=0)
    order = (await wire.act(who, ORDER, reward=reward["id"]))["order"]
    document = "query($id: ID!) { node(id: $id) { id } }"
    seen = [
        (await wire.ask(actor, document, id=order["id"]))["node"]
        for actor in (who, world.staff[Role.STATION_CLERK], await world.volunteer(), PUBLIC)
    ]
    assert seen == [{"id": order["id"]}, {"id": order["id"]}, None, None]


async def test_what_lacks_is_said_with_its_numbers(world: World) -> None:
    wire, who = Wire(world), await world.volunteer()
    reward = await offered(wire)
    refused = await wire.act(who, ORDER, reward=reward["id"])
    assert refused["order"] is None
    assert refused["entry"] is None
    (error,) = refused["userErrors"]
    assert error["code"] == "NOT_ENOUGH_TIME"
    assert {d["name"]: d["value"] for d in error["details"]} == {"held": "0", "asked": "60"}

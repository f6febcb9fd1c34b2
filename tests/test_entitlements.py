"""Entitlements: a courtesy's seal, and whether it still holds, for whoever gives it."""

import json
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import Signer
from tests.starring import HOURLY, awarded, served_hours
from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import certificate_keys, rewards
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.certificate_seals import InvalidSeal, sign_payload
from timebank.entitlements import (
    EntitlementStanding,
    SealedEntitlement,
    decide_standing,
    open_entitlement,
)
from timebank.estates import report_death
from timebank.reading import ledger
from timebank.reward_orders import (
    OrderState,
    cancel_reward,
    hand_over_reward,
    order_reward,
    pickup_code,
    ready_reward,
)
from timebank.rewards import StarTooLow
from timebank.star_award_life import StarRevokeReason
from timebank.star_rulings import revoke_star
from web.cli import main

SIGNER = Signer("timebank.example/wuhan/certificates", bytes(range(32)))
ORDER, REWARD = "ord_01k9z3vvw5fefbh7z6q2g8c5te", "rwd_01k9z3vvw5fefbh7z6q2g8c5tf"
PAYLOAD = f"e1~{SIGNER.verifier.id.hex()}~{ORDER}~{REWARD}~2~2026-11-20"
SEAL = sign_payload(PAYLOAD, SIGNER)
ASKS = "query($order: ID!) { entitlement(order: $order) { standing courtesy name star since } }"


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, policy=HOURLY) as opened:
        yield opened


@pytest.mark.parametrize(
    ("state", "star", "active", "standing"),
    [
        (OrderState.ORDERED, 2, True, EntitlementStanding.VALID),
        (OrderState.READY, 3, True, EntitlementStanding.VALID),
        (OrderState.ORDERED, 1, True, EntitlementStanding.LAPSED),
        (OrderState.ORDERED, 2, False, EntitlementStanding.LAPSED),
        (OrderState.HANDED_OVER, 0, False, EntitlementStanding.USED),
        (OrderState.CANCELLED, 2, True, EntitlementStanding.CANCELLED),
    ],
)
def test_what_whoever_gives_the_courtesy_is_told(
    state: OrderState, star: int, active: bool, standing: EntitlementStanding
) -> None:
    assert decide_standing(state, least_star=2, star=star, active=active) is standing


def test_a_seal_says_what_was_ordered() -> None:
    assert open_entitlement(SEAL, SIGNER.verifier) == SealedEntitlement(
        order=ORDER, reward=REWARD, star=2, since=date(2026, 11, 20)
    )


@given(st.integers(0, len(SEAL) - 1), st.characters(min_codepoint=32, max_codepoint=126))
def test_one_altered_character_proves_nothing(at: int, other: str) -> None:
    altered = SEAL[:at] + other + SEAL[at + 1 :]
    if altered != SEAL:
        with pytest.raises(InvalidSeal):
            open_entitlement(altered, SIGNER.verifier)


@pytest.mark.parametrize("text", ["", ".", "e1~~~~~.", PAYLOAD, SEAL.replace("e1~", "1~", 1)])
def test_whatever_is_no_seal_is_refused(text: str) -> None:
    with pytest.raises(InvalidSeal):
        open_entitlement(text, SIGNER.verifier)


async def courtesy(world: World, *, least_star: int = 1) -> str:
    made = await rewards.offer_reward(
        world.staff[Role.STATION_MANAGER],
        station=world.station,
        name="公园免票",
        minutes=0,
        stock=5,
        least_star=least_star,
        goods=False,
        key=key(),
    )
    return made.reward


async def told(world: World, order: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await ask(world, PUBLIC, ASKS, order=order))["entitlement"]
    return answer


async def seal(world: World, actor: Actor, order: str) -> str | None:
    node = "query($id: ID!) { node(id: $id) { ... on RewardOrder { entitlementSeal } } }"
    found = (await ask(world, actor, node, id=order))["node"]
    return found["entitlementSeal"] if found else None


@pytest.mark.anyio
async def test_a_courtesy_is_for_an_awarded_star_and_can_be_verified(world: World) -> None:
    who = await world.volunteer()
    await served_hours(world, who, 1)
    reward = await courtesy(world)
    # The hours alone open nothing: a star is awarded.
    with pytest.raises(StarTooLow) as no:
        await order_reward(who, reward=reward, key=key())
    assert no.value.details == {"needed": "1", "held": "0"}
    award = await awarded(world, who)
    answer = await act(world, who, "orderReward", "order { id entitlementSeal }", reward=reward)
    order, text = answer["order"]["id"], answer["order"]["entitlementSeal"]
    (published,) = await certificate_keys.certificate_keys()
    sealed = open_entitlement(text, certificate_keys.verifier_of(published.key))
    assert (sealed.order, sealed.reward, sealed.star) == (order, reward, 1)
    assert published.seq < await entry_of(order)
    found = await told(world, order)
    assert found["standing"] == "VALID"
    assert (found["courtesy"], found["star"]) == ("公园免票", 1)
    assert set(found["name"][1:]) == {"*"}
    # Only the volunteer has the seal to show; staff at the desk do not.
    assert await seal(world, world.staff[Role.STATION_MANAGER], order) is None
    lead = world.staff[Role.DISTRICT_LEAD]
    await revoke_star(lead, award=award, reason=StarRevokeReason.MISCONDUCT, key=key())
    assert (await told(world, order))["standing"] == "LAPSED"


async def entry_of(order: str) -> int:
    """The position of the entry that ordered."""
    rows = await ledger().fetch("SELECT seq, bytes FROM entry ORDER BY seq DESC LIMIT 20")
    return next(int(seq) for seq, data in rows if order.encode() in bytes(data))


@pytest.mark.anyio
async def test_what_was_used_or_cancelled_or_never_was_is_said(world: World) -> None:
    who, manager = await world.volunteer(), world.staff[Role.STATION_MANAGER]
    await served_hours(world, who, 1)
    await awarded(world, who)
    reward = await courtesy(world)
    used = (await order_reward(who, reward=reward, key=key())).order
    await ready_reward(manager, order=used, key=key())
    await hand_over_reward(manager, order=used, code=pickup_code(used), key=key())
    assert (await told(world, used))["standing"] == "USED"
    assert await seal(world, who, used) is None
    gone = (await order_reward(who, reward=reward, key=key())).order
    await cancel_reward(who, order=gone, key=key())
    assert (await told(world, gone))["standing"] == "CANCELLED"
    for strange in ("", "ord_none", ORDER, reward, "x" * 10_000):
        assert await told(world, strange) == {
            "standing": "UNKNOWN",
            "courtesy": None,
            "name": None,
            "star": None,
            "since": None,
        }


@pytest.mark.anyio
async def test_what_costs_minutes_or_asks_for_no_star_is_no_entitlement(world: World) -> None:
    who = await world.volunteer()
    reward = await courtesy(world, least_star=0)
    order = (await order_reward(who, reward=reward, key=key())).order
    assert (await told(world, order))["standing"] == "UNKNOWN"
    assert await seal(world, who, order) is None
    assert await certificate_keys.certificate_keys() == []


@pytest.mark.anyio
async def test_nobody_takes_a_courtesy_for_the_dead(world: World) -> None:
    who = await world.volunteer()
    await served_hours(world, who, 1)
    await awarded(world, who)
    order = (await order_reward(who, reward=await courtesy(world), key=key())).order
    await report_death(world.staff[Role.STATION_CLERK], person=who.person or "", key=key())
    assert (await told(world, order))["standing"] == "LAPSED"


def verify(text: str, signer: Signer = SIGNER) -> Result:
    """`timebank verify entitlement`, away from any ledger."""
    words = ["--json", "verify", "entitlement", text, "--vkey", signer.verifier.text]
    return CliRunner().invoke(main, words)


def test_a_courtesy_is_checked_offline_and_one_altered_digit_says_invalid() -> None:
    address = f"https://bank.example/e/{ORDER}#{SEAL}"
    for text in (SEAL, address, f" {address}\n"):
        told = verify(text)
        assert told.exit_code == 0, told.output
        assert json.loads(told.output) == {
            "valid": True,
            "order": ORDER,
            "reward": REWARD,
            "star": 2,
            "since": "2026-11-20",
        }
    other = Signer("timebank.example/wuhan/certificates", bytes(32))
    wrong = [
        address.replace("~2~", "~3~"),
        address.replace("/e/ord_0", "/e/ord_1"),
        "",
        "x" * 9_999,
    ]
    for refused in (*map(verify, wrong), verify(SEAL, other)):
        assert (refused.exit_code, json.loads(refused.output)["valid"]) == (1, False)

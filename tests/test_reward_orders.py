"""Orders for rewards: held, ready, handed over by code, or cancelled and given back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.credit import credit
from tests.world import World, key, open_world
from timebank import accounts, rewards
from timebank.access import Role
from timebank.accounts import NotEnoughTime
from timebank.actors import PUBLIC, Actor
from timebank.events import Event
from timebank.lifecycles import NotInThisState, step
from timebank.notices import NoticeCode, inbox_of
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.reward_orders import (
    LIFECYCLE,
    OrderCancelReason,
    OrderState,
    OwnOrder,
    PickupCodeWrong,
    RewardCancelled,
    RewardHandedOver,
    RewardOrder,
    RewardReady,
    cancel_reward,
    code_of,
    hand_over_reward,
    order_reward,
    orders,
    ready_reward,
    visible_orders,
)
from timebank.rewards import OutOfStock, RewardLimitReached
from timebank.solvency import solvency

EVENTS: list[type[Event]] = [RewardReady, RewardHandedOver, RewardCancelled]
WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(OrderState)
    reached = {OrderState.ORDERED, *(to for steps in LIFECYCLE.values() for to in steps.values())}
    assert reached == set(OrderState)
    for state in OrderState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in OrderState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


async def order_of(actor: Actor, id: str) -> RewardOrder | None:
    """An order as far as the actor sees it."""
    return (await visible_orders(actor, [id])).get(id)


class Desk:
    """A station with one reward at 60 minutes, a volunteer with 100, and the staff."""

    def __init__(self, world: World, volunteer: Actor, reward: str) -> None:
        self.world, self.volunteer, self.reward = world, volunteer, reward
        self.clerk = world.staff[Role.STATION_CLERK]
        self.manager = world.staff[Role.STATION_MANAGER]

    async def order(self) -> str:
        return (await order_reward(self.volunteer, reward=self.reward, key=key())).order

    async def code(self, order: str) -> str:
        held = await order_of(self.volunteer, order)
        assert held
        code = code_of(self.volunteer, held)
        assert code
        return code

    async def balance(self, code: str = "") -> int:
        return await accounts.balance_of(code or accounts.volunteer(self.volunteer.id))

    async def stock(self) -> int:
        held = await rewards.reward(self.reward)
        assert held
        return held.stock


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_world(database_url, tmp_path) as world:
        volunteer = await world.volunteer()
        await credit(volunteer.id, world.station, 100)
        made = await rewards.offer_reward(
            world.staff[Role.STATION_MANAGER],
            station=world.station,
            name="理发一次",
            minutes=60,
            stock=2,
            per_person=1,
            key=key(),
        )
        yield Desk(world, volunteer, made.reward)


async def told(desk: Desk) -> list[tuple[NoticeCode, str]]:
    return [(one.code, one.about) for one in await inbox_of(desk.volunteer)]


@pytest.mark.anyio
async def test_an_order_is_held_made_ready_and_handed_over_by_its_code(desk: Desk) -> None:
    order = await desk.order()
    assert await desk.balance() == 40
    assert await desk.balance(accounts.escrow(order)) == 60
    assert await desk.stock() == 1

    code = await desk.code(order)
    await ready_reward(desk.clerk, order=order, key=key())
    assert await told(desk) == [(NoticeCode.REWARD_READY, order)]
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    with pytest.raises(PickupCodeWrong):
        await hand_over_reward(desk.clerk, order=order, code=wrong, key=key())
    shown = f"{code[:4]} {code[4:]}"
    done = await hand_over_reward(desk.clerk, order=order, code=shown, key=key())

    assert done.minutes == 60
    assert await desk.balance(accounts.escrow(order)) == 0
    assert await desk.balance(accounts.redeemed(desk.reward)) == 60
    books = await accounts.conservation()
    assert (books.minted, books.held, books.redeemed, books.whole) == (100, 40, 60, True)
    stands = await solvency(desk.world.clock.now().date())
    assert stands
    assert (stands.outstanding, stands.drawn) == (40, 60)
    held = await order_of(desk.volunteer, order)
    assert held
    assert code_of(desk.volunteer, held) is None, "a code opens nothing any more"


@pytest.mark.anyio
@pytest.mark.parametrize("at_desk", [False, True])
async def test_a_cancelled_order_gives_minutes_piece_and_turn_back(
    desk: Desk, at_desk: bool
) -> None:
    order = await desk.order()
    if at_desk:
        await ready_reward(desk.clerk, order=order, key=key())
    who = desk.clerk if at_desk else desk.volunteer
    await cancel_reward(who, order=order, reason=OrderCancelReason.NOT_COLLECTED, key=key())

    codes = [NoticeCode.REWARD_CANCELLED, NoticeCode.REWARD_READY] if at_desk else []
    assert await told(desk) == [(code, order) for code in codes]
    assert await desk.balance() == 100
    assert await desk.stock() == 2
    assert await desk.order() != order, "the limit counts what stands"
    for act in (
        cancel_reward(who, order=order, key=key()),
        ready_reward(desk.clerk, order=order, key=key()),
        hand_over_reward(desk.clerk, order=order, code="", key=key()),
    ):
        with pytest.raises(NotInThisState):
            await act


@pytest.mark.anyio
async def test_an_order_that_breaks_a_rule_holds_nothing(desk: Desk) -> None:
    await desk.order()
    with pytest.raises(RewardLimitReached):
        await desk.order()
    other, third = await desk.world.volunteer(), await desk.world.volunteer()
    await credit(other.id, desk.world.station, 59)
    refused: list[tuple[Actor, type[Exception]]] = [
        (other, NotEnoughTime),
        (PUBLIC, Unauthenticated),
    ]
    for actor, refusal in refused:
        with pytest.raises(refusal):
            await order_reward(actor, reward=desk.reward, key=key())
    with pytest.raises(NotFound):
        await order_reward(other, reward="rwd_none", key=key())
    await credit(other.id, desk.world.station, 1)
    await credit(third.id, desk.world.station, 60)
    await order_reward(other, reward=desk.reward, key=key())
    with pytest.raises(OutOfStock):
        await order_reward(third, reward=desk.reward, key=key())
    assert await desk.balance(accounts.volunteer(third.id)) == 60


@pytest.mark.anyio
async def test_what_is_not_there_for_somebody_looks_like_what_is_not_there(desk: Desk) -> None:
    order = await desk.order()
    stranger = await desk.world.volunteer()
    street = desk.world.staff[Role.STREET_OFFICER]
    for actor in (stranger, street):
        messages = set()
        for id in (order, "ord_none"):
            for act in (
                cancel_reward(actor, order=id, key=key()),
                ready_reward(actor, order=id, key=key()),
                hand_over_reward(actor, order=id, code="12345678", key=key()),
            ):
                with pytest.raises(Refusal) as told:
                    await act
                messages.add((told.value.code, told.value.message()))
            assert await order_of(actor, id) is None
        assert len(messages) == 1
        assert await orders(actor, station=desk.world.station, **WHOLE) == []
        assert await orders(actor, **WHOLE) == []
    assert await orders(PUBLIC, **WHOLE) == []


@pytest.mark.anyio
async def test_the_desk_sees_orders_but_no_code(desk: Desk) -> None:
    order = await desk.order()
    (seen,) = await orders(desk.clerk, station=desk.world.station, **WHOLE)
    assert seen.id == order
    assert code_of(desk.clerk, seen) is None
    assert [row.id for row in await orders(desk.volunteer, **WHOLE)] == [order]


@pytest.mark.anyio
async def test_nobody_hands_a_reward_over_to_themselves(desk: Desk) -> None:
    await credit(desk.clerk.id, desk.world.station, 60)
    made = await order_reward(desk.clerk, reward=desk.reward, key=key())
    await ready_reward(desk.manager, order=made.order, key=key())
    held = await order_of(desk.clerk, made.order)
    assert held
    code = code_of(desk.clerk, held) or ""
    with pytest.raises(OwnOrder):
        await hand_over_reward(desk.clerk, order=made.order, code=code, key=key())
    await hand_over_reward(desk.manager, order=made.order, code=code, key=key())

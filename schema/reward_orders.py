"""Orders for rewards on the wire: one's own, and those at the desk of one's station."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.people import Person, read_people
from schema.refusal import Info, Payload, mutation
from schema.rewards import Reward, read_rewards
from timebank import entitlements, reward_orders
from timebank.reward_orders import OrderCancelReason, OrderState

ORDERS = Listing("rewardOrders", str)

AtStation = Annotated[
    ID | None, strawberry.argument(description="For its desk: the orders at this station.")
]

show_enum(
    OrderState,
    "The life of an order for a reward.",
    ordered="Ordered; the price is held.",
    ready="Waiting at the station.",
    handed_over="The volunteer has it.",
    cancelled="Cancelled; the price was given back.",
)
show_enum(
    OrderCancelReason,
    "Why an order is cancelled.",
    own_wish="The volunteer wishes so.",
    not_collected="Nobody came for it.",
    not_available="The station cannot hand it over.",
)


@strawberry.type(description="An order for one piece of a reward.")
class RewardOrder(Node):
    price_minutes: int = strawberry.field(description="What is held or was redeemed.")
    state: OrderState = strawberry.field(description="How far it is.")
    ordered_at: datetime = strawberry.field(description="When it was ordered.")
    row: strawberry.Private[reward_orders.RewardOrder]

    @field
    async def reward(self, info: Info) -> Reward | None:
        """What was ordered."""
        return await info.context.loaders.load(read_rewards, self.row.reward)

    @field
    async def volunteer(self, info: Info) -> Person | None:
        """Who ordered it, if you may see them."""
        return await info.context.loaders.load(read_people, self.row.volunteer)

    @field
    def pickup_code(self, info: Info) -> str | None:
        """The code to show at the desk; null to everybody but you, and when it is over."""
        return reward_orders.code_of(info.context.actor, self.row)

    @field
    async def entitlement_seal(self, info: Info) -> str | None:
        """For a courtesy, what the QR code carries behind the `#`; null to everybody but you."""
        return await info.context.loaders.load(_seals, self.row)

    @classmethod
    def of(cls, held: reward_orders.RewardOrder) -> "RewardOrder":
        """An order as it is shown."""
        return cls(
            id=ID(held.id),
            price_minutes=held.minutes,
            state=held.state,
            ordered_at=held.ordered_at,
            row=held,
        )


async def _seals(
    context: Context, orders: Sequence[reward_orders.RewardOrder]
) -> dict[reward_orders.RewardOrder, str]:
    told = await entitlements.entitlement_seals(context.actor, list(orders))
    return {order: told[order.id] for order in orders if order.id in told}


async def read_orders(context: Context, ids: Sequence[str]) -> dict[str, RewardOrder]:
    """Orders, for the loader; whatever the asker may not see is missing."""
    seen = await reward_orders.visible_orders(context.actor, list(ids))
    return {id: RewardOrder.of(held) for id, held in seen.items()}


answers_for("ord", read_orders)


@strawberry.type
class Query:
    @paged
    async def reward_orders(
        self,
        page: Page,
        info: Info,
        station: AtStation = None,
    ) -> Connection[RewardOrder]:
        """Your own orders, or those at your station's desk, the newest first."""
        return await page.of(
            ORDERS, reward_orders.orders, info.context.actor, station=station, node=RewardOrder.of
        )


@strawberry.input
class OrderRewardInput(Input):
    reward: ID = strawberry.field(description="Which reward.")


@strawberry.type
class OrderRewardPayload(Payload):
    order: RewardOrder | None = strawberry.field(default=None, description="Your order.")


@strawberry.input
class ReadyRewardInput(Input):
    order: ID = strawberry.field(description="Which order.")


@strawberry.type
class ReadyRewardPayload(Payload):
    order: RewardOrder | None = strawberry.field(default=None, description="The order, ready.")


@strawberry.input
class HandOverRewardInput(Input):
    order: ID = strawberry.field(description="Which order.")
    code: str = strawberry.field(description="The code that the volunteer shows.")


@strawberry.type
class HandOverRewardPayload(Payload):
    order: RewardOrder | None = strawberry.field(default=None, description="The order, done.")


@strawberry.input
class CancelRewardInput(Input):
    order: ID = strawberry.field(description="Which order.")
    reason: OrderCancelReason = strawberry.field(
        default=OrderCancelReason.OWN_WISH, description="Why it is cancelled."
    )


@strawberry.type
class CancelRewardPayload(Payload):
    order: RewardOrder | None = strawberry.field(default=None, description="The order, cancelled.")


_shown = anew(read_orders)


@strawberry.type
class Mutation:
    @mutation(OrderRewardPayload)
    async def order_reward(self, info: Info, input: OrderRewardInput) -> OrderRewardPayload:
        """Order one piece of a reward; its price is held until you have it."""
        answer = await reward_orders.order_reward(
            info.context.actor, reward=input.reward, key=info.context.key(input)
        )
        return OrderRewardPayload.of(answer, order=await _shown(info, answer.order))

    @mutation(ReadyRewardPayload)
    async def ready_reward(self, info: Info, input: ReadyRewardInput) -> ReadyRewardPayload:
        """Say that an order waits at your station."""
        answer = await reward_orders.ready_reward(
            info.context.actor, order=input.order, key=info.context.key(input)
        )
        return ReadyRewardPayload.of(answer, order=await _shown(info, answer.order))

    @mutation(HandOverRewardPayload)
    async def hand_over_reward(
        self, info: Info, input: HandOverRewardInput
    ) -> HandOverRewardPayload:
        """Hand an order over to the volunteer who shows its code."""
        answer = await reward_orders.hand_over_reward(
            info.context.actor, order=input.order, code=input.code, key=info.context.key(input)
        )
        return HandOverRewardPayload.of(answer, order=await _shown(info, answer.order))

    @mutation(CancelRewardPayload)
    async def cancel_reward(self, info: Info, input: CancelRewardInput) -> CancelRewardPayload:
        """Cancel an order that was not handed over; its price is given back at once."""
        answer = await reward_orders.cancel_reward(
            info.context.actor,
            order=input.order,
            reason=input.reason,
            key=info.context.key(input),
        )
        return CancelRewardPayload.of(answer, order=await _shown(info, answer.order))

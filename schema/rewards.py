"""Rewards on the wire: what stations offer for minutes, open to everybody."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.places import Station, read_stations
from schema.refusal import Info, Payload, mutation
from schema.texts import texts
from timebank import rewards

REWARDS = Listing("rewards", str)

AtStation = Annotated[ID | None, strawberry.argument(description="Only what this station offers.")]


@strawberry.type(description="Something a station offers for time credit, or for a star alone.")
class Reward(Node):
    price_minutes: int = strawberry.field(description="The price of one piece, 0 for a courtesy.")
    stock: int = strawberry.field(description="How many can still be ordered.")
    least_star: int = strawberry.field(description="The star it asks for, 0 for none.")
    is_goods: bool = strawberry.field(description="Whether it is a thing rather than a courtesy.")
    per_person: int | None = strawberry.field(description="How many one person may have.")
    until: date | None = strawberry.field(description="The last day to order.")
    is_offered: bool = strawberry.field(description="Whether it can still be ordered.")
    station_id: strawberry.Private[str]

    @field
    async def name(self, info: Info) -> str | None:
        """What it is; null if the text is gone."""
        return await info.context.loaders.load(texts("name"), str(self.id))

    @field
    async def station(self, info: Info) -> Station | None:
        """The station that offers it and hands it over."""
        return await info.context.loaders.load(read_stations, self.station_id)

    @classmethod
    def of(cls, held: rewards.Reward) -> "Reward":
        """A reward as it is shown."""
        return cls(
            id=ID(held.id),
            price_minutes=held.minutes,
            stock=held.stock,
            least_star=held.least_star,
            is_goods=held.goods,
            per_person=held.per_person,
            until=held.until,
            is_offered=held.offered,
            station_id=held.station,
        )


async def read_rewards(context: Context, ids: Sequence[str]) -> dict[str, Reward]:
    """Rewards, for the loader; anybody sees them."""
    found = await rewards.rewards_by_id(list(ids))
    return {id: Reward.of(held) for id, held in found.items()}


answers_for("rwd", read_rewards)


@strawberry.type
class Query:
    @paged
    async def rewards(
        self,
        page: Page,
        station: AtStation = None,
    ) -> Connection[Reward]:
        """What is offered in the city, or at one station."""
        return await page.of(REWARDS, rewards.offered, station=station, node=Reward.of)


@strawberry.input
class OfferRewardInput(Input):
    station: ID = strawberry.field(description="The station that offers it.")
    name: str = strawberry.field(description="What it is, at most 60 characters.")
    price_minutes: int = strawberry.field(description="The price of one piece, 0 or more.")
    stock: int = strawberry.field(description="How many pieces there are, 0 or more.")
    least_star: int = strawberry.field(default=0, description="The star it asks for, 0 for none.")
    is_goods: bool = strawberry.field(
        default=True, description="Whether it is a thing rather than a courtesy."
    )
    per_person: int | None = strawberry.field(
        default=None, description="How many one person may have, 1 or more."
    )
    until: date | None = strawberry.field(default=None, description="The last day to order.")


@strawberry.type
class OfferRewardPayload(Payload):
    reward: Reward | None = strawberry.field(default=None, description="What is offered now.")


@strawberry.input
class RestockRewardInput(Input):
    reward: ID = strawberry.field(description="Which reward.")
    pieces: int = strawberry.field(description="How many more there are, 1 or more.")


@strawberry.type
class RestockRewardPayload(Payload):
    reward: Reward | None = strawberry.field(default=None, description="The reward, restocked.")


@strawberry.input
class WithdrawRewardInput(Input):
    reward: ID = strawberry.field(description="Which reward.")


@strawberry.type
class WithdrawRewardPayload(Payload):
    reward: Reward | None = strawberry.field(default=None, description="The reward, withdrawn.")


_shown = anew(read_rewards)


@strawberry.type
class Mutation:
    @mutation(OfferRewardPayload)
    async def offer_reward(self, info: Info, input: OfferRewardInput) -> OfferRewardPayload:
        """Offer a reward at your station."""
        answer = await rewards.offer_reward(
            info.context.actor,
            station=input.station,
            name=input.name,
            minutes=input.price_minutes,
            stock=input.stock,
            least_star=input.least_star,
            goods=input.is_goods,
            per_person=input.per_person,
            until=input.until,
            key=info.context.key(input),
        )
        return OfferRewardPayload.of(answer, reward=await _shown(info, answer.reward))

    @mutation(RestockRewardPayload)
    async def restock_reward(self, info: Info, input: RestockRewardInput) -> RestockRewardPayload:
        """Add pieces to a reward of your station."""
        answer = await rewards.restock_reward(
            info.context.actor,
            reward=input.reward,
            pieces=input.pieces,
            key=info.context.key(input),
        )
        return RestockRewardPayload.of(answer, reward=await _shown(info, answer.reward))

    @mutation(WithdrawRewardPayload)
    async def withdraw_reward(
        self, info: Info, input: WithdrawRewardInput
    ) -> WithdrawRewardPayload:
        """Take a reward of your station off the list; orders that stand are still handed over."""
        answer = await rewards.withdraw_reward(
            info.context.actor, reward=input.reward, key=info.context.key(input)
        )
        return WithdrawRewardPayload.of(answer, reward=await _shown(info, answer.reward))

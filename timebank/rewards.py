"""Rewards: what stations offer for time credit, or for a star alone (domain 6).

A price may be 0: then the least star opens a courtesy. Knows terms, stock, limits and validity; how
rewards are ordered and handed over is `reward_orders`.
"""

from datetime import date

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, permit
from timebank.accounts import decide_spend
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.places import Station, working_station
from timebank.policy import Policy
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, find, find_many, select, table
from timebank.texts import keep_text, read_texts

NAME_MOST = 60
STARS = 5

# Events


class RewardOffered(Event, frozen=True, tag="reward.offered"):
    """A station offers a reward at a price in minutes; `name` is a commitment.

    `until` is the last day on which it may be ordered, `per_person` how many anybody may have.
    """

    reward: str
    station: str
    name: str
    minutes: int
    stock: int
    least_star: int
    goods: bool
    per_person: int | None = None
    until: date | None = None


class RewardRestocked(Event, frozen=True, tag="reward.restocked"):
    """There are `pieces` more of a reward."""

    reward: str
    pieces: int


class RewardWithdrawn(Event, frozen=True, tag="reward.withdrawn"):
    """A reward can no longer be ordered; orders that stand are still handed over."""

    reward: str


# Refusals


class RewardTermsWrong(Refusal):
    """Price, stock, limits and least star are what they can be."""

    says = "Price and stock are 0 or more, the limit a person 1 or more, the star 0 to {stars}."
    stars: int


class RewardNotOffered(Refusal):
    """The reward was withdrawn."""

    says = "This reward is no longer offered."


class RewardOver(Refusal):
    """The last day to order has passed."""

    says = "This reward could be ordered until {until}."
    until: date


class GoodsOff(Refusal):
    """The city's policy has switched goods off (domain 6)."""

    says = "The city's rules allow no goods for time credit now, only courtesies."


class OutOfStock(Refusal):
    """Nothing is left."""

    says = "None of this reward is left."


class StarTooLow(Refusal):
    """The reward asks for a higher star."""

    says = "This reward is for {needed} stars and more; {held} are held."
    needed: int
    held: int


class RewardLimitReached(Refusal):
    """The volunteer has had as many as one person may."""

    says = "One person may have {most} of this reward."
    most: int


# Decisions


def decide_offer(minutes: int, stock: int, least_star: int, per_person: int | None) -> None:
    """Whether a reward may have these terms. Refuses: RewardTermsWrong."""
    limited = per_person is not None and per_person < 1
    if minutes < 0 or stock < 0 or not 0 <= least_star <= STARS or limited:
        raise RewardTermsWrong(stars=STARS)


def decide_orderable(
    reward: "Reward", *, held: int, star: int, taken: int, day: date, policy: Policy
) -> None:
    """Whether somebody may order one piece on `day`.

    Args: held, the spendable minutes; star, the awarded one that stands, 0 for none; taken, the
    pieces that the same person has or waits for.
    Refuses: RewardNotOffered, RewardOver, GoodsOff, OutOfStock, StarTooLow, RewardLimitReached,
    NotEnoughTime.   Source: domain 6.
    """
    if not reward.offered:
        raise RewardNotOffered
    if reward.until is not None and day > reward.until:
        raise RewardOver(until=reward.until)
    if reward.goods and not policy.credit.goods:
        raise GoodsOff
    if reward.stock < 1:
        raise OutOfStock
    if star < reward.least_star:
        raise StarTooLow(needed=reward.least_star, held=star)
    if reward.per_person is not None and taken >= reward.per_person:
        raise RewardLimitReached(most=reward.per_person)
    if reward.minutes:
        decide_spend(held, reward.minutes)


# Tables and projectors


@table("reward", index=[("station", "id"), ("offered", "id")])
class Reward(Row, frozen=True):
    """One reward; `path` is its station's, `stock` what can still be ordered."""

    id: str
    station: str
    path: str
    minutes: int
    stock: int
    least_star: int
    goods: bool
    per_person: int | None
    until: date | None
    offered: bool


@projects(RewardOffered)
def _offered(rows: Rows, event: RewardOffered, entry: Sealed) -> None:
    station = rows.there(Station, event.station)
    rows.put(
        Reward(
            id=event.reward,
            station=event.station,
            path=station.path,
            minutes=event.minutes,
            stock=event.stock,
            least_star=event.least_star,
            goods=event.goods,
            per_person=event.per_person,
            until=event.until,
            offered=True,
        )
    )


@projects(RewardRestocked)
def _restocked(rows: Rows, event: RewardRestocked, entry: Sealed) -> None:
    change_stock(rows, event.reward, event.pieces)


@projects(RewardWithdrawn)
def _withdrawn(rows: Rows, event: RewardWithdrawn, entry: Sealed) -> None:
    held = rows.there(Reward, event.reward)
    rows.put(msgspec.structs.replace(held, offered=False))


# What other capabilities ask


def is_courtesy(reward: Reward) -> bool:
    """Whether it is given for a star alone: no thing, no price (domain 6)."""
    return reward.minutes == 0 and not reward.goods and reward.least_star > 0


def change_stock(rows: Rows, id: str, pieces: int) -> Reward:
    """Let `pieces` come back, or go; for projectors of orders."""
    held = rows.there(Reward, id)
    changed = msgspec.structs.replace(held, stock=held.stock + pieces)
    rows.put(changed)
    return changed


# Commands


class Offered(Answer, frozen=True, kw_only=True):
    """The reward that was offered, restocked or withdrawn."""

    reward: str


async def offer_reward(
    actor: Actor,
    *,
    station: str,
    name: str,
    minutes: int,
    stock: int,
    key: RequestKey,
    least_star: int = 0,
    goods: bool = True,
    per_person: int | None = None,
    until: date | None = None,
) -> Offered:
    """Offer a reward at a working station, for `minutes` of credit each, 0 or more.

    Args: stock, pieces; goods, whether it is a thing rather than a courtesy; per_person, how many
    anybody may have; until, the last day to order.
    Refuses: RewardTermsWrong, NotFound, StationNotActive, TextMissing, TextTooLong.
    """
    decide_offer(minutes, stock, least_star, per_person)
    reward = new("rwd")

    def work(batch: Batch) -> Offered:
        permit(batch, Action.MANAGE_REWARD, batch.need(Station, station, "station").path)
        working_station(batch, station)
        told = keep_text(batch, reward, "name", name, most=NAME_MOST)
        entry = batch.record(
            RewardOffered(
                reward=reward,
                station=station,
                name=told,
                minutes=minutes,
                stock=stock,
                least_star=least_star,
                goods=goods,
                per_person=per_person,
                until=until,
            )
        )
        return Offered(entry=entry.seq, reward=reward)

    return await write(actor, key, work, answer=Offered, needs=[(Station, station)])


async def restock_reward(actor: Actor, *, reward: str, pieces: int, key: RequestKey) -> Offered:
    """Add `pieces`, 1 or more, to a reward.

    Refuses: NotFound, RewardNotOffered, RewardTermsWrong.
    """

    def work(batch: Batch) -> Offered:
        _managed(batch, reward)
        if pieces < 1:
            raise RewardTermsWrong(stars=STARS)
        entry = batch.record(RewardRestocked(reward=reward, pieces=pieces))
        return Offered(entry=entry.seq, reward=reward)

    return await write(actor, key, work, answer=Offered, needs=[(Reward, reward)])


async def withdraw_reward(actor: Actor, *, reward: str, key: RequestKey) -> Offered:
    """Take a reward off the list. Refuses: NotFound, RewardNotOffered."""

    def work(batch: Batch) -> Offered:
        _managed(batch, reward)
        entry = batch.record(RewardWithdrawn(reward=reward))
        return Offered(entry=entry.seq, reward=reward)

    return await write(actor, key, work, answer=Offered, needs=[(Reward, reward)])


def _managed(batch: Batch, reward: str) -> Reward:
    held = batch.need(Reward, reward, "reward")
    permit(batch, Action.MANAGE_REWARD, held.path)
    if not held.offered:
        raise RewardNotOffered
    return held


# Reads


async def reward(id: str) -> Reward | None:
    """A reward by its id; rewards are public."""
    return await find(Reward, id)


async def rewards_by_id(ids: list[str]) -> dict[str, Reward]:
    """Rewards by their ids, in one statement."""
    found = await find_many(Reward, ids)
    return {str(id): row for id, row in found.items()}


async def names_of(ids: list[str]) -> dict[str, str]:
    """The names of rewards, by id."""
    return await read_texts(ids, "name")


async def offered(
    *, station: str | None, after: str | None, before: str | None, limit: int, backward: bool
) -> list[Reward]:
    """Rewards that can be ordered, in the city or at one station, by id, between two ids."""
    conditions = [Q(offered=True), *([Q(station=station)] if station is not None else [])]
    conditions += [Q(id__gt=after)] if after else []
    conditions += [Q(id__lt=before)] if before else []
    order = ["-id"] if backward else ["id"]
    return await select(Reward, *conditions, order=order, limit=limit)

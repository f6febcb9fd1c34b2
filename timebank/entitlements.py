"""Entitlements: what shows anybody that a volunteer may have a courtesy of a star (domain 6, 7).

A courtesy costs nothing and asks for a star: whoever gives it, a park or a clinic, has no desk of
ours. So an order for one carries a signed seal for its QR code, and an address that always answers
whether it still holds: not used, not cancelled, the star still standing. Writes nothing and knows
no table of its own; the seal names no person, and the answer masks the name.
"""

from datetime import date
from enum import StrEnum

import msgspec

from ledger.checkpoint import Verifier
from timebank.actors import Actor
from timebank.certificate_keys import signer
from timebank.certificate_seals import InvalidSeal, open_payload, sign_payload
from timebank.certificate_sheets import masked
from timebank.clock import day_of
from timebank.held_stars import Stars, star_of
from timebank.hours import ServiceTotal
from timebank.ids import is_id
from timebank.people import Person
from timebank.person_life import PersonState
from timebank.reward_orders import OrderState, RewardOrder
from timebank.rewards import Reward, is_courtesy, names_of, rewards_by_id
from timebank.tables import find
from timebank.vault import read_fields

VERSION = "e1"
FIELDS = 6


class EntitlementStanding(StrEnum):
    """What whoever gives the courtesy is told."""

    VALID = "valid"
    USED = "used"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    UNKNOWN = "unknown"


class Entitlement(msgspec.Struct, frozen=True, kw_only=True):
    """What the register says of an entitlement; `star` is what the courtesy asks for."""

    standing: EntitlementStanding
    courtesy: str | None = None
    name: str | None = None
    star: int | None = None
    since: date | None = None


class SealedEntitlement(msgspec.Struct, frozen=True, kw_only=True):
    """What an entitlement's seal says."""

    order: str
    reward: str
    star: int
    since: date


# Decisions


def decide_standing(
    state: OrderState, *, least_star: int, star: int, active: bool
) -> EntitlementStanding:
    """Whether a courtesy may be given on an order, today. Refuses nothing: it always answers."""
    if state is OrderState.HANDED_OVER:
        return EntitlementStanding.USED
    if state is OrderState.CANCELLED:
        return EntitlementStanding.CANCELLED
    if star < least_star or not active:
        return EntitlementStanding.LAPSED
    return EntitlementStanding.VALID


# Seals


def seal_entitlement(order: RewardOrder, reward: Reward) -> str:
    """The signed text of an entitlement, which its QR code carries behind the `#`."""
    key, day = signer().verifier.id.hex(), day_of(order.ordered_at).isoformat()
    fields = (VERSION, key, order.id, reward.id, str(reward.least_star), day)
    return sign_payload("~".join(fields), signer())


def open_entitlement(text: str, key: Verifier) -> SealedEntitlement:
    """What an entitlement's seal says, checked with one key. Refuses with InvalidSeal."""
    fields = text.rpartition(".")[0].split("~")
    if len(fields) != FIELDS or fields[0] != VERSION:
        raise InvalidSeal("form")
    _, id, order, reward, star, day = fields
    if not is_id(order, "ord") or not is_id(reward, "rwd") or not star.isascii():
        raise InvalidSeal("form")
    if id != key.id.hex():
        raise InvalidSeal("key")
    open_payload(text, key)
    return SealedEntitlement(
        order=order, reward=reward, star=int(star), since=date.fromisoformat(day)
    )


# Reads


async def entitlement_seals(actor: Actor, orders: list[RewardOrder]) -> dict[str, str]:
    """The seals of the actor's own orders for courtesies that are not over, by order."""
    going = (OrderState.ORDERED, OrderState.READY)
    mine = [one for one in orders if one.volunteer == actor.person and one.state in going]
    found = await rewards_by_id([order.reward for order in mine])
    return {
        order.id: seal_entitlement(order, found[order.reward])
        for order in mine
        if is_courtesy(found[order.reward])
    }


async def entitlement(order: str) -> Entitlement:
    """What the register says of an order for a courtesy: for everybody who has its id."""
    held = await find(RewardOrder, order) if is_id(order, "ord") else None
    reward = await find(Reward, held.reward) if held else None
    if held is None or reward is None or not is_courtesy(reward):
        return Entitlement(standing=EntitlementStanding.UNKNOWN)
    person = await find(Person, held.volunteer)
    total = await find(ServiceTotal, held.volunteer)
    star = star_of(await find(Stars, held.volunteer), total.minutes if total else 0)
    name = (await read_fields([held.volunteer], "name"))[held.volunteer].get("name")
    return Entitlement(
        standing=decide_standing(
            held.state,
            least_star=reward.least_star,
            star=star,
            active=person is not None and person.state is PersonState.ACTIVE,
        ),
        courtesy=(await names_of([reward.id])).get(reward.id),
        name=masked(name) if name is not None else None,
        star=reward.least_star,
        since=day_of(held.ordered_at),
    )

"""Holdings: what orders for help hold, who may let go of it, and who must wait for it (domain 6).

Knows where each part of an order's minutes came from and whose hand may end it; an account comes to
rest only when none of its orders is open.
"""

from timebank.access import Action
from timebank.accounts import escrow, moving, pool, volunteer
from timebank.actors import PersonId
from timebank.batch import Batch
from timebank.hands import Hand, hand_for
from timebank.help_orders import HelpOpen, HelpOrder
from timebank.help_shares import Held
from timebank.pool_grants import GrantState, PoolGrant
from timebank.pools import pool_at
from timebank.projections import Place
from timebank.refusals import NotFound, Refusal

# Refusals


class HelpStillOpen(Refusal):
    """Minutes that are on their way come to rest first."""

    says = "An order for help is not over; cancel it or wait until it is settled."
    order: str


# What other capabilities ask


def no_open_help(batch: Batch, person: PersonId) -> None:
    """Let an account come to rest only when no order holds or owes it minutes.

    Refuses: HelpStillOpen, which names an order.   Source: domain 6.
    """
    held = batch.get(HelpOpen, person)
    if held is not None:
        for order in (*held.paying, *(promise.order for promise in held.helping)):
            raise HelpStillOpen(order=order)


def hand_in(batch: Batch, order: HelpOrder) -> tuple[Hand, PersonId | None]:
    """By whose hand the actor acts for whoever pays an order or is to be served.

    Refuses: NotFound, PersonNotActive.
    """
    try:
        return hand_for(batch, order.payer, Action.HELP_AT_COUNTER, what="order")
    except NotFound:
        return hand_for(batch, order.served, Action.HELP_AT_COUNTER, what="order")


def ending(order: HelpOrder | None) -> list[Place]:
    """The rows that the end of an order touches, to be loaded beforehand."""
    if order is None:
        return []
    codes = (escrow(order.id), volunteer(order.payer), pool(pool_at(order.path)))
    people = [one for one in (order.payer, order.helper) if one]
    return [(HelpOrder, order.id), *moving(*codes), *((HelpOpen, one) for one in people)]


def held_of(batch: Batch, order: HelpOrder) -> Held:
    """What an order holds, and where each part of it came from."""
    grant = batch.there(PoolGrant, order.grant) if order.grant else None
    return Held(
        own=order.own,
        granted=order.granted,
        area=pool_at(order.path),
        grant_area=grant.area if grant else None,
        grant_runs=grant is not None and grant.state is GrantState.GRANTED,
    )

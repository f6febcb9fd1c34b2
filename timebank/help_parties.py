"""Help parties: who meets whom over an order for help, by name, and how they reach each other.

Helper and served learn each other's name and telephone when they are matched, and no longer than
the order is open: afterwards the numbers are left. Of who does not consent to it, only the name is
told. Staff of the order's station see the same.
"""

from collections.abc import Sequence

import msgspec

from timebank.actors import Actor, PersonId
from timebank.given_consents import ConsentPurpose, allowed
from timebank.help_life import HOLDING
from timebank.help_orders import HelpOrder, visible_help
from timebank.people import people_by_id
from timebank.vault import read_fields

Seat = tuple[HelpOrder, PersonId]
"""An order and one of those whom it concerns."""


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """One of those whom an order concerns; name and telephone only while it is open."""

    number: str
    name: str | None = None
    phone: str | None = None


# Reads


async def parties_of(actor: Actor, seats: Sequence[Seat]) -> dict[Seat, Party]:
    """Whom orders concern, as far as the actor may see the orders."""
    seen = await visible_help(actor, [order.id for order, _ in seats])
    theirs = [(order, who) for order, who in seats if order.id in seen]
    held = await people_by_id([who for _, who in theirs])
    meeting = sorted({who for order, who in theirs if order.state in HOLDING})
    told = await read_fields(meeting, "name", "phone") if meeting else {}
    for person in told.keys() - await allowed(meeting, ConsentPurpose.PARTNER_PHONE):
        told[person].pop("phone", None)
    return {
        (order, who): Party(number=held[who].number, **_reached(order, told.get(who, {})))
        for order, who in theirs
        if who in held
    }


def _reached(order: HelpOrder, fields: dict[str, str]) -> dict[str, str]:
    return fields if order.state in HOLDING else {}

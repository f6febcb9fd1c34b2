"""Help parties on the wire: whom an order concerns."""

from collections.abc import Sequence

import strawberry

from schema.context import Context
from timebank import help_parties
from timebank.help_parties import Seat


@strawberry.type(description="One of those whom an order for help concerns.")
class HelpParty:
    number: str = strawberry.field(description="The volunteer number.")
    name: str | None = strawberry.field(description="The name; null once the order is over.")
    phone: str | None = strawberry.field(description="The telephone; null once the order is over.")


async def read_parties(context: Context, seats: Sequence[Seat]) -> dict[Seat, HelpParty]:
    """Whom orders concern, for the loader; whoever sees an order sees them."""
    told = await help_parties.parties_of(context.actor, seats)
    return {
        seat: HelpParty(number=party.number, name=party.name, phone=party.phone)
        for seat, party in told.items()
    }

"""Origins: how often a day somebody without an account writes from one address.

A guard against floods, not a rule of the domain: counted in the database, so that any number of
workers and restarts count together, under a mark that the month's key gives, so that no address is
kept. Refuses to know what is sent.
"""

import ipaddress
from datetime import date

from timebank.batch import Batch
from timebank.projections import Place
from timebank.refusals import Refusal
from timebank.tables import Row, table
from timebank.vault import keyring

MOST_A_DAY = 20
"""A household, a kiosk or a wish box behind one address sends fewer."""


class OriginBusy(Refusal):
    """Too much came from one address today."""

    says = "{most} came from your connection today; go on tomorrow, or come to the station."
    most: int


@table("origin", vault=True)
class Origin(Row, frozen=True):
    """How much was sent on a day from the address with this mark."""

    mark: str
    day: date
    sent: int


def holder_of(address: str) -> str:
    """The holder an address stands for: itself, or its /64, which is one customer's in IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def origin_at(address: str) -> Place:
    """Where it is counted what an address sends."""
    return Origin, keyring().current().mark("origin", holder_of(address))


def count_origin(batch: Batch, place: Place) -> None:
    """Count one more sending. Refuses: OriginBusy."""
    mark = str(place[1])
    held = batch.get(Origin, mark)
    sent = held.sent if held and held.day == batch.today else 0
    if sent >= MOST_A_DAY:
        raise OriginBusy(most=MOST_A_DAY)
    batch.put(Origin(mark=mark, day=batch.today, sent=sent + 1))

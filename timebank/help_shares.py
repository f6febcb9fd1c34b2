"""How the minutes of an order for help are divided when it ends (domain 6).

What was granted from a pool pays first and goes back to where it came from; nothing that is
forfeited goes to the other side. Pure arithmetic in minutes; knows no order and no table.
"""

import msgspec

from timebank.accounts import escrow, pool, volunteer
from timebank.events import Postings


class Pooled(msgspec.Struct, frozen=True):
    """Minutes for an area's pool."""

    area: str
    minutes: int


class Shares(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What everybody gets of the minutes that were held; `grant` goes back into the grant.

    `lapsed` tells how many of those for the pools had been granted and were not used.
    """

    helper: int = 0
    payer: int = 0
    grant: int = 0
    pools: tuple[Pooled, ...] = ()
    lapsed: int = 0


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What an order holds: the payer's `own` minutes and those `granted` from a pool.

    `area` has the pool for what is forfeited; `grant_area` the one that granted, None for none;
    `grant_runs` tells whether the grant's month still runs.
    """

    own: int
    granted: int
    area: str
    grant_area: str | None = None
    grant_runs: bool = False


def divide(
    held: Held, *, paid: int = 0, forfeited: int = 0, room: int | None = None, home: str = ""
) -> Shares:
    """Divide what an order holds.

    Args: paid, what the helper's service comes to, at most what is held; forfeited, what the payer
    loses to the pool, taken from their own minutes first; room, what the helper's balance has room
    for, the rest goes to the pool of `home`, their area: it was spent and stays help.
    """
    by_grant = min(held.granted, paid)
    own, granted = held.own - (paid - by_grant), held.granted - by_grant
    lost_own = min(forfeited, own)
    lost_granted = min(forfeited - lost_own, granted)
    back = granted - lost_granted
    over = max(0, paid - room) if room is not None else 0
    lapsed = lost_granted + (0 if held.grant_runs else back)
    pools = ((held.area, lost_own), (held.grant_area or held.area, lapsed), (home, over))
    return Shares(
        helper=paid - over,
        payer=own - lost_own,
        grant=back if held.grant_runs else 0,
        pools=_together(pools),
        lapsed=lapsed,
    )


def _together(pools: tuple[tuple[str, int], ...]) -> tuple[Pooled, ...]:
    sums: dict[str, int] = {}
    for area, minutes in pools:
        if minutes:
            sums[area] = sums.get(area, 0) + minutes
    return tuple(Pooled(area, minutes) for area, minutes in sums.items())


def share_postings(
    order: str, shares: Shares, *, payer: str, helper: str | None, grant: str | None
) -> Postings:
    """From an order's escrow to everybody; nothing where it holds nothing."""
    parts = [
        *([(volunteer(helper), shares.helper)] if helper else []),
        (volunteer(payer), shares.payer),
        *([(escrow(grant), shares.grant)] if grant else []),
        *((pool(part.area), part.minutes) for part in shares.pools),
    ]
    given = [(code, minutes) for code, minutes in parts if minutes]
    moves = [(escrow(order), -sum(minutes for _, minutes in given)), *given]
    return tuple((code, "minute", minutes) for code, minutes in moves if minutes)

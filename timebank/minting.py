"""Minting: how many minutes become credit, and what taking them back takes (domain 6).

Pure arithmetic on balances and caps, in minutes; knows no record and no table.
"""

import msgspec

from timebank.accounts import issuance, owed, volunteer
from timebank.events import Postings
from timebank.policy import Credit


class Minted(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes a record mints: `repaid` of them settle what is owed, the others are spendable.

    `overflow` of them have no room in the balance and go on to the pool.
    """

    credited: int = 0
    repaid: int = 0
    overflow: int = 0


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes a reversal takes back: from the balance, and those that the volunteer now owes."""

    balance: int
    owed: int


def decide_mint(
    minutes: int,
    *,
    today: int,
    month: int,
    balance: int,
    debt: int,
    rules: Credit,
    to_pool: bool = False,
) -> Minted:
    """What `minutes` of eligible service mint within the caps; debt is repaid first.

    Args: today and month, minutes credited already for that day and month of service; balance, what
    the volunteer holds; debt, what the volunteer owes, >= 0; to_pool, whether the volunteer wishes
    what has no room to go to the pool, instead of not being minted.   Source: domain 6.
    """
    most = max(0, min(minutes, rules.mint_per_day - today, rules.mint_per_month - month))
    repaid = min(most, debt)
    room = max(0, rules.balance_cap - balance)
    above = max(0, most - repaid - room)
    credited = most if to_pool else most - above
    return Minted(credited=credited, repaid=repaid, overflow=above if to_pool else 0)


def decide_take_back(*, credited: int, repaid: int, balance: int) -> Taken:
    """What a reversal takes: no balance falls below 0, the rest is owed.   Source: domain 3."""
    from_balance = min(credited - repaid, balance)
    return Taken(balance=from_balance, owed=credited - from_balance)


def mint_postings(person: str, station: str, credited: int, repaid: int) -> Postings:
    """Issuance gives; what is owed receives first, the volunteer the rest."""
    moves = (
        (issuance(station), -credited),
        (owed(person), repaid),
        (volunteer(person), credited - repaid),
    )
    return tuple((code, "minute", amount) for code, amount in moves if amount)


def take_back_postings(person: str, station: str, from_balance: int, now_owed: int) -> Postings:
    """The mirror: issuance receives what it gave."""
    moves = (
        (issuance(station), from_balance + now_owed),
        (owed(person), -now_owed),
        (volunteer(person), -from_balance),
    )
    return tuple((code, "minute", amount) for code, amount in moves if amount)

"""Time accounts: minutes and fen move from account to account and are never made twice.

Every movement has a source and a target, so all accounts together hold zero in each unit. Every
account has the floor 0 but the contra accounts (domain 3). Knows the codes of accounts and their
balances; refuses to know why anything moves.
"""

from datetime import datetime
from typing import TypedDict

import msgspec
from tortoise.expressions import Q

from ledger.books import Floor, Holder, Joined
from ledger.entry import Sealed, Unit
from timebank.batch import Batch
from timebank.events import Event
from timebank.projections import Place, Rows, projects_postings
from timebank.refusals import Refusal
from timebank.tables import Row, find, find_many, select, table

CONTRA = ("issuance:", "owed:", "treasury:")
"""Accounts that hold what the others were given: at most 0 (domain 3)."""


MERGED = "person.merged"
"""The kind of the entry by which an account goes into another."""

# Codes


def volunteer(person: str) -> str:
    """A volunteer's own minutes."""
    return f"volunteer:{person}"


def owed(person: str) -> str:
    """What a reversal could not take back from a volunteer; at most 0."""
    return f"owed:{person}"


def issuance(station: str) -> str:
    """The minutes a station's records minted, as a negative balance."""
    return f"issuance:{station}"


def escrow(thing: str) -> str:
    """Minutes held for an order or a gift."""
    return f"escrow:{thing}"


def redeemed(item: str) -> str:
    """Minutes redeemed for a reward."""
    return f"reward:{item}"


def pool(area: str) -> str:
    """An area's public time pool."""
    return f"pool:{area}"


def treasury(source: str) -> str:
    """The fen the treasury gave a fund source, as a negative balance."""
    return f"treasury:{source}"


def fund(source: str) -> str:
    """What a fund source holds and nobody was allotted, in fen."""
    return f"source:{source}"


def allotment(unit: str, year: int, source: str) -> str:
    """What a unit may still commit in a year, in fen; each source apart, so that none mixes."""
    return f"allotment:{unit}:{year}:{source}"


def award(commitment: str) -> str:
    """What is committed and not paid yet, in fen."""
    return f"award:{commitment}"


def organisation(payee: str, commitment: str) -> str:
    """What an organisation was paid of a commitment and has not accounted for, in fen."""
    return f"org:{payee}:{commitment}"


def paid(purpose: str, source: str) -> str:
    """What was spent for a purpose out of a source, in fen."""
    return f"paid:{purpose}:{source}"


def has_floor(code: str) -> bool:
    """Whether an account may never hold less than 0; the contra accounts never more."""
    return not code.startswith(CONTRA)


def floor(code: str, unit: str) -> int | None:
    """The least an account may hold, None where there is no least: for the books level."""
    return 0 if has_floor(code) else None


def holder(code: str) -> str:
    """Whose an account is: what a volunteer owes stands for the volunteer's own minutes."""
    return volunteer(code.removeprefix("owed:")) if code.startswith("owed:") else code


def joined(entry: Sealed) -> tuple[str, str] | None:
    """Whose minutes went into whose for good by an entry, as `holder` names both; None by most."""
    if entry.kind != MERGED:
        return None
    gone, kept = entry.body.get("person"), entry.body.get("kept")
    # Whoever verifies believes no body.
    if not isinstance(gone, str) or not isinstance(kept, str):
        return None
    return volunteer(gone), volunteer(kept)


class Known(TypedDict):
    """What level books of a verification must be told of accounts."""

    floor: Floor
    holder: Holder
    joined: Joined


KNOWN: Known = {"floor": floor, "holder": holder, "joined": joined}
"""As every verification of a time bank's ledger is told it: `verify(url, **KNOWN)`."""

# Refusals


class NotEnoughTime(Refusal):
    """The account holds less than is asked for."""

    says = "The account holds {held} minutes; {asked} were asked for."
    held: int
    asked: int


class NotPositive(Refusal):
    """Nothing, or less than nothing, cannot move."""

    says = "The minutes must be more than 0, not {minutes}."
    minutes: int


class FloorBroken(AssertionError):
    """A decision let an account fall below its floor: a bug, and nothing is written."""


# Decisions


def decide_spend(held: int, asked: int) -> None:
    """Whether an account that holds `held` minutes may give `asked`.

    Refuses: NotPositive, NotEnoughTime.
    """
    if asked <= 0:
        raise NotPositive(minutes=asked)
    if held < asked:
        raise NotEnoughTime(held=held, asked=asked)


# Tables and projectors


@table("account")
class Account(Row, frozen=True):
    """One account; `balance` in minutes or fen by `unit`."""

    code: str
    unit: str
    balance: int


@table("posting", index=[("account", "seq")])
class Posting(Row, frozen=True):
    """What one entry moved on one account, with the balance after it; `id` is `posting_id`."""

    id: str
    account: str
    seq: int
    at: datetime
    kind: str
    amount: int
    balance: int


def posting_id(code: str, seq: int) -> str:
    """What entry `seq` moved on an account, as `<account>@<seq>`."""
    return f"{code}@{seq:012d}"


@table("account_total")
class AccountTotal(Row, frozen=True):
    """What all accounts of a kind hold together; `id` is `<unit>:<kind>`, as `minute:escrow`."""

    id: str
    balance: int


@projects_postings
def _posted(rows: Rows, event: Event, entry: Sealed) -> None:
    moved: dict[tuple[str, Unit], int] = {}
    for code, unit, amount in entry.postings:
        moved[code, unit] = moved.get((code, unit), 0) + amount
    for (code, unit), amount in moved.items():
        held = rows.get(Account, code)
        after = (held.balance if held else 0) + amount
        if after < 0 if has_floor(code) else after > 0:
            raise FloorBroken(f"{code} would hold {after}")
        rows.put(Account(code=code, unit=unit, balance=after))
        rows.put(
            Posting(
                id=posting_id(code, entry.seq),
                account=code,
                seq=entry.seq,
                at=entry.at,
                kind=entry.kind,
                amount=amount,
                balance=after,
            )
        )
        _add_up(rows, code, unit, amount)


def _add_up(rows: Rows, code: str, unit: str, amount: int) -> None:
    kind = code.partition(":")[0]
    total = rows.get(AccountTotal, f"{unit}:{kind}")
    so_far = total.balance if total else 0
    rows.put(AccountTotal(id=f"{unit}:{kind}", balance=so_far + amount))


# What other capabilities ask


def moving(*codes: str, unit: Unit = "minute") -> list[Place]:
    """The rows that a movement on these accounts touches, to be loaded beforehand."""
    kinds = dict.fromkeys(code.partition(":")[0] for code in codes)
    return [
        *((Account, code) for code in codes),
        *((AccountTotal, f"{unit}:{kind}") for kind in kinds),
    ]


def balance(batch: Batch, code: str) -> int:
    """What an account holds, in its unit; 0 if nothing ever moved."""
    held = batch.get(Account, code)
    return held.balance if held else 0


# Reads


async def balance_of(code: str) -> int:
    """What an account holds now."""
    held = await find(Account, code)
    return held.balance if held else 0


async def balances_of(codes: list[str]) -> dict[str, int]:
    """What several accounts hold, in one statement."""
    found = await find_many(Account, codes)
    return {code: found[code].balance if code in found else 0 for code in codes}


async def statement(
    code: str,
    *former: str,
    after: int | None = None,
    before: int | None = None,
    limit: int,
    backward: bool,
) -> list[Posting]:
    """Movements of an account, newest first (oldest first if `backward`), by position.

    Args: after and before, positions in reading order: newest first, so `after` means older;
    former, the accounts that went into this one: what moved on them until then is shown too, and
    the going over once, as it came.
    """
    own = Q(account=code)
    conditions = [own | Q(account__in=former) & ~Q(kind=MERGED)] if former else [own]
    if after is not None:
        conditions.append(Q(seq__lt=after))
    if before is not None:
        conditions.append(Q(seq__gt=before))
    order = ["seq"] if backward else ["-seq"]
    return await select(Posting, *conditions, order=order, limit=limit)


class Conservation(msgspec.Struct, frozen=True):
    """City-wide, minutes: minted = held + escrow + pools + redeemed + retired + owed (domain 3).

    `owed` is at most 0: what reversals could not take back.
    """

    minted: int
    held: int
    escrow: int
    pools: int
    redeemed: int
    retired: int
    owed: int

    @property
    def whole(self) -> bool:
        """Whether both sides are equal."""
        kept = self.held + self.escrow + self.pools + self.redeemed + self.retired
        return self.minted == kept + self.owed


async def conservation() -> Conservation:
    """The minutes of all accounts by kind, in one statement and so of one instant."""
    totals = await select(AccountTotal, id__startswith="minute:")
    sums = {total.id.removeprefix("minute:"): total.balance for total in totals}
    return Conservation(
        minted=-sums.get("issuance", 0),
        held=sums.get("volunteer", 0),
        escrow=sums.get("escrow", 0),
        pools=sums.get("pool", 0),
        redeemed=sums.get("reward", 0),
        retired=sums.get("retired", 0),
        owed=sums.get("owed", 0),
    )

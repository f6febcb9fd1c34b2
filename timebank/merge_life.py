"""The life of a merge: two registrations turn out to be one person's (domain 11).

Knows states, events and what moves; `merges` knows who decides and what must be settled before.
"""

from enum import StrEnum

import msgspec

from timebank.accounts import MERGED, owed, pool, volunteer
from timebank.actors import PersonId
from timebank.events import Event, Postings
from timebank.lifecycles import Lifecycle


class MergeState(StrEnum):
    """The life of a merge."""

    PROPOSED = "proposed"
    DROPPED = "dropped"
    MADE = "made"


class MergeGround(StrEnum):
    """How somebody came to be registered twice."""

    TWO_DOCUMENTS = "two_documents"
    MISTYPED = "mistyped"
    MOVED = "moved"


# Events


class MergeProposed(Event, frozen=True, tag="merge.proposed"):
    """An officer saw that `person` and `kept` are one: the former rests until it is decided."""

    merge: str
    person: PersonId
    kept: PersonId
    ground: MergeGround


class MergeDropped(Event, frozen=True, tag="merge.dropped"):
    """They are two, or it is too early: the account goes on."""

    merge: str
    person: PersonId


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes of a merge: `minutes` leave the account that goes, with a debt of `owed`.

    `repaid` of what both held settle what both owed; `donated` had no room under the cap and is the
    pool's.
    """

    minutes: int = 0
    owed: int = 0
    repaid: int = 0
    donated: int = 0


class PersonMerged(Event, frozen=True, tag=MERGED):
    """Another officer agreed: what was `person`'s is `kept`'s, and the old id and number name them.

    `records` are those of service by or to the person, `orders` those for help, `awards` their
    stars, `wards` those whose guardian the person was; `area` is the home district, whose pool gets
    what is `donated`.
    """

    merge: str
    person: PersonId
    kept: PersonId
    proposer: PersonId
    area: str
    minutes: int = 0
    owed: int = 0
    repaid: int = 0
    donated: int = 0
    records: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    awards: tuple[str, ...] = ()
    wards: tuple[PersonId, ...] = ()

    def postings(self) -> Postings:
        """Balance and debt go over whole; nothing is minted and no debt forgiven."""
        moves = (
            (volunteer(self.person), -self.minutes),
            (volunteer(self.kept), self.minutes - self.repaid - self.donated),
            (owed(self.person), self.owed),
            (owed(self.kept), self.repaid - self.owed),
            (pool(self.area), self.donated),
        )
        return tuple((code, "minute", amount) for code, amount in moves if amount)


# Lifecycle

LIFECYCLE: Lifecycle[MergeState] = {
    MergeState.PROPOSED: {MergeDropped: MergeState.DROPPED, PersonMerged: MergeState.MADE},
    MergeState.DROPPED: {},
    MergeState.MADE: {},
}


# Decisions


def decide_moved(*, held: int, due: int, kept_held: int, kept_due: int, cap: int) -> Moved:
    """What moves when an account of `held` minutes and a debt of `due` joins another.

    Args: due and kept_due, what each owes, >= 0; cap, the most an account may hold.
    Debts are repaid first, as by minting (domain 3); the balance that is kept is never cut.
    """
    repaid = min(held + kept_held, due + kept_due)
    room = max(0, cap - kept_held)
    return Moved(minutes=held, owed=due, repaid=repaid, donated=max(0, held - repaid - room))

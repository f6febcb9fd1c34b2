"""The life of a gift: what can happen to it, and what a giver and a receiver may do (domain 6).

One hop: nobody gives more, over a lifetime, than they earned by service themselves, so no minute is
given on that came as a gift. Knows events, their order and the limits; `gifts` keeps the gifts.
"""

from datetime import date, datetime
from enum import StrEnum

from timebank.accounts import decide_spend, escrow, volunteer
from timebank.actors import PersonId
from timebank.events import Event, Postings, transfer
from timebank.lifecycles import Lifecycle
from timebank.policy import Credit
from timebank.refusals import Refusal


class GiftState(StrEnum):
    """The life of a gift."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


# Events


class GiftOffered(Event, frozen=True, tag="gift.offered"):
    """Minutes wait in escrow for the receiver to accept before `until`."""

    gift: str
    giver: PersonId
    receiver: PersonId
    minutes: int
    until: datetime
    proxy: PersonId | None = None

    def postings(self) -> Postings:
        """From the giver into escrow."""
        return transfer(volunteer(self.giver), escrow(self.gift), "minute", self.minutes)


class GiftAccepted(Event, frozen=True, tag="gift.accepted"):
    """The receiver has the minutes."""

    gift: str
    receiver: PersonId
    minutes: int
    proxy: PersonId | None = None

    def postings(self) -> Postings:
        """From escrow to the receiver."""
        return transfer(escrow(self.gift), volunteer(self.receiver), "minute", self.minutes)


class _Returned(Event, frozen=True, kw_only=True):
    """The minutes are the giver's again."""

    gift: str
    giver: PersonId
    minutes: int
    proxy: PersonId | None = None

    def postings(self) -> Postings:
        """From escrow back to the giver."""
        return transfer(escrow(self.gift), volunteer(self.giver), "minute", self.minutes)


class GiftDeclined(_Returned, frozen=True, kw_only=True, tag="gift.declined"):
    """The receiver does not want it."""


class GiftWithdrawn(_Returned, frozen=True, kw_only=True, tag="gift.withdrawn"):
    """The giver thought again before it was accepted."""


class GiftExpired(_Returned, frozen=True, kw_only=True, tag="gift.expired"):
    """Nobody accepted it in time."""


Returned = GiftDeclined | GiftWithdrawn | GiftExpired

# Refusals


class NotLinealKin(Refusal):
    """Gifts stay in the direct line (domain 6)."""

    says = "Minutes are given only to registered parents, children, grandparents and grandchildren."
    path = ("receiver",)


class GiftNotEarned(Refusal):
    """One hop: what came as a gift is for one's own use."""

    says = "Only minutes earned by service can be given; {left} of yours are left for that."
    left: int
    path = ("minutes",)


class GiftYearFull(Refusal):
    """There is a limit a year."""

    says = "At most {most} minutes can be given in a year; {left} are left this year."
    most: int
    left: int
    path = ("minutes",)


class ProxyGivesToSelf(Refusal):
    """A proxy or guardian never gives to themselves what is another's (domain 11)."""

    says = "Whoever acts for somebody cannot give that person's minutes to themselves."


class BalanceWouldExceed(Refusal):
    """A balance has a cap."""

    says = "Your account would hold more than {most} minutes; use some of them first."
    most: int


class GiftOver(Refusal):
    """There are some days to accept a gift."""

    says = "This gift could be accepted until {until}; it goes back to the giver."
    until: date


class GiftStillOpen(Refusal):
    """A gift goes back when its days are over, not before."""

    says = "This gift can be accepted until {until}."
    until: date


# Lifecycle

LIFECYCLE: Lifecycle[GiftState] = {
    GiftState.OFFERED: {
        GiftAccepted: GiftState.ACCEPTED,
        GiftDeclined: GiftState.DECLINED,
        GiftWithdrawn: GiftState.WITHDRAWN,
        GiftExpired: GiftState.EXPIRED,
    },
    GiftState.ACCEPTED: {},
    GiftState.DECLINED: {},
    GiftState.WITHDRAWN: {},
    GiftState.EXPIRED: {},
}


# Decisions


def decide_gift(
    minutes: int, *, held: int, earned: int, given: int, given_this_year: int, rules: Credit
) -> None:
    """Whether `minutes` can be given by somebody whose account holds `held`.

    Args: earned, minutes ever minted for service or paid by orders for help; given, those ever
    given and not returned.
    Refuses: NotPositive, NotEnoughTime, GiftNotEarned, GiftYearFull.   Source: domain 6.
    """
    decide_spend(held, minutes)
    if given + minutes > earned:
        raise GiftNotEarned(left=max(0, earned - given))
    if given_this_year + minutes > rules.gift_per_year:
        left = max(0, rules.gift_per_year - given_this_year)
        raise GiftYearFull(most=rules.gift_per_year, left=left)


def decide_receive(minutes: int, *, held: int, rules: Credit) -> None:
    """Whether an account has room for `minutes`. Refuses: BalanceWouldExceed."""
    if held + minutes > rules.balance_cap:
        raise BalanceWouldExceed(most=rules.balance_cap)

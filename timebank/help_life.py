"""The life of an order for help: what can happen to it, and what follows (domain 6).

A wish is held against minutes, waits for a helper, is served, reported and confirmed, and then pays
the helper minute for minute. What is not paid goes back to whoever gave it. Knows events and their
order; `help_orders` keeps the orders.
"""

from datetime import date, datetime
from enum import StrEnum

from timebank.accounts import escrow, owed, pool, volunteer
from timebank.actors import PersonId
from timebank.events import Event, Postings
from timebank.hands import Hand
from timebank.help_shares import Shares, share_postings
from timebank.lifecycles import Lifecycle


class HelpState(StrEnum):
    """The life of an order for help (domain 6)."""

    REQUESTED = "requested"
    RESERVED = "reserved"
    ESCALATED = "escalated"
    MATCHED = "matched"
    IN_SERVICE = "in_service"
    DELIVERED = "delivered"
    DISPUTED = "disputed"
    SETTLED = "settled"
    PARTIAL = "partial"
    RELEASED = "released"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class HelpKind(StrEnum):
    """What help is asked for."""

    COMPANY = "company"
    ERRANDS = "errands"
    ESCORT = "escort"
    MEALS = "meals"
    CLEANING = "cleaning"
    REPAIRS = "repairs"
    DEVICES = "devices"
    LEARNING = "learning"
    OTHER = "other"


class MatchWay(StrEnum):
    """How a helper came to an order."""

    CLAIM = "claim"
    DESK = "desk"


class Escalation(StrEnum):
    """Who is to look for a helper."""

    STATION = "station"
    STREET = "street"


class DeliveryWay(StrEnum):
    """How it is known that help was given."""

    CHECK_OUT = "check_out"
    REPORT = "report"


class ConfirmWay(StrEnum):
    """How help that was given became settled."""

    SELF = "self"
    PROXY = "proxy"
    COUNTER = "counter"
    SILENCE = "silence"
    DECISION = "decision"


class HelpDisputeReason(StrEnum):
    """What is said against help that was reported."""

    NOT_COME = "not_come"
    SHORTER = "shorter"
    NOT_AS_AGREED = "not_as_agreed"
    HARM = "harm"
    DISOWNED = "disowned"


class HelpCancelReason(StrEnum):
    """Why an order was cancelled."""

    OWN_WISH = "own_wish"
    NOT_NEEDED = "not_needed"
    UNSAFE = "unsafe"


# Events


class HelpRequested(Event, frozen=True, tag="help.requested"):
    """`payer` asks for help for `served`; `told`, the words, is a commitment.

    `at_home` tells that the helper will be alone with the person, at home.
    """

    order: str
    payer: PersonId
    served: PersonId
    station: str
    kind_of_help: HelpKind
    starts: datetime
    minutes: int
    at_home: bool
    told: str
    hand: Hand
    proxy: PersonId | None = None


class HelpReserved(Event, frozen=True, tag="help.reserved"):
    """The minutes of an order are held: `own` from the payer, `granted` from their pool grant."""

    order: str
    payer: PersonId
    own: int
    granted: int = 0
    grant: str | None = None

    def postings(self) -> Postings:
        """From the grant's escrow and the payer into the order's."""
        parts = [*([(escrow(self.grant), self.granted)] if self.grant else [])]
        parts += [(volunteer(self.payer), self.own)]
        moves = [(code, -minutes) for code, minutes in parts if minutes]
        moves.append((escrow(self.order), self.own + self.granted))
        return tuple((code, "minute", minutes) for code, minutes in moves)


class HelpEscalated(Event, frozen=True, tag="help.escalated"):
    """Nobody has taken the order for days; the station, then the street, looks for a helper."""

    order: str
    level: Escalation


class HelpMatched(Event, frozen=True, tag="help.matched"):
    """A helper took the order, or agreed to it before the desk that wrote it down."""

    order: str
    helper: PersonId
    way: MatchWay


class HelperWithdrew(Event, frozen=True, tag="help.helper_withdrew"):
    """The helper cannot come; the order waits for another."""

    order: str
    helper: PersonId


class HelpStarted(Event, frozen=True, tag="help.started"):
    """The helper checked in."""

    order: str


class HelpDelivered(Event, frozen=True, tag="help.delivered"):
    """The helper checked out, or reported afterwards; `record` is the service record made of it."""

    order: str
    record: str
    began: datetime
    ended: datetime
    minutes: int
    way: DeliveryWay
    hand: Hand


class _Ended(Event, frozen=True, kw_only=True):
    """An order is over, and what it held is divided."""

    order: str
    payer: PersonId
    shares: Shares
    grant: str | None = None
    helper: PersonId | None = None

    def postings(self) -> Postings:
        """From the order's escrow to everybody who gets a share."""
        return share_postings(
            self.order, self.shares, payer=self.payer, helper=self.helper, grant=self.grant
        )


class _Paid(_Ended, frozen=True, kw_only=True):
    minutes: int
    way: ConfirmWay
    proxy: PersonId | None = None


class HelpSettled(_Paid, frozen=True, kw_only=True, tag="help.settled"):
    """The help was confirmed: `minutes` are paid, what was held beyond them goes back."""


class HelpPartlySettled(_Paid, frozen=True, kw_only=True, tag="help.partly_settled"):
    """A dispute was decided: `minutes`, fewer than were reported, are paid."""


class HelpReleased(_Ended, frozen=True, kw_only=True, tag="help.released"):
    """A dispute was decided: nothing is paid."""


class HelpNoShow(_Ended, frozen=True, kw_only=True, tag="help.no_show"):
    """The helper did not come. `suspended_until` is the last day of a suspension from it on."""

    hand: Hand
    proxy: PersonId | None = None
    suspended_until: date | None = None


class HelpLapsed(_Ended, frozen=True, kw_only=True, tag="help.lapsed"):
    """Nobody took the order before it was to begin, or nobody reported it in time."""


class HelpDisputed(Event, frozen=True, tag="help.disputed"):
    """Whoever was served, or pays, does not confirm what was reported; or the helper disowns it."""

    order: str
    reason: HelpDisputeReason
    hand: Hand
    proxy: PersonId | None = None


class _Undone(Event, frozen=True, kw_only=True):
    """A payment is undone, to whoever had given it.

    `balance` minutes come from the helper, who owes `owed` more; `own` go to the payer, the others
    had been granted and go to the pool of `area`.
    """

    order: str
    helper: PersonId
    payer: PersonId
    area: str
    balance: int
    owed: int
    own: int

    def postings(self) -> Postings:
        """From the helper, and what they owe, to the payer and the pool."""
        moves = (
            (volunteer(self.helper), -self.balance),
            (owed(self.helper), -self.owed),
            (volunteer(self.payer), self.own),
            (pool(self.area), self.balance + self.owed - self.own),
        )
        return tuple((code, "minute", minutes) for code, minutes in moves if minutes)


class HelpTakenBack(_Undone, frozen=True, kw_only=True, tag="help.taken_back"):
    """The record of paid help was undone, and so is the payment."""


class HelpCutBack(_Undone, frozen=True, kw_only=True, tag="help.cut_back"):
    """The record of paid help was corrected to fewer minutes, and so is the payment."""


class _PaidAgain(Event, frozen=True, kw_only=True):
    """What was undone is paid again, by whoever had been given it back.

    `repaid` of the minutes settle what the helper owes, the others are spendable; `balance` come
    from the payer, who owes `owed` more, and `granted` from the pool of `area`.
    """

    order: str
    helper: PersonId
    payer: PersonId
    area: str
    balance: int
    owed: int
    granted: int
    repaid: int

    @property
    def minutes(self) -> int:
        """All that is paid."""
        return self.balance + self.owed + self.granted

    def postings(self) -> Postings:
        """From the payer, what they owe and the pool to what the helper owes, and the helper."""
        moves = (
            (volunteer(self.payer), -self.balance),
            (owed(self.payer), -self.owed),
            (pool(self.area), -self.granted),
            (owed(self.helper), self.repaid),
            (volunteer(self.helper), self.minutes - self.repaid),
        )
        return tuple((code, "minute", minutes) for code, minutes in moves if minutes)


class HelpPaidAgain(_PaidAgain, frozen=True, kw_only=True, tag="help.paid_again"):
    """The record of help that was paid in full came back, and so does the payment."""


class HelpPartlyPaidAgain(_PaidAgain, frozen=True, kw_only=True, tag="help.partly_paid_again"):
    """The record of help that was paid in part came back, and so does that part."""


class HelpCancelled(_Ended, frozen=True, kw_only=True, tag="help.cancelled"):
    """Whoever ordered does not need it; `late` tells that a helper had too little notice."""

    reason: HelpCancelReason
    hand: Hand
    late: bool = False
    proxy: PersonId | None = None


Paid = HelpSettled | HelpPartlySettled
Ended = Paid | HelpReleased | HelpCancelled | HelpNoShow | HelpLapsed

# Lifecycle

LIFECYCLE: Lifecycle[HelpState] = {
    HelpState.REQUESTED: {HelpReserved: HelpState.RESERVED},
    HelpState.RESERVED: {
        HelpMatched: HelpState.MATCHED,
        HelpEscalated: HelpState.ESCALATED,
        HelpCancelled: HelpState.CANCELLED,
        HelpLapsed: HelpState.CANCELLED,
    },
    HelpState.ESCALATED: {
        HelpMatched: HelpState.MATCHED,
        HelpEscalated: HelpState.ESCALATED,
        HelpCancelled: HelpState.CANCELLED,
        HelpLapsed: HelpState.CANCELLED,
    },
    HelpState.MATCHED: {
        HelperWithdrew: HelpState.RESERVED,
        HelpStarted: HelpState.IN_SERVICE,
        HelpDelivered: HelpState.DELIVERED,
        HelpCancelled: HelpState.CANCELLED,
        HelpNoShow: HelpState.NO_SHOW,
        HelpLapsed: HelpState.CANCELLED,
    },
    HelpState.IN_SERVICE: {
        HelpDelivered: HelpState.DELIVERED,
        HelpLapsed: HelpState.CANCELLED,
    },
    HelpState.DELIVERED: {
        HelpSettled: HelpState.SETTLED,
        HelpDisputed: HelpState.DISPUTED,
    },
    HelpState.DISPUTED: {
        HelpSettled: HelpState.SETTLED,
        HelpPartlySettled: HelpState.PARTIAL,
        HelpReleased: HelpState.RELEASED,
    },
    HelpState.SETTLED: {
        HelpTakenBack: HelpState.RELEASED,
        HelpCutBack: HelpState.PARTIAL,
    },
    HelpState.PARTIAL: {
        HelpTakenBack: HelpState.RELEASED,
        HelpCutBack: HelpState.PARTIAL,
        HelpPaidAgain: HelpState.SETTLED,
        HelpPartlyPaidAgain: HelpState.PARTIAL,
    },
    HelpState.RELEASED: {
        HelpPaidAgain: HelpState.SETTLED,
        HelpPartlyPaidAgain: HelpState.PARTIAL,
    },
    HelpState.CANCELLED: {},
    HelpState.NO_SHOW: {},
}

UNMATCHED = frozenset({HelpState.RESERVED, HelpState.ESCALATED})
"""Where an order waits for a helper."""

TAKEN = frozenset(
    {HelpState.MATCHED, HelpState.IN_SERVICE, HelpState.DELIVERED, HelpState.DISPUTED}
)
"""Where an order has a helper and is not over."""

HOLDING = UNMATCHED | TAKEN
"""Where an order holds its minutes: it is open."""

"""The life of a part of what is paid: its events, states and what leads from one to the next."""

from enum import StrEnum

from timebank.events import Event
from timebank.funding.commitments import Condition
from timebank.lifecycles import Lifecycle
from timebank.refusals import Refusal


class TrancheState(StrEnum):
    """The life of a part of what is paid (domain 10)."""

    PLANNED = "planned"
    CONDITION_MET = "condition_met"
    APPROVED = "approved"
    PAID = "paid"
    RECONCILED = "reconciled"
    WITHHELD = "withheld"


class WithholdReason(StrEnum):
    """Why a part is not paid now."""

    REPORT_LATE = "report_late"
    HOURS_IN_DOUBT = "hours_in_doubt"
    SPENDING_IN_DOUBT = "spending_in_doubt"
    STOPPED = "stopped"
    BARRED = "barred"


# Events


class TranchePlanned(Event, frozen=True, tag="tranche.planned"):
    """A part of a commitment is to be paid when its condition is met."""

    commitment: str
    number: int
    fen: int
    condition: Condition
    least_minutes: int = 0


class PaymentPrepared(Event, frozen=True, tag="tranche.condition_met"):
    """A first person found the condition met and made the payment."""

    commitment: str
    number: int


class PaymentApproved(Event, frozen=True, tag="tranche.approved"):
    """A second person checked the payment."""

    commitment: str
    number: int


class TranchePaid(Event, frozen=True, tag="tranche.paid"):
    """The money left: `reference` commits to the bank's own."""

    commitment: str
    number: int
    reference: str


class TrancheReconciled(Event, frozen=True, tag="tranche.reconciled"):
    """The bank's statement shows the payment, as somebody else than who paid it found."""

    commitment: str
    number: int


class TrancheBounced(Event, frozen=True, tag="tranche.bounced"):
    """The bank's statement shows that a payment came back, as somebody else than its payer found.

    The part is planned again.
    """

    commitment: str
    number: int


class TrancheWithheld(Event, frozen=True, tag="tranche.withheld"):
    """The part is not paid for now."""

    commitment: str
    number: int
    reason: WithholdReason


class TrancheResumed(Event, frozen=True, tag="tranche.resumed"):
    """A withheld part is planned again."""

    commitment: str
    number: int


# Refusals


class MakerChecks(Refusal):
    """Maker and checker of a payment are two persons (domain 10)."""

    says = "You made this payment; another person must check it."


class CheckerPays(Refusal):
    """Who checked a payment does not pay it out, and who paid it does not reconcile it."""

    says = "You did the step before; another person must do this one."


class PaidAlready(Refusal):
    """A part is paid once (domain 10); one that the bank sent back is planned again."""

    says = "This part has been paid already; nothing is paid twice."


class NobodyBarred(Refusal):
    """A part is held back for what is so (domain 10)."""

    says = "This part goes to no organisation that is barred now; give another reason."
    path = ("reason",)


# Lifecycle

LIFECYCLE: Lifecycle[TrancheState] = {
    TrancheState.PLANNED: {
        PaymentPrepared: TrancheState.CONDITION_MET,
        TrancheWithheld: TrancheState.WITHHELD,
    },
    TrancheState.CONDITION_MET: {
        PaymentApproved: TrancheState.APPROVED,
        TrancheWithheld: TrancheState.WITHHELD,
    },
    TrancheState.APPROVED: {
        TranchePaid: TrancheState.PAID,
        TrancheWithheld: TrancheState.WITHHELD,
    },
    TrancheState.PAID: {
        TrancheReconciled: TrancheState.RECONCILED,
        TrancheBounced: TrancheState.PLANNED,
    },
    TrancheState.RECONCILED: {},
    TrancheState.WITHHELD: {TrancheResumed: TrancheState.PLANNED},
}


def decide_unpaid(state: TrancheState) -> None:
    """Whether a part may still be paid. Refuses: PaidAlready."""
    if state in (TrancheState.PAID, TrancheState.RECONCILED):
        raise PaidAlready


Moved = (
    PaymentPrepared
    | PaymentApproved
    | TranchePaid
    | TrancheReconciled
    | TrancheBounced
    | TrancheWithheld
    | TrancheResumed
)

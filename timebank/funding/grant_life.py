"""The life of a grant, from an application's draft to its end: events, states, what leads where.

One table from the draft to the closing (domain 10). Money moves by events of its own beside these.
"""

from datetime import date
from enum import StrEnum

from timebank.events import Event
from timebank.funding.purposes import ExpenseItem
from timebank.lifecycles import Lifecycle

Budget = tuple[tuple[ExpenseItem, int], ...]
"""What is to be bought, and for how many fen."""


class FundGrantState(StrEnum):
    """The life of a grant (domain 10)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    FORMAL_OK = "formal_ok"
    SCORED = "scored"
    SHORTLISTED = "shortlisted"
    PUBLICITY = "publicity"
    AWARDED = "awarded"
    CONTRACTED = "contracted"
    RUNNING = "running"
    MIDTERM_PASS = "midterm_pass"
    MIDTERM_FIX = "midterm_fix"
    FINAL = "final"
    ACCEPTED = "accepted"
    AUDITED = "audited"
    CLOSED = "closed"
    STOPPED = "stopped"
    RECOVERY = "recovery"
    RECOVERED = "recovered"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class GrantRejectReason(StrEnum):
    """Why an application comes to nothing."""

    FORMAL_FAULT = "formal_fault"
    SCORE_TOO_LOW = "score_too_low"
    MONEY_GONE = "money_gone"
    OBJECTION_UPHELD = "objection_upheld"


class GrantStopReason(StrEnum):
    """Why a running grant is stopped."""

    NOT_PUT_RIGHT = "not_put_right"
    MONEY_MISUSED = "money_misused"
    HOURS_FALSE = "hours_false"
    ORGANISATION_ENDED = "organisation_ended"


class GrantReport(StrEnum):
    """The reports of a grant."""

    MIDTERM = "midterm"
    FINAL = "final"


# Events


class _OfGrant(Event, frozen=True, kw_only=True):
    grant: str


class GrantDrafted(_OfGrant, frozen=True, tag="grant.drafted"):
    """An organisation began an application; its plan is a commitment."""

    call: str
    organisation: str
    fen: int
    budget: Budget
    least_minutes: int
    plan: str


class GrantRevised(_OfGrant, frozen=True, tag="grant.revised"):
    """The draft was changed."""

    fen: int
    budget: Budget
    least_minutes: int
    plan: str


class GrantSubmitted(_OfGrant, frozen=True, tag="grant.submitted"):
    """The organisation applied."""


class GrantWithdrawn(_OfGrant, frozen=True, tag="grant.withdrawn"):
    """The organisation took its application back."""


class GrantFormallyChecked(_OfGrant, frozen=True, tag="grant.formally_checked"):
    """Nothing is missing."""


class ConflictDeclared(_OfGrant, frozen=True, tag="grant.conflict_declared"):
    """A reviewer stands too near to the organisation to judge it."""

    reviewer: str


class GrantReviewed(_OfGrant, frozen=True, tag="grant.reviewed"):
    """A reviewer gave points, 0 to 100."""

    reviewer: str
    points: int


class ReviewSetAside(_OfGrant, frozen=True, tag="grant.review_set_aside"):
    """Who gave these points stands too near to the organisation: they count no more.

    The application is judged on by others, and anew where it was scored or shortlisted already.
    """

    reviewer: str
    points: int


class GrantScored(_OfGrant, frozen=True, tag="grant.scored"):
    """Enough reviewers gave points; `points` is their mean, rounded down."""

    reviewers: int
    points: int


class GrantShortlisted(_OfGrant, frozen=True, tag="grant.shortlisted"):
    """It is to get so much, at most what it asked for."""

    fen: int


class GrantPublicised(_OfGrant, frozen=True, tag="grant.publicised"):
    """It was laid open to everybody until a day."""

    until: date


class GrantAwarded(_OfGrant, frozen=True, tag="grant.awarded"):
    """The money is promised."""

    fen: int


class GrantRejected(_OfGrant, frozen=True, tag="grant.rejected"):
    """The application comes to nothing."""

    reason: GrantRejectReason


class GrantContracted(_OfGrant, frozen=True, tag="grant.contracted"):
    """Both sides signed; `contract` is the document's hash, and each report has its last day."""

    contract: str
    midterm_due: date | None = None
    final_due: date | None = None


class GrantBegun(_OfGrant, frozen=True, tag="grant.begun"):
    """The organisation began the work; it is reminded of its mid-term report on a day."""

    remind_on: date | None = None


class GrantReported(_OfGrant, frozen=True, tag="grant.reported"):
    """The organisation handed in a report: what is spent and accepted so far stands in it."""

    report: GrantReport
    spent: int
    minutes: int
    text: str


class MidtermPassed(_OfGrant, frozen=True, tag="grant.midterm_passed"):
    """The mid-term report was accepted; a reminder of the final one goes out on a day."""

    remind_on: date | None = None


class MidtermToFix(_OfGrant, frozen=True, tag="grant.midterm_to_fix"):
    """What the mid-term report shows is put right until a day; a reminder goes out before."""

    fix_by: date
    remind_on: date | None = None


class GrantReminded(_OfGrant, frozen=True, tag="grant.reminded"):
    """Those who act for the organisation were reminded; they are again on a day, if on any."""

    remind_on: date | None = None


class FinalHandedIn(_OfGrant, frozen=True, tag="grant.final"):
    """The final report is there and waits for its acceptance."""


class GrantAccepted(_OfGrant, frozen=True, tag="grant.accepted"):
    """The work was accepted."""


class GrantAudited(_OfGrant, frozen=True, tag="grant.audited"):
    """The accounts were audited; `audit` is the document's hash."""

    audit: str


class GrantClosed(_OfGrant, frozen=True, tag="grant.closed"):
    """Everything is accounted for, and what was left went back."""


class GrantStopped(_OfGrant, frozen=True, tag="grant.stopped"):
    """The work ends before its time; what was not paid goes back."""

    reason: GrantStopReason


class RecoveryBegun(_OfGrant, frozen=True, tag="grant.recovery_begun"):
    """What was paid and not accounted for is asked back, and the organisation barred."""

    fen: int


class GrantRecovered(_OfGrant, frozen=True, tag="grant.recovered"):
    """Whatever a stopped grant was paid is accounted for or back, asked for or not."""


Moved = (
    GrantSubmitted
    | GrantWithdrawn
    | GrantFormallyChecked
    | GrantScored
    | GrantShortlisted
    | GrantPublicised
    | GrantAwarded
    | GrantRejected
    | GrantContracted
    | GrantBegun
    | GrantReported
    | MidtermPassed
    | MidtermToFix
    | GrantReminded
    | FinalHandedIn
    | GrantAccepted
    | GrantAudited
    | GrantClosed
    | GrantStopped
    | RecoveryBegun
    | GrantRecovered
)

# Lifecycle

_S = FundGrantState
LIFECYCLE: Lifecycle[FundGrantState] = {
    _S.DRAFT: {
        GrantRevised: _S.DRAFT,
        GrantSubmitted: _S.SUBMITTED,
        GrantWithdrawn: _S.WITHDRAWN,
    },
    _S.SUBMITTED: {
        GrantFormallyChecked: _S.FORMAL_OK,
        GrantRejected: _S.REJECTED,
        GrantWithdrawn: _S.WITHDRAWN,
    },
    _S.FORMAL_OK: {
        ConflictDeclared: _S.FORMAL_OK,
        GrantReviewed: _S.FORMAL_OK,
        ReviewSetAside: _S.FORMAL_OK,
        GrantScored: _S.SCORED,
        GrantWithdrawn: _S.WITHDRAWN,
    },
    _S.SCORED: {
        ReviewSetAside: _S.FORMAL_OK,
        GrantShortlisted: _S.SHORTLISTED,
        GrantRejected: _S.REJECTED,
        GrantWithdrawn: _S.WITHDRAWN,
    },
    _S.SHORTLISTED: {
        ReviewSetAside: _S.FORMAL_OK,
        GrantPublicised: _S.PUBLICITY,
        GrantRejected: _S.REJECTED,
    },
    _S.PUBLICITY: {GrantAwarded: _S.AWARDED, GrantRejected: _S.REJECTED},
    _S.AWARDED: {GrantContracted: _S.CONTRACTED, GrantStopped: _S.STOPPED},
    _S.CONTRACTED: {GrantBegun: _S.RUNNING, GrantStopped: _S.STOPPED},
    _S.RUNNING: {
        GrantReminded: _S.RUNNING,
        GrantReported: _S.RUNNING,
        MidtermPassed: _S.MIDTERM_PASS,
        MidtermToFix: _S.MIDTERM_FIX,
        GrantStopped: _S.STOPPED,
    },
    _S.MIDTERM_FIX: {
        GrantReminded: _S.MIDTERM_FIX,
        GrantReported: _S.MIDTERM_FIX,
        MidtermPassed: _S.MIDTERM_PASS,
        GrantStopped: _S.STOPPED,
    },
    _S.MIDTERM_PASS: {
        GrantReminded: _S.MIDTERM_PASS,
        FinalHandedIn: _S.FINAL,
        GrantStopped: _S.STOPPED,
    },
    _S.FINAL: {
        GrantReported: _S.FINAL,
        GrantAccepted: _S.ACCEPTED,
        GrantStopped: _S.STOPPED,
    },
    _S.ACCEPTED: {GrantAudited: _S.AUDITED},
    _S.AUDITED: {GrantClosed: _S.CLOSED},
    _S.CLOSED: {},
    _S.STOPPED: {RecoveryBegun: _S.RECOVERY, GrantRecovered: _S.RECOVERED},
    _S.RECOVERY: {GrantRecovered: _S.RECOVERED},
    _S.RECOVERED: {},
    _S.REJECTED: {},
    _S.WITHDRAWN: {},
}

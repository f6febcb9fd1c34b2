"""The life of a community project: its events, its states and what leads from one to the next.

Residents propose, discuss, decide and evaluate (四民工作法, domain 10). Money moves by events of
its own; that the works were paid is one of them, and
that the payment came back another.
"""

from datetime import date
from enum import StrEnum

from timebank.events import Event
from timebank.funding.moves import FundsPaid, PaymentReversed
from timebank.funding.purposes import FundPurpose, Negative
from timebank.lifecycles import Lifecycle


class ProjectState(StrEnum):
    """The life of a project (domain 10)."""

    PROPOSED = "proposed"
    SCREENED = "screened"
    DISCUSSED = "discussed"
    VOTED = "voted"
    PUBLICISED = "publicised"
    STREET_APPROVED = "street_approved"
    COMMITTED = "committed"
    IN_WORK = "in_work"
    ACCEPTED = "accepted"
    PAID = "paid"
    EVALUATED = "evaluated"
    RECTIFY = "rectify"
    CLOSED = "closed"
    DECLINED = "declined"


class ProjectDeclineReason(StrEnum):
    """Why a project comes to nothing."""

    NEGATIVE_LIST = "negative_list"
    NO_QUORUM = "no_quorum"
    NO_MAJORITY = "no_majority"
    OBJECTION_UPHELD = "objection_upheld"
    NOT_FEASIBLE = "not_feasible"
    WITHDRAWN = "withdrawn"


# Events


class ProjectProposed(Event, frozen=True, tag="project.proposed"):
    """A resident or the committee proposed something for a community; the title is a commitment."""

    project: str
    station: str
    unit: str
    source: str
    purpose: FundPurpose
    fen: int
    by_committee: bool
    title: str


class ProjectScreened(Event, frozen=True, tag="project.screened"):
    """Nothing on the source's negative list was found in it; `negatives` are codes beside it."""

    project: str
    negatives: tuple[Negative, ...] = ()


class ProjectDiscussed(Event, frozen=True, tag="project.discussed"):
    """Residents discussed it; of `eligible`, those decide who answer until a day."""

    project: str
    eligible: int
    until: date


class ProjectVoted(Event, frozen=True, tag="project.voted"):
    """Residents decided for it, by the quorum and majority of the day, in percent."""

    project: str
    eligible: int
    in_favour: int
    against: int
    quorum_percent: int
    majority_percent: int


class ProjectPublicised(Event, frozen=True, tag="project.publicised"):
    """It was laid open to everybody until a day."""

    project: str
    until: date


class ProjectApproved(Event, frozen=True, tag="project.approved"):
    """The street approved it, or the district where it costs more than a street may approve."""

    project: str


class ProjectCommitted(Event, frozen=True, tag="project.committed"):
    """Its money is promised."""

    project: str


class WorksBegun(Event, frozen=True, tag="project.works_begun"):
    """The works began."""

    project: str


class WorksAccepted(Event, frozen=True, tag="project.works_accepted"):
    """Residents accepted the works, which cost `fen` in the end; `voucher` is the bill's hash."""

    project: str
    fen: int
    voucher: str | None = None


class EvaluationAsked(Event, frozen=True, tag="project.evaluation_asked"):
    """Residents are asked how they find it, for the `number`-th time."""

    project: str
    number: int


class ProjectEvaluated(Event, frozen=True, tag="project.evaluated"):
    """Enough residents are satisfied, in percent of those who answered."""

    project: str
    satisfied_percent: int


class ProjectToRectify(Event, frozen=True, tag="project.to_rectify"):
    """Too few residents are satisfied; what is wrong is put right."""

    project: str
    satisfied_percent: int


class ProjectClosed(Event, frozen=True, tag="project.closed"):
    """The project is over."""

    project: str


class ProjectDeclined(Event, frozen=True, tag="project.declined"):
    """The project comes to nothing."""

    project: str
    reason: ProjectDeclineReason
    negatives: tuple[Negative, ...] = ()


ProjectMoved = (
    ProjectScreened
    | ProjectDiscussed
    | ProjectVoted
    | ProjectPublicised
    | ProjectApproved
    | ProjectCommitted
    | WorksBegun
    | WorksAccepted
    | EvaluationAsked
    | ProjectEvaluated
    | ProjectToRectify
    | ProjectClosed
    | ProjectDeclined
)

# Lifecycle

LIFECYCLE: Lifecycle[ProjectState] = {
    ProjectState.PROPOSED: {
        ProjectScreened: ProjectState.SCREENED,
        ProjectDeclined: ProjectState.DECLINED,
    },
    ProjectState.SCREENED: {
        ProjectDiscussed: ProjectState.DISCUSSED,
        ProjectDeclined: ProjectState.DECLINED,
    },
    ProjectState.DISCUSSED: {
        ProjectVoted: ProjectState.VOTED,
        ProjectDeclined: ProjectState.DECLINED,
    },
    ProjectState.VOTED: {
        ProjectPublicised: ProjectState.PUBLICISED,
        ProjectDeclined: ProjectState.DECLINED,
    },
    ProjectState.PUBLICISED: {
        ProjectApproved: ProjectState.STREET_APPROVED,
        ProjectDeclined: ProjectState.DECLINED,
    },
    ProjectState.STREET_APPROVED: {ProjectCommitted: ProjectState.COMMITTED},
    ProjectState.COMMITTED: {
        WorksBegun: ProjectState.IN_WORK,
        ProjectDeclined: ProjectState.DECLINED,
    },
    ProjectState.IN_WORK: {
        WorksAccepted: ProjectState.ACCEPTED,
        ProjectDeclined: ProjectState.DECLINED,
    },
    ProjectState.ACCEPTED: {FundsPaid: ProjectState.PAID},
    ProjectState.PAID: {
        EvaluationAsked: ProjectState.PAID,
        ProjectEvaluated: ProjectState.EVALUATED,
        ProjectToRectify: ProjectState.RECTIFY,
        PaymentReversed: ProjectState.ACCEPTED,
    },
    ProjectState.RECTIFY: {
        EvaluationAsked: ProjectState.RECTIFY,
        ProjectEvaluated: ProjectState.EVALUATED,
        ProjectToRectify: ProjectState.RECTIFY,
        PaymentReversed: ProjectState.ACCEPTED,
    },
    ProjectState.EVALUATED: {
        ProjectClosed: ProjectState.CLOSED,
        PaymentReversed: ProjectState.ACCEPTED,
    },
    ProjectState.CLOSED: {PaymentReversed: ProjectState.ACCEPTED},
    ProjectState.DECLINED: {},
}

"""The life of a member report: what can happen to it, and what a member may do (domain 8).

Every event names the member by an alias, never a person. Knows events and their
order; `member_reports` keeps the reports.
"""

from datetime import date
from enum import StrEnum

from timebank.events import Event
from timebank.lifecycles import Lifecycle
from timebank.refusals import Refusal


class ReportState(StrEnum):
    """The life of a member report (domain 8)."""

    SUBMITTED = "submitted"
    RECEIVED = "received"
    ACTIVE = "active"
    RECONFIRMED = "reconfirmed"
    RETURNED = "returned"
    LAPSED = "lapsed"
    MOVED = "moved"
    WITHDRAWN = "withdrawn"


CLAIMING = frozenset({ReportState.ACTIVE, ReportState.RECONFIRMED})
"""Claiming needs an active report (domain 8); a reconfirmed one is active for another half-year."""


class ReturnReason(StrEnum):
    """Why a secretary gives a report back."""

    NOT_AT_HOME_HERE = "not_at_home_here"
    NOT_IN_SERVICE = "not_in_service"
    NOT_A_MEMBER = "not_a_member"


# Events


class MemberReported(Event, frozen=True, tag="member.reported"):
    """A member reported to a community; `previous` is the report they moved from."""

    report: str
    member: str
    community: str
    previous: str | None = None


class _OfReport(Event, frozen=True, kw_only=True):
    report: str
    member: str


class MemberReceived(_OfReport, frozen=True, kw_only=True, tag="member.received"):
    """The community's secretary has the report."""


class MemberActivated(_OfReport, frozen=True, kw_only=True, tag="member.activated"):
    """The secretary found it in order; it is to be reconfirmed by a day."""

    reconfirm_by: date


class MemberReconfirmed(_OfReport, frozen=True, kw_only=True, tag="member.reconfirmed"):
    """The member still lives and serves here; to be reconfirmed again by a day."""

    reconfirm_by: date


class MemberReturned(_OfReport, frozen=True, kw_only=True, tag="member.returned"):
    """The secretary gave the report back, with a reason code."""

    reason: ReturnReason


class MemberLapsed(_OfReport, frozen=True, kw_only=True, tag="member.lapsed"):
    """Nobody reconfirmed in time."""


class MemberMoved(_OfReport, frozen=True, kw_only=True, tag="member.moved"):
    """The member reported to another community, in the report `successor`."""

    successor: str


class MemberWithdrew(_OfReport, frozen=True, kw_only=True, tag="member.withdrew"):
    """The member took the report back, and with it the consent it rested on."""


Moved = (
    MemberReceived
    | MemberActivated
    | MemberReconfirmed
    | MemberReturned
    | MemberLapsed
    | MemberMoved
    | MemberWithdrew
)


# Refusals


class ReportConsentMissing(Refusal):
    """Membership is sensitive: it is handled with separate consent only (domain 11)."""

    says = "A report says that you are a Party member; it needs your separate consent to that."
    path = ("consent",)


class ReportStands(Refusal):
    """One report a member."""

    says = "You have reported already; move your report if you live elsewhere now."


class ReportedThere(Refusal):
    """Moving leads elsewhere."""

    says = "Your report is at this community already."
    path = ("community",)


class OwnReport(Refusal):
    """Nobody receives their own report (domain 11)."""

    says = "Your own report must be received by another secretary."


class ReportCurrent(Refusal):
    """A report lapses after its day, not before."""

    says = "This report is to be reconfirmed by {until}; it has not lapsed."
    until: date


class MemberReportMissing(Refusal):
    """Claiming needs an active report (domain 8)."""

    says = "This needs your own active member report; report to your community, or reconfirm."


# Lifecycle

_STANDING: dict[type[Event], ReportState] = {
    MemberReconfirmed: ReportState.RECONFIRMED,
    MemberLapsed: ReportState.LAPSED,
    MemberMoved: ReportState.MOVED,
    MemberWithdrew: ReportState.WITHDRAWN,
}

LIFECYCLE: Lifecycle[ReportState] = {
    ReportState.SUBMITTED: {
        MemberReceived: ReportState.RECEIVED,
        MemberReturned: ReportState.RETURNED,
        MemberWithdrew: ReportState.WITHDRAWN,
    },
    ReportState.RECEIVED: {
        MemberActivated: ReportState.ACTIVE,
        MemberReturned: ReportState.RETURNED,
        MemberMoved: ReportState.MOVED,
        MemberWithdrew: ReportState.WITHDRAWN,
    },
    ReportState.ACTIVE: _STANDING,
    ReportState.RECONFIRMED: _STANDING,
    ReportState.LAPSED: {
        MemberReconfirmed: ReportState.RECONFIRMED,
        MemberMoved: ReportState.MOVED,
        MemberWithdrew: ReportState.WITHDRAWN,
    },
    ReportState.RETURNED: {},
    ReportState.MOVED: {},
    ReportState.WITHDRAWN: {},
}

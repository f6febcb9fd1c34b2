"""The life of an annual report: opened, drafted, handed in, seen, returned or accepted (domain 9).

Late is a state and no closed door: a late report is drafted and handed in like any other. Of an
organisation that has ended, what was not handed in is not late: nothing is due.
"""

from datetime import date
from enum import StrEnum

from timebank.events import Event
from timebank.lifecycles import Lifecycle


class AnnualReportState(StrEnum):
    """The life of a report. None is due before it is opened, nor once its organisation has ended:
    then there is none, or one that will not come."""

    NOT_DUE = "not_due"
    OPEN = "open"
    DRAFT = "draft"
    LATE = "late"
    SUBMITTED = "submitted"
    SUPERVISOR_OK = "supervisor_ok"
    RETURNED = "returned"
    ACCEPTED = "accepted"


class Verdict(StrEnum):
    """What the registrar finds of a year."""

    PASS = "pass"
    BASIC_PASS = "basic_pass"
    FAIL = "fail"


# Events


class _OfReport(Event, frozen=True, kw_only=True):
    report: str
    organisation: str


class AnnualReportOpened(_OfReport, frozen=True, kw_only=True, tag="annual_report.opened"):
    """A report on a year is due by `due` to the supervising unit, if there is one, and to the
    registrar by `registrar_due`."""

    year: int
    supervised: bool
    due: date
    registrar_due: date
    remind_on: date


class AnnualReportReminded(_OfReport, frozen=True, kw_only=True, tag="annual_report.reminded"):
    """Those who act for the organisation were reminded; they are again on a day, if on any."""

    remind_on: date | None = None


class AnnualReportBegun(_OfReport, frozen=True, kw_only=True, tag="annual_report.begun"):
    """A first field was filled in."""


class AnnualReportLate(_OfReport, frozen=True, kw_only=True, tag="annual_report.late"):
    """The day is over and nothing was handed in."""


class AnnualReportNotDue(_OfReport, frozen=True, kw_only=True, tag="annual_report.not_due"):
    """The organisation has ended; what it did not hand in by then is due no more."""


class AnnualReportSubmitted(_OfReport, frozen=True, kw_only=True, tag="annual_report.submitted"):
    """A version was handed in; `values` commits to every field of it.

    `entries` commits to how many entries make each number that is not typed, and to the first.
    """

    version: int
    values: str
    entries: str | None = None


class AnnualReportSupervised(_OfReport, frozen=True, kw_only=True, tag="annual_report.supervised"):
    """The supervising unit has nothing against a version."""

    version: int


class AnnualReportReturned(_OfReport, frozen=True, kw_only=True, tag="annual_report.returned"):
    """Some fields of a version are to be put right; `comments` commits to what was said of each.

    `unsupervised`: the registrar went on without the supervising unit, whose days were over.
    """

    version: int
    fields: tuple[str, ...]
    comments: str
    unsupervised: bool = False


class AnnualReportAccepted(_OfReport, frozen=True, kw_only=True, tag="annual_report.accepted"):
    """The registrar has accepted a version; `unsupervised` as in what is returned."""

    version: int
    verdict: Verdict
    unsupervised: bool = False


Moved = (
    AnnualReportReminded
    | AnnualReportBegun
    | AnnualReportLate
    | AnnualReportNotDue
    | AnnualReportSubmitted
    | AnnualReportSupervised
    | AnnualReportReturned
    | AnnualReportAccepted
)

# Lifecycle

_S = AnnualReportState

LIFECYCLE: Lifecycle[AnnualReportState] = {
    _S.OPEN: {
        AnnualReportReminded: _S.OPEN,
        AnnualReportBegun: _S.DRAFT,
        AnnualReportLate: _S.LATE,
        AnnualReportNotDue: _S.NOT_DUE,
    },
    _S.DRAFT: {
        AnnualReportReminded: _S.DRAFT,
        AnnualReportSubmitted: _S.SUBMITTED,
        AnnualReportLate: _S.LATE,
        AnnualReportNotDue: _S.NOT_DUE,
    },
    _S.LATE: {
        AnnualReportReminded: _S.LATE,
        AnnualReportSubmitted: _S.SUBMITTED,
        AnnualReportNotDue: _S.NOT_DUE,
    },
    _S.SUBMITTED: {
        AnnualReportSupervised: _S.SUPERVISOR_OK,
        AnnualReportReturned: _S.RETURNED,
        AnnualReportAccepted: _S.ACCEPTED,
    },
    _S.SUPERVISOR_OK: {
        AnnualReportReturned: _S.RETURNED,
        AnnualReportAccepted: _S.ACCEPTED,
    },
    _S.RETURNED: {
        AnnualReportReminded: _S.RETURNED,
        AnnualReportSubmitted: _S.SUBMITTED,
        AnnualReportNotDue: _S.NOT_DUE,
    },
    _S.ACCEPTED: {},
    _S.NOT_DUE: {},
}

WRITABLE = frozenset({_S.OPEN, _S.DRAFT, _S.LATE, _S.RETURNED})
"""Where the organisation fills in fields."""

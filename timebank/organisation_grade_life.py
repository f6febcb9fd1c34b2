"""The life of an organisation's grade: applied for, scored, laid open, given (domain 9)."""

from datetime import date
from enum import StrEnum

from timebank.events import Event
from timebank.lifecycles import Lifecycle


class GradeState(StrEnum):
    """The life of an application for a grade, and of the grade."""

    APPLIED = "applied"
    ELIGIBLE = "eligible"
    SELF_ASSESSED = "self_assessed"
    SITE_VISIT = "site_visit"
    SCORED = "scored"
    PUBLICITY = "publicity"
    GRADED = "graded"
    EXPIRED = "expired"
    DECLINED = "declined"


# Events


class _OfGrade(Event, frozen=True, kw_only=True):
    grade: str
    organisation: str


class GradeApplied(_OfGrade, frozen=True, kw_only=True, tag="grade.applied"):
    """An organisation applies for a grade."""


class GradeEligible(_OfGrade, frozen=True, kw_only=True, tag="grade.eligible"):
    """The registrar found that it may be graded."""


class GradeDeclined(_OfGrade, frozen=True, kw_only=True, tag="grade.declined"):
    """It is given no grade: not eligible, too few points, or an objection was upheld."""


class GradeSelfAssessed(_OfGrade, frozen=True, kw_only=True, tag="grade.self_assessed"):
    """The organisation's own points; `words` commits to what it says of them."""

    points: int
    words: str


class GradeVisited(_OfGrade, frozen=True, kw_only=True, tag="grade.visited"):
    """A reviewer was there."""


class GradeScored(_OfGrade, frozen=True, kw_only=True, tag="grade.scored"):
    """A reviewer's points, and the grade (1 to 5) that they make by the policy of the day."""

    points: int
    level: int


class GradePublicised(_OfGrade, frozen=True, kw_only=True, tag="grade.publicised"):
    """The score is laid open to everybody until a day."""

    until: date


class GradeGiven(_OfGrade, frozen=True, kw_only=True, tag="grade.given"):
    """The grade holds until a day."""

    until: date


class GradeExpired(_OfGrade, frozen=True, kw_only=True, tag="grade.expired"):
    """The grade held for its years."""


Moved = (
    GradeEligible
    | GradeDeclined
    | GradeSelfAssessed
    | GradeVisited
    | GradeScored
    | GradePublicised
    | GradeGiven
    | GradeExpired
)

# Lifecycle

_S = GradeState

LIFECYCLE: Lifecycle[GradeState] = {
    _S.APPLIED: {GradeEligible: _S.ELIGIBLE, GradeDeclined: _S.DECLINED},
    _S.ELIGIBLE: {GradeSelfAssessed: _S.SELF_ASSESSED},
    _S.SELF_ASSESSED: {GradeVisited: _S.SITE_VISIT},
    _S.SITE_VISIT: {GradeScored: _S.SCORED, GradeDeclined: _S.DECLINED},
    _S.SCORED: {GradePublicised: _S.PUBLICITY},
    _S.PUBLICITY: {GradeGiven: _S.GRADED, GradeDeclined: _S.DECLINED},
    _S.GRADED: {GradeExpired: _S.EXPIRED},
    _S.EXPIRED: {},
    _S.DECLINED: {},
}

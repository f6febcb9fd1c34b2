"""The life of a star: what can happen between the application and the award, and after (domain 7).

Knows events, states and codes; `star_awards` knows the volunteer's part, `star_rulings` the
officers'. That a star can be applied for is no state: it is computed, see `stars`.
"""

from datetime import date
from enum import StrEnum

from timebank.actors import PersonId
from timebank.events import Event
from timebank.lifecycles import Lifecycle


class StarState(StrEnum):
    """The life of a star."""

    APPLIED = "applied"
    ENDORSED = "endorsed"
    PUBLICITY = "publicity"
    AWARDED = "awarded"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    APPEALED = "appealed"
    REVOKED_FINALLY = "revoked_finally"


class StarDeclineReason(StrEnum):
    """Why an application comes to nothing."""

    RECORD_TOO_SHORT = "record_too_short"
    MISCONDUCT = "misconduct"
    OBJECTION_UPHELD = "objection_upheld"
    NOT_ENDORSED = "not_endorsed"


class StarRevokeReason(StrEnum):
    """Why an awarded star is taken away."""

    MISCONDUCT = "misconduct"
    HOURS_FALSE = "hours_false"
    AWARDED_WRONGLY = "awarded_wrongly"


# Events


class StarApplied(Event, frozen=True, tag="star.applied"):
    """A volunteer applied for a star that the service record reaches.

    `minutes` is the lifetime record on that day, `needed` what the level took by the entry's
    policy, `path` where the volunteer is at home, which says who decides, `organisation` who is
    asked to endorse it, where the level goes through one.
    """

    award: str
    person: PersonId
    level: int
    minutes: int
    needed: int
    path: str
    organisation: str | None = None


class StarEndorsed(Event, frozen=True, tag="star.endorsed"):
    """The organisation that the application names speaks for it."""

    award: str
    person: PersonId
    organisation: str


class StarApplicationWithdrawn(Event, frozen=True, tag="star.application_withdrawn"):
    """The volunteer does not want it any more."""

    award: str
    person: PersonId


class StarPublicised(Event, frozen=True, tag="star.publicised"):
    """The application is laid open to everybody; objections may be raised until `until`."""

    award: str
    person: PersonId
    until: date


class StarDeclined(Event, frozen=True, tag="star.declined"):
    """The application comes to nothing, with a reason code."""

    award: str
    person: PersonId
    reason: StarDeclineReason


class StarAwarded(Event, frozen=True, tag="star.awarded"):
    """The star was awarded: it stands while the service record holds what the level needed."""

    award: str
    person: PersonId
    level: int
    needed: int


class StarRevoked(Event, frozen=True, tag="star.revoked"):
    """The star was taken away, with a reason code; the volunteer may appeal until `appeal_by`."""

    award: str
    person: PersonId
    reason: StarRevokeReason
    appeal_by: date


class StarAppealed(Event, frozen=True, tag="star.appealed"):
    """The volunteer appealed; `appeal` is the commitment to the words."""

    award: str
    person: PersonId
    appeal: str
    decide_by: date


class StarRestored(Event, frozen=True, tag="star.restored"):
    """Another officer gave the star back."""

    award: str
    person: PersonId
    level: int
    needed: int


class StarRevocationUpheld(Event, frozen=True, tag="star.revocation_upheld"):
    """Another officer agreed with the revocation, which is final."""

    award: str
    person: PersonId


StarMoved = (
    StarApplicationWithdrawn
    | StarEndorsed
    | StarPublicised
    | StarDeclined
    | StarAwarded
    | StarRevoked
    | StarAppealed
    | StarRestored
    | StarRevocationUpheld
)

# Lifecycle

LIFECYCLE: Lifecycle[StarState] = {
    StarState.APPLIED: {
        StarEndorsed: StarState.ENDORSED,
        StarPublicised: StarState.PUBLICITY,
        StarDeclined: StarState.DECLINED,
        StarApplicationWithdrawn: StarState.WITHDRAWN,
    },
    StarState.ENDORSED: {
        StarPublicised: StarState.PUBLICITY,
        StarDeclined: StarState.DECLINED,
        StarApplicationWithdrawn: StarState.WITHDRAWN,
    },
    StarState.PUBLICITY: {
        StarAwarded: StarState.AWARDED,
        StarDeclined: StarState.DECLINED,
        StarApplicationWithdrawn: StarState.WITHDRAWN,
    },
    StarState.AWARDED: {StarRevoked: StarState.REVOKED},
    StarState.REVOKED: {StarAppealed: StarState.APPEALED},
    StarState.APPEALED: {
        StarRestored: StarState.AWARDED,
        StarRevocationUpheld: StarState.REVOKED_FINALLY,
    },
    StarState.DECLINED: {},
    StarState.WITHDRAWN: {},
    StarState.REVOKED_FINALLY: {},
}

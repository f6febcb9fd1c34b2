"""The life of a certificate of service: what can happen to it (domain 7).

Knows events, states and codes; `certificates` knows who asks and who issues.
"""

from datetime import date
from enum import StrEnum

import msgspec

from timebank.actors import PersonId
from timebank.events import Event
from timebank.lifecycles import Lifecycle


class CertificateState(StrEnum):
    """The life of a certificate."""

    REQUESTED = "requested"
    ISSUED = "issued"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class CertificateDeclineReason(StrEnum):
    """Why no certificate is issued."""

    IDENTITY_UNCLEAR = "identity_unclear"
    PERIOD_UNCLEAR = "period_unclear"
    RECORD_DISPUTED = "record_disputed"


class CertificateRevokeReason(StrEnum):
    """Why a certificate no longer holds."""

    HOURS_TAKEN_BACK = "hours_taken_back"
    ISSUED_WRONGLY = "issued_wrongly"
    OWN_WISH = "own_wish"


class Line(msgspec.Struct, frozen=True):
    """What was done: an activity's id or a kind's code, on how many records, for how long."""

    about: str
    records: int
    minutes: int


# Events


class CertificateRequested(Event, frozen=True, tag="certificate.requested"):
    """A volunteer asked for a certificate of the service from `since` to `until`.

    `station` is to issue it, the volunteer's home or its successor; `replaces` is an earlier one of
    theirs.
    """

    certificate: str
    person: PersonId
    station: str
    path: str
    since: date
    until: date
    replaces: str | None = None


class CertificateWithdrawn(Event, frozen=True, tag="certificate.withdrawn"):
    """The volunteer does not want it any more."""

    certificate: str
    person: PersonId


class CertificateDeclined(Event, frozen=True, tag="certificate.declined"):
    """The station issues none, with a reason code."""

    certificate: str
    person: PersonId
    reason: CertificateDeclineReason


class CertificateIssued(Event, frozen=True, tag="certificate.issued"):
    """The station certifies `minutes` of service; the entry's actor is the person in charge.

    `code` leads to the verification page. `lines` are the longest activities, `rest` minutes are
    those of all others.
    """

    certificate: str
    person: PersonId
    code: str
    number: str
    since: date
    until: date
    minutes: int
    records: int
    lines: tuple[Line, ...]
    rest: int = 0


class CertificateSuperseded(Event, frozen=True, tag="certificate.superseded"):
    """A newer certificate took its place."""

    certificate: str
    person: PersonId
    by: str


class CertificateRevoked(Event, frozen=True, tag="certificate.revoked"):
    """It no longer holds, with a reason code."""

    certificate: str
    person: PersonId
    reason: CertificateRevokeReason


CertificateMoved = (
    CertificateWithdrawn
    | CertificateDeclined
    | CertificateIssued
    | CertificateSuperseded
    | CertificateRevoked
)

# Lifecycle

LIFECYCLE: Lifecycle[CertificateState] = {
    CertificateState.REQUESTED: {
        CertificateIssued: CertificateState.ISSUED,
        CertificateDeclined: CertificateState.DECLINED,
        CertificateWithdrawn: CertificateState.WITHDRAWN,
    },
    CertificateState.ISSUED: {
        CertificateSuperseded: CertificateState.SUPERSEDED,
        CertificateRevoked: CertificateState.REVOKED,
    },
    CertificateState.SUPERSEDED: {},
    CertificateState.REVOKED: {},
    CertificateState.DECLINED: {},
    CertificateState.WITHDRAWN: {},
}

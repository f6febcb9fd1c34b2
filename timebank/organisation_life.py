"""The life of a social organisation: named, consented to, reviewed, registered, ended (domain 9).

The three legal forms, and below them the community organisations that a street files. Codes, events
and the table of its life; refuses to know who decides.
"""

from datetime import date
from enum import StrEnum

from timebank.actors import PersonId
from timebank.events import Event
from timebank.lifecycles import Lifecycle


class OrganisationState(StrEnum):
    """The life of an organisation, of the filed ones too (domain 9)."""

    NAME_ASKED = "name_asked"
    NAME_REFUSED = "name_refused"
    NAME_OK = "name_ok"
    NAME_LAPSED = "name_lapsed"
    READY = "ready_to_apply"
    IN_REVIEW = "in_review"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REGISTERED = "registered"
    ABNORMAL = "abnormal"
    SERIOUS = "serious"
    LIQUIDATION = "liquidation"
    DEREGISTERED = "deregistered"
    REVOKED = "revoked"
    FILING_ASKED = "filing_asked"
    FILING_REFUSED = "filing_refused"
    FILED = "filed"
    FILING_LAPSED = "filing_lapsed"
    GROWN = "grown"


class LegalForm(StrEnum):
    """The legal forms; a filed community organisation has no legal personality."""

    ASSOCIATION = "association"
    SERVICE_BODY = "service_body"
    FOUNDATION = "foundation"
    COMMUNITY_GROUP = "community_group"


class DirectKind(StrEnum):
    """The four kinds that register directly, without a supervising unit (domain 1)."""

    TRADE = "trade"
    SCIENCE_AND_TECHNOLOGY = "science_and_technology"
    PUBLIC_BENEFIT = "public_benefit"
    COMMUNITY_SERVICE = "community_service"


class RegistrationCheck(StrEnum):
    """What a registrar looks at before an organisation is registered."""

    MEMBERS = "members"
    FUNDS = "funds"
    ARTICLES = "articles"
    PREMISES = "premises"
    STAFF = "staff"
    BODIES = "bodies"
    REPRESENTATIVE = "representative"


class NameRefuseReason(StrEnum):
    """Why a name is not allowed."""

    TAKEN = "taken"
    MISLEADING = "misleading"
    AGAINST_THE_LAW = "against_the_law"
    FORM_NOT_NAMED = "form_not_named"
    PLACE_NOT_NAMED = "place_not_named"


class RegistrationRefuseReason(StrEnum):
    """Why an organisation is not registered, or not filed."""

    CONDITIONS_NOT_MET = "conditions_not_met"
    PURPOSE_UNLAWFUL = "purpose_unlawful"
    ALREADY_SERVED = "already_served"
    FALSE_PAPERS = "false_papers"
    FOUNDER_BARRED = "founder_barred"


class AbnormalReason(StrEnum):
    """Why an organisation stands on the abnormal list."""

    REPORT_MISSING = "report_missing"
    UNREACHABLE = "unreachable"
    NOT_CORRECTED = "not_corrected"
    NO_BODIES = "no_bodies"


class EndReason(StrEnum):
    """Why an organisation dissolves."""

    PURPOSE_REACHED = "purpose_reached"
    DECIDED = "decided"
    MERGED = "merged"
    CANNOT_GO_ON = "cannot_go_on"


class RevokeReason(StrEnum):
    """Why the registrar takes a registration away."""

    GOT_BY_DECEIT = "got_by_deceit"
    UNLAWFUL_ACTIVITY = "unlawful_activity"
    MONEY_MISUSED = "money_misused"
    NO_ACTIVITY = "no_activity"


CHECKS: dict[LegalForm, frozenset[RegistrationCheck]] = {
    LegalForm.ASSOCIATION: frozenset(RegistrationCheck),
    LegalForm.SERVICE_BODY: frozenset(RegistrationCheck) - {RegistrationCheck.MEMBERS},
}
"""What is checked of the forms that a city registers: a service body has no members."""


# Events


class _OfOrganisation(Event, frozen=True, kw_only=True):
    organisation: str


class OrganisationNameAsked(_OfOrganisation, frozen=True, tag="organisation.name_asked"):
    """A founder asks for a name; `direct` tells the kind that needs no `supervisor`."""

    form: LegalForm
    area: str
    applicant: PersonId
    name: str
    direct: DirectKind | None = None
    supervisor: str | None = None
    grown_from: str | None = None


class OrganisationNameApproved(_OfOrganisation, frozen=True, tag="organisation.name_approved"):
    """The name is kept until a day."""

    until: date


class OrganisationNameRefused(_OfOrganisation, frozen=True, tag="organisation.name_refused"):
    """The name is not allowed."""

    reasons: tuple[NameRefuseReason, ...]


class OrganisationNameLapsed(_OfOrganisation, frozen=True, tag="organisation.name_lapsed"):
    """Nobody applied in time."""


class OrganisationReady(_OfOrganisation, frozen=True, tag="organisation.ready"):
    """The supervising unit consented, or none is needed."""


class OrganisationApplied(_OfOrganisation, frozen=True, tag="organisation.applied"):
    """The application is whole, and is decided until `decide_by`."""

    persons: int
    units: int
    funds_fen: int
    purpose: str
    address: str
    decide_by: date


class OrganisationChecked(_OfOrganisation, frozen=True, tag="organisation.checked"):
    """A registrar looked at one condition."""

    check: RegistrationCheck
    passed: bool


class OrganisationRegistered(_OfOrganisation, frozen=True, tag="organisation.registered"):
    """It is registered under a code, with a legal representative."""

    code: str
    representative: PersonId


class OrganisationRefused(_OfOrganisation, frozen=True, tag="organisation.refused"):
    """It is not registered; `words` commits to what the registrar wrote."""

    reasons: tuple[RegistrationRefuseReason, ...]
    words: str


class OrganisationWithdrawn(_OfOrganisation, frozen=True, tag="organisation.withdrawn"):
    """Its founder took the application back."""


class OrganisationEntered(_OfOrganisation, frozen=True, tag="organisation.entered"):
    """One that was registered elsewhere or before is entered with its code."""

    form: LegalForm
    area: str
    name: str
    code: str
    representative: PersonId
    registered_on: date
    direct: DirectKind | None = None
    supervisor: str | None = None


class OrganisationFilingAsked(_OfOrganisation, frozen=True, tag="organisation.filing_asked"):
    """A community organisation asks its street to file it, to be decided until `decide_by`."""

    area: str
    applicant: PersonId
    name: str
    founders: int
    persons: int
    decide_by: date


class OrganisationFiled(_OfOrganisation, frozen=True, tag="organisation.filed"):
    """The street filed it until a day."""

    until: date
    representative: PersonId


class OrganisationFilingRefused(_OfOrganisation, frozen=True, tag="organisation.filing_refused"):
    """The street did not file it."""

    reasons: tuple[RegistrationRefuseReason, ...]


class OrganisationFilingLapsed(_OfOrganisation, frozen=True, tag="organisation.filing_lapsed"):
    """The filing was valid for some years, which are over."""


class OrganisationGrown(_OfOrganisation, frozen=True, tag="organisation.grown"):
    """The filed one is registered now, as another."""

    into: str


class OrganisationAbnormal(_OfOrganisation, frozen=True, tag="organisation.abnormal"):
    """It stands on the abnormal list; from `serious_on` on it is a serious case."""

    reason: AbnormalReason
    serious_on: date


class OrganisationCleared(_OfOrganisation, frozen=True, tag="organisation.cleared"):
    """What was wrong is put right: it leaves the abnormal list."""


class OrganisationSerious(_OfOrganisation, frozen=True, tag="organisation.serious"):
    """Nothing was put right in time."""


class OrganisationDissolving(_OfOrganisation, frozen=True, tag="organisation.dissolving"):
    """It dissolves, and its affairs are wound up."""

    reason: EndReason


class OrganisationWoundUp(_OfOrganisation, frozen=True, tag="organisation.wound_up"):
    """The liquidation ended; it is deregistered until `deregister_by`."""

    deregister_by: date


class OrganisationDeregistered(_OfOrganisation, frozen=True, tag="organisation.deregistered"):
    """It is no more."""


class OrganisationRevoked(_OfOrganisation, frozen=True, tag="organisation.revoked"):
    """The registrar took the registration away."""

    reason: RevokeReason


class OrganisationBarred(_OfOrganisation, frozen=True, tag="organisation.barred"):
    """It gets no public money up to and with a day; `case` is what it is barred for."""

    until: date
    case: str


Moved = (
    OrganisationNameApproved
    | OrganisationNameRefused
    | OrganisationNameLapsed
    | OrganisationReady
    | OrganisationApplied
    | OrganisationChecked
    | OrganisationRegistered
    | OrganisationRefused
    | OrganisationWithdrawn
    | OrganisationFiled
    | OrganisationFilingRefused
    | OrganisationFilingLapsed
    | OrganisationGrown
    | OrganisationAbnormal
    | OrganisationCleared
    | OrganisationSerious
    | OrganisationDissolving
    | OrganisationWoundUp
    | OrganisationDeregistered
    | OrganisationRevoked
)

# Lifecycle

_S = OrganisationState

LIFECYCLE: Lifecycle[OrganisationState] = {
    _S.NAME_ASKED: {
        OrganisationNameApproved: _S.NAME_OK,
        OrganisationNameRefused: _S.NAME_REFUSED,
        OrganisationWithdrawn: _S.WITHDRAWN,
    },
    _S.NAME_OK: {
        OrganisationReady: _S.READY,
        OrganisationNameLapsed: _S.NAME_LAPSED,
        OrganisationWithdrawn: _S.WITHDRAWN,
    },
    _S.READY: {
        OrganisationApplied: _S.IN_REVIEW,
        OrganisationNameLapsed: _S.NAME_LAPSED,
        OrganisationWithdrawn: _S.WITHDRAWN,
    },
    _S.IN_REVIEW: {
        OrganisationChecked: _S.IN_REVIEW,
        OrganisationRegistered: _S.REGISTERED,
        OrganisationRefused: _S.REFUSED,
        OrganisationWithdrawn: _S.WITHDRAWN,
    },
    _S.REGISTERED: {
        OrganisationAbnormal: _S.ABNORMAL,
        OrganisationDissolving: _S.LIQUIDATION,
        OrganisationRevoked: _S.REVOKED,
    },
    _S.ABNORMAL: {
        OrganisationCleared: _S.REGISTERED,
        OrganisationSerious: _S.SERIOUS,
        OrganisationDissolving: _S.LIQUIDATION,
        OrganisationRevoked: _S.REVOKED,
    },
    _S.SERIOUS: {
        OrganisationDissolving: _S.LIQUIDATION,
        OrganisationRevoked: _S.REVOKED,
    },
    _S.LIQUIDATION: {
        OrganisationWoundUp: _S.LIQUIDATION,
        OrganisationDeregistered: _S.DEREGISTERED,
    },
    _S.FILING_ASKED: {
        OrganisationFiled: _S.FILED,
        OrganisationFilingRefused: _S.FILING_REFUSED,
        OrganisationWithdrawn: _S.WITHDRAWN,
    },
    _S.FILED: {
        OrganisationFilingLapsed: _S.FILING_LAPSED,
        OrganisationGrown: _S.GROWN,
    },
    _S.NAME_REFUSED: {},
    _S.NAME_LAPSED: {},
    _S.REFUSED: {},
    _S.WITHDRAWN: {},
    _S.DEREGISTERED: {},
    _S.REVOKED: {},
    _S.FILING_REFUSED: {},
    _S.FILING_LAPSED: {},
    _S.GROWN: {},
}

ACTIVE = frozenset({_S.REGISTERED, _S.FILED})
"""Where nothing stands against what an organisation undertakes."""

STANDING = frozenset({_S.REGISTERED, _S.ABNORMAL, _S.SERIOUS, _S.LIQUIDATION, _S.FILED})
"""Where an organisation is there, and answers for itself."""

PENDING = frozenset({_S.NAME_ASKED, _S.NAME_OK, _S.READY, _S.IN_REVIEW, _S.FILING_ASKED})
"""Where it is its founder's application: for the founder and those who decide."""

OPEN_TO_ALL = STANDING | {_S.DEREGISTERED, _S.REVOKED, _S.FILING_LAPSED, _S.GROWN}
"""What anybody may see: what is, or was, an organisation."""

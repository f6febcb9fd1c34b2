"""The life of a record of service: what can happen to it, and what follows (domain 4).

Three keys make it count: one hand captures it, another confirms it (a third reviews it where a rule
asks for that), and the volunteer accepts. “Not me” undoes it at any time. Knows events and their
order; `hours` keeps the records.
"""

from datetime import date, datetime
from enum import StrEnum

from timebank.activities import ActivityKind
from timebank.actors import PersonId
from timebank.days import ReviewReason
from timebank.events import Event, Postings, Reversed
from timebank.lifecycles import Lifecycle
from timebank.minting import mint_postings, take_back_postings
from timebank.objection_life import ObjectionRaised, ReviewAsked


class RecordState(StrEnum):
    """The life of a record (domain 4)."""

    CAPTURED = "captured"
    TO_REVIEW = "to_review"
    CONFIRMED = "confirmed"
    POSTED = "posted"
    POSTED_SILENT = "posted_silent"
    DISPUTED = "disputed"
    REJECTED = "rejected"
    REPUDIATED = "repudiated"
    REVERSED = "reversed"
    VOIDED = "voided"


class CaptureMode(StrEnum):
    """How attendance is known; only a check-in lets minutes become credit (domain 3).

    Help by an order was paid by whoever ordered it, however it was attended.
    """

    CHECK_IN = "check_in"
    MANUAL = "manual"
    EXTERNAL = "external"
    HELP_ORDER = "help_order"
    DUTY = "duty"

    @property
    def counts(self) -> bool:
        """Whether the minutes count for stars: work in paid time does not (domain 3)."""
        return self is not CaptureMode.DUTY


class Acceptance(StrEnum):
    """How the volunteer accepted; at the counter and by proxy both identities are kept."""

    SELF = "self"
    BEFOREHAND = "beforehand"
    COUNTER = "counter"
    PROXY = "proxy"


class LateReason(StrEnum):
    """Why a record comes after its roster was due."""

    PAPER_FOUND = "paper_found"
    SYSTEM_DOWN = "system_down"
    ORGANISER_ILL = "organiser_ill"
    CORRECTION = "correction"


class Evidence(StrEnum):
    """What the district saw that attests service recorded too late, or elsewhere."""

    PAPER_ROSTER = "paper_roster"
    OTHER_SYSTEM = "other_system"
    CERTIFICATE = "certificate"
    ORGANISATION_LETTER = "organisation_letter"


class RejectReason(StrEnum):
    """Why whoever confirms or reviews does not."""

    NOT_ATTENDED = "not_attended"
    WRONG_TIMES = "wrong_times"
    WRONG_PERSON = "wrong_person"
    NOT_SERVICE = "not_service"
    DUPLICATE = "duplicate"


class ReverseReason(StrEnum):
    """Why the district takes a posted record back."""

    RECORDED_WRONGLY = "recorded_wrongly"
    NEVER_HAPPENED = "never_happened"
    OBJECTION_UPHELD = "objection_upheld"


# Events


class HoursCaptured(Event, frozen=True, tag="hours.captured"):
    """Somebody recorded that a volunteer served; `review` says why a second reviewer must look.

    `own` tells that the volunteer checked out with their own credential; `once` names what may be
    captured only once, a roster's row or a visit; `recipient` who was served, if registered.
    `emergencies` are those that let the day have more minutes than usual;
    `evidence` is what the district saw of service that is external.
    """

    record: str
    volunteer: PersonId
    station: str
    path: str
    starts: datetime
    ends: datetime
    minutes: int
    kind_of_service: ActivityKind
    mode: CaptureMode
    activity: str | None = None
    own: bool = False
    late: LateReason | None = None
    review: tuple[ReviewReason, ...] = ()
    once: str | None = None
    recipient: PersonId | None = None
    emergencies: tuple[str, ...] = ()
    evidence: Evidence | None = None


class HoursConfirmed(Event, frozen=True, tag="hours.confirmed"):
    """Another hand than the recorder's confirmed `minutes` of a record."""

    record: str
    minutes: int


class HoursReferred(Event, frozen=True, tag="hours.referred"):
    """Another hand confirmed, and a rule asks for a second reviewer."""

    record: str
    minutes: int


class HoursReviewed(Event, frozen=True, tag="hours.reviewed"):
    """A third person agreed."""

    record: str


class HoursRejected(Event, frozen=True, tag="hours.rejected"):
    """Whoever confirms or reviews said no, with a reason code."""

    record: str
    reason: RejectReason


class HoursPosted(Event, frozen=True, tag="hours.posted"):
    """The volunteer accepted: `minutes` count, `credited` are minted, debts repaid first.

    `after_silence` tells that the minutes count since an earlier hours.posted_silent.
    """

    record: str
    volunteer: PersonId
    station: str
    minutes: int
    way: Acceptance
    credited: int = 0
    repaid: int = 0
    proxy: PersonId | None = None
    after_silence: bool = False

    def postings(self) -> Postings:
        """Issuance mints to what is owed, then to the volunteer."""
        return mint_postings(self.volunteer, self.station, self.credited, self.repaid)


class HoursPostedSilent(Event, frozen=True, tag="hours.posted_silent"):
    """The volunteer did not answer a notice that arrived: `minutes` count, nothing is minted.

    `answer_by` was the last day for an answer.
    """

    record: str
    volunteer: PersonId
    station: str
    minutes: int
    answer_by: date


class _TakenBack(Event, frozen=True, kw_only=True):
    """What undoing a record takes: `balance` minutes from the volunteer, `owed` still owed."""

    record: str
    volunteer: PersonId
    station: str
    balance: int = 0
    owed: int = 0
    reverses: Reversed | None = None

    def postings(self) -> Postings:
        """The mirror of what was minted."""
        return take_back_postings(self.volunteer, self.station, self.balance, self.owed)


class HoursRepudiated(_TakenBack, frozen=True, kw_only=True, tag="hours.repudiated"):
    """The volunteer said “not me”; `batch`, what that recorder recorded that day, is held."""

    batch: str
    proxy: PersonId | None = None


class HoursReversed(_TakenBack, frozen=True, kw_only=True, tag="hours.reversed"):
    """The district took a posted record back, with a reason code.

    Where nobody had objected, `objection` is what the review is asked of.
    """

    reason: ReverseReason
    objection: str | None = None


class HoursVoided(_TakenBack, frozen=True, kw_only=True, tag="hours.voided"):
    """A finding took a record back; `blamed` are those whose misconduct it was found to be."""

    finding: str
    blamed: tuple[PersonId, ...]


class HoursReinstated(Event, frozen=True, kw_only=True, tag="hours.reinstated"):
    """The review of a finding gave an accepted record back, with what had been taken for it.

    A reversal is not reversed (ledger format 1), so the minutes are issued once more: `repaid` of
    the `credited` settle what is still owed.
    """

    record: str
    volunteer: PersonId
    station: str
    finding: str
    minutes: int
    credited: int = 0
    repaid: int = 0

    def postings(self) -> Postings:
        """Issuance gives to what is owed, then to the volunteer."""
        return mint_postings(self.volunteer, self.station, self.credited, self.repaid)


class HoursReinstatedSilent(Event, frozen=True, kw_only=True, tag="hours.reinstated_silent"):
    """The review of a finding gave a record back that had counted by silence."""

    record: str
    volunteer: PersonId
    station: str
    finding: str
    minutes: int


class HoursRestored(Event, frozen=True, tag="hours.restored"):
    """An objection was dismissed: the accepted record stands as before."""

    record: str


class HoursRestoredSilent(Event, frozen=True, tag="hours.restored_silent"):
    """An objection was dismissed: the record counts by silence as before."""

    record: str


class BatchReleased(Event, frozen=True, tag="hours.batch_released"):
    """The district looked at a held batch and lets it go on."""

    batch: str


# Lifecycle

LIFECYCLE: Lifecycle[RecordState] = {
    RecordState.CAPTURED: {
        HoursConfirmed: RecordState.CONFIRMED,
        HoursReferred: RecordState.TO_REVIEW,
        HoursRejected: RecordState.REJECTED,
        HoursRepudiated: RecordState.REPUDIATED,
    },
    RecordState.TO_REVIEW: {
        HoursReviewed: RecordState.CONFIRMED,
        HoursRejected: RecordState.REJECTED,
        HoursRepudiated: RecordState.REPUDIATED,
    },
    RecordState.CONFIRMED: {
        HoursPosted: RecordState.POSTED,
        HoursPostedSilent: RecordState.POSTED_SILENT,
        HoursRepudiated: RecordState.REPUDIATED,
    },
    RecordState.POSTED_SILENT: {
        HoursPosted: RecordState.POSTED,
        ObjectionRaised: RecordState.DISPUTED,
        ReviewAsked: RecordState.DISPUTED,
        HoursRepudiated: RecordState.REPUDIATED,
        HoursReversed: RecordState.REVERSED,
        HoursVoided: RecordState.VOIDED,
    },
    RecordState.POSTED: {
        ObjectionRaised: RecordState.DISPUTED,
        ReviewAsked: RecordState.DISPUTED,
        HoursRepudiated: RecordState.REPUDIATED,
        HoursReversed: RecordState.REVERSED,
        HoursVoided: RecordState.VOIDED,
    },
    RecordState.DISPUTED: {
        HoursRestored: RecordState.POSTED,
        HoursRestoredSilent: RecordState.POSTED_SILENT,
        HoursRepudiated: RecordState.REPUDIATED,
        HoursReversed: RecordState.REVERSED,
    },
    RecordState.REJECTED: {},
    RecordState.REPUDIATED: {},
    RecordState.REVERSED: {},
    RecordState.VOIDED: {
        HoursReinstated: RecordState.POSTED,
        HoursReinstatedSilent: RecordState.POSTED_SILENT,
    },
}

COUNTED = frozenset({RecordState.POSTED, RecordState.POSTED_SILENT, RecordState.DISPUTED})
"""Where minutes count: an objection alone takes nothing away."""

SERVICE = frozenset(mode for mode in CaptureMode if mode.counts)
"""How a record's minutes come to be service."""


def is_service(state: RecordState, mode: CaptureMode) -> bool:
    """Whether a record's minutes are service, wherever they are added up (domain 2 and 3)."""
    return state in COUNTED and mode in SERVICE

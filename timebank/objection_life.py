"""The life of an objection to a record: what can be said about it, and the words for it (domain 4).

Knows events, states and codes; `objections` knows who may do what, `record_life` what follows for
the record.
"""

from datetime import date
from enum import StrEnum

from timebank.actors import PersonId
from timebank.events import Event


class ObjectionState(StrEnum):
    """The life of an objection."""

    RAISED = "raised"
    ANSWERED = "answered"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    IN_REVIEW = "in_review"
    UPHELD_FINALLY = "upheld_finally"
    DISMISSED_FINALLY = "dismissed_finally"
    ENDED = "ended"


class ObjectionReason(StrEnum):
    """What is wrong with the record, says who objects."""

    NEVER_HAPPENED = "never_happened"
    WRONG_TIMES = "wrong_times"
    WRONG_PERSON = "wrong_person"
    NOT_SERVICE = "not_service"
    RECORDED_WRONGLY = "recorded_wrongly"


class Grounds(StrEnum):
    """Why the district decides as it does; the code says which way."""

    RECORDED_RIGHTLY = "recorded_rightly"
    NOT_SHOWN = "not_shown"
    RECORDED_WRONGLY = "recorded_wrongly"
    NEVER_HAPPENED = "never_happened"

    @property
    def uphold(self) -> bool:
        """Whether the objection is upheld on these grounds."""
        return self in (Grounds.RECORDED_WRONGLY, Grounds.NEVER_HAPPENED)


# Events


class ObjectionRaised(Event, frozen=True, tag="objection.raised"):
    """Who served or was served objects; `statement` is the commitment to their words.

    `person` is whose objection it is, also where a proxy is the entry's actor. `answer_by` and
    `decide_by` are the district's last days, counted in working days.
    """

    objection: str
    record: str
    person: PersonId
    reason: ObjectionReason
    statement: str
    answer_by: date
    decide_by: date


class ObjectionAnswered(Event, frozen=True, tag="objection.answered"):
    """The district's first answer, which decides nothing yet."""

    objection: str
    record: str
    answer: str


class _Decided(Event, frozen=True, kw_only=True):
    """`decision` is the commitment to the words; `corrected` the record made instead, if one is."""

    objection: str
    record: str
    grounds: Grounds
    decision: str
    corrected: str | None = None


class ObjectionUpheld(_Decided, frozen=True, kw_only=True, tag="objection.upheld"):
    """The district agreed; the record was reversed."""


class ObjectionDismissed(_Decided, frozen=True, kw_only=True, tag="objection.dismissed"):
    """The district did not agree; the record goes back to where it was."""


class ReviewAsked(Event, frozen=True, tag="objection.review_asked"):
    """Somebody concerned asked for the one review; `person` is whose wish it is."""

    objection: str
    record: str
    person: PersonId
    appeal: str
    decide_by: date


class ReviewUpheld(_Decided, frozen=True, kw_only=True, tag="objection.review_upheld"):
    """Another officer upheld the objection, which is final."""


class ReviewDismissed(_Decided, frozen=True, kw_only=True, tag="objection.review_dismissed"):
    """Another officer dismissed the objection, which is final."""

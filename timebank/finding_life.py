"""The life of a finding of misconduct: what can be said of it, and the words for it (domain 4).

Knows events, states and codes; `findings` knows who finds, `finding_appeals` who reviews, and
`record_life` what follows for a record.
"""

from datetime import date
from enum import StrEnum

from timebank.actors import PersonId
from timebank.events import Event


class Misconduct(StrEnum):
    """What the district found."""

    INVENTED_HOURS = "invented_hours"
    SOLD_HOURS = "sold_hours"
    PHANTOM_ACTIVITY = "phantom_activity"
    USED_NAME = "used_name"


class Blame(StrEnum):
    """Whose misconduct it was: of each record its recorder, its volunteer, or both."""

    RECORDER = "recorder"
    VOLUNTEER = "volunteer"
    BOTH = "both"


class AppealState(StrEnum):
    """The life of an appeal against a finding."""

    ASKED = "asked"
    ALLOWED = "allowed"
    DISMISSED = "dismissed"


class AppealGrounds(StrEnum):
    """Why an appeal is decided as it is; the code says which way."""

    SERVICE_SHOWN = "service_shown"
    NOT_TO_BLAME = "not_to_blame"
    FOUND_RIGHTLY = "found_rightly"
    NOTHING_SHOWN = "nothing_shown"

    @property
    def allow(self) -> bool:
        """Whether the appeal is allowed on these grounds."""
        return self in (AppealGrounds.SERVICE_SHOWN, AppealGrounds.NOT_TO_BLAME)


# Events


class MisconductFound(Event, frozen=True, tag="finding.made"):
    """Two officers of a district found misconduct in `records` records, which follow as entries.

    The entry's actor is the second of them; `statement` is the commitment to their words.
    """

    finding: str
    proposer: PersonId
    area: str
    misconduct: Misconduct
    blame: Blame
    records: int
    statement: str


class FindingAppealed(Event, frozen=True, tag="finding.appealed"):
    """Somebody whom a finding touches asked for its review, in what concerns them.

    `person` is whose appeal it is, also where a proxy is the entry's actor; `decide_by` the
    district's last day, counted in working days.
    """

    appeal: str
    finding: str
    person: PersonId
    words: str
    decide_by: date


class _AppealDecided(Event, frozen=True, kw_only=True):
    """`decision` is the commitment to the words."""

    appeal: str
    finding: str
    person: PersonId
    grounds: AppealGrounds
    decision: str


class AppealAllowed(_AppealDecided, frozen=True, kw_only=True, tag="finding.appeal_allowed"):
    """Another officer did not agree with the finding in what concerns `person`."""


class AppealDismissed(_AppealDecided, frozen=True, kw_only=True, tag="finding.appeal_dismissed"):
    """Another officer agreed with the finding."""

"""The life of a unit statement: what a member did in some months, on its way to their work unit.

Every event names the member by an alias (domain 8). Knows events and their order; `unit_statements`
keeps the statements.
"""

from datetime import date
from enum import StrEnum

from timebank.events import Event
from timebank.lifecycles import Lifecycle
from timebank.refusals import Refusal


class StatementState(StrEnum):
    """The life of a statement; the unit has it while it is sent, and at no other time."""

    PREPARED = "prepared"
    SENT = "sent"
    WITHHELD = "withheld"
    LAPSED = "lapsed"
    RECALLED = "recalled"


# Events


class _OfStatement(Event, frozen=True, kw_only=True):
    statement: str
    member: str


class StatementPrepared(_OfStatement, frozen=True, kw_only=True, tag="statement.prepared"):
    """A member's statement lies before them: nobody else has it, and they send it by a day.

    From `first_day` to `last_day` they served so many minutes on posts, of them some on duty, on
    so many posts, and granted so many wishes; `remark` commits to the community's words. The next
    one is prepared on `next_on`.
    """

    unit: str
    first_day: date
    last_day: date
    minutes: int
    duty_minutes: int
    posts: int
    wishes: int
    send_by: date
    next_on: date
    remark: str | None = None


class StatementSent(_OfStatement, frozen=True, kw_only=True, tag="statement.sent"):
    """The member let the unit have it, with a word of their own or none; a link opens it until."""

    link_until: date
    comment: str | None = None


class StatementWithheld(_OfStatement, frozen=True, kw_only=True, tag="statement.withheld"):
    """The member keeps it."""


class StatementLapsed(_OfStatement, frozen=True, kw_only=True, tag="statement.lapsed"):
    """The member said nothing in time, which is no consent."""


class StatementRecalled(_OfStatement, frozen=True, kw_only=True, tag="statement.recalled"):
    """The consent to tell the unit ended: nobody has it any more but the member."""


Moved = StatementSent | StatementWithheld | StatementLapsed | StatementRecalled

# Refusals


class UnitConsentMissing(Refusal):
    """A unit learns nothing without consent (domain 8)."""

    says = "You have not consented that this work unit is told; nothing is sent."


class StatementNotDue(Refusal):
    """What the software does, it does on the day, not before."""

    says = "Nothing is due on this before {on}."
    on: date


# Lifecycle

LIFECYCLE: Lifecycle[StatementState] = {
    StatementState.PREPARED: {
        StatementSent: StatementState.SENT,
        StatementWithheld: StatementState.WITHHELD,
        StatementLapsed: StatementState.LAPSED,
        StatementRecalled: StatementState.RECALLED,
    },
    StatementState.SENT: {StatementRecalled: StatementState.RECALLED},
    StatementState.WITHHELD: {},
    StatementState.LAPSED: {},
    StatementState.RECALLED: {},
}

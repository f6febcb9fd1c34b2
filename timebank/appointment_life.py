"""The life of an appointment: an office held for a term, and what can happen to it (domain 8).

Every event names the holder by an alias. Knows events and their order; `appointments` keeps the
appointments.
"""

from datetime import date
from enum import StrEnum

from timebank.events import Event
from timebank.lifecycles import Lifecycle
from timebank.refusals import Refusal


class Body(StrEnum):
    """Where the office is held."""

    RESIDENTS_COMMITTEE = "residents_committee"
    OWNERS_COMMITTEE = "owners_committee"
    RESIDENT_TEAM = "resident_team"


class Office(StrEnum):
    """Which office it is."""

    HEAD = "head"
    DEPUTY = "deputy"
    MEMBER = "member"
    ADVISER = "adviser"


class AppointmentState(StrEnum):
    """The life of an appointment."""

    TOLD = "told"
    SERVING = "serving"
    RETURNED = "returned"
    ENDED = "ended"
    OVER = "over"


# Events


class AppointmentDeclared(Event, frozen=True, tag="appointment.declared"):
    """A retired member said that they hold an office of a community's body for a term."""

    appointment: str
    member: str
    community: str
    body: Body
    office: Office
    first_day: date
    last_day: date


class _OfAppointment(Event, frozen=True, kw_only=True):
    appointment: str
    member: str


class AppointmentConfirmed(_OfAppointment, frozen=True, kw_only=True, tag="appointment.confirmed"):
    """The community's secretary confirmed it."""


class AppointmentReturned(_OfAppointment, frozen=True, kw_only=True, tag="appointment.returned"):
    """The secretary knows of no such office."""


class AppointmentEnded(_OfAppointment, frozen=True, kw_only=True, tag="appointment.ended"):
    """It ended before its term was over, by the member's word or the secretary's."""


class AppointmentOver(_OfAppointment, frozen=True, kw_only=True, tag="appointment.over"):
    """Its term is over."""


Moved = AppointmentConfirmed | AppointmentReturned | AppointmentEnded | AppointmentOver

# Refusals


class AppointmentTermWrong(Refusal):
    """A term has a first and a last day."""

    says = "A term's last day comes after its first, is not over yet, and at most {years} years on."
    years: int
    path = ("lastDay",)


class TooManyAppointments(Refusal):
    """Some offices at most are held at once."""

    says = "You hold {most} offices, the most at once; end one first."
    most: int


class AppointmentTermRuns(Refusal):
    """The software ends an appointment when its term is over, not before."""

    says = "This term goes on until {last_day}."
    last_day: date


# Lifecycle

LIFECYCLE: Lifecycle[AppointmentState] = {
    AppointmentState.TOLD: {
        AppointmentConfirmed: AppointmentState.SERVING,
        AppointmentReturned: AppointmentState.RETURNED,
        AppointmentEnded: AppointmentState.ENDED,
        AppointmentOver: AppointmentState.OVER,
    },
    AppointmentState.SERVING: {
        AppointmentEnded: AppointmentState.ENDED,
        AppointmentOver: AppointmentState.OVER,
    },
    AppointmentState.RETURNED: {},
    AppointmentState.ENDED: {},
    AppointmentState.OVER: {},
}
GOING = frozenset(state for state, steps in LIFECYCLE.items() if steps)

"""The life of a station: proposed, at work, warned, suspended, closed, or declined (domain 5).

A DRAFT is the form before it is handed in, of which nothing is kept. A proposal that the district
declines ends there. Knows states and events; `places` keeps the stations.
"""

from enum import StrEnum

from timebank.events import Event
from timebank.lifecycles import Lifecycle


class StationState(StrEnum):
    """The life of a station (domain 5)."""

    UNDER_REVIEW = "under_review"
    ACTIVE = "active"
    WARNED = "warned"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    DECLINED = "declined"


WORKING = frozenset({StationState.ACTIVE, StationState.WARNED})


class StationReason(StrEnum):
    """Why the district declines, warns or suspends a station."""

    ROSTERS_LATE = "rosters_late"
    FALSE_RECORDS = "false_records"
    UNSAFE = "unsafe"
    NOBODY_THERE = "nobody_there"
    NOT_NEEDED = "not_needed"
    NOT_READY = "not_ready"


# Events


class StationProposed(Event, frozen=True, tag="station.proposed"):
    """A street proposed a station in an area."""

    station: str
    area: str
    number: str
    name: str


class StationApproved(Event, frozen=True, tag="station.approved"):
    """The district let the station work."""

    station: str


class StationDeclined(Event, frozen=True, tag="station.declined"):
    """The district did not let the proposed station work."""

    station: str
    reason: StationReason


class StationWarned(Event, frozen=True, tag="station.warned"):
    """The district warned the station."""

    station: str
    reason: StationReason


class StationSuspended(Event, frozen=True, tag="station.suspended"):
    """The district suspended the station."""

    station: str
    reason: StationReason


class StationReinstated(Event, frozen=True, tag="station.reinstated"):
    """A warned or suspended station works again."""

    station: str


class StationClosed(Event, frozen=True, tag="station.closed"):
    """The station closed; its records go to the successor."""

    station: str
    successor: str


# Lifecycle

LIFECYCLE: Lifecycle[StationState] = {
    StationState.UNDER_REVIEW: {
        StationApproved: StationState.ACTIVE,
        StationDeclined: StationState.DECLINED,
    },
    StationState.ACTIVE: {
        StationWarned: StationState.WARNED,
        StationSuspended: StationState.SUSPENDED,
        StationClosed: StationState.CLOSED,
    },
    StationState.WARNED: {
        StationReinstated: StationState.ACTIVE,
        StationSuspended: StationState.SUSPENDED,
        StationClosed: StationState.CLOSED,
    },
    StationState.SUSPENDED: {
        StationReinstated: StationState.ACTIVE,
        StationClosed: StationState.CLOSED,
    },
    StationState.CLOSED: {},
    StationState.DECLINED: {},
}

Moved = (
    StationApproved
    | StationDeclined
    | StationWarned
    | StationSuspended
    | StationReinstated
    | StationClosed
)

"""What happens to an activity: opened, run, filed, called off, held, made void (domain 5).

A fraud hold stops an activity and its records until it is released or made void; a roster that is
not filed in time makes it overdue. Knows events and reasons; `activities` knows the life cycle,
`activity_holds` and `overdue_rosters` who may do what.
"""

from datetime import date, datetime
from enum import StrEnum

from timebank.events import Event


class CancelReason(StrEnum):
    """Why an activity is not held."""

    WEATHER = "weather"
    TOO_FEW_PEOPLE = "too_few_people"
    NO_PLACE = "no_place"
    SAFETY = "safety"
    OTHER = "other"


class HoldReason(StrEnum):
    """Why the district holds an activity."""

    NO_SIGN_OF_IT = "no_sign_of_it"
    FALSE_ROSTER = "false_roster"
    SOLD_HOURS = "sold_hours"
    REPORTED = "reported"


# Events


class ActivityOpened(Event, frozen=True, tag="activity.opened"):
    """People may sign up."""

    activity: str


class ActivityStarted(Event, frozen=True, tag="activity.started"):
    """The activity runs: people may check in."""

    activity: str


class ActivityEnded(Event, frozen=True, tag="activity.ended"):
    """The activity is over; `unconfirmed` were still checked in and closed at the planned end."""

    activity: str
    planned_end: datetime
    unconfirmed: tuple[str, ...] = ()


class RosterFiled(Event, frozen=True, tag="activity.filed"):
    """The roster is complete."""

    activity: str


class ActivityClosed(Event, frozen=True, tag="activity.closed"):
    """Nothing more comes in for this activity."""

    activity: str


class ActivityCancelled(Event, frozen=True, tag="activity.cancelled"):
    """The activity will not be held."""

    activity: str
    reason: CancelReason


class ActivityHeld(Event, frozen=True, tag="activity.held"):
    """The district stopped the activity, and whatever of its records does not count yet."""

    activity: str
    reason: HoldReason


class ActivityReleased(Event, frozen=True, tag="activity.released"):
    """The district let an activity go on that had not started; its organiser opens it again."""

    activity: str


class ActivityReleasedRunning(Event, frozen=True, tag="activity.released_running"):
    """The district let an activity go on that was running."""

    activity: str


class ActivityReleasedEnded(Event, frozen=True, tag="activity.released_ended"):
    """The district let an activity go on that was over; its roster is to be filed anew."""

    activity: str


class ActivityVoided(Event, frozen=True, tag="activity.voided"):
    """The district found that there was no such activity: nothing more comes in for it."""

    activity: str


class RosterOverdue(Event, frozen=True, tag="activity.overdue"):
    """The roster was to be filed by the end of `due`."""

    activity: str
    due: date

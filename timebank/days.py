"""Days: when a volunteer served, and how much one hand recorded (domain 4).

Knows intervals, the clashes between them and the limits of a day; every clash names the record it
clashes with. Refuses to know states, credit and who asks.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

import msgspec

from timebank.clock import day_of, instant
from timebank.policy import Record as Rules
from timebank.refusals import Refusal
from timebank.tables import Row, table

MINUTE, INSTANT, NO_TIME = timedelta(minutes=1), timedelta(microseconds=1), timedelta(0)
LONGEST = timedelta(hours=16)
USUAL_GAP = timedelta(minutes=15)
"""How near to midnight a service must be for its neighbouring day to be loaded beforehand."""

STREET_DEPTH = 3
"""A path begins with city, district and street."""


class ReviewReason(StrEnum):
    """Why a record needs a second reviewer (domain 4)."""

    DAY_MINUTES = "day_minutes"
    RECORDER_PEOPLE = "recorder_people"
    RECORDER_MINUTES = "recorder_minutes"
    LATE = "late"
    EXTERNAL = "external"


class Interval(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """When one record's service took place, and in which street."""

    record: str
    street: str
    starts: datetime
    ends: datetime

    def minutes_on(self, day: date) -> int:
        """The minutes of it that lie on a day in the city."""
        begins, ends = _bounds(day)
        if begins <= self.starts and self.ends <= ends:
            return (self.ends - self.starts) // MINUTE
        first = max(begins, self.starts)
        last = min(ends, self.ends)
        return (last - first) // MINUTE if last > first else 0


@lru_cache(maxsize=1024)
def _bounds(day: date) -> tuple[datetime, datetime]:
    return instant(day), instant(day + timedelta(days=1))


# Refusals


class IntervalWrong(Refusal):
    """Service ends after it starts, in whole minutes."""

    says = "Service ends after it starts, at most {hours} hours later; give whole minutes."
    hours: int
    path = ("ends",)


class InTheFuture(Refusal):
    """Nobody has served yet what lies ahead."""

    says = "This service is not over yet; record it when it is."
    path = ("ends",)


class Overlaps(Refusal):
    """Nobody serves twice at once, at whatever stations."""

    says = "This overlaps with another record of the same person."
    record: str
    path = ("starts",)


class GapTooShort(Refusal):
    """Going to a site in another street takes time."""

    says = "Only {gap} minutes lie between this and a record in another street; {least} must."
    gap: int
    least: int
    record: str
    path = ("starts",)


class DayTooLong(Refusal):
    """A day of service has an end, with what was served before."""

    says = "With what is recorded this makes {minutes} minutes on {day}; at most {most} count."
    day: date
    minutes: int
    most: int
    record: str
    path = ("ends",)


class ServiceTooLong(Refusal):
    """A day of service has an end, though nothing else was served on it."""

    says = "This makes {minutes} minutes on {day}; at most {most} count."
    day: date
    minutes: int
    most: int
    path = ("ends",)


class LateReasonMissing(Refusal):
    """What is filed late says why."""

    says = "After {days} days a record needs a reason and a second reviewer; give the reason."
    days: int
    path = ("late",)


class TooLateToRecord(Refusal):
    """After a month only the district records."""

    says = "After {days} days only the district can record service."
    days: int
    path = ("starts",)


# Decisions


@lru_cache(maxsize=1024)
def street_of(path: str) -> str:
    """The part of a path that names its street."""
    return "/".join(path.split("/", STREET_DEPTH)[:STREET_DEPTH])


@lru_cache(maxsize=1024)  # asked twice of every row of a roster, whose rows share their times
def days_near(starts: datetime, ends: datetime, gap: timedelta = USUAL_GAP) -> tuple[date, ...]:
    """The days in the city on which something within `gap` of an interval may lie.

    What lasts longer than LONGEST is refused by its times alone: no days of it are asked about, or
    two dates would be enough to make a server look up three hundred years of them.
    """
    first, last = day_of(starts - gap), day_of(min(ends, starts + LONGEST) + gap)
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))


def days_served(starts: datetime, ends: datetime) -> tuple[date, ...]:
    """The days in the city that an interval lies in."""
    return days_near(starts, ends - INSTANT, NO_TIME)


def decide_times(starts: datetime, ends: datetime, now: datetime) -> int:
    """The minutes from `starts` to `ends`. Refuses: IntervalWrong, InTheFuture."""
    whole = not (starts.second or starts.microsecond or ends.second or ends.microsecond)
    length = ends - starts
    if not whole or not NO_TIME < length <= LONGEST:
        raise IntervalWrong(hours=LONGEST // timedelta(hours=1))
    if ends > now:
        raise InTheFuture
    return length // MINUTE


def minutes_with(new: Interval, days: Mapping[date, Sequence[Interval]]) -> dict[date, int]:
    """The minutes of each day that an interval lies in, with it."""
    return {
        day: added + sum(other.minutes_on(day) for other in held)
        for day, held in days.items()
        if (added := new.minutes_on(day))
    }


def decide_place(
    new: Interval,
    days: Mapping[date, Sequence[Interval]],
    minutes: Mapping[date, int],
    rules: Rules,
    *,
    emergency: Collection[date] = (),
) -> bool:
    """Whether an interval fits between those of the same person; True asks for a second reviewer.

    Args: minutes, what `minutes_with` makes of both; emergency, the days on which an emergency lets
    more be served there.
    Refuses: Overlaps, GapTooShort, DayTooLong, ServiceTooLong. Source: domain 4.
    """
    _no_clash(new, (other for held in days.values() for other in held), rules.min_gap_minutes)
    longest = 0
    for day, served in minutes.items():
        most = rules.emergency_max if day in emergency else rules.second_review_max
        if served > most:
            if not days[day]:
                raise ServiceTooLong(day=day, minutes=served, most=most)
            record = days[day][-1].record
            raise DayTooLong(day=day, minutes=served, most=most, record=record)
        longest = max(longest, served)
    return longest > rules.auto_max_per_day


def _no_clash(new: Interval, others: Iterator[Interval], least: int) -> None:
    gap = least * MINUTE
    for other in others:
        if new.starts < other.ends and other.starts < new.ends:
            raise Overlaps(record=other.record)
        if new.street == other.street:
            continue
        between = max(new.starts - other.ends, other.starts - new.ends)
        if between < gap:
            raise GapTooShort(gap=between // MINUTE, least=least, record=other.record)


def decide_filing(
    day: date, today: date, rules: Rules, *, reason: str | None, district: bool
) -> bool:
    """Whether service of `day` may still be recorded; True asks for a second reviewer.

    Args: reason, the code that says why it comes late; district, whether the district records it.
    Refuses: LateReasonMissing, TooLateToRecord. Source: domain 4.
    """
    late = (today - day).days
    if late <= rules.file_days:
        return False
    if late > rules.late_days and not district:
        raise TooLateToRecord(days=rules.late_days)
    if reason is None:
        raise LateReasonMissing(days=rules.file_days)
    return True


def recorder_limits(
    held: "RecorderDay | None", volunteer: str, minutes: int, hour: int, rules: Rules
) -> list[ReviewReason]:
    """The limits that one more record takes a recorder past: a second reviewer looks at it."""
    people = held.people if held and held.hour == hour else ()
    past = []
    if len(people) >= rules.recorder_people_per_hour and volunteer not in people:
        past.append(ReviewReason.RECORDER_PEOPLE)
    if (held.minutes if held else 0) + minutes > rules.recorder_person_minutes_per_day:
        past.append(ReviewReason.RECORDER_MINUTES)
    return past


# Tables


@table("volunteer_day")
class VolunteerDay(Row, frozen=True):
    """A person's service on a day in the city; `id` is `<person>/<day>`; `credited` in minutes."""

    id: str
    intervals: tuple[Interval, ...]
    credited: int = 0


@table("volunteer_month")
class VolunteerMonth(Row, frozen=True):
    """The minutes credited for service in a month; `id` is `<person>/2026-03`."""

    id: str
    credited: int


@table("recorder_day", index=[("held_path",)])
class RecorderDay(Row, frozen=True):
    """What one hand recorded on a day: the batch that a “not me” holds; `id` is `<recorder>/<day>`.

    `people` are those recorded in the hour `hour`, as many as pass without a second reviewer;
    `held_by` is the record it is held for, disowned or voided, `held_path` where that was served;
    `against` counts all of its records that ever were.
    """

    id: str
    recorder: str
    minutes: int
    hour: int
    people: tuple[str, ...]
    held_by: str | None = None
    held_path: str | None = None
    against: int = 0

    def held_for(self, record: str, path: str) -> "RecorderDay":
        """The day with one more record that speaks against it, held if it was not."""
        return msgspec.structs.replace(
            self,
            held_by=self.held_by or record,
            held_path=self.held_path or path,
            against=self.against + 1,
        )


@lru_cache(maxsize=8192)  # asked for five times of one service
def day_key(person: str, day: date) -> str:
    """The key of a person's or a recorder's day."""
    return f"{person}/{day.isoformat()}"


def month_key(person: str, day: date) -> str:
    """The key of a person's month."""
    return f"{person}/{day.isoformat()[:7]}"

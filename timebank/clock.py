"""Time: what now is, and what day it is in the city.

Only commands and the journal read the clock; decisions receive values. Days are days in
Asia/Shanghai (domain 12), instants are UTC.
"""

import time
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

CITY = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Whatever tells the time."""

    def now(self) -> datetime:
        """The present instant, UTC."""

    def ran(self) -> timedelta:
        """How long it has been since some moment, by a clock that nobody can set."""


# A machine that sleeps sets no clock: count its sleep too, where the system tells of it.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def ran(self) -> timedelta:
        return timedelta(microseconds=time.clock_gettime_ns(_STEADY) // 1_000)


class ManualClock:
    """A clock that stands still until it is moved: for histories that must be the same twice."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._jumped = timedelta(0)

    def now(self) -> datetime:
        return self.at

    def ran(self) -> timedelta:
        return self.at - datetime.min.replace(tzinfo=UTC) - self._jumped

    def jump(self, by: timedelta) -> None:
        """Be set, as a person or a bad time server sets a clock: no time passes."""
        self.at += by
        self._jumped += by

    def move(self, by: timedelta) -> None:
        """Let `by` pass."""
        self.at += by


@lru_cache(maxsize=8192)  # one service is asked for its day some twenty times
def day_of(at: datetime) -> date:
    """The day in the city at the instant `at`."""
    return at.astimezone(CITY).date()


def months_later(day: date, months: int) -> date:
    """The same day `months` months later, earlier if negative; the last of a month without it.

    So the Civil Code counts months (Art. 202).
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@lru_cache(maxsize=64)  # the rows of a roster are all recorded at one instant
def hour_of(at: datetime) -> int:
    """The hour of the day in the city at the instant `at`."""
    return at.astimezone(CITY).hour


@lru_cache(maxsize=8192)  # the rows of a roster begin and end together
def instant(day: date, minute: int = 0) -> datetime:
    """The instant `minute` minutes into `day` in the city."""
    return _midnight(day) + timedelta(minutes=minute)


@lru_cache(maxsize=1024)
def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CITY).astimezone(UTC)

"""Time: what now is, and what day it is in the city.

Only commands and the journal read the clock; decisions receive values. Days are days in
Asia/Shanghai (domain 12), instants are UTC.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

CITY = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Whatever tells the time."""

    def now(self) -> datetime:
        """The present instant, UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved: for histories that must be the same twice."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        """Let `by` pass."""
        self.at += by


def day_of(at: datetime) -> date:
    """The day in the city at the instant `at`."""
    return at.astimezone(CITY).date()


def months_later(day: date, months: int) -> date:
    """The same day `months` months later, earlier if negative; the last of a month without it.

    So the Civil Code counts months (Art. 202).
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def instant(day: date, minute: int = 0) -> datetime:
    """The instant `minute` minutes into `day` in the city."""
    return datetime(day.year, day.month, day.day, tzinfo=CITY).astimezone(UTC) + timedelta(
        minutes=minute
    )

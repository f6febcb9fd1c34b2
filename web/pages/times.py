"""Times as a page shows and takes them: the city's day and hour, never UTC."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

CITY = ZoneInfo("Asia/Shanghai")


def moment(at: str) -> str:
    """An instant of the API in the city's time, to the minute."""
    return _local(at).isoformat(" ", "minutes")[:16]


def hour(at: str) -> str:
    """The time of day alone, where the day is plain."""
    return f"{_local(at):%H:%M}"


def span(begins: str, ends: str) -> str:
    """From when to when on a day; what ends with the day ends at 24:00."""
    first, last = _local(begins), _local(ends)
    if (last.date() - first.date()).days == 0:
        return f"{first:%H:%M}–{last:%H:%M}"
    told = "24:00" if last == midnight(last) else f"{last:%m-%d %H:%M}"
    return f"{first:%H:%M}–{told}"


def day_of(at: str) -> str:
    """The city's day at an instant."""
    return _local(at).date().isoformat()


def minutes_between(begins: str, ends: str) -> int:
    """Whole minutes from one instant to another."""
    return int((_local(ends) - _local(begins)).total_seconds()) // 60


def midnight(now: datetime) -> datetime:
    """When the city's day began."""
    return datetime.combine(now.astimezone(CITY), time(), CITY)


def instant_of(day: str, at: str) -> str:
    """The instant that two fields of a form name; what does not read is left as it was given."""
    try:
        told = datetime.combine(date.fromisoformat(day), time.fromisoformat(at), CITY)
    except ValueError:
        return f"{day} {at}".strip()
    return told.isoformat()


def _local(at: str) -> datetime:
    return datetime.fromisoformat(at).astimezone(CITY)

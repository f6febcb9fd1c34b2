"""Stars: the level that a lifetime of service has reached, and the rule that says so (domain 7).

Minutes and the dated policy in, the level out, so that the level as of any past day can be computed
again: the lifetime minutes are kept as they stood at the end of every day on which they changed.
Credit spent never lowers a star, because only the service record counts. Refuses to know which
stars were awarded: `held_stars` does.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date

import msgspec

from ledger.entry import Sealed
from timebank.actors import PersonId
from timebank.clock import day_of
from timebank.days import day_key
from timebank.events import Event
from timebank.hours import Record, ServiceTotal
from timebank.merge_life import PersonMerged
from timebank.people import selves
from timebank.policy import Policy
from timebank.projections import Rows, projects_after
from timebank.record_life import COUNTED, LIFECYCLE
from timebank.tables import Row, select, table

COUNTING: frozenset[type[Event]] = frozenset(
    event
    for state, steps in LIFECYCLE.items()
    for event, following in steps.items()
    if (state in COUNTED) != (following in COUNTED)
)
"""The events after which a record's minutes begin to count, or no longer do."""

# Decisions


class StarProgress(msgspec.Struct, frozen=True):
    """Where a service record stands, minutes throughout, and the rule that applied.

    `next_level`, `next_minutes` and `missing_minutes` are None at the highest level. `policy` names
    the policy and `thresholds` are its levels, the first star's first.
    """

    level: int
    minutes: int
    policy: str
    thresholds: tuple[int, ...]
    next_level: int | None = None
    next_minutes: int | None = None
    missing_minutes: int | None = None


def level(minutes: int, policy: Policy) -> int:
    """The level, 0 to 5, that `minutes` of lifetime service reach."""
    return bisect_right(policy.star.minutes, minutes)


def progress(minutes: int, policy: Policy) -> StarProgress:
    """The level that `minutes` reach, what the next one takes, and the rule."""
    reached, thresholds = level(minutes, policy), policy.star.minutes
    if reached == len(thresholds):
        return StarProgress(reached, minutes, policy.id, thresholds)
    needed = thresholds[reached]
    return StarProgress(
        level=reached,
        minutes=minutes,
        policy=policy.id,
        thresholds=thresholds,
        next_level=reached + 1,
        next_minutes=needed,
        missing_minutes=needed - minutes,
    )


# Tables and projectors


@table("service_day", index=[("volunteer", "day")])
class ServiceDay(Row, frozen=True):
    """A volunteer's lifetime minutes at the end of a day on which they changed."""

    id: str
    volunteer: str
    day: date
    minutes: int


@projects_after(*COUNTING)
def _counted(rows: Rows, event: Event, entry: Sealed) -> None:
    # Every event of a record's life names its record, and has been counted already.
    record = rows.there(Record, getattr(event, "record", ""))
    _stood(rows, record.volunteer, day_of(entry.at))


@projects_after(PersonMerged)
def _merged(rows: Rows, event: PersonMerged, entry: Sealed) -> None:
    for person in (event.person, event.kept):
        _stood(rows, person, day_of(entry.at))


def _stood(rows: Rows, person: PersonId, day: date) -> None:
    total = rows.get(ServiceTotal, person)
    if total is not None:
        rows.put(
            ServiceDay(id=day_key(person, day), volunteer=person, day=day, minutes=total.minutes)
        )


# Reads


async def minutes_on(person: PersonId, day: date, *, whose: Sequence[PersonId] = ()) -> int:
    """The lifetime minutes that counted at the end of a day, as far as it is over.

    Those under a number that was merged since counted then: who served was the same. `whose` is
    every id of the person, where they are known already.
    """
    minutes = 0
    for who in whose or await selves(person):
        found = await select(ServiceDay, volunteer=who, day__lte=day, order=["-day"], limit=1)
        minutes += found[0].minutes if found else 0
    return minutes


async def progress_on(
    person: PersonId, day: date, policy: Policy, *, whose: Sequence[PersonId] = ()
) -> StarProgress:
    """Where somebody's service record stood at the end of a day, by the policy of that day."""
    return progress(await minutes_on(person, day, whose=whose), policy)

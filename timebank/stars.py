"""Stars: the level that a lifetime of service has reached, and the rule that says so (domain 7).

Minutes and the dated policy in, the level out, so that the level as of any past day can be computed
again. Credit spent never lowers a star, because only the service record counts.
"""

from bisect import bisect_right
from datetime import date

import msgspec

from timebank.actors import PersonId
from timebank.hours import ServiceTotal
from timebank.policy import Policy, policy_on
from timebank.tables import find

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


# Reads


async def standing(person: PersonId, day: date) -> StarProgress | None:
    """Where somebody's service record stands by the rule of `day`; None before any policy."""
    version = await policy_on(day)
    if version is None:
        return None
    record = await find(ServiceTotal, person)
    return progress(record.minutes if record else 0, version.document)

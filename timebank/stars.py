"""Stars: the level that a lifetime of service has reached, and the rule that says so (domain 7).

Pure: minutes and the dated policy in, the level out, so that the level as of any past day can be
computed again. Credit spent never lowers a star, because only the service record counts.
"""

from bisect import bisect_right

import msgspec

from timebank.policy import Policy


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

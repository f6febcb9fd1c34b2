"""Stars: the level that minutes reach, and the rule that is shown with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.policy import SEED, Policy, read_policy
from timebank.stars import level, progress

SEEDED = read_policy(SEED.read_text("utf-8"))


@pytest.mark.parametrize(
    ("minutes", "reached", "missing"),
    [
        (0, 0, 6_000),
        (5_999, 0, 1),
        (6_000, 1, 12_000),
        (18_000 - 37 * 60, 1, 37 * 60),
        (18_000, 2, 18_000),
        (36_000, 3, 24_000),
        (60_000, 4, 30_000),
        (89_999, 4, 1),
        (90_000, 5, None),
        (10**9, 5, None),
    ],
)
def test_a_level_is_reached_at_its_hours_and_not_a_minute_before(
    minutes: int, reached: int, missing: int | None
) -> None:
    told = progress(minutes, SEEDED)
    assert (told.level, told.missing_minutes) == (reached, missing)


def test_the_rule_that_applied_is_shown() -> None:
    told = progress(7_000, SEEDED)
    assert told.policy == "WH-2016-12"
    assert told.thresholds == (6_000, 18_000, 36_000, 60_000, 90_000)
    assert (told.next_level, told.next_minutes) == (2, 18_000)


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_more_service_never_means_fewer_stars(one: int, other: int) -> None:
    few, many = sorted((one, other))
    assert level(few, SEEDED) <= level(many, SEEDED)


@given(st.integers(0, 200_000))
def test_what_is_missing_is_exactly_what_the_next_star_takes(minutes: int) -> None:
    told = progress(minutes, SEEDED)
    if told.missing_minutes is not None:
        reached = level(minutes + told.missing_minutes, SEEDED)
        assert reached == told.next_level == level(minutes + told.missing_minutes - 1, SEEDED) + 1


def test_another_policy_gives_another_level() -> None:
    text = SEED.read_text("utf-8").replace("[6000, 18000", "[3000, 18000")
    lenient: Policy = read_policy(text)
    assert (level(4_000, SEEDED), level(4_000, lenient)) == (0, 1)

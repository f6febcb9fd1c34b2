"""Policy: the calendar of rules, none of which works backwards."""

from datetime import date

import pytest

from timebank.policy import SEED, PolicyCalendar, PolicyMalformed, decide_publish, read_policy

CALENDAR = PolicyCalendar(
    id="city", versions=((date(2016, 12, 1), "WH-2016-12"), (date(2027, 1, 1), "WH-2027-01"))
)


def test_the_calendar_gives_the_policy_of_a_day() -> None:
    days = [date(2000, 1, 1), date(2016, 12, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [CALENDAR.on(day) for day in days] == ["WH-2016-12"] * 3 + ["WH-2027-01"]


def test_the_first_policy_of_a_ledger_may_hold_already() -> None:
    assert decide_publish(read_policy(SEED.read_text("utf-8")), None, None).second is None


@pytest.mark.parametrize("days", [0, 61])
def test_residents_decide_no_longer_than_it_is_known_who_answered(days: int) -> None:
    text = SEED.read_text("utf-8").replace("vote_days_max: 60", f"vote_days_max: {days}")
    with pytest.raises(PolicyMalformed):
        read_policy(text)

"""Working days: weekends, holidays and the days worked in exchange."""

from datetime import date

import pytest

from timebank.working_days import city_table, is_working, read_table, working_days_later

PLAIN = read_table("{}")


@pytest.mark.parametrize(
    ("day", "count", "later"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 20), 3, date(2026, 11, 25)),
        (date(2026, 11, 20), 15, date(2026, 12, 11)),
        # Spring Festival: a Saturday worked, nine days off, and a Saturday worked again.
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 13), 2, date(2026, 2, 24)),
        (date(2026, 2, 27), 1, date(2026, 2, 28)),
        # The eight days of October 2025, and the Saturday after them.
        (date(2025, 9, 30), 3, date(2025, 10, 11)),
    ],
)
def test_clocks_count_the_days_on_which_offices_work(day: date, count: int, later: date) -> None:
    assert working_days_later(day, count) == later


def test_a_year_without_a_line_counts_monday_to_friday() -> None:
    assert working_days_later(date(2026, 10, 1), 1, PLAIN) == date(2026, 10, 2)
    assert not is_working(date(2026, 10, 2), city_table())


@pytest.mark.parametrize(
    "text",
    [
        "2026: {holidays: [02-30..03-01], worked: []}",
        "2026: {holidays: [02-03..02-01], worked: []}",
        "2026: {holidays: [05-01..05-05], worked: [05-02]}",
        "2026: {holidays: []}",
    ],
)
def test_a_table_that_says_no_days_is_not_taken(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_table(text)


def test_every_day_worked_in_exchange_is_a_weekend_day() -> None:
    assert city_table().worked
    assert all(day.weekday() > 4 for day in city_table().worked)

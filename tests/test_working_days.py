"""Working days: weekends, holidays and the days worked in exchange."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from timebank.bank import init, open_bank
from timebank.clock import day_of
from timebank.settings import Settings
from timebank.working_days import TABLE, city_table, is_working, read_table, working_days_later
from web.doctor import examine

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
        "2026",
        "a: [",
    ],
)
def test_a_table_that_says_no_days_is_not_taken(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_table(text)


def test_every_day_worked_in_exchange_is_a_weekend_day() -> None:
    assert city_table().worked
    assert all(day.weekday() > 4 for day in city_table().worked)


LATER = "2027: {holidays: [01-01..01-03], worked: [01-09]}"


def test_a_later_table_tells_its_own_years_and_leaves_the_others() -> None:
    both = read_table(TABLE.read_text("utf-8"), LATER, "2026: {holidays: [], worked: []}")
    assert both.years == city_table().years | {2027}
    assert working_days_later(date(2026, 12, 31), 1, both) == date(2027, 1, 4)
    assert is_working(date(2027, 1, 9), both)
    assert is_working(date(2026, 10, 2), both)
    assert not is_working(date(2025, 10, 2), both)


def test_a_file_that_tells_no_days_is_a_wrong_setting(tmp_path: Path) -> None:
    later = tmp_path / "holidays.yaml"
    with pytest.raises(ValidationError, match="cannot be read: No such file"):
        Settings(working_days=later)
    later.write_text("2027: {holidays: [02-03..02-01], worked: []}")
    with pytest.raises(ValidationError, match=r"02-03\.\.02-01 ends before it begins"):
        Settings(working_days=later)


@pytest.mark.anyio
async def test_an_operator_lays_the_years_that_were_announced_over_it(tmp_path: Path) -> None:
    later, before, year = tmp_path / "holidays.yaml", city_table(), day_of(datetime.now(UTC)).year
    later.write_text(LATER)
    settings = Settings(data=tmp_path / "data", working_days=later)
    await init(settings)
    async with open_bank(settings):
        assert working_days_later(date(2026, 12, 31), 1) == date(2027, 1, 4)
    assert city_table() == before
    for told in (2027, year):
        later.write_text(f"{told}: {{holidays: [], worked: []}}")
        (found,) = [one for one in await examine(settings) if one.name == "holidays"]
        assert found.well is (year in before.years | {told})
        unknown = found.seen.partition(";")[2]
        assert (str(year + 1) in unknown) is (year + 1 != told)

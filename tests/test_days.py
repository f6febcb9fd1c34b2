"""Days: clashes between intervals, limits of a day and of a recorder, in tables of values."""

from datetime import UTC, date, datetime, timedelta

import pytest

from timebank.clock import instant
from timebank.days import (
    DayTooLong,
    GapTooShort,
    Interval,
    IntervalWrong,
    InTheFuture,
    LateReasonMissing,
    Overlaps,
    RecorderDay,
    ReviewReason,
    ServiceTooLong,
    TooLateToRecord,
    days_near,
    days_served,
    decide_filing,
    decide_place,
    decide_times,
    minutes_with,
    recorder_limits,
    street_of,
)
from timebank.policy import SEED, read_policy
from timebank.refusals import Refusal

RULES = read_policy(SEED.read_text("utf-8")).record
DAY = date(2026, 11, 20)
NEXT = DAY + timedelta(days=1)


def at(starts: int, ends: int, *, record: str = "rec_new", street: str = "a") -> Interval:
    """An interval in minutes of the day."""
    return Interval(
        record=record, street=street, starts=instant(DAY, starts), ends=instant(DAY, ends)
    )


def place(new: Interval, *held: Interval) -> bool:
    near = days_near(new.starts, new.ends)
    days = {day: [one for one in held if one.minutes_on(day)] for day in near}
    return decide_place(new, days, minutes_with(new, days), RULES)


def test_two_dates_far_apart_ask_for_no_more_days_than_the_longest_service() -> None:
    assert days_near(at(0, 60).starts, at(0, 60).starts + timedelta(days=100_000)) == (
        DAY - timedelta(days=1),
        DAY,
    )


@pytest.mark.parametrize(
    ("new", "held", "clash"),
    [
        (at(600, 660), at(630, 700, record="rec_1"), Overlaps(record="rec_1")),
        (at(600, 660), at(540, 601, record="rec_1"), Overlaps(record="rec_1")),
        (at(600, 660), at(600, 660, record="rec_1"), Overlaps(record="rec_1")),
        (
            at(600, 660),
            at(540, 586, record="rec_1", street="b"),
            GapTooShort(gap=14, least=15, record="rec_1"),
        ),
        (
            at(600, 660),
            at(670, 700, record="rec_1", street="b"),
            GapTooShort(gap=10, least=15, record="rec_1"),
        ),
        (
            at(600, 901),
            at(0, 420, record="rec_1"),
            DayTooLong(day=DAY, minutes=721, most=720, record="rec_1"),
        ),
    ],
)
def test_a_clash_names_the_record_it_clashes_with(
    new: Interval, held: Interval, clash: Refusal
) -> None:
    with pytest.raises(type(clash)) as told:
        place(new, held)
    assert told.value.details == clash.details


def test_what_is_too_long_by_itself_names_no_other_record() -> None:
    assert place(at(0, 720))
    with pytest.raises(ServiceTooLong) as told:
        place(at(0, 721))
    assert told.value.details == {"day": DAY.isoformat(), "minutes": "721", "most": "720"}


def test_what_only_touches_or_is_near_in_the_same_street_fits() -> None:
    assert not place(at(600, 660), at(540, 600), at(660, 700))
    assert not place(at(600, 660), at(540, 585, street="b"))


def test_past_480_minutes_a_second_reviewer_looks_and_720_are_the_end() -> None:
    assert not place(at(600, 660), at(0, 420))
    assert place(at(600, 661), at(0, 420))
    assert place(at(600, 900), at(0, 420))


def test_a_night_counts_on_both_its_days_and_clashes_across_midnight() -> None:
    night = at(1380, 1560, record="rec_night")
    assert (night.minutes_on(DAY), night.minutes_on(NEXT)) == (60, 120)
    assert days_served(night.starts, night.ends) == (DAY, NEXT)
    assert days_served(instant(DAY, 1380), instant(NEXT)) == (DAY,)
    early = Interval(record="rec_new", street="b", starts=instant(NEXT, 0), ends=instant(NEXT, 30))
    with pytest.raises(GapTooShort):
        place(early, at(1380, 1435, record="rec_late"))


@pytest.mark.parametrize(
    ("starts", "ends", "wrong"),
    [
        (0, 0, IntervalWrong),
        (60, 0, IntervalWrong),
        (0, 961, IntervalWrong),
        (700, 721, InTheFuture),
    ],
)
def test_times_run_forward_and_end_before_now(starts: int, ends: int, wrong: type[Refusal]) -> None:
    with pytest.raises(wrong):
        decide_times(instant(DAY, starts), instant(DAY, ends), instant(DAY, 720))


def test_times_are_whole_minutes() -> None:
    assert decide_times(instant(DAY, 600), instant(DAY, 720), instant(DAY, 720)) == 120
    with pytest.raises(IntervalWrong):
        decide_times(
            datetime(2026, 11, 20, 1, 0, 30, tzinfo=UTC), instant(DAY, 700), instant(DAY, 720)
        )


def test_a_late_record_needs_a_reason_and_a_reviewer_and_then_the_district() -> None:
    def file(days: int, reason: str | None = None, *, district: bool = False) -> bool:
        today = DAY + timedelta(days=days)
        return decide_filing(DAY, today, RULES, reason=reason, district=district)

    assert not file(3)
    with pytest.raises(LateReasonMissing):
        file(4)
    assert file(4, "paper_found")
    assert file(30, "paper_found")
    with pytest.raises(TooLateToRecord):
        file(31, "paper_found")
    assert file(31, "paper_found", district=True)


def test_a_recorder_past_the_limits_is_looked_at_not_refused() -> None:
    people = tuple(f"per_{n}" for n in range(60))
    held = RecorderDay(id="x", recorder="r", minutes=23_900, hour=9, people=people)
    assert recorder_limits(held, "per_3", 100, 9, RULES) == []
    assert recorder_limits(held, "per_60", 100, 9, RULES) == [ReviewReason.RECORDER_PEOPLE]
    assert recorder_limits(held, "per_60", 100, 10, RULES) == []
    assert recorder_limits(held, "per_3", 101, 9, RULES) == [ReviewReason.RECORDER_MINUTES]


def test_a_street_is_the_first_three_parts_of_a_path() -> None:
    assert street_of("420100/420102/420102002/420102002003/sta_1/") == "420100/420102/420102002"

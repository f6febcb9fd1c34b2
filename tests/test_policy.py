"""Policy: the calendar of rules, none of which works backwards."""

from datetime import date

import pytest

from ledger.entry import EMPTY
from tests.world import NOON
from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.policy import (
    SEED,
    Policy,
    PolicyCalendar,
    PolicyMalformed,
    PolicyVersion,
    decide_publish,
    read_policy,
)
from timebank.projections import Known

CALENDAR = PolicyCalendar(
    id="city", versions=((date(2016, 12, 1), "WH-2016-12"), (date(2027, 1, 1), "WH-2027-01"))
)


def test_the_calendar_gives_the_policy_of_a_day() -> None:
    days = [date(2000, 1, 1), date(2016, 12, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [CALENDAR.on(day) for day in days] == ["WH-2016-12"] * 3 + ["WH-2027-01"]


def test_a_batch_goes_by_the_calendar_as_it_stands_and_by_the_old_one_where_that_is_undone() -> (
    None
):
    old, new = (
        PolicyVersion(id=id, effective=day, seq=seq, document=read_policy(SEED.read_text("utf-8")))
        for seq, (day, id) in enumerate(CALENDAR.versions)
    )
    before = PolicyCalendar(id="city", versions=CALENDAR.versions[:1])
    known: Known = {(PolicyCalendar, "city"): before, (PolicyVersion, old.id): old}
    batch = Batch(known, tip=EMPTY, now=NOON, actor=SYSTEM, request="0" * 32)
    day, told = date(2027, 1, 1), list[Policy]()

    def publish() -> None:
        told.append(batch.policy_on(day))
        batch.put(new)
        batch.put(CALENDAR)
        told.append(batch.policy_on(day))
        raise PolicyMalformed(reason="undone")

    batch.attempt(publish)
    told.append(batch.policy_on(day))
    assert [policy is new.document for policy in told] == [False, True, False]


def test_the_first_policy_of_a_ledger_may_hold_already() -> None:
    assert decide_publish(read_policy(SEED.read_text("utf-8")), None, None).second is None


@pytest.mark.parametrize(
    ("told", "instead"),
    [
        ("id: WH-2016-12", "id: ''"),
        ("id: WH-2016-12", "id: '  '"),
        ("id: WH-2016-12", 'id: "WH\\x1b"'),
        ("id: WH-2016-12", f"id: {'W' * 41}"),
        ("timezone: Asia/Shanghai", "timezone: Asia/Tokyo"),
        ("supervisor_due: 03-31", "supervisor_due: 13-31"),
        ("registrar_due: 05-31", "registrar_due: 02-29"),
        ("foundation_due: 03-31", "foundation_due: W13-1"),
        ("balance_cap: 90000", "balance_cap: -1"),
        ("feedback_months: 3", "feedback_months: 0"),
        ("grade_years: 5", "grade_years: 0"),
        ("rounds: 2", "rounds: 0"),
        (" reviewers: 3", " reviewers: 0"),
        ("vote_days_max: 60", "vote_days_max: 0"),
        ("vote_days_max: 60", "vote_days_max: 61"),
        ("quorum_percent: 50", "quorum_percent: 100"),
        ("majority_percent: 50", "majority_percent: 100"),
        ("satisfaction_min_percent: 60", "satisfaction_min_percent: 101"),
        ("second_review_max: 720", "second_review_max: 479"),
        ("emergency_max: 960", "emergency_max: 1441"),
        ("late_days: 30", "late_days: 2"),
        ("order_min: 30", "order_min: 241"),
        ("week_max: 480", "week_max: 239"),
        ("reserve_stop_percent: 100", "reserve_stop_percent: 151"),
        ("minutes: [6000,", "minutes: ["),
        ("minutes: [6000,", "minutes: [-1,"),
        ("grade_points: [501,", "grade_points: ["),
        ("percent: [50, 40, 10]", "percent: [50, 40]"),
        ("percent: [50, 40, 10]", "percent: [100]"),
        ("percent: [50, 40, 10]", "percent: [90, 10, 0]"),
        ("percent: [50, 40, 10]", "percent: [110, -20, 10]"),
    ],
)
def test_a_policy_that_nothing_could_be_done_under_is_none(told: str, instead: str) -> None:
    seed = SEED.read_text("utf-8")
    assert seed.count(told) == 1
    with pytest.raises(PolicyMalformed):
        read_policy(seed.replace(told, instead))


@pytest.mark.parametrize(
    ("told", "instead"),
    [
        ("id: WH-2016-12", "id: 武汉2030"),
        ("registrar_due: 05-31", "registrar_due: 02-28"),
        ("gift_per_year: 6000", "gift_per_year: 0"),
        ("emergency_max: 960", "emergency_max: 1440"),
        ("vote_days_max: 60", "vote_days_max: 1"),
        ("percent: [50, 40, 10]", "percent: [30, 30, 40]"),
    ],
)
def test_a_city_may_say_otherwise(told: str, instead: str) -> None:
    read_policy(SEED.read_text("utf-8").replace(told, instead))

"""No-shows: what was held goes back, and a third one in 90 days keeps a helper out for 30."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.helping import HOUR, Street, open_street
from tests.test_matching import order as make
from tests.wire import act
from tests.world import key
from timebank import replay
from timebank.actors import PUBLIC
from timebank.help_life import HelpState
from timebank.lifecycles import NotInThisState
from timebank.matching import claim_help
from timebank.no_shows import (
    MatchingSuspended,
    NoShowTooEarly,
    decide_matchable,
    decide_no_show,
    decide_suspension,
    report_no_show,
)
from timebank.notices import inbox_of
from timebank.policy import SEED, read_policy
from timebank.refusals import NotFound, Unauthenticated
from timebank.settlements import start_help

RULES = read_policy(SEED.read_text("utf-8")).credit
TODAY = date(2026, 11, 20)
ENDS = datetime(2026, 11, 21, 5, tzinfo=UTC)


def test_a_no_show_is_told_once_the_ordered_time_is_over() -> None:
    held = make(state=HelpState.MATCHED, helper="per_1")
    decide_no_show(held, ENDS)
    with pytest.raises(NoShowTooEarly):
        decide_no_show(held, ENDS - timedelta(minutes=1))
    with pytest.raises(NotInThisState):
        decide_no_show(make(state=HelpState.IN_SERVICE, helper="per_1"), ENDS)


@pytest.mark.parametrize(
    ("ago", "until"),
    [
        ([], None),
        ([5], None),
        ([89, 0], date(2026, 12, 20)),
        ([90, 5], None),
        ([88, 40, 3], date(2026, 12, 20)),
    ],
)
def test_the_third_in_ninety_days_suspends_for_thirty(ago: list[int], until: date | None) -> None:
    days = [TODAY - timedelta(days=one) for one in ago]
    assert decide_suspension(days, TODAY, RULES) == until


def test_a_suspension_ends_with_its_last_day() -> None:
    decide_matchable(None, TODAY)
    decide_matchable(TODAY - timedelta(days=1), TODAY)
    with pytest.raises(MatchingSuspended) as no:
        decide_matchable(TODAY, TODAY)
    assert no.value.details == {"after": "2026-11-20"}


@pytest.fixture
async def street(database_url: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(database_url, tmp_path) as made:
        yield made


@pytest.mark.anyio
async def test_three_no_shows_keep_a_helper_from_being_matched_for_thirty_days(
    street: Street,
) -> None:
    for _ in range(3):
        order = await street.matched(starts_in=HOUR)
        street.world.clock.move(3 * HOUR)
        await report_no_show(street.elder, order=order, key=key())
        assert await street.state(order) is HelpState.NO_SHOW
        assert await street.minutes(street.elder) == 600
    told = [notice.code.value for notice in await inbox_of(street.helper)]
    assert told == ["help_no_show"] * 3
    waiting = await street.order()
    with pytest.raises(MatchingSuspended):
        await claim_help(street.helper, order=waiting, key=key())
    await claim_help(street.other, order=waiting, key=key())
    street.world.clock.move(timedelta(days=31))
    later = await street.order()
    await claim_help(street.helper, order=later, key=key())
    assert (await replay.compare(street.world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_who_may_report_a_no_show(street: Street) -> None:
    order = await street.matched(starts_in=HOUR)
    with pytest.raises(NoShowTooEarly):
        await report_no_show(street.elder, order=order, key=key())
    street.world.clock.move(3 * HOUR)
    for who in (street.helper, street.other):
        with pytest.raises(NotFound):
            await report_no_show(who, order=order, key=key())
    with pytest.raises(Unauthenticated):
        await report_no_show(PUBLIC, order=order, key=key())
    told = await act(street.world, street.clerk, "reportNoShow", "order { state }", order=order)
    assert told["order"]["state"] == "NO_SHOW"
    begun = await street.matched(starts_in=HOUR)
    await start_help(street.helper, order=begun, key=key())
    street.world.clock.move(3 * HOUR)
    with pytest.raises(NotInThisState):
        await report_no_show(street.elder, order=begun, key=key())

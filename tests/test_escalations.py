"""Escalations: what nobody takes, what nobody reports, and what nobody answers, by the timers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.helping import HOUR, MINUTE, WHOLE, Street, open_street
from tests.test_matching import order as make
from tests.world import key
from timebank import replay
from timebank.access import Role
from timebank.actors import SYSTEM
from timebank.escalations import (
    EscalatedAlready,
    StillAhead,
    StillWaiting,
    decide_escalation,
    decide_lapse,
    escalate_help,
    lapse_help,
)
from timebank.help_life import Escalation, HelpState
from timebank.help_orders import help_at
from timebank.lifecycles import NotInThisState
from timebank.matching import claim_help, withdraw_from_help
from timebank.notices import inbox_of, tell_in_person
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.settlements import (
    HelpAnswerOpen,
    HelpNotTold,
    confirm_help,
    decide_silent,
    settle_silent,
    start_help,
)
from timebank.timers import TIMERS, sweep

STARTS = datetime(2026, 11, 21, 4, tzinfo=UTC)
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("changes", "waited", "level", "refusal"),
    [
        ({}, 72 * HOUR, Escalation.STATION, None),
        ({}, 72 * HOUR - MINUTE, None, StillWaiting),
        ({"state": HelpState.ESCALATED, "level": Escalation.STATION}, 144 * HOUR, "street", None),
        (
            {"state": HelpState.ESCALATED, "level": Escalation.STATION},
            144 * HOUR - MINUTE,
            None,
            StillWaiting,
        ),
        (
            {"state": HelpState.ESCALATED, "level": Escalation.STREET},
            999 * HOUR,
            None,
            EscalatedAlready,
        ),
        ({"state": HelpState.MATCHED}, 999 * HOUR, None, NotInThisState),
    ],
)
def test_three_days_bring_an_order_to_the_station_and_three_more_to_the_street(
    changes: dict[str, Any], waited: timedelta, level: str | None, refusal: type[Refusal] | None
) -> None:
    held = make(**changes)
    if refusal is None:
        assert decide_escalation(held, held.waits_since + waited) == level
    else:
        with pytest.raises(refusal):
            decide_escalation(held, held.waits_since + waited)


@pytest.mark.parametrize(
    ("state", "after", "refusal"),
    [
        (HelpState.RESERVED, timedelta(0), None),
        (HelpState.ESCALATED, timedelta(0), None),
        (HelpState.RESERVED, -MINUTE, StillAhead),
        (HelpState.MATCHED, 31 * DAY, None),
        (HelpState.IN_SERVICE, 31 * DAY, None),
        (HelpState.MATCHED, 31 * DAY - MINUTE, StillAhead),
        (HelpState.DELIVERED, 99 * DAY, NotInThisState),
        (HelpState.CANCELLED, 99 * DAY, NotInThisState),
    ],
)
def test_what_nobody_took_or_reported_lapses(
    state: HelpState, after: timedelta, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        decide_lapse(make(state=state), STARTS + after, late_days=30)
    else:
        with pytest.raises(refusal):
            decide_lapse(make(state=state), STARTS + after, late_days=30)


def test_silence_says_something_once_a_notice_arrived_and_its_hours_are_over() -> None:
    until = STARTS + 72 * HOUR
    told = make(state=HelpState.DELIVERED, confirm_by=until)
    decide_silent(told, until)
    with pytest.raises(HelpAnswerOpen):
        decide_silent(told, until - MINUTE)
    with pytest.raises(HelpNotTold):
        decide_silent(make(state=HelpState.DELIVERED), until + 99 * DAY)
    with pytest.raises(NotInThisState):
        decide_silent(make(state=HelpState.DISPUTED, confirm_by=until), until)


# On a real bank


@pytest.fixture
async def street(database_url: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(database_url, tmp_path) as made:
        yield made


async def swept(name: str) -> int:
    """How many a timer did in a round."""
    (run,) = await sweep([timer for timer in TIMERS if timer.name == name])
    assert run.failed == 0
    return run.done


@pytest.mark.anyio
async def test_an_order_that_nobody_takes_goes_up_and_then_lapses(street: Street) -> None:
    order = await street.order(starts_in=10 * DAY)
    street.world.clock.move(71 * HOUR)
    assert await swept("help.unmatched") == 0
    with pytest.raises(StillWaiting):
        await escalate_help(SYSTEM, order=order)
    street.world.clock.move(HOUR + MINUTE)
    assert await swept("help.unmatched") == 1
    assert await swept("help.unmatched") == 0, "once a level"
    assert (await street.at(order)).level is Escalation.STATION
    path, officer = street.world.station_path, street.world.staff[Role.STREET_OFFICER]
    (seen,) = await help_at(officer, path, HelpState.ESCALATED, **WHOLE)
    assert seen.id == order
    street.world.clock.move(72 * HOUR)
    assert await swept("help.unmatched") == 1
    assert (await street.at(order)).level is Escalation.STREET
    with pytest.raises(EscalatedAlready):
        await escalate_help(SYSTEM, order=order)
    street.world.clock.move(4 * DAY)
    assert await swept("help.lapsed") == 1
    assert await street.state(order) is HelpState.CANCELLED
    assert await street.minutes(street.elder) == 600
    codes = [notice.code.value for notice in await inbox_of(street.elder)]
    assert codes == ["help_lapsed", "help_escalated", "help_escalated"]
    assert (await replay.compare(street.world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_helper_who_gives_an_order_back_lets_the_waiting_begin_again(
    street: Street,
) -> None:
    order = await street.order(starts_in=10 * DAY)
    street.world.clock.move(73 * HOUR)
    assert await swept("help.unmatched") == 1
    await claim_help(street.helper, order=order, key=key())
    await withdraw_from_help(street.helper, order=order, key=key())
    assert (await street.at(order)).level is None
    assert await swept("help.unmatched") == 0
    street.world.clock.move(72 * HOUR + MINUTE)
    assert await swept("help.unmatched") == 1


@pytest.mark.anyio
async def test_help_that_its_helper_never_reports_gives_its_minutes_back(street: Street) -> None:
    taken, begun = await street.matched(starts_in=HOUR), await street.matched(starts_in=3 * HOUR)
    street.world.clock.move(3 * HOUR)
    await start_help(street.helper, order=begun, key=key())
    street.world.clock.move(30 * DAY)
    assert await swept("help.lapsed") == 0
    street.world.clock.move(DAY)
    assert await swept("help.lapsed") == 2
    for order in (taken, begun):
        assert await street.state(order) is HelpState.CANCELLED
        assert await street.escrow(order) == 0


@pytest.mark.anyio
async def test_no_notice_no_silence_and_72_hours_after_it_arrived_the_helper_is_paid(
    street: Street,
) -> None:
    order = await street.delivered()
    street.world.clock.move(40 * DAY)
    assert await swept("help.silence") == 0
    with pytest.raises(HelpNotTold):
        await settle_silent(SYSTEM, order=order)

    await tell_in_person(street.clerk, person=street.elder.id, key=key())
    street.world.clock.move(72 * HOUR - MINUTE)
    assert await swept("help.silence") == 0
    with pytest.raises(HelpAnswerOpen):
        await settle_silent(SYSTEM, order=order)
    street.world.clock.move(MINUTE)
    assert await swept("help.silence") == 1
    assert await street.state(order) is HelpState.SETTLED
    assert await street.minutes(street.helper) == 60
    with pytest.raises(NotInThisState):
        await confirm_help(street.elder, order=order, key=key())
    assert (await replay.compare(street.world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_an_inbox_that_is_read_lets_the_hours_run_at_once(street: Street) -> None:
    await inbox_of(street.elder)
    order = await street.delivered()
    reported = street.world.clock.now()
    assert (await street.at(order)).confirm_by is not None
    street.world.clock.move(72 * HOUR + MINUTE)
    assert await swept("help.silence") == 1
    assert street.world.clock.now() > reported + 72 * HOUR


@pytest.mark.anyio
async def test_only_the_software_escalates_lapses_and_settles_by_silence(street: Street) -> None:
    order = await street.order()
    for refused in (
        escalate_help(street.manager, order=order),
        lapse_help(street.elder, order=order),
        settle_silent(street.helper, order=order),
    ):
        with pytest.raises(Forbidden):
            await refused
    for missing in (
        escalate_help(SYSTEM, order="hlp_none"),
        lapse_help(SYSTEM, order="hlp_none"),
        settle_silent(SYSTEM, order="hlp_none"),
    ):
        with pytest.raises(NotFound):
            await missing

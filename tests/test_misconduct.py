"""Misconduct: what counts as upheld against a volunteer, what does not, and what clears it."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from tests.disputes import decided, objected
from tests.volunteering import captured, confirmed, posted, visited
from tests.world import World, key, open_world
from timebank import replay
from timebank.access import Role
from timebank.confirmations import accept_hours
from timebank.misconduct import NotClean, Upheld, clean_from, decide_clean, misconduct_of
from timebank.objection_life import Grounds
from timebank.objections import ask_for_review
from timebank.record_life import ReverseReason
from timebank.reversals import repudiate_hours, reverse_hours

DAY = date(2026, 11, 20)
UPHELD = (Upheld(about="rec_1", day=date(2020, 1, 31)), Upheld(about="rec_2", day=DAY))


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path) as opened:
        yield opened


def test_the_months_are_counted_from_the_latest_day() -> None:
    assert clean_from(UPHELD, DAY, 36) == date(2029, 11, 20)
    assert clean_from(UPHELD, date(2029, 11, 20), 36) is None
    assert clean_from((), DAY, 36) is None
    with pytest.raises(NotClean) as no:
        decide_clean(UPHELD, date(2029, 11, 19), 36)
    assert (no.value.day, no.value.clean) == (DAY, date(2029, 11, 20))
    decide_clean(UPHELD, date(2029, 11, 20), 36)


@pytest.mark.anyio
async def test_service_that_never_was_and_was_accepted_by_the_own_hand_is_misconduct(
    world: World,
) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    by_hand = await posted(world, who)
    await reverse_hours(lead, records=[by_hand], reason=ReverseReason.NEVER_HAPPENED, key=key())
    assert [one.about for one in await misconduct_of(who.person or "")] == [by_hand]
    other = await world.volunteer()
    visit = await visited(world, other)
    await confirmed(world, [visit])
    await reverse_hours(lead, records=[visit], reason=ReverseReason.NEVER_HAPPENED, key=key())
    assert [one.about for one in await misconduct_of(other.person or "")] == [visit]
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_wrong_record_or_one_that_somebody_else_accepted_is_none(world: World) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    wrong = await posted(world, who)
    await reverse_hours(lead, records=[wrong], reason=ReverseReason.RECORDED_WRONGLY, key=key())
    counter = await captured(world, who, by=world.staff[Role.STATION_CLERK], minutes=30)
    await confirmed(world, [counter])
    clerk = await world.officer(Role.STATION_CLERK, world.station_path)
    await accept_hours(clerk, records=[counter], key=key())
    await reverse_hours(lead, records=[counter], reason=ReverseReason.NEVER_HAPPENED, key=key())
    disowned = await posted(world, who, minutes=20)
    await repudiate_hours(who, records=[disowned], key=key())
    assert await misconduct_of(who.person or "") == ()


@pytest.mark.anyio
async def test_an_objection_upheld_counts_and_its_review_clears(world: World) -> None:
    who = await world.volunteer()
    record = await posted(world, who)
    made = await objected(world, who, record)
    await decided(world, made, Grounds.NEVER_HAPPENED)
    assert [one.about for one in await misconduct_of(who.person or "")] == [record]
    await ask_for_review(who, objection=made, appeal="我去过", key=key())
    other = await world.officer(Role.DISTRICT_LEAD)
    await decided(world, made, Grounds.RECORDED_RIGHTLY, by=other)
    assert await misconduct_of(who.person or "") == ()
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_an_objection_upheld_because_the_times_were_wrong_is_none(world: World) -> None:
    who = await world.volunteer()
    made = await objected(world, who)
    await decided(world, made, Grounds.RECORDED_WRONGLY)
    assert await misconduct_of(who.person or "") == ()
    again = await captured(world, who, minutes=15)
    await confirmed(world, [again])
    await accept_hours(who, records=[again], key=key())

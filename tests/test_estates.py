"""Estates: who reports a death does not settle it, and the district sees what waits for it."""

from datetime import date, timedelta

import pytest

from tests.test_closings import RULES, TODAY, YEAR_LATER, frozen, holder
from tests.world import World, key
from timebank.access import Role, grant_role
from timebank.actors import PUBLIC, SYSTEM
from timebank.closings import ClosingState, Rest, close_account
from timebank.counter import OwnCounter
from timebank.divisions import CITY_PATH
from timebank.estates import (
    Estate,
    EstateOver,
    EstateTooSoon,
    ReporterSettles,
    decide_estate,
    estates_at,
    report_death,
    settle_estate,
    visible_estates,
)
from timebank.lifecycles import NotInThisState
from timebank.people import PersonNotActive
from timebank.refusals import NotFound, Refusal, Unauthenticated

pytestmark = pytest.mark.one_database

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "state", "refusal"),
    [
        (TODAY + 7 * DAY, ClosingState.FROZEN, EstateTooSoon),
        (TODAY + 8 * DAY, ClosingState.FROZEN, None),
        (YEAR_LATER, ClosingState.FROZEN, None),
        (YEAR_LATER + DAY, ClosingState.FROZEN, EstateOver),
        (YEAR_LATER, ClosingState.KEPT, NotInThisState),
        (YEAR_LATER, ClosingState.SETTLED, NotInThisState),
    ],
)
def test_heirs_come_when_all_rests_and_before_a_year_is_over(
    day: date, state: ClosingState, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        decide_estate(frozen(state), day, RULES)
    else:
        with pytest.raises(refusal):
            decide_estate(frozen(state), day, RULES)


@pytest.mark.anyio
async def test_nobody_reports_and_settles_the_same_death_or_inherits_by_their_own_hand(
    world: World,
) -> None:
    dead, other = await holder(world), await holder(world)
    lead, clerk = world.staff[Role.DISTRICT_LEAD], world.staff[Role.STATION_CLERK]
    with pytest.raises(NotFound):
        await report_death(lead, person=dead.id, key=key())
    with pytest.raises(Unauthenticated):
        await report_death(PUBLIC, person=dead.id, key=key())
    both = await world.officer(Role.DISTRICT_LEAD)
    await grant_role(
        SYSTEM, person=both.id, role=Role.STATION_CLERK, scope=world.station_path, key=key()
    )
    await report_death(both, person=dead.id, key=key())
    await report_death(clerk, person=other.id, key=key())
    world.clock.move(8 * DAY)
    with pytest.raises(ReporterSettles):
        await settle_estate(both, person=dead.id, key=key())
    own, gone = await world.number_of(lead), await world.number_of(other)
    with pytest.raises(OwnCounter):
        await settle_estate(lead, person=dead.id, heir=own, key=key())
    with pytest.raises(PersonNotActive):
        await settle_estate(lead, person=dead.id, heir=gone, key=key())
    told = await settle_estate(lead, person=dead.id, key=key())
    assert (told.taken, told.donated) == (0, 100)


@pytest.mark.anyio
async def test_a_district_sees_the_estates_of_its_own_people_until_they_are_settled(
    world: World,
) -> None:
    first, second, third = [await holder(world, minutes) for minutes in (90, 40, 10)]
    lead, clerk = world.staff[Role.DISTRICT_LEAD], world.staff[Role.STATION_CLERK]
    elsewhere = await world.officer(Role.DISTRICT_LEAD, f"{CITY_PATH}420103/")
    await close_account(await holder(world), rest=Rest.KEEP, key=key())
    await report_death(clerk, person=first.id, key=key())
    world.clock.move(DAY)
    both = await world.officer(Role.DISTRICT_LEAD)
    await grant_role(
        SYSTEM, person=both.id, role=Role.STATION_CLERK, scope=world.station_path, key=key()
    )
    for dead in (second, third):
        await report_death(both, person=dead.id, key=key())
    seen = await estates_at(lead, world.station_path)
    assert seen[0] == Estate(
        person=first.id,
        since=TODAY,
        first=TODAY + 8 * DAY,
        until=YEAR_LATER,
        minutes=90,
        reported=False,
    )
    assert [one.person for one in seen] == [first.id, second.id, third.id]
    reported = [one.reported for one in await estates_at(both, world.station_path)]
    assert reported == [False, True, True]
    # A page begins within a day: after the second of two that end on the same one.
    day = (YEAR_LATER + DAY).isoformat()
    (after,) = await estates_at(lead, f"{CITY_PATH}420102/", after=(day, second.id))
    before = await estates_at(
        lead, world.station_path, before=(day, third.id), limit=1, backward=True
    )
    assert (after.person, [one.person for one in before]) == (third.id, [second.id])
    assert await estates_at(elsewhere, world.station_path) == []
    assert await estates_at(clerk, world.station_path) == []
    assert await visible_estates(elsewhere, [first.id]) == {}
    world.clock.move(9 * DAY)
    await settle_estate(lead, person=first.id, key=key())
    assert list(await visible_estates(lead, [first.id, second.id])) == [second.id]
    left = await estates_at(lead, world.station_path)
    assert [one.person for one in left] == [second.id, third.id]

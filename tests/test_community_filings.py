"""Filings: two founders, ten members, a street that decides in seven days, three years."""

from datetime import date, timedelta

import pytest

from tests.organising import filed, filing, organisation_of, roles_over
from tests.wire import act
from tests.world import World, key
from timebank.access import Role
from timebank.actors import SYSTEM
from timebank.community_filings import (
    FilingAreaTooWide,
    FilingTooSmall,
    decide_filing_size,
    file_organisation,
    refuse_filing,
)
from timebank.divisions import CITY
from timebank.lifecycles import NotInThisState
from timebank.organisation_endings import OrganisationNotDue, move_organisation_on
from timebank.organisation_life import OrganisationState, RegistrationRefuseReason
from timebank.policy import SEED, read_policy
from timebank.refusals import NotFound
from timebank.registration_rulings import ReasonMissing
from timebank.timers import TIMERS, sweep

pytestmark = pytest.mark.one_database

RULES = read_policy(SEED.read_text("utf-8")).organisation


@pytest.mark.parametrize(
    ("founders", "members", "fits"), [(2, 10, True), (1, 10, False), (2, 9, False)]
)
def test_two_founders_and_ten_members_are_enough(founders: int, members: int, fits: bool) -> None:
    if fits:
        decide_filing_size(founders, members, RULES)
    else:
        with pytest.raises(FilingTooSmall):
            decide_filing_size(founders, members, RULES)


@pytest.mark.anyio
async def test_the_street_decides_in_seven_days_and_the_filing_lasts_three_years(
    world: World,
) -> None:
    founder = await world.volunteer()
    organisation = await filing(world, founder)
    assert (await organisation_of(organisation)).due == date(2026, 11, 27)
    for wrong in (await world.officer(Role.STREET_OFFICER, "420100/420103/"), founder):
        with pytest.raises(NotFound):
            await file_organisation(wrong, organisation=organisation, key=key())
    await file_organisation(world.staff[Role.STREET_OFFICER], organisation=organisation, key=key())
    held = await organisation_of(organisation)
    assert (held.state, held.due) == (OrganisationState.FILED, date(2029, 11, 20))
    assert held.code is None
    assert len(await roles_over(founder, organisation)) == 1
    with pytest.raises(OrganisationNotDue):
        await move_organisation_on(SYSTEM, organisation=organisation)
    world.clock.move(timedelta(days=3 * 365 + 2))
    await sweep([timer for timer in TIMERS if timer.name == "organisations.due"])
    assert (await organisation_of(organisation)).state is OrganisationState.FILING_LAPSED
    assert await roles_over(founder, organisation) == [], "whoever ended is acted for by nobody"


@pytest.mark.anyio
async def test_a_street_refuses_for_reasons_and_files_what_is_at_home_in_it(world: World) -> None:
    founder, street = await world.volunteer(), world.staff[Role.STREET_OFFICER]
    with pytest.raises(FilingAreaTooWide):
        await filing(world, founder, area=CITY)
    with pytest.raises(FilingTooSmall):
        await filing(world, founder, members=9)
    organisation = await filing(world, founder)
    with pytest.raises(ReasonMissing):
        await refuse_filing(street, organisation=organisation, reasons=[], key=key())
    reasons = [RegistrationRefuseReason.ALREADY_SERVED]
    await refuse_filing(street, organisation=organisation, reasons=reasons, key=key())
    with pytest.raises(NotInThisState):
        await file_organisation(street, organisation=organisation, key=key())
    shown = await act(
        world,
        founder,
        "askFiling",
        "organisation { state form daysLeft reasons }",
        area="420102002",
        name="舞蹈队",
        founders=2,
        members=12,
    )
    assert shown["organisation"] == {
        "state": "FILING_ASKED",
        "form": "COMMUNITY_GROUP",
        "daysLeft": 7,
        "reasons": [],
    }
    await filed(world, founder)

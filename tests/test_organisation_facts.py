"""Facts: an organisation's numbers are sums over entries, and replay to the same."""

from datetime import timedelta

import pytest

from tests.annual import team_tied
from tests.organising import registered, registrar
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.activities import ActivityKind, Move, move_activity
from timebank.activity_life import CancelReason
from timebank.activity_plans import declare_activity
from timebank.entries import entries
from timebank.organisation_changes import ChangeKind, approve_change, ask_change
from timebank.organisation_endings import clear_abnormal, list_abnormal
from timebank.organisation_facts import facts_of, facts_that_stand
from timebank.organisation_life import AbnormalReason
from timebank.organisation_teams import untie_team
from timebank.wait_lists import cancel_activity

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]


async def activity(world: World, *, start: bool) -> None:
    """An activity of the station's team, held or cancelled."""
    manager = world.staff[Role.STATION_MANAGER]
    starts = world.clock.now()
    made = await declare_activity(
        manager,
        station=world.station,
        team=world.team,
        kind=ActivityKind.ELDER,
        title="探访",
        seats=3,
        starts=starts,
        ends=starts + timedelta(hours=1),
        key=key(),
    )
    await move_activity(manager, activity=made.activity, move=Move.OPEN, key=key())
    if start:
        await move_activity(manager, activity=made.activity, move=Move.START, key=key())
    else:
        reason = next(iter(CancelReason))
        await cancel_activity(manager, activity=made.activity, reason=reason, key=key())


async def test_every_number_of_a_year_leads_to_the_entries_that_make_it(world: World) -> None:
    founder, officer = await world.volunteer(), registrar(world)
    organisation = await registered(world, founder)
    await activity(world, start=True)
    await team_tied(world, founder, organisation)
    await activity(world, start=True)
    await activity(world, start=False)
    change = await ask_change(
        founder,
        organisation=organisation,
        what=ChangeKind.ADDRESS,
        to="汉口路1号",
        decided_on=world.clock.now().date() - timedelta(days=40),
        key=key(),
    )
    await approve_change(officer, change=change.change, key=key())
    reason = AbnormalReason.UNREACHABLE
    await list_abnormal(officer, organisation=organisation, reason=reason, key=key())
    await clear_abnormal(officer, organisation=organisation, key=key())
    await untie_team(founder, team=world.team, key=key())
    await activity(world, start=True)
    told = await facts_of(organisation, 2026)
    assert {field: fact.amount for field, fact in told.items()} == {
        "activities_declared": 2,
        "activities_held": 1,
        "activities_cancelled": 1,
        "changes": 1,
        "late_changes": 1,
        "abnormal_listings": 1,
        "abnormal_cleared": 1,
        "teams_joined": 1,
        "teams_left": 1,
        "roles_given": 1,
    }
    auditor = await world.officer(Role.AUDITOR)
    seqs = told["activities_declared"].entries
    found = await entries(auditor, seqs)
    assert [found[seq].kind for seq in seqs] == ["activity.declared"] * 2
    assert await facts_of(organisation, 2025) == {}
    stands = await facts_that_stand(organisation)
    said = await entries(auditor, [stands["address"], stands["code"]])
    assert said[stands["address"]].kind == "organisation.change_approved"
    assert said[stands["code"]].kind == "organisation.registered"
    assert (await replay.compare(world.settings.database_url)).differing == 0

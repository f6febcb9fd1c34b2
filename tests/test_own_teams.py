"""An organisation's own teams: whoever stands for it runs their activities and confirms the roster.

As long as the organisation and the tie stand, and with the three keys as for everybody.
"""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.annual import team_tied
from tests.organising import organisation_of, registered, registrar
from tests.volunteering import captured, confirmed, record_of
from tests.world import World, found_station, key
from timebank import access, replay
from timebank.access import Role, grant_role, may_read
from timebank.activities import ActivityKind, Move, move_activity
from timebank.activity_plans import declare_activity
from timebank.actors import SYSTEM, Actor
from timebank.attendance import end_activity, scan
from timebank.captures import capture_hours
from timebank.confirmations import OwnHours, SameHand, confirm_hours, reject_hours, review_hours
from timebank.hours import records_at
from timebank.organisation_endings import revoke_organisation
from timebank.organisation_life import RevokeReason
from timebank.organisation_teams import ask_for_team, untie_team
from timebank.programme import station_day
from timebank.projections import Rows
from timebank.record_life import RecordState, RejectReason
from timebank.refusals import Forbidden, NotFound
from timebank.representatives import appoint_representative
from timebank.rights import OVER_OWN_TEAMS, Action
from timebank.sign_ups import sign_up

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]

HOUR = timedelta(hours=1)
REPRESENTS, FINANCE = Role.ORGANISATION_REPRESENTATIVE, Role.ORGANISATION_FINANCE


async def declared(world: World, who: Actor, *, team: str | None = None) -> str:
    """An activity of the team, or of the station itself."""
    starts = world.clock.now()
    made = await declare_activity(
        who,
        station=world.station,
        team=team,
        kind=ActivityKind.ELDER,
        title="独居老人探访",
        seats=5,
        starts=starts,
        ends=starts + 2 * HOUR,
        key=key(),
    )
    return made.activity


async def running(world: World, who: Actor, *guests: Actor) -> str:
    """An activity of the team that somebody brought on and others signed up for."""
    activity = await declared(world, who, team=world.team)
    await move_activity(who, activity=activity, move=Move.OPEN, key=key())
    for guest in guests:
        await sign_up(guest, activity=activity, key=key())
    await move_activity(who, activity=activity, move=Move.START, key=key())
    return activity


async def noted(world: World, by: Actor, whose: Actor, activity: str) -> str:
    """A record by hand of somebody's service at an activity."""
    ends = world.clock.now()
    made = await capture_hours(
        by,
        volunteer=whose.id,
        station=world.station,
        starts=ends - HOUR,
        ends=ends,
        kind=ActivityKind.ELDER,
        activity=activity,
        key=key(),
    )
    return made.record


async def appointed(
    world: World, founder: Actor, organisation: str, role: Role = REPRESENTS
) -> Actor:
    """Somebody else who acts for an organisation."""
    who = await world.volunteer()
    await appoint_representative(
        founder,
        organisation=organisation,
        number=await world.number_of(who),
        role=role,
        key=key(),
    )
    return who


async def allowed(who: Actor, path: str) -> set[Action]:
    """What somebody may do of what a representative does over own teams."""
    return {action for action in OVER_OWN_TEAMS if await may_read(who, action, path)}


async def test_representatives_run_their_teams_and_confirm_each_others_roster(
    world: World,
) -> None:
    founder, whose = await world.volunteer(), await world.volunteer()
    organisation = await registered(world, founder)
    await team_tied(world, founder, organisation)
    other = await appointed(world, founder, organisation)
    path = f"{world.station_path}{world.team}/"

    activity = await running(world, founder, whose)
    await scan(founder, activity=activity, number=await world.number_of(whose), key=key())
    record = await noted(world, founder, whose, activity)
    assert [one.id for one in await records_at(other, path, RecordState.CAPTURED)] == [record]
    with pytest.raises(SameHand):
        await confirm_hours(founder, records=[record], key=key())
    with pytest.raises(Forbidden):
        await review_hours(other, records=[record], key=key())
    await confirm_hours(other, records=[record], key=key())
    assert (await record_of(record)).state is RecordState.CONFIRMED

    own = await noted(world, founder, other, activity)
    with pytest.raises(OwnHours):
        await confirm_hours(other, records=[own], key=key())
    await reject_hours(
        world.staff[Role.STATION_MANAGER],
        records=[own],
        reason=RejectReason.NOT_ATTENDED,
        key=key(),
    )
    await end_activity(other, activity=activity, key=key())
    await move_activity(other, activity=activity, move=Move.FILE, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_a_day_of_the_team_s_is_told_without_the_station_s(world: World) -> None:
    founder, whose = await world.volunteer(), await world.volunteer()
    organisation = await registered(world, founder)
    await team_tied(world, founder, organisation)
    activity = await running(world, founder, whose)
    await sign_up(whose, activity=await world.activity(starts_in=5 * HOUR), key=key())
    await noted(world, founder, whose, activity)
    await captured(world, founder)
    whole = await station_day(world.staff[Role.STATION_CLERK], world.station)
    own = await station_day(founder, world.station, team=world.team)
    assert whole
    assert own
    assert (whole.signed_up, whole.to_confirm) == (2, 2)
    assert (own.activities, own.signed_up, own.to_confirm) == ((activity,), 1, 1)
    other = await found_station(world, number="002")
    assert await station_day(founder, world.station) is None
    assert await station_day(founder, other, team=world.team) is None
    assert await station_day(founder, world.station, team="tea_none") is None


async def test_they_reach_nothing_but_their_own_teams(world: World) -> None:
    founder, stranger = await world.volunteer(), await world.volunteer()
    organisation = await registered(world, founder)
    await registered(world, stranger)
    path = f"{world.station_path}{world.team}/"
    await ask_for_team(founder, organisation=organisation, team=world.team, key=key())
    with pytest.raises(Forbidden):
        await declared(world, founder, team=world.team)
    assert await allowed(founder, path) == set(), "the station has not agreed yet"
    await untie_team(founder, team=world.team, key=key())
    await team_tied(world, founder, organisation)
    finance = await appointed(world, founder, organisation, FINANCE)

    assert await allowed(founder, path) == OVER_OWN_TEAMS
    for action in (Action.FIND_PERSON, Action.CLAIM_FOR_TEAM, Action.REVIEW_HOURS):
        assert not await may_read(founder, action, path)
    for who, where in ((founder, world.station_path), (finance, path), (stranger, path)):
        assert await allowed(who, where) == set()
    with pytest.raises(Forbidden):
        await declared(world, founder)
    for who in (finance, stranger):
        with pytest.raises(Forbidden):
            await declared(world, who, team=world.team)


@pytest.mark.parametrize("ended", ["the tie", "the organisation"])
async def test_what_has_ended_gives_no_right(world: World, ended: str) -> None:
    founder, whose = await world.volunteer(), await world.volunteer()
    organisation = await registered(world, founder)
    await team_tied(world, founder, organisation)
    other = await appointed(world, founder, organisation)
    path = f"{world.station_path}{world.team}/"
    activity = await running(world, founder)
    record = await noted(world, founder, whose, activity)
    if ended == "the tie":
        await untie_team(founder, team=world.team, key=key())
    else:
        scope = (await organisation_of(organisation)).path
        await revoke_organisation(
            registrar(world), organisation=organisation, reason=RevokeReason.NO_ACTIVITY, key=key()
        )
        for who in (founder, other):
            # By whatever way somebody comes to stand for what is no more.
            await grant_role(SYSTEM, person=who.id, role=REPRESENTS, scope=scope, key=key())

    assert await allowed(other, path) == set()
    assert await records_at(other, path, RecordState.CAPTURED) == []
    with pytest.raises(Forbidden):
        await declared(world, other, team=world.team)
    with pytest.raises(Forbidden):
        await move_activity(other, activity=activity, move=Move.FILE, key=key())
    with pytest.raises(Forbidden):
        await noted(world, other, whose, activity)
    with pytest.raises(NotFound):
        await confirm_hours(other, records=[record], key=key())
    await confirmed(world, [record])


async def test_nobody_else_is_asked_what_lies_elsewhere(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Never:
        def reaches(self, rows: Rows, scope: str, path: str) -> bool:
            raise AssertionError("another look-up")

        async def reached(self, scopes: Sequence[str]) -> tuple[str, ...]:
            raise AssertionError("another statement")

    monkeypatch.setattr(access, "ELSEWHERE", [Never()])
    manager, whose = world.staff[Role.STATION_MANAGER], await world.volunteer()
    stranger = await world.officer(Role.STATION_MANAGER, "420100/420103/")
    record = await noted(world, manager, whose, await running(world, manager, whose))
    with pytest.raises(NotFound):
        await confirm_hours(stranger, records=[record], key=key())
    for who in (stranger, whose):
        with pytest.raises(Forbidden):
            await declared(world, who, team=world.team)
        assert await records_at(who, world.station_path, RecordState.CAPTURED) == []

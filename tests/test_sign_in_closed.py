"""Who closed an account, or died: who signs in, what rests, and what a person may still do."""

import pytest

from tests.volunteering import captured, posted, record_of
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.access import AccountNotOpen, Grants, HolderGone, Role, grant_role, permit_self
from timebank.actors import PUBLIC, SYSTEM, Actor, person
from timebank.closings import Rest, close_account, reopen_account
from timebank.confirmations import confirm_hours
from timebank.divisions import CITY_PATH
from timebank.estates import report_death, withdraw_death
from timebank.hours import visible_records
from timebank.households import invite_to_household
from timebank.kin import Kinship, propose_kin
from timebank.notices import inbox_of
from timebank.objection_life import ObjectionReason
from timebank.objections import raise_objection
from timebank.proxies import name_proxy
from timebank.record_life import RecordState
from timebank.refusals import Forbidden, Unauthenticated
from timebank.reversals import repudiate_hours
from timebank.sign_in import (
    Cost,
    SignInFailed,
    actor_of,
    open_session,
    sessions_of,
    set_password,
    sign_in,
)
from timebank.tables import find

CHEAP = Cost(iterations=1, memory_kib=8)
PASSWORD = "correct horse"


async def with_password(world: World) -> tuple[Actor, str]:
    """A volunteer with a password, and their number."""
    who = await world.volunteer()
    await set_password(SYSTEM, whose=who.id, password=PASSWORD, cost=CHEAP)
    return who, await world.number_of(who)


def test_only_what_is_said_to_be_is_for_a_closed_account() -> None:
    closed = person("per_1", closed=True)
    assert permit_self(closed, closed_too=True) == "per_1"
    with pytest.raises(AccountNotOpen):
        permit_self(closed)
    with pytest.raises(Unauthenticated):
        permit_self(PUBLIC, closed_too=True)


# The dead


@pytest.mark.anyio
async def test_nobody_signs_in_as_the_dead_and_their_sessions_are_worth_nothing(
    world: World,
) -> None:
    who, number = await with_password(world)
    token = (await sign_in(number=number, password=PASSWORD)).token
    assert (await actor_of(token)).person == who.id
    clerk, lead = world.staff[Role.STATION_CLERK], world.staff[Role.DISTRICT_LEAD]
    await report_death(clerk, person=who.id, key=key())
    assert await actor_of(token) == PUBLIC
    # A right password says no more than a wrong one: a death is nobody's to find out here.
    for tried in (PASSWORD, "wrong password"):
        with pytest.raises(SignInFailed):
            await sign_in(number=number, password=tried)
    with pytest.raises(SignInFailed):
        await open_session(who.id)
    await withdraw_death(lead, person=who.id, key=key())
    assert (await actor_of(token)).person == who.id
    assert (await sign_in(number=number, password=PASSWORD)).person == who.id
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_the_roles_of_the_dead_rest_until_the_report_is_withdrawn(world: World) -> None:
    who, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    await grant_role(
        SYSTEM, person=who.id, role=Role.STATION_MANAGER, scope=world.station_path, key=key()
    )
    id = await captured(world, await world.volunteer())
    await report_death(clerk, person=who.id, key=key())
    # Even an actor that was signed in before: the decision asks the row, under the lock.
    before = person(who.id, staff=True)
    assert await visible_records(before, [id]) == {}
    await withdraw_death(world.staff[Role.DISTRICT_LEAD], person=who.id, key=key())
    await confirm_hours(before, records=[id], key=key())
    assert (await record_of(id)).state is RecordState.CONFIRMED


# The closed


@pytest.mark.anyio
async def test_who_closed_an_account_signs_in_to_come_back_and_is_no_staff(world: World) -> None:
    who, number = await with_password(world)
    await grant_role(
        SYSTEM, person=who.id, role=Role.STATION_CLERK, scope=world.station_path, key=key()
    )
    token = (await open_session(who.id)).token
    assert (await actor_of(token)).staff
    await close_account(await actor_of(token), rest=Rest.KEEP, key=key())
    actor = await actor_of(token)
    assert (actor.closed, actor.staff) == (True, False)
    assert (await actor_of((await sign_in(number=number, password=PASSWORD)).token)).closed
    with pytest.raises(Forbidden):
        await captured(world, await world.volunteer(), by=actor)
    told = await act(world, actor, "reopenAccount", "person { state }")
    assert told["person"] == {"state": "ACTIVE"}
    back = await actor_of(token)
    assert (back.closed, back.staff) == (False, True)
    await captured(world, await world.volunteer(), by=back)
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_closed_account_ties_nobody_and_is_given_no_role(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    number = await world.number_of(other)
    await close_account(who, rest=Rest.KEEP, key=key())
    actor = await actor_of((await open_session(who.id)).token)
    with pytest.raises(AccountNotOpen):
        await propose_kin(actor, number=number, kinship=Kinship.OTHER, key=key())
    with pytest.raises(AccountNotOpen):
        await invite_to_household(actor, number=number, key=key())
    with pytest.raises(AccountNotOpen):
        await name_proxy(actor, number=number, key=key())
    with pytest.raises(HolderGone):
        await grant_role(SYSTEM, person=who.id, role=Role.AUDITOR, scope=CITY_PATH, key=key())
    held = await find(Grants, who.id)
    assert held
    assert held.grants == ()
    refused = await act(world, actor, "nameProxy", "entry { seq }", number=number)
    assert [no["code"] for no in refused["userErrors"]] == ["ACCOUNT_NOT_OPEN"]


@pytest.mark.anyio
async def test_who_closed_an_account_still_says_not_me_objects_and_reads_their_own(
    world: World,
) -> None:
    who = await world.volunteer()
    first = await posted(world, who)
    clerk = await world.officer(Role.STATION_CLERK, world.station_path)
    second = await captured(world, await world.volunteer(), by=clerk)
    await close_account(who, rest=Rest.KEEP, key=key())
    token = (await open_session(who.id)).token
    actor = await actor_of(token)
    await raise_objection(
        actor, record=first, reason=ObjectionReason.WRONG_TIMES, statement="记错了", key=key()
    )
    await repudiate_hours(actor, records=[first], key=key())
    assert (await record_of(first)).state is RecordState.REPUDIATED
    assert await visible_records(actor, [first, second]) == {first: await record_of(first)}
    assert [session.person for session in await sessions_of(actor)] == [who.id]
    assert await inbox_of(actor) != []
    seen = await ask(world, actor, "{ me { state } serviceMinutes }")
    assert seen == {"me": {"state": "CLOSED"}, "serviceMinutes": 0}
    await reopen_account(actor, key=key())

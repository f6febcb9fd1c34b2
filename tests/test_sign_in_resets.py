"""Lost passwords and second factors: reset at the counter."""

import pytest

from tests.moving import entries_of
from tests.wire import act
from tests.world import World, key
from timebank import sign_in as door
from timebank.access import Role, grant_role
from timebank.actors import PUBLIC, SYSTEM
from timebank.argon import Cost
from timebank.counter import OwnCounter
from timebank.refusals import NotFound
from timebank.second_factors import set_up_second_factor
from timebank.sign_in import ATTEMPTS, LockedOut, SignInFailed, actor_of, open_session, sign_in
from timebank.sign_in_resets import (
    CODE_HOLDS,
    Credential,
    HoldsRole,
    ResetCode,
    ResetCodeWrong,
    reset_sign_in,
    set_password_by_code,
)
from timebank.tables import find, select
from timebank.totp import SecondFactor

pytestmark = pytest.mark.one_database

CHEAP = Cost(iterations=1, lanes=1, memory_kib=64)
OLD, NEW = "长江大桥1957年通车", "武汉长江二桥1995"


@pytest.mark.anyio
async def test_a_lost_password_is_void_at_once_and_a_code_sets_another(world: World) -> None:
    volunteer, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    await door.set_password(SYSTEM, whose=volunteer.person or "", password=OLD, cost=CHEAP)
    number = await world.number_of(volunteer)
    before = await open_session(volunteer.person or "")
    told = await reset_sign_in(clerk, number=number, what=Credential.PASSWORD)
    assert told.code
    assert not (await actor_of(before.token)).known
    with pytest.raises(SignInFailed):
        await sign_in(number=number, password=OLD)
    kept = await find(ResetCode, volunteer.person or "")
    assert kept
    assert told.code not in kept.mark
    with pytest.raises(ResetCodeWrong):
        await set_password_by_code(number=number, code="00000000", password=NEW, cost=CHEAP)
    await set_password_by_code(number=number, code=told.code, password=NEW, cost=CHEAP)
    assert (await sign_in(number=number, password=NEW)).person == volunteer.person
    with pytest.raises(ResetCodeWrong):
        await set_password_by_code(number=number, code=told.code, password=OLD, cost=CHEAP)


@pytest.mark.anyio
async def test_a_code_is_good_for_an_hour_and_guesses_lock(world: World) -> None:
    volunteer, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    number = await world.number_of(volunteer)
    late = await reset_sign_in(clerk, number=number, what=Credential.PASSWORD)
    world.clock.move(CODE_HOLDS)
    with pytest.raises(ResetCodeWrong):
        await set_password_by_code(number=number, code=late.code or "", password=NEW, cost=CHEAP)
    told = await reset_sign_in(clerk, number=number, what=Credential.PASSWORD)
    for _ in range(ATTEMPTS):
        with pytest.raises(ResetCodeWrong):
            await set_password_by_code(number=number, code="00000000", password=NEW, cost=CHEAP)
    with pytest.raises(LockedOut):
        await set_password_by_code(number=number, code=told.code or "", password=NEW, cost=CHEAP)
    unknown = "WH-0000-000-0000"
    with pytest.raises(ResetCodeWrong):
        await set_password_by_code(number=unknown, code="00000000", password=NEW, cost=CHEAP)


@pytest.mark.anyio
async def test_of_whoever_holds_a_role_only_the_operator_resets(world: World) -> None:
    clerk, operator = world.staff[Role.STATION_CLERK], await world.officer(Role.OPERATOR)
    leader = await world.volunteer()
    assert leader.person
    scope, number = world.station_path, await world.number_of(leader)
    await grant_role(SYSTEM, person=leader.person, role=Role.TEAM_LEADER, scope=scope, key=key())
    with pytest.raises(HoldsRole):
        await reset_sign_in(clerk, number=number, what=Credential.SECOND_FACTOR)
    far = await world.officer(Role.STATION_CLERK, "420100/420103/")
    with pytest.raises(NotFound):
        await reset_sign_in(far, number=number, what=Credential.SECOND_FACTOR)
    own = await world.number_of(operator)
    with pytest.raises(OwnCounter):
        await reset_sign_in(operator, number=own, what=Credential.PASSWORD)
    await door.set_password(SYSTEM, whose=leader.person, password=OLD, cost=CHEAP)
    await set_up_second_factor(leader, password=OLD)
    done = await reset_sign_in(operator, number=number, what=Credential.SECOND_FACTOR)
    assert (done.code, await find(SecondFactor, leader.person)) == (None, None)
    (entry,) = [
        one for one in await entries_of(world.settings.database_url) if one.kind == "sign_in.reset"
    ]
    assert (entry.actor, entry.body) == (
        operator.id,
        {"person": leader.person, "what": "second_factor"},
    )


@pytest.mark.anyio
async def test_resets_on_the_wire(world: World) -> None:
    volunteer, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    number = await world.number_of(volunteer)
    told = await act(world, clerk, "resetSignIn", "code", number=number, what="PASSWORD")
    short = {"number": number, "code": told["code"], "password": "short"}
    refused = await act(world, PUBLIC, "setPasswordByCode", "changed", **short)
    assert refused["userErrors"] == [{"code": "PASSWORD_LENGTH", "path": ["password"]}]
    done = await act(world, PUBLIC, "setPasswordByCode", "changed", **short | {"password": NEW})
    assert done == {"changed": True, "userErrors": []}
    hidden = await act(world, volunteer, "resetSignIn", "code", number=number, what="PASSWORD")
    assert hidden["userErrors"][0]["code"] == "NOT_FOUND"
    assert await select(ResetCode) == []

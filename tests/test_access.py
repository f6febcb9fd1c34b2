"""Access: who is given which role where, and what it lets them do."""

from datetime import date, timedelta

import pytest

from tests.wire import act, ask
from tests.world import World, key
from timebank import access
from timebank.access import (
    Action,
    Grant,
    GrantEndsTooSoon,
    Grants,
    GrantToSelf,
    Role,
    RoleHeldAlready,
    ScopeMalformed,
    ScopeUnknown,
    decide_grant,
    end_role,
    grant_role,
)
from timebank.actors import PUBLIC, SYSTEM, Actor, person
from timebank.divisions import CITY_PATH
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated
from timebank.rights import BY_ITSELF, RIGHTS
from timebank.role_drafts import propose_role

TODAY = date(2026, 11, 20)
DISTRICT = "420100/420102/"


# Decisions


def test_every_action_has_an_answer() -> None:
    assert set(RIGHTS) == set(Action)


def test_a_grant_reaches_down_and_not_beside_or_up() -> None:
    grant = Grant("grt_1", Role.AUDITOR, DISTRICT)
    assert grant.covers(DISTRICT, TODAY)
    assert grant.covers(DISTRICT + "420102002/", TODAY)
    for path in (CITY_PATH, "420100/420103/", "420100/4201021/", ""):
        assert not grant.covers(path, TODAY)


def test_a_grant_holds_through_its_last_day() -> None:
    held = Grants(person="per_1", grants=(Grant("grt_1", Role.CITY_LEAD, CITY_PATH, TODAY),))
    tomorrow = TODAY + timedelta(days=1)
    assert held.may(Action.PUBLISH_POLICY, CITY_PATH, TODAY)
    assert not held.may(Action.PUBLISH_POLICY, CITY_PATH, tomorrow)
    assert held.standing(TODAY) == held.grants
    assert held.standing(tomorrow) == ()


def test_separation_of_duties_stands_in_the_table() -> None:
    """Domain 11: what each role may not do."""
    assert Role.STATION_CLERK not in RIGHTS[Action.CONFIRM_HOURS]
    assert Role.TEAM_LEADER not in RIGHTS[Action.REVIEW_HOURS]
    assert {action for action in Action if Role.AUDITOR in RIGHTS[action]} == {
        Action.READ_ENTRIES,
        Action.READ_RECORDS,
        Action.READ_PAYMENTS,
        Action.READ_APPLICATIONS,
        Action.READ_URGENT_ACCESS,
    }
    assert {action for action in Action if Role.OPERATOR in RIGHTS[action]} == {
        Action.GRANT_ROLE,
        Action.LIFT_STOP,
        Action.RESET_SIGN_IN,
        Action.RESET_STAFF_SIGN_IN,
    }
    assert {action for action in Action if Role.REVIEWER in RIGHTS[action]} == {
        Action.READ_APPLICATIONS,
        Action.REVIEW_GRANTS,
        Action.SCORE_ORGANISATION,
    }


HELD = Grants(person="per_2", grants=(Grant("grt_1", Role.AUDITOR, CITY_PATH, TODAY),))


@pytest.mark.parametrize(
    ("giver", "scope", "until", "refusal"),
    [
        ("per_1", DISTRICT, None, None),
        ("per_2", DISTRICT, None, GrantToSelf),
        ("per_1", CITY_PATH, None, RoleHeldAlready),
        ("per_1", "420100", None, ScopeMalformed),
        ("per_1", "", None, ScopeMalformed),
        ("per_1", "420100//", None, ScopeMalformed),
        ("per_1", "420100/ /", None, ScopeMalformed),
        ("per_1", DISTRICT, TODAY - timedelta(days=1), GrantEndsTooSoon),
        ("per_1", DISTRICT, TODAY, None),
    ],
)
def test_a_grant_is_given_by_another_over_a_path(
    giver: str, scope: str, until: date | None, refusal: type[Refusal] | None
) -> None:
    made = Grant("grt_2", Role.AUDITOR, scope, until)

    def decide() -> access.RoleGranted:
        return decide_grant(HELD, made, person="per_2", actor=person(giver), today=TODAY)

    if refusal is None:
        assert (decide().scope, decide().until) == (scope, until)
        return
    with pytest.raises(refusal):
        decide()


# Histories


@pytest.mark.anyio
async def test_a_scope_is_the_path_of_something_that_exists(world: World) -> None:
    who = (await world.volunteer()).person or ""
    team = f"{world.station_path}{world.team}/"
    wrong = ["420100/420199/", "420102/", f"420100/{world.station}/", f"{world.station_path}tea_x/"]
    for scope in wrong:
        with pytest.raises(ScopeUnknown):
            await grant_role(SYSTEM, person=who, role=Role.TEAM_LEADER, scope=scope, key=key())
    for scope in (CITY_PATH, world.station_path, team):
        await grant_role(SYSTEM, person=who, role=Role.TEAM_LEADER, scope=scope, key=key())


@pytest.mark.anyio
async def test_the_first_administrator_grants_and_ends_roles(world: World) -> None:
    operator = await world.officer(Role.OPERATOR)
    somebody = await world.volunteer()
    who = somebody.person or ""
    made = await grant_role(
        SYSTEM, person=who, role=Role.STATION_CLERK, scope=world.station_path, key=key()
    )
    assert await access.may_read(somebody, Action.FIND_PERSON, world.station_path)
    assert not await access.may_read(somebody, Action.FIND_PERSON, CITY_PATH)
    with pytest.raises(RoleHeldAlready):
        await grant_role(
            SYSTEM, person=who, role=Role.STATION_CLERK, scope=world.station_path, key=key()
        )
    await end_role(operator, person=who, grant=made.grant, key=key())
    assert not await access.may_read(somebody, Action.FIND_PERSON, world.station_path)
    with pytest.raises(NotFound):
        await end_role(operator, person=who, grant=made.grant, key=key())


@pytest.mark.anyio
async def test_only_an_operator_in_scope_grants_and_ends(world: World) -> None:
    near = await world.officer(Role.OPERATOR, "420100/420103/")
    somebody = await world.volunteer()
    who = somebody.person or ""
    clerk = world.staff[Role.STATION_CLERK]
    held = await access.grants_of(clerk)
    assert held is not None
    (grant,) = held.grants
    denials: list[tuple[Actor, type[Exception]]] = [
        (near, Forbidden),
        (clerk, Forbidden),
        (somebody, Forbidden),
        (PUBLIC, Unauthenticated),
        (Actor(id="device-1"), Forbidden),
    ]
    for actor, denial in denials:
        for attempt in (grant_role, propose_role):
            with pytest.raises(denial):
                await attempt(actor, person=who, role=Role.AUDITOR, scope=CITY_PATH, key=key())
        unseen = NotFound if denial is Forbidden else denial
        with pytest.raises(unseen):
            await end_role(actor, person=clerk.person or "", grant=grant.id, key=key())


@pytest.mark.anyio
async def test_nobody_unknown_is_given_a_role(world: World) -> None:
    operator = await world.officer(Role.OPERATOR)
    with pytest.raises(NotFound):
        await propose_role(
            operator, person="per_nobody", role=Role.AUDITOR, scope=CITY_PATH, key=key()
        )


@pytest.mark.anyio
async def test_the_software_does_by_itself_only_what_is_listed(world: World) -> None:
    from timebank.places import propose_station

    assert Action.PROPOSE_STATION not in BY_ITSELF
    with pytest.raises(Forbidden):
        await propose_station(SYSTEM, area="420102002003", number="9", name="站", key=key())


@pytest.mark.anyio
async def test_grants_are_seen_by_their_holder_and_by_who_may_end_them(world: World) -> None:
    operator = await world.officer(Role.OPERATOR)
    near = await world.officer(Role.OPERATOR, "420100/420103/")
    clerk = world.staff[Role.STATION_CLERK]
    who = clerk.person or ""
    for actor, seen in ((clerk, 1), (operator, 1), (near, 0), (await world.volunteer(), 0)):
        assert len((await access.role_holder(actor, who)).grants) == seen


# On the wire


@pytest.mark.anyio
async def test_roles_on_the_wire(world: World) -> None:
    operator, somebody = await world.officer(Role.OPERATOR), await world.volunteer()
    given = {
        "number": await world.number_of(somebody),
        "scope": world.station_path,
        "idempotencyKey": "attempt-1",
    }
    denied = await act(world, somebody, "proposeRole", "draft", role="STATION_CLERK", **given)
    assert denied == ["FORBIDDEN"]
    told = await act(world, operator, "proposeRole", "draft", role="STATION_CLERK", **given)
    draft = told["draft"]
    alone = await act(world, operator, "grantRole", "grant", draft=draft)
    assert alone["userErrors"][0]["code"] == "PROPOSER_GRANTS"
    second = await world.officer(Role.OPERATOR)
    made = await act(world, second, "grantRole", "grant", draft=draft)
    assert made["userErrors"] == []
    own = "{ myGrants { id role scope until } }"
    assert (await ask(world, somebody, own))["myGrants"] == [
        {
            "id": made["grant"],
            "role": "STATION_CLERK",
            "scope": world.station_path,
            "until": None,
        }
    ]
    may = "query($s: String!) { may(action: FIND_PERSON, scope: $s) }"
    assert await ask(world, somebody, may, s=world.station_path) == {"may": True}
    assert await ask(world, somebody, may, s=CITY_PATH) == {"may": False}
    theirs = "query($p: ID!) { grants(person: $p) { id } }"
    assert await ask(world, operator, theirs, p=somebody.person) == {
        "grants": [{"id": made["grant"]}]
    }
    ended = await act(
        world,
        operator,
        "endRole",
        "grant",
        person=somebody.person,
        grant=made["grant"],
        idempotencyKey="attempt-2",
    )
    assert ended["userErrors"] == []
    assert await ask(world, somebody, own) == {"myGrants": []}

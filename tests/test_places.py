"""Stations and teams: proposed by one officer, approved by another, overseen by the district."""

import pytest

from tests.wire import act, ask
from tests.world import COMMUNITY, World, found_station, key
from timebank import replay
from timebank.access import Role, grant_role
from timebank.actors import PUBLIC, SYSTEM
from timebank.divisions import CITY_PATH
from timebank.events import Event
from timebank.lifecycles import NotInThisState, step
from timebank.places import (
    NotACommunity,
    ProposerApproves,
    Station,
    StationNotActive,
    StationNumberTaken,
    StationNumberWrong,
    SuccessorWrong,
    approve_station,
    close_station,
    decline_station,
    names_of,
    propose_station,
    reinstate_station,
    station_by_number,
    stations_below,
    suspend_station,
    warn_station,
)
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.station_life import LIFECYCLE, WORKING, StationReason, StationState
from timebank.tables import find
from timebank.teams import create_team
from timebank.texts import TextMissing, TextTooLong

pytestmark = pytest.mark.anyio
EVENTS: set[type[Event]] = {event for moves in LIFECYCLE.values() for event in moves}


async def state_of(world: World) -> StationState:
    held = await find(Station, world.station)
    assert held
    return held.state


def test_every_state_of_a_station_is_listed_and_reached() -> None:
    reached = {state for moves in LIFECYCLE.values() for state in moves.values()}

    assert set(LIFECYCLE) == set(StationState) == reached | {StationState.UNDER_REVIEW}


@pytest.mark.parametrize("state", StationState)
def test_a_move_that_is_not_listed_is_refused(state: StationState) -> None:
    for event in EVENTS:
        if event in LIFECYCLE[state]:
            assert step(LIFECYCLE, state, event) is LIFECYCLE[state][event]
        else:
            with pytest.raises(NotInThisState):
                step(LIFECYCLE, state, event)


async def test_an_approved_station_works_and_lies_below_its_community(world: World) -> None:
    held = await find(Station, world.station)

    assert held
    assert held.state is StationState.ACTIVE
    assert held.path == f"420100/420102/420102002/{COMMUNITY}/{world.station}/"
    assert await names_of([world.station]) == {world.station: "黎黄陂路站"}


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"number": "001"}, StationNumberTaken),
        ({"number": "一号"}, StationNumberWrong),
        ({"number": ""}, StationNumberWrong),
        ({"number": "9" * 33}, StationNumberWrong),
        ({"area": "420102002"}, NotACommunity),
        ({"area": "999999"}, NotFound),
        ({"name": " "}, TextMissing),
        ({"name": "站" * 61}, TextTooLong),
    ],
)
async def test_a_proposal_that_breaks_a_rule_is_refused(
    world: World, change: dict[str, str], refusal: type[Exception]
) -> None:
    asked = {"area": COMMUNITY, "number": "002", "name": "吉庆街站"} | change

    with pytest.raises(refusal):
        await propose_station(world.staff[Role.STREET_OFFICER], **asked, key=key())


async def test_the_proposer_never_approves_even_with_both_roles(world: World) -> None:
    both = world.staff[Role.STREET_OFFICER]
    await grant_role(
        SYSTEM,
        person=both.id,
        role=Role.DISTRICT_REGISTRAR,
        scope=CITY_PATH,
        key=key(),
    )
    made = await propose_station(both, area=COMMUNITY, number="002", name="吉庆街站", key=key())

    with pytest.raises(ProposerApproves):
        await approve_station(both, station=made.id, key=key())


async def test_a_station_is_approved_once(world: World) -> None:
    with pytest.raises(NotInThisState):
        await approve_station(
            world.staff[Role.DISTRICT_REGISTRAR], station=world.station, key=key()
        )


async def test_officers_act_in_their_own_area_only(world: World) -> None:
    stranger = await world.officer(Role.STREET_OFFICER, "420100/420103/")

    with pytest.raises(Forbidden):
        await propose_station(stranger, area=COMMUNITY, number="002", name="吉庆街站", key=key())
    with pytest.raises(Unauthenticated):
        await propose_station(PUBLIC, area=COMMUNITY, number="002", name="吉庆街站", key=key())


async def test_a_proposed_station_does_not_work_yet(world: World) -> None:
    made = await propose_station(
        world.staff[Role.STREET_OFFICER], area=COMMUNITY, number="002", name="吉庆街站", key=key()
    )
    manager = await world.officer(Role.STATION_MANAGER)

    with pytest.raises(StationNotActive):
        await create_team(manager, station=made.id, name="红马甲", key=key())


async def test_a_warned_station_works_on_and_a_suspended_one_does_not(world: World) -> None:
    registrar, manager = world.staff[Role.DISTRICT_REGISTRAR], world.staff[Role.STATION_MANAGER]
    reason = StationReason.ROSTERS_LATE

    await warn_station(registrar, station=world.station, reason=reason, key=key())
    assert await state_of(world) is StationState.WARNED
    await create_team(manager, station=world.station, name="银龄队", key=key())

    await suspend_station(registrar, station=world.station, reason=reason, key=key())
    with pytest.raises(StationNotActive):
        await create_team(manager, station=world.station, name="蓝马甲", key=key())

    await reinstate_station(registrar, station=world.station, key=key())
    assert await state_of(world) is StationState.ACTIVE


async def test_a_station_is_overseen_by_the_district_alone(world: World) -> None:
    with pytest.raises(Forbidden):
        await warn_station(
            world.staff[Role.STATION_MANAGER],
            station=world.station,
            reason=StationReason.UNSAFE,
            key=key(),
        )


async def test_a_closed_station_names_a_successor_that_works(world: World) -> None:
    registrar = world.staff[Role.DISTRICT_REGISTRAR]
    proposed = await propose_station(
        world.staff[Role.STREET_OFFICER], area=COMMUNITY, number="002", name="吉庆街站", key=key()
    )
    for successor, refusal in (
        (world.station, SuccessorWrong),
        (proposed.id, SuccessorWrong),
        ("sta_none", NotFound),
    ):
        with pytest.raises(refusal):
            await close_station(registrar, station=world.station, successor=successor, key=key())

    await approve_station(registrar, station=proposed.id, key=key())
    await close_station(registrar, station=world.station, successor=proposed.id, key=key())

    held = await find(Station, world.station)
    assert held
    assert (held.state, held.successor) == (StationState.CLOSED, proposed.id)


async def test_stations_are_listed_below_a_path_a_page_at_a_time(world: World) -> None:
    other = await found_station(world, number="002", area="420103001002")

    assert {row.id for row in await stations_below("420100/")} == {world.station, other}
    assert [row.id for row in await stations_below("420100/420103/")] == [other]
    first = await stations_below("420100/", limit=1)
    rest = await stations_below("420100/", after=first[0].id)
    assert [row.id for row in [*first, *rest]] == sorted([world.station, other])


def test_approval_is_the_only_way_to_work() -> None:
    works = [to for to in LIFECYCLE[StationState.UNDER_REVIEW].values() if to in WORKING]
    assert works == [StationState.ACTIVE]


async def test_a_proposal_is_declined_told_why_and_its_number_is_free_again(world: World) -> None:
    street, registrar = world.staff[Role.STREET_OFFICER], world.staff[Role.DISTRICT_REGISTRAR]
    asked = {"area": COMMUNITY, "number": "002", "name": "吉庆街站"}
    made = await propose_station(street, **asked, key=key())
    why = StationReason.NOT_READY
    for other in (street, world.staff[Role.STATION_MANAGER]):
        with pytest.raises(Forbidden):
            await decline_station(other, station=made.id, reason=why, key=key())
    told = await act(
        world,
        registrar,
        "declineStation",
        "station { state reason }",
        station=made.id,
        reason="NOT_READY",
    )
    assert told["station"] == {"state": "DECLINED", "reason": "NOT_READY"}
    for late in (
        approve_station(registrar, station=made.id, key=key()),
        decline_station(registrar, station=world.station, reason=why, key=key()),
    ):
        with pytest.raises(NotInThisState):
            await late
    again = await propose_station(street, **asked, key=key())
    await approve_station(registrar, station=again.id, key=key())
    held = await station_by_number("002")
    assert held
    assert (held.id, held.reason) == (again.id, None)
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_stations_on_the_wire(world: World) -> None:
    street, registrar = world.staff[Role.STREET_OFFICER], world.staff[Role.DISTRICT_REGISTRAR]
    asks = "station { id name number state area { name parent { name } } }"
    given = {"area": COMMUNITY, "number": "002", "name": "吉庆街站"}
    wrong = await act(world, street, "proposeStation", asks, **given | {"number": "二"})
    assert [(e["code"], e["path"]) for e in wrong["userErrors"]] == [
        ("STATION_NUMBER_WRONG", ["number"])
    ]
    made = (await act(world, street, "proposeStation", asks, **given))["station"]
    assert (made["name"], made["state"]) == ("吉庆街站", "UNDER_REVIEW")
    assert made["area"]["parent"] == {"name": "大智街道"}

    chosen = {"station": made["id"]}
    for mutation, more, state in (
        ("approveStation", {}, "ACTIVE"),
        ("warnStation", {"reason": "UNSAFE"}, "WARNED"),
        ("suspendStation", {"reason": "UNSAFE"}, "SUSPENDED"),
        ("reinstateStation", {}, "ACTIVE"),
        ("closeStation", {"successor": world.station}, "CLOSED"),
    ):
        moved = await act(
            world, registrar, mutation, "station { state successor { id } }", **chosen, **more
        )
        assert (moved["userErrors"], moved["station"]["state"]) == ([], state)
    assert moved["station"]["successor"] == {"id": world.station}


async def test_anybody_finds_stations_by_number_and_area(world: World) -> None:
    other = await found_station(world, number="002", area="420103001002")
    query = "query($a: String!) { stations(area: $a) { nodes { id } pageInfo { hasNextPage } } }"

    for area, expected in (("420103", [other]), ("420100", [world.station, other]), ("9", [])):
        found = (await ask(world, PUBLIC, query, a=area))["stations"]
        assert found["nodes"] == [{"id": id} for id in expected]
    page = "{ stations(last: 1) { nodes { id } pageInfo { hasPreviousPage } } }"
    assert await ask(world, PUBLIC, page) == {
        "stations": {"nodes": [{"id": other}], "pageInfo": {"hasPreviousPage": True}}
    }
    by_number = '{ station(number: "001") { id } }'
    assert await ask(world, PUBLIC, by_number) == {"station": {"id": world.station}}

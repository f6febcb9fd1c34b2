"""Urgent access: asked for by one, opened by another, read under, ended, and told."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests import looking
from tests.moving import entries_of
from tests.wire import act, ask
from tests.world import COMMUNITY, World, key, open_world
from timebank import directory
from timebank.access import Role, ScopeMalformed, ScopeUnknown, end_role, grant_role, grants_of
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.divisions import CITY_PATH
from timebank.lifecycles import NotInThisState
from timebank.looks import Look
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.tables import count, find, select
from timebank.texts import Text, TextMissing
from timebank.timers import sweep
from timebank.urgent_access import (
    AccessRuns,
    AskerOpens,
    HoursWrong,
    UrgentAccess,
    UrgentGround,
    UrgentRequest,
    UrgentState,
    accesses_over,
    ask_urgent_access,
    drop_urgent_request,
    end_urgent_access,
    open_urgent_access,
    urgent_accesses,
    urgent_requests,
)

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
AREA = f"420100/420102/420102002/{COMMUNITY}/"
WHY = "寻找走失老人王某，家属已报警"


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


async def asked(world: World, actor: Actor, *, scope: str = AREA, hours: int = 2) -> str:
    """A request that waits."""
    made = await ask_urgent_access(
        actor,
        scope=scope,
        ground=UrgentGround.MISSING_PERSON,
        words=WHY,
        hours=hours,
        key=key(),
    )
    return made.request


async def names(actor: Actor, who: Actor) -> list[str]:
    """What the actor reads of somebody's name."""
    return list((await looking.names_of(actor, [who.person or ""])).values())


async def test_two_persons_open_it_every_reading_is_noted_and_it_ends_by_itself(
    world: World,
) -> None:
    lead = world.staff[Role.DISTRICT_LEAD]
    officer = await world.officer(Role.DATA_PROTECTION_OFFICER)
    who, other = await world.volunteer(), await world.volunteer()
    number = await world.number_of(who)
    assert await names(lead, who) == []
    request = await asked(world, lead)
    assert await names(lead, who) == []
    await open_urgent_access(officer, request=request, key=key())
    assert len(await names(lead, who)) == 1
    assert [held.id for held in await directory.find_by_phone(lead, phone="13900000000")] != []
    found = await directory.find_by_name(lead, station=world.station, name="wxy")
    assert who.person in [held.id for held in found]
    assert await directory.find_person(lead, number=number)
    looks = await select(Look, under=request)
    assert {look.actor for look in looks} == {lead.id}
    assert {who.person, other.person} <= {look.person for look in looks}
    assert await count(Look) == len(looks)
    world.clock.move(2 * HOUR)
    assert await names(lead, who) == []
    assert await accesses_over(skip=0, limit=9) == [request]
    await sweep()
    held = await find(UrgentAccess, request)
    assert held
    people = len({look.person for look in looks})
    assert (held.state, held.people) == (UrgentState.ENDED, people)
    told = [e for e in await entries_of(world.settings.database_url) if "urgent" in e.kind]
    assert [(e.kind, e.actor) for e in told] == [
        ("urgent_access.opened", officer.id),
        ("urgent_access.ended", SYSTEM.id),
    ]
    assert WHY not in str([e.body for e in told])
    with pytest.raises(NotInThisState):
        await end_urgent_access(officer, access=request, key=key())


async def test_it_reaches_no_further_than_it_says(city: World) -> None:
    lead = await city.officer(Role.CITY_LEAD)
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await city.volunteer()
    for scope in ("420100/420103/", "420100/420102/420102003/"):
        opened = await asked(city, lead, scope=scope)
        await open_urgent_access(officer, request=opened, key=key())
    assert await names(lead, who) == []
    assert await directory.find_by_name(lead, station=city.station, name="wxy") == []
    await open_urgent_access(officer, request=await asked(city, lead), key=key())
    assert await names(lead, who) != []
    colleague = await city.officer(Role.CITY_LEAD)
    assert await names(colleague, who) == []


async def test_what_a_role_lets_one_read_rests_on_no_access(city: World) -> None:
    lead, who = await city.officer(Role.DISTRICT_LEAD), await city.volunteer()
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    await open_urgent_access(officer, request=await asked(city, lead), key=key())
    whose, scope = lead.person or "", city.station_path
    await grant_role(SYSTEM, person=whose, role=Role.STATION_CLERK, scope=scope, key=key())
    assert await names(lead, who) != []
    (look,) = await select(Look)
    assert look.under is None


async def test_it_rests_with_the_role_by_which_it_was_asked_for(city: World) -> None:
    lead = await city.officer(Role.DISTRICT_LEAD, "420100/420102/")
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await city.volunteer()
    await open_urgent_access(officer, request=await asked(city, lead), key=key())
    assert await names(lead, who) != []
    held = await grants_of(lead)
    assert held
    (grant,) = held.grants
    operator = await city.officer(Role.OPERATOR)
    await end_role(operator, person=lead.person or "", grant=grant.id, key=key())
    assert await names(lead, who) == []


async def test_whoever_asks_does_not_open_and_whoever_opens_does_not_ask(city: World) -> None:
    lead = city.staff[Role.DISTRICT_LEAD]
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    far = await city.officer(Role.DATA_PROTECTION_OFFICER, "420100/420103/")
    clerk = city.staff[Role.STATION_CLERK]
    for actor in (officer, clerk, await city.volunteer()):
        with pytest.raises(Forbidden):
            await asked(city, actor)
    both = await city.officer(Role.DISTRICT_LEAD)
    await grant_role(
        SYSTEM,
        person=both.person or "",
        role=Role.DATA_PROTECTION_OFFICER,
        scope=CITY_PATH,
        key=key(),
    )
    own = await asked(city, both)
    with pytest.raises(AskerOpens):
        await open_urgent_access(both, request=own, key=key())
    for actor in (lead, far, clerk):
        for attempt in (open_urgent_access, drop_urgent_request):
            with pytest.raises(NotFound):
                await attempt(actor, request=own, key=key())
        assert await urgent_requests(actor, AREA) == []
    with pytest.raises(Unauthenticated):
        await open_urgent_access(PUBLIC, request=own, key=key())
    assert [held.id for held in await urgent_requests(officer, AREA)] == [own]
    await drop_urgent_request(both, request=own, key=key())
    refused = await asked(city, lead)
    await drop_urgent_request(officer, request=refused, key=key())
    assert await count(UrgentRequest) == 0
    assert await select(Text, id__startswith="urg_") == []


async def test_it_is_asked_for_over_what_exists_with_words_and_for_hours(city: World) -> None:
    lead = await city.officer(Role.CITY_LEAD)
    for hours in (0, 25, -1):
        with pytest.raises(HoursWrong):
            await asked(city, lead, hours=hours)
    with pytest.raises(ScopeMalformed):
        await asked(city, lead, scope=AREA + "4/..")
    with pytest.raises(ScopeUnknown):
        await asked(city, lead, scope=AREA + "999999/")
    with pytest.raises(TextMissing):
        await ask_urgent_access(
            lead, scope=AREA, ground=UrgentGround.DISASTER, words=" ", hours=1, key=key()
        )


async def test_it_is_ended_sooner_by_its_officer_or_the_second_person_and_by_nobody_else(
    city: World,
) -> None:
    lead = city.staff[Role.DISTRICT_LEAD]
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await city.volunteer()
    for ends in (lead, officer):
        access = await asked(city, lead)
        await open_urgent_access(officer, request=access, key=key())
        for actor in (city.staff[Role.STREET_OFFICER], await city.volunteer()):
            with pytest.raises(NotFound):
                await end_urgent_access(actor, access=access, key=key())
        with pytest.raises(AccessRuns):
            await end_urgent_access(SYSTEM, access=access)
        assert await names(lead, who) != []
        await end_urgent_access(ends, access=access, key=key())
        assert await names(lead, who) == []


async def test_the_auditor_reads_who_why_until_when_and_what(city: World) -> None:
    lead, auditor = city.staff[Role.DISTRICT_LEAD], await city.officer(Role.AUDITOR)
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await city.volunteer()
    number = await city.number_of(who)
    told = await act(
        city,
        lead,
        "askUrgentAccess",
        "request",
        scope=AREA,
        ground="MISSING_PERSON",
        words=WHY,
        hours=2,
    )
    request = told["request"]
    asks = "query($s: String!) { urgentRequests(scope: $s) { id words hours by ground } }"
    (waits,) = (await ask(city, officer, asks, s=AREA))["urgentRequests"]
    assert (waits["id"], waits["words"], waits["hours"]) == (request, WHY, 2)
    await act(city, officer, "openUrgentAccess", "access { id }", request=request)
    query = "query($n: String!) { person(number: $n) { name phone } }"
    assert (await ask(city, lead, query, n=number))["person"]["phone"] == "13900000000"
    reads = (
        "query($s: String!) { urgentAccesses(scope: $s) { nodes { by openedBy words ground state"
        " until people looks { nodes { what by urgent ofNumber } } } } }"
    )
    (told,) = (await ask(city, auditor, reads, s=AREA))["urgentAccesses"]["nodes"]
    assert (told["words"], told["state"], told["people"]) == (WHY, "RUNNING", None)
    assert told["by"] == await city.number_of(lead)
    assert told["openedBy"] == await city.number_of(officer)
    looks = told["looks"]["nodes"]
    assert {(look["what"], look["ofNumber"], look["urgent"]) for look in looks} == {
        ("NAME", number, True),
        ("PHONE", number, True),
    }
    mine = "{ looks { nodes { what by urgent ofNumber } } }"
    seen = (await ask(city, who, mine))["looks"]["nodes"]
    assert sorted(map(str, seen)) == sorted(map(str, looks))
    assert [held.id for held in await urgent_accesses(lead, AREA)] == [request]
    for actor in (city.staff[Role.STREET_OFFICER], who, PUBLIC):
        assert (await ask(city, actor, reads, s=AREA))["urgentAccesses"]["nodes"] == []
    ended = await act(city, lead, "endUrgentAccess", "access { people state }", access=request)
    assert ended["access"] == {"people": 1, "state": "ENDED"}
    dropped = await act(city, lead, "dropUrgentRequest", "request", request=request)
    assert dropped["userErrors"][0]["code"] == "NOT_FOUND"

"""Homes: whoever moves is found, certified and counted by the new station, and only by it."""

from datetime import date

import pytest

from tests.credit import credit
from tests.posting import Pages, done, refused
from tests.volunteering import posted
from tests.wire import act
from tests.world import World, found_station, key
from timebank import directory, replay
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.certificates import Certificate, CertificateNeedsHome, request_certificate
from timebank.divisions import CITY
from timebank.homes import HomeAlready, change_home
from timebank.living_alone import LivesAlone, note_living_alone
from timebank.notices import NoticeCode, inbox_of
from timebank.people import Person, PersonNotActive, suspend_person
from timebank.person_life import HomeChanged, SuspensionReason
from timebank.places import Station, StationNotActive, propose_station
from timebank.refusals import NotFound, Unauthenticated
from timebank.solvency import AreaMinutes
from timebank.tables import find

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]

ELSEWHERE = "420103001002"
SINCE, UNTIL = date(2026, 11, 1), date(2026, 11, 20)


async def outstanding(*areas: str) -> list[int]:
    """What the volunteers at home in areas hold."""
    held = [await find(AreaMinutes, area) for area in areas]
    return [one.outstanding if one else 0 for one in held]


async def test_what_a_person_holds_and_who_finds_them_go_with_them(world: World) -> None:
    there = await found_station(world, number="002", area=ELSEWHERE)
    place = await find(Station, there)
    assert place
    near, far = world.staff[Role.STATION_CLERK], await world.officer(Role.STATION_CLERK, place.path)
    who = await world.volunteer(name="陈桂兰")
    await credit(who.id, world.station, 90)
    await note_living_alone(near, person=who.id, alone=True, key=key())
    assert await outstanding(CITY, "420102", world.station, "420103", there) == [90, 90, 90, 0, 0]

    told = await act(world, who, "changeHome", "person { home { id } }", number="002")
    assert (told["userErrors"], told["person"]) == ([], {"home": {"id": there}})
    assert HomeChanged.__struct_fields__ == ("person", "home", "left"), "nothing personal"

    assert await outstanding(CITY, "420102", world.station, "420103", there) == [90, 0, 0, 90, 90]
    held = await find(Person, who.id)
    alone = await find(LivesAlone, who.id)
    assert held
    assert alone
    assert held.home_path == alone.path == place.path
    for station, clerk, seen in ((world.station, near, []), (there, far, [who.id])):
        found = await directory.find_by_name(clerk, station=station, name="陈桂兰")
        assert [one.id for one in found] == seen
        again = await directory.find_person(clerk, number=held.number)
        assert (again is not None) is bool(seen)
    assert await inbox_of(who) == [], "they did it themselves"
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_a_certificate_is_asked_of_the_new_home_and_one_asked_before_stays(
    world: World,
) -> None:
    who = await world.volunteer()
    await posted(world, who)
    before = await request_certificate(who, since=SINCE, until=UNTIL, key=key())
    there = await found_station(world, number="002")
    await change_home(who, number=" 002 ", key=key())
    asked = await find(Certificate, before.certificate)
    assert asked
    assert asked.station == world.station

    officer = await world.officer(Role.STREET_OFFICER)
    with pytest.raises(CertificateNeedsHome):
        await request_certificate(officer, since=SINCE, until=UNTIL, key=key())
    await change_home(officer, number="002", key=key())
    made = await request_certificate(officer, since=SINCE, until=UNTIL, key=key())
    asked = await find(Certificate, made.certificate)
    assert asked
    assert asked.station == there


async def test_a_home_is_changed_to_another_station_that_works(world: World) -> None:
    lead = world.staff[Role.DISTRICT_LEAD]
    who = await world.volunteer()
    with pytest.raises(HomeAlready):
        await change_home(who, number="001", key=key())
    with pytest.raises(NotFound):
        await change_home(who, number="404", key=key())
    await propose_station(
        world.staff[Role.STREET_OFFICER], area=ELSEWHERE, number="003", name="三站", key=key()
    )
    with pytest.raises(StationNotActive):
        await change_home(who, number="003", key=key())
    await found_station(world, number="002")
    await suspend_person(lead, person=who.id, reason=SuspensionReason.CONDUCT, key=key())
    with pytest.raises(PersonNotActive):
        await change_home(who, number="002", key=key())
    with pytest.raises(Unauthenticated):
        await change_home(PUBLIC, number="002", key=key())


async def test_the_counter_that_a_person_leaves_changes_it_and_they_are_told(world: World) -> None:
    clerk, who = world.staff[Role.STATION_CLERK], await world.volunteer()
    there = await found_station(world, number="002", area=ELSEWHERE)
    place = await find(Station, there)
    assert place
    stranger = await world.officer(Role.STATION_CLERK, place.path)
    for other in (stranger, await world.volunteer(), world.staff[Role.DISTRICT_LEAD]):
        with pytest.raises(NotFound):
            await change_home(other, person=who.id, number="002", key=key())
    await change_home(clerk, person=who.id, number="002", key=key())
    assert [one.code for one in await inbox_of(who)] == [NoticeCode.HOME_CHANGED]
    with pytest.raises(NotFound):
        await change_home(clerk, person=who.id, number="001", key=key())


async def test_both_pages_change_it(world: World) -> None:
    pages = Pages(world)
    clerk, who = world.staff[Role.STATION_CLERK], await world.volunteer()
    await found_station(world, number="002", area=ELSEWHERE)
    data = "/my-data"
    refused(await pages.post(who, data, f"{data}/home", number="404"))
    done(await pages.post(who, data, f"{data}/home", number="002"), "已办好")
    held = await find(Person, who.id)
    assert held
    assert held.home != world.station

    other = await world.volunteer()
    found = await pages.post(
        clerk, "/desk/person?station=001", "/desk/person/find", number=await pages.number(other)
    )
    at = found.url.raw_path.decode()
    answer = await pages.post(clerk, at, "/desk/person/home", station_number="002")
    done(answer, "已办好")
    assert "代办已经结束" not in answer.text
    held = await find(Person, other.id)
    assert held
    assert held.home != world.station

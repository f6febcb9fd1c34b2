"""Names: found by characters, pinyin or first letters, at one station and in scope."""

from datetime import timedelta

import pytest

from tests.wire import ask
from tests.world import World, found_station, key
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.corrections import correct_person
from timebank.data_requests import RequestKind, request_data
from timebank.directory import find_by_name
from timebank.erasures import ask_erasure
from timebank.looks import Look
from timebank.names import READINGS_MOST, plain, spellings
from timebank.tables import select
from timebank.timers import sweep
from timebank.vault import KeyedFinding

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    ("name", "found_by"),
    [
        ("王秀英", {"王秀英", "wangxiuying", "wxy"}),
        ("单 曾", {"单曾", "shanceng", "danceng", "chanceng", "sc", "dc", "cc"}),
        ("吕布", {"lvbu", "lb"}),
        ("买买提·艾力", {"买买提艾力", "maimaitiaili", "mmtal"}),
        ("Ali Żółć", {"alizołc"}),
        ("ＡＬＩ", {"ali"}),
        ("· 1", set()),
    ],
)
def test_a_name_is_found_by_its_characters_its_readings_and_their_first_letters(
    name: str, found_by: set[str]
) -> None:
    told = spellings(name)
    assert found_by <= told
    assert len(told) <= 2 * READINGS_MOST + 1


def test_what_is_typed_is_compared_by_its_letters_alone() -> None:
    assert plain(" Wáng Xiù-yīng ") == plain("wangxiuying") == "wangxiuying"
    assert plain("Lǚ") == "lu"


@pytest.mark.anyio
@pytest.mark.parametrize("typed", ["欧阳海", " 欧阳 海", "ouyanghai", "OuYang Hai", "oyh"])
async def test_staff_find_their_own_people_by_name_and_are_noted(world: World, typed: str) -> None:
    who, clerk = await world.volunteer(name="欧阳海"), world.staff[Role.STATION_CLERK]
    await world.volunteer(name="王秀英")
    found = await find_by_name(clerk, station=world.station, name=typed)
    assert [one.id for one in found] == [who.person]
    looks = await select(Look, person=who.person)
    assert [look.actor for look in looks] == [clerk.id]


@pytest.mark.anyio
async def test_nobody_is_found_out_of_scope_or_at_another_station(world: World) -> None:
    who = await world.volunteer(name="欧阳海")
    far = await world.officer(Role.STATION_CLERK, "420100/420103/")
    for actor in (far, who, PUBLIC):
        assert await find_by_name(actor, station=world.station, name="oyh") == []
    other, everywhere = (
        await found_station(world, number="002"),
        await world.officer(Role.STATION_CLERK),
    )
    assert await find_by_name(everywhere, station=other, name="oyh") == []
    assert await find_by_name(everywhere, station=world.station, name="oyh") != []
    clerk = world.staff[Role.STATION_CLERK]
    for station, name in ((world.station, "oy"), (world.station, ""), ("stn_none", "oyh")):
        assert await find_by_name(clerk, station=station, name=name) == []


@pytest.mark.anyio
async def test_a_name_put_right_is_found_by_the_new_one_alone(world: World) -> None:
    who, clerk = await world.volunteer(name="欧阳海"), world.staff[Role.STATION_CLERK]
    officer = await world.officer(Role.DATA_PROTECTION_OFFICER)
    asked = await request_data(who, kind=RequestKind.CORRECTION, words="错字", key=key())
    await correct_person(officer, request=asked.request, name="王秀英", phone=None, key=key())
    assert await find_by_name(clerk, station=world.station, name="oyh") == []
    (found,) = await find_by_name(clerk, station=world.station, name="wxy")
    assert found.id == who.person
    kept = await people_by_phone(world, clerk)
    assert who.person in kept


async def people_by_phone(world: World, actor: Actor) -> list[str]:
    """Whom a telephone finds."""
    told = await ask(world, actor, '{ peopleByPhone(phone: "13900000000") { id } }')
    return [one["id"] for one in told["peopleByPhone"]]


@pytest.mark.anyio
async def test_a_month_later_the_name_still_finds_and_after_an_erasure_nothing_does(
    world: World,
) -> None:
    who, clerk = await world.volunteer(name="欧阳海"), world.staff[Role.STATION_CLERK]
    world.clock.move(timedelta(days=30))
    for _ in range(2):
        await sweep()
    (found,) = await find_by_name(clerk, station=world.station, name="ouyanghai")
    assert found.id == who.person
    await ask_erasure(who, key=key())
    assert await find_by_name(clerk, station=world.station, name="ouyanghai") == []
    assert await select(KeyedFinding, person=who.person) == []


@pytest.mark.anyio
async def test_names_on_the_wire(world: World) -> None:
    await world.volunteer(name="欧阳海")
    clerk = world.staff[Role.STATION_CLERK]
    document = 'query($s: ID!) { peopleByName(station: $s, name: "oyh") { name } }'
    told = await ask(world, clerk, document, s=world.station)
    assert told["peopleByName"] == [{"name": "欧阳海"}]

"""Looks: whoever of the staff reads a person's data is noted, and the person may see it."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests import looking
from tests.wire import ask
from tests.world import World, key, open_world, resident_id
from timebank import directory
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.erasures import ask_erasure
from timebank.identity import DocumentType
from timebank.looks import Look, Looked, looks_at, looks_old
from timebank.people import person
from timebank.tables import count, select
from timebank.timers import sweep

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
ASKS = "{ looks { edges { node { what day by } } } }"


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


async def told(actor: Actor, number: str | None = None) -> list[tuple[str, Looked]]:
    """Who looked and what at, newest day first."""
    found = await looks_at(actor, number=number, after=None, before=None, limit=99, backward=False)
    return [(look.actor, look.what) for look in found]


async def test_staff_who_read_are_noted_once_a_day_before_they_read(world: World) -> None:
    manager, clerk = world.staff[Role.STATION_MANAGER], world.staff[Role.STATION_CLERK]
    who, other = await world.volunteer(), await world.volunteer()
    ids = [who.person or "", other.person or ""]
    assert await told(who) == []
    for _ in range(3):
        await looking.names_of(manager, ids)
    assert await told(who) == [(manager.id, Looked.NAME)]
    await looking.phones_of(manager, ids[:1])
    await looking.names_of(clerk, ids[:1])
    assert set(await told(who)) == {
        (manager.id, Looked.NAME),
        (manager.id, Looked.PHONE),
        (clerk.id, Looked.NAME),
    }
    assert await told(other) == [(manager.id, Looked.NAME)]
    world.clock.move(DAY)
    await looking.names_of(manager, ids)
    newest = (await select(Look, person=ids[0], order=["-id"], limit=1))[0]
    assert (newest.day.isoformat(), newest.actor) == ("2026-11-21", manager.id)
    assert await count(Look, person=ids[0]) == 4


async def test_looking_somebody_up_by_their_document_or_telephone_is_noted(city: World) -> None:
    manager = city.staff[Role.STATION_MANAGER]
    who = await city.volunteer()
    await directory.find_by_document(
        manager, document=DocumentType.RESIDENT_ID, document_number=resident_id(city.count)
    )
    await directory.find_by_phone(manager, phone="13900000000")
    assert set(await told(who)) == {
        (manager.id, Looked.DOCUMENT),
        (manager.id, Looked.PHONE),
    }


async def test_what_people_see_of_themselves_and_their_wards_is_nobodys_look(city: World) -> None:
    who = await city.volunteer()
    ward = await city.ward(birth=date(2010, 1, 1))
    held = await person(ward.person or "")
    assert held
    assert held.guardian
    guardian = Actor(id=held.guardian, person=held.guardian)
    await looking.names_of(who, [who.person or ""])
    assert await looking.names_of(guardian, [ward.person or ""])
    assert await told(who) == await told(ward) == []
    stranger = await city.volunteer()
    assert await looking.names_of(stranger, [who.person or ""]) == {}
    assert await told(who) == []


async def test_the_officer_sees_who_looked_and_nobody_else_does(city: World) -> None:
    manager = city.staff[Role.STATION_MANAGER]
    who = await city.volunteer()
    number = await city.number_of(who)
    await looking.names_of(manager, [who.person or ""])
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    far = await city.officer(Role.DATA_PROTECTION_OFFICER, "420100/420103/")
    assert await told(officer, number) == await told(who, number) != []
    for stranger in (far, manager, await city.volunteer(), PUBLIC):
        assert await told(stranger, number) == []


async def test_looks_are_forgotten_after_a_year_and_with_the_person(city: World) -> None:
    manager = city.staff[Role.STATION_MANAGER]
    who, other = await city.volunteer(), await city.volunteer()
    await looking.names_of(manager, [who.person or "", other.person or ""])
    city.clock.move(360 * DAY)
    assert await looks_old(skip=0, limit=9) == []
    city.clock.move(7 * DAY)
    await sweep()
    assert await count(Look) == 0
    await looking.names_of(manager, [who.person or "", other.person or ""])
    await ask_erasure(who, key=key())
    assert [look.person for look in await select(Look)] == [other.person]


async def test_while_the_ledger_is_stopped_a_look_leaves_a_line_in_the_log(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = city.staff[Role.STATION_MANAGER]
    who = await city.volunteer()
    monkeypatch.setattr(city.journal, "halted", "rolled-back")
    with capture_logs() as lines:
        assert await looking.names_of(manager, [who.person or ""])
    (line,) = [line for line in lines if line["event"] == "looked"]
    assert (line["actor"], line["person"], line["what"]) == (manager.id, who.person, "name")


async def test_looks_on_the_wire(city: World) -> None:
    manager = city.staff[Role.STATION_MANAGER]
    who = await city.volunteer()
    number = await city.number_of(who)
    seen = await ask(
        city, manager, "query($n: String!) { person(number: $n) { name phone } }", n=number
    )
    assert seen["person"]["name"]
    answer = await ask(city, who, ASKS)
    nodes = [edge["node"] for edge in answer["looks"]["edges"]]
    by = await city.number_of(manager)
    assert sorted(node["what"] for node in nodes) == ["NAME", "PHONE"]
    assert {(node["day"], node["by"]) for node in nodes} == {("2026-11-20", by)}

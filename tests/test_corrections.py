"""Corrections: a telephone by oneself, a name by the officer who was asked; and found anew."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.wire import act
from tests.world import World, key, open_world
from timebank import directory, replay
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.corrections import (
    NothingToCorrect,
    PersonField,
    change_phone,
    correct_person,
    decide_fields,
)
from timebank.data_requests import RequestKind, grant_request, request_data
from timebank.erasures import ask_erasure
from timebank.lifecycles import NotInThisState
from timebank.people import NameMissing, PhoneWrong
from timebank.refusals import NotFound, Unauthenticated
from timebank.tables import select
from timebank.vault import KeyedFinding, read_fields

pytestmark = pytest.mark.anyio

OLD, NEW = "13900000000", "13812345678"


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


def test_fields_are_kept_as_they_are_at_registration() -> None:
    assert decide_fields(" 陈  桂兰 ", "139 1234 5678") == {
        PersonField.NAME: "陈 桂兰",
        PersonField.PHONE: "13912345678",
    }
    assert decide_fields(None, None) == {}
    for name in ("", "  ", "x" * 61, "a\0b"):
        with pytest.raises(NameMissing):
            decide_fields(name, None)
    for phone in ("", "12345", "139123456789"):
        with pytest.raises(PhoneWrong):
            decide_fields(None, phone)


async def test_a_person_changes_their_telephone_and_is_found_by_the_new_one(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    who = await world.volunteer()
    id = who.person or ""
    before = len(await select(KeyedFinding, person=id))
    await change_phone(who, phone=NEW, key=key())
    assert await directory.phones_of(who, [id]) == {id: NEW}
    assert [held.id for held in await directory.find_by_phone(manager, phone=NEW)] == [id]
    assert id not in {held.id for held in await directory.find_by_phone(manager, phone=OLD)}
    assert len(await select(KeyedFinding, person=id)) == before
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_the_officer_puts_right_what_was_asked_and_nothing_else(city: World) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    far = await city.officer(Role.DATA_PROTECTION_OFFICER, "420100/420103/")
    who = await city.volunteer()
    asked = await request_data(who, kind=RequestKind.CORRECTION, words="姓名写错了", key=key())
    for stranger in (far, city.staff[Role.STATION_MANAGER], who):
        with pytest.raises(NotFound):
            await correct_person(stranger, request=asked.request, name="陈桂兰", key=key())
    with pytest.raises(NothingToCorrect):
        await correct_person(officer, request=asked.request, key=key())
    await correct_person(officer, request=asked.request, name="陈桂兰", phone=NEW, key=key())
    told = (await read_fields([who.person or ""], "name", "phone"))[who.person or ""]
    assert told == {"name": "陈桂兰", "phone": NEW}
    await grant_request(officer, request=asked.request, answer="已更正", key=key())
    with pytest.raises(NotInThisState):
        await correct_person(officer, request=asked.request, name="李四", key=key())
    other = await request_data(who, kind=RequestKind.DELETION, key=key())
    with pytest.raises(NothingToCorrect):
        await correct_person(officer, request=other.request, name="李四", key=key())
    with pytest.raises(NotFound):
        await correct_person(officer, request="drq_none", name="李四", key=key())


async def test_whoever_is_erased_is_not_filled_in_again(city: World) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await city.volunteer()
    asked = await request_data(who, kind=RequestKind.CORRECTION, words="错了", key=key())
    await ask_erasure(who, key=key())
    with pytest.raises(NotFound):
        await change_phone(who, phone=NEW, key=key())
    with pytest.raises(NotFound):
        await correct_person(officer, request=asked.request, name="陈桂兰", key=key())
    assert await read_fields([who.person or ""], "name", "phone") == {who.person: {}}
    with pytest.raises(Unauthenticated):
        await change_phone(PUBLIC, phone=NEW, key=key())


async def test_corrections_on_the_wire(city: World) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await city.volunteer()
    changed = await act(city, who, "changePhone", "person { phone }", phone=NEW)
    assert changed["person"] == {"phone": NEW}
    wrong = await act(city, who, "changePhone", "person { phone }", phone="1")
    assert [error["path"] for error in wrong["userErrors"]] == [["phone"]]
    asked = await act(
        city, who, "requestData", "request { id }", kind="CORRECTION", words="姓名写错了"
    )
    done = await act(
        city,
        officer,
        "correctPerson",
        "entry { seq }",
        request=asked["request"]["id"],
        name="陈桂兰",
    )
    assert done["userErrors"] == []
    assert await directory.names_of(who, [who.person or ""]) == {who.person: "陈桂兰"}

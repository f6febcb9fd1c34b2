"""Corrections: a telephone by oneself, name and document by the officer who was asked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests import looking
from tests.merging import merged
from tests.test_member_reports import entries_of
from tests.wire import act
from tests.world import World, key, open_world, resident_id
from timebank import directory, replay
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.age_bands import AgeBand
from timebank.clock import day_of
from timebank.consents import GuardianMissing
from timebank.corrections import (
    NothingToCorrect,
    Papers,
    PersonField,
    Seen,
    change_phone,
    correct_person,
    decide_fields,
    decide_papers,
)
from timebank.data_requests import RequestKind, grant_request, request_data
from timebank.erasures import ask_erasure
from timebank.identity import DocumentNumberWrong, DocumentType, TooYoung
from timebank.lifecycles import NotInThisState
from timebank.people import NameMissing, PhoneWrong, RegisteredAlready
from timebank.refusals import NotFound, Unauthenticated
from timebank.tables import find, select
from timebank.vault import KeyedFinding, found_alone, read_fields

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
    assert await looking.phones_of(who, [id]) == {id: NEW}
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


ID = DocumentType.RESIDENT_ID
PASSPORT = DocumentType.PASSPORT
BORN = date(1950, 5, 6)
KEPT = Papers(document=ID, number=resident_id(1, BORN), birth=BORN)
LATER = date(1951, 5, 6)
RIGHT = resident_id(800, LATER)
ABROAD = Papers(document=PASSPORT, number="E1234567", birth=BORN)


@pytest.mark.parametrize(
    ("seen", "now"),
    [
        (Seen(), KEPT),
        (Seen(birth=LATER), KEPT),  # the number tells it
        (
            Seen(number=f" {resident_id(2, LATER)} "),
            replace(KEPT, number=resident_id(2, LATER), birth=LATER),
        ),
        (
            Seen(document=PASSPORT, number="e1234567"),
            Papers(document=PASSPORT, number="E1234567", birth=BORN),
        ),
        (
            Seen(document=PASSPORT, number="E1234567", birth=LATER),
            replace(ABROAD, birth=LATER),
        ),
    ],
)
def test_a_document_is_kept_as_it_was_seen(seen: Seen, now: Papers) -> None:
    assert decide_papers(KEPT, seen) == now


@pytest.mark.parametrize(
    "wrong",
    [Seen(number="1"), Seen(document=PASSPORT, number=""), Seen(number=KEPT.number[:-1] + "Y")],
)
def test_a_number_that_cannot_be_is_not_kept(wrong: Seen) -> None:
    with pytest.raises(DocumentNumberWrong):
        decide_papers(KEPT, wrong)


async def correcting(city: World, who: Actor) -> Callable[..., Awaitable[object]]:
    """What the officer does for somebody who asked for a correction."""
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    asked = await request_data(who, kind=RequestKind.CORRECTION, words="号码错了", key=key())

    def correct(**seen: object) -> Awaitable[object]:
        return correct_person(officer, request=asked.request, key=key(), **seen)  # type: ignore[arg-type]  # what a test says

    return correct


async def papers_of(who: Actor) -> tuple[str, str, str]:
    """Document, number and birth date as they are kept."""
    told = (await read_fields([who.id], "document", "document_number", "birth"))[who.id]
    return told["document"], told["document_number"], told["birth"]


async def test_whoever_has_another_document_is_found_by_it_alone(city: World) -> None:
    who, other = await city.volunteer(), await city.volunteer()
    correct = await correcting(city, who)
    was, others = (await papers_of(who))[1], (await papers_of(other))[1]
    with pytest.raises(RegisteredAlready):
        await correct(document_number=others)
    with pytest.raises(NothingToCorrect):
        await correct(document_number=was)
    await correct(document_number=RIGHT)
    assert await papers_of(who) == ("resident_id", RIGHT, "1951-05-06")
    assert await found_alone("resident_id", RIGHT) == who.id
    assert await found_alone("resident_id", was) is None
    age = await find(AgeBand, who.id)
    assert age
    assert age.born == LATER
    (told,) = await entries_of(city, "person.corrected")
    assert told.body["fields"] == ["birth", "document"]
    # The number that was mistaken is free for whoever has it, and a passport tells no birth date.
    await city.register(home=city.station, number=was)
    await correct(document=PASSPORT, document_number="E1234567", birth=BORN)
    assert await papers_of(who) == ("passport", "E1234567", "1950-05-06")
    assert await found_alone("passport", "E1234567") == who.id
    assert (await replay.compare(city.settings.database_url)).differing == 0


async def test_the_number_of_a_registration_that_was_merged_is_one_s_own(city: World) -> None:
    gone, kept = await city.volunteer(), await city.volunteer()
    right = (await papers_of(gone))[1]
    await merged(city, gone, kept)
    await (await correcting(city, kept))(document_number=right)
    assert await found_alone("resident_id", right) == kept.id


async def test_nobody_becomes_too_young_for_what_they_are(city: World) -> None:
    today = day_of(city.clock.now())
    grown, ward = await city.volunteer(), await city.ward(birth=today.replace(year=today.year - 15))
    correct = await correcting(city, grown)
    with pytest.raises(TooYoung):
        await correct(document_number=resident_id(801, today.replace(year=today.year - 13)))
    with pytest.raises(GuardianMissing):
        await correct(document_number=resident_id(801, today.replace(year=today.year - 17)))
    correct = await correcting(city, ward)
    for years in (16, 18):
        await correct(
            document_number=resident_id(802 + years, today.replace(year=today.year - years))
        )


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
    assert await looking.names_of(who, [who.person or ""]) == {who.person: "陈桂兰"}

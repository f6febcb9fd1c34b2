"""Portability: all of one's data in a file that anybody can check and nobody can change."""

import html
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import ED25519, Signer, Verifier
from tests import looking
from tests.commands import timebank
from tests.credit import earn
from tests.membership import member
from tests.test_pages_module import browsing
from tests.volunteering import posted
from tests.wire import ask
from tests.world import World, key, open_world, resident_id
from timebank import portability
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.data_requests import RequestKind, request_data
from timebank.erased import personal_places, personal_tables
from timebank.erasures import ask_erasure
from timebank.given_consents import ConsentPurpose, withdraw_consent
from timebank.identity import DocumentType
from timebank.looks import Look, Looked
from timebank.master_rotation import rotate
from timebank.person_life import PersonState
from timebank.portability import (
    UNTOLD,
    CopyForged,
    PortableCopy,
    copy_for,
    open_copy,
    portable_signer,
    sign_copy,
)
from timebank.refusals import NotFound
from timebank.sign_in import open_session
from timebank.tables import select
from timebank.vault import Keyring, install
from timebank.wish_life import WishKind
from timebank.wishes import collect_wish

SEED = bytes(32)
SIGNER = Signer("bank.example/wuhan", SEED, kind=ED25519)


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


def sample() -> str:
    """A signed copy of somebody."""
    made = PortableCopy(
        bank="bank.example/wuhan",
        made_at=datetime(2026, 11, 20, tzinfo=UTC),
        number="WH-0000-000-0001",
        state=PersonState.ACTIVE,
        home=None,
        name="王秀英\n\n— 王",
    )
    return sign_copy(made, SIGNER)


def test_a_signed_copy_opens_with_the_banks_key_and_no_other() -> None:
    text = sample()
    assert open_copy(text, SIGNER.verifier).name == "王秀英\n\n— 王"
    for other in (
        Signer("bank.example/wuhan", b"\1" * 32).verifier,
        Signer("bank.example/hubei", SEED).verifier,
    ):
        with pytest.raises(CopyForged, match=r"bank\.example"):
            open_copy(text, other)


@given(data=st.data())
def test_a_copy_of_which_anything_was_changed_is_forged(data: Any) -> None:
    text = sample()
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.characters(exclude_categories=["Cs"]))
    how = data.draw(st.sampled_from(["put", "drop", "add"]))
    changed = {
        "put": text[:at] + put + text[at + 1 :],
        "drop": text[:at] + text[at + 1 :],
        "add": text[:at] + put + text[at:],
    }[how]
    if changed != text:
        with pytest.raises(CopyForged):
            open_copy(changed, SIGNER.verifier)


@pytest.mark.parametrize("text", ["", "\n\n", "x", "a\n\nb\n\nc\n", "timebank-portable/1\n{}\n\n"])
def test_what_is_no_copy_is_forged(text: str) -> None:
    with pytest.raises(CopyForged):
        open_copy(text, SIGNER.verifier)


@pytest.mark.anyio
async def test_a_copy_holds_what_is_kept_and_can_be_checked_without_the_bank(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portability, "PAGE", 1)
    manager = world.staff[Role.STATION_MANAGER]
    who = await world.volunteer()
    id, number = who.person or "", await world.number_of(who)
    record = await posted(world, who, minutes=60)
    clerk = world.staff[Role.STATION_CLERK]
    for reader in (manager, clerk):
        await looking.names_of(reader, [id])
    told = open_copy(await copy_for(who), portable_signer().verifier)
    assert (told.number, told.home, told.bank) == (
        number,
        world.station,
        world.settings.origin,
    )
    assert (told.document, told.document_number) == (
        DocumentType.RESIDENT_ID,
        resident_id(world.count),
    )
    assert (told.phone, told.birth) == ("13900000000", date(1950, 5, 6))
    assert told.name
    assert told.service_minutes == 60
    (one,) = told.records
    assert (one.id, one.minutes, one.entry is not None) == (record, 60, True)
    assert {manager.id, clerk.id} <= {look.by for look in told.looks}


@pytest.mark.anyio
async def test_ones_own_copy_holds_whatever_an_erasure_would_destroy(city: World) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await member(city)
    id, number = who.person or "", await city.number_of(who)
    await earn(id, city.station, 90)
    await collect_wish(
        who,
        station=city.station,
        kind=WishKind.GOODS,
        words="一把椅子",
        name="王秀英",
        phone="13911112222",
        consent=True,
        key=key(),
    )
    asked = await request_data(who, kind=RequestKind.CORRECTION, words="姓名写错了", key=key())
    await withdraw_consent(who, purpose=ConsentPurpose.PARTNER_PHONE, key=key())
    await open_session(id)
    told = open_copy(await copy_for(who), portable_signer().verifier)
    assert [(one.minutes, one.balance) for one in told.movements] == [(90, 90)]
    assert [(one.purpose, one.given) for one in told.consents] == [
        (None, True),
        (ConsentPurpose.PARTNER_PHONE.value, False),
    ]
    assert {"一把椅子", "13911112222"} <= set(told.told.values())
    (text,) = [one for one in told.kept["texts"] if one["id"] == f"{asked.request}:words"]
    assert text["value"] == "姓名写错了"
    places = {row.spec.name for row, _ in await personal_places(id)}
    assert set(told.kept) == places - UNTOLD
    assert {"alias", "session"} <= places, "what is told and what is not are both there"
    # An officer learns of nobody that they are a Party member, by this way neither.
    theirs = open_copy(await copy_for(officer, number), portable_signer().verifier)
    assert (theirs.kept, len(theirs.movements)) == ({}, 1)
    assert {table.name for table, _ in personal_tables()} >= UNTOLD


@pytest.mark.anyio
async def test_the_key_that_signs_copies_outlives_the_master_key(city: World) -> None:
    who = await city.volunteer()
    before, text = portable_signer().verifier, await copy_for(who)
    await rotate(city.settings)
    install(Keyring(city.settings))
    assert portable_signer().verifier == before
    open_copy(text, portable_signer().verifier)


@pytest.mark.anyio
async def test_a_copy_is_the_persons_and_for_the_officer_it_is_a_look(city: World) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    far = await city.officer(Role.DATA_PROTECTION_OFFICER, "420100/420103/")
    who = await city.volunteer()
    number = await city.number_of(who)
    for stranger in (far, city.staff[Role.STATION_MANAGER], await city.volunteer()):
        with pytest.raises(NotFound):
            await copy_for(stranger, number)
    with pytest.raises(NotFound):
        await copy_for(PUBLIC)
    await copy_for(officer, number)
    assert [(look.actor, look.what) for look in await select(Look, person=who.person)] == [
        (officer.id, Looked.COPY)
    ]
    await copy_for(who, number)
    await ask_erasure(who, key=key())
    told = open_copy(await copy_for(officer, number), portable_signer().verifier)
    assert (told.name, told.document_number, told.phone, told.birth) == (None,) * 4


@pytest.mark.anyio
async def test_a_copy_on_the_wire(city: World, tmp_path: Path) -> None:
    who = await city.volunteer()
    told = await ask(city, who, "{ portableCopy portableKey }")
    opened = open_copy(told["portableCopy"], Verifier.parse(told["portableKey"]))
    assert opened.number == await city.number_of(who)
    assert (await ask(city, PUBLIC, "{ portableCopy }"))["portableCopy"] is None
    async with await browsing(city, who) as mine, await browsing(city, None) as nobody:
        page = (await mine.get("/my-data")).text
        assert 'href="/my-data/copy.txt"' in page
        assert told["portableKey"] in html.unescape(page)
        file = await mine.get("/my-data/copy.txt")
        assert file.headers["cache-control"] == "no-store"
        assert file.headers["content-disposition"].startswith("attachment")
        assert open_copy(file.text, Verifier.parse(told["portableKey"])).number == opened.number
        assert (await nobody.get("/my-data/copy.txt")).status_code == 404


def test_anybody_checks_a_copy_at_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "copy.txt"
    path.write_text(sample(), "utf-8")
    told = timebank("--json", "verify", "copy", str(path), "--vkey", SIGNER.verifier.text)
    assert told.exit_code == 0, told.stderr
    assert json.loads(told.stdout)["number"] == "WH-0000-000-0001"
    path.write_text(sample().replace("0001", "0002"), "utf-8")
    told = timebank("verify", "copy", str(path), "--vkey", SIGNER.verifier.text)
    assert told.exit_code == 1
    assert "not signed by" in told.stderr

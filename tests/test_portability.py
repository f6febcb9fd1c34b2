"""Portability: all of one's data in a file that anybody can check and nobody can change."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import ED25519, Signer, Verifier
from tests.commands import timebank
from tests.volunteering import posted
from tests.wire import ask
from tests.world import World, key, open_world, resident_id
from timebank import directory
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.erasures import ask_erasure
from timebank.identity import DocumentType
from timebank.looks import Look, Looked
from timebank.master_rotation import rotate
from timebank.person_life import PersonState
from timebank.portability import (
    CopyForged,
    PortableCopy,
    copy_for,
    open_copy,
    portable_signer,
    sign_copy,
)
from timebank.refusals import NotFound
from timebank.tables import select
from timebank.vault import Keyring, install

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
async def test_a_copy_holds_what_is_kept_and_can_be_checked_without_the_bank(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    who = await world.volunteer()
    id, number = who.person or "", await world.number_of(who)
    record = await posted(world, who, minutes=60)
    await directory.names_of(manager, [id])
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
    assert manager.id in {look.by for look in told.looks}


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

"""One master key follows another while everything goes on; whatever breaks off is done again."""

import asyncio
import base64
import json
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.entry import decode
from ledger.reader import open_reader
from ledger.signer import UnusableKey, open_seed
from tests import looking
from tests.commands import new_ledger, timebank
from tests.world import World, key, open_world, resident_id
from timebank import log_keys, master_keys, master_rotation, publication, vault
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.bank import init, open_bank
from timebank.identity import DocumentType
from timebank.master_keys import (
    Master,
    WrongMasterKey,
    read_key,
    read_masters,
    rewrap,
    write_key,
    write_master,
)
from timebank.master_rotation import MasterChanged, NextMasterMissing, rotate
from timebank.people import RegisteredAlready, register_person
from timebank.publication import publish_once, read_signer
from timebank.settings import Settings
from timebank.tables import select
from timebank.timers import sweep
from timebank.vault import DataKey, Keyring, keyring, read_fields

pytestmark = pytest.mark.anyio

PEOPLE = 60


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


def opened_by(settings: Settings, master: Master) -> set[str]:
    """The files of keys that a master key opens."""
    told = set()
    for path in settings.epoch_keys.glob("*.key"):
        try:
            read_key(path, use="epoch", id=path.stem, masters=[master])
            told.add("epochs")
        except WrongMasterKey:
            pass
    try:
        read_key(settings.steady_key, use="steady", id="steady", masters=[master])
        told.add("steady")
    except WrongMasterKey:
        pass
    for path in (settings.log_key, settings.next_log_key):
        if path.exists():
            try:
                open_seed(path, secret=master.key)
                told.add(path.name)
            except UnusableKey:
                pass
    return told


async def test_a_master_key_is_replaced_under_load(world: World) -> None:
    settings = world.settings
    (old,) = read_masters(settings)
    first = await world.volunteer()
    elsewhere = Keyring(settings)
    registered: list[str] = []
    failed: list[Exception] = []
    going, turned = asyncio.Event(), asyncio.Event()

    async def register(n: int) -> None:
        try:
            made = await register_person(
                PUBLIC,
                name=f"李{n}",
                document=DocumentType.RESIDENT_ID,
                document_number=resident_id(2000 + n),
                phone=f"138{n:08d}",
                home=world.station,
                consent=True,
                key=key(),
            )
            registered.append(made.person)
            told = await read_fields([made.person, first.person or ""], "name")
            assert told[made.person]["name"] == f"李{n}"
            assert told[first.person or ""]["name"]
        except Exception as error:
            failed.append(error)

    async def go_on() -> None:
        for n in range(PEOPLE):
            await register(n)
            if n == 4:
                going.set()
            if turned.is_set() and n > PEOPLE // 2:
                break

    async def turn() -> MasterChanged:
        await going.wait()
        # A month turns at the same time: its key is made while the master key is replaced.
        world.clock.move(timedelta(days=11))
        _, told = await asyncio.gather(sweep(), rotate(settings))
        turned.set()
        return told

    _, told = await asyncio.gather(go_on(), turn())
    assert failed == []
    assert len(registered) > PEOPLE // 2
    (new,) = read_masters(settings)
    assert (told.old, told.new) == (old.id, new.id)
    assert old.id != new.id
    assert opened_by(settings, old) == set()
    assert opened_by(settings, new) == {"epochs", "steady", "log.key"}
    # Whoever opened the ledger before it goes on, also with what was made since.
    held = await select(DataKey, person__in=registered)
    assert len({elsewhere.data_key(row) for row in held}) == len(registered)
    assert elsewhere.request == Keyring(settings).request
    names = await looking.names_of(world.staff[Role.STATION_MANAGER], registered)
    assert len(names) == len(registered)
    with pytest.raises(RegisteredAlready):
        await register_person(
            PUBLIC,
            name="李",
            document=DocumentType.RESIDENT_ID,
            document_number=resident_id(2000),
            phone="13900000000",
            home=world.station,
            consent=True,
            key=key(),
        )
    await publish_once(settings)


async def test_progress_is_told_and_the_ledger_says_who_follows_whom(city: World) -> None:
    told: list[tuple[str, int, int]] = []
    made = await rotate(city.settings, lambda *step: told.append(step))
    assert told == [("keys", 1, 3), ("keys", 2, 3), ("keys", 3, 3)]
    assert made.keys == 3
    assert made.entry is not None
    again = await rotate(city.settings)
    assert (again.old, again.entry) == (made.new, made.entry + 1)
    async with open_reader(city.settings.database_url) as reader:
        rows = await reader.fetch("SELECT bytes FROM entry ORDER BY seq DESC LIMIT 2")
    last, first = (decode(bytes(row[0])).body for row in rows)
    assert first == {"old": made.old, "new": made.new}
    assert last == {"old": made.new, "new": again.new}


async def test_a_month_made_by_a_server_in_the_midst_is_sealed_anew_too(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = city.settings
    (old,) = read_masters(settings)
    made: list[str] = []

    def late(path: Path, *, masters: Sequence[Master], to: Master) -> None:
        rewrap(path, masters=masters, to=to)
        if not made:
            # By a server that knows of no next master key yet.
            made.append("2026-12-01-" + "0" * 16)
            there = settings.epoch_keys / f"{made[0]}.key"
            write_key(there, use="epoch", id=made[0], key=bytes(32), master=old)

    monkeypatch.setattr(master_rotation, "rewrap", late)
    assert (await rotate(settings)).keys == 4
    assert opened_by(settings, old) == set()


@pytest.mark.parametrize("over", [False, True])
def test_a_month_begun_beside_a_rotation_outlives_the_old_master_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, over: bool
) -> None:
    settings = Settings(data=tmp_path)
    write_master(settings.master_key)

    def slow(path: Path, **told: Any) -> None:
        # The rotation looks for the last time before the file is there, or is over by then.
        write_master(settings.next_master_key)
        if over:
            settings.next_master_key.replace(settings.master_key)
        write_key(path, **told)

    monkeypatch.setattr(master_keys, "write_key", slow)
    made = vault.new_epoch(settings, date(2026, 12, 1))
    path, kept = settings.epoch_keys / f"{made}.key", read_masters(settings)[-1:]
    assert len(read_key(path, use="epoch", id=made, masters=kept)) == 32


async def test_both_keys_that_sign_are_sealed_anew_while_they_overlap(city: World) -> None:
    await log_keys.rotate(city.settings)
    before = read_signer(city.settings).verifiers
    await rotate(city.settings)
    (new,) = read_masters(city.settings)
    assert {"log.key", "log.next.key"} <= opened_by(city.settings, new)
    assert read_signer(city.settings).verifiers == before


@pytest.mark.parametrize("step", ["rewrap", "change_secret", "write", "_take_place", "destroy"])
async def test_a_rotation_that_broke_off_is_done_again(
    city: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    settings = city.settings
    (old,) = read_masters(settings)

    def dies(*args: object, **named: object) -> None:
        raise OSError("the machine stopped")

    with monkeypatch.context() as patched:
        patched.setattr(master_rotation, step, dies)
        with pytest.raises(OSError, match="stopped"):
            await rotate(settings)
    # Whatever was done, everything opens: for who is there, and for who comes now.
    everything = set[str]().union(*(opened_by(settings, m) for m in read_masters(settings)))
    assert everything == {"epochs", "steady", "log.key"}
    Keyring(settings).current()
    read_signer(settings)
    assert (await city.volunteer()).person
    await rotate(settings)
    (new,) = read_masters(settings)
    assert opened_by(settings, new) == everything
    assert opened_by(settings, old) == set()
    assert sorted(os.listdir(settings.data / "keys")) == [
        *("epochs", "log.key", "log.vkey", "master.key", "steady.key"),
    ]


async def test_the_old_master_key_is_overwritten(city: World, tmp_path: Path) -> None:
    path = city.settings.master_key
    kept = tmp_path / "kept"
    await asyncio.to_thread(os.link, path, kept)
    before = await asyncio.to_thread(kept.read_bytes)
    await rotate(city.settings)
    after = await asyncio.to_thread(kept.read_bytes)
    assert len(after) == len(before)
    assert json.loads(before)["master"].encode() not in after


async def test_a_key_of_a_variable_is_replaced_by_the_one_beside_it(tmp_path: Path) -> None:
    one, other = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
    given = {"data": tmp_path / "d", "database": f"sqlite:///{tmp_path}/t.db"}
    first = Settings.model_validate({**given, "master": one})
    await init(first)
    assert not first.master_key.exists()
    async with open_bank(first):
        with pytest.raises(NextMasterMissing):
            await rotate(first)
    both = Settings.model_validate({**given, "master": one, "next_master": other})
    async with open_bank(both):
        told = await rotate(both)
        assert (await rotate(both)).entry == told.entry
    last = Settings.model_validate({**given, "master_command": f"echo {other}"})
    async with open_bank(last):
        assert keyring().current().id in keyring().epoch_ids()
        await publication.publish_once(last)
    with pytest.raises(WrongMasterKey, match="TIMEBANK_MASTER"):
        vault.Keyring(first)


def test_an_operator_replaces_the_master_key(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "d"))
    new_ledger(tmp_path / "d")
    before = json.loads(timebank(*data, "--json", "keys", "list").stdout)["master"]
    told = timebank(*data, "keys", "rotate", "--master")
    assert told.exit_code == 0, told.stderr
    assert before[0] in told.stdout
    assert "destroyed" in told.stdout
    after = json.loads(timebank(*data, "--json", "keys", "list").stdout)["master"]
    assert len(after) == 1
    assert after != before
    # What nobody signs for a minute is not well.
    assert timebank(*data, "checkpoint").exit_code == 0
    assert timebank(*data, "doctor").exit_code == 0

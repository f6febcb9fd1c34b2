"""Epochs: a key a month; what lives is sealed anew, the old key is destroyed days later."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests import looking
from tests.volunteering import captured
from tests.world import NOON, World, key, open_world, resident_id
from timebank import directory, vault
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.bank import init, open_bank
from timebank.clock import ManualClock
from timebank.epochs import (
    EpochInUse,
    begin_epoch,
    beginnings,
    decide_begin,
    decide_end,
    end_epoch,
    endings,
    over,
    people_behind,
    renew_person,
    renew_row,
    rows_behind,
)
from timebank.identity import DocumentType
from timebank.master_keys import WrongMasterKey
from timebank.people import AgeBand, RegisteredAlready, register_person
from timebank.places import names_of
from timebank.settings import Settings
from timebank.tables import TABLES, find, read, select
from timebank.timers import sweep
from timebank.vault import (
    DataKey,
    EpochGone,
    KeyedFinding,
    KeyedIndex,
    SealedField,
    keyring,
    read_fields,
)

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
NOVEMBER, DECEMBER, JANUARY = "2026-11-20-" + "a" * 16, "2026-12-01-" + "b" * 16, "2027-01-01-0"


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


# Decisions


@pytest.mark.parametrize(
    ("today", "begins"),
    [
        (date(2026, 11, 20), False),
        (date(2026, 11, 30), False),
        (date(2026, 12, 1), True),
        (date(2027, 11, 20), True),
        (date(2026, 10, 31), False),
    ],
)
def test_an_epoch_begins_with_each_month(today: date, begins: bool) -> None:
    assert decide_begin([NOVEMBER], today) is begins


@pytest.mark.parametrize(
    ("today", "gone"),
    [
        (date(2026, 12, 8), []),
        (date(2026, 12, 9), [NOVEMBER]),
        (date(2027, 1, 8), [NOVEMBER]),
        (date(2027, 1, 9), [NOVEMBER, DECEMBER]),
        (date(2030, 1, 1), [NOVEMBER, DECEMBER]),
    ],
)
def test_a_key_is_destroyed_seven_days_into_the_next_epoch(today: date, gone: list[str]) -> None:
    epochs = [NOVEMBER, DECEMBER, JANUARY]
    assert over(epochs, today, 7) == gone
    for epoch in epochs:
        for used in (True, False):
            if epoch in gone and not used:
                decide_end(epoch, epochs, today, kept=7, used=used)
            else:
                with pytest.raises(EpochInUse):
                    decide_end(epoch, epochs, today, kept=7, used=used)


# Keys


async def test_a_key_of_a_month_comes_from_nothing_that_stays(city: World) -> None:
    # Its id is derived from it: made twice of one day and one master key, they are two.
    first, second = (vault.new_epoch(city.settings, date(2026, 12, 1)) for _ in range(2))
    assert first != second


async def test_a_field_opens_only_where_it_was_sealed(city: World) -> None:
    ring = keyring()
    data_key, wrapped = ring.new_data_key("per_1")
    assert ring.data_key(wrapped) == data_key
    sealed = vault.seal_field(data_key, "per_1", "name", "王秀英")
    assert vault.open_field(data_key, "per_1", "name", sealed) == "王秀英"
    for person, field in (("per_2", "name"), ("per_1", "phone")):
        with pytest.raises(WrongMasterKey):
            vault.open_field(data_key, person, field, sealed)
    moved = DataKey(person="per_2", epoch=wrapped.epoch, wrapped=wrapped.wrapped)
    with pytest.raises(WrongMasterKey):
        ring.data_key(moved)


async def test_a_row_opens_only_in_its_table_and_at_its_key(city: World) -> None:
    who = await city.volunteer()
    kept = TABLES["age_band"]
    (values,) = await read(kept, kept.listed, filters={"person": who.person})
    assert isinstance(kept.load(values), AgeBand)
    assert b"1950" not in bytes(values[2])
    with pytest.raises(WrongMasterKey):
        kept.load(["per_other", *values[1:]])
    with pytest.raises(WrongMasterKey):
        TABLES["texts"].load(values)


async def test_rows_found_together_open_by_one_look_at_their_key_which_is_taken_each_time(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await city.volunteer()
    kept, (epoch,), looks = TABLES["age_band"], keyring().epoch_ids(), list[str]()
    rows = await read(kept, kept.listed)
    look = vault.Keyring.epoch

    def seen(ring: vault.Keyring, id: str) -> vault.Epoch:
        looks.append(id)
        return look(ring, id)

    monkeypatch.setattr(vault.Keyring, "epoch", seen)
    assert [row.person for row in kept.load_each(rows)] == [values[0] for values in rows]
    assert (len(rows) >= 3, looks) == (True, [epoch])
    (city.settings.epoch_keys / f"{epoch}.key").unlink()
    with pytest.raises(EpochGone):
        kept.load_each(rows)


async def test_keys_hide_and_an_index_is_no_plain_hash(city: World) -> None:
    ring = keyring()
    number = resident_id(1)
    epoch, other = ring.current(), ring.begin_epoch(date(2026, 12, 1))
    assert epoch.mark("id", number) != other.mark("id", number) != ring.mark("id", number)
    assert epoch.mark("id", number) != epoch.mark("phone", number)
    assert repr(ring) == "Keyring(...)"
    assert repr(epoch) == f"Epoch({epoch.id})"
    assert not any(number in mark for mark in (epoch.mark("id", number), epoch.id))


# The months go by


async def test_what_lives_is_sealed_anew_and_then_the_old_key_is_destroyed(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    who = await world.volunteer()
    id = who.person or ""
    number = resident_id(world.count)
    before = await looking.names_of(manager, [id])
    findings = len(await select(KeyedFinding, person=id))
    (old,) = keyring().epoch_ids()
    world.clock.move(11 * DAY)
    assert await beginnings(skip=0, limit=9) == ["2026-12"]
    await sweep()
    assert await beginnings(skip=0, limit=9) == []
    kept, new = keyring().epoch_ids()
    assert kept == old
    assert new.startswith("2026-12-01-")
    assert {row.epoch for row in await select(DataKey)} == {new}
    for table in TABLES.values():
        if table.sealed:
            assert {epoch for (epoch,) in await read(table, '"epoch"')} <= {new}
    assert await people_behind(skip=0, limit=9) == await rows_behind(skip=0, limit=9) == []
    marks = {row.mark for row in await select(KeyedIndex, person=id)}
    assert marks == {keyring().current().mark(DocumentType.RESIDENT_ID.value, number)}
    assert len(await select(KeyedFinding, person=id)) == findings
    assert await directory.find_by_phone(manager, phone="13900000000")
    world.clock.move(7 * DAY)
    await sweep()
    assert keyring().epoch_ids() == [old, new]
    world.clock.move(DAY)
    await sweep()
    assert keyring().epoch_ids() == [new]
    assert await looking.names_of(manager, [id]) == before
    assert await find(AgeBand, id)
    assert world.station in await names_of([world.station])
    found = await directory.find_by_document(
        manager, document=DocumentType.RESIDENT_ID, document_number=number
    )
    assert found
    assert found.id == id
    assert id in {one.id for one in await directory.find_by_phone(manager, phone="139 0000 0000")}
    await captured(world, who)


async def test_while_two_epochs_last_nobody_is_registered_twice(city: World) -> None:
    async def register() -> None:
        await register_person(
            PUBLIC,
            name="王秀英",
            document=DocumentType.RESIDENT_ID,
            document_number=resident_id(888),
            phone="13900000000",
            home=city.station,
            consent=True,
            key=key(),
        )

    await register()
    city.clock.move(30 * DAY)
    await begin_epoch()
    with pytest.raises(RegisteredAlready):
        await register()
    await sweep()
    with pytest.raises(RegisteredAlready):
        await register()


async def test_a_key_in_use_is_not_destroyed(city: World) -> None:
    who = await city.volunteer()
    (old,) = keyring().epoch_ids()
    city.clock.move(60 * DAY)
    await begin_epoch()
    city.clock.move(30 * DAY)
    for person in await people_behind(skip=1, limit=999):
        await renew_person(person)
    assert await endings(skip=0, limit=9) == []
    with pytest.raises(EpochInUse):
        await end_epoch(old)
    assert await read_fields([who.person or ""], "name")
    for person in await people_behind(skip=0, limit=999):
        await renew_person(person)
    while names := await rows_behind(skip=1, limit=100):
        for name in names:
            await renew_row(name)
    # One row of a sealed table is enough, though nobody's data key is behind any more.
    assert len(await rows_behind(skip=0, limit=9)) == 1
    assert await people_behind(skip=0, limit=9) == []
    with pytest.raises(EpochInUse):
        await end_epoch(old)
    await sweep()
    assert old not in keyring().epoch_ids()
    assert (await read_fields([who.person or ""], "name"))[who.person or ""]


async def test_rows_that_are_behind_are_told_a_few_at_a_time(city: World) -> None:
    await city.volunteer()
    city.clock.move(60 * DAY)
    await begin_epoch()
    everything = await rows_behind(skip=0, limit=9_999)
    assert len({name.partition("/")[0] for name in everything}) >= 2
    for many in (1, 2, len(everything) - 1):
        for skip in range(len(everything)):
            told = await rows_behind(skip=skip, limit=many)
            assert told == everything[skip : skip + many]


async def test_a_key_that_is_destroyed_is_forgotten_by_every_process(city: World) -> None:
    other = vault.Keyring(city.settings)
    (old,) = other.epoch_ids()
    held = (await select(DataKey, limit=1))[0]
    other.data_key(held)
    keyring().begin_epoch(date(2026, 12, 1))
    keyring().end_epoch(old)
    with pytest.raises(EpochGone):
        other.data_key(held)


async def test_a_month_is_not_noticed_by_who_writes_at_that_moment(city: World) -> None:
    """Writers and the turn of the month run at once; nothing is lost, nothing stays behind."""
    city.clock.move(11 * DAY)

    async def register(n: int) -> None:
        await city.volunteer(birth=date(1950, 1, 1) + n * DAY)

    await asyncio.gather(sweep(), *(register(n) for n in range(40)), begin_epoch())
    await sweep()
    city.clock.move(8 * DAY)
    await sweep()
    (current,) = keyring().epoch_ids()
    held = await select(DataKey)
    assert {row.epoch for row in held} == {current}
    told = await read_fields([row.person for row in held], "name")
    assert all(fields["name"] for fields in told.values())
    assert len(await select(SealedField, field="name")) == len(held)


async def test_without_its_epoch_key_a_ledger_does_not_open_and_says_so(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "d", database=f"sqlite:///{tmp_path}/t.db")
    await init(settings, clock=ManualClock(NOON))
    (path,) = settings.epoch_keys.iterdir()
    path.rename(tmp_path / "aside")
    with pytest.raises(EpochGone, match="put this ledger's keys in place"):
        async with open_bank(settings):
            pass

"""A restore does not bring back whoever was erased, nor what nobody can open."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.tables import dialect_of, sqlite_path
from ledger.verify import verify
from tests.copies import at, begun, tools
from tests.old_copies import (
    Copy,
    files_of,
    found,
    keep_copy,
    secrets_of,
    whole_life,
)
from tests.test_restore import NewUrl, new_url
from tests.world import NOON, World, found_city, key
from timebank import backups, publication, replay
from timebank.bank import open_bank
from timebank.clock import ManualClock
from timebank.erased import ErasureLeft, read_erased
from timebank.erasures import ask_erasure
from timebank.people import person
from timebank.person_life import PersonState
from timebank.restored import EpochKeyMissing, decide_fit
from timebank.settings import Settings
from timebank.tables import select
from timebank.timers import sweep
from timebank.vault import (
    DataKey,
)

pytestmark = pytest.mark.anyio

__all__ = ["new_url"]
DAY = timedelta(days=1)


async def test_a_restored_copy_is_erased_again_before_it_is_in_place(
    database_url: str, tmp_path: Path, new_url: NewUrl
) -> None:
    clock = ManualClock(NOON)
    settings = Settings(data=tmp_path / "data", database=database_url, postgresql_tools=tools())
    await begun(settings, at=NOON)
    async with open_bank(settings, clock=clock) as journal:
        world = World(journal, clock, settings)
        await found_city(world)
        who, other = await whole_life(world), await whole_life(world)
        id = who.person or ""
        secrets = await secrets_of(id)
        await publication.publish_once(settings)
        await keep_copy(settings, tmp_path / "old")
        # Erased after the copy, and nothing was signed since: the copy may take its place.
        await ask_erasure(who, key=key())
    assert read_erased(settings.erased_file) == [id]
    elsewhere = at(settings, await asyncio.to_thread(new_url))
    told = await backups.restore(elsewhere, tmp_path / "old")
    assert told.fitted.erased == 1
    assert await asyncio.to_thread(lambda: list(tmp_path.rglob("*.restoring*"))) == []
    if dialect_of(database_url) == "sqlite":
        assert found(files_of(elsewhere.database_url), secrets) == set()
    copy = await Copy.of(elsewhere.database_url)
    assert id not in {row[0] for row in copy.rows["data_key"]}
    assert other.person in {row[0] for row in copy.rows["data_key"]}
    async with open_bank(elsewhere, clock=clock):
        held = await person(id)
        assert held
        assert held.state is PersonState.ACTIVE
        await sweep()
        held = await person(id)
        assert held
        assert held.state is PersonState.ERASED
        assert await select(ErasureLeft) == []
        assert read_erased(elsewhere.erased_file) == [id]
    assert (await replay.compare(elsewhere.database_url)).differing == 0
    report = await verify(elsewhere.database_url, log=publication.read_verifiers(settings))
    assert report.sound, report.findings


async def test_a_copy_whose_month_is_over_is_restored_without_names_or_not_at_all(
    tmp_path: Path, sqlite_url: str
) -> None:
    clock = ManualClock(NOON)
    settings = Settings(data=tmp_path / "data", database=sqlite_url)
    await begun(settings, at=NOON)
    async with open_bank(settings, clock=clock) as journal:
        world = World(journal, clock, settings)
        await found_city(world)
        await publication.publish_once(settings)
        await keep_copy(settings, tmp_path / "old")
        clock.move(19 * DAY)
        for _ in range(2):
            await sweep()
        clock.move(8 * DAY)
        await sweep()
        names = len(await select(DataKey))
    elsewhere = at(settings, f"sqlite:///{tmp_path}/e/timebank.db")
    with pytest.raises(EpochKeyMissing, match="--without-names"):
        await backups.restore(elsewhere, tmp_path / "old")
    assert not await asyncio.to_thread(Path(sqlite_path(elsewhere.database_url)).exists)
    told = await backups.restore(elsewhere, tmp_path / "old", without_names=True)
    assert told.fitted.given_up > names
    assert not any((await Copy.of(elsewhere.database_url)).rows.values())
    async with open_bank(elsewhere, clock=clock):
        await sweep()
    assert (await replay.compare(elsewhere.database_url)).differing == 0


def test_a_copy_fits_if_every_key_it_needs_is_there() -> None:
    assert decide_fit({}, [], give_up=False) == []
    assert decide_fit({"a": 1}, ["a", "b"], give_up=False) == []
    with pytest.raises(EpochKeyMissing) as refused:
        decide_fit({"a": 1, "c": 5}, ["b"], give_up=False)
    assert (refused.value.epoch, refused.value.count) == ("c", 5)
    assert decide_fit({"a": 1, "c": 5}, ["a"], give_up=True) == ["c"]

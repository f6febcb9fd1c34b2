"""Copies of files: with the backup, put back, and compared with what was committed to."""

import asyncio
import shutil
from pathlib import Path

import pytest

from ledger.backup import read_manifest
from tests.copies import at
from tests.erasing import whose
from tests.organising import named, registered
from tests.test_organisation_files import PDF, handed_in
from tests.world import key, open_world
from timebank.backups import make, restore
from timebank.bank import open_bank
from timebank.erasures import ask_erasure
from timebank.file_copies import PACKED, FilesFound, find_files
from timebank.file_store import Directory, store
from timebank.organisation_files import FileKey, content_of
from timebank.publication import publish_once
from timebank.registrations import withdraw_application
from timebank.tables import find

pytestmark = pytest.mark.anyio


async def test_a_restored_ledger_finds_the_files_it_committed_to(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        leader = await world.volunteer()
        organisation = await registered(world, leader)
        files = [await handed_in(leader, organisation, content=PDF + bytes([n])) for n in range(4)]
        settings, clock = world.settings, world.clock
        await publish_once(settings)
    copy, elsewhere = tmp_path / "copy", at(settings, f"sqlite:///{tmp_path}/new/timebank.db")
    await make(settings, copy)
    assert read_manifest(copy).holds(PACKED)
    assert PDF not in (copy / PACKED).read_bytes()
    await asyncio.to_thread(shutil.rmtree, settings.file_directory)
    told = await restore(elsewhere, copy)
    assert told.files == FilesFound(sound=4)
    kept = Directory(settings.file_directory)
    sealed = kept.get(files[1])
    assert sealed
    kept.drop(files[0])
    kept.put(files[1], sealed[:-1] + bytes([sealed[-1] ^ 1]))
    kept.put(files[2], sealed)
    async with open_bank(elsewhere, clock=clock):
        found = await find_files()
        assert found == FilesFound(sound=1, missing=(files[0],), wrong=(files[1], files[2]))
        read = await content_of(leader, files[3])
        assert read
        assert read[1] == PDF + bytes([3])


async def test_a_founders_paper_goes_with_the_founder_and_an_organisations_does_not(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        founder, leader = await world.volunteer(), await world.volunteer()
        asked = await named(world, founder)
        mine = await handed_in(founder, asked)
        ours = await handed_in(leader, await registered(world, leader))
        opens = await find(FileKey, mine)
        assert opens
        assert opens.person == whose(founder)
        await withdraw_application(founder, organisation=asked, key=key())
        await ask_erasure(founder, key=key())
        assert await find(FileKey, mine) is None
        assert await content_of(founder, mine) is None
        # What lies in the store is noise now, in every copy of it.
        assert store().get(mine)
        kept = await find(FileKey, ours)
        assert kept
        assert kept.person is None
        assert await find_files() == FilesFound(sound=1)

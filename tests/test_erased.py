"""Erased means gone: the bytes are searched for everywhere, and every key that is left is tried.

A person is erased while an old copy, the file, its log and a server's own log exist; afterwards
nothing of theirs is found by its bytes, and when the epoch's key is destroyed nothing in the old
copy opens with any key there is. What was proved before is still proved.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ledger.checkpoint import open_receipt
from ledger.reader import open_reader
from ledger.receipts import receipt
from ledger.tables import dialect_of
from ledger.verify import verify
from tests.copies import at, tools
from tests.old_copies import (
    Copy,
    every_key,
    exported,
    files_of,
    found,
    holds,
    keep_copy,
    searchable,
    secrets_of,
    whole_life,
)
from tests.test_restore import NewUrl, new_url
from tests.world import NOON, World, found_city, key, resident_id
from timebank import backups, publication, replay
from timebank.bank import init, open_bank
from timebank.clock import ManualClock
from timebank.erased import list_erased, read_erased
from timebank.erasures import ask_erasure, finish_everything
from timebank.people import person
from timebank.person_life import PersonState
from timebank.settings import Settings
from timebank.timers import sweep

pytestmark = pytest.mark.anyio

__all__ = ["new_url"]
DAY = timedelta(days=1)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    clock = ManualClock(NOON)
    settings = Settings(data=tmp_path / "data", database=database_url, postgresql_tools=tools())
    await init(settings, clock=clock)
    async with open_bank(settings, clock=clock) as journal:
        world = World(journal, clock, settings)
        await found_city(world)
        yield world


def written_out(url: str) -> None:
    """Let a server write to its files what it holds in memory."""
    program = str(tools() / "psql")
    subprocess.run(
        [program, url, "-c", "ANALYZE", "-c", "CHECKPOINT"], check=True, capture_output=True
    )


async def test_nothing_of_an_erased_person_is_found_by_its_bytes(
    world: World, tmp_path: Path
) -> None:
    settings = world.settings
    with capture_logs() as logs:
        who = await whole_life(world)
        secrets = await secrets_of(who.person or "")
        await keep_copy(settings, tmp_path / "old")
        # The search finds what is there: else it would prove nothing.
        plain = {name for name in secrets if name.endswith((" salt", " value"))}
        assert found(searchable(tmp_path / "old"), secrets) == set(secrets) - plain
        if dialect_of(settings.database_url) == "postgresql":
            await asyncio.to_thread(written_out, settings.database_url)
        assert found(files_of(settings.database_url), secrets) == set(secrets) - plain
        await ask_erasure(who, key=key())
        held = await person(who.person or "")
        assert held
        assert held.state is PersonState.ERASED
        for _ in range(3):
            await sweep()
    if dialect_of(settings.database_url) == "postgresql":
        # The server keeps what was deleted until an operator has it written anew.
        assert found(files_of(settings.database_url), secrets) != set()
        assert (await finish_everything()).left == ()
    assert found(files_of(settings.database_url), secrets) == set()
    await keep_copy(settings, tmp_path / "later")
    assert found(searchable(tmp_path / "later"), secrets) == set()
    assert found(await exported(world), secrets) == set()
    assert found(repr(logs).encode(), secrets) == set()
    listed = settings.erased_file.read_bytes()
    assert found(listed, secrets) == set()


async def test_no_key_that_is_left_opens_an_old_copy_after_the_epoch(
    world: World, tmp_path: Path, new_url: NewUrl
) -> None:
    settings = world.settings
    who = await whole_life(world)
    id = who.person or ""
    number = resident_id(world.count)
    assert await holds(number, id)
    await publication.publish_once(settings)
    await keep_copy(settings, tmp_path / "old")
    old = at(settings, await asyncio.to_thread(new_url))
    await backups.restore(old, tmp_path / "old")
    copy = await Copy.of(old.database_url)
    before = every_key(settings)
    reach = copy.opened_by(before, id, number)
    # With the key of its month the copy opens: what follows is the destroyed key's doing alone.
    assert {"data_key", "keyed_index", f"{id}:name", f"age_band/{id}"} <= reach
    assert any(told.startswith("texts/obj_") for told in reach)
    await ask_erasure(who, key=key())
    world.clock.move(11 * DAY)
    for _ in range(2):
        await sweep()
    assert copy.opened_by(every_key(settings), id, number) == reach
    world.clock.move(8 * DAY)
    await sweep()
    after = every_key(settings)
    assert len(after) == len(before)
    assert copy.opened_by(after, id, number) == set()
    # And nobody else's either: the living are sealed anew, elsewhere.
    for other, *_ in copy.rows["data_key"]:
        assert copy.opened_by(after, other, number) == set()


async def test_what_was_proved_before_is_still_proved(world: World) -> None:
    settings = world.settings
    who = await whole_life(world)
    await publication.publish_once(settings)
    keys = publication.read_verifiers(settings)
    async with open_reader(settings.database_url) as reader:
        size = (await reader.fetch("SELECT size FROM head"))[0][0]
        proofs = [await receipt(reader, seq) for seq in range(size)]
    await ask_erasure(who, key=key())
    world.clock.move(19 * DAY)
    await sweep()
    await publication.publish_once(settings)
    for seq, proof in enumerate(proofs):
        assert open_receipt(proof, keys).entry.seq == seq
    report = await verify(settings.database_url, log=keys)
    assert report.sound, report.findings
    assert report.size > size
    async with open_reader(settings.database_url) as reader:
        again = await receipt(reader, 3)
        rows = await reader.fetch("SELECT kind FROM entry WHERE seq >= $1 ORDER BY seq", size)
    assert open_receipt(again, keys).entry.seq == 3
    assert [kind for (kind,) in rows].count("person.shredded") == 1
    assert (await replay.compare(settings.database_url)).differing == 0


# The list


def test_the_list_survives_a_line_that_was_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "anchor" / "erased"
    assert read_erased(path) == []
    for id in ("per_1", "per_2", "per_1"):
        list_erased(path, id)
    assert read_erased(path) == ["per_1", "per_2"]
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open("a") as file:
        file.write("per_3")
    assert read_erased(path) == ["per_1", "per_2"]
    list_erased(path, "per_4")
    assert read_erased(path)[-1] == "per_4"

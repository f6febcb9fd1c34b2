"""One key of the log follows another: with an overlap, an entry each, and a crash at every step."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ledger.anchor import Verdict
from ledger.checkpoint import InvalidNote, InvalidReceipt, Verifier, open_note, open_receipt
from ledger.entry import decode
from ledger.reader import open_reader, read_entries
from ledger.receipts import receipt
from ledger.verify import verify
from tests.commands import timebank
from tests.copies import begun
from timebank import log_keys, publication
from timebank.bank import open_bank
from timebank.log_keys import (
    LogKey,
    NextKeyUnproved,
    NoRotationUnderway,
    RotationUnderway,
    retire,
    rotate,
)
from timebank.publication import publish_once
from timebank.replay import compare
from timebank.settings import Settings
from timebank.tables import find

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def opened(url: str, directory: Path) -> AsyncIterator[Settings]:
    """A new ledger, open and signed once."""
    settings = Settings(data=directory / "d", database=url)
    await begun(settings)
    async with open_bank(settings):
        await publish_once(settings)
        yield settings


@pytest.fixture
async def settings(database_url: str, tmp_path: Path) -> AsyncIterator[Settings]:
    async with opened(database_url, tmp_path) as made:
        yield made


async def kinds(settings: Settings) -> list[str]:
    """What the entries say happened, in order."""
    async with open_reader(settings.database_url) as reader:
        return [row[3] async for rows in read_entries(reader, 0, 99) for row in rows]


def signers(settings: Settings, *keys: Verifier) -> set[Verifier]:
    """Those of the keys whose signature the anchored checkpoint bears."""
    found = set()
    for key in keys:
        try:
            open_note(settings.anchor_file.read_text(), key)
        except InvalidNote:
            continue
        found.add(key)
    return found


async def test_two_keys_sign_until_the_old_one_ends(settings: Settings) -> None:
    (old,) = publication.read_verifiers(settings)
    made = await rotate(settings)
    assert publication.read_verifiers(settings)[0] == old
    new = publication.read_verifiers(settings)[1]
    assert (made.old, made.new) == (old.id.hex(), new.id.hex())
    assert signers(settings, old, new) == {old}

    await publish_once(settings)
    assert signers(settings, old, new) == {old, new}
    ended = await retire(settings)
    await publish_once(settings)
    assert signers(settings, old, new) == {new}

    assert (await kinds(settings))[-2:] == ["log.key_rotated", "log.key_retired"]
    assert await find(LogKey, made.old) == LogKey(
        id=made.old, key=old.text.removeprefix(f"{old.name}+"), until=ended.entry
    )
    assert await find(LogKey, made.new) == LogKey(
        id=made.new, key=new.text.removeprefix(f"{new.name}+"), since=made.entry
    )
    assert not (await compare(settings.database_url)).differences
    assert not settings.next_log_key.exists()


async def test_the_whole_verifies_with_every_key_and_with_no_fewer(settings: Settings) -> None:
    (old,) = publication.read_verifiers(settings)
    await rotate(settings)
    await publish_once(settings)
    await retire(settings)
    await publish_once(settings)
    assert len(log_keys.read_all(settings)) == 2
    whole = await verify(settings.database_url, log=log_keys.read_all(settings))
    assert whole.sound, whole.findings
    (new,) = publication.read_verifiers(settings)
    # Three checkpoints: of the old key, of both, of the new key.
    for key, stranger in ((old, 1), (new, 1)):
        half = await verify(settings.database_url, log=key)
        assert len(half.findings) == stranger, half.findings


async def test_a_receipt_opens_with_a_key_of_its_day(settings: Settings) -> None:
    (old,) = publication.read_verifiers(settings)
    told = []
    for step in (None, rotate, retire):
        if step is not None:
            await step(settings)
            await publish_once(settings)
        async with open_reader(settings.database_url) as reader:
            told.append(await receipt(reader, 0))
    (new,) = publication.read_verifiers(settings)
    for text, keys in zip(told, ({old}, {old, new}, {new}), strict=True):
        for key in (old, new):
            if key in keys:
                assert open_receipt(text, key).entry.seq == 0
            else:
                with pytest.raises(InvalidReceipt):
                    open_receipt(text, key)
        assert open_receipt(text, (old, new)).entry.seq == 0


async def test_there_are_never_three_keys(settings: Settings) -> None:
    await rotate(settings)
    before = settings.next_log_key.read_bytes()
    with pytest.raises(RotationUnderway):
        await rotate(settings)
    assert settings.next_log_key.read_bytes() == before


async def test_the_last_key_is_not_retired(settings: Settings) -> None:
    with pytest.raises(NoRotationUnderway):
        await retire(settings)


async def test_a_key_ends_only_after_the_next_has_signed(settings: Settings) -> None:
    await rotate(settings)
    with pytest.raises(NextKeyUnproved):
        await retire(settings)
    settings.anchor_file.unlink()
    with pytest.raises(NextKeyUnproved):
        await retire(settings)
    assert len(publication.read_verifiers(settings)) == 2


class Crash(BaseException):
    """The process ends here."""


def fail(*_: object, **__: object) -> Any:
    raise Crash


@pytest.mark.parametrize("step", ["_list", "write"])
async def test_a_rotation_that_crashed_is_finished_by_the_next_try(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(log_keys, step, fail)
        with pytest.raises(Crash):
            await rotate(settings)
    made = settings.next_log_key.read_bytes()
    await rotate(settings)
    assert settings.next_log_key.read_bytes() == made
    assert (await kinds(settings)).count("log.key_rotated") == 1
    assert len(publication.read_verifiers(settings)) == 2


@pytest.mark.parametrize("done", [0, 1, 2])
async def test_a_retirement_that_crashed_is_finished_by_the_next_try(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    await rotate(settings)
    await publish_once(settings)
    old, new = publication.read_verifiers(settings)
    lists = log_keys._list
    calls: list[int] = []

    def fail_later(*told: Any) -> None:
        calls.append(1)
        if len(calls) > done:
            raise Crash
        lists(*told)

    with monkeypatch.context() as broken:
        broken.setattr(log_keys, "_list", fail_later)
        broken.setattr("os.replace", fail)
        with pytest.raises(Crash):
            await retire(settings)
    # Whoever starts in between still opens everything, and signs with both.
    assert await publication.examine(settings) is Verdict.GO
    assert publication.read_signer(settings).verifiers == (old, new)
    with pytest.raises(RotationUnderway):
        await rotate(settings)
    await retire(settings)
    await publish_once(settings)
    assert (await kinds(settings)).count("log.key_retired") == 1
    assert publication.read_signer(settings).verifiers == (new,)
    assert log_keys.read_all(settings) == (old, new)


async def test_the_entries_tell_both_public_keys_and_nothing_else(settings: Settings) -> None:
    await rotate(settings)
    async with open_reader(settings.database_url) as reader:
        rows = await reader.fetch("SELECT bytes FROM entry ORDER BY seq DESC LIMIT 1")
    entry = decode(bytes(rows[0][0]))
    told = {f"{settings.origin}+{text}" for text in entry.body.values()}
    assert told == {key.text for key in publication.read_verifiers(settings)}


def test_an_operator_rotates_from_the_command_line(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "d"))
    for words in (["init"], ["checkpoint"], ["keys", "rotate"]):
        made = timebank(*data, *words)
        assert made.exit_code == 0, (words, made.stderr)
    early = timebank(*data, "keys", "retire")
    assert (early.exit_code, "No checkpoint bears" in early.stderr) == (1, True)
    note = timebank(*data, "checkpoint").stdout
    assert note.count("— timebank.example/wuhan ") == 2
    ended = timebank(*data, "keys", "retire")
    assert ended.exit_code == 0, ended.stderr
    note = timebank(*data, "checkpoint").stdout
    assert note.count("— timebank.example/wuhan ") == 1
    told = json.loads(timebank(*data, "--json", "keys", "list").stdout)
    assert [len(told["signing"]), len(told["retired"])] == [1, 1]
    assert open_note(note, Verifier.parse(told["signing"][0])).checkpoint.size == 5

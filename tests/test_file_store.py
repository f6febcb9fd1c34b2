"""The store of files in a bucket: sealed there, named by backups, out of reach once erased."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from obstore.exceptions import BaseError

from ledger.backup import read_manifest
from tests import objects
from tests.copies import at
from tests.objects import BUCKET, KEY_ID, PAGE, REGION, SECRET, Service
from tests.organising import named, registered
from tests.test_organisation_files import PDF, handed_in
from tests.world import key, open_world
from timebank.backups import make, restore
from timebank.bank import open_bank
from timebank.erasures import ask_erasure
from timebank.file_copies import ELSEWHERE, PACKED, FilesFound
from timebank.file_store import Bucket, Directory, NoBucket, store, store_of
from timebank.organisation_files import content_of
from timebank.publication import publish_once
from timebank.registrations import withdraw_application
from timebank.settings import Settings
from web.doctor import examine

NAMES = [f"fil_{n:026}" for n in range(2 * PAGE + 1)]


@pytest.fixture
def service() -> Iterator[Service]:
    with objects.service() as made:
        yield made


def bucket_of(service: Service, **other: Any) -> dict[str, Any]:
    """The settings of the bucket."""
    told = {"s3_bucket": BUCKET, "s3_endpoint": service.address, "s3_region": REGION}
    return told | {"s3_key_id": KEY_ID, "s3_secret": SECRET} | other


def kept_by(service: Service, **other: Any) -> Bucket:
    """The store that settings lead to."""
    found = store_of(Settings(**bucket_of(service, **other)))
    assert isinstance(found, Bucket)
    return found


def test_without_a_bucket_files_lie_in_a_directory(tmp_path: Path) -> None:
    found = store_of(Settings(data=tmp_path))
    assert isinstance(found, Directory)
    assert (found.root, found.elsewhere) == (tmp_path / "files", None)


def test_a_bucket_keeps_gives_names_and_forgets(service: Service) -> None:
    kept = kept_by(service)
    for n, name in enumerate(NAMES):
        kept.put(name, bytes([n]) * 70_000)
    service.held["another-one.txt"] = b"not ours"
    assert sorted(kept.names()) == NAMES
    assert kept.get(NAMES[3]) == b"\x03" * 70_000
    kept.put(NAMES[3], b"again")
    assert kept.get(NAMES[3]) == b"again"
    for _ in range(2):
        kept.drop(NAMES[3])
        assert kept.get(NAMES[3]) is None
    assert sorted(kept.names()) == [*NAMES[:3], *NAMES[4:]]
    for wrong in ("../keys", "fil_1", ""):
        for act in (kept.get, kept.drop, lambda name: kept.put(name, b"")):
            with pytest.raises(ValueError, match="no name of a file"):
                act(wrong)


def test_who_has_not_the_secret_keeps_and_reads_nothing(service: Service) -> None:
    stranger = kept_by(service, s3_secret="another")  # the test's own
    for act in (stranger.get, stranger.drop, lambda name: stranger.put(name, b"")):
        with pytest.raises(BaseError, match="403 Forbidden"):
            act(NAMES[0])
    assert service.held == {}


def test_files_of_a_bucket_that_is_not_there_are_not_told_missing(service: Service) -> None:
    with pytest.raises(NoBucket, match="no bucket s3://elsewhere"):
        kept_by(service, s3_bucket="elsewhere").get(NAMES[0])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("other", "well", "seen"),
    [
        ({}, True, f"s3://{BUCKET}"),
        ({"s3_bucket": "elsewhere"}, False, "NoSuchBucket"),
        ({"s3_secret": "another"}, False, "403 Forbidden"),
        ({"s3_bucket": ""}, True, "/files"),
    ],
)
async def test_the_doctor_looks_where_files_lie(
    service: Service, tmp_path: Path, other: dict[str, Any], well: bool, seen: str
) -> None:
    settings = Settings(data=tmp_path, **bucket_of(service, **other))
    (found,) = [one for one in await examine(settings) if one.name == "files"]
    assert found.well == well
    assert seen in found.seen


@pytest.mark.anyio
async def test_the_doctor_names_the_extra_that_a_bucket_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    (found,) = [
        one
        for one in await examine(Settings(data=tmp_path, s3_bucket="a-bucket-of-nobody"))
        if one.name == "files"
    ]
    assert not found.well
    assert "extra s3" in found.seen


@pytest.mark.anyio
async def test_what_is_handed_in_lies_sealed_in_the_bucket_and_a_backup_names_it(
    sqlite_url: str, tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bucket_of(service).items():
        monkeypatch.setenv(f"TIMEBANK_{name.upper()}", value)
    async with open_world(sqlite_url, tmp_path) as world:
        founder, leader = await world.volunteer(), await world.volunteer()
        asked = await named(world, founder)
        mine = await handed_in(founder, asked)
        organisation = await registered(world, leader)
        ours, lost = [await handed_in(leader, organisation) for _ in range(2)]
        assert set(service.held) == {mine, ours, lost}
        assert all(PDF[:8] not in sealed for sealed in service.held.values())
        read = await content_of(leader, ours)
        assert read
        assert read[1] == PDF
        await withdraw_application(founder, organisation=asked, key=key())
        await ask_erasure(founder, key=key())
        assert await content_of(founder, mine) is None
        assert store().get(mine), "noise, whose key is destroyed"
        settings, clock = world.settings, world.clock
        await publish_once(settings)
    copy, elsewhere = tmp_path / "copy", at(settings, f"sqlite:///{tmp_path}/new/timebank.db")
    await make(settings, copy)
    assert not read_manifest(copy).holds(PACKED)
    assert (copy / ELSEWHERE).read_text("utf-8") == f"s3://{BUCKET}\n"
    service.held.pop(lost)
    told = await restore(elsewhere, copy)
    assert told.files == FilesFound(sound=1, missing=(lost,))
    async with open_bank(elsewhere, clock=clock):
        assert await content_of(leader, ours) is not None

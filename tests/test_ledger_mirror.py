"""A mirror: accepted by a verifier of another making, broken off, gone on with, kept apart.

`tests.outsider` judges it; how it is falsified is in `test_ledger_forged_tiles`.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.checkpoint import Signer
from ledger.merkle import InvalidProof
from ledger.mirror import AnotherMirror, Mirrored, NothingSigned, mirror
from ledger.reader import open_reader, read_consistency
from ledger.receipts import receipt
from ledger.tables import install
from ledger.writer import open_writer
from tests import outsider
from tests.ledgers import SIGNER, add, fences_down, fill, publish
from tests.outsider import Forged

ROOT = Path(__file__).resolve().parent.parent
KEY = outsider.key_of(SIGNER.verifier.text)
ENTRIES = 521
"""Two full tiles and a partial one of 9, a level higher a partial one of 2."""
FILES = [
    *("checkpoint", "vkey", "tile/1/000.p/2"),
    *("tile/0/000", "tile/0/001", "tile/0/002.p/9"),
    *("tile/entries/000", "tile/entries/001", "tile/entries/002.p/9"),
]


async def mirrored(
    url: str, directory: Path, progress: Callable[[int, int], None] | None = None, *signers: Signer
) -> Mirrored:
    """Bring a mirror of the test's log up to date."""
    log = [signer.verifier for signer in signers or [SIGNER]]
    async with open_reader(url) as reader:
        return await mirror(reader, directory, log=log, progress=progress)


async def grow(url: str, count: int, *signers: Signer) -> None:
    """Add entries and sign where the log ends."""
    writer = await open_writer(url)
    try:
        await add(writer, count)
        async with writer.transaction() as transaction:
            await publish(transaction, *signers)
    finally:
        await writer.close()


def names(directory: Path) -> set[str]:
    """Every file of a directory."""
    return {p.relative_to(directory).as_posix() for p in directory.rglob("*") if p.is_file()}


# Written, broken off, gone on with


@pytest.mark.anyio
@pytest.mark.parametrize("entries", [1, 255, 256, 257, ENTRIES])
async def test_an_outsider_accepts_the_mirror(
    database_url: str, tmp_path: Path, entries: int
) -> None:
    made = await fill(database_url, entries)
    done = await mirrored(database_url, tmp_path / "m")
    mirror = outsider.Directory(tmp_path / "m", KEY)
    assert mirror.check() == (done.size, done.root)
    assert done.size == entries
    assert mirror.leaves == [entry.leaf for entry in made]


@pytest.mark.anyio
async def test_a_large_log_s_mirror_is_accepted_and_consistent(
    sqlite_url: str, tmp_path: Path, size: str
) -> None:
    entries = 100_000 if size == "full" else 3_000
    await fill(sqlite_url, entries)
    first = await mirrored(sqlite_url, tmp_path / "m")
    old = outsider.Directory(tmp_path / "m", KEY).check()
    await grow(sqlite_url, entries // 7)
    second = await mirrored(sqlite_url, tmp_path / "m")
    mirror = outsider.Directory(tmp_path / "m", KEY)
    new = mirror.check()
    assert (old.size, new.size) == (entries, entries + entries // 7)
    # Full tiles stay as they are; of the rest only what the new size needs is written.
    assert second.written + second.kept < first.written + second.written
    assert mirror.root_at(old.size) == old.root
    proof = mirror.consistency(old.size, new.size)
    outsider.check_consistency(old, new, proof)
    async with open_reader(sqlite_url) as reader:
        assert list(await read_consistency(reader, old.size, new.size)) == proof
        for seq in range(0, new.size, 997):
            told = outsider.check_receipt(await receipt(reader, seq), KEY)
            assert told["prev"] == (mirror.leaves[seq - 1] if seq else bytes(32)).hex()
    for wrong in (old._replace(size=old.size - 1), old._replace(root=new.root)):
        with pytest.raises(Forged):
            outsider.check_consistency(wrong, new, proof)


@pytest.mark.anyio
@pytest.mark.parametrize("after", range(1, 8))
async def test_a_mirror_broken_off_is_gone_on_with(
    sqlite_url: str, tmp_path: Path, after: int
) -> None:
    await fill(sqlite_url, ENTRIES)

    def break_off(done: int, count: int) -> None:
        assert count == 7
        if done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await mirrored(sqlite_url, tmp_path / "m", break_off)
    # What has no checkpoint says plainly that it is not finished.
    assert "checkpoint" not in names(tmp_path / "m")
    kept = {path: (tmp_path / "m" / path).stat().st_ino for path in names(tmp_path / "m")}
    done = await mirrored(sqlite_url, tmp_path / "m")
    assert (done.written, done.kept) == (7 - after, after)
    assert {path: (tmp_path / "m" / path).stat().st_ino for path in kept} == kept
    assert names(tmp_path / "m") == set(FILES)
    outsider.Directory(tmp_path / "m", KEY).check()


KILLED = """
import asyncio, os, sys, threading
from pathlib import Path
from tests.test_ledger_mirror import mirrored

url, directory, last = sys.argv[1], sys.argv[2], int(sys.argv[3])
fsync, calls = os.fsync, 0

def hang(descriptor):
    global calls
    calls += 1
    if calls == last:
        print("here", flush=True)
        threading.Event().wait()
    fsync(descriptor)

os.fsync = hang
asyncio.run(mirrored(url, Path(directory)))
"""
"""A mirror that stops for good at its n-th sync: 8 files, 8 directories, checkpoint, directory."""


def kill_at(sync: int, url: str, directory: Path) -> None:
    """Start such a mirror in a process of its own, and kill it where it stops."""
    told = [sys.executable, "-c", KILLED, url, str(directory), str(sync)]
    with subprocess.Popen(told, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"
        child.kill()


@pytest.mark.anyio
@pytest.mark.parametrize(("sync", "there"), [(1, 0), (5, 4), (8, 7), (12, 8), (17, 8), (18, 9)])
async def test_a_mirror_killed_between_writing_and_renaming_is_gone_on_with(
    sqlite_url: str, tmp_path: Path, sync: int, there: int
) -> None:
    await fill(sqlite_url, ENTRIES)
    kill_at(sync, sqlite_url, tmp_path / "m")
    # The checkpoint is there when all else is, never before; a draft is never taken for a file.
    whole = names(tmp_path / "m") - {".draft"}
    assert (len(whole), "checkpoint" in whole) == (there, sync == 18)
    done = await mirrored(sqlite_url, tmp_path / "m")
    assert done.kept == len(whole - {"vkey", "checkpoint"})
    assert names(tmp_path / "m") == set(FILES)
    outsider.Directory(tmp_path / "m", KEY).check()


@pytest.mark.anyio
async def test_a_file_cut_short_is_written_again(sqlite_url: str, tmp_path: Path) -> None:
    await fill(sqlite_url, ENTRIES)
    await mirrored(sqlite_url, tmp_path / "m")
    for path, length in (("tile/0/000", 8160), ("tile/entries/001", 0), ("tile/1/000.p/2", 32)):
        os.truncate(tmp_path / "m" / path, length)
    (tmp_path / "m" / ".draft").write_bytes(b"left by a crash")
    done = await mirrored(sqlite_url, tmp_path / "m")
    assert (done.written, done.kept) == (3, 4)
    outsider.Directory(tmp_path / "m", KEY).check()


@pytest.mark.anyio
async def test_a_second_run_writes_nothing_and_a_third_only_what_is_new(
    database_url: str, tmp_path: Path
) -> None:
    await fill(database_url, ENTRIES)
    await mirrored(database_url, tmp_path / "m")
    before = names(tmp_path / "m")
    again = await mirrored(database_url, tmp_path / "m")
    assert (again.written, again.kept, names(tmp_path / "m")) == (0, 7, before)
    await grow(database_url, 247)  # 768: three full tiles
    grown = await mirrored(database_url, tmp_path / "m")
    assert (grown.written, grown.kept) == (3, 4)
    assert names(tmp_path / "m") - before == {
        *("tile/0/002", "tile/entries/002", "tile/1/000.p/3"),
    }
    outsider.Directory(tmp_path / "m", KEY).check()


@pytest.mark.anyio
async def test_a_mirror_goes_through_a_rotation_of_the_log_s_key(
    sqlite_url: str, tmp_path: Path
) -> None:
    following = Signer("log.example", b"n" * 32)
    key = outsider.key_of(following.verifier.text)
    await fill(sqlite_url, 300)
    for name in ("m", "late"):
        await mirrored(sqlite_url, tmp_path / name)
    await grow(sqlite_url, 1, SIGNER, following)
    await mirrored(sqlite_url, tmp_path / "m", None, SIGNER, following)
    assert outsider.Directory(tmp_path / "m", KEY).check().size == 301
    await grow(sqlite_url, 1, following)
    await mirrored(sqlite_url, tmp_path / "m", None, following)
    assert outsider.Directory(tmp_path / "m", key).check().size == 302
    # Nothing in a directory that missed the overlap leads from the one key to the other.
    with pytest.raises(AnotherMirror):
        await mirrored(sqlite_url, tmp_path / "late", None, following)
    assert outsider.Directory(tmp_path / "late", KEY).check().size == 300


# Refused by the one who writes


@pytest.mark.anyio
async def test_a_log_never_signed_has_no_mirror(database_url: str, tmp_path: Path) -> None:
    await install(database_url)
    with pytest.raises(NothingSigned):
        await mirrored(database_url, tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.anyio
async def test_another_history_is_not_written_over(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path / name}.db" for name in ("a", "b", "short")]
    await fill(urls[0], ENTRIES)
    await fill(urls[1], ENTRIES + 1)
    await fill(urls[2], ENTRIES - 1)
    await mirrored(urls[0], tmp_path / "m")
    before = {name: (tmp_path / "m" / name).read_bytes() for name in names(tmp_path / "m")}
    # Nonces differ: the second is a fork, the third would be a rollback.
    with pytest.raises(AnotherMirror, match="not the log's"):
        await mirrored(urls[1], tmp_path / "m")
    with pytest.raises(AnotherMirror, match="only 520"):
        await mirrored(urls[2], tmp_path / "m")
    assert {name: (tmp_path / "m" / name).read_bytes() for name in names(tmp_path / "m")} == before


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["vkey", "checkpoint"])
async def test_another_log_s_directory_is_left_alone(
    sqlite_url: str, tmp_path: Path, name: str
) -> None:
    await fill(sqlite_url, 3)
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / name).write_text("another+00000000+AA==\n")
    with pytest.raises(AnotherMirror):
        await mirrored(sqlite_url, tmp_path / "m")
    assert names(tmp_path / "m") == {name}


@pytest.mark.anyio
async def test_two_do_not_write_one_mirror(sqlite_url: str, tmp_path: Path) -> None:
    await fill(sqlite_url, 3)
    (tmp_path / "m").mkdir()
    held = os.open(tmp_path / "m", os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(held, fcntl.LOCK_SH)
    with pytest.raises(AnotherMirror, match="another process"):
        await mirrored(sqlite_url, tmp_path / "m")
    os.close(held)
    await mirrored(sqlite_url, tmp_path / "m")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entry SET bytes = x'7b7d' WHERE seq = 3",
        "UPDATE entry SET leaf = zeroblob(32) WHERE seq = 3",
        "UPDATE entry SET leaf = zeroblob(32), bytes = x'7b7d' WHERE seq = 520",
        'UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND "index" = 0',
        "UPDATE checkpoint SET root = zeroblob(32), note = replace(note, '521', '520')",
        "DELETE FROM entry WHERE seq = 3",
        "DELETE FROM node",
    ],
)
async def test_a_tampered_ledger_never_gets_a_finished_mirror(
    sqlite_url: str, tmp_path: Path, change: str
) -> None:
    await fill(sqlite_url, ENTRIES)
    with fences_down(sqlite_url) as connection:
        connection.execute(change)
    with pytest.raises((InvalidProof, LookupError, ValueError)):
        await mirrored(sqlite_url, tmp_path / "m")
    assert not (tmp_path / "m" / "checkpoint").exists()


@pytest.mark.anyio
@pytest.mark.parametrize(("seq", "says"), [(3, "tile above"), (520, "checkpoint's root")])
async def test_an_entry_rehashed_with_its_leaf_is_found_higher_up(
    sqlite_url: str, tmp_path: Path, seq: int, says: str
) -> None:
    await fill(sqlite_url, ENTRIES)
    with fences_down(sqlite_url) as connection:
        forged = b'{"seq":3}'
        change = "UPDATE entry SET bytes = ?, leaf = ? WHERE seq = ?"
        connection.execute(change, (forged, outsider.leaf_of(forged), seq))
    with pytest.raises(InvalidProof, match=says):
        await mirrored(sqlite_url, tmp_path / "m")
    assert not (tmp_path / "m" / "checkpoint").exists()

"""The anchor: its table, its file, its lock, and the key file that signs it."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.anchor import Anchor, AnchorBackwards, AnchorHeld, Found, Verdict, decide_start
from ledger.checkpoint import Checkpoint, InvalidNote, open_note
from ledger.signer import LocalSigner, OverlapSigner, UnusableKey, create_key, open_key

SIGNER = LocalSigner("log.example", bytes(32))
ROOT, OTHER = b"r" * 32, b"o" * 32


def at(size: int, root: bytes = ROOT) -> Checkpoint:
    return Checkpoint("log.example", size, root)


@pytest.fixture
def anchor(tmp_path: Path) -> Iterator[Anchor]:
    """An anchor that was never written."""
    held = Anchor(tmp_path / "anchor", SIGNER.verifier)
    yield held
    held.close()


# The table of FORMAT.md 7, a row a line


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Found(size=5, anchor=at(5), root=ROOT), Verdict.GO),
        (Found(size=9, anchor=at(5), root=ROOT), Verdict.GO),
        (Found(size=0, anchor=at(0), root=ROOT), Verdict.GO),
        (Found(size=4, anchor=at(5), root=None), Verdict.ROLLED_BACK),
        (Found(size=5, anchor=at(5), root=OTHER), Verdict.FORK),
        (Found(size=9, anchor=at(5), root=OTHER), Verdict.FORK),
        (Found(size=9, anchor=at(5), root=None), Verdict.FORK),
        (Found(size=1, anchor=None, root=None), Verdict.LOST_ANCHOR),
        (Found(size=0, anchor=at(5), root=None), Verdict.LOST_DATABASE),
        (Found(size=0, anchor=None, root=None), Verdict.FRESH),
        (Found(size=9, anchor=None, root=None, damaged=True), Verdict.LOST_ANCHOR),
        (Found(size=0, anchor=None, root=None, damaged=True), Verdict.LOST_ANCHOR),
    ],
)
def test_each_row_of_the_start_up_table(found: Found, verdict: Verdict) -> None:
    assert decide_start(found) is verdict


# The file


def test_what_was_persisted_is_read_back(anchor: Anchor) -> None:
    assert anchor.note() is None
    assert anchor.checkpoint() is None
    for told in (at(3), at(3), at(7, OTHER)):
        anchor.persist(SIGNER.note(told))
        assert anchor.checkpoint() == told


@pytest.mark.parametrize("told", [at(6), at(7, OTHER)])
def test_the_anchor_never_goes_backwards(anchor: Anchor, told: Checkpoint) -> None:
    anchor.persist(SIGNER.note(at(7)))
    with pytest.raises(AnchorBackwards):
        anchor.persist(SIGNER.note(told))
    assert anchor.checkpoint() == at(7)


def test_a_strangers_note_is_no_anchor(anchor: Anchor, tmp_path: Path) -> None:
    stranger = LocalSigner("log.example", b"x" * 32).note(at(3))
    with pytest.raises(InvalidNote):
        anchor.persist(stranger)
    assert anchor.note() is None
    (tmp_path / "anchor").write_text(stranger)
    with pytest.raises(InvalidNote):
        anchor.checkpoint()


DAMAGED = [
    b"",
    b"\xff\xfe",
    SIGNER.note(at(3)).encode()[:-9],
    SIGNER.note(at(3)).replace("\n", "\r\n").encode(),
    LocalSigner("log.example", b"x" * 32).note(at(3)).encode(),
]


@pytest.mark.parametrize("data", DAMAGED)
def test_a_damaged_anchor_is_never_replaced_unseen(
    anchor: Anchor, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "anchor").write_bytes(data)
    with pytest.raises(InvalidNote):
        anchor.persist(SIGNER.note(at(9)))
    assert (tmp_path / "anchor").read_bytes() == data
    aside = anchor.set_aside()
    assert aside.read_bytes() == data
    anchor.persist(SIGNER.note(at(9)))
    assert anchor.checkpoint() == at(9)


NEXT = LocalSigner("log.example", b"n" * 32)


def test_an_anchor_goes_on_through_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    both = OverlapSigner(SIGNER, NEXT)
    for signer, told in ((SIGNER, at(3)), (both, at(5)), (NEXT, at(8))):
        held = Anchor(path, signer.verifiers)
        held.persist(signer.note(told))
        assert held.checkpoint() == told
        held.close()
    ended = Anchor(path, NEXT.verifiers)
    with pytest.raises(InvalidNote):
        ended.persist(SIGNER.note(at(9)))
    ended.close()


def test_a_note_of_two_keys_opens_with_either(tmp_path: Path) -> None:
    note = OverlapSigner(SIGNER, NEXT).note(at(5))
    for log in (SIGNER.verifier, NEXT.verifier, (SIGNER.verifier, NEXT.verifier)):
        assert open_note(note, log).checkpoint == at(5)
    assert note.count("\n— log.example ") == 2


def test_keys_of_two_logs_never_sign_together() -> None:
    with pytest.raises(InvalidNote):
        OverlapSigner(SIGNER, LocalSigner("log.example/2", b"n" * 32))


def test_data_is_synced_before_its_name_and_the_name_afterwards(
    anchor: Anchor, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    sync, rename = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        told.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        told.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    anchor.persist(SIGNER.note(at(3)))
    assert told == ["file", "rename", "directory"]


def test_one_process_holds_it_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    hold = (
        "import sys; from pathlib import Path; from ledger.anchor import Anchor;"
        "from ledger.checkpoint import Verifier; anchor = Anchor(Path(sys.argv[1]),"
        "Verifier.parse(sys.argv[2])); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path), SIGNER.verifier.text],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(AnchorHeld):
            Anchor(path, SIGNER.verifier)
        other.kill()
    Anchor(path, SIGNER.verifier).close()


# The key file


def test_a_key_file_signs_after_the_right_secret(tmp_path: Path) -> None:
    path = tmp_path / "key"
    verifier = create_key(path, name="log.example", secret=b"right")
    assert open_note(open_key(path, secret=b"right").note(at(3)), verifier).checkpoint == at(3)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["key"]
    with pytest.raises(UnusableKey):
        open_key(path, secret=b"wrong")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    create_key(path, name="log.example", secret=b"right")
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        create_key(path, name="log.example", secret=b"right")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


def test_a_key_file_under_another_name_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "key"
    create_key(path, name="log.example", secret=b"right")
    for old, new in ((b"log.example", b"log.exampel"), (b'"v":1', b'"v":2')):
        other = tmp_path / "other"
        other.write_bytes(path.read_bytes().replace(old, new))
        with pytest.raises(UnusableKey):
            open_key(other, secret=b"right")

"""What a witness remembers through every fault: restarts, crashes, full disks, lost files."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.signer import UnusableKey
from ledger.witness import KEY_FILE, STATE_FILE, Conflict, UnusableWitness, Witness
from tests.ledgers import SIGNER
from tests.witnesses import SECRET, Tree, known, new_witness

NOW = 1_700_000_000
TREE = Tree(700)
OTHER = Tree(700, kind="other")


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    made = new_witness(tmp_path / "w")
    yield made
    made.close()


@contextmanager
def restarted(witness: Witness) -> Iterator[Witness]:
    """The same witness in what could be a new process."""
    witness.close()
    again = Witness(witness._directory, [SIGNER.verifier], secret=SECRET)
    yield again
    again.close()


def test_two_trees_of_one_size_convict_the_log(witness: Witness) -> None:
    witness.add(TREE.request(0, 300), now=NOW)
    assert known(witness, OTHER.request(300, 300)) == 300
    assert known(witness, Tree(300, kind="third").request(300, 300)) == 300
    witness.add(TREE.request(300, 301), now=NOW)
    with restarted(witness) as again:
        seen = again.seen("log.example")
    assert seen is not None
    assert (seen.note, seen.fork) == (TREE.note(301), OTHER.note(300))


def test_a_restart_forgets_nothing(witness: Witness) -> None:
    witness.add(TREE.request(0, 300), now=NOW)
    with restarted(witness) as again:
        assert again.verifier == witness.verifier
        assert known(again, OTHER.request(0, 400)) == 300
        again.add(TREE.request(300, 400), now=NOW)


def test_a_witness_that_lost_its_memory_does_not_start(witness: Witness) -> None:
    witness.add(TREE.request(0, 300), now=NOW)
    (witness._directory / STATE_FILE).unlink()
    with pytest.raises(UnusableWitness, match="cannot be read"):
        witness.add(TREE.request(0, 300), now=NOW)
    witness.close()
    for name in (None, "w.example"):
        with pytest.raises(UnusableWitness, match="Retire the key"):
            Witness(witness._directory, [SIGNER.verifier], secret=SECRET, name=name)


def test_a_witness_that_lost_its_key_gets_no_other(witness: Witness) -> None:
    witness.add(TREE.request(0, 300), now=NOW)
    (witness._directory / KEY_FILE).unlink()
    with pytest.raises(UnusableWitness, match="is gone"), restarted(witness):
        pass


@pytest.mark.parametrize(
    "harm", ["{}", "[]", '{"v":2,"logs":{}}', '{"v":1,"logs":{"a":{"note":"x"}}}']
)
def test_a_damaged_memory_cosigns_nothing(witness: Witness, harm: str) -> None:
    witness.add(TREE.request(0, 300), now=NOW)
    (witness._directory / STATE_FILE).write_text(harm)
    with pytest.raises(UnusableWitness):
        witness.add(TREE.request(300, 400), now=NOW)


def test_one_directory_has_one_witness(witness: Witness) -> None:
    with pytest.raises(UnusableWitness, match="another process"):
        Witness(witness._directory, [SIGNER.verifier], secret=SECRET)


def test_nothing_is_made_without_a_name_and_no_key_opened_without_its_secret(
    tmp_path: Path,
) -> None:
    with pytest.raises(UnusableWitness, match="a name makes one"):
        Witness(tmp_path / "w", [SIGNER.verifier], secret=SECRET)
    new_witness(tmp_path / "w").close()
    with pytest.raises(UnusableKey):
        Witness(tmp_path / "w", [SIGNER.verifier], secret=b"another" * 8)


def test_a_start_that_was_cut_short_is_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("full")

    with monkeypatch.context() as broken:
        broken.setattr("ledger.witness.create_key", fail)
        with pytest.raises(OSError, match="full"):
            new_witness(tmp_path)
    witness = new_witness(tmp_path)
    witness.add(TREE.request(0, 3), now=NOW)
    witness.close()


@pytest.mark.parametrize("step", ["fsync", "replace", "directory"])
@pytest.mark.parametrize("done", [False, True])
def test_a_failed_write_cosigns_nothing_and_contradicts_nothing(
    witness: Witness, monkeypatch: pytest.MonkeyPatch, step: str, done: bool
) -> None:
    witness.add(TREE.request(0, 300), now=NOW)
    place, name = {
        "fsync": ("ledger.witness.os", "fsync"),
        "replace": ("pathlib.Path", "replace"),
        "directory": ("ledger.witness", "sync_directory"),
    }[step]
    acts: dict[str, Callable[..., object]] = {
        "fsync": os.fsync,
        "replace": Path.replace,
        "directory": lambda directory: None,
    }
    kept = acts[step]

    def fail(*told: object) -> None:
        if done:
            kept(*told)
        raise OSError("I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(f"{place}.{name}", fail)
        with pytest.raises(OSError, match="I/O error"):
            witness.add(TREE.request(300, 400), now=NOW)
    on_disk = 400 if (step == "replace" and done) or step == "directory" else 300
    with restarted(witness) as again:
        assert known(again, TREE.request(0, 1)) == on_disk
        again.add(TREE.request(on_disk, 400), now=NOW)
        assert known(again, OTHER.request(400, 400)) == 400


def test_the_state_is_on_the_disk_before_the_cosignature_exists(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def note(what: str, act: Callable[..., object]) -> Callable[..., object]:
        def noted(*told: object, **named: object) -> object:
            order.append(what)
            return act(*told, **named)

        return noted

    for place, what in (
        ("ledger.witness.os.fsync", "fsync"),
        ("pathlib.Path.replace", "replace"),
        ("ledger.witness.sync_directory", "directory"),
        ("ledger.witness.cosign", "cosign"),
    ):
        module, _, name = place.rpartition(".")
        owners: dict[str, object] = {"ledger.witness.os": os, "pathlib.Path": Path}
        owner = owners.get(module)
        act = getattr(owner or sys.modules["ledger.witness"], name)
        monkeypatch.setattr(place, note(what, act))
    for old, new in ((0, 300), (300, 300)):
        order.clear()
        witness.add(TREE.request(old, new), now=NOW)
        # The file, its name, and only then the signature; sync_directory syncs too.
        assert order == ["fsync", "replace", "directory", "fsync", "cosign"]


def test_requests_at_once_never_turn_the_size_back(witness: Witness) -> None:
    lines: dict[int, str] = {}

    def ask(size: int) -> None:
        try:
            lines[size] = witness.add(TREE.request(0, size), now=NOW)
        except Conflict:
            return

    threads = [threading.Thread(target=ask, args=(size,)) for size in range(1, 60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (size,) = lines
    assert known(witness, TREE.request(0, 1)) == size


def test_a_witness_killed_at_any_moment_never_contradicts_itself(tmp_path: Path) -> None:
    """SIGKILL at a random moment; every line that got out is of a size it still stands at."""
    new_witness(tmp_path / "w").close()
    program = (
        "import sys, pathlib\n"
        "from tests.witnesses import Tree, SECRET, SIGNER, Witness\n"
        "w = Witness(pathlib.Path(sys.argv[1]), [SIGNER.verifier], secret=SECRET)\n"
        "seen, tree = w.seen('log.example'), Tree(100000)\n"
        "old = int(seen.note.split('\\n')[1]) if seen else 0\n"
        "while True:\n"
        "    w.add(tree.request(old, old + 1), now=1)\n"
        "    old += 1\n"
        "    print(old, flush=True)\n"
    )
    told = 0
    for wait in (20, 1, 33):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "w")], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(wait):
            said = process.stdout.readline()
        process.kill()
        rest = process.stdout.read().split("\n")[:-1]
        process.wait()
        process.stdout.close()
        told = int([said, *rest][-1])
        witness = Witness(tmp_path / "w", [SIGNER.verifier], secret=SECRET)
        assert known(witness, OTHER.request(0, 1)) in (told, told + 1)
        witness.close()
    assert told >= 54

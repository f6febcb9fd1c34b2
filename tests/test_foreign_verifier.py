"""An exported log before a judge of somebody else's making: the Go project's own notes and tiles.

`foreign_verifier.go` only takes the files apart; what holds is decided by golang.org/x/mod, which
Debian carries as golang-go and golang-golang-x-mod-dev.
"""

import asyncio
import base64
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, sign
from ledger.reader import Reader, open_reader, read_consistency, read_root
from ledger.receipts import receipt
from ledger.submission import build_submission, parse_submission
from tests.conftest import Size
from tests.ledgers import SIGNER, fill
from tests.test_ledger_mirror import mirrored, names

SOURCE = Path(__file__).with_name("foreign_verifier.go")
MODULES = Path("/usr/share/gocode")


class Judge:
    """The foreign verifier at work, and how often it accepted and refused."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.accepted = self.refused = 0

    @property
    def counts(self) -> tuple[int, int]:
        """How many it accepted and how many it refused."""
        return self.accepted, self.refused

    def accepts(self, *words: object) -> bool:
        """Whether a job's files hold."""
        asks, answers = self._process.stdin, self._process.stdout
        assert asks is not None
        assert answers is not None
        asks.write("\t".join(map(str, words)) + "\n")
        said = answers.readline()
        assert said == "ok\n" or (said.startswith("no: ") and said.endswith("\n")), said
        holds = said == "ok\n"
        self.accepted += holds
        self.refused += not holds
        return holds


@pytest.fixture(scope="module")
def process(
    tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], None]
) -> Iterator[subprocess.Popen[str]]:
    """The foreign verifier, built and waiting for jobs."""
    if shutil.which("go") is None or not (MODULES / "src/golang.org/x/mod/sumdb").is_dir():
        missing("the Go project's code (golang-go, golang-golang-x-mod-dev)")
    made = tmp_path_factory.mktemp("foreign")
    around = {"GO111MODULE": "off", "GOPATH": str(MODULES), "GOCACHE": str(made / "cache")}
    around["CGO_ENABLED"] = "0"
    asked = ["go", "build", "-o", str(made / "verify"), str(SOURCE)]
    subprocess.run(asked, check=True, env=os.environ | around)
    told = [str(made / "verify"), SIGNER.verifier.text]
    pipe = subprocess.PIPE
    with subprocess.Popen(told, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def judge(process: subprocess.Popen[str]) -> Judge:
    """The foreign verifier, which has judged nothing yet."""
    return Judge(process)


class Exported:
    """A log of so many entries and the directory that was exported from it."""

    def __init__(self, place: Path, entries: int) -> None:
        self.entries = entries
        self.url = f"sqlite:///{place / 'timebank.db'}"
        self.mirror = place / "m"
        asyncio.run(fill(self.url, entries))
        asyncio.run(mirrored(self.url, self.mirror))

    def receipt(self, seq: int) -> str:
        """The receipt of an entry."""

        async def read() -> str:
            async with open_reader(self.url) as reader:
                return await receipt(reader, seq)

        return asyncio.run(read())

    def extension(self, old: int, new: int) -> tuple[str, str]:
        """A checkpoint of the old size, and what a witness is sent that knows it."""

        async def note(reader: Reader, size: int) -> str:
            return sign(Checkpoint("log.example", size, await read_root(reader, size)), SIGNER)

        async def read() -> tuple[str, str]:
            async with open_reader(self.url) as reader:
                proof = await read_consistency(reader, old, new)
                told = build_submission(old, proof, await note(reader, new))
                return await note(reader, old), told.decode()

        return asyncio.run(read())


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, size: Size) -> Exported:
    """Two full tiles and a partial one; at full size two levels of them."""
    return Exported(tmp_path_factory.mktemp("log"), 100_000 if size == "full" else 521)


COUNTS = {
    521: {"directories": (2, 194), "receipts": (64, 3384), "extensions": (27, 948)},
    100_000: {"directories": (2, 2531), "receipts": (66, 5368), "extensions": (27, 1624)},
}
"""How many were accepted and how many refused, by entries and test: what a run can be quoted by."""


def spare(text: bytes) -> set[int]:
    """Where a bit may change and nothing is said differently, for a judge who lets it pass.

    The last digit before a `=` has bits that base64 does not use; Go's does not look at them, and
    the ledger's own does.
    """
    return {at - 1 for at, byte in enumerate(text) if byte == ord("=")}


def flipped(data: bytes, at: int) -> bytes:
    """With one bit changed."""
    return data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]


# The directory


@pytest.mark.parametrize("entries", [1, 255, 256, 257, 512])
def test_a_small_directory_is_accepted(judge: Judge, tmp_path: Path, entries: int) -> None:
    assert judge.accepts("directory", Exported(tmp_path, entries).mirror)


def test_the_directory_is_accepted_and_a_bit_in_any_file_refused(
    judge: Judge, exported: Exported, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(exported.mirror, tmp_path / "copy"))
    assert judge.accepts("directory", copy)
    files = sorted(names(copy))
    assert len(files) == (787 if exported.entries == 100_000 else 9)
    for number, name in enumerate(files):
        honest = (copy / name).read_bytes()
        places = {number * 7919 % len(honest), len(honest) - 1}
        if name in ("checkpoint", "vkey"):
            places = set(range(len(honest))) - spare(honest) if name == "checkpoint" else places
        for at in places:
            (copy / name).write_bytes(flipped(honest, at))
            assert not judge.accepts("directory", copy), (name, at)
        (copy / name).unlink()
        assert not judge.accepts("directory", copy), name
        (copy / name).write_bytes(honest)
    assert judge.accepts("directory", copy)
    assert judge.counts == COUNTS[exported.entries]["directories"]


def test_tiles_and_bundles_in_each_others_place_are_refused(
    judge: Judge, exported: Exported, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(exported.mirror, tmp_path / "copy"))
    for kind in ("0", "entries"):
        a, b = copy / f"tile/{kind}/000", copy / f"tile/{kind}/001"
        first, second = a.read_bytes(), b.read_bytes()
        a.write_bytes(second)
        assert not judge.accepts("directory", copy)
        b.write_bytes(first)
        assert not judge.accepts("directory", copy)
        a.write_bytes(first)
        b.write_bytes(second)
    assert judge.accepts("directory", copy)
    assert judge.counts == (1, 4)


# Proofs


def lies(proof: Sequence[str]) -> Iterator[list[str]]:
    """A proof with a hash changed, left out, doubled, or in its neighbour's place."""
    for at, hash_ in enumerate(proof):
        wrong = base64.b64encode(flipped(base64.b64decode(hash_), at % 32)).decode()
        yield [*proof[:at], wrong, *proof[at + 1 :]]
        yield [*proof[:at], *proof[at + 1 :]]
        yield [*proof[:at], hash_, *proof[at:]]
        if at:
            yield [*proof[: at - 1], hash_, proof[at - 1], *proof[at + 1 :]]
    yield [*proof, base64.b64encode(bytes(32)).decode()]


def test_receipts_are_accepted_and_lies_in_them_refused(
    judge: Judge, exported: Exported, tmp_path: Path
) -> None:
    file = tmp_path / "receipt"
    last = exported.entries - 1
    for seq in {0, 1, 255, 256, 511, 512, last, *range(0, last, 1 + last // 60)}:
        text = exported.receipt(seq)
        file.write_text(text)
        assert judge.accepts("receipt", file)
        head, _, note = text.partition("\n\n")
        first, extra, index, *proof = head.split("\n")
        entry = base64.b64decode(extra.removeprefix("extra "))
        false = [[first, extra, index, *wrong] for wrong in lies(proof)]
        false += [
            [first, extra, f"index {wrong}", *proof] for wrong in (seq + 1, seq - 1, last + 1)
        ]
        for at in range(0, len(entry), 37):
            wrong = base64.b64encode(flipped(entry, at)).decode()
            false.append([first, f"extra {wrong}", index, *proof])
        for told in false:
            file.write_text("\n".join([*told, "", note]))
            assert not judge.accepts("receipt", file), told
        stale = note.replace(f"\n{exported.entries}\n", f"\n{last}\n")
        file.write_text(f"{head}\n\n{stale}")
        assert not judge.accepts("receipt", file)
    assert judge.counts == COUNTS[exported.entries]["receipts"]


def test_extensions_are_accepted_and_lies_in_them_refused(
    judge: Judge, exported: Exported, tmp_path: Path
) -> None:
    old_note, sent = tmp_path / "note", tmp_path / "sent"
    new = exported.entries
    pairs = [(1, 2), (1, new), (255, 256), (256, 257), (257, new), (new - 1, new), (new, new)]
    pairs += [(old, new) for old in range(3, new, 1 + new // 20)]
    for old, new in pairs:
        note, told = exported.extension(old, new)
        old_note.write_text(note)
        sent.write_text(told)
        assert judge.accepts("extension", old_note, sent), (old, new)
        head, _, after = told.partition("\n\n")
        first, *proof = head.split("\n")
        assert parse_submission(told.encode()).note == after
        for wrong in lies(proof):
            sent.write_text("\n".join([first, *wrong, "", after]))
            assert not judge.accepts("extension", old_note, sent), (old, new, wrong)
        other = Checkpoint("log.example", old, bytes(32))
        old_note.write_text(sign(other, SIGNER))
        sent.write_text(told)
        assert not judge.accepts("extension", old_note, sent), (old, new)
    assert judge.counts == COUNTS[exported.entries]["extensions"]

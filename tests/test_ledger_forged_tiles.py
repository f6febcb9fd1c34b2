"""A mirror falsified: every byte, hash, position, name and size of it, refused by an outsider.

Knows what a forger can do with and without the log's key; `tests.outsider` judges it alone.
"""

import asyncio
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, Signer, sign
from tests import outsider
from tests.ledgers import SIGNER, fill
from tests.outsider import Forged
from tests.test_ledger_mirror import ENTRIES, FILES, KEY, mirrored, names


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An honest mirror, never touched."""
    place = tmp_path_factory.mktemp("original")
    url = f"sqlite:///{place / 'timebank.db'}"
    asyncio.run(fill(url, ENTRIES))
    asyncio.run(mirrored(url, place / "m"))
    return place / "m"


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    """A copy of the honest mirror, to be falsified."""
    return Path(shutil.copytree(original, tmp_path / "copy"))


def test_the_mirror_has_these_files(original: Path) -> None:
    assert names(original) == set(FILES)
    outsider.Directory(original, KEY).check()


@pytest.mark.parametrize("path", FILES)
def test_a_flipped_bit_anywhere_is_refused(copy: Path, path: str, size: str) -> None:
    file = copy / path
    honest = file.read_bytes()
    # At full size every hash of a tile and every entry of a bundle has its turn.
    step = max(20, len(honest) // (400 if size == "full" else 24))
    places = {*range(0, len(honest), step), len(honest) - 1}
    if path in ("checkpoint", "vkey"):
        places = set(range(len(honest)))
    for at in sorted(places):
        changed = bytearray(honest)
        changed[at] ^= 1 << at % 8
        file.write_bytes(changed)
        with pytest.raises(Forged):
            outsider.Directory(copy, KEY).check()
    file.write_bytes(honest)
    outsider.Directory(copy, KEY).check()


@pytest.mark.parametrize("path", FILES)
def test_a_missing_file_is_noticed(copy: Path, path: str) -> None:
    (copy / path).unlink()
    with pytest.raises(Forged, match="missing"):
        outsider.Directory(copy, KEY).check()


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("change", ["shorter", "longer", "empty", "a hash less", "a hash more"])
def test_a_file_of_another_length_is_refused(copy: Path, path: str, change: str) -> None:
    data = (copy / path).read_bytes()
    made = {
        "shorter": data[:-1],
        "longer": data + b"\n",
        "empty": b"",
        "a hash less": data[32:],
        "a hash more": data + bytes(32),
    }
    (copy / path).write_bytes(made[change])
    with pytest.raises(Forged):
        outsider.Directory(copy, KEY).check()


@pytest.mark.parametrize(
    "path",
    [
        *("tile/0/0", "tile/0/x000/000", "tile/00/000", "tile/0/000.p/256", "tile/0/000.p/0"),
        *("tile/0/003", "tile/0/003.p/1", "tile/0/002", "tile/0/002.p/10", "tile/0/002.p/08"),
        *("tile/1/000", "tile/1/000.p/3", "tile/2/000.p/1", "tile/64/000", "tile/entries/002"),
        *("tile/entries/002.p/10", "tile/entries/003.p/1", "tile/data/000", "notes.txt", ".draft"),
    ],
)
def test_a_file_that_no_size_of_the_log_has_is_refused(copy: Path, path: str) -> None:
    (copy / path).parent.mkdir(parents=True, exist_ok=True)
    (copy / path).write_bytes((copy / "tile/0/000").read_bytes())
    with pytest.raises(Forged):
        outsider.Directory(copy, KEY).check()


def test_an_earlier_size_s_last_tile_may_stay_and_must_be_true(copy: Path) -> None:
    data = (copy / "tile/0/002.p/9").read_bytes()
    earlier = copy / "tile/0/002.p/4"
    earlier.write_bytes(data[: 4 * 32])
    outsider.Directory(copy, KEY).check()
    for lie in (data[: 5 * 32], data[: 3 * 32], data[32 : 5 * 32], bytes(4 * 32)):
        earlier.write_bytes(lie)
        with pytest.raises(Forged, match=r"tile/0/002\.p/4"):
            outsider.Directory(copy, KEY).check()


def test_a_link_in_place_of_a_file_is_refused(copy: Path) -> None:
    (copy / "tile/0/000").rename(copy.parent / "elsewhere")
    (copy / "tile/0/000").symlink_to(copy.parent / "elsewhere")
    with pytest.raises(Forged, match="missing"):
        outsider.Directory(copy, KEY).check()


# Forged with some care


def leaves_of(copy: Path) -> list[bytes]:
    """The leaf hashes that the bundles amount to."""
    return [outsider.leaf_of(entry) for path in bundles(copy) for entry in entries_of(path)]


def bundles(copy: Path) -> list[Path]:
    """The three entry bundles, in order."""
    return [copy / name for name in FILES if name.startswith("tile/entries/")]


def entries_of(path: Path) -> list[bytes]:
    """The entries of a bundle."""
    return list(outsider.split(path.read_bytes()))


def put_entries(path: Path, entries: list[bytes]) -> None:
    """Write a bundle."""
    path.write_bytes(b"".join(struct.pack(">H", len(entry)) + entry for entry in entries))


def put_tiles(copy: Path) -> bytes:
    """Make every tile agree with the bundles; the root they lead to."""
    leaves = leaves_of(copy)
    for number, name in enumerate(("000", "001", "002.p/9")):
        tile = leaves[number * 256 : number * 256 + 256]
        (copy / "tile/0" / name).write_bytes(b"".join(tile))
    (copy / "tile/1/000.p/2").write_bytes(
        outsider.tree(leaves[:256]) + outsider.tree(leaves[256:512])
    )
    return outsider.tree(leaves)


def put_note(copy: Path, size: int, root: bytes, signer: Signer = SIGNER) -> None:
    """Write a checkpoint; with the log's own key only the log itself can."""
    (copy / "checkpoint").write_text(sign(Checkpoint("log.example", size, root), signer))


def exchange(copy: Path, a: str, b: str) -> None:
    """Put each of two files in the other's place."""
    held = (copy / a).read_bytes()
    (copy / a).write_bytes((copy / b).read_bytes())
    (copy / b).write_bytes(held)


def swap_hashes(copy: Path, name: str, a: int, b: int) -> None:
    """Put each of two hashes of a tile in the other's place."""
    data = (copy / name).read_bytes()
    parts = [data[at : at + 32] for at in range(0, len(data), 32)]
    parts[a], parts[b] = parts[b], parts[a]
    (copy / name).write_bytes(b"".join(parts))


def forge_entry(copy: Path) -> bytes:
    """Another number of minutes in entry 300, and everything before the signature made to agree."""
    entries = entries_of(bundles(copy)[1])
    entries[44] = entries[44].replace(b'"minutes":10', b'"minutes":90')
    put_entries(bundles(copy)[1], entries)
    return put_tiles(copy)


def rewrite_chain(copy: Path) -> bytes:
    """Entry 300 altered and every later one sealed anew on it: a chain that is whole."""
    before = b""
    for number, path in enumerate(bundles(copy)):
        entries = entries_of(path)
        for at, entry in enumerate(entries):
            told = json.loads(entry)
            if number * 256 + at == 300:
                told["body"]["minutes"] = 90
            if number * 256 + at > 300:
                told["prev"] = outsider.leaf_of(before).hex()
            before = entries[at] = json.dumps(told, separators=(",", ":")).encode()
        put_entries(path, entries)
    return put_tiles(copy)


def drop_last(copy: Path) -> bytes:
    """The log as it was eight entries earlier, under its own names."""
    last, tile = bundles(copy)[2], copy / "tile/0/002.p/9"
    put_entries(last, entries_of(last)[:1])
    leaves = leaves_of(copy)
    tile.write_bytes(leaves[-1])
    for file in (last, tile):
        file.rename(file.with_name("1"))
    return outsider.tree(leaves)


def drop_entry(copy: Path) -> None:
    """A bundle without its fourth entry."""
    put_entries(
        bundles(copy)[0], entries_of(bundles(copy)[0])[:3] + entries_of(bundles(copy)[0])[4:]
    )


def double_entry(copy: Path) -> None:
    """A bundle with its fourth entry in place of its fifth as well."""
    entries = entries_of(bundles(copy)[0])
    put_entries(bundles(copy)[0], [*entries[:4], entries[3], *entries[5:]])


def swap_entries(copy: Path) -> None:
    """Two neighbouring entries in each other's place, and tiles to match."""
    entries = entries_of(bundles(copy)[0])
    put_entries(bundles(copy)[0], [*entries[:3], entries[4], entries[3], *entries[5:]])
    put_tiles(copy)


def move_border(copy: Path) -> None:
    """A byte of one entry counted to the next."""
    data = bytearray((copy / "tile/entries/000").read_bytes())
    data[0:2] = struct.pack(">H", struct.unpack_from(">H", data)[0] + 1)
    (copy / "tile/entries/000").write_bytes(data)


def sign_anew(copy: Path) -> None:
    """A forger's own key under the log's name, published beside what it signs."""
    signer = Signer("log.example", b"f" * 32)
    put_note(copy, ENTRIES, rewrite_chain(copy), signer)
    (copy / "vkey").write_text(signer.verifier.text + "\n")


FORGERIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "two leaves swapped": (lambda c: swap_hashes(c, "tile/0/000", 3, 4), "tile/0/000"),
    "two leaves of the last tile swapped": (
        lambda c: swap_hashes(c, "tile/0/002.p/9", 0, 8),
        "tile/0/002",
    ),
    "two tile roots swapped": (lambda c: swap_hashes(c, "tile/1/000.p/2", 0, 1), "tile/1/000"),
    "two tiles exchanged": (lambda c: exchange(c, "tile/0/000", "tile/0/001"), "tile/0/000"),
    "two bundles exchanged": (
        lambda c: exchange(c, "tile/entries/000", "tile/entries/001"),
        "another position",
    ),
    "a tile of another level": (lambda c: exchange(c, "tile/0/000", "tile/1/000.p/2"), "width"),
    "an entry dropped": (drop_entry, "another width"),
    "an entry doubled": (double_entry, "another position"),
    "two entries swapped with their leaves": (swap_entries, "another position"),
    "a border between entries moved": (move_border, "no entry|breaks off|width"),
    "an entry altered with every hash above it": (forge_entry, "an entry after another"),
    "an entry altered and the chain rewritten": (rewrite_chain, "another root"),
    "the end cut off": (drop_last, "missing"),
    "the end cut off, the size changed, the old signature kept": (
        lambda c: (
            drop_last(c),
            (c / "checkpoint").write_text(
                (c / "checkpoint").read_text().replace("\n521\n", "\n513\n")
            ),
        ),
        "signature",
    ),
    "a signed size one less": (lambda c: put_note(c, 520, outsider.tree(leaves_of(c))), "missing"),
    "a signed size one more": (lambda c: put_note(c, 522, outsider.tree(leaves_of(c))), "missing"),
    "another root signed": (lambda c: put_note(c, ENTRIES, bytes(32)), "another root"),
    "signed by another key of the same name": (
        lambda c: put_note(c, ENTRIES, rewrite_chain(c), Signer("log.example", b"f" * 32)),
        "did not sign",
    ),
    "signed by a forger who publishes the key": (sign_anew, "another verifier key"),
    "signed under a look-alike name": (
        lambda c: (c / "checkpoint").write_text(
            sign(
                Checkpoint("log.exаmple", ENTRIES, outsider.tree(leaves_of(c))),
                Signer("log.exаmple", bytes(32)),
            )
        ),
        "another log",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_was_forged_is_refused_and_named(copy: Path, name: str) -> None:
    forge, says = FORGERIES[name]
    forge(copy)
    with pytest.raises(Forged, match=says):
        outsider.Directory(copy, KEY).check()


def test_a_rewritten_chain_that_the_log_itself_signed_is_another_history(copy: Path) -> None:
    """What no directory shows by itself: an older checkpoint does."""
    before = outsider.Directory(copy, KEY)
    old = before.check()
    put_note(copy, ENTRIES, rewrite_chain(copy))
    after = outsider.Directory(copy, KEY)
    new = after.check()
    assert new.root != old.root
    for size in (301, 400, ENTRIES):
        held = outsider.Head(size, before.root_at(size))
        with pytest.raises(Forged, match="another root"):
            outsider.check_consistency(held, new, after.consistency(size, ENTRIES))
    # Up to the altered entry both are one history.
    held = outsider.Head(300, before.root_at(300))
    outsider.check_consistency(held, new, after.consistency(300, ENTRIES))

"""A second verifier, written from FORMAT.md and the C2SP texts, that shares no code with `ledger`.

Knows receipts, checkpoints, proofs and a directory of tiles, by hashes, base64 and Ed25519 alone.
It does things another way round where there is one (proofs are checked by recursion, trees are
built row by row), so that one mistake is not made twice. Refuses with Forged, always.
"""

import base64
import hashlib
import json
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256


class Forged(Exception):
    """What was given does not hold; the message says what."""


class Key(NamedTuple):
    """A verifier key."""

    name: str
    id: bytes
    public: bytes


class Head(NamedTuple):
    """What a checkpoint says: so many entries, under this root."""

    size: int
    root: bytes


def demand(holds: bool, what: str) -> None:
    """Refuse unless it holds."""
    if not holds:
        raise Forged(what)


# Bytes


def base64_of(text: str) -> bytes:
    """The bytes that a base64 text spells, in their one spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:
        raise Forged("base64") from error
    demand(base64.b64encode(data).decode() == text, "base64 in another spelling")
    return data


def text_of(data: bytes) -> str:
    """Bytes as UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Forged("no UTF-8") from error


def number_of(text: str) -> int:
    """A decimal number without leading zeros."""
    demand(text.isascii() and text.isdecimal() and len(text) < 20, "no number")
    demand(str(int(text)) == text, "a number in another spelling")
    return int(text)


def leaf_of(entry: bytes) -> bytes:
    """RFC 6962, 2.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def joined(left: bytes, right: bytes) -> bytes:
    """RFC 6962, 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def half(count: int) -> int:
    """The largest power of two below a count of at least 2."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


# Proofs


def root_by_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3)."""
    demand(0 <= index < size, "index beyond the tree")
    demand(all(len(part) == 32 for part in proof), "not a hash")
    if size == 1:
        demand(not proof, "proof too long")
        return leaf
    demand(bool(proof), "proof too short")
    left = half(size)
    if index < left:
        return joined(root_by_inclusion(index, left, leaf, proof[:-1]), proof[-1])
    return joined(proof[-1], root_by_inclusion(index - left, size - left, leaf, proof[:-1]))


def roots_by_consistency(
    old: int, new: int, old_root: bytes, proof: Sequence[bytes], *, whole: bool = True
) -> tuple[bytes, bytes]:
    """The two roots that a consistency proof leads to (RFC 9162, 2.1.4)."""
    demand(0 < old <= new, "sizes out of order")
    demand(all(len(part) == 32 for part in proof), "not a hash")
    if old == new:
        demand(len(proof) == (0 if whole else 1), "proof of another length")
        part = old_root if whole else proof[0]
        return part, part
    demand(bool(proof), "proof too short")
    left = half(new)
    if old <= left:
        before, after = roots_by_consistency(old, left, old_root, proof[:-1], whole=whole)
        return before, joined(after, proof[-1])
    rest = roots_by_consistency(old - left, new - left, old_root, proof[:-1], whole=False)
    return joined(proof[-1], rest[0]), joined(proof[-1], rest[1])


def check_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Refuse unless the leaf is at that index under the root."""
    demand(root_by_inclusion(index, size, leaf, proof) == root, "another root")


def check_consistency(old: Head, new: Head, proof: Sequence[bytes]) -> None:
    """Refuse unless the new tree begins with the old one."""
    roots = roots_by_consistency(old.size, new.size, old.root, proof)
    demand(roots == (old.root, new.root), "another root")


# Checkpoints and receipts


def key_of(text: str) -> Key:
    """The key that a line `<name>+<id>+<base64>` publishes."""
    name, _, rest = text.partition("+")
    told, _, encoded = rest.partition("+")
    data = base64_of(encoded)
    demand(len(data) == 33 and data[0] == 1, "no Ed25519 key")
    id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    demand(bool(name) and told == id.hex(), "another key id")
    return Key(name, id, data[1:])


def head_of(note: str, key: Key) -> Head:
    """What a checkpoint says, if the key signed it."""
    body, blank, signatures = note.partition("\n\n")
    lines = body.split("\n")
    demand(bool(blank) and len(lines) == 3, "no checkpoint")
    demand(lines[0] == key.name, "another log's checkpoint")
    demand(signatures.endswith("\n"), "a signature line without its end")
    signed = 0
    for line in signatures[:-1].split("\n"):
        words = line.split(" ")
        demand(len(words) == 3 and words[0] == "—" and bool(words[1]), "no signature line")
        data = base64_of(words[2])
        if words[1] == key.name and data[:4] == key.id:
            check_signature(key, data[4:], f"{body}\n".encode())
            signed += 1
    demand(signed > 0, "the log did not sign")
    root = base64_of(lines[2])
    demand(len(root) == 32, "no root")
    return Head(number_of(lines[1]), root)


def check_signature(key: Key, signature: bytes, message: bytes) -> None:
    """Refuse another's signature."""
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature as error:
        raise Forged("signature") from error


def check_receipt(text: str, key: Key) -> dict[str, Any]:
    """The entry that a receipt proves (FORMAT.md 5)."""
    proof, blank, note = text.partition("\n\n")
    lines = proof.split("\n")
    demand(bool(blank) and lines[0] == "c2sp.org/tlog-proof@v1" and len(lines) >= 3, "no receipt")
    demand(lines[1].startswith("extra ") and lines[2].startswith("index "), "no receipt")
    entry, index = base64_of(lines[1][6:]), number_of(lines[2][6:])
    head = head_of(note, key)
    check_inclusion(index, head.size, leaf_of(entry), [base64_of(x) for x in lines[3:]], head.root)
    told = entry_of(entry)
    demand(told.get("seq") == index, "the entry says another position")
    return told


def entry_of(data: bytes) -> dict[str, Any]:
    """An entry's members; whether they are the right ones is not asked here."""
    try:
        told = json.loads(text_of(data))
    except ValueError as error:
        raise Forged("no entry") from error
    demand(isinstance(told, dict), "no entry")
    return dict(told)


# A directory of tiles


def place_of(index: int) -> str:
    """`x001/x234/067` for 1234067."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*("x" + group for group in groups[:-1]), groups[-1]])


def expected(size: int) -> dict[str, list[tuple[int, str]]]:
    """Width and path of each file of a log of a size, by kind: `entries`, `0`, `1` and so on."""
    kinds = {"entries": size}
    level, count = 0, size
    while count:
        kinds[str(level)] = count
        level, count = level + 1, count // WIDTH
    wanted: dict[str, list[tuple[int, str]]] = {}
    for kind, count in kinds.items():
        wanted[kind] = []
        for index in range(-(-count // WIDTH)):
            width = min(WIDTH, count - index * WIDTH)
            partial = "" if width == WIDTH else f".p/{width}"
            wanted[kind].append((width, f"tile/{kind}/{place_of(index)}{partial}"))
    return wanted


class Directory:
    """A mirror of a log. Only reads; nothing of it is believed before `check`."""

    def __init__(self, root: Path, key: Key) -> None:
        self.root = root
        self.key = key
        self.leaves: list[bytes] = []

    def check(self) -> Head:
        """Refuse unless every file is there, is what it must be, and nothing else is there."""
        demand(self.text("vkey") == self.spelt(), "another verifier key")
        head = head_of(self.text("checkpoint"), self.key)
        wanted = expected(head.size)
        self.check_names({path for files in wanted.values() for _, path in files})
        self.leaves = due = self.check_entries(wanted.pop("entries"))
        for files in wanted.values():
            due = self.check_level(files, due)
        demand(tree(self.leaves) == head.root, "the entries lead to another root")
        return head

    def check_entries(self, files: list[tuple[int, str]]) -> list[bytes]:
        """The leaf hashes of the bundles' entries, each of which names the one before it."""
        leaves: list[bytes] = []
        before = bytes(32)
        for width, path in files:
            entries = list(split(self.bytes(path)))
            demand(len(entries) == width, f"{path} has another width")
            for entry in entries:
                told = entry_of(entry)
                demand(told.get("seq") == len(leaves), f"{path}: an entry of another position")
                demand(told.get("prev") == before.hex(), f"{path}: an entry after another")
                before = leaf_of(entry)
                leaves.append(before)
        return leaves

    def check_level(self, files: list[tuple[int, str]], due: list[bytes]) -> list[bytes]:
        """The hashes due a level higher, if this level's tiles hold the hashes due here."""
        above: list[bytes] = []
        at = 0
        for width, path in files:
            hashes = self.hashes(path, width)
            demand(hashes == due[at : at + width], f"{path} is not what lies below it")
            at += width
            if width == WIDTH:
                above.append(tree(hashes))
        return above

    def root_at(self, size: int) -> bytes:
        """The root the checked log had at a smaller size."""
        return tree(self.leaves[:size])

    def consistency(self, old: int, new: int) -> list[bytes]:
        """A consistency proof made from the checked leaves (RFC 9162, 2.1.4.1)."""

        def part(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
            if m == len(leaves):
                return [] if whole else [tree(leaves)]
            left = half(len(leaves))
            if m <= left:
                return [*part(m, leaves[:left], whole), tree(leaves[left:])]
            return [*part(m - left, leaves[left:], False), tree(leaves[:left])]

        return part(old, self.leaves[:new], True)

    def spelt(self) -> str:
        """The line in which the trusted key is published."""
        name, id, public = self.key
        return f"{name}+{id.hex()}+{base64.b64encode(bytes([1]) + public).decode()}\n"

    def check_names(self, wanted: set[str]) -> None:
        """Refuse a missing file, and one that no size of the log has."""
        there = {
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob("*")
            if path.is_symlink() or not path.is_dir()
        }
        demand(wanted <= there, "a file is missing")
        for name in there - wanted - {"checkpoint", "vkey"}:
            self.check_outgrown(name, wanted)

    def check_outgrown(self, name: str, wanted: set[str]) -> None:
        """Refuse what is not the beginning of a file of this size: an earlier size's last tile."""
        full, partial, width = name.rpartition(".p/")
        longer = [path for path in wanted if path == full or path.startswith(f"{full}.p/")]
        demand(bool(partial) and len(longer) == 1, f"{name} is no file of this log")
        wide = number_of(longer[0].partition(".p/")[2] or str(WIDTH))
        demand(0 < number_of(width) < wide, f"{name} is beyond the log")
        mine, other = self.bytes(name), self.bytes(longer[0])
        demand(other.startswith(mine), f"{name} is not how {longer[0]} began")
        if name.startswith("tile/entries/"):
            demand(len(list(split(mine))) == number_of(width), f"{name} has another width")
        else:
            demand(len(mine) == 32 * number_of(width), f"{name} has another width")

    def hashes(self, path: str, width: int) -> list[bytes]:
        """The hashes of a tile."""
        data = self.bytes(path)
        demand(len(data) == 32 * width, f"{path} has another width")
        return [data[at : at + 32] for at in range(0, len(data), 32)]

    def text(self, name: str) -> str:
        """A file as text."""
        return text_of(self.bytes(name))

    def bytes(self, name: str) -> bytes:
        """A plain file's bytes."""
        path = self.root / name
        demand(path.is_file() and not path.is_symlink(), f"{name} is missing")
        return path.read_bytes()


def split(bundle: bytes) -> Iterator[bytes]:
    """The entries of a bundle: 2 bytes of length, big-endian, before each."""
    at = 0
    while at < len(bundle):
        demand(at + 2 <= len(bundle), "a bundle that breaks off")
        (length,) = struct.unpack_from(">H", bundle, at)
        demand(at + 2 + length <= len(bundle), "a bundle that breaks off")
        yield bundle[at + 2 : at + 2 + length]
        at += 2 + length


def tree(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, row by row: a last one without a neighbour moves up as it is."""
    row = list(leaves)
    if not row:
        return hashlib.sha256(b"").digest()
    while len(row) > 1:
        pairs = [joined(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
        row = [*pairs, *row[len(pairs) * 2 :]]
    return row[0]

"""The Merkle tree of RFC 6962 and 9162: growing it, its root, proofs, and checking proofs.

Knows hashes and positions (FORMAT.md 2), and that stored hashes come in tiles of 256. Pure: a
caller brings the tiles. Refuses to know where they are stored and what a leaf stands for.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import add

import msgspec

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
_HASH = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Frontier = tuple[bytes, ...]


class InvalidProof(ValueError):
    """A proof that does not prove what it is said to prove."""


class Stored(msgspec.Struct, frozen=True):
    """A stored hash: the root of the `index`-th full subtree of 256^`level` entries.

    Level 0 are the leaf hashes themselves; from level 1 on it is the root of a full tile.
    """

    level: int
    index: int
    hash: bytes


class Tile(msgspec.Struct, frozen=True):
    """The stored hashes `256 * index` to `256 * index + 255` of a level, as in C2SP tlog-tiles."""

    level: int
    index: int


class Subtree(msgspec.Struct, frozen=True):
    """A full subtree: the `index`-th of those with 2^`height` leaves."""

    height: int
    index: int


ReadTile = Callable[[Tile], Sequence[bytes]]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


LEAF_STATE = hashlib.sha256(b"\x00")
_NODE_STATE = hashlib.sha256(b"\x01")


def hashes_after(state: "hashlib._Hash", datas: Iterable[bytes]) -> list[bytes]:
    """The hash of each of many, all after one prefix: a copied state costs less than a new one."""
    hashes: list[bytes] = []
    copy, keep = state.copy, hashes.append
    for data in datas:
        new = copy()
        new.update(data)
        keep(new.digest())
    return hashes


# Growing


def grow(size: int, frontier: Frontier, leaves: Iterable[bytes]) -> tuple[Frontier, list[Stored]]:
    """The frontier once `leaves` follow the first `size`, and the tile roots that became full.

    A frontier holds the roots of the full subtrees that a size splits into, largest first: one for
    every bit set in the size. It is all that appending and the root need.
    """
    if len(frontier) != size.bit_count():
        raise ValueError(f"a tree of {size} leaves has no frontier of {len(frontier)}")
    stack = list(frontier)
    full: list[Stored] = []
    waiting = list(leaves)
    done = 0
    while done < len(waiting):
        # A whole tile is joined a row at a time, which costs less than a leaf at a time.
        height = TILE_HEIGHT if not size % TILE_WIDTH and done + TILE_WIDTH <= len(waiting) else 0
        row = waiting[done : done + (1 << height)]
        _carry(stack, full, height, size >> height, _join(row))
        done += len(row)
        size += len(row)
    return tuple(stack), full


def _join(row: list[bytes]) -> bytes:
    """The root over the roots of 2^n subtrees of one height."""
    while len(row) > 1:
        row = hashes_after(_NODE_STATE, map(add, row[::2], row[1::2]))
    return row[0]


def _carry(stack: list[bytes], full: list[Stored], height: int, index: int, root: bytes) -> None:
    """Put the `index`-th full subtree of a height on the frontier, joined with those it ends."""
    while True:
        if height and height % TILE_HEIGHT == 0:
            full.append(Stored(height // TILE_HEIGHT, index, root))
        if not index & 1:
            break
        root = node_hash(stack.pop(), root)
        height, index = height + 1, index >> 1
    stack.append(root)


def root_of(frontier: Frontier) -> bytes:
    """The root of the tree whose full subtrees have these roots, largest first."""
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-1]
    for left in reversed(frontier[:-1]):
        root = node_hash(left, root)
    return root


# Proving


class Plan(msgspec.Struct, frozen=True):
    """Which hashes a proof is made of: each step is the root of a row of full subtrees."""

    steps: tuple[tuple[Subtree, ...], ...]

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """Every tile the proof needs, each once: O(log n) of them."""
        return tuple(dict.fromkeys(_tile_of(tree) for step in self.steps for tree in step))

    def hashes(self, read: ReadTile) -> tuple[bytes, ...]:
        """The proof. `read` gives a tile's hashes from its first on, as many as the log has."""
        subtrees = _Subtrees(read)
        return tuple(root_of(tuple(map(subtrees.root, step))) for step in self.steps)


def plan_root(size: int) -> Plan:
    """One step: the root that the log had when it held `size` entries, `size` at least 1."""
    return Plan((_row(0, size),))


def plan_inclusion(index: int, size: int) -> Plan:
    """The proof that leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} among {size}")
    steps: list[tuple[Subtree, ...]] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            steps.append(_row(middle, end))
            end = middle
        else:
            steps.append(_row(first, middle))
            first = middle
    return Plan(tuple(reversed(steps)))


def plan_consistency(old: int, new: int) -> Plan:
    """The proof that the tree of `old` leaves is the beginning of that of `new` (2.1.4.1)."""
    if not 0 < old <= new:
        raise ValueError(f"no proof leads from {old} to {new}")
    steps: list[tuple[Subtree, ...]] = []
    first, end, whole = 0, new, True
    while end > old:
        middle = first + _split(end - first)
        if old <= middle:
            steps.append(_row(middle, end))
            end = middle
        else:
            steps.append(_row(first, middle))
            first, whole = middle, False
    if not whole:
        steps.append(_row(first, end))
    return Plan(tuple(reversed(steps)))


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _row(first: int, end: int) -> tuple[Subtree, ...]:
    """The full subtrees that make up leaves `first` to `end`, where `first` starts a subtree."""
    row: list[Subtree] = []
    while first < end:
        height = (end - first).bit_length() - 1
        row.append(Subtree(height, first >> height))
        first += 1 << height
    return tuple(row)


def _tile_of(tree: Subtree) -> Tile:
    level, rest = divmod(tree.height, TILE_HEIGHT)
    return Tile(level, tree.index >> (TILE_HEIGHT - rest))


class _Subtrees:
    """The roots of subtrees as one proof needs them: each tile is read and joined once."""

    def __init__(self, read: ReadTile) -> None:
        self._read = read
        self._rows: dict[Tile, tuple[bytes, ...]] = {}

    def root(self, tree: Subtree) -> bytes:
        """Refuses with LookupError where the tile does not reach as far."""
        tile, height = _tile_of(tree), tree.height % TILE_HEIGHT
        if tile not in self._rows:
            hashes = b"".join(self._read(tile))
            # Leaves are many and asked for once; tiles above them are few and asked for again.
            self._rows[tile] = (_rows_of if tile.level else _rows_of.__wrapped__)(hashes)
        first = tree.index % (TILE_WIDTH >> height) * _HASH
        rows = self._rows[tile]
        if height >= len(rows) or len(rows[height]) < first + _HASH:
            raise LookupError(f"tile {tile} is too short for {tree}")
        return rows[height][first : first + _HASH]


@lru_cache(maxsize=64)
def _rows_of(hashes: bytes) -> tuple[bytes, ...]:
    """A tile's hashes, the roots over pairs of them, over pairs of those and so on."""
    row = [hashes[at : at + _HASH] for at in range(0, len(hashes), _HASH)]
    rows = [hashes]
    while len(row) > 1:
        row = hashes_after(_NODE_STATE, map(add, row[::2], row[1::2]))
        rows.append(b"".join(row))
    return tuple(rows)


# Checking


def verify_inclusion(
    *, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Refuse with InvalidProof unless `leaf` is entry `index` under `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise InvalidProof("index beyond the tree")
    fn, sn, joined = index, size - 1, leaf
    for sibling in _hashes(proof):
        if sn == 0:
            raise InvalidProof("proof too long")
        on_left = fn & 1 or fn == sn
        joined = node_hash(sibling, joined) if on_left else node_hash(joined, sibling)
        fn, sn = _climb(fn, sn)
    if sn != 0:
        raise InvalidProof("proof too short")
    if joined != root:
        raise InvalidProof("another root")


def verify_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Refuse with InvalidProof unless `new_root` extends `old_root` (RFC 9162, 2.1.4.2).

    Nothing is consistent with size 0, because any root would be.
    """
    if not 0 < old <= new:
        raise InvalidProof("sizes out of order")
    if old == new:
        if proof:
            raise InvalidProof("proof too long")
        old_joined = new_joined = old_root
    else:
        old_joined, new_joined = _join_both(old, new, old_root, _hashes(proof))
    if old_joined != old_root or new_joined != new_root:
        raise InvalidProof("another root")


def _join_both(
    old: int, new: int, old_root: bytes, proof: tuple[bytes, ...]
) -> tuple[bytes, bytes]:
    """Both roots as the proof has them: steps 2 to 6 of RFC 9162, 2.1.4.2."""
    if not proof:
        raise InvalidProof("proof too short")
    path = (old_root, *proof) if old.bit_count() == 1 else proof
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old_joined = new_joined = path[0]
    for sibling in path[1:]:
        if sn == 0:
            raise InvalidProof("proof too long")
        if fn & 1 or fn == sn:
            old_joined = node_hash(sibling, old_joined)
            new_joined = node_hash(sibling, new_joined)
        else:
            new_joined = node_hash(new_joined, sibling)
        fn, sn = _climb(fn, sn)
    if sn != 0:
        raise InvalidProof("proof too short")
    return old_joined, new_joined


def _climb(fn: int, sn: int) -> tuple[int, int]:
    """One level up, and on past levels where the last node has no sibling."""
    if fn == sn:
        while not fn & 1 and fn:
            fn, sn = fn >> 1, sn >> 1
    return fn >> 1, sn >> 1


def _hashes(proof: Sequence[bytes]) -> tuple[bytes, ...]:
    if any(len(element) != 32 for element in proof):
        raise InvalidProof("not a hash")
    return tuple(proof)

"""The Merkle tree of RFC 6962 and 9162: growing it, its root, proofs, and checking proofs.

Knows hashes and positions (FORMAT.md 2), and that stored hashes come in tiles of 256, in which the
roots over 32 are stored too: a proof then needs 40 hashes of a tile. Pure: a caller brings the
tiles. Refuses to know where they are stored and what a leaf stands for.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import add
from typing import NamedTuple

import msgspec

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
# Within a tile: high enough that few are stored, low enough that those below lie close together.
TWIG_HEIGHT = 5
TWIG_WIDTH = 1 << TWIG_HEIGHT
TWIGS = 64
"""The level of the twigs of leaves: no log is so long that its tiles reach it."""
_HASH = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Frontier = tuple[bytes, ...]


class InvalidProof(ValueError):
    """A proof that does not prove what it is said to prove."""


class Stored(msgspec.Struct, frozen=True):
    """A stored hash: the root of the `index`-th full subtree of 256^`level` entries.

    Level 0 are the leaf hashes themselves; from level 1 on it is the root of a full tile. From
    level 64 on they are twigs: the root over 32 hashes of `level` - 64.
    """

    level: int
    index: int
    hash: bytes


class Tile(msgspec.Struct, frozen=True):
    """The stored hashes from `width * index` on of a level; 256 wide it is a C2SP tlog-tile."""

    level: int
    index: int
    width: int = TILE_WIDTH

    def covered(self, size: int) -> int:
        """How many of its hashes a log of `size` entries has."""
        return max(0, min(self.width, (size >> height_of(self.level)) - self.index * self.width))


# A tile's hashes from its first on, one after another, as many as the log has or so many of them.
ReadTile = Callable[[Tile], bytes]


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


def height_of(level: int) -> int:
    """How high the subtrees are whose roots a level's hashes are."""
    twigs, level = divmod(level, TWIGS)
    return TILE_HEIGHT * level + TWIG_HEIGHT * twigs


def grow(size: int, frontier: Frontier, leaves: Iterable[bytes]) -> tuple[Frontier, list[Stored]]:
    """The frontier once `leaves` follow the first `size`, and the roots to store that became full.

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
        if not size % TILE_WIDTH and done + TILE_WIDTH <= len(waiting):
            twigs = roots_above(waiting[done : done + TILE_WIDTH], TWIG_HEIGHT)
            first = size >> TWIG_HEIGHT
            full += [Stored(TWIGS, first + place, root) for place, root in enumerate(twigs)]
            (root,) = roots_above(twigs, TILE_HEIGHT - TWIG_HEIGHT)
            height = TILE_HEIGHT
        else:
            root, height = waiting[done], 0
        _carry(stack, full, height, size >> height, root)
        done += 1 << height
        size += 1 << height
    return tuple(stack), full


def roots_above(row: list[bytes], height: int) -> list[bytes]:
    """The roots so much higher over the roots of subtrees of one height."""
    for _ in range(height):
        row = hashes_after(_NODE_STATE, map(add, row[::2], row[1::2]))
    return row


def _carry(stack: list[bytes], full: list[Stored], height: int, index: int, root: bytes) -> None:
    """Put the `index`-th full subtree of a height on the frontier, joined with those it ends."""
    while True:
        level, rest = divmod(height, TILE_HEIGHT)
        if rest == TWIG_HEIGHT:
            full.append(Stored(TWIGS + level, index, root))
        elif level and not rest:
            full.append(Stored(level, index, root))
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


class Place(NamedTuple):
    """Where a subtree's root is found: over those of a tile's hashes that begin `at` one of them.

    It stands `height` above them: it is the root over 2^height.
    """

    tile: Tile
    height: int
    at: int


class Plan(msgspec.Struct, frozen=True):
    """Which hashes a proof is made of: each step is the root of a row of full subtrees."""

    steps: tuple[tuple[Place, ...], ...]

    @property
    def tiles(self) -> dict[Tile, int]:
        """Every tile the proof needs, O(log n) of them, and how many of its hashes."""
        needed: dict[Tile, int] = {}
        for step in self.steps:
            for tile, height, at in step:
                needed[tile] = max(at + (1 << height), needed.get(tile, 0))
        return needed

    def hashes(self, read: ReadTile) -> tuple[bytes, ...]:
        """The proof; refuses with LookupError where a tile that is read does not reach as far."""
        roots = _Roots(read)
        return tuple(root_of(tuple(map(roots.root, step))) for step in self.steps)


def plan_root(size: int, *, twigs: bool = False) -> Plan:
    """One step: the root that the log had when it held `size` entries, `size` at least 1.

    Args: twigs, whether it is made of parts of tiles and their twigs, which are far fewer hashes,
    or of whole tiles.
    """
    return Plan((_row(0, size, twigs),))


def plan_inclusion(index: int, size: int, *, twigs: bool = False) -> Plan:
    """The proof that leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} among {size}")
    steps: list[tuple[Place, ...]] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            steps.append(_row(middle, end, twigs))
            end = middle
        else:
            steps.append(_row(first, middle, twigs))
            first = middle
    return Plan(tuple(reversed(steps)))


def plan_consistency(old: int, new: int, *, twigs: bool = False) -> Plan:
    """The proof that the tree of `old` leaves is the beginning of that of `new` (2.1.4.1)."""
    if not 0 < old <= new:
        raise ValueError(f"no proof leads from {old} to {new}")
    steps: list[tuple[Place, ...]] = []
    first, end, whole = 0, new, True
    while end > old:
        middle = first + _split(end - first)
        if old <= middle:
            steps.append(_row(middle, end, twigs))
            end = middle
        else:
            steps.append(_row(first, middle, twigs))
            first, whole = middle, False
    if not whole:
        steps.append(_row(first, end, twigs))
    return Plan(tuple(reversed(steps)))


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _row(first: int, end: int, twigs: bool) -> tuple[Place, ...]:
    """The full subtrees that make up leaves `first` to `end`, where `first` starts a subtree."""
    row: list[Place] = []
    while first < end:
        height = (end - first).bit_length() - 1
        row.append(_place(first >> height, height, twigs))
        first += 1 << height
    return tuple(row)


def _place(index: int, height: int, twigs: bool) -> Place:
    """Where the root of the `index`-th full subtree of 2^height leaves is found."""
    level, height = divmod(height, TILE_HEIGHT)
    over = TILE_HEIGHT
    if twigs and height < TWIG_HEIGHT:
        over = TWIG_HEIGHT
    elif twigs:
        level, height, over = TWIGS + level, height - TWIG_HEIGHT, TILE_HEIGHT - TWIG_HEIGHT
    first = index << height
    return Place(Tile(level, first >> over, 1 << over), height, first & (1 << over) - 1)


class _Roots:
    """The roots of subtrees as one proof needs them: each tile is read and joined once."""

    def __init__(self, read: ReadTile) -> None:
        self._read = read
        self._rows: dict[Tile, tuple[bytes, ...]] = {}

    def root(self, place: Place) -> bytes:
        """Refuses with LookupError where the tile does not reach as far."""
        tile, height, at = place
        rows = self._rows.get(tile)
        if rows is None:
            # Leaves are many and asked for once; tiles above them are few and asked for again.
            joined = _rows_of if tile.level % TWIGS else _rows_of.__wrapped__
            rows = self._rows[tile] = joined(self._read(tile))
        first = (at >> height) * _HASH
        if height >= len(rows) or len(rows[height]) < first + _HASH:
            raise LookupError(f"tile {tile} is too short for {place}")
        return rows[height][first : first + _HASH]


@lru_cache(maxsize=1024)
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

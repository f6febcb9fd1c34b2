"""The tree: every index of every size to 300, larger trees by sample, and proofs that lie.

At full size every lie about every one of them is told to two verifiers.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

from ledger.merkle import (
    EMPTY_ROOT,
    InvalidProof,
    Tile,
    grow,
    node_hash,
    plan_consistency,
    plan_inclusion,
    plan_root,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests import outsider

VECTORS = json.loads((Path(__file__).parent / "vectors" / "ledger_v1.json").read_text())
SMALL = 300
LARGE = 66_000
LEAVES = [hashlib.sha256(b"%d" % number).digest() for number in range(LARGE)]


@cache
def reference_root(first: int, end: int) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if first == end:
        return EMPTY_ROOT
    if end - first == 1:
        return LEAVES[first]
    split = 1
    while split * 2 < end - first:
        split *= 2
    return node_hash(reference_root(first, first + split), reference_root(first + split, end))


def tiles(leaves: Sequence[bytes]) -> Callable[[Tile], bytes]:
    """What a log of these leaves would store, by tile."""
    levels: dict[int, list[bytes]] = {0: list(leaves)}
    for node in grow(0, (), leaves)[1]:
        row = levels.setdefault(node.level, [])
        assert node.index == len(row)
        row.append(node.hash)

    def read(tile: Tile) -> bytes:
        first = tile.index * tile.width
        return b"".join(levels.get(tile.level, [])[first : first + tile.width])

    return read


READ = tiles(LEAVES[:SMALL])


def test_golden_roots_and_proofs_come_out() -> None:
    leaves = [bytes.fromhex(entry["leaf"]) for entry in VECTORS["entries"]]
    roots = {int(size): bytes.fromhex(root) for size, root in VECTORS["roots"].items()}
    for size, root in roots.items():
        assert root_of(grow(0, (), leaves[:size])[0]) == root
    for name, proof in VECTORS["inclusion"].items():
        index, size = map(int, name.split("/"))
        made = plan_inclusion(index, size).hashes(tiles(leaves))
        assert [part.hex() for part in made] == proof
        verify_inclusion(index=index, size=size, leaf=leaves[index], proof=made, root=roots[size])
    for name, proof in VECTORS["consistency"].items():
        old, new = map(int, name.split("-"))
        made = plan_consistency(old, new).hashes(tiles(leaves))
        assert [part.hex() for part in made] == proof
        verify_consistency(old=old, new=new, old_root=roots[old], new_root=roots[new], proof=made)


def test_the_frontier_gives_the_root_at_every_size() -> None:
    frontier: tuple[bytes, ...] = ()
    for size in range(SMALL):
        assert root_of(frontier) == reference_root(0, size)
        if size:
            assert plan_root(size).hashes(READ) == (root_of(frontier),)
        frontier, _ = grow(size, frontier, [LEAVES[size]])


def test_every_leaf_of_every_size_is_proved() -> None:
    for size in range(1, SMALL + 1):
        root = reference_root(0, size)
        for index in range(size):
            proof = plan_inclusion(index, size).hashes(READ)
            assert includes(index, size, LEAVES[index], proof, root)


def test_every_size_is_consistent_with_every_smaller_one() -> None:
    for new in range(1, SMALL + 1, 7):
        for old in range(1, new + 1):
            verify_consistency(
                old=old,
                new=new,
                old_root=reference_root(0, old),
                new_root=reference_root(0, new),
                proof=plan_consistency(old, new).hashes(READ),
            )


def lies(proof: Sequence[bytes]) -> list[list[bytes]]:
    """The proof with a hash changed, dropped, doubled, cut or added, and with two swapped."""
    made = [[*proof[:place], bytes(32), *proof[place:]] for place in range(len(proof) + 1)]
    for place, part in enumerate(proof):
        before, after = list(proof[:place]), list(proof[place + 1 :])
        made.append([*before, bytes([part[0] ^ 1]) + part[1:], *after])
        made.append([*before, *after])
        made.append([*before, part, part, *after])
        made.append([*before, part[:31], *after])
        for other in range(place):
            swapped = [*before, part, *after]
            swapped[place], swapped[other] = swapped[other], part
            made.append(swapped)
    return [lie for lie in made if lie != list(proof)]


# Two verifiers, ours and one of another making, must say the same of every proof


def includes(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a claim holds, by both verifiers."""
    try:
        outsider.check_inclusion(index, size, leaf, proof, root)
        holds = True
    except outsider.Forged:
        holds = False
    try:
        verify_inclusion(index=index, size=size, leaf=leaf, proof=proof, root=root)
    except InvalidProof:
        assert not holds
        return False
    assert holds
    return True


def extends(old: int, new: int, roots: tuple[bytes, bytes], proof: Sequence[bytes]) -> bool:
    """Whether a claim holds, by both verifiers."""
    try:
        outsider.check_consistency(
            outsider.Head(old, roots[0]), outsider.Head(new, roots[1]), proof
        )
        holds = True
    except outsider.Forged:
        holds = False
    try:
        verify_consistency(old=old, new=new, old_root=roots[0], new_root=roots[1], proof=proof)
    except InvalidProof:
        assert not holds
        return False
    assert holds
    return True


PARTS = range(8)
"""The sizes are judged in parts, each within the time that a test may take."""


def judged(size: str, part: int) -> list[int]:
    """The tree sizes whose every proof is falsified in every way; at full size all to 300."""
    sizes = range(1, SMALL + 1) if size == "full" else [*range(1, 34), 64, 65, 255, 256, 257]
    return [trees for trees in sizes if trees % len(PARTS) == part]


@pytest.mark.parametrize("part", PARTS)
def test_every_proof_of_every_leaf_holds_and_every_lie_about_it_does_not(
    size: str, part: int
) -> None:
    for trees in judged(size, part):
        root = reference_root(0, trees)
        for index in range(trees):
            leaf, proof = LEAVES[index], plan_inclusion(index, trees).hashes(READ)
            assert includes(index, trees, leaf, proof, root)
            for lie in lies(proof):
                assert not includes(index, trees, leaf, lie, root)
            for wrong in {index - 1, index + 1, index ^ 1, trees, -1 - index} - {index}:
                assert not includes(wrong, trees, leaf, proof, root)
            for other in (trees - 1, trees + 1):
                assert not includes(index, other, leaf, proof, reference_root(0, other))
            assert not includes(index, trees, bytes(32), proof, root)
            assert not includes(index, trees, leaf, proof, bytes(32))


@pytest.mark.parametrize("part", PARTS)
def test_every_consistency_proof_holds_and_every_lie_about_it_does_not(
    size: str, part: int
) -> None:
    for new in judged(size, part):
        for old in range(1, new + 1):
            proof = plan_consistency(old, new).hashes(READ)
            roots = reference_root(0, old), reference_root(0, new)
            assert extends(old, new, roots, proof)
            for lie in lies(proof):
                assert not extends(old, new, roots, lie)
            for a, b in (
                (old - 1, new),
                (old + 1, new),
                (old, new - 1),
                (old, new + 1),
                (new, old),
            ):
                if (a, b) != (old, new):
                    others = reference_root(0, a), reference_root(0, b)
                    assert not extends(a, b, others, proof)
            assert not extends(old, new, (bytes(32), roots[1]), proof)
            assert not extends(old, new, (roots[0], bytes(32)), proof)
            assert old == new or not extends(old, new, (roots[1], roots[0]), proof)


@pytest.mark.parametrize("part", PARTS)
def test_a_size_off_by_one_is_refused_wherever_the_path_has_another_shape(
    size: str, part: int
) -> None:
    """A proof does not bind the size where it has not; the checkpoint does (FORMAT.md 5)."""
    told = set()
    for trees in judged(size, part):
        root = reference_root(0, trees)
        for index in range(trees):
            proof = plan_inclusion(index, trees).hashes(READ)
            for other in (trees - 1, trees + 1):
                same = index < other and sides(index, other) == sides(index, trees)
                assert includes(index, other, LEAVES[index], proof, root) == same
                told.add(same)
        for old in range(1, trees):
            proof = plan_consistency(old, trees).hashes(READ)
            roots = reference_root(0, old), root
            for a, b in ((old - 1, trees), (old + 1, trees), (old, trees - 1), (old, trees + 1)):
                same = 0 < a <= b and turns(a, b) == turns(old, trees)
                assert extends(a, b, roots, proof) == same
                told.add(same)
    assert told == {True, False}


def sides(index: int, size: int) -> list[str]:
    """On which side of the path each hash of an inclusion proof stands, from the root down."""
    if size == 1:
        return []
    half = outsider.half(size)
    if index < half:
        return ["right", *sides(index, half)]
    return ["left", *sides(index - half, size - half)]


def turns(old: int, new: int, *, whole: bool = True) -> list[str]:
    """The same of a consistency proof; it ends with the old tree, or with a part of it."""
    if old == new:
        return [] if whole else ["part"]
    half = outsider.half(new)
    if old <= half:
        return ["right", *turns(old, half, whole=whole)]
    return ["left", *turns(old - half, new - half, whole=False)]


def test_nothing_is_consistent_with_an_empty_log() -> None:
    with pytest.raises(InvalidProof):
        verify_consistency(old=0, new=0, old_root=EMPTY_ROOT, new_root=EMPTY_ROOT, proof=[])
    with pytest.raises(ValueError):
        plan_consistency(0, 5)


def test_the_same_size_needs_the_same_root_and_no_proof() -> None:
    root = reference_root(0, 5)
    verify_consistency(old=5, new=5, old_root=root, new_root=root, proof=[])
    with pytest.raises(InvalidProof):
        verify_consistency(old=5, new=5, old_root=root, new_root=bytes(32), proof=[])
    with pytest.raises(InvalidProof):
        verify_consistency(old=5, new=5, old_root=root, new_root=root, proof=[root])


def test_large_trees_read_few_tiles() -> None:
    read = tiles(LEAVES)
    for size in (256, 257, 511, 65_535, 65_536, 65_537, LARGE):
        root = reference_root(0, size)
        for index in {0, 255, size // 3, size - 1}:
            plan = plan_inclusion(index, size)
            assert len(plan.tiles) <= 6
            verify_inclusion(
                index=index, size=size, leaf=LEAVES[index], proof=plan.hashes(read), root=root
            )
        for old in {1, 255, 256, size // 2, size - 1}:
            plan = plan_consistency(old, size)
            assert len(plan.tiles) <= 6
            verify_consistency(
                old=old,
                new=size,
                old_root=reference_root(0, old),
                new_root=root,
                proof=plan.hashes(read),
            )


def test_twigs_prove_the_same_with_far_fewer_hashes() -> None:
    read = tiles(LEAVES)
    for size in (1, 31, 32, 33, 255, 256, 257, 8_191, 8_192, 8_193, 65_535, 65_536, LARGE):
        plans = [(plan_root(size), plan_root(size, twigs=True))]
        for at in {0, 31, 32, 255, 256, size // 3, size // 2, size - 1} & set(range(size)):
            plans += [
                (plan_inclusion(at, size), plan_inclusion(at, size, twigs=True)),
                (plan_consistency(at + 1, size), plan_consistency(at + 1, size, twigs=True)),
            ]
        for whole, part in plans:
            assert part.hashes(read) == whole.hashes(read)
            for plan in (whole, part):
                # What is needed is enough, and is there.
                enough = {tile: read(tile)[: 32 * need] for tile, need in plan.tiles.items()}
                assert plan.hashes(enough.__getitem__) == whole.hashes(read)
                assert all(need <= tile.covered(size) for tile, need in plan.tiles.items())
            # On the way to a leaf 32 and 8 of each tile, and along the right edge as many again.
            assert sum(part.tiles.values()) <= 3 * 2 * 40


def test_a_tile_covers_what_a_size_has_of_it() -> None:
    for level, width in ((0, 256), (0, 32), (1, 32), (64, 8), (65, 8), (66, 8)):
        stored = [node.index for node in grow(0, (), LEAVES)[1] if node.level == level]
        for size in (0, 31, 32, 8_191, 8_192, 65_536, LARGE):
            some = [node.index for node in grow(0, (), LEAVES[:size])[1] if node.level == level]
            count = len(some) if level else size
            for index in range((len(stored) if level else LARGE) // width + 1):
                there = range(count)[index * width : index * width + width]
                assert Tile(level, index, width).covered(size) == len(there)


def test_growing_in_steps_or_at_once_is_the_same() -> None:
    at_once, full_at_once = grow(0, (), LEAVES[:1000])
    frontier: tuple[bytes, ...] = ()
    full = []
    for first in range(0, 1000, 37):
        frontier, more = grow(first, frontier, LEAVES[first : min(first + 37, 1000)])
        full += more
    assert frontier == at_once
    assert full == full_at_once
    roots = {(node.level, node.index): node.hash for node in full}
    twigs = {(64, index) for index in range(31)}
    assert roots.keys() == {(1, 0), (1, 1), (1, 2), *twigs}
    assert roots[1, 1] == reference_root(256, 512)
    assert roots[64, 9] == reference_root(288, 320)


def test_twigs_stand_above_tile_roots_as_well() -> None:
    roots = {(node.level, node.index): node.hash for node in grow(0, (), LEAVES)[1]}
    assert {key for key in roots if key[0] not in (1, 64)} == {(2, 0), *((65, n) for n in range(8))}
    assert roots[65, 3] == reference_root(3 * 8_192, 4 * 8_192)


def test_a_frontier_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError):
        grow(3, (bytes(32),), [])


def test_a_short_tile_is_noticed_by_the_prover() -> None:
    with pytest.raises(LookupError):
        plan_inclusion(0, 256).hashes(lambda tile: b"".join(LEAVES[:200]))


@pytest.mark.parametrize(
    ("index", "size", "sibling", "says"),
    [
        (0, 1, LEAVES[1], "too long"),
        (1, 2, LEAVES[1][:31], "not a hash"),
        (1, 2, LEAVES[1] + b"\x00", "not a hash"),
    ],
)
def test_a_root_made_to_fit_a_crooked_proof_does_not_help_it(
    index: int, size: int, sibling: bytes, says: str
) -> None:
    with pytest.raises(InvalidProof, match=says):
        verify_inclusion(
            index=index,
            size=size,
            leaf=LEAVES[0],
            proof=[sibling],
            root=node_hash(sibling, LEAVES[0]),
        )

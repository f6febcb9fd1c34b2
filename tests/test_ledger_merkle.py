"""The tree: every index of every size to 300, larger trees by sample, and proofs that lie."""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def tiles(leaves: Sequence[bytes]) -> Callable[[Tile], Sequence[bytes]]:
    """What a log of these leaves would store, by tile."""
    levels: dict[int, list[bytes]] = {0: list(leaves)}
    for node in grow(0, (), leaves)[1]:
        row = levels.setdefault(node.level, [])
        assert node.index == len(row)
        row.append(node.hash)
    return lambda tile: levels[tile.level][tile.index * 256 : tile.index * 256 + 256]


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
            verify_inclusion(index=index, size=size, leaf=LEAVES[index], proof=proof, root=root)


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
    """The proof with each hash changed, dropped, doubled, shortened, and neighbours swapped."""
    made: list[list[bytes]] = [[*proof, bytes(32)], [bytes(32), *proof]]
    for place, part in enumerate(proof):
        before, after = list(proof[:place]), list(proof[place + 1 :])
        made.append([*before, bytes([part[0] ^ 1]) + part[1:], *after])
        made.append([*before, *after])
        made.append([*before, part, part, *after])
        made.append([*before, part[:31], *after])
        if after and after[0] != part:
            made.append([*before, after[0], part, *after[1:]])
    return made


@given(st.data())
def test_an_inclusion_proof_that_lies_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, SMALL))
    index = data.draw(st.integers(0, size - 1))
    proof = plan_inclusion(index, size).hashes(READ)
    root = reference_root(0, size)
    for lie in lies(proof):
        with pytest.raises(InvalidProof):
            verify_inclusion(index=index, size=size, leaf=LEAVES[index], proof=lie, root=root)
    for wrong in {index - 1, index + 1, size, size + 1} - {index}:
        with pytest.raises(InvalidProof):
            verify_inclusion(index=wrong, size=size, leaf=LEAVES[index], proof=proof, root=root)
    with pytest.raises(InvalidProof):
        verify_inclusion(index=index, size=size, leaf=bytes(32), proof=proof, root=root)
    with pytest.raises(InvalidProof):
        verify_inclusion(index=index, size=size, leaf=LEAVES[index], proof=proof, root=bytes(32))


@given(st.data())
def test_a_consistency_proof_that_lies_is_refused(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, SMALL))
    old = data.draw(st.integers(1, new - 1))
    proof = plan_consistency(old, new).hashes(READ)
    old_root, new_root = reference_root(0, old), reference_root(0, new)
    for lie in lies(proof):
        with pytest.raises(InvalidProof):
            verify_consistency(old=old, new=new, old_root=old_root, new_root=new_root, proof=lie)
    for a, b in [(bytes(32), new_root), (old_root, bytes(32)), (new_root, old_root)]:
        with pytest.raises(InvalidProof):
            verify_consistency(old=old, new=new, old_root=a, new_root=b, proof=proof)
    for a_size, b_size in [(0, new), (new, old), (new + 1, new)]:
        with pytest.raises(InvalidProof):
            verify_consistency(
                old=a_size, new=b_size, old_root=old_root, new_root=new_root, proof=proof
            )


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


def test_growing_in_steps_or_at_once_is_the_same() -> None:
    at_once, full_at_once = grow(0, (), LEAVES[:1000])
    frontier: tuple[bytes, ...] = ()
    full = []
    for first in range(0, 1000, 37):
        frontier, more = grow(first, frontier, LEAVES[first : min(first + 37, 1000)])
        full += more
    assert frontier == at_once
    assert full == full_at_once
    assert [(node.level, node.index) for node in full] == [(1, 0), (1, 1), (1, 2)]
    assert full[1].hash == reference_root(256, 512)


def test_a_frontier_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError):
        grow(3, (bytes(32),), [])


def test_a_short_tile_is_noticed_by_the_prover() -> None:
    with pytest.raises(LookupError):
        plan_inclusion(0, 256).hashes(lambda tile: LEAVES[:200])

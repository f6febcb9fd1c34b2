"""A log without a database, for whoever watches logs: leaves, signed checkpoints and proofs."""

import hashlib
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, Signer, sign
from ledger.merkle import (
    EMPTY_ROOT,
    TILE_HEIGHT,
    Tile,
    grow,
    plan_consistency,
    plan_root,
)
from ledger.submission import build_submission
from ledger.witness import Conflict, Witness
from tests.ledgers import SIGNER

SECRET = b"s" * 32


class Tree:
    """A tree of so many leaves; two of one `kind` share their beginning, others share nothing."""

    def __init__(self, size: int, *, kind: str = "", signer: Signer = SIGNER) -> None:
        leaves = [hashlib.sha256(f"{kind}{number}".encode()).digest() for number in range(size)]
        self._signer = signer
        self._hashes = {(0, number): leaf for number, leaf in enumerate(leaves)}
        for stored in grow(0, (), leaves)[1]:
            self._hashes[stored.level, stored.index] = stored.hash

    def note(self, size: int) -> str:
        """The signed checkpoint of a size."""
        return sign(Checkpoint(self._signer.verifier.name, size, self.root(size)), self._signer)

    def root(self, size: int) -> bytes:
        """The root of a size."""
        return plan_root(size).hashes(self._tile)[0] if size else EMPTY_ROOT

    def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof from one size to another; nothing leads from size 0."""
        return plan_consistency(old, new).hashes(self._tile) if old else ()

    def request(self, old: int, new: int) -> bytes:
        """The honest `add-checkpoint` request."""
        return build_submission(old, self.proof(old, new), self.note(new))

    def _tile(self, tile: Tile) -> list[bytes]:
        first = tile.index << TILE_HEIGHT
        there = (self._hashes.get((tile.level, first + number)) for number in range(256))
        return [hash for hash in there if hash is not None]


def new_witness(directory: Path, name: str = "w.example") -> Witness:
    """A fresh witness of the tests' log."""
    return Witness(directory, [SIGNER.verifier], secret=SECRET, name=name)


def known(witness: Witness, body: bytes) -> int:
    """The size that a conflict names."""
    with pytest.raises(Conflict) as conflict:
        witness.add(body, now=1)
    assert conflict.value.status == 409
    return conflict.value.size

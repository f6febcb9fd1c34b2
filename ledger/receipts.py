"""Receipts: what proves an entry to whoever holds the log's verifier key, offline.

Knows how a receipt (FORMAT.md 5) is put together from the stored entry, tiles and a checkpoint: the
latest that reaches the quorum, or else the latest. Refuses to know who may have it: the caller
decides that first.
"""

from collections.abc import AsyncIterator
from enum import StrEnum
from itertools import groupby

import msgspec

from ledger.checkpoint import (
    MAX_SIGNATURES,
    InvalidNote,
    Verifier,
    build_receipt,
    lines_of,
    verify_cosignature,
    with_signatures,
)
from ledger.entry import leaf_hash
from ledger.merkle import verify_inclusion
from ledger.quorum import Quorum
from ledger.reader import Queries, read_inclusion

# How many cosignature rows are looked through for a checkpoint that reaches the quorum: nearly
# always the first look finds it, and an outage of weeks costs no more than the others.
_LOOKS = (("DESC", 64), ("DESC", 4096), ("ASC", 4096))


class NoSuchEntry(LookupError):
    """The log has no entry at this position."""


class NotYetSigned(Exception):
    """The entry is there, and no checkpoint covers it yet: `Publisher.wait` and ask again."""


class ReceiptState(StrEnum):
    """What a checkpoint rests on: the log's word alone, or a quorum of witnesses as well."""

    SIGNED = "signed"
    WITNESSED = "witnessed"


class Issued(msgspec.Struct, frozen=True):
    """A receipt as handed out; `size` is its checkpoint's."""

    text: str
    size: int
    state: ReceiptState


async def issue(reader: Queries, seq: int, quorum: Quorum | None = None) -> Issued:
    """The receipt of entry `seq` under the latest checkpoint that reaches the quorum.

    Where none does, or where there is no quorum, it is the latest checkpoint, and `state` says so.
    Reads O(log n) tiles. Refuses with NoSuchEntry, NotYetSigned, and with InvalidProof where what
    is stored no longer proves the entry: a false receipt is never handed out.
    """
    entries = await reader.fetch("SELECT bytes FROM entry WHERE seq = $1", seq)
    if not entries:
        raise NoSuchEntry(seq)
    size, root, note, state = await _checkpoint(reader, seq, quorum)
    data = bytes(entries[0][0])
    proof = await read_inclusion(reader, seq, size)
    verify_inclusion(index=seq, size=size, leaf=leaf_hash(data), proof=proof, root=root)
    return Issued(build_receipt(data, seq, proof, note), size, state)


async def receipt(reader: Queries, seq: int, quorum: Quorum | None = None) -> str:
    """The text of what `issue` hands out."""
    return (await issue(reader, seq, quorum)).text


async def latest_checkpoint(reader: Queries, quorum: Quorum | None = None) -> str | None:
    """The latest checkpoint with its cosignatures; None before the first."""
    notes = await reader.fetch("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1")
    if not notes:
        return None
    size, note = notes[0]
    return (await _cosigned(reader, size, note, quorum))[0]


async def witnessed_size(reader: Queries, quorum: Quorum) -> int:
    """How many entries the latest checkpoint covers that enough witnesses are stored for; or 0."""
    async for size in _candidates(reader, -1, quorum):
        return size
    return 0


async def _checkpoint(
    reader: Queries, seq: int, quorum: Quorum | None
) -> tuple[int, bytes, str, ReceiptState]:
    """Size, root, cosigned note and state of the checkpoint that a receipt is made under."""
    if quorum is not None:
        async for size in _candidates(reader, seq, quorum):
            root, note = (
                await reader.fetch("SELECT root, note FROM checkpoint WHERE size = $1", size)
            )[0]
            note, state = await _cosigned(reader, size, note, quorum)
            if state is ReceiptState.WITNESSED:
                return size, root, note, state
    notes = await reader.fetch("SELECT size, root, note FROM checkpoint ORDER BY size DESC LIMIT 1")
    if not notes or notes[0][0] <= seq:
        raise NotYetSigned(seq)
    size, root, note = notes[0]
    note, state = await _cosigned(reader, size, note, quorum)
    return size, root, note, state


async def _candidates(reader: Queries, seq: int, quorum: Quorum) -> AsyncIterator[int]:
    """Sizes that cover the entry and that enough witnesses are stored for, the largest first."""
    tried: set[int] = set()
    for order, limit in _LOOKS:
        rows = await reader.fetch(
            "SELECT size, witness FROM cosignature WHERE size > $1"
            f" ORDER BY size {order}, witness LIMIT {limit}",
            seq,
        )
        enough = [
            size
            for size, those in groupby(rows, key=lambda row: int(row[0]))
            if size not in tried and quorum.reached([name for _, name in those])
        ]
        for size in sorted(enough, reverse=True):
            tried.add(size)
            yield size


async def _cosigned(
    reader: Queries, size: int, note: str, quorum: Quorum | None
) -> tuple[str, ReceiptState]:
    """The note with its cosignatures; of a quorum's witnesses only those whose line is good."""
    rows = await reader.fetch(
        "SELECT witness, line FROM cosignature WHERE size = $1 ORDER BY witness", size
    )
    if quorum is None:
        return with_signatures(note, (line for _, line in rows)), ReceiptState.SIGNED
    # One bad line would make the note worthless to everybody who knows that witness.
    good = {
        key.name: line
        for key in quorum.keys
        for name, line in rows
        if name == key.name and _good(note, line, key)
    }
    names = list(good)[: MAX_SIGNATURES - len(lines_of(note))]
    state = ReceiptState.WITNESSED if quorum.reached(names) else ReceiptState.SIGNED
    return with_signatures(note, (good[name] for name in names)), state


def _good(note: str, line: str, key: Verifier) -> bool:
    try:
        verify_cosignature(note, line, key)
    except InvalidNote:
        return False
    return True

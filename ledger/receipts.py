"""Receipts: what proves an entry to whoever holds the log's verifier key, offline.

Knows how a receipt (FORMAT.md 5) is put together from the stored entry, tiles and the latest
checkpoint. Refuses to know who may have it: the caller decides that first.
"""

from ledger.checkpoint import build_receipt, with_signatures
from ledger.entry import leaf_hash
from ledger.merkle import verify_inclusion
from ledger.reader import Reader, read_inclusion


class NoSuchEntry(LookupError):
    """The log has no entry at this position."""


class NotYetSigned(Exception):
    """The entry is there, and no checkpoint covers it yet: `Publisher.wait` and ask again."""


async def receipt(reader: Reader, seq: int) -> str:
    """The receipt of entry `seq` under the latest checkpoint, with its cosignatures.

    Reads O(log n) tiles. Refuses with NoSuchEntry, NotYetSigned, and with InvalidProof where what
    is stored no longer proves the entry: a false receipt is never handed out.
    """
    entries = await reader.fetch("SELECT bytes FROM entry WHERE seq = $1", seq)
    if not entries:
        raise NoSuchEntry(seq)
    notes = await reader.fetch("SELECT size, root, note FROM checkpoint ORDER BY size DESC LIMIT 1")
    if not notes or notes[0][0] <= seq:
        raise NotYetSigned(seq)
    size, root, note = notes[0]
    data = bytes(entries[0][0])
    proof = await read_inclusion(reader, seq, size)
    verify_inclusion(index=seq, size=size, leaf=leaf_hash(data), proof=proof, root=root)
    return build_receipt(data, seq, proof, await _cosigned(reader, size, note))


async def latest_checkpoint(reader: Reader) -> str | None:
    """The latest checkpoint with its cosignatures; None before the first."""
    notes = await reader.fetch("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1")
    return await _cosigned(reader, *notes[0]) if notes else None


async def _cosigned(reader: Reader, size: int, note: str) -> str:
    lines = await reader.fetch(
        "SELECT line FROM cosignature WHERE size = $1 ORDER BY witness", size
    )
    return with_signatures(note, (row[0] for row in lines))

"""The chain level of verification, a segment of 2^16 entries at a time, without decoding any.

Knows where the canonical bytes name the entry before (FORMAT.md 1 and 8). A segment is a full
subtree two tiles high, so segments can be checked apart and put together by their roots. Refuses to
judge what the body says: that is `ledger.books`.

Why that needs no parsing. Members are sorted, so the bytes end in

    ,"prev":"H","request":"R","seq":S,"v":1}

where H and R have one length each and nothing is variable but S, which is known. What does not end
so is decoded to say what is wrong. That the bytes are an entry, and what the columns beside them
say, is level books' to find, which decodes every entry.
"""

from binascii import hexlify
from collections.abc import Sequence
from operator import itemgetter
from typing import Literal

import msgspec

from ledger.entry import MalformedEntry, decode, leaf_hash
from ledger.merkle import (
    LEAF_STATE,
    TILE_WIDTH,
    TWIGS,
    Frontier,
    Stored,
    grow,
    hashes_after,
    height_of,
)
from ledger.reader import Reader

ENTRIES_A_SEGMENT = 1 << 16
_BETWEEN = "FROM entry WHERE seq >= $1 AND seq < $2 ORDER BY seq"
# Where as many rows are as there are positions, the rows have these positions: a sound segment is
# read without them, and its bytes say them as well.
_PAIRS = f"SELECT bytes, leaf {_BETWEEN}"
_Pair = tuple[bytes, bytes]
_ROWS = f"SELECT seq, bytes, leaf {_BETWEEN}"
_Row = tuple[int, bytes, bytes]
_NODES = 'SELECT "index", hash FROM node WHERE level = $1 AND "index" BETWEEN $2 AND $3'

_PREV, _REQUEST = b',"prev":"', b'","request":"'
_REQUEST_DIGITS = 32
_END = b'","seq":%d,"v":1}'

Layer = Literal["storage", "chain", "books"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: in which layer, at which entry if at one, and what."""

    layer: Layer
    seq: int | None
    what: str


class Segment(msgspec.Struct, frozen=True):
    """What the entries from one position to before `end` amount to.

    `frontier` is that of the segment taken as a tree of its own.
    """

    end: int
    entries: int
    frontier: Frontier
    findings: tuple[Finding, ...]


async def check_segment(reader: Reader, first: int, end: int) -> Segment:
    """Check bytes `first` to before `end` against their leaves, each other and the tile roots.

    `first` is a multiple of the segment's size; the entry before it says how the chain goes on.
    """
    before = await reader.fetch(_ROWS, first - 1, first) if first else ()
    walk = _Walk(first, before)
    await reader.feed(walk.take, _PAIRS, first, end)
    if walk.seq != end:
        # Once more, and this time everything that is wrong is told.
        walk = _Walk(first, before)
        await reader.feed(walk.judge, _ROWS, first, end)
        walk.missing(end)
    due = [
        Stored(node.level, node.index + (first >> height_of(node.level)), node.hash)
        for node in walk.full
    ]
    walk.findings += await check_stored(reader, due)
    return Segment(
        end=end,
        entries=walk.entries,
        frontier=walk.frontier,
        findings=tuple(walk.findings),
    )


async def check_stored(reader: Reader, due: Sequence[Stored]) -> list[Finding]:
    """What table `node` holds otherwise than it should where these belong.

    A twig may be missing: they only save work, and entries were written before there were any.
    """
    findings: list[Finding] = []
    for level in sorted({node.level for node in due}):
        nodes = [node for node in due if node.level == level]
        rows = await reader.fetch(_NODES, level, nodes[0].index, nodes[-1].index)
        stored = dict(rows)
        for node in nodes:
            found = stored.get(node.index)
            if found == node.hash:
                continue
            if level < TWIGS:
                what = f"tile root {level}/{node.index} differs or is missing"
                findings.append(Finding("chain", None, what))
            elif node.index in stored:
                what = f"twig {level - TWIGS}/{node.index} differs"
                findings.append(Finding("chain", None, what))
    return findings


def _told(data: object) -> bytes:
    """The bytes of a row; where there are none, none, which are no entry and have another leaf."""
    return data if isinstance(data, bytes) else b""


def _parts(datas: tuple[bytes, ...], start: int, end: int | None) -> bytes:
    """The same part of each, one after another."""
    return b"".join(map(itemgetter(slice(start, end)), datas))


class _Walk:
    """Where the walk along the rows has come to: `leaf` by the bytes, `column` by the row."""

    def __init__(self, first: int, before: Sequence[_Row]) -> None:
        self.seq = first
        self.leaf = self.column = bytes(32)
        self.entries = 0
        self.frontier: Frontier = ()
        self.full: list[Stored] = []
        self.findings: list[Finding] = []
        for _, data, column in before:
            self.leaf, self.column = leaf_hash(_told(data)), column

    def take(self, pairs: Sequence[_Pair]) -> bool:
        """Grow the tree by the next rows, if nothing is wrong with any of them."""
        return all(
            self._take(pairs[at : at + TILE_WIDTH]) for at in range(0, len(pairs), TILE_WIDTH)
        )

    def _take(self, pairs: Sequence[_Pair]) -> bool:
        datas, columns = zip(*pairs, strict=True)
        try:
            leaves = hashes_after(LEAF_STATE, datas)
        except TypeError:
            return False
        if self._whole(datas, columns, leaves):
            self._pass(self.seq + len(leaves), leaves, columns[-1])
            return True
        # A tile in which positions gain a digit is not compared together.
        return len(pairs) > 1 and all(self._take([pair]) for pair in pairs)

    def judge(self, rows: Sequence[_Row]) -> bool:
        """Grow the tree by the next rows, and say what is wrong with each of them."""
        for seq, stored, column in rows:
            data = _told(stored)
            leaf = leaf_hash(data)
            if seq != self.seq or not self._whole((data,), (column,), [leaf]):
                self._explain((seq, data, column), leaf)
            self._pass(seq + 1, [leaf], column)
        return True

    def _pass(self, seq: int, leaves: list[bytes], column: bytes) -> None:
        self.frontier, more = grow(self.entries, self.frontier, leaves)
        self.full += more
        self.entries += len(leaves)
        self.seq, self.leaf, self.column = seq, leaves[-1], column

    def _whole(
        self, datas: tuple[bytes, ...], columns: tuple[bytes, ...], leaves: list[bytes]
    ) -> bool:
        """Whether nothing is wrong with any of the next rows: together, faster than apart."""
        if leaves != list(columns):
            return False
        prevs = hexlify(b"".join((self.leaf, *leaves[:-1])), b"\n", 32)
        before = (_PREV + prevs + _REQUEST).replace(b"\n", _REQUEST + _PREV)
        end = len(_END % self.seq)
        start = len(_PREV) + 64 + len(_REQUEST) + _REQUEST_DIGITS + end
        # No part is longer than what it is compared with, so none can make up for another.
        return _parts(datas, -start, -end - _REQUEST_DIGITS) == before and _parts(
            datas, -end, None
        ) == _END * len(datas) % tuple(range(self.seq, self.seq + len(datas)))

    def missing(self, end: int) -> None:
        """Name the entries that should have come before `end`."""
        if self.seq < end:
            self._note(self.seq, f"missing, up to {end - 1}")

    def _explain(self, row: _Row, leaf: bytes) -> None:
        """Say which of the things that were compared together differ."""
        seq, data, column = row
        if seq != self.seq:
            self._note(self.seq, f"missing, up to {seq - 1}")
        if leaf != column:
            self._note(seq, "the leaf is not the hash of the bytes")
        try:
            entry = decode(data)
        except MalformedEntry as error:
            self._note(seq, f"the bytes are no entry: {error}")
            return
        if entry.seq != seq:
            self._note(seq, f"the bytes say position {entry.seq}")
        # Where the row before holds another leaf than its bytes have, that row has been named.
        if entry.prev not in (self.leaf, self.column):
            self._note(seq, "prev is not the leaf of the entry before")

    def _note(self, seq: int, what: str) -> None:
        self.findings.append(Finding("chain", seq, what))

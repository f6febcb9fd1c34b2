"""The chain level of verification, a segment of 2^16 entries at a time, without decoding any.

Knows where the canonical bytes carry what the columns say (FORMAT.md 1 and 8). A segment is a full
subtree two tiles high, so segments can be checked apart and put together by their roots. Refuses to
judge what the body says: that is `ledger.books`.

Why columns can be compared without parsing. Members are sorted, so the bytes are

    {"actor":"A","at":"T","body":{B},"kind":"K","nonce":"N","policy":"P","postings":[..],
     "prev":"H","request":"R","seq":S,"v":1}

and inside a JSON string a quote is always preceded by a backslash. With an A that holds no quote,
`{"actor":"A","at":"T","body":{` therefore matches at the start only if A and T are the members.
The part from `,"prev":"` on matches from the end, where nothing variable but S is left.
`},"kind":"` needs a closing brace and a bare quote; after the body no object follows, so its last
occurrence is the member. What does not match in this way is decoded to say what is wrong.
"""

from datetime import datetime
from hashlib import sha256
from operator import lt
from typing import Literal

import msgspec

from ledger.entry import MalformedEntry, decode, leaf_hash
from ledger.head import EntryRow, instant_of, instant_text
from ledger.merkle import Frontier, Stored, Tile, grow
from ledger.reader import Reader, read_tile, scan_entries

ENTRIES_A_SEGMENT = 1 << 16

Layer = Literal["storage", "chain", "books"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: in which layer, at which entry if at one, and what."""

    layer: Layer
    seq: int | None
    what: str


class Segment(msgspec.Struct, frozen=True):
    """What the entries from one position to before `end` amount to.

    `frontier` and `full` are those of the segment taken as a tree of its own; `leaf` and `at` are
    the last entry's, or of what came before where there is none.
    """

    end: int
    entries: int
    frontier: Frontier
    full: tuple[Stored, ...]
    leaf: bytes
    at: datetime | None
    findings: tuple[Finding, ...]


async def check_segment(reader: Reader, first: int, end: int) -> Segment:
    """Check rows `first` to before `end` against their bytes, each other and the tile roots.

    `first` is a multiple of the segment's size; the entry before it says how the chain goes on.
    """
    walk = _Walk(first)
    if first:
        await scan_entries(reader, first - 1, first, walk.begin)
    await scan_entries(reader, first, end, walk.take)
    walk.missing(end)
    stored = await _stored(reader, first, walk.full)
    for node, hash_ in zip(walk.full, stored, strict=True):
        if node.hash != hash_:
            index = node.index + (first >> 8 * node.level)
            walk.findings.append(
                Finding("chain", None, f"tile root {node.level}/{index} differs or is missing")
            )
    return Segment(
        end=end,
        entries=walk.entries,
        frontier=walk.frontier,
        full=tuple(walk.full),
        leaf=walk.leaf,
        at=instant_of(walk.at),
        findings=tuple(walk.findings),
    )


async def _stored(reader: Reader, first: int, full: list[Stored]) -> list[bytes | None]:
    """What table `node` holds where the segment's tile roots belong."""
    tiles: dict[Tile, list[bytes]] = {}
    found: list[bytes | None] = []
    for node in full:
        index = node.index + (first >> 8 * node.level)
        tile = Tile(node.level, index // 256)
        if tile not in tiles:
            tiles[tile] = await read_tile(reader, tile)
        place = index % 256
        found.append(tiles[tile][place] if place < len(tiles[tile]) else None)
    return found


class _Walk:
    """Where the walk along the rows has come to: `leaf` by the bytes, `column` by the row."""

    def __init__(self, first: int) -> None:
        self.seq = first
        self.leaf = self.column = bytes(32)
        self.at: str | None = None
        self.entries = 0
        self.frontier: Frontier = ()
        self.full: list[Stored] = []
        self.findings: list[Finding] = []

    def begin(self, rows: list[EntryRow]) -> None:
        """Go on after the entry before the segment."""
        for row in rows:
            self.leaf, self.column, self.at = leaf_hash(row[1]), row[2], row[4]

    def take(self, rows: list[EntryRow]) -> None:
        """Check the next rows and grow the tree, by their bytes."""
        leaves = [sha256(b"\x00" + row[1]).digest() for row in rows]
        if self._whole(rows, leaves):
            self._pass(rows[-1], leaves[-1])
        else:
            for row, leaf in zip(rows, leaves, strict=True):
                if not self._whole([row], [leaf]):
                    self._explain(row, leaf)
                self._pass(row, leaf)
        self.frontier, more = grow(self.entries, self.frontier, leaves)
        self.full += more
        self.entries += len(leaves)

    def _pass(self, row: EntryRow, leaf: bytes) -> None:
        self.seq = row[0] + 1
        self.leaf, self.column, self.at = leaf, row[2], row[4]

    def _whole(self, rows: list[EntryRow], leaves: list[bytes]) -> bool:
        """Whether nothing is wrong with any of the rows: together, which is faster than apart."""
        seqs, datas, columns, kinds, ats, actors, requests = zip(*rows, strict=True)
        prevs = b"".join((self.leaf, *leaves[:-1])).hex("\n", 32).split("\n")
        if not (
            leaves == list(columns)
            and seqs == tuple(range(self.seq, self.seq + len(rows)))
            and all(map(lt, (self.at or "", *ats), ats))
            and '"' not in "".join(actors)
        ):
            return False
        for data, actor, at, prev, request, seq, kind in zip(
            datas, actors, ats, prevs, requests, seqs, kinds, strict=True
        ):
            if not (
                data.startswith(f'{{"actor":"{actor}","at":"{at}","body":{{'.encode())
                and data.endswith(
                    f',"prev":"{prev}","request":"{request}","seq":{seq},"v":1}}'.encode()
                )
                and data.startswith(
                    f'}},"kind":"{kind}","nonce":"'.encode(), data.rfind(b'},"kind":"')
                )
            ):
                return False
        return True

    def missing(self, end: int) -> None:
        """Name the entries that should have come before `end`."""
        if self.seq < end:
            self._note(self.seq, f"missing, up to {end - 1}")

    def _explain(self, row: EntryRow, leaf: bytes) -> None:
        """Say which of the things that were compared together differ."""
        seq, data, column, kind, at, actor, request = row
        if seq != self.seq:
            self._note(self.seq, f"missing, up to {seq - 1}")
        if leaf != column:
            self._note(seq, "the leaf is not the hash of the bytes")
        if self.at is not None and at <= self.at:
            self._note(seq, "not later than the entry before")
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
        for name, column_says, bytes_say in (
            ("kind", kind, entry.kind),
            ("at", at, instant_text(entry.at)),
            ("actor", actor, entry.actor),
            ("request", request, entry.request),
        ):
            if column_says != bytes_say:
                self._note(seq, f"column {name} is not what the bytes say")

    def _note(self, seq: int, what: str) -> None:
        self.findings.append(Finding("chain", seq, what))

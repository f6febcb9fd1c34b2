"""The head: where the log ends, and how a batch of entries moves it.

Knows the one row of table `head` (FORMAT.md 7) and that entries must continue it. Pure. Refuses to
know the database; both writers use it.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from ledger.entry import Sealed, Tip
from ledger.merkle import Frontier, Stored, grow, root_of
from ledger.statements import inserting


class Head(msgspec.Struct, frozen=True):
    """The end of the log: `size` entries, the last one's `leaf` and `at`, and the `frontier`."""

    size: int
    leaf: bytes
    frontier: Frontier
    at: datetime | None

    @property
    def tip(self) -> Tip:
        """What the next entry is sealed on."""
        return Tip(self.size, self.leaf, self.at)

    @property
    def root(self) -> bytes:
        """The root of the tree of all entries."""
        return root_of(self.frontier)


class NotInstalled(Exception):
    """The database holds no ledger."""


class Stopped(Exception):
    """The ledger takes no entries; the message says why.

    Either a stop was set, which an operator lifts, or the head is not where the entries end.
    """

    NO_END = "the head is not where the entries end"


class BrokenSequence(Exception):
    """Entries to append that do not continue the head, or a head that moved meanwhile."""


class CommitUnknown(Exception):
    """The answer to COMMIT was lost: the transaction may have happened, or not.

    Whoever receives it opens a new transaction and looks for its request ids.
    """


def advance(head: Head, entries: Sequence[Sealed]) -> tuple[Head, list[Stored]]:
    """The head after `entries`, and the tile roots they complete; refuses a broken sequence."""
    tip = head.tip
    for entry in entries:
        if not entry.follows(tip):
            raise BrokenSequence(f"entry {entry.seq} does not follow {tip.size} entries")
        tip = entry.tip
    frontier, full = grow(head.size, head.frontier, (entry.leaf for entry in entries))
    return Head(tip.size, tip.leaf, frontier, tip.at), full


def instant_text(at: datetime) -> str:
    """An aware UTC instant as entries and tables write it."""
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


def instant_of(text: str | None) -> datetime | None:
    """The instant a table's text names; None too for a text that names none."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def head_of_row(size: int, leaf: bytes, frontier: bytes, at: str | None) -> Head:
    """The head that a row of table `head` describes."""
    parts = tuple(frontier[i : i + 32] for i in range(0, len(frontier), 32))
    return Head(size, leaf, parts, instant_of(at))


def ends_in(head: Head, leaf: bytes | None, at: str | None) -> bool:
    """Whether the head's own leaf and time are those of the last entry's row, None without one.

    An entry written on another leaf than its predecessor's breaks the chain for good: what was
    appended is never changed.
    """
    last = (bytes(32), None) if head.size == 0 and leaf is None else (leaf, instant_of(at))
    return (head.leaf, head.at) == last


def row_of_head(head: Head) -> tuple[int, bytes, bytes, str | None]:
    """Size, leaf, frontier and at, as table `head` holds them."""
    at = None if head.at is None else instant_text(head.at)
    return head.size, head.leaf, b"".join(head.frontier), at


ENTRIES = inserting(
    "entry",
    {
        "seq": "bigint",
        "bytes": "bytea",
        "leaf": "bytea",
        "kind": "text",
        "at": "text",
        "actor": "text",
        "request": "text",
    },
)
NODES = inserting("node", {"level": "smallint", "index": "bigint", "hash": "bytea"})

EntryRow = tuple[int, bytes, bytes, str, str, str, str]


def entry_row(entry: Sealed) -> EntryRow:
    """Seq, bytes, leaf, kind, at, actor and request, as table `entry` holds them."""
    return (
        entry.seq,
        entry.bytes,
        entry.leaf,
        entry.kind,
        instant_text(entry.at),
        entry.actor,
        entry.request,
    )


def node_row(node: Stored) -> tuple[int, int, bytes]:
    """Level, index and hash, as table `node` holds them."""
    return node.level, node.index, node.hash

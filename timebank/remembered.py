"""What the last transaction of this process knew of the projections, kept for the next one.

A projection is a function of the ledger: while the head that is read under the lock is the very
entry at which this process left off, no other process has written one, and the rows are still
those of the tables. Where others have written, each transaction has left behind which rows it
touched, and those alone are forgotten: from the entry at which this process left off to the head
one must continue the other, or all is forgotten. The head and what was left behind are read inside
the transaction, so that any number of processes may write one database. Rows of the vault change
without an entry and are never remembered. SQLite has one process that writes, and leaves nothing.
"""

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from ledger.entry import Tip
from timebank.projections import Known, Place
from timebank.tables import TABLES, Key, Row, table

MOST_ROWS = 1 << 16
MOST_TOUCHED = 4_000
"""Rows that a transaction names; one that touched more names none, as a roster of 500 rows may."""
TURNS = 127
"""So many transactions' traces are kept. A prime: groups of one size do not meet in few places."""


@table("touched", vault=True)
class Touched(Row, frozen=True):
    """Which rows of projections a transaction touched, by table; None where it was too many.

    `id` is its place in a ring; it went from the entry `before` to `leaf`, which made `size`.
    """

    id: str
    size: int
    before: bytes
    leaf: bytes
    places: dict[str, list[str | int]] | None


SINCE = f'SELECT {Touched.spec.listed} FROM "touched" WHERE size > $1 ORDER BY size'


def touching(before: Tip, after: Tip, changed: Iterable[Place]) -> Touched:
    """What a transaction leaves behind of the rows of projections that it changed."""
    places: dict[str, list[Key]] = defaultdict(list)
    for row, key in changed:
        if not row.spec.vault:
            places[row.spec.name].append(key)
    named = sum(map(len, places.values())) <= MOST_TOUCHED
    return Touched(
        id=str(after.size % TURNS),
        size=after.size,
        before=before.leaf,
        leaf=after.leaf,
        places=dict(places) if named else None,
    )


class Remembered:
    """Rows of projections as they stood at a tip; nothing at first."""

    def __init__(self, most: int = MOST_ROWS) -> None:
        self.most = most
        self._tip: Tip | None = None
        self._rows: Known = {}

    @property
    def size(self) -> int:
        """How many entries there were when this process left off."""
        return self._tip.size if self._tip else 0

    def is_behind(self, tip: Tip) -> bool:
        """Whether others have written since, so that it must be told what they touched."""
        return self._tip is not None and self._tip != tip

    def take(self, tip: Tip, others: Sequence[Touched] = ()) -> Known:
        """The rows that hold at `tip`, for one transaction; `others` wrote since, in this order.

        They are forgotten here until `keep`, so that a transaction that fails leaves nothing.
        """
        at, rows = self._tip, self._rows
        self._tip, self._rows = None, {}
        if at is None or (at != tip and not others):
            return {}
        leaf = at.leaf
        for other in others:
            if other.before != leaf or other.places is None:
                return {}
            # A process of another version may have tables that this one does not know.
            for name in other.places.keys() & TABLES.keys():
                for key in other.places[name]:
                    rows.pop((TABLES[name].row, key), None)
            leaf = other.leaf
        return rows if leaf == tip.leaf else {}

    def keep(self, tip: Tip, rows: Known, *, without: Collection[Place]) -> None:
        """Remember rows of a committed transaction that ended at `tip`, but those of the vault.

        Beyond `most` rows the earliest known are let go.
        """
        for place in without:
            rows.pop(place, None)
        if (surplus := len(rows) - self.most) > 0:
            for place in list(itertools.islice(rows, surplus + self.most // 4)):
                del rows[place]
        self._tip, self._rows = tip, rows

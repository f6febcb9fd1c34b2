"""What the last transaction of this process knew of the projections, kept for the next one.

A projection is a function of the ledger: while the head that is read under the lock is the very
entry at which this process left off, no other process has written one, and the rows are still
those of the tables. The head decides that inside the transaction, so that any number of processes
may write one database; whoever finds it moved on starts from nothing. Rows of the vault change
without an entry and are never remembered.
"""

import itertools
from collections.abc import Iterable

from ledger.entry import Tip
from timebank.projections import Known, Place

MOST_ROWS = 1 << 16


class Remembered:
    """Rows of projections as they stand at a tip; nothing at first."""

    def __init__(self, most: int = MOST_ROWS) -> None:
        self.most = most
        self._tip: Tip | None = None
        self._rows: Known = {}

    def take(self, tip: Tip) -> Known:
        """The rows that hold at `tip`, for one transaction.

        They are forgotten here until `keep`, so that a transaction that fails leaves nothing.
        """
        rows = self._rows if tip == self._tip else {}
        self._tip, self._rows = None, {}
        return rows

    def keep(self, tip: Tip, rows: Known, *, without: Iterable[Place]) -> None:
        """Remember rows of a committed transaction that ended at `tip`, but those of the vault.

        Beyond `most` rows the earliest known are let go.
        """
        for place in without:
            rows.pop(place, None)
        if (surplus := len(rows) - self.most) > 0:
            for place in list(itertools.islice(rows, surplus + self.most // 4)):
                del rows[place]
        self._tip, self._rows = tip, rows

"""Changes: the rows that a transaction leaves otherwise, and the few statements that write them.

Knows which rows the tables cannot hold yet: those that were looked for and not found under the
lock, and those whose key was made for them. Does no I/O.
"""

from collections import Counter
from collections.abc import Sequence

from ledger.statements import EachRow
from timebank.batch import Batch
from timebank.projections import Known, Place

MANY = 100
"""New rows of a table that are worth a statement of their own."""


class Changes:
    """What the works of one transaction changed: rows by key, None where one is to go."""

    def __init__(self) -> None:
        self.rows: Known = {}
        self._new: set[Place] = set()

    def take(self, changed: Known, batch: Batch) -> None:
        """Add what one work changed, before its rows become known."""
        known = batch.known
        self._new.update(
            place
            for place in changed
            if place not in self.rows
            and (place in batch.added or (place in known and known[place] is None))
        )
        self.rows.update(changed)

    def statements(self) -> dict[EachRow, list[Sequence[object]]]:
        """What writes them: at most three statements a table, a list of values for each row."""
        many = {row for row, count in Counter(row for row, _ in self._new).items() if count >= MANY}
        told: dict[EachRow, list[Sequence[object]]] = {}
        for place, value in self.rows.items():
            row, key = place
            if value is None:
                told.setdefault(row.spec.delete, []).append([key])
                continue
            new = row in many and place in self._new
            into = row.spec.insert if new else row.spec.upsert
            told.setdefault(into, []).append(row.spec.values(value))
        return told

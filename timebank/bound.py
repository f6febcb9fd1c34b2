"""Bound request ids: what was asked first under an id, and what was answered (ledger format 6).

An id is bound by the transaction that its work commits in, and by nothing else.
"""

import msgspec

from ledger.writer import finding, inserting

BIND = inserting(
    "request",
    {"id": "text", "digest": "bytea", "outcome": "text", "first_seq": "bigint", "count": "integer"},
)
FIND = finding("request", ("id", "digest", "outcome", "first_seq", "count"), "id", "text")


class Bound(msgspec.Struct, frozen=True):
    """A request id that committed: the digest of what was asked and the first answer."""

    digest: bytes
    outcome: str
    first_seq: int | None
    count: int

    def row(self, id: str) -> tuple[str, bytes, str, int | None, int]:
        """It as table `request` holds it."""
        return id, self.digest, self.outcome, self.first_seq, self.count

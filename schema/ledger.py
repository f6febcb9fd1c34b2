"""The ledger on the wire: one entry, what it says, and the receipt that proves it.

What an entry says and its receipt go to those it concerns, staff in whose scope it lies, and
auditors; everybody else sees its position alone (api 14).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from ledger.entry import Sealed
from ledger.receipts import ReceiptState
from schema.context import Context, Info
from schema.enums import show_enum
from schema.fields import field
from schema.paging import Listing
from schema.scalars import Long
from timebank import entries

ENTRIES = Listing("entries", int)

show_enum(
    ReceiptState,
    "What a receipt rests on.",
    signed="The log's own signature.",
    witnessed="The log's signature and a quorum of witnesses.",
)

Wait = Annotated[
    bool, strawberry.argument(description="Whether to wait, at most 2 s, until it is signed.")
]


@strawberry.type(description="How many minutes or fen an entry moves on one account.")
class EntryPosting:
    account: str = strawberry.field(description="The account's code.")
    unit: str = strawberry.field(description="`minute` or `fen`.")
    amount: Long = strawberry.field(description="What came, or went if negative.")


@strawberry.type(description="What an entry says.")
class EntryContent:
    at: datetime = strawberry.field(description="When it was written.")
    kind: str = strawberry.field(description="What happened, for programs.")
    actor: str = strawberry.field(description="Who did it: an id, or `system`.")
    policy: str = strawberry.field(description="The policy in force.")
    leaf: str = strawberry.field(description="Its leaf hash, in hex digits.")
    text: str = strawberry.field(description="Its very bytes, which are JSON text.")
    postings: list[EntryPosting] = strawberry.field(description="What it moves; sums to zero.")

    @classmethod
    def of(cls, entry: Sealed) -> "EntryContent":
        """An entry as it is shown."""
        moved = [EntryPosting(account=a, unit=u, amount=Long(n)) for a, u, n in entry.postings]
        return cls(
            at=entry.at,
            kind=entry.kind,
            actor=entry.actor,
            policy=entry.policy,
            leaf=entry.leaf.hex(),
            text=entry.bytes.decode(),
            postings=moved,
        )


async def read_entries(context: Context, seqs: Sequence[int]) -> Mapping[int, Sealed]:
    """The entries that are there for whoever asks."""
    return await entries.entries(context.actor, seqs)


@strawberry.type(description="One line of the ledger.")
class LedgerEntry:
    seq: Long = strawberry.field(description="Its position, from 0.")

    @field
    async def content(self, info: Info) -> EntryContent | None:
        """What it says; null where it is not yours to see."""
        found = await info.context.loaders.load(read_entries, int(self.seq))
        return EntryContent.of(found) if found else None

    @field
    async def receipt(self, info: Info, wait: Wait = False) -> str | None:
        """Proof that it is in the log, checked offline; null unless yours to see and signed."""
        return await entries.receipt(info.context.actor, int(self.seq), wait=wait)

    @field
    async def receipt_state(self, info: Info) -> ReceiptState | None:
        """What a receipt had now rests on; null unless yours to see and signed."""
        told = await entries.issued(info.context.actor, int(self.seq))
        return None if told is None else told.state

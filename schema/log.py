"""The log on the wire: what it says of itself, and its entries to whoever may see them.

Size, root, checkpoint, consistency proofs and the books are public (api 14); an entry that is not
the asker's to see and one that does not exist are the same null.
"""

import base64
from typing import Annotated

import strawberry

from ledger.receipts import ReceiptState
from schema.accounts import Books
from schema.context import Info
from schema.fields import field
from schema.ledger import LedgerEntry, read_entries
from schema.paging import Connection, Listing, Page, paged
from schema.scalars import Long
from timebank import entries

ENTRIES = Listing("entries", int)

Seq = Annotated[Long, strawberry.argument(description="The entry's position, from 0.")]
Old = Annotated[Long, strawberry.argument(name="from", description="The smaller size, 1 or more.")]
New = Annotated[Long, strawberry.argument(name="to", description="The larger size.")]


@strawberry.type(description="The ledger: what anyone can check of it, and what you may see.")
class Ledger(Books):
    said: strawberry.Private[entries.Log]

    @field
    def size(self) -> Long:
        """How many entries there are."""
        return Long(self.said.size)

    @field
    def root(self) -> str:
        """The root of the tree of all entries, in hex digits."""
        return self.said.root

    @field
    def checkpoint(self) -> str | None:
        """The latest signed note of size and root, with its witnesses' lines."""
        return self.said.checkpoint

    @field
    def verifier_keys(self) -> list[str]:
        """The keys that check it, the log's own first, then those of its witnesses."""
        return list(self.said.keys)

    @field
    async def consistency(self, old: Old, new: New) -> list[str] | None:
        """Proof that the log of one size extends that of another: hashes in base64."""
        proof = await entries.consistency(int(old), int(new))
        return None if proof is None else [base64.b64encode(hash).decode() for hash in proof]

    @field
    async def entry(self, info: Info, seq: Seq) -> LedgerEntry | None:
        """One entry; null where there is none for you."""
        found = await info.context.loaders.load(read_entries, int(seq))
        return LedgerEntry(seq=seq) if found else None

    @field
    async def receipt(self, info: Info, seq: Seq) -> str | None:
        """The receipt of one entry; null where there is none for you."""
        return await entries.receipt(info.context.actor, int(seq))

    @field
    async def receipt_state(self, info: Info, seq: Seq) -> ReceiptState | None:
        """What the receipt of one entry rests on now; null where there is none for you."""
        told = await entries.issued(info.context.actor, int(seq))
        return None if told is None else told.state

    @paged
    async def entries(
        self,
        page: Page,
        info: Info,
    ) -> Connection[LedgerEntry]:
        """Every entry, the oldest first, for auditors; nobody else has any here."""
        return await page.of(
            ENTRIES,
            entries.entries_between,
            info.context.actor,
            key=lambda entry: (entry.seq,),
            node=lambda entry: LedgerEntry(seq=Long(entry.seq)),
        )


@strawberry.type
class Query:
    @field
    async def ledger(self) -> Ledger:
        """The ledger."""
        return Ledger(said=await entries.log())

"""The log on the wire: what it says of itself, and its entries to whoever may see them.

Size, root, checkpoint, consistency proofs and the books are public (api 14); an entry that is not
the asker's to see and one that does not exist are the same null.
"""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry
from strawberry import UNSET

from ledger.receipts import ReceiptState
from schema.accounts import Books
from schema.context import Info
from schema.fields import field, followed
from schema.ledger import ENTRIES, LedgerEntry, read_entries
from schema.paging import After, Connection, Page, paged
from schema.scalars import Long
from timebank import entries

Seq = Annotated[Long, strawberry.argument(description="The entry's position, from 0.")]
Old = Annotated[Long, strawberry.argument(name="from", description="The smaller size, 1 or more.")]
New = Annotated[Long, strawberry.argument(name="to", description="The larger size.")]


@strawberry.type(description="Somebody else who looks at every checkpoint and cosigns it.")
class Witness:
    name: str = strawberry.field(description="Its name in the quorum file.")
    size: Long = strawberry.field(description="How many entries it last cosigned; 0 for none.")
    behind: bool = strawberry.field(
        description="Whether it has not cosigned what was signed a minute ago."
    )


@strawberry.type(description="The quorum of witnesses that the log asks.")
class QuorumStanding:
    needed: int = strawberry.field(description="How many of them make a checkpoint witnessed.")
    signed: Long = strawberry.field(description="How many entries the log itself has signed.")
    witnessed: Long = strawberry.field(description="How many of them so many witnesses cosigned.")
    witnesses: list[Witness] = strawberry.field(description="Each, as the quorum file has them.")


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
    async def quorum(self) -> QuorumStanding | None:
        """Where its witnesses stand; null where it has none."""
        told = await entries.standing()
        if told is None:
            return None
        return QuorumStanding(
            needed=told.needed,
            signed=Long(told.signed),
            witnessed=Long(told.witnessed),
            witnesses=[
                Witness(name=one.name, size=Long(one.size), behind=one.behind)
                for one in told.witnesses
            ],
        )

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


@strawberry.type(description="An entry that was just written, and where it stands.")
class EntryWritten:
    cursor: str = strawberry.field(
        description="Where it stands: follow from here again, or ask for `ledger.entries` after it."
    )
    entry: LedgerEntry = strawberry.field(description="The entry.")

    @classmethod
    def of(cls, seq: int) -> "EntryWritten":
        """An entry by its position."""
        return cls(cursor=ENTRIES.cursor((seq,)), entry=LedgerEntry(seq=Long(seq)))


@strawberry.type(description="What the receipt of an entry rests on now.")
class ReceiptReached:
    cursor: str = strawberry.field(description="Where the entry stands in `ledger.entries`.")
    state: ReceiptState = strawberry.field(description="What it rests on.")
    receipt: str = strawberry.field(description="The receipt as it is now.")


@strawberry.type
class Subscription:
    @followed
    async def entries(self, info: Info, after: After = UNSET) -> AsyncGenerator[EntryWritten, None]:
        """Every entry that is yours to see, as it is written: from now on, or after a cursor."""
        position = ENTRIES.key(after)[0] if isinstance(after, str) else None
        async with aclosing(entries.followed(info.context.actor, after=position)) as written:
            async for entry in written:
                yield EntryWritten.of(entry.seq)

    @followed
    async def receipt(self, info: Info, seq: Seq) -> AsyncGenerator[ReceiptReached, None]:
        """What the receipt of an entry rests on, whenever that changes; ends with the witnesses.

        Ends after some 5 minutes too, and at once for an entry that is not there for you.
        """
        reached = entries.receipts_of(info.context.actor, int(seq))
        async with aclosing(reached) as states:
            async for told in states:
                yield ReceiptReached(
                    cursor=ENTRIES.cursor((int(seq),)), state=told.state, receipt=told.text
                )

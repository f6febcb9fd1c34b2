"""The ledger on the wire: what a mutation shows of the entry it made.

Knows an entry's position; whoever may see more of it asks by that position.
"""

import strawberry

from schema.scalars import Long


@strawberry.type(description="One line of the ledger.")
class LedgerEntry:
    seq: Long = strawberry.field(description="Its position, from 0.")

"""Waiting on the wire: who holds a record up, and until when."""

from collections.abc import Sequence
from datetime import date

import strawberry

from schema.context import Context
from schema.enums import show_enum
from timebank import waiting
from timebank.hours import Record
from timebank.waiting import Party

show_enum(
    Party,
    "Who must act next on a record.",
    confirmer="Staff who did not record it confirm it.",
    second_reviewer="A third person, who neither recorded nor confirmed it, agrees.",
    served="Whoever was helped by an order confirms the help.",
    counter="No notice has arrived; the counter tells the volunteer in person.",
    volunteer="The volunteer accepts it.",
    district="The district decides an objection, or looks at what its recorder recorded that day.",
)


@strawberry.type(description="What a record waits for.")
class WaitingOn:
    party: Party = strawberry.field(description="Who must act next.")
    by: date | None = strawberry.field(
        description="The last day for it, by the city's calendar; null where no rule sets one."
    )


async def read_waiting(context: Context, records: Sequence[Record]) -> dict[Record, WaitingOn]:
    """What records wait for, for the loader; whoever sees a record sees this."""
    told = await waiting.waiting_on(records)
    return {
        record: WaitingOn(party=told[record.id].party, by=told[record.id].by)
        for record in records
        if record.id in told
    }

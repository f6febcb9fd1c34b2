"""Brought copies on the wire: a signed file of another bank, taken in by the district."""

import strawberry

from schema.refusal import Info, Payload, mutation
from schema.rosters import RosterRowOutcome
from timebank import brought_copies


@strawberry.input
class BringCopyInput:
    number: str = strawberry.field(description="The volunteer's number here.")
    copy: str = strawberry.field(description="The file, as the other bank signed it.")
    bank_key: str = strawberry.field(description="The public key that the other bank publishes.")
    dry_run: bool = strawberry.field(default=False, description="Only tell what would happen.")


@strawberry.type
class BringCopyPayload(Payload):
    rows: list[RosterRowOutcome] = strawberry.field(
        default_factory=list, description="What became of each record that counted there."
    )


@strawberry.type
class Mutation:
    @mutation(BringCopyPayload, bulk=True)
    async def bring_copy(self, info: Info, input: BringCopyInput) -> BringCopyPayload:
        """Record service of another bank from the file that a volunteer brings; none comes twice.

        Its records' own contents are the keys, so that the input needs none.
        """
        answer = await brought_copies.bring_copy(
            info.context.actor,
            number=input.number,
            text=input.copy,
            key_text=input.bank_key,
            dry_run=input.dry_run,
        )
        told = [RosterRowOutcome.of(row, info) for row in answer.rows]
        return BringCopyPayload.of(answer, rows=told)

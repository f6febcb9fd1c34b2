"""Spending on the wire: what organisations bought of what they were paid, for everybody to see."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Input
from schema.funding.commitments import Commitment, read_commitments
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.scalars import Fen
from timebank.funding import spending
from timebank.funding.purposes import ExpenseItem, FundPurpose

LINES = Listing("spending", str)
Of = Annotated[ID, strawberry.argument(description="Of which promise.")]


@strawberry.type(description="A line of expenditure.")
class SpendingLine:
    id: ID = strawberry.field(description="Names it.")
    item: ExpenseItem = strawberry.field(description="What was bought.")
    fen: Fen = strawberry.field(description="For how much.")
    voucher: str = strawberry.field(description="The voucher's SHA-256.")
    spent_on: date = strawberry.field(description="When.")
    reversed: bool = strawberry.field(description="Whether the line was wrong and reversed.")

    @classmethod
    def of(cls, held: spending.SpendingLine) -> "SpendingLine":
        """A line as it is shown."""
        return cls(
            id=ID(held.id),
            item=held.item,
            fen=Fen(held.fen),
            voucher=held.voucher,
            spent_on=held.spent_on,
            reversed=held.reversed,
        )


async def _shown(info: Info, answer: spending.Accounted) -> Commitment | None:
    found = await read_commitments(info.context, [answer.commitment])
    return found.get(answer.commitment)


@strawberry.type
class Query:
    @paged
    async def spending(self, page: Page, commitment: Of) -> Connection[SpendingLine]:
        """What was bought of a promise, the oldest line first."""
        return await page.of(LINES, spending.lines_of, str(commitment), node=SpendingLine.of)


@strawberry.input
class ReportSpendingInput(Input):
    commitment: ID = strawberry.field(description="Of which promise.")
    purpose: FundPurpose = strawberry.field(description="What for.")
    item: ExpenseItem = strawberry.field(description="What was bought.")
    fen: Fen = strawberry.field(description="For how much.")
    voucher: str = strawberry.field(description="The voucher's SHA-256 in small letters.")
    spent_on: date = strawberry.field(description="When.")


@strawberry.type
class ReportSpendingPayload(Payload):
    commitment: Commitment | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class ReverseSpendingInput(Input):
    line: ID = strawberry.field(description="Which line.")


@strawberry.type
class ReverseSpendingPayload(Payload):
    commitment: Commitment | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.input
class RefundFundsInput(Input):
    commitment: ID = strawberry.field(description="Of which promise.")
    fen: Fen = strawberry.field(description="How much.")


@strawberry.type
class RefundFundsPayload(Payload):
    commitment: Commitment | None = strawberry.field(default=None, description="What was moved on.")


@strawberry.type
class Mutation:
    @mutation(ReportSpendingPayload)
    async def report_spending(
        self, info: Info, input: ReportSpendingInput
    ) -> ReportSpendingPayload:
        """Account for something bought of public money."""
        answer = await spending.report_spending(
            info.context.actor,
            commitment=str(input.commitment),
            purpose=input.purpose,
            item=input.item,
            fen=input.fen,
            voucher=input.voucher,
            spent_on=input.spent_on,
            key=info.context.key(input),
        )
        return ReportSpendingPayload.of(answer, commitment=await _shown(info, answer))

    @mutation(ReverseSpendingPayload)
    async def reverse_spending(
        self, info: Info, input: ReverseSpendingInput
    ) -> ReverseSpendingPayload:
        """Reverse a line that is wrong."""
        answer = await spending.reverse_spending(
            info.context.actor,
            line=str(input.line),
            key=info.context.key(input),
        )
        return ReverseSpendingPayload.of(answer, commitment=await _shown(info, answer))

    @mutation(RefundFundsPayload)
    async def refund_funds(self, info: Info, input: RefundFundsInput) -> RefundFundsPayload:
        """Give back what was paid and not spent."""
        answer = await spending.refund_funds(
            info.context.actor,
            commitment=str(input.commitment),
            fen=input.fen,
            key=info.context.key(input),
        )
        return RefundFundsPayload.of(answer, commitment=await _shown(info, answer))

"""Tranches on the wire: everybody sees what was paid when; a checker holds parts back."""

from collections.abc import Sequence

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.enums import show_enum
from schema.fields import field
from schema.organisations import Organisation, read_organisations
from schema.refusal import Info, Payload, mutation
from schema.scalars import Fen, Long
from schema.texts import texts
from timebank.funding import tranches
from timebank.funding.commitments import Condition, commitments_by_id
from timebank.funding.tranche_life import TrancheState, WithholdReason

show_enum(
    TrancheState,
    "The life of a part of what is paid.",
    planned="It waits for its condition.",
    condition_met="A cashier made the payment; another person checks it.",
    approved="It was checked and may be paid out.",
    paid="The money left.",
    reconciled="The bank's statement shows it.",
    withheld="It is not paid for now.",
)
show_enum(
    Condition,
    "What a payment waits for.",
    contract="The contract.",
    midterm="The mid-term report is accepted.",
    final="The final report is accepted.",
    acceptance="Residents accept the works.",
)
show_enum(
    WithholdReason,
    "Why a part is not paid for now.",
    report_late="A report is late.",
    hours_in_doubt="Hours are in doubt.",
    spending_in_doubt="Expenditure is in doubt.",
    stopped="The project was stopped.",
    barred="The organisation is barred from public money.",
)


@strawberry.type(description="A part of what was promised, and whether it is paid.")
class Tranche:
    id: ID = strawberry.field(description="Names it.")
    commitment: ID = strawberry.field(description="Of what is promised.")
    number: int = strawberry.field(description="The first, the second, ...")
    fen: Fen = strawberry.field(description="How much.")
    condition: Condition = strawberry.field(description="What it waits for.")
    least_minutes: Long = strawberry.field(description="The accepted minutes that it asks for.")
    state: TrancheState = strawberry.field(description="How far it is.")
    withheld: WithholdReason | None = strawberry.field(description="Why it is not paid for now.")

    @field
    async def name(self, info: Info) -> str:
        """What it is for is called; empty where it has no name."""
        return await info.context.loaders.load(texts("name"), str(self.commitment)) or ""

    @field
    async def payee(self, info: Info) -> Organisation | None:
        """The organisation that it goes to; null for something bought."""
        payee = await info.context.loaders.load(_payees, str(self.commitment))
        return await info.context.loaders.load(read_organisations, payee) if payee else None

    @classmethod
    def of(cls, held: tranches.Tranche) -> "Tranche":
        """A part as it is shown."""
        return cls(
            id=ID(held.id),
            commitment=ID(held.commitment),
            number=held.number,
            fen=Fen(held.fen),
            condition=held.condition,
            least_minutes=Long(held.least_minutes),
            state=held.state,
            withheld=held.withheld,
        )


async def _payees(context: Context, ids: Sequence[str]) -> dict[str, str]:
    found = await commitments_by_id(ids)
    return {id: held.payee for id, held in found.items() if held.payee}


async def read_parts(context: Context, ids: Sequence[str]) -> dict[str, list[Tranche]]:
    """The parts of commitments, for the loader."""
    found = await tranches.tranches_of(ids)
    return {id: [Tranche.of(held) for held in parts] for id, parts in found.items()}


@strawberry.input
class WithholdTrancheInput(Input):
    tranche: ID = strawberry.field(description="Which part.")
    reason: WithholdReason = strawberry.field(description="Why.")


@strawberry.type
class WithholdTranchePayload(Payload):
    tranche: Tranche | None = strawberry.field(default=None, description="The part.")


@strawberry.input
class ResumeTrancheInput(Input):
    tranche: ID = strawberry.field(description="Which part.")


@strawberry.type
class ResumeTranchePayload(Payload):
    tranche: Tranche | None = strawberry.field(default=None, description="The part.")


async def show_part(answer: tranches.Paid) -> Tranche | None:
    """The part that was moved on, as it is shown."""
    found = await tranches.tranches_by_id([answer.tranche])
    return Tranche.of(found[answer.tranche]) if found else None


@strawberry.type
class Mutation:
    @mutation(WithholdTranchePayload)
    async def withhold_tranche(
        self, info: Info, input: WithholdTrancheInput
    ) -> WithholdTranchePayload:
        """Hold back a part that was not paid."""
        answer = await tranches.withhold_tranche(
            info.context.actor,
            tranche=str(input.tranche),
            reason=input.reason,
            key=info.context.key(input),
        )
        return WithholdTranchePayload.of(answer, tranche=await show_part(answer))

    @mutation(ResumeTranchePayload)
    async def resume_tranche(self, info: Info, input: ResumeTrancheInput) -> ResumeTranchePayload:
        """Plan a part again that was held back."""
        answer = await tranches.resume_tranche(
            info.context.actor, tranche=str(input.tranche), key=info.context.key(input)
        )
        return ResumeTranchePayload.of(answer, tranche=await show_part(answer))

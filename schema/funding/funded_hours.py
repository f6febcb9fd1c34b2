"""Funded hours on the wire: which activity is paid for by which promise."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.funding.commitments import Commitment, read_commitments
from schema.refusal import Info, Payload, mutation
from timebank.funding import funded_hours


@strawberry.input
class FundActivityInput(Input):
    activity: ID = strawberry.field(description="Which activity.")
    commitment: ID = strawberry.field(description="What pays for it.")


@strawberry.type
class FundActivityPayload(Payload):
    commitment: Commitment | None = strawberry.field(default=None, description="What pays for it.")


@strawberry.type
class Mutation:
    @mutation(FundActivityPayload)
    async def fund_activity(self, info: Info, input: FundActivityInput) -> FundActivityPayload:
        """Say that an activity you run is paid for by a promise of public money."""
        answer = await funded_hours.fund_activity(
            info.context.actor,
            activity=str(input.activity),
            commitment=str(input.commitment),
            key=info.context.key(input),
        )
        found = await read_commitments(info.context, [answer.commitment])
        return FundActivityPayload.of(answer, commitment=found.get(answer.commitment))

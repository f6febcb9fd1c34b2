"""Funded hours on the wire: which activity is paid for by which promise."""

from typing import Annotated

import strawberry
from strawberry import ID

from schema.activities import Activity
from schema.context import Input
from schema.fields import field
from schema.funding.commitments import Commitment, read_commitments
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from timebank.funding import funded_hours

PROMISES, FUNDED = Listing("promisesFor", str), Listing("fundedActivities", str)
Held = Annotated[ID, strawberry.argument(description="Which activity.")]
Paying = Annotated[ID, strawberry.argument(description="What pays for them.")]


@strawberry.input
class FundActivityInput(Input):
    activity: ID = strawberry.field(description="Which activity.")
    commitment: ID = strawberry.field(description="What pays for it.")


@strawberry.type
class FundActivityPayload(Payload):
    commitment: Commitment | None = strawberry.field(default=None, description="What pays for it.")


@strawberry.type
class Query:
    @field
    async def promise_of(self, info: Info, activity: Held) -> Commitment | None:
        """What pays for an activity; null where nothing does."""
        paying = await funded_hours.promise_of(str(activity))
        return await info.context.loaders.load(read_commitments, paying) if paying else None

    @paged
    async def promises_for(self, page: Page, activity: Held) -> Connection[Commitment]:
        """What may pay for an activity: promises of its areas, to whose team holds it."""
        return await page.of(PROMISES, funded_hours.promises_for, str(activity), node=Commitment.of)

    @paged
    async def funded_activities(self, page: Page, commitment: Paying) -> Connection[Activity]:
        """The activities that a promise of public money pays for."""
        return await page.of(
            FUNDED, funded_hours.funded_activities, str(commitment), node=Activity.of
        )


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

"""Activity holds on the wire: the district stops an activity, lets it go or makes it void."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.activities import Activity, read_activities, shown
from schema.context import Input
from schema.enums import show_enum
from schema.fields import field
from schema.refusal import Info, Payload, mutation
from timebank import activity_holds
from timebank.activity_life import HoldReason

Scope = Annotated[str, strawberry.argument(description="A path in your scope.")]

show_enum(
    HoldReason,
    "Why the district holds an activity.",
    no_sign_of_it="Nothing shows that it took place.",
    false_roster="Its roster does not agree with what is known.",
    sold_hours="Its hours are offered for money.",
    reported="Somebody reported it.",
)


@strawberry.type(description="An activity that the district stopped, and why.")
class ActivityHold:
    reason: HoldReason = strawberry.field(description="Why.")
    held_on: date = strawberry.field(description="Since when.")
    activity_id: strawberry.Private[str]

    @field
    async def activity(self, info: Info) -> Activity | None:
        """The activity."""
        return await info.context.loaders.load(read_activities, self.activity_id)


@strawberry.type
class Query:
    @field
    async def activity_holds(self, info: Info, scope: Scope) -> list[ActivityHold]:
        """Activities that the district stopped, below a path in your scope."""
        return [
            ActivityHold(reason=held.reason, held_on=held.held_on, activity_id=held.activity)
            for held in await activity_holds.holds_at(info.context.actor, scope)
        ]


@strawberry.input
class HoldActivityInput(Input):
    activity: ID = strawberry.field(description="The activity.")
    reason: HoldReason = strawberry.field(description="Why.")


@strawberry.type
class HoldActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="What was stopped.")


@strawberry.input
class ReleaseActivityInput(Input):
    activity: ID = strawberry.field(description="The held activity.")


@strawberry.type
class ReleaseActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="What goes on.")


@strawberry.input
class VoidActivityInput(Input):
    activity: ID = strawberry.field(description="The held activity.")


@strawberry.type
class VoidActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="What is void.")


@strawberry.type
class Mutation:
    @mutation(HoldActivityPayload)
    async def hold_activity(self, info: Info, input: HoldActivityInput) -> HoldActivityPayload:
        """Stop an activity in your district, and its records that do not count yet."""
        answer = await activity_holds.hold_activity(
            info.context.actor,
            activity=input.activity,
            reason=input.reason,
            key=info.context.key(input),
        )
        return HoldActivityPayload.of(answer, activity=await shown(info, answer.activity))

    @mutation(ReleaseActivityPayload)
    async def release_activity(
        self, info: Info, input: ReleaseActivityInput
    ) -> ReleaseActivityPayload:
        """Let a held activity in your district go on."""
        answer = await activity_holds.release_activity(
            info.context.actor, activity=input.activity, key=info.context.key(input)
        )
        return ReleaseActivityPayload.of(answer, activity=await shown(info, answer.activity))

    @mutation(VoidActivityPayload)
    async def void_activity(self, info: Info, input: VoidActivityInput) -> VoidActivityPayload:
        """Make an activity void that another officer held."""
        answer = await activity_holds.void_activity(
            info.context.actor, activity=input.activity, key=info.context.key(input)
        )
        return VoidActivityPayload.of(answer, activity=await shown(info, answer.activity))

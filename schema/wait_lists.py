"""Wait-lists on the wire: waiting for a seat, and giving one back."""

import strawberry
from strawberry import ID

from schema.activities import Activity, shown
from schema.context import Input
from schema.refusal import Info, Payload, mutation
from timebank import wait_lists


@strawberry.input
class JoinWaitListInput(Input):
    activity: ID = strawberry.field(description="The full activity.")


@strawberry.type
class JoinWaitListPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


@strawberry.input
class LeaveWaitListInput(Input):
    activity: ID = strawberry.field(description="The activity you wait for.")


@strawberry.type
class LeaveWaitListPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


@strawberry.input
class WithdrawFromActivityInput(Input):
    activity: ID = strawberry.field(description="The activity whose seat you give back.")


@strawberry.type
class WithdrawFromActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


@strawberry.type
class Mutation:
    @mutation(JoinWaitListPayload)
    async def join_wait_list(self, info: Info, input: JoinWaitListInput) -> JoinWaitListPayload:
        """Wait for a seat of an activity that is full."""
        answer = await wait_lists.join_wait_list(
            info.context.actor, activity=input.activity, key=info.context.key(input)
        )
        return JoinWaitListPayload.of(answer, activity=await shown(info, answer.activity))

    @mutation(LeaveWaitListPayload)
    async def leave_wait_list(self, info: Info, input: LeaveWaitListInput) -> LeaveWaitListPayload:
        """Wait for a seat no longer."""
        answer = await wait_lists.leave_wait_list(
            info.context.actor, activity=input.activity, key=info.context.key(input)
        )
        return LeaveWaitListPayload.of(answer, activity=await shown(info, answer.activity))

    @mutation(WithdrawFromActivityPayload)
    async def withdraw_from_activity(
        self, info: Info, input: WithdrawFromActivityInput
    ) -> WithdrawFromActivityPayload:
        """Give your seat back before the activity starts; the first who waits gets it."""
        answer = await wait_lists.withdraw(
            info.context.actor, activity=input.activity, key=info.context.key(input)
        )
        return WithdrawFromActivityPayload.of(answer, activity=await shown(info, answer.activity))

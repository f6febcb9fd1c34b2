"""Living alone on the wire: noted by the station, shown to nobody."""

import strawberry
from strawberry import ID

from schema.context import Input
from schema.refusal import Info, Payload, mutation
from timebank import living_alone


@strawberry.input
class NoteLivingAloneInput(Input):
    person: ID = strawberry.field(description="Of whom.")
    alone: bool = strawberry.field(description="Whether they live alone.")


@strawberry.type
class NoteLivingAlonePayload(Payload):
    pass


@strawberry.type
class Mutation:
    @mutation(NoteLivingAlonePayload)
    async def note_living_alone(
        self, info: Info, input: NoteLivingAloneInput
    ) -> NoteLivingAlonePayload:
        """Note that somebody of your station lives alone, or not any more."""
        answer = await living_alone.note_living_alone(
            info.context.actor,
            person=input.person,
            alone=input.alone,
            key=info.context.key(input),
        )
        return NoteLivingAlonePayload.of(answer)

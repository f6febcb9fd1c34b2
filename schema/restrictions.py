"""Restrictions on the wire: letting one's own data be used again."""

import strawberry

from schema.context import Input
from schema.people import Person, read_people
from schema.refusal import Info, Payload, mutation
from timebank import restrictions


@strawberry.input
class LiftRestrictionInput(Input):
    pass


@strawberry.type
class LiftRestrictionPayload(Payload):
    person: Person | None = strawberry.field(default=None, description="You.")


@strawberry.type
class Mutation:
    @mutation(LiftRestrictionPayload)
    async def lift_restriction(
        self, info: Info, input: LiftRestrictionInput
    ) -> LiftRestrictionPayload:
        """Let staff use your data again, after you restricted them."""
        answer = await restrictions.lift_restriction(
            info.context.actor, key=info.context.key(input)
        )
        seen = await read_people(info.context, [answer.person])
        return LiftRestrictionPayload.of(answer, person=seen.get(answer.person))

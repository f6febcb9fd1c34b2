"""Home stations on the wire: chosen anew, by oneself or at the counter."""

import strawberry
from strawberry import ID

from schema.context import Input, anew
from schema.people import Person, read_people
from schema.refusal import Info, Payload, mutation
from timebank import homes


@strawberry.input
class ChangeHomeInput(Input):
    number: str = strawberry.field(description="The public number of the new home station.")
    person: ID | None = strawberry.field(
        default=None, description="At the counter: whose; left out for yourself."
    )


@strawberry.type
class ChangeHomePayload(Payload):
    person: Person | None = strawberry.field(
        default=None, description="Who is at home there now, if you may see them."
    )


_shown = anew(read_people)


@strawberry.type
class Mutation:
    @mutation(ChangeHomePayload)
    async def change_home(self, info: Info, input: ChangeHomeInput) -> ChangeHomePayload:
        """Choose the station that looks after you, or after somebody at your counter."""
        answer = await homes.change_home(
            info.context.actor,
            number=input.number,
            person=input.person,
            key=info.context.key(input),
        )
        return ChangeHomePayload.of(answer, person=await _shown(info, answer.person))

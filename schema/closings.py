"""Closings on the wire: one's own account closed or reopened, and what the dead leave."""

from datetime import date

import strawberry

from schema.context import Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.people import Person, read_people
from schema.refusal import Info, Payload, mutation
from timebank import closings
from timebank.closings import ClosingState, Rest

show_enum(
    Rest,
    "What becomes of what is left in an account that is closed.",
    donate="It goes to the pool of your district, with some days to think again.",
    keep="It is kept for some months, in which you can come back.",
)
show_enum(
    ClosingState,
    "The life of a closing.",
    kept="Closed; what is left is kept.",
    frozen="The holder died; the heirs have some months.",
    settled="Heirs took the minutes over, or gave them away.",
    lapsed="Nobody came in time; the minutes are the pool's.",
    reopened="The holder is back.",
)


@strawberry.type(description="How your account was closed.")
class Closing:
    state: ClosingState = strawberry.field(description="How far it is.")
    since: date = strawberry.field(description="Since when it is closed.")
    until: date = strawberry.field(description="Until when what is left is kept.")


@strawberry.type
class Query:
    @field
    async def closing(self, info: Info) -> Closing | None:
        """How your account was closed the last time; null if it never was."""
        held = await closings.closing_of(info.context.actor)
        return Closing(state=held.state, since=held.since, until=held.until) if held else None


@strawberry.input
class CloseAccountInput(Input):
    rest: Rest = strawberry.field(description="What becomes of what is left.")


@strawberry.type
class CloseAccountPayload(Payload):
    person: Person | None = strawberry.field(default=None, description="You.")


@strawberry.input
class ReopenAccountInput(Input):
    pass


@strawberry.type
class ReopenAccountPayload(Payload):
    person: Person | None = strawberry.field(default=None, description="You.")


_shown = anew(read_people)


@strawberry.type
class Mutation:
    @mutation(CloseAccountPayload)
    async def close_account(self, info: Info, input: CloseAccountInput) -> CloseAccountPayload:
        """Close your account; your service record stays. Give minutes to kin before."""
        answer = await closings.close_account(
            info.context.actor, rest=input.rest, key=info.context.key(input)
        )
        return CloseAccountPayload.of(answer, person=await _shown(info, answer.person))

    @mutation(ReopenAccountPayload)
    async def reopen_account(self, info: Info, input: ReopenAccountInput) -> ReopenAccountPayload:
        """Come back to an account that you closed."""
        answer = await closings.reopen_account(info.context.actor, key=info.context.key(input))
        return ReopenAccountPayload.of(answer, person=await _shown(info, answer.person))

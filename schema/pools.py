"""Public time pools on the wire: where minutes above the cap of a balance go."""

import strawberry

from schema.context import Input
from schema.fields import field
from schema.refusal import Info, Payload, mutation
from timebank import pools


@strawberry.type
class Query:
    @field
    async def overflow_to_pool(self, info: Info) -> bool:
        """Whether what you earn above the cap of a balance goes to your district's pool."""
        return await pools.overflow_of(info.context.actor)


@strawberry.input
class ChooseOverflowInput(Input):
    wish: bool = strawberry.field(description="Whether it goes to the pool.")


@strawberry.type
class ChooseOverflowPayload(Payload):
    wish: bool | None = strawberry.field(default=None, description="What you chose.")


@strawberry.type
class Mutation:
    @mutation(ChooseOverflowPayload)
    async def choose_overflow(
        self, info: Info, input: ChooseOverflowInput
    ) -> ChooseOverflowPayload:
        """Choose whether minutes you earn above the cap go to the pool, or are not credited."""
        answer = await pools.choose_overflow(
            info.context.actor, wish=input.wish, key=info.context.key(input)
        )
        return ChooseOverflowPayload.of(answer, wish=answer.wish)

"""Star endorsements on the wire: an organisation speaks for five stars, or does not."""

from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Input
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.star_awards import StarAward, shown
from timebank import star_endorsements

WAITING = Listing("starsToEndorse", str)

Asked = Annotated[ID, strawberry.argument(description="An organisation that you stand for.")]


@strawberry.input
class EndorseStarInput(Input):
    award: ID = strawberry.field(description="The application that names your organisation.")


@strawberry.type
class EndorseStarPayload(Payload):
    award: StarAward | None = strawberry.field(default=None, description="What was endorsed.")


@strawberry.input
class DeclineToEndorseInput(Input):
    award: ID = strawberry.field(description="The application that names your organisation.")


@strawberry.type
class DeclineToEndorsePayload(Payload):
    award: StarAward | None = strawberry.field(default=None, description="What was declined.")


@strawberry.type
class Query:
    @paged
    async def stars_to_endorse(
        self, page: Page, info: Info, organisation: Asked
    ) -> Connection[StarAward]:
        """What waits for your organisation's endorsement, the oldest first."""
        return await page.of(
            WAITING,
            star_endorsements.stars_to_endorse,
            info.context.actor,
            str(organisation),
            node=StarAward.of,
        )


@strawberry.type
class Mutation:
    @mutation(EndorseStarPayload)
    async def endorse_star(self, info: Info, input: EndorseStarInput) -> EndorseStarPayload:
        """Endorse an application for five stars, for the organisation that it names."""
        answer = await star_endorsements.endorse_star(
            info.context.actor, award=str(input.award), key=info.context.key(input)
        )
        return EndorseStarPayload.of(answer, award=await shown(info, answer.award))

    @mutation(DeclineToEndorsePayload)
    async def decline_to_endorse(
        self, info: Info, input: DeclineToEndorseInput
    ) -> DeclineToEndorsePayload:
        """Not endorse an application for five stars; its volunteer may apply again."""
        answer = await star_endorsements.decline_to_endorse(
            info.context.actor, award=str(input.award), key=info.context.key(input)
        )
        return DeclineToEndorsePayload.of(answer, award=await shown(info, answer.award))

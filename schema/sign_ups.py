"""Sign-ups on the wire: your own seats, and nobody else's."""

from datetime import datetime

import strawberry
from strawberry import ID

from schema.activities import Activity, read_activities, shown
from schema.context import Input
from schema.fields import field
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from timebank import sign_ups

SIGN_UPS = Listing("signUps", datetime, str)


@strawberry.type(description="Your seat at an activity.")
class SignUp:
    starts: datetime = strawberry.field(description="When the activity starts.")
    ends: datetime = strawberry.field(description="When the activity ends.")
    at: strawberry.Private[str]

    @field
    async def activity(self, info: Info) -> Activity | None:
        """The activity."""
        return await info.context.loaders.load(read_activities, self.at)

    @classmethod
    def of(cls, held: sign_ups.SignUp) -> "SignUp":
        """A seat as it is shown."""
        return cls(starts=held.starts, ends=held.ends, at=held.activity)


@strawberry.type
class Query:
    @paged
    async def sign_ups(
        self,
        page: Page,
        info: Info,
    ) -> Connection[SignUp]:
        """Your own seats, by start; none where nobody is signed in."""
        return await page.of(
            SIGN_UPS,
            sign_ups.sign_ups_of,
            info.context.actor,
            key=lambda held: (held.starts, held.id),
            node=SignUp.of,
        )


@strawberry.input
class SignUpForActivityInput(Input):
    activity: ID = strawberry.field(description="The activity you want a seat at.")


@strawberry.type
class SignUpForActivityPayload(Payload):
    activity: Activity | None = strawberry.field(default=None, description="The activity.")


@strawberry.type
class Mutation:
    @mutation(SignUpForActivityPayload)
    async def sign_up_for_activity(
        self, info: Info, input: SignUpForActivityInput
    ) -> SignUpForActivityPayload:
        """Take a seat at an open activity."""
        answer = await sign_ups.sign_up(
            info.context.actor, activity=input.activity, key=info.context.key(input)
        )
        return SignUpForActivityPayload.of(answer, activity=await shown(info, answer.activity))

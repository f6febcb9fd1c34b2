"""Second factors on the wire: set up once, confirmed by a code."""

import strawberry

from schema.fields import field
from schema.refusal import Info, Payload, mutation
from timebank import second_factors


@strawberry.type(description="Your second factor, and whether your roles wait for it.")
class SecondFactor:
    stands: bool = strawberry.field(description="Whether you set one up.")
    awaited: bool = strawberry.field(
        description="Whether your roles rest until you give a code of it in this session."
    )


@strawberry.type
class Query:
    @field
    async def second_factor(self, info: Info) -> SecondFactor | None:
        """Your own second factor."""
        actor = info.context.actor
        if actor.person is None:
            return None
        stands = await second_factors.has_second_factor(actor.person)
        return SecondFactor(stands=stands, awaited=actor.unproved)


@strawberry.input
class SetUpSecondFactorInput:
    password: str = strawberry.field(description="Your password, once more.")


@strawberry.type
class SetUpSecondFactorPayload(Payload):
    uri: str | None = strawberry.field(
        default=None, description="What your authenticator scans (otpauth), told this once."
    )


@strawberry.input
class ConfirmSecondFactorInput:
    code: str = strawberry.field(description="What your authenticator shows now.")


@strawberry.type
class ConfirmSecondFactorPayload(Payload):
    confirmed: bool = strawberry.field(default=False, description="Whether the code held.")


@strawberry.type
class Mutation:
    @mutation(SetUpSecondFactorPayload)
    async def set_up_second_factor(
        self, info: Info, input: SetUpSecondFactorInput
    ) -> SetUpSecondFactorPayload:
        """Set up an authenticator; it counts once you gave a code of it."""
        answer = await second_factors.set_up_second_factor(
            info.context.actor, password=input.password
        )
        return SetUpSecondFactorPayload.of(answer, uri=answer.uri)

    @mutation(ConfirmSecondFactorPayload)
    async def confirm_second_factor(
        self, info: Info, input: ConfirmSecondFactorInput
    ) -> ConfirmSecondFactorPayload:
        """Prove your second factor in this session."""
        await second_factors.confirm_second_factor(info.context.actor, code=input.code)
        return ConfirmSecondFactorPayload(confirmed=True)

"""Lost sign-ins on the wire: reset at the counter, a password set anew with a code.

No idempotency key: what is told here is told once and kept nowhere.
"""

import strawberry

from schema.enums import show_enum
from schema.refusal import Info, Payload, mutation
from timebank import sign_in_resets
from timebank.sign_in_resets import Credential

show_enum(
    Credential,
    "What somebody lost.",
    password="The password: a code for a new one is told.",
    second_factor="The authenticator: another may be set up.",
    passkey="The device that signs in by itself: all passkeys open nothing any more.",
)


@strawberry.input
class ResetSignInInput:
    number: str = strawberry.field(description="The volunteer number of who is at the counter.")
    what: Credential = strawberry.field(description="What they lost.")


@strawberry.type
class ResetSignInPayload(Payload):
    code: str | None = strawberry.field(
        default=None, description="For a new password, good for an hour; told this once."
    )


@strawberry.input
class SetPasswordByCodeInput:
    number: str = strawberry.field(description="The volunteer number.")
    code: str = strawberry.field(description="The code from the counter.")
    password: str = strawberry.field(description="The password from now on.")


@strawberry.type
class SetPasswordByCodePayload(Payload):
    changed: bool = strawberry.field(default=False, description="Whether it was set.")


@strawberry.type
class Mutation:
    @mutation(ResetSignInPayload)
    async def reset_sign_in(self, info: Info, input: ResetSignInInput) -> ResetSignInPayload:
        """Make void what somebody at the counter lost, and end their sessions."""
        answer = await sign_in_resets.reset_sign_in(
            info.context.actor, number=input.number, what=input.what
        )
        return ResetSignInPayload.of(answer, code=answer.code)

    @mutation(SetPasswordByCodePayload)
    async def set_password_by_code(
        self, info: Info, input: SetPasswordByCodeInput
    ) -> SetPasswordByCodePayload:
        """Set a new password with the code from the counter."""
        await sign_in_resets.set_password_by_code(
            number=input.number, code=input.code, password=input.password
        )
        return SetPasswordByCodePayload(changed=True)

"""Sign-in on the wire: sessions and passwords.

These inputs carry no idempotency key: a token is told once and kept nowhere, and what is done twice
here is done as well once.
"""

from datetime import datetime

import strawberry
from strawberry import ID

from schema.fields import field
from schema.refusal import Info, Payload, mutation
from timebank import sign_in


@strawberry.type(description="One of your sessions.")
class Session:
    id: ID = strawberry.field(description="Opaque; names the session when it is ended.")
    began: datetime = strawberry.field(description="When you signed in.")
    seen: datetime = strawberry.field(description="When it was last used, within ten minutes.")
    current: bool = strawberry.field(description="Whether it is the one that asks.")


@strawberry.type
class Query:
    @field
    async def sessions(self, info: Info) -> list[Session]:
        """Your sessions that still stand, newest first."""
        actor = info.context.actor
        return [
            Session(
                id=ID(held.id), began=held.began, seen=held.seen, current=held.id == actor.session
            )
            for held in await sign_in.sessions_of(actor)
        ]


@strawberry.input
class SignInInput:
    number: str = strawberry.field(description="The volunteer number.")
    password: str = strawberry.field(description="The password.")
    code: str | None = strawberry.field(
        default=None, description="What your authenticator shows, if you set one up."
    )


@strawberry.type
class SignInPayload(Payload):
    token: str | None = strawberry.field(
        default=None, description="The session's token, told this once."
    )


@strawberry.input
class EndSessionInput:
    session: ID | None = strawberry.field(
        default=None, description="The session to end; null for the one that asks."
    )
    others: bool = strawberry.field(
        default=False, description="End every session but the one that asks, whatever is named."
    )


@strawberry.type
class EndSessionPayload(Payload):
    session: ID | None = strawberry.field(default=None, description="The session that ended.")


@strawberry.input
class ChangePasswordInput:
    old: str = strawberry.field(description="The password until now.")
    new: str = strawberry.field(description="The password from now on.")


@strawberry.type
class ChangePasswordPayload(Payload):
    changed: bool = strawberry.field(default=False, description="Whether it was changed.")


@strawberry.type
class Mutation:
    @mutation(SignInPayload)
    async def sign_in(self, info: Info, input: SignInInput) -> SignInPayload:
        """Open a session by volunteer number and password."""
        answer = await sign_in.sign_in(
            number=input.number, password=input.password, code=input.code
        )
        return SignInPayload.of(answer, token=answer.token)

    @mutation(EndSessionPayload)
    async def end_session(self, info: Info, input: EndSessionInput) -> EndSessionPayload:
        """End one of your sessions, here or on another device, or all the others."""
        actor = info.context.actor
        if input.others:
            return EndSessionPayload.of(await sign_in.end_other_sessions(actor))
        session = input.session or actor.session or ""
        answer = await sign_in.end_session(actor, session=session)
        return EndSessionPayload.of(answer, session=ID(session))

    @mutation(ChangePasswordPayload)
    async def change_password(
        self, info: Info, input: ChangePasswordInput
    ) -> ChangePasswordPayload:
        """Change your password, which ends your other sessions."""
        answer = await sign_in.change_password(
            info.context.actor, old=input.old, new_password=input.new
        )
        return ChangePasswordPayload.of(answer, changed=True)

"""Passkeys on the wire: your own, and taking one away.

Adding one and signing in go by way of the device and so by the address `/sign-in/with/passkey`.
"""

from datetime import date

import strawberry

from schema.fields import field
from schema.refusal import Info, Payload, mutation
from timebank import passkeys


@strawberry.type(description="A device that signs you in by itself.")
class Passkey:
    name: str = strawberry.field(description="What it is removed by.")
    added_on: date = strawberry.field(description="Since when.")

    @classmethod
    def of(cls, held: passkeys.Passkey) -> "Passkey":
        """A passkey as it is shown."""
        return cls(name=held.digest, added_on=held.added_on)


@strawberry.type
class Query:
    @field
    def passkeys_offered(self) -> bool:
        """Whether people sign in by passkeys here."""
        return passkeys.are_offered()

    @field
    async def passkeys(self, info: Info) -> list[Passkey]:
        """Your own passkeys, the oldest first."""
        return [Passkey.of(one) for one in await passkeys.passkeys_of(info.context.actor)]


@strawberry.input
class RemovePasskeyInput:
    passkey: str = strawberry.field(description="The name of one of your own.")


@strawberry.type
class RemovePasskeyPayload(Payload):
    removed: bool = strawberry.field(default=False, description="Whether it opens nothing now.")


@strawberry.type
class Mutation:
    @mutation(RemovePasskeyPayload)
    async def remove_passkey(self, info: Info, input: RemovePasskeyInput) -> RemovePasskeyPayload:
        """Let a passkey of yours open nothing any more."""
        answer = await passkeys.remove_passkey(info.context.actor, passkey=input.passkey)
        return RemovePasskeyPayload.of(answer, removed=True)

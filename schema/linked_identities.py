"""Linked identities on the wire: by whose word one signs in.

Linking and signing in go by way of the provider and so by the address `/sign-in/with/…`.
"""

import strawberry

from schema.fields import field
from schema.refusal import Info, Payload, mutation
from timebank import linked_identities
from timebank.settings import ProviderSettings


@strawberry.type(description="Somebody by whose word people sign in.")
class SignInProvider:
    name: str = strawberry.field(description="Its name in addresses.")
    title: str = strawberry.field(description="What people call it.")

    @classmethod
    def of(cls, held: ProviderSettings) -> "SignInProvider":
        """A provider as it is shown."""
        return cls(name=held.name, title=held.title)


@strawberry.type
class Query:
    @field
    def sign_in_providers(self) -> list[SignInProvider]:
        """Everybody by whose word people sign in here."""
        return [SignInProvider.of(one) for one in linked_identities.providers()]

    @field
    async def linked_identities(self, info: Info) -> list[SignInProvider]:
        """Those by whose word you sign in."""
        held = await linked_identities.linked_to(info.context.actor)
        return [SignInProvider.of(one) for one in held]


@strawberry.input
class UnlinkIdentityInput:
    provider: str = strawberry.field(description="The provider's name.")


@strawberry.type
class UnlinkIdentityPayload(Payload):
    provider: str | None = strawberry.field(default=None, description="Whose word opens nothing.")


@strawberry.type
class Mutation:
    @mutation(UnlinkIdentityPayload)
    async def unlink_identity(
        self, info: Info, input: UnlinkIdentityInput
    ) -> UnlinkIdentityPayload:
        """Let a provider's word open your account no longer."""
        answer = await linked_identities.unlink_identity(
            info.context.actor, provider=input.provider
        )
        return UnlinkIdentityPayload.of(answer, provider=answer.provider)

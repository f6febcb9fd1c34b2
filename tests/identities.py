"""Linked identities and passkeys for the tests: what the role matrix asks of them."""

import contextlib
from typing import Any

from pydantic import SecretStr

from tests.world import World
from timebank.actors import Actor
from timebank.linked_identities import IdentityLinked, link_identity
from timebank.passkeys import PasskeyTaken, add_passkey, digest_of
from timebank.settings import ProviderSettings
from timebank.vault import keyring

PROVINCE = ProviderSettings(
    name="province",
    title="鄂汇办",
    issuer="https://province.example",
    client_id="timebank",
    client_secret=SecretStr("a secret between the two"),
)
CREDENTIAL = b"what a device calls its passkey"


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """A provider by whose word the subject signs in and a passkey, there again once undone."""
    ring = keyring()
    ring.settings = ring.settings.model_copy(update={"providers": (PROVINCE,), "passkeys": True})

    async def linked() -> str:
        with contextlib.suppress(IdentityLinked):
            await link_identity(subject, provider=PROVINCE.name, subject="subject")
        return PROVINCE.name

    async def added() -> str:
        with contextlib.suppress(PasskeyTaken):
            await add_passkey(subject, credential=CREDENTIAL, key=b"key", counter=0)
        return digest_of(CREDENTIAL)

    await linked()
    await added()
    return {"unlinkIdentity.provider": linked, "removePasskey.passkey": added}

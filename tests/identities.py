"""Linked identities for the tests: what the role matrix asks of them."""

import contextlib
from typing import Any

from pydantic import SecretStr

from tests.world import World
from timebank.actors import Actor
from timebank.linked_identities import IdentityLinked, link_identity
from timebank.settings import ProviderSettings
from timebank.vault import keyring

PROVINCE = ProviderSettings(
    name="province",
    title="鄂汇办",
    issuer="https://province.example",
    client_id="timebank",
    client_secret=SecretStr("a secret between the two"),
)


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """A provider by whose word the subject signs in, linked again once it was unlinked."""
    ring = keyring()
    ring.settings = ring.settings.model_copy(update={"providers": (PROVINCE,)})

    async def linked() -> str:
        with contextlib.suppress(IdentityLinked):
            await link_identity(subject, provider=PROVINCE.name, subject="subject")
        return PROVINCE.name

    await linked()
    return {"unlinkIdentity.provider": linked}

"""Given consents for the tests: what the role matrix asks of them."""

import contextlib
from typing import Any

from tests.world import World, key
from timebank.actors import Actor
from timebank.given_consents import ConsentNotGiven, ConsentPurpose, withdraw_consent


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """The subject's consents, by number, so that the officer may read them too."""

    async def given() -> str:
        with contextlib.suppress(ConsentNotGiven):
            await withdraw_consent(subject, purpose=ConsentPurpose.STAFF_PHONE, key=key())
        return ConsentPurpose.STAFF_PHONE.name

    number = await world.number_of(subject)
    return {
        "consents.number": number,
        "giveConsent.number": number,
        "withdrawConsent.number": number,
        "giveConsent.purpose": given,
        "withdrawConsent.purpose": ConsentPurpose.PARTNER_PHONE.name,
    }

"""Privacy for the tests: what the role matrix asks of holds, erasures and look-ups."""

from typing import Any

from tests.world import World, key, resident_id
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.erasures import ask_erasure
from timebank.holds import KeepReason, place_hold
from timebank.identity import DocumentType
from timebank.people import register_person

PHONE = "13911110000"


async def privacy_things(world: World, subject: Actor) -> dict[str, Any]:
    """A hold on the subject, somebody to erase, somebody who is held, somebody with a telephone."""
    officer = await world.officer(Role.DATA_PROTECTION_OFFICER)
    number = await world.number_of(subject)
    held = await place_hold(officer, number=number, reason=KeepReason.AUDIT, key=key())
    leaving, kept = await world.volunteer(), await world.volunteer()
    kept_number = await world.number_of(kept)
    await place_hold(officer, number=kept_number, reason=KeepReason.AUDIT, key=key())
    await ask_erasure(kept, key=key())
    world.count += 1
    await register_person(
        PUBLIC,
        name="陈桂兰",
        document=DocumentType.RESIDENT_ID,
        document_number=resident_id(world.count),
        phone=PHONE,
        home=world.station,
        consent=True,
        key=key(),
    )
    return {
        "hold": held.hold,
        "erasure.number": kept_number,
        "withdrawErasure.number": kept_number,
        "askErasure.number": await world.number_of(leaving),
        "peopleByPhone.phone": PHONE,
    }

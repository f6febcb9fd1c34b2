"""Emergencies for the role matrix, by real commands."""

from typing import Any

from tests.world import World, key
from timebank.access import Role
from timebank.actors import Actor
from timebank.emergency import EmergencyReason, open_emergency


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """An open emergency in a street of the station's district, and where another may be opened."""
    made = await open_emergency(
        world.staff[Role.DISTRICT_LEAD],
        area="420102003",
        reason=EmergencyReason.FLOOD,
        key=key(),
    )
    return {
        "openEmergency.area": "420102007",
        "endEmergency.emergency": made.emergency,
        "emergencies.area": "420100",
        "emergencies.state": "OPEN",
    }

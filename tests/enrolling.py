"""Devices for the tests: what the role matrix asks of them."""

from typing import Any

from tests.world import World
from timebank.access import Role
from timebank.actors import Actor
from timebank.devices import enrol_device


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """A device of the station."""
    manager = world.staff[Role.STATION_MANAGER]
    made = await enrol_device(manager, station=world.station, name="平板")
    return {"device": made.device}

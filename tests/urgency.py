"""Urgent access for the tests: what the role matrix asks of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.world import World, key
from timebank.access import Role
from timebank.actors import Actor
from timebank.urgent_access import UrgentGround, ask_urgent_access, open_urgent_access


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """A request that waits, one for everybody who opens or drops it, and an access that runs."""
    lead = world.staff[Role.DISTRICT_LEAD]
    officer = await world.officer(Role.DATA_PROTECTION_OFFICER)

    async def request() -> str:
        made = await ask_urgent_access(
            lead,
            scope=world.station_path,
            ground=UrgentGround.DISASTER,
            words="洪水转移",
            hours=1,
            key=key(),
        )
        return made.request

    async def access() -> str:
        opened = await open_urgent_access(officer, request=await request(), key=key())
        return opened.access

    await request()
    await access()
    asked: dict[str, Callable[[], Awaitable[str]]] = {
        "openUrgentAccess.request": request,
        "dropUrgentRequest.request": request,
        "endUrgentAccess.access": access,
    }
    return {
        **asked,
        "urgentRequests.scope": world.station_path,
        "urgentAccesses.scope": world.station_path,
        "askUrgentAccess.scope": world.station_path,
        "hours": 1,
    }

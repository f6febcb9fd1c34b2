"""Services received: the records of service that name somebody as the person served (domain 4).

Whoever was served may object, and so must find what was recorded. Refuses to know what follows.
"""

from typing import Unpack

from tortoise.expressions import Q

from timebank.actors import Actor
from timebank.hours import Record
from timebank.tables import Where, newest_by_id


async def services_received(actor: Actor, **where: Unpack[Where]) -> list[Record]:
    """The records of service to the actor, the newest first; none for whoever is not signed in."""
    if actor.person is None:
        return []
    return await newest_by_id(Record, where, Q(recipient=actor.person))

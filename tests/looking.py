"""Looks for the tests: what somebody is told of people by their ids alone."""

from timebank.actors import Actor, PersonId
from timebank.directory import told_of
from timebank.looks import Looked


async def names_of(actor: Actor, ids: list[PersonId]) -> dict[PersonId, str]:
    """The names of those the actor may see."""
    return await _told(actor, ids, Looked.NAME)


async def phones_of(actor: Actor, ids: list[PersonId]) -> dict[PersonId, str]:
    """The telephones of those the actor may see, and who let staff read them."""
    return await _told(actor, ids, Looked.PHONE)


async def _told(actor: Actor, ids: list[PersonId], what: Looked) -> dict[PersonId, str]:
    told = await told_of(actor, [(id, what) for id in ids])
    return {id: said for (id, _), said in told.items()}

"""Two registrations of one person, for the tests of merges."""

from tests.erasing import whose
from tests.world import World, key
from timebank.access import Role
from timebank.actors import Actor
from timebank.merge_life import (
    MergeGround,
)
from timebank.merges import (
    merge_people,
    propose_merge,
)
from timebank.sign_in import actor_of, open_session


async def proposed(world: World, gone: Actor, kept: Actor, by: Role = Role.STATION_CLERK) -> str:
    """A merge that a clerk saw."""
    made = await propose_merge(
        world.staff[by],
        number=await world.number_of(gone),
        kept=await world.number_of(kept),
        ground=MergeGround.TWO_DOCUMENTS,
        key=key(),
    )
    return made.merge


async def merged(world: World, gone: Actor, kept: Actor) -> str:
    """A merge that was made."""
    merge = await proposed(world, gone, kept)
    await merge_people(world.staff[Role.DISTRICT_LEAD], merge=merge, key=key())
    return merge


async def signed_in(who: Actor) -> Actor:
    """Somebody as they are after signing in."""
    return await actor_of((await open_session(whose(who))).token)

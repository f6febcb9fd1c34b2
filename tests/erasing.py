"""What the tests of erasure ask about somebody."""

from timebank import people
from timebank.actors import Actor
from timebank.erasures import ErasureState, erasure_of
from timebank.open_matters import Matter
from timebank.person_life import PersonState


def whose(actor: Actor) -> str:
    """The actor's id, who is a person."""
    assert actor.person
    return actor.person


async def state_of(who: Actor) -> PersonState:
    """The state of somebody's account."""
    held = await people.person(whose(who))
    assert held
    return held.state


async def held_for(who: Actor) -> tuple[Matter, ...]:
    """What keeps somebody's data, as they are told."""
    held = await erasure_of(who)
    assert held
    assert held.state is ErasureState.HELD
    return held.matters

"""Passbooks: what is read out and printed for somebody without a telephone (domain 2).

Elders are served at the counter: whoever stands behind it reads the balance, the movements and what
waits for an answer, and prints them on a slip. Reading is a look that the person may see. Knows
whose book the asker may open; what stands in it is the account's and the records' matter.
"""

from timebank.access import Action, at_hand
from timebank.actors import Actor, PersonId
from timebank.looks import Looked, note_looks
from timebank.people import Person
from timebank.person_life import PersonState
from timebank.proxies import may_act_for
from timebank.restrictions import restricted_among

# Reads


async def passbook_of(actor: Actor, whose: PersonId | None) -> PersonId | None:
    """Whose book the actor has opened: their own without `whose`; None for what they may not open.

    One's own, that of whom one acts for, or of a person whose home's counter is the actor's; the
    last is noted before it is read. Who asked to be erased, or restricted their data, is not read.
    """
    if whose is None:
        return actor.person
    if whose in await may_act_for(actor, [whose]):
        return whose
    held = await at_hand(actor, Action.PRINT_PASSBOOK, Person, whose, where="home_path")
    if held is None:
        return None
    if held.state is PersonState.ERASING or await restricted_among([whose]):
        return None
    await note_looks(actor, [(whose, Looked.PASSBOOK)])
    return whose

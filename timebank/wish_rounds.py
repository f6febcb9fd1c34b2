"""Wish rounds: what the software does when nobody does anything in time (domain 8).

A claimant who makes no contact, or does not grant the wish, gives it back; what nobody claims goes
another round, before the others, and after the last the community handles it; a resident who says
nothing closes it, neither praised nor blamed.
"""

from datetime import date

from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.due import over
from timebank.events import Event
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.refusals import Forbidden, Refusal
from timebank.wish_claims import WishClaim, give_back
from timebank.wish_life import (
    LISTED,
    WishCarriedOver,
    WishClosed,
    WishRating,
    WishReturnReason,
    WishState,
    WishTakenOver,
    WordWay,
)
from timebank.wishes import Wish, Wished, claim_by

LAPSES = {
    WishState.CLAIMED: WishReturnReason.NO_CONTACT,
    WishState.IN_PROGRESS: WishReturnReason.NOT_FULFILLED,
}
WAITING = frozenset({*LAPSES, *LISTED, WishState.FULFILLED})
"""Where something follows by itself; staff who are late with a check are shown, not overruled."""


# Refusals


class WishNotDue(Refusal):
    """What the software does, it does after the day, not before."""

    says = "Nothing is due on this wish before {due} is over."
    due: date


# Decisions


def decide_unclaimed(wish: Wish, *, rounds: int, until: date) -> WishCarriedOver | WishTakenOver:
    """Another round for what nobody claimed, or the community after the last one."""
    if wish.round >= rounds:
        return WishTakenOver(wish=wish.id)
    return WishCarriedOver(wish=wish.id, round=wish.round + 1, claim_by=until)


# Commands


async def move_wish_on(actor: Actor, *, wish: str, key: RequestKey | None = None) -> Wished:
    """Do what follows when the day of a wish is over: the software's own act, by timer.

    Refuses: NotFound, WishNotDue.   Source: domain 8.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Wished:
        held = batch.need(Wish, wish, "wish")
        if held.due is None or batch.today <= held.due or held.state not in WAITING:
            raise WishNotDue(due=held.due or batch.today)
        if held.state in LAPSES:
            claim = batch.there(WishClaim, held.claim or "")
            return Wished(entry=give_back(batch, claim, LAPSES[held.state]).seq, wish=wish)
        event: Event = WishClosed(wish=wish, way=WordWay.SILENCE, rating=WishRating.NEUTRAL)
        if held.state in LISTED:
            rounds = batch.policy.wish.rounds
            event = decide_unclaimed(held, rounds=rounds, until=claim_by(batch))
        return Wished(entry=batch.record(event).seq, wish=wish)

    return await write(actor, key, work, answer=Wished, needs=[(Wish, wish)])


# Reads


wishes_due = over(Wish, "due", *WAITING)
"""The wishes whose day is over, the longest over first."""

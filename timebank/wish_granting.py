"""Granting wishes: contact, some days more, giving back, and saying that it is done (domain 8).

By whoever has the claim. What a claimant does not do in time comes back to the list by itself: see
`wish_rounds`. Refuses to ask for proof: the resident's word closes a wish (`wish_closings`).
"""

from collections.abc import Callable
from datetime import timedelta

from timebank.actors import Actor
from timebank.aliases import Alias, under_alias
from timebank.batch import Batch
from timebank.events import Event, kind_of
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import NotInThisState, step
from timebank.notices import NoticeCode
from timebank.projections import Place
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.tables import find
from timebank.texts import keep_text
from timebank.wish_claims import PERSONS, WishActed, WishClaim, give_back, is_claimant
from timebank.wish_life import (
    LIFECYCLE,
    WishContacted,
    WishExtended,
    WishFulfilled,
    WishReturned,
    WishReturnReason,
)
from timebank.wishes import Wish, tell_resident, wish_at_hand

# Refusals


class ExtendedAlready(Refusal):
    """The days to grant a wish are extended once."""

    says = "The days for this wish were extended before; grant it by {until}, or give it back."
    until: str


# Commands


async def contact_resident(actor: Actor, *, claim: str, key: RequestKey) -> WishActed:
    """Say that one spoke to the resident: the days to grant the wish begin.

    Refuses: NotFound, NotInThisState.
    """

    def work(batch: Batch) -> WishActed:
        held, wish = _mine(batch, claim, WishContacted)
        until = batch.today + timedelta(days=batch.policy.wish.fulfil_days)
        event = WishContacted(wish=wish.id, claim=held.id, fulfil_by=until)
        return WishActed(entry=batch.record(event).seq, claim=claim)

    return await _write(actor, claim, key, work)


async def extend_wish(actor: Actor, *, claim: str, key: RequestKey) -> WishActed:
    """Take some days more, once. Refuses: NotFound, NotInThisState, ExtendedAlready."""

    def work(batch: Batch) -> WishActed:
        held, wish = _mine(batch, claim, WishExtended)
        due = wish.due or batch.today
        if wish.extended:
            raise ExtendedAlready(until=due.isoformat())
        until = due + timedelta(days=batch.policy.wish.extend_days)
        event = WishExtended(wish=wish.id, claim=held.id, fulfil_by=until)
        return WishActed(entry=batch.record(event).seq, claim=claim)

    return await _write(actor, claim, key, work)


async def give_wish_back(actor: Actor, *, claim: str, key: RequestKey) -> WishActed:
    """Give a wish back without a reason; it stands before the others. Refuses: NotFound."""

    def work(batch: Batch) -> WishActed:
        held, _ = _mine(batch, claim, WishReturned)
        entry = give_back(batch, held, WishReturnReason.GIVEN_BACK)
        return WishActed(entry=entry.seq, claim=claim)

    return await _write(actor, claim, key, work)


async def fulfil_wish(
    actor: Actor, *, claim: str, key: RequestKey, evidence: str | None = None
) -> WishActed:
    """Say that the wish is granted; the resident has the last word.

    Args: evidence, a note, if the claimant likes to leave one; no photo is ever asked for.
    Refuses: NotFound, NotInThisState, TextMissing, TextTooLong.   Source: domain 8.
    """

    def work(batch: Batch) -> WishActed:
        held, wish = _mine(batch, claim, WishFulfilled)
        note = None
        if evidence is not None:
            note = keep_text(batch, claim, "evidence", evidence, whose=wish.resident)
        event = WishFulfilled(
            wish=wish.id,
            claim=held.id,
            rate_by=batch.today + timedelta(days=batch.policy.wish.rate_days),
            evidence=note,
        )
        entry = batch.record(event)
        tell_resident(batch, wish, NoticeCode.WISH_FULFILLED)
        return WishActed(entry=entry.seq, claim=claim)

    return await _write(actor, claim, key, work)


async def fulfil_by_community(actor: Actor, *, wish: str, key: RequestKey) -> WishActed:
    """Say, for the community, that it granted what nobody claimed. Refuses: NotFound."""

    def work(batch: Batch) -> WishActed:
        held = wish_at_hand(batch, wish)
        if held.claim is not None:
            raise NotFound(what="wish")
        step(LIFECYCLE, held.state, WishFulfilled)
        until = batch.today + timedelta(days=batch.policy.wish.rate_days)
        entry = batch.record(WishFulfilled(wish=wish, rate_by=until))
        tell_resident(batch, held, NoticeCode.WISH_FULFILLED)
        return WishActed(entry=entry.seq, claim="")

    return await write(actor, key, work, answer=WishActed, needs=[(Wish, wish)])


def _mine(batch: Batch, claim: str, event: type[Event]) -> tuple[WishClaim, Wish]:
    """The claim and its wish, if they are the actor's. Refuses: NotFound, NotInThisState."""
    if batch.actor.person is None:
        raise Unauthenticated
    held = batch.need(WishClaim, claim, "claim")
    wish = batch.there(Wish, held.wish)
    if not is_claimant(batch, held):
        raise NotFound(what="claim")
    if wish.claim != held.id:
        over = held.ended.value if held.ended else "fulfilled"
        raise NotInThisState(state=over, act=kind_of(event))
    step(LIFECYCLE, wish.state, event)
    return held, wish


async def _write(
    actor: Actor, claim: str, key: RequestKey, work: Callable[[Batch], WishActed]
) -> WishActed:
    held = await find(WishClaim, claim)
    alias = await under_alias(actor) if actor.person is not None else actor
    acting = alias if held is not None and held.kind in PERSONS else actor
    needs: list[Place] = [(WishClaim, claim), (Alias, actor.person or "")]
    return await write(acting, key, work, answer=WishActed, needs=needs)

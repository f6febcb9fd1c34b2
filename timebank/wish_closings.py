"""The resident's last word on a wish: granted, and how well, or not granted after all (domain 8).

It comes by the link that only the resident has, by the code they say at the counter, or by phone
and noted by staff, who are not the claimant and did not take the wish down: whoever did was given
link and code to hand over. Both are kept nowhere: our key derives them.
Silence closes a wish without judging it (`wish_rounds`).
"""

import hmac
from collections.abc import Callable

from tortoise.expressions import Q

from timebank.access import Action
from timebank.actors import PUBLIC, Actor
from timebank.batch import Batch
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.refusals import Refusal, Unauthenticated
from timebank.tables import find, select
from timebank.vault import keyring
from timebank.wish_claims import WishClaim, is_claimant
from timebank.wish_life import (
    LIFECYCLE,
    WishClosed,
    WishRating,
    WishReopened,
    WordWay,
)
from timebank.wishes import Wish, Wished, claim_by, wish_at_hand

CODE_DIGITS = 8
LINK_DIGITS = 32

# Refusals


class WishLinkWrong(Refusal):
    """The link is none that we gave, or was cut short."""

    says = "This link is not whole; open it once more, or tell the station by telephone."
    path = ("link",)


class WishCodeWrong(Refusal):
    """The code does not belong to this wish."""

    says = "This code does not belong to the wish; ask the resident to say it again."
    path = ("code",)


class ClaimantCloses(Refusal):
    """Whoever granted a wish does not note the resident's word on it (domain 11)."""

    says = "You granted this wish yourself; a colleague must note what the resident says."


class RatingWrong(Refusal):
    """Only silence is neutral."""

    says = "Say whether it was good, fair or poor; to say nothing, do nothing."
    path = ("rating",)


# What only the resident has


def link_of(wish: str) -> str:
    """What the resident's link ends with: the wish and what only our key can derive from it."""
    return f"{wish}.{keyring().mark('wish link', wish)[:LINK_DIGITS]}"


def code_of_wish(wish: str) -> str:
    """The digits that the resident says at the counter."""
    return f"{int(keyring().mark('wish code', wish), 16) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def wish_of_link(link: str) -> str:
    """The wish that a link opens. Refuses: WishLinkWrong."""
    wish = link.partition(".")[0]
    if not hmac.compare_digest(link.encode(), link_of(wish).encode()):
        raise WishLinkWrong
    return wish


# Decisions


def decide_word(
    wish: Wish, rating: WishRating, way: WordWay, *, granted: bool, again: "Again"
) -> WishClosed | WishReopened:
    """What the resident's word makes of a wish.   Refuses: NotInThisState, RatingWrong."""
    event: WishClosed | WishReopened
    if granted:
        if rating is WishRating.NEUTRAL:
            raise RatingWrong
        event = WishClosed(wish=wish.id, way=way, rating=rating)
    else:
        event = again(wish.id, way)
    step(LIFECYCLE, wish.state, type(event))
    return event


Again = Callable[[str, WordWay], WishReopened]

# Commands


async def close_by_link(
    actor: Actor, *, link: str, granted: bool, rating: WishRating, key: RequestKey
) -> Wished:
    """The resident's word by their own link, without an account.

    Refuses: WishLinkWrong, NotFound, NotInThisState, RatingWrong.   Source: domain 8.
    """
    if key.scope == PUBLIC.scope:
        raise Unauthenticated
    wish = wish_of_link(link)

    def work(batch: Batch) -> Wished:
        held = batch.need(Wish, wish, "wish")
        return _word(batch, held, WordWay.LINK, granted=granted, rating=rating)

    return await write(actor, key, work, answer=Wished, needs=[(Wish, wish)])


async def close_by_code(
    actor: Actor, *, wish: str, code: str, granted: bool, rating: WishRating, key: RequestKey
) -> Wished:
    """The resident's word at the counter, who says the code.

    Refuses: NotFound, ClaimantCloses, WishCodeWrong, NotInThisState, RatingWrong.
    """

    def work(batch: Batch) -> Wished:
        held = _at_counter(batch, wish, Action.COLLECT_WISHES)
        if not hmac.compare_digest("".join(code.split()).encode(), code_of_wish(wish).encode()):
            raise WishCodeWrong
        return _word(batch, held, WordWay.CODE, granted=granted, rating=rating)

    return await write(actor, key, work, answer=Wished, needs=[(Wish, wish)])


async def close_by_phone(
    actor: Actor, *, wish: str, granted: bool, rating: WishRating, key: RequestKey
) -> Wished:
    """The resident's word by telephone, noted by staff who may judge wishes.

    Refuses: NotFound, ClaimantCloses, NotInThisState, RatingWrong.
    """

    def work(batch: Batch) -> Wished:
        held = _at_counter(batch, wish, Action.JUDGE_WISHES)
        return _word(batch, held, WordWay.PHONE, granted=granted, rating=rating)

    return await write(actor, key, work, answer=Wished, needs=[(Wish, wish)])


def _at_counter(batch: Batch, wish: str, action: Action) -> Wish:
    """The wish, for staff who did not grant it. Refuses: NotFound, ClaimantCloses."""
    held = wish_at_hand(batch, wish, action)
    claim = batch.there(WishClaim, held.claim) if held.claim else None
    if claim is not None and is_claimant(batch, claim):
        raise ClaimantCloses
    return held


def _word(batch: Batch, held: Wish, way: WordWay, *, granted: bool, rating: WishRating) -> Wished:
    def again(wish: str, by: WordWay) -> WishReopened:
        return WishReopened(wish=wish, way=by, claim_by=claim_by(batch))

    event = decide_word(held, rating, way, granted=granted, again=again)
    return Wished(entry=batch.record(event).seq, wish=held.id)


# Reads


async def wish_behind(link: str) -> Wish | None:
    """The wish that a resident's link opens; None for a link that we did not give."""
    try:
        return await find(Wish, wish_of_link(link))
    except WishLinkWrong:
        return None


def is_resident(actor: Actor, wish: Wish) -> bool:
    """Whether the actor has link and code for good: others had them once, when they told it."""
    return wish.resident in actor.selves


async def wishes_of(
    actor: Actor, *, after: str | None, before: str | None, limit: int, backward: bool
) -> list[Wish]:
    """The actor's own wishes, those too that a proxy told for them or that were told under a
    registration that went into theirs; the newest first."""
    if actor.person is None:
        return []
    bounds = [Q(id__lt=after)] if after else []
    bounds += [Q(id__gt=before)] if before else []
    order = ["id" if backward else "-id"]
    return await select(Wish, Q(resident__in=actor.selves), *bounds, order=order, limit=limit)

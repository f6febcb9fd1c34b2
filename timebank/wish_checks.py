"""Wish checks: staff approve a wish, refer or decline it, and publish it naming nobody (domain 8).

Nothing is published without the resident's consent, nor in words that tell who they are. Refuses to
know who grants a wish.
"""

import re
from collections.abc import Sequence

from timebank.actors import Actor
from timebank.batch import Batch
from timebank.journal import write
from timebank.kept_fields import kept_field
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notices import NoticeCode
from timebank.refusals import Refusal
from timebank.texts import keep_text
from timebank.wish_life import (
    LIFECYCLE,
    Judged,
    ReferTo,
    WishApproved,
    WishDeclined,
    WishDeclineReason,
    WishPublished,
    WishReferred,
)
from timebank.wishes import TOLD, Wish, Wished, claim_by, field_of, tell_resident, wish_at_hand

DIGITS = re.compile(r"[0-9]{7,}")

# Refusals


class WishConsentMissing(Refusal):
    """Nothing is published without the resident's consent (domain 8)."""

    says = "The resident has not consented to publishing this wish; ask them first."
    path = ("consent",)


class SummaryTellsWho(Refusal):
    """A published wish names nobody."""

    says = "The summary tells who wishes; leave out name, telephone, address and numbers."
    path = ("summary",)


# Decisions


def decide_masked(summary: str, told: Sequence[str]) -> None:
    """Whether a summary names nobody: none of what the resident told of themselves, no number.

    Refuses: SummaryTellsWho.
    """
    plain = "".join(summary.split())
    if DIGITS.search(plain) or any(one and "".join(one.split()) in plain for one in told):
        raise SummaryTellsWho


# Commands


async def approve_wish(actor: Actor, *, wish: str, key: RequestKey) -> Wished:
    """Find that a neighbour can grant it. Refuses: NotFound, NotInThisState."""
    return await _judge(actor, WishApproved(wish=wish), key)


async def refer_wish(actor: Actor, *, wish: str, to: ReferTo, key: RequestKey) -> Wished:
    """Hand it to whoever is better placed: social aid. Refuses: NotFound, NotInThisState."""
    return await _judge(actor, WishReferred(wish=wish, to=to), key)


async def decline_wish(
    actor: Actor, *, wish: str, reason: WishDeclineReason, key: RequestKey
) -> Wished:
    """Not take it up, with a reason. Refuses: NotFound, NotInThisState."""
    return await _judge(actor, WishDeclined(wish=wish, reason=reason), key)


async def _judge(actor: Actor, event: Judged, key: RequestKey) -> Wished:
    def work(batch: Batch) -> Wished:
        held = wish_at_hand(batch, event.wish)
        step(LIFECYCLE, held.state, type(event))
        if not isinstance(event, WishApproved):
            tell_resident(batch, held, NoticeCode.WISH_DECIDED)
        return Wished(entry=batch.record(event).seq, wish=held.id)

    return await write(actor, key, work, answer=Wished, needs=[(Wish, event.wish)])


async def publish_wish(
    actor: Actor, *, wish: str, summary: str, key: RequestKey, consent: bool = False
) -> Wished:
    """Put an approved wish on the list, in words that name nobody.

    Args: consent, that the resident gave it to staff now, if not when they told the wish.
    Refuses: NotFound, NotInThisState, WishConsentMissing, SummaryTellsWho, TextMissing,
    TextTooLong.   Source: domain 8.
    """

    def work(batch: Batch) -> Wished:
        held = wish_at_hand(batch, wish)
        step(LIFECYCLE, held.state, WishPublished)
        if not (held.may_publish or consent):
            raise WishConsentMissing
        told_before = [kept_field(batch, held.owner, field_of(wish, label)) for label in TOLD]
        decide_masked(summary, [one for one in told_before if one])
        told = keep_text(batch, wish, "summary", summary)
        event = WishPublished(wish=wish, summary=told, claim_by=claim_by(batch))
        return Wished(entry=batch.record(event).seq, wish=wish)

    return await write(actor, key, work, answer=Wished, needs=[(Wish, wish)])

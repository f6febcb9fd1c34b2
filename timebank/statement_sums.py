"""Statement sums: what a member did between two days, as a statement for their unit tells it.

Minutes on posts that stand, posts served on, wishes granted and not taken back by the resident, and
what the community remarked. Knows sums; who may see them, `unit_statements` says.
"""

from datetime import date, timedelta

import msgspec

from timebank.clock import day_of, instant, months_later
from timebank.post_claim_life import ClaimState
from timebank.post_claims import PostClaim
from timebank.post_services import minutes_served
from timebank.tables import find_many, select
from timebank.texts import read_texts
from timebank.unit_consents import UnitConsent
from timebank.wish_claims import WishClaim
from timebank.wishes import Wish

REMARK_MOST = 1000


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a member did between two days."""

    minutes: int
    duty_minutes: int
    posts: int
    wishes: int
    remark: str


def months_of(consent: UnitConsent) -> tuple[date, date]:
    """The days that a consent's next statement is of, none of them before the consent."""
    last = consent.next_on - timedelta(days=1)
    return max(consent.since, months_later(consent.next_on, -consent.months)), last


async def done_between(member: str, first: date, last: date) -> Done:
    """What the member with this alias did from the first day to the last."""
    claims = {held.id: held for held in await select(PostClaim, member=member)}
    served = await minutes_served(list(claims), since=first, until=last)
    posts = [
        id
        for id, held in claims.items()
        if served[id][0] or (held.state is ClaimState.SERVING and day_of(held.claimed_at) <= last)
    ]
    granted = await select(
        WishClaim,
        claimant=member,
        fulfilled_at__gte=instant(first),
        fulfilled_at__lt=instant(last + timedelta(days=1)),
    )
    wishes = await find_many(Wish, [held.wish for held in granted])
    remarks = await read_texts(posts, "remark")
    return Done(
        minutes=sum(served[id][0] for id in posts),
        duty_minutes=sum(served[id][1] for id in posts),
        posts=len(posts),
        wishes=sum(wishes[held.wish].claim == held.id for held in granted),
        remark=" ".join(remarks[id] for id in posts if id in remarks)[:REMARK_MOST],
    )

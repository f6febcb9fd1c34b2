"""Star endorsements: the fifth star goes through a social organisation (domain 7).

The volunteer names a registered organisation by its code; whoever stands for it endorses the
application, or declines, before an officer lays it open. Nobody endorses a star of their own.
Refuses to know why an organisation endorses: that is by its own rules.
"""

from collections.abc import Callable
from typing import Unpack

from tortoise.expressions import Q

from timebank.access import Action, may_read
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notices import NoticeCode, notify
from timebank.organisations import Organisation, acting_for, active_organisation
from timebank.projections import Place
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.star_award_life import (
    LIFECYCLE,
    StarDeclined,
    StarDeclineReason,
    StarEndorsed,
    StarState,
)
from timebank.star_awards import StarAward, Starred, needs_of
from timebank.tables import Where, find, page_by_id

# Refusals


class EndorsesOwnStar(Refusal):
    """Nobody speaks for a star of their own."""

    says = "This star is your own; another representative of the organisation must endorse it."


# Commands


async def endorse_star(actor: Actor, *, award: str, key: RequestKey) -> Starred:
    """Endorse an application for five stars, for the organisation that it names.

    Refuses: NotFound, EndorsesOwnStar, OrganisationNotActive, BarredOrganisation, NotInThisState.
    Source: domain 7.
    """

    def work(batch: Batch) -> Starred:
        held, organisation = _before_me(batch, award)
        active_organisation(batch, organisation.id)
        step(LIFECYCLE, held.state, StarEndorsed)
        _tell(batch, held, NoticeCode.STAR_ENDORSED)
        event = StarEndorsed(award=award, person=held.person, organisation=organisation.id)
        return Starred(entry=batch.record(event).seq, award=award)

    return await _write(actor, award, key, work)


async def decline_to_endorse(actor: Actor, *, award: str, key: RequestKey) -> Starred:
    """Not endorse an application; the volunteer may apply again, also by another organisation.

    Refuses: NotFound, EndorsesOwnStar, NotInThisState, for one that is endorsed already too.
    """

    def work(batch: Batch) -> Starred:
        held, _ = _before_me(batch, award)
        # What it endorsed an organisation does not take back: that is the officers' to decide.
        step(LIFECYCLE, held.state, StarEndorsed)
        _tell(batch, held, NoticeCode.STAR_DECLINED)
        reason = StarDeclineReason.NOT_ENDORSED
        event = StarDeclined(award=award, person=held.person, reason=reason)
        return Starred(entry=batch.record(event).seq, award=award)

    return await _write(actor, award, key, work)


def _before_me(batch: Batch, award: str) -> tuple[StarAward, Organisation]:
    """The application, and the organisation that it names; for others it is not there.

    Refuses: NotFound, EndorsesOwnStar.
    """
    if not batch.actor.known:
        raise Unauthenticated
    held = batch.need(StarAward, award, "star")
    if held.organisation is None:
        raise NotFound(what="star")
    try:
        organisation = acting_for(batch, held.organisation)
    except NotFound:
        raise NotFound(what="star") from None
    if batch.actor.person == held.person:
        raise EndorsesOwnStar
    return held, organisation


def _tell(batch: Batch, held: StarAward, code: NoticeCode) -> None:
    notify(batch, held.person, code, held.id, hands=(batch.actor.id,))


async def _write(
    actor: Actor, award: str, key: RequestKey, work: Callable[[Batch], Starred]
) -> Starred:
    needs: list[Place] = await needs_of(actor, award)
    return await write(actor, key, work, answer=Starred, needs=needs)


# Reads


async def stars_to_endorse(
    actor: Actor, organisation: str, **where: Unpack[Where]
) -> list[StarAward]:
    """What waits for an organisation's endorsement, the oldest first, for who stands for it."""
    held = await find(Organisation, organisation)
    if held is None or not await may_read(actor, Action.ACT_FOR_ORGANISATION, held.path):
        return []
    waiting = Q(organisation=organisation, state=StarState.APPLIED.value)
    return await page_by_id(StarAward, where, waiting)

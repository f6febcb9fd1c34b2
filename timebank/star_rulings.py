"""Star rulings: how officers lay an application open, award or decline it, revoke, hear the appeal.

Stars one and two are the district's, those above the city's (domain 7). Nobody decides on a star of
their own, an objection of their own, or the appeal against their own revocation.
"""

from collections.abc import Callable
from datetime import date, timedelta

from ledger.entry import Sealed
from timebank.access import Action, in_reach, permit
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.findings import FoundAgainst
from timebank.held_stars import decide_clean
from timebank.hours import ServiceTotal
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notices import NoticeCode, notify
from timebank.policy import Policy
from timebank.projections import Place
from timebank.publicity import (
    Publicity,
    PublicityObjection,
    decide_heard,
    objection_key,
    rule_on_objection,
)
from timebank.refusals import Refusal
from timebank.star_award_life import (
    LIFECYCLE,
    StarAwarded,
    StarDeclined,
    StarDeclineReason,
    StarPublicised,
    StarRestored,
    StarRevocationUpheld,
    StarRevoked,
    StarRevokeReason,
    StarState,
)
from timebank.star_awards import StarAward, StarNotReached, Starred, needs_of

DISTRICT_STARS = 2
"""Up to this level the district awards (domain 7)."""

# Refusals


class OwnStar(Refusal):
    """Nobody decides a matter of their own."""

    says = "This star is your own; another officer must decide it."


class RevokedByYou(Refusal):
    """An appeal is another officer's."""

    says = "You revoked this star; another officer must decide the appeal."


class NotEndorsed(Refusal):
    """What goes through an organisation waits for it."""

    says = "The organisation that this application names has not endorsed it yet."


# Decisions


def decide_award(
    held: StarAward,
    publicity: Publicity,
    *,
    minutes: int,
    found: FoundAgainst | None,
    today: date,
    policy: Policy,
) -> StarAwarded:
    """Award what was laid open: everybody was heard, and all that was needed is still there.

    Refuses: PublicityOpen, PublicityUndecided, StarNotReached, NotClean.
    """
    decide_heard(publicity, today)
    if minutes < held.needed:
        missing = held.needed - minutes
        raise StarNotReached(level=held.level, missing=missing, policy=held.policy)
    decide_clean(found, today, policy.star.clean_months)
    return StarAwarded(award=held.id, person=held.person, level=held.level, needed=held.needed)


def decide_star_officer(held: StarAward, officer: str | None) -> None:
    """Whether somebody may decide: not on their own star, nor on what they revoked themselves.

    Refuses: OwnStar, RevokedByYou.
    """
    if officer == held.person:
        raise OwnStar
    if held.state is StarState.APPEALED and officer == held.revoked_by:
        raise RevokedByYou


# Commands


async def publicise_star(actor: Actor, *, award: str, key: RequestKey) -> Starred:
    """Lay an application open to everybody for the rule's days.

    Refuses: NotFound, OwnStar, NotInThisState, NotEndorsed.   Source: domain 7.
    """

    def one(batch: Batch, held: StarAward) -> Sealed:
        step(LIFECYCLE, held.state, StarPublicised)
        if held.organisation is not None and held.state is not StarState.ENDORSED:
            raise NotEndorsed
        until = batch.today + timedelta(days=batch.policy.star.publicity_days)
        _tell(batch, held, NoticeCode.STAR_PUBLICISED)
        return batch.record(StarPublicised(award=award, person=held.person, until=until))

    return await _rule(actor, award, key, one)


async def decline_star(
    actor: Actor, *, award: str, reason: StarDeclineReason, key: RequestKey
) -> Starred:
    """Decline an application, with a reason code. Refuses: NotFound, OwnStar, NotInThisState."""

    def one(batch: Batch, held: StarAward) -> Sealed:
        return _decline(batch, held, reason)

    return await _rule(actor, award, key, one)


async def award_star(actor: Actor, *, award: str, key: RequestKey) -> Starred:
    """Award a star after its publicity, as the district or for three stars and more the city.

    Refuses: NotFound, OwnStar, NotInThisState, PublicityOpen, PublicityUndecided, StarNotReached,
    NotClean.   Source: domain 7.
    """

    def one(batch: Batch, held: StarAward) -> Sealed:
        step(LIFECYCLE, held.state, StarAwarded)
        total = batch.get(ServiceTotal, held.person)
        event = decide_award(
            held,
            batch.there(Publicity, award),
            minutes=total.minutes if total else 0,
            found=batch.get(FoundAgainst, held.person),
            today=batch.today,
            policy=batch.policy,
        )
        _tell(batch, held, NoticeCode.STAR_AWARDED)
        return batch.record(event)

    return await _rule(actor, award, key, one)


async def revoke_star(
    actor: Actor, *, award: str, reason: StarRevokeReason, key: RequestKey
) -> Starred:
    """Take an awarded star away, with a reason code; the volunteer may appeal once.

    Refuses: NotFound, OwnStar, NotInThisState.
    """

    def one(batch: Batch, held: StarAward) -> Sealed:
        step(LIFECYCLE, held.state, StarRevoked)
        _tell(batch, held, NoticeCode.STAR_REVOKED)
        until = batch.today + timedelta(days=batch.policy.record.object_days)
        return batch.record(
            StarRevoked(award=award, person=held.person, reason=reason, appeal_by=until)
        )

    return await _rule(actor, award, key, one)


async def rule_on_star_appeal(
    actor: Actor, *, award: str, restore: bool, key: RequestKey
) -> Starred:
    """Give a revoked star back, or not, as another officer than who revoked it. That is final.

    Refuses: NotFound, OwnStar, RevokedByYou, NotInThisState.
    """

    def one(batch: Batch, held: StarAward) -> Sealed:
        made: StarRestored | StarRevocationUpheld = (
            StarRestored(award=award, person=held.person, level=held.level, needed=held.needed)
            if restore
            else StarRevocationUpheld(award=award, person=held.person)
        )
        step(LIFECYCLE, held.state, type(made))
        _tell(batch, held, NoticeCode.STAR_APPEAL_DECIDED)
        return batch.record(made)

    return await _rule(actor, award, key, one)


async def rule_on_star_objection(
    actor: Actor, *, award: str, objector: PersonId, uphold: bool, key: RequestKey
) -> Starred:
    """Decide an objection to a star that is laid open; upheld, the application is declined.

    Refuses: NotFound, OwnStar, OwnPublicityObjection, NotInThisState.   Source: domain 7.
    """
    id = objection_key(award, objector)

    def one(batch: Batch, held: StarAward) -> Sealed:
        objection = batch.need(PublicityObjection, id, "objection")
        if uphold:
            step(LIFECYCLE, held.state, StarDeclined)
        entry = rule_on_objection(batch, objection, uphold=uphold)
        if uphold:
            _decline(batch, held, StarDeclineReason.OBJECTION_UPHELD)
        return entry

    return await _rule(actor, award, key, one, (PublicityObjection, id))


def _decline(batch: Batch, held: StarAward, reason: StarDeclineReason) -> Sealed:
    step(LIFECYCLE, held.state, StarDeclined)
    _tell(batch, held, NoticeCode.STAR_DECLINED)
    return batch.record(StarDeclined(award=held.id, person=held.person, reason=reason))


async def _rule(
    actor: Actor,
    award: str,
    key: RequestKey,
    one: Callable[[Batch, StarAward], Sealed],
    *more: Place,
) -> Starred:
    """Let an officer of the star's level do something with it."""

    def work(batch: Batch) -> Starred:
        held = _at_my_office(batch, award)
        decide_star_officer(held, actor.person)
        return Starred(entry=one(batch, held).seq, award=award)

    needs = [*await needs_of(actor, award), *more]
    return await write(actor, key, work, answer=Starred, needs=needs)


def _at_my_office(batch: Batch, award: str) -> StarAward:
    held = in_reach(batch, Action.READ_RECORDS, StarAward, award, what="star")
    district = held.level <= DISTRICT_STARS
    permit(batch, Action.AWARD_DISTRICT_STAR if district else Action.AWARD_CITY_STAR, held.path)
    return held


def _tell(batch: Batch, held: StarAward, code: NoticeCode) -> None:
    notify(batch, held.person, code, held.id, hands=(batch.actor.id,))

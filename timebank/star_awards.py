"""Star awards: how a volunteer applies for a star, withdraws, and appeals (domain 7).

A star can be applied for when the record reaches its level by the rule of the day and nothing was
upheld against the volunteer for long enough. Knows each application and who may see it; refuses to
know how officers decide: that is `star_rulings`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Unpack

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, may_read, permit_self, reach
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.credit_codes import spelled_code
from timebank.findings import FoundAgainst
from timebank.held_stars import Stars, decide_clean, needs_organisation, star_of
from timebank.hours import ServiceTotal
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notices import NoticeCode, notify
from timebank.objections import decide_in_time
from timebank.organisations import CreditCode, Organisation, active_organisation
from timebank.people import Person, active_person
from timebank.policy import Policy
from timebank.projections import Place, Rows, projects
from timebank.proxies import may_act_for
from timebank.publicity import Publicity, lay_open, settle_publicity
from timebank.refusals import NotFound, Refusal
from timebank.star_award_life import (
    LIFECYCLE,
    StarAppealed,
    StarApplicationWithdrawn,
    StarApplied,
    StarAwarded,
    StarDeclined,
    StarDeclineReason,
    StarEndorsed,
    StarMoved,
    StarPublicised,
    StarRestored,
    StarRevocationUpheld,
    StarRevoked,
    StarRevokeReason,
    StarState,
)
from timebank.tables import Row, Where, find, find_many, newest_by_id, page_by_id, table
from timebank.texts import LONGEST, keep_text
from timebank.working_days import working_days_later

# Refusals


class NoSuchStar(Refusal):
    """The rule knows some levels and no others."""

    says = "There are stars 1 to {most}."
    most: int
    path = ("level",)


class StarNotReached(Refusal):
    """The service record does not hold what the level takes."""

    says = "{level} stars take {missing} more minutes of service by the rule {policy}."
    level: int
    missing: int
    policy: str


class StarHeld(Refusal):
    """Who holds a star applies for a higher one."""

    says = "You hold {held} stars already; apply for a higher one."
    held: int


class StarWaiting(Refusal):
    """One application at a time."""

    says = "Your last application for a star is not decided yet."
    award: str


class FiveStarsNeedOrganisation(Refusal):
    """Five stars go through a social organisation (domain 7)."""

    says = "Five stars go through a social organisation; name by its code one that endorses them."
    path = ("creditCode",)


class NoOrganisationNeeded(Refusal):
    """No organisation has a say where the rule asks for none."""

    says = "This star needs no organisation; leave the code out."
    path = ("creditCode",)


# Decisions


def decide_level(level: int, minutes: int, policy: Policy, *, organisation: bool) -> int:
    """The minutes that a star takes, which must be there.

    Args: organisation, whether one was named to endorse the application.
    Refuses: NoSuchStar, FiveStarsNeedOrganisation, NoOrganisationNeeded, StarNotReached.
    """
    thresholds = policy.star.minutes
    if not 1 <= level <= len(thresholds):
        raise NoSuchStar(most=len(thresholds))
    needs = needs_organisation(level, policy)
    if needs and not organisation:
        raise FiveStarsNeedOrganisation
    if organisation and not needs:
        raise NoOrganisationNeeded
    needed = thresholds[level - 1]
    if minutes < needed:
        raise StarNotReached(level=level, missing=needed - minutes, policy=policy.id)
    return needed


def decide_application(
    award: str,
    person: Person,
    level: int,
    *,
    minutes: int,
    stars: Stars | None,
    found: FoundAgainst | None,
    today: date,
    policy: Policy,
    organisation: str | None = None,
) -> StarApplied:
    """Apply for a star. Refuses: StarWaiting, StarHeld, NotClean, and what `decide_level` does."""
    if stars is not None and stars.waiting is not None:
        raise StarWaiting(award=stars.waiting)
    held = star_of(stars, minutes)
    if 1 <= level <= held:
        raise StarHeld(held=held)
    needed = decide_level(level, minutes, policy, organisation=organisation is not None)
    decide_clean(found, today, policy.star.clean_months)
    return StarApplied(
        award=award,
        person=person.id,
        level=level,
        minutes=minutes,
        needed=needed,
        path=person.home_path,
        organisation=organisation,
    )


# Tables and projectors


@table("star_award", index=[("person", "id"), ("state", "id"), ("organisation", "id")])
class StarAward(Row, frozen=True):
    """One application and what became of it; `path` is where the volunteer was at home.

    `minutes` is the record on the day of the application, `needed` what the level took by `policy`.
    `decide_by` is the last day to decide an appeal, `appeal_by` to raise one; `organisation` is the
    one asked to endorse it.
    """

    id: str
    person: str
    path: str
    level: int
    minutes: int
    needed: int
    policy: str
    state: StarState
    applied_at: datetime
    organisation: str | None = None
    open_until: date | None = None
    decided_on: date | None = None
    decided_by: str | None = None
    declined: StarDeclineReason | None = None
    revoked: StarRevokeReason | None = None
    revoked_by: str | None = None
    appeal_by: date | None = None
    decide_by: date | None = None


@projects(StarApplied)
def _applied(rows: Rows, event: StarApplied, entry: Sealed) -> None:
    rows.put(
        StarAward(
            id=event.award,
            person=event.person,
            path=event.path,
            level=event.level,
            minutes=event.minutes,
            needed=event.needed,
            policy=entry.policy,
            state=StarState.APPLIED,
            applied_at=entry.at,
            organisation=event.organisation,
        )
    )


@projects(
    StarApplicationWithdrawn,
    StarEndorsed,
    StarPublicised,
    StarDeclined,
    StarAwarded,
    StarRevoked,
    StarAppealed,
    StarRestored,
    StarRevocationUpheld,
)
def _moved(rows: Rows, event: StarMoved, entry: Sealed) -> None:
    held = rows.there(StarAward, event.award)
    changed: dict[str, object] = {"state": step(LIFECYCLE, held.state, type(event))}
    if not isinstance(event, StarEndorsed | StarPublicised | StarAppealed):
        changed |= {"decided_on": day_of(entry.at), "decided_by": entry.actor, "decide_by": None}
    if isinstance(event, StarPublicised):
        changed["open_until"] = event.until
        lay_open(rows, held.id, person=held.person, path=held.path, until=event.until)
    elif isinstance(event, StarDeclined):
        changed["declined"] = event.reason
    elif isinstance(event, StarRevoked):
        changed |= {"revoked": event.reason, "revoked_by": entry.actor}
        changed["appeal_by"] = event.appeal_by
    elif isinstance(event, StarAppealed):
        changed["decide_by"] = event.decide_by
    rows.put(msgspec.structs.replace(held, **changed))
    if isinstance(event, StarApplicationWithdrawn | StarDeclined | StarAwarded):
        settle_publicity(rows, held.id)


# Commands


class Starred(Answer, frozen=True, kw_only=True):
    """The star that was applied for or moved on."""

    award: str


async def apply_for_star(
    actor: Actor, *, level: int, key: RequestKey, credit_code: str | None = None
) -> Starred:
    """Apply for a star that one's own record reaches.

    Args: credit_code, for five stars, of the organisation that is asked to endorse them.
    Refuses: NotFound, PersonNotActive, StarWaiting, StarHeld, OrganisationNotActive,
    BarredOrganisation, NotClean, and what `decide_level` refuses.   Source: domain 7.
    """
    person, award = permit_self(actor), new("str")

    def work(batch: Batch) -> Starred:
        total = batch.get(ServiceTotal, person)
        asked = _endorsing(batch, credit_code) if credit_code else None
        event = decide_application(
            award,
            active_person(batch, person),
            level,
            minutes=total.minutes if total else 0,
            stars=batch.get(Stars, person),
            found=batch.get(FoundAgainst, person),
            today=batch.today,
            policy=batch.policy,
            organisation=asked.id if asked else None,
        )
        entry = batch.record(event)
        if asked and asked.representative:
            who = asked.representative
            notify(batch, who, NoticeCode.STAR_TO_ENDORSE, award, hands=(batch.actor.id,))
        return Starred(entry=entry.seq, award=award)

    needs: list[Place] = [
        (Person, person),
        (ServiceTotal, person),
        (Stars, person),
        (FoundAgainst, person),
    ]
    return await write(actor, key, work, answer=Starred, needs=needs)


async def withdraw_star(actor: Actor, *, award: str, key: RequestKey) -> Starred:
    """Take one's own application back. Refuses: NotFound, NotInThisState."""

    def work(batch: Batch) -> Starred:
        held = own_award(batch, award)
        step(LIFECYCLE, held.state, StarApplicationWithdrawn)
        event = StarApplicationWithdrawn(award=award, person=held.person)
        return Starred(entry=batch.record(event).seq, award=award)

    return await write(actor, key, work, answer=Starred, needs=await needs_of(actor, award))


async def appeal_star(actor: Actor, *, award: str, appeal: str, key: RequestKey) -> Starred:
    """Appeal against the revocation of one's own star, once.

    Args: appeal, the volunteer's words, at most 2,000 characters.
    Refuses: NotFound, NotInThisState, ObjectionTooLate, TextMissing, TextTooLong.
    """

    def work(batch: Batch) -> Starred:
        held = own_award(batch, award)
        step(LIFECYCLE, held.state, StarAppealed)
        decided = held.decided_on or batch.today
        decide_in_time(decided, batch.today, batch.policy_on(decided).record.object_days)
        days = batch.policy.record.decide_working_days
        event = StarAppealed(
            award=award,
            person=held.person,
            appeal=keep_text(batch, award, "appeal", appeal, most=LONGEST, whose=held.person),
            decide_by=working_days_later(batch.today, days),
        )
        return Starred(entry=batch.record(event).seq, award=award)

    return await write(actor, key, work, answer=Starred, needs=await needs_of(actor, award))


def _endorsing(batch: Batch, credit_code: str) -> Organisation:
    named = batch.need(CreditCode, spelled_code(credit_code), "organisation")
    return active_organisation(batch, named.organisation)


def own_award(batch: Batch, award: str) -> StarAward:
    """An application of the actor's own. Refuses: NotFound. Raises: Unauthenticated."""
    person = permit_self(batch.actor)
    held = batch.need(StarAward, award, "star")
    if held.person != person:
        raise NotFound(what="star")
    return held


async def needs_of(actor: Actor, award: str) -> list[Place]:
    """The rows that a step on a star asks for."""
    held = await find(StarAward, award)
    needs: list[Place] = [(StarAward, award), (Publicity, award)]
    if held is not None:
        needs += [(row, held.person) for row in (Stars, ServiceTotal, FoundAgainst)]
    return needs


# Reads


async def visible_awards(actor: Actor, ids: Sequence[str]) -> dict[str, StarAward]:
    """Stars by id: of the actor or whom they act for, in their scope, asked of them, laid open."""
    found = list((await find_many(StarAward, ids)).values())
    mine = await may_act_for(actor, {held.person for held in found})
    theirs = await reach(actor, Action.READ_RECORDS)
    stands_for = await reach(actor, Action.ACT_FOR_ORGANISATION)
    asked = await find_many(Organisation, {one.organisation for one in found if one.organisation})
    return {
        held.id: held
        for held in found
        if held.person in mine
        or theirs(held.path)
        or held.state is StarState.PUBLICITY
        or (held.organisation is not None and stands_for(asked[held.organisation].path))
    }


async def appealable(actor: Actor, ids: Sequence[str]) -> list[str]:
    """Those of some stars whose appeal the actor may read: their own, and those in their scope."""
    found = list((await find_many(StarAward, ids)).values())
    theirs = await reach(actor, Action.READ_RECORDS)
    return [held.id for held in found if held.person == actor.person or theirs(held.path)]


async def awards_of(actor: Actor, **where: Unpack[Where]) -> list[StarAward]:
    """The actor's own applications and stars, newest first, strictly between two ids."""
    return await newest_by_id(StarAward, where, person=actor.person or "")


async def awards_at(
    actor: Actor, path: str, state: StarState, **where: Unpack[Where]
) -> list[StarAward]:
    """Applications and stars below a path in a state, oldest first. For its staff."""
    if not await may_read(actor, Action.READ_RECORDS, path):
        return []
    return await page_by_id(StarAward, where, path__startswith=path, state=state.value)


async def laid_open(path: str, **where: Unpack[Where]) -> list[StarAward]:
    """What is laid open below a path, oldest first: for everybody."""
    state = StarState.PUBLICITY.value
    return await page_by_id(StarAward, where, path__startswith=path, state=state)

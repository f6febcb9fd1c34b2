"""Grant reviews: the formal check, three or more reviewers with points, the shortlist.

A reviewer who declared a conflict, or stands for the organisation, gives no points, and each gives
them once (domain 10, 11). A conflict may come to light after judging: the points are set aside, and
somebody else judges. Knows points; refuses to know money.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, permit_self, reach
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.funding.grant_life import (
    LIFECYCLE,
    ConflictDeclared,
    GrantFormallyChecked,
    GrantPublicised,
    GrantRejected,
    GrantRejectReason,
    GrantReviewed,
    GrantScored,
    GrantShortlisted,
    ReviewSetAside,
)
from timebank.funding.grants import Grant, Granted, move_grant, visible_grants
from timebank.funding.sources import decide_enough
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.projections import Rows, projects
from timebank.publicity import (
    PublicityObjection,
    objection_key,
    rule_on_objection,
)
from timebank.refusals import Refusal
from timebank.tables import Row, find_many, table

MOST_POINTS = 100

# Refusals


class PointsWrong(Refusal):
    """Points go from 0 to 100."""

    says = "Points go from 0 to {most}."
    most: int
    path = ("points",)


class ReviewedAlready(Refusal):
    """A reviewer judges an application once, or not at all."""

    says = "You have judged this application already, or declared a conflict."


class LaidOpenAlready(Refusal):
    """Points are set aside while nothing rests on them that others were told of."""

    says = (
        "Your points are part of what was laid open or decided; object while it is laid open, and "
        "tell the officer of the money."
    )


class TooFewReviewers(Refusal):
    """An application is judged by some reviewers at least (domain 10)."""

    says = "An application takes {least} reviewers; {have} have judged it."
    least: int
    have: int


# Decisions


def decide_points(held: Grant, reviewer: PersonId, points: int, *, judged: bool) -> GrantReviewed:
    """Refuses: NotInThisState, PointsWrong, ReviewedAlready."""
    step(LIFECYCLE, held.state, GrantReviewed)
    if not 0 <= points <= MOST_POINTS:
        raise PointsWrong(most=MOST_POINTS)
    if judged or reviewer in held.conflicts:
        raise ReviewedAlready
    return GrantReviewed(grant=held.id, reviewer=reviewer, points=points)


def decide_conflict(
    held: Grant, reviewer: PersonId, points: int | None
) -> ConflictDeclared | ReviewSetAside:
    """What it comes to that a reviewer stands too near: no points, or none that count.

    Args: points, what they gave, if they did.
    Refuses: ReviewedAlready, LaidOpenAlready, NotInThisState.
    """
    if reviewer in held.conflicts:
        raise ReviewedAlready
    if points is None:
        step(LIFECYCLE, held.state, ConflictDeclared)
        return ConflictDeclared(grant=held.id, reviewer=reviewer)
    if ReviewSetAside not in LIFECYCLE[held.state]:
        raise LaidOpenAlready
    return ReviewSetAside(grant=held.id, reviewer=reviewer, points=points)


def may_stand_back(held: Grant, reviewer: PersonId, points: int | None) -> bool:
    """Whether a reviewer can say now that they stand too near; `points` as `decide_conflict`."""
    try:
        decide_conflict(held, reviewer, points)
    except Refusal:
        return False
    return True


def decide_scored(held: Grant, least: int) -> GrantScored:
    """The mean of the points. Refuses: NotInThisState, TooFewReviewers."""
    step(LIFECYCLE, held.state, GrantScored)
    if held.reviewed < least:
        raise TooFewReviewers(least=least, have=held.reviewed)
    mean = held.points_sum // held.reviewed
    return GrantScored(grant=held.id, reviewers=held.reviewed, points=mean)


# Tables and projectors


@table("grant_review")
class GrantReview(Row, frozen=True):
    """What a reviewer gave; `id` is `<grant>/<reviewer>`."""

    id: str
    grant: str
    points: int


def review_key(grant: str, reviewer: PersonId) -> str:
    """The key of GrantReview."""
    return f"{grant}/{reviewer}"


@projects(GrantReviewed)
def _reviewed(rows: Rows, event: GrantReviewed, entry: Sealed) -> None:
    id = review_key(event.grant, event.reviewer)
    rows.put(GrantReview(id=id, grant=event.grant, points=event.points))
    held = rows.there(Grant, event.grant)
    rows.put(
        msgspec.structs.replace(
            held, reviewed=held.reviewed + 1, points_sum=held.points_sum + event.points
        )
    )


@projects(ConflictDeclared)
def _declared(rows: Rows, event: ConflictDeclared, entry: Sealed) -> None:
    held = rows.there(Grant, event.grant)
    rows.put(msgspec.structs.replace(held, conflicts=(*held.conflicts, event.reviewer)))


@projects(ReviewSetAside)
def _set_aside(rows: Rows, event: ReviewSetAside, entry: Sealed) -> None:
    rows.drop(GrantReview, review_key(event.grant, event.reviewer))
    held = rows.there(Grant, event.grant)
    rows.put(
        msgspec.structs.replace(
            held,
            state=step(LIFECYCLE, held.state, ReviewSetAside),
            reviewed=held.reviewed - 1,
            points_sum=held.points_sum - event.points,
            points=None,
            # A shortlist may have cut it: what was asked for is what the budget adds up to.
            fen=sum(fen for _, fen in held.budget),
            conflicts=(*held.conflicts, event.reviewer),
        )
    )


# Commands


async def check_formally(actor: Actor, *, grant: str, complete: bool, key: RequestKey) -> Granted:
    """Say whether an application is complete; else it comes to nothing.

    Refuses: NotFound, NotInThisState.
    """

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantFormallyChecked)
        if not complete:
            return batch.record(GrantRejected(grant=grant, reason=GrantRejectReason.FORMAL_FAULT))
        return batch.record(GrantFormallyChecked(grant=grant))

    return await move_grant(actor, grant, key, one, action=Action.MANAGE_CALLS)


async def declare_conflict(actor: Actor, *, grant: str, key: RequestKey) -> Granted:
    """Say as a reviewer that one stands too near to judge, or to have judged.

    Points that were given are set aside until the application is laid open, and it is judged by
    others.
    Refuses: NotFound, NotInThisState, ReviewedAlready, LaidOpenAlready.   Source: domain 10.
    """
    reviewer = permit_self(actor)
    id = review_key(grant, reviewer)

    def one(batch: Batch, held: Grant) -> Sealed:
        given = batch.get(GrantReview, id)
        return batch.record(decide_conflict(held, reviewer, given.points if given else None))

    more, action = (GrantReview, id), Action.REVIEW_GRANTS
    return await move_grant(actor, grant, key, one, more, action=action, near=True)


async def review_grant(actor: Actor, *, grant: str, points: int, key: RequestKey) -> Granted:
    """Give an application points from 0 to 100, once, as a reviewer without a conflict.

    Refuses: NotFound, NotInThisState, PointsWrong, ReviewedAlready, OwnOrganisation.
    """
    reviewer = permit_self(actor)
    id = review_key(grant, reviewer)

    def one(batch: Batch, held: Grant) -> Sealed:
        judged = batch.get(GrantReview, id) is not None
        return batch.record(decide_points(held, reviewer, points, judged=judged))

    more = (GrantReview, id)
    return await move_grant(actor, grant, key, one, more, action=Action.REVIEW_GRANTS)


async def score_grant(actor: Actor, *, grant: str, key: RequestKey) -> Granted:
    """Close the reviews with their mean. Refuses: NotFound, NotInThisState, TooFewReviewers."""

    def one(batch: Batch, held: Grant) -> Sealed:
        return batch.record(decide_scored(held, batch.policy.fund.reviewers))

    return await move_grant(actor, grant, key, one, action=Action.MANAGE_CALLS)


async def shortlist_grant(actor: Actor, *, grant: str, fen: int, key: RequestKey) -> Granted:
    """Put an application on the shortlist for so much, at most what it asked for.

    Refuses: NotFound, NotInThisState, FenNotPositive, NotEnoughMoney.
    """

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantShortlisted)
        decide_enough(held.fen, fen)
        return batch.record(GrantShortlisted(grant=grant, fen=fen))

    return await move_grant(actor, grant, key, one, action=Action.MANAGE_CALLS)


async def reject_grant(
    actor: Actor, *, grant: str, reason: GrantRejectReason, key: RequestKey
) -> Granted:
    """Let an application come to nothing. Refuses: NotFound, NotInThisState."""

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantRejected)
        return batch.record(GrantRejected(grant=grant, reason=reason))

    return await move_grant(actor, grant, key, one, action=Action.MANAGE_CALLS)


async def publicise_grant(actor: Actor, *, grant: str, key: RequestKey) -> Granted:
    """Lay what is to be given open to everybody. Refuses: NotFound, NotInThisState."""

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantPublicised)
        until: date = batch.today + timedelta(days=batch.policy.fund.publicity_days)
        return batch.record(GrantPublicised(grant=grant, until=until))

    return await move_grant(actor, grant, key, one, action=Action.MANAGE_CALLS)


async def rule_on_grant_objection(
    actor: Actor, *, grant: str, objector: PersonId, uphold: bool, key: RequestKey
) -> Granted:
    """Decide an objection to what is laid open; upheld, the application comes to nothing.

    Refuses: NotFound, OwnPublicityObjection, NotInThisState.
    """
    id = objection_key(grant, objector)

    def one(batch: Batch, held: Grant) -> Sealed:
        objection = batch.need(PublicityObjection, id, "objection")
        if uphold:
            step(LIFECYCLE, held.state, GrantRejected)
        entry = rule_on_objection(batch, objection, uphold=uphold)
        if uphold:
            batch.record(GrantRejected(grant=grant, reason=GrantRejectReason.OBJECTION_UPHELD))
        return entry

    more = (PublicityObjection, id)
    return await move_grant(actor, grant, key, one, more, action=Action.MANAGE_CALLS)


# Reads


async def grants_to_stand_back_from(actor: Actor, ids: Sequence[str]) -> set[str]:
    """Those of these grants whose reviewer the actor is and can still say to stand too near."""
    if actor.person is None:
        return set()
    judges = await reach(actor, Action.REVIEW_GRANTS)
    seen = await visible_grants(actor, ids)
    keys = {id: review_key(id, actor.person) for id, held in seen.items() if judges(held.unit_path)}
    given = await find_many(GrantReview, list(keys.values()))
    points = {held.grant: held.points for held in given.values()}
    return {id for id in keys if may_stand_back(seen[id], actor.person, points.get(id))}

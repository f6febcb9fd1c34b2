"""Grades of organisations: 1A to 5A out of a thousand points, for some years (等级评估, domain 9).

An organisation applies and assesses itself, the registrar finds it eligible, a reviewer visits and
scores, the score is laid open to everybody, then the grade is given. Whoever registers does not
score. Knows the points each grade takes by policy; objections are `publicity`'s.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from msgspec.structs import replace

from ledger.entry import Sealed
from timebank.access import Action, may_read
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.clock import day_of, months_later
from timebank.due import over
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.organisation_grade_life import (
    LIFECYCLE,
    GradeApplied,
    GradeDeclined,
    GradeEligible,
    GradeExpired,
    GradeGiven,
    GradePublicised,
    GradeScored,
    GradeSelfAssessed,
    GradeState,
    GradeVisited,
    Moved,
)
from timebank.organisation_life import LegalForm, OrganisationState
from timebank.organisations import (
    Organisation,
    OrganisationNotActive,
    acting_for,
    organisation_at_hand,
)
from timebank.projections import Place, Rows, projects
from timebank.publicity import (
    Publicity,
    PublicityObjection,
    decide_heard,
    lay_open,
    objection_key,
    rule_on_objection,
    settle_publicity,
)
from timebank.refusals import Forbidden, Refusal
from timebank.tables import Row, find_many, select, table
from timebank.texts import LONGEST, keep_text

POINTS_MOST = 1000

# Refusals


class GradePointsWrong(Refusal):
    """Points go from none to a thousand."""

    says = "Points go from 0 to {most}."
    most: int
    path = ("points",)


class GradePointsTooFew(Refusal):
    """The lowest grade takes some points."""

    says = "The lowest grade takes {least} points; decline the application instead."
    least: int
    path = ("points",)


class GradeWaiting(Refusal):
    """One application at a time."""

    says = "An application of this organisation for a grade is not decided yet."


class GradeNotOver(Refusal):
    """A grade holds to its last day."""

    says = "This grade holds until the end of {until}."
    until: date


# Decisions


def decide_level(points: int, thresholds: Sequence[int]) -> int:
    """The grade, 1 to 5, that points make. Refuses: GradePointsWrong, GradePointsTooFew.

    Args: thresholds, the least points of each grade, the lowest first.
    """
    if not 0 <= points <= POINTS_MOST:
        raise GradePointsWrong(most=POINTS_MOST)
    level = sum(points >= least for least in thresholds)
    if level == 0:
        raise GradePointsTooFew(least=thresholds[0])
    return level


# Tables and projectors


@table("organisation_grade", index=[("organisation", "id"), ("path", "state", "id")])
class OrganisationGrade(Row, frozen=True):
    """One application and its grade; `path` is the organisation's, `until` its state's last day."""

    id: str
    organisation: str
    path: str
    state: GradeState
    applied_on: date
    own_points: int | None = None
    points: int | None = None
    level: int | None = None
    until: date | None = None


@table("grade_waiting")
class GradeOpen(Row, frozen=True):
    """Which application of an organisation is not decided."""

    organisation: str
    grade: str


@projects(GradeApplied)
def _applied(rows: Rows, event: GradeApplied, entry: Sealed) -> None:
    rows.put(
        OrganisationGrade(
            id=event.grade,
            organisation=event.organisation,
            path=rows.there(Organisation, event.organisation).path,
            state=GradeState.APPLIED,
            applied_on=day_of(entry.at),
        )
    )
    rows.put(GradeOpen(organisation=event.organisation, grade=event.grade))


@projects(
    GradeEligible,
    GradeDeclined,
    GradeSelfAssessed,
    GradeVisited,
    GradeScored,
    GradePublicised,
    GradeGiven,
    GradeExpired,
)
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    held = rows.there(OrganisationGrade, event.grade)
    held = replace(held, state=step(LIFECYCLE, held.state, type(event)))
    if isinstance(event, GradeSelfAssessed):
        held = replace(held, own_points=event.points)
    elif isinstance(event, GradeScored):
        held = replace(held, points=event.points, level=event.level)
    elif isinstance(event, GradePublicised | GradeGiven):
        held = replace(held, until=event.until)
    rows.put(held)
    if isinstance(event, GradePublicised):
        whose = rows.there(Organisation, event.organisation).representative
        lay_open(rows, held.id, person=whose or "", path=held.path, until=event.until)
    elif isinstance(event, GradeGiven | GradeDeclined):
        settle_publicity(rows, held.id)
        rows.drop(GradeOpen, event.organisation)


# Commands


class Graded(Answer, frozen=True, kw_only=True):
    """The application or grade that was moved on."""

    grade: str


async def apply_for_grade(actor: Actor, *, organisation: str, key: RequestKey) -> Graded:
    """Apply for a grade, as a registered organisation. Refuses: NotFound, OrganisationNotActive,
    GradeWaiting.   Source: domain 9."""
    grade = new("grd")

    def work(batch: Batch) -> Graded:
        held = acting_for(batch, organisation)
        registered = held.state is OrganisationState.REGISTERED
        if not registered or held.form is LegalForm.COMMUNITY_GROUP:
            raise OrganisationNotActive(state=held.state.value)
        if batch.get(GradeOpen, organisation) is not None:
            raise GradeWaiting
        entry = batch.record(GradeApplied(grade=grade, organisation=organisation))
        return Graded(entry=entry.seq, grade=grade)

    needs: list[Place] = [(Organisation, organisation), (GradeOpen, organisation)]
    return await write(actor, key, work, answer=Graded, needs=needs)


async def find_eligible(actor: Actor, *, grade: str, key: RequestKey) -> Graded:
    """Find that it may be graded, as the registrar. Refuses: NotFound, OwnOrganisation,
    NotInThisState."""
    return await _plainly(actor, grade, Action.REGISTER_ORGANISATION, key, GradeEligible)


async def decline_grade(actor: Actor, *, grade: str, key: RequestKey) -> Graded:
    """Give no grade, as the registrar. Refuses: NotFound, OwnOrganisation, NotInThisState."""
    return await _plainly(actor, grade, Action.REGISTER_ORGANISATION, key, GradeDeclined)


async def assess_own_grade(
    actor: Actor, *, grade: str, points: int, words: str, key: RequestKey
) -> Graded:
    """Give one's own points, as the organisation, and say why.

    Refuses: NotFound, NotInThisState, GradePointsWrong, TextMissing, TextTooLong.
    """
    if not 0 <= points <= POINTS_MOST:
        raise GradePointsWrong(most=POINTS_MOST)

    def work(batch: Batch) -> Graded:
        held = batch.need(OrganisationGrade, grade, "grade")
        acting_for(batch, held.organisation, what="grade")
        step(LIFECYCLE, held.state, GradeSelfAssessed)
        event = GradeSelfAssessed(
            grade=grade,
            organisation=held.organisation,
            points=points,
            words=keep_text(batch, grade, "own", words, most=LONGEST),
        )
        return Graded(entry=batch.record(event).seq, grade=grade)

    return await write(actor, key, work, answer=Graded, needs=[(OrganisationGrade, grade)])


async def visit_for_grade(actor: Actor, *, grade: str, key: RequestKey) -> Graded:
    """Note that one was there, as a reviewer. Refuses: NotFound, OwnOrganisation,
    NotInThisState."""
    return await _plainly(actor, grade, Action.SCORE_ORGANISATION, key, GradeVisited)


async def score_grade(actor: Actor, *, grade: str, points: int, key: RequestKey) -> Graded:
    """Score it, as a reviewer. Refuses: NotFound, OwnOrganisation, NotInThisState,
    GradePointsWrong, GradePointsTooFew."""

    def event(batch: Batch, held: OrganisationGrade) -> Event:
        level = decide_level(points, batch.policy.organisation.grade_points)
        return GradeScored(grade=grade, organisation=held.organisation, points=points, level=level)

    return await _rule(actor, grade, Action.SCORE_ORGANISATION, key, event)


async def publicise_grade(actor: Actor, *, grade: str, key: RequestKey) -> Graded:
    """Lay a score open to everybody, as the registrar. Refuses: NotFound, OwnOrganisation,
    NotInThisState."""

    def event(batch: Batch, held: OrganisationGrade) -> Event:
        until = batch.today + timedelta(days=batch.policy.fund.publicity_days)
        return GradePublicised(grade=grade, organisation=held.organisation, until=until)

    return await _rule(actor, grade, Action.REGISTER_ORGANISATION, key, event)


async def give_grade(actor: Actor, *, grade: str, key: RequestKey) -> Graded:
    """Give the grade once everybody was heard, as the registrar.

    Refuses: NotFound, OwnOrganisation, NotInThisState, OrganisationNotActive, PublicityOpen,
    PublicityUndecided.
    """

    def event(batch: Batch, held: OrganisationGrade) -> Event:
        step(LIFECYCLE, held.state, GradeGiven)
        state = batch.there(Organisation, held.organisation).state
        if state is not OrganisationState.REGISTERED:
            raise OrganisationNotActive(state=state.value)
        decide_heard(batch.there(Publicity, grade), batch.today)
        until = months_later(batch.today, 12 * batch.policy.organisation.grade_years)
        return GradeGiven(grade=grade, organisation=held.organisation, until=until)

    return await _rule(actor, grade, Action.REGISTER_ORGANISATION, key, event)


async def rule_on_grade_objection(
    actor: Actor, *, grade: str, objector: str, uphold: bool, key: RequestKey
) -> Graded:
    """Decide an objection to a score; upheld, no grade is given.

    Refuses: NotFound, OwnOrganisation, OwnPublicityObjection, NotInThisState.
    """
    id = objection_key(grade, objector)

    def work(batch: Batch) -> Graded:
        held = _at_hand(batch, grade, Action.REGISTER_ORGANISATION)
        objection = batch.need(PublicityObjection, id, "objection")
        if uphold:
            step(LIFECYCLE, held.state, GradeDeclined)
        entry = rule_on_objection(batch, objection, uphold=uphold)
        if uphold:
            batch.record(GradeDeclined(grade=grade, organisation=held.organisation))
        return Graded(entry=entry.seq, grade=grade)

    needs: list[Place] = [(OrganisationGrade, grade), (PublicityObjection, id)]
    return await write(actor, key, work, answer=Graded, needs=needs)


async def expire_grade(actor: Actor, *, grade: str, key: RequestKey | None = None) -> Graded:
    """Let a grade end: the software's own act, by timer.

    Refuses: NotFound, NotInThisState, GradeNotOver.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Graded:
        held = batch.need(OrganisationGrade, grade, "grade")
        step(LIFECYCLE, held.state, GradeExpired)
        if held.until is not None and batch.today <= held.until:
            raise GradeNotOver(until=held.until)
        entry = batch.record(GradeExpired(grade=grade, organisation=held.organisation))
        return Graded(entry=entry.seq, grade=grade)

    return await write(actor, key, work, answer=Graded, needs=[(OrganisationGrade, grade)])


async def _plainly(
    actor: Actor,
    grade: str,
    action: Action,
    key: RequestKey,
    event: type[GradeEligible | GradeDeclined | GradeVisited],
) -> Graded:
    return await _rule(
        actor,
        grade,
        action,
        key,
        lambda batch, held: event(grade=grade, organisation=held.organisation),
    )


async def _rule(
    actor: Actor,
    grade: str,
    action: Action,
    key: RequestKey,
    event: Callable[[Batch, OrganisationGrade], Event],
) -> Graded:
    def work(batch: Batch) -> Graded:
        held = _at_hand(batch, grade, action)
        made = event(batch, held)
        step(LIFECYCLE, held.state, type(made))
        return Graded(entry=batch.record(made).seq, grade=grade)

    return await write(actor, key, work, answer=Graded, needs=[(OrganisationGrade, grade)])


def _at_hand(batch: Batch, grade: str, action: Action) -> OrganisationGrade:
    held = batch.need(OrganisationGrade, grade, "grade")
    organisation_at_hand(batch, held.organisation, action, what="grade")
    return held


# Reads


async def visible_grades(actor: Actor, ids: Sequence[str]) -> dict[str, OrganisationGrade]:
    """Grades by id: what is laid open or given for everybody, applications for a few."""
    found = await find_many(OrganisationGrade, ids)
    return {str(id): held for id, held in found.items() if await _sees(actor, held)}


async def _sees(actor: Actor, held: OrganisationGrade) -> bool:
    if held.state in (GradeState.PUBLICITY, GradeState.GRADED, GradeState.EXPIRED):
        return True
    own = await may_read(actor, Action.ACT_FOR_ORGANISATION, held.path)
    office = await may_read(actor, Action.REGISTER_ORGANISATION, held.path)
    return own or office or await may_read(actor, Action.SCORE_ORGANISATION, held.path)


async def grades_of(actor: Actor, organisation: str) -> list[OrganisationGrade]:
    """The grades and applications of an organisation that the actor may see, the oldest first."""
    found = await select(OrganisationGrade, organisation=organisation, order=["id"])
    return [held for held in found if await _sees(actor, held)]


grades_over = over(OrganisationGrade, "until", GradeState.GRADED)
"""Grades that held for their years, the longest over first."""

"""Community projects: what residents or their committee propose, and whether it may be paid for.

A resident needs supporters, the committee of the community does not. The street looks for what is
on the negative list, and never at a proposal of the officer's own. Knows each project and where it
stands; refuses to know how residents decide, `project_votes`, and what is built, `project_works`.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, may, permit, permit_self
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.divisions import Area
from timebank.funding.commitments import Commitment, PurposeOutside, release
from timebank.funding.moves import FundsPaid, PaymentReversed
from timebank.funding.polls import NotAResident, Poll, PollKind, PollOpened, close_poll
from timebank.funding.project_life import (
    LIFECYCLE,
    EvaluationAsked,
    ProjectApproved,
    ProjectClosed,
    ProjectCommitted,
    ProjectDeclined,
    ProjectDeclineReason,
    ProjectDiscussed,
    ProjectEvaluated,
    ProjectMoved,
    ProjectProposed,
    ProjectPublicised,
    ProjectScreened,
    ProjectState,
    ProjectToRectify,
    ProjectVoted,
    WorksAccepted,
    WorksBegun,
)
from timebank.funding.purposes import FundPurpose, Negative
from timebank.funding.sources import FundSource, decide_fen
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.people import active_person
from timebank.places import Station, working_station
from timebank.projections import Place, Rows, projects
from timebank.publicity import Publicity, lay_open, settle_publicity
from timebank.refusals import Refusal
from timebank.tables import Row, Where, find_many, page_by_id, table
from timebank.texts import keep_text

PREFIX = "prj"

# Refusals


class TooFewSupporters(Refusal):
    """A resident's proposal has supporters before the street looks at it (domain 10)."""

    says = "A resident's proposal takes {least} supporters; it has {have}."
    least: int
    have: int


class OwnProject(Refusal):
    """Nobody decides their own proposal (domain 11)."""

    says = "You proposed this project; another officer must decide it."


# Decisions


def decide_screening(
    project: "Project",
    source: FundSource,
    negatives: Sequence[Negative],
    *,
    supporters: int,
    least: int,
) -> ProjectScreened | ProjectDeclined:
    """What screening comes to: declined if anything on the source's negative list was found.

    Refuses: TooFewSupporters, NotInThisState.
    """
    if not project.by_committee and supporters < least:
        raise TooFewSupporters(least=least, have=supporters)
    found = tuple(sorted(set(negatives)))
    event: ProjectScreened | ProjectDeclined = ProjectScreened(project=project.id, negatives=found)
    if set(found) & set(source.negatives):
        reason = ProjectDeclineReason.NEGATIVE_LIST
        event = ProjectDeclined(project=project.id, reason=reason, negatives=found)
    step(LIFECYCLE, project.state, type(event))
    return event


# Tables and projectors


@table("project", index=[("path", "state", "id"), ("source", "id"), ("unit", "id")])
class Project(Row, frozen=True):
    """One project; `fen` is what it is to cost, and what it cost once the works were accepted.

    `path` is its station's; `unit` the community or village whose money it asks for; `due` the last
    day to answer or to object.
    """

    id: str
    station: str
    path: str
    unit: str
    unit_path: str
    source: str
    purpose: FundPurpose
    fen: int
    by_committee: bool
    proposer: str
    proposed_on: date
    state: ProjectState
    eligible: int = 0
    evaluations: int = 0
    due: date | None = None
    satisfied_percent: int | None = None
    declined: ProjectDeclineReason | None = None
    negatives: tuple[Negative, ...] = ()

    def poll(self, kind: PollKind) -> str:
        """The key of its poll of a kind, of the last evaluation where there were several."""
        if kind is PollKind.EVALUATION:
            return f"{self.id}/{kind.value}/{self.evaluations}"
        return f"{self.id}/{kind.value}"


@projects(ProjectProposed)
def _proposed(rows: Rows, event: ProjectProposed, entry: Sealed) -> None:
    rows.put(
        Project(
            id=event.project,
            station=event.station,
            path=rows.there(Station, event.station).path,
            unit=event.unit,
            unit_path=rows.there(Area, event.unit).path,
            source=event.source,
            purpose=event.purpose,
            fen=event.fen,
            by_committee=event.by_committee,
            proposer=entry.actor,
            proposed_on=day_of(entry.at),
            state=ProjectState.PROPOSED,
        )
    )


@projects(
    ProjectScreened,
    ProjectDiscussed,
    ProjectVoted,
    ProjectPublicised,
    ProjectApproved,
    ProjectCommitted,
    WorksBegun,
    WorksAccepted,
    EvaluationAsked,
    ProjectEvaluated,
    ProjectToRectify,
    ProjectClosed,
    ProjectDeclined,
)
def _moved(rows: Rows, event: ProjectMoved, entry: Sealed) -> None:
    held = rows.there(Project, event.project)
    changed: dict[str, object] = {"state": step(LIFECYCLE, held.state, type(event)), "due": None}
    match event:
        case ProjectScreened():
            changed["negatives"] = event.negatives
        case ProjectDiscussed():
            changed |= {"eligible": event.eligible, "due": event.until}
        case ProjectPublicised():
            changed["due"] = event.until
            lay_open(rows, held.id, person=held.proposer, path=held.path, until=event.until)
        case ProjectApproved():
            settle_publicity(rows, held.id)
        case WorksAccepted():
            changed["fen"] = event.fen
        case EvaluationAsked():
            changed["evaluations"] = event.number
        case ProjectEvaluated() | ProjectToRectify():
            changed["satisfied_percent"] = event.satisfied_percent
        case ProjectDeclined():
            changed |= {"declined": event.reason, "negatives": event.negatives}
            settle_publicity(rows, held.id)
    rows.put(msgspec.structs.replace(held, **changed))


@projects(FundsPaid, PaymentReversed)
def _paid(rows: Rows, event: FundsPaid | PaymentReversed, entry: Sealed) -> None:
    if event.commitment.startswith(f"{PREFIX}_"):
        held = rows.there(Project, event.commitment)
        rows.put(msgspec.structs.replace(held, state=step(LIFECYCLE, held.state, type(event))))


# What other capabilities ask


def ask_residents(batch: Batch, held: Project, kind: PollKind, until: date | None = None) -> None:
    """Open a poll about a project among the residents of its unit."""
    batch.record(
        PollOpened(
            poll=held.poll(kind),
            about=held.id,
            kind_of_poll=kind,
            path=held.path,
            unit_path=held.unit_path,
            until=until,
        )
    )


async def move_project(
    actor: Actor,
    project: str,
    action: Action,
    key: RequestKey,
    one: Callable[[Batch, "Project"], Sealed],
    *more: Place,
) -> "Proposed":
    """Let staff of the project's scope do something with it; a resident who proposed it is told.

    Refuses: NotFound.
    """

    def work(batch: Batch) -> Proposed:
        held = batch.need(Project, project, "project")
        permit(batch, action, held.path)
        entry = one(batch, held)
        if not held.by_committee and batch.there(Project, project).state is not held.state:
            hands = [batch.actor.person]
            notify(batch, held.proposer, NoticeCode.PROJECT_MOVED, project, hands=hands)
        return Proposed(entry=entry.seq, project=project)

    needs: list[Place] = [(Project, project), (Publicity, project), *more]
    return await write(actor, key, work, answer=Proposed, needs=needs)


def decline(batch: Batch, held: Project, reason: ProjectDeclineReason) -> Sealed:
    """Let a project come to nothing. Refuses: NotInThisState."""
    step(LIFECYCLE, held.state, ProjectDeclined)
    return batch.record(ProjectDeclined(project=held.id, reason=reason))


def not_own(batch: Batch, held: Project) -> None:
    """Refuses: OwnProject."""
    if held.proposer in batch.actor.selves:
        raise OwnProject


# Commands


class Proposed(Answer, frozen=True, kw_only=True):
    """The project that was proposed or moved on."""

    project: str


async def propose_project(
    actor: Actor,
    *,
    station: str,
    source: str,
    purpose: FundPurpose,
    fen: int,
    title: str,
    key: RequestKey,
) -> Proposed:
    """Propose something for the community of a station, as its resident or its committee.

    Args: fen, what it is to cost; title, what it is, naming nobody, at most 80 characters.
    Refuses: NotFound, StationNotActive, NotAResident, PersonNotActive, FenNotPositive,
    PurposeOutside, TextMissing, TextTooLong.   Source: domain 10.
    """
    person, project = permit_self(actor), new(PREFIX)

    def work(batch: Batch) -> Proposed:
        place = working_station(batch, station)
        unit = batch.there(Area, place.area)
        given = batch.need(FundSource, source, "source")
        committee = may(batch, Action.RUN_PROJECT, place.path)
        if not committee and not active_person(batch, person).home_path.startswith(unit.path):
            raise NotAResident
        if purpose not in given.purposes:
            raise PurposeOutside(purpose=purpose.value)
        whose = None if committee else person
        entry = batch.record(
            ProjectProposed(
                project=project,
                station=station,
                unit=unit.code,
                source=source,
                purpose=purpose,
                fen=decide_fen(fen),
                by_committee=committee,
                title=keep_text(batch, project, "name", title, most=80, whose=whose),
            )
        )
        if not committee:
            ask_residents(batch, batch.there(Project, project), PollKind.SUPPORT)
        return Proposed(entry=entry.seq, project=project)

    needs: list[Place] = [(Station, station), (FundSource, source)]
    return await write(actor, key, work, answer=Proposed, needs=needs)


async def screen_project(
    actor: Actor, *, project: str, negatives: Sequence[Negative], key: RequestKey
) -> Proposed:
    """Say which codes of the negative list were found in a proposal; any of the source's ends it.

    Refuses: NotFound, NotInThisState, OwnProject, TooFewSupporters.   Source: domain 10.
    """

    def one(batch: Batch, held: Project) -> Sealed:
        not_own(batch, held)
        polled = held.poll(PollKind.SUPPORT)
        batch.ask((FundSource, held.source), (Poll, polled))
        support = batch.get(Poll, polled)
        if support is not None:
            close_poll(batch, support)
        event = decide_screening(
            held,
            batch.there(FundSource, held.source),
            negatives,
            supporters=support.in_favour if support else 0,
            least=batch.policy.fund.supporters,
        )
        return batch.record(event)

    return await move_project(actor, project, Action.SCREEN_PROJECT, key, one)


async def drop_project(
    actor: Actor, *, project: str, reason: ProjectDeclineReason, key: RequestKey
) -> Proposed:
    """End a project whose works are not accepted, as the street; promised money goes back.

    Refuses: NotFound, NotInThisState, OwnProject.
    """

    def one(batch: Batch, held: Project) -> Sealed:
        not_own(batch, held)
        entry = decline(batch, held, reason)
        if (promised := batch.get(Commitment, project)) is not None:
            release(batch, promised, promised.fen)
        return entry

    return await move_project(
        actor, project, Action.SCREEN_PROJECT, key, one, (Commitment, project)
    )


# Reads


async def projects_by_id(ids: Sequence[str]) -> dict[str, Project]:
    """Projects by their ids: everybody may know what is proposed for a community."""
    return {str(id): held for id, held in (await find_many(Project, ids)).items()}


async def projects_below(
    path: str, state: ProjectState | None, **where: Unpack[Where]
) -> list[Project]:
    """Projects below a path, in a state or in any, the oldest first: for everybody."""
    filters = {"state": state.value} if state else {}
    return await page_by_id(Project, where, Q(path__startswith=path), **filters)

"""Project works: approval that commits the money, the works, their acceptance and evaluation.

The street approves up to the policy's amount, above it the district; never one's own proposal.
Approving promises the money in the same entry's transaction, so that no two projects are approved
with the same fen. Residents accept, and the bill is there, before anything is paid; they say
afterwards how they find it (domain 10).
"""

from ledger.entry import Sealed
from timebank.access import Action, permit
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.funding.commitments import (
    Commitment,
    Condition,
    ask_of,
    commit_funds,
    meet,
    release,
)
from timebank.funding.polls import Poll, PollKind, close_poll
from timebank.funding.project_life import (
    LIFECYCLE,
    EvaluationAsked,
    ProjectApproved,
    ProjectClosed,
    ProjectCommitted,
    ProjectEvaluated,
    ProjectToRectify,
    WorksAccepted,
    WorksBegun,
)
from timebank.funding.projects import Project, Proposed, ask_residents, move_project, not_own
from timebank.funding.sources import decide_enough
from timebank.funding.spending import Voucher, decide_voucher
from timebank.funding.tranches import plan_tranches
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.policy import Fund
from timebank.publicity import Publicity, decide_heard
from timebank.refusals import Refusal

# Refusals


class WorksNotAccepted(Refusal):
    """Nothing is paid that residents did not accept (domain 10)."""

    says = "Of {present} residents {in_favour} accept the works; at least {least} must answer."
    present: int
    in_favour: int
    least: int


class NobodyAsked(Refusal):
    """An evaluation is the residents'."""

    says = "No resident has said how they find it; ask them first."


# Decisions


def decide_accepted(poll: Poll, rule: Fund) -> None:
    """Whether residents accept the works. Refuses: WorksNotAccepted."""
    enough = poll.in_favour * 100 > poll.present * rule.majority_percent
    least = rule.least_accepting
    if poll.present < least or not enough:
        raise WorksNotAccepted(present=poll.present, in_favour=poll.in_favour, least=least)


def decide_evaluation(
    project: Project, poll: Poll | None, rule: Fund
) -> ProjectEvaluated | ProjectToRectify:
    """What residents find: satisfied, or to be put right.

    Refuses: NobodyAsked, NotInThisState.
    """
    step(LIFECYCLE, project.state, ProjectEvaluated)
    if poll is None or not poll.open or not poll.present:
        raise NobodyAsked
    percent = poll.in_favour * 100 // poll.present
    satisfied = poll.in_favour * 100 >= poll.present * rule.satisfaction_min_percent
    made = ProjectEvaluated if satisfied else ProjectToRectify
    return made(project=project.id, satisfied_percent=percent)


# Commands


async def approve_project(actor: Actor, *, project: str, key: RequestKey) -> Proposed:
    """Approve a project after its publicity and promise its money, all of it or nothing.

    Refuses: NotFound, OwnProject, NotInThisState, PublicityOpen, PublicityUndecided, SourceOver,
    PurposeOutside, NotAllotted, NotEnoughMoney.   Source: domain 10.
    """

    def one(batch: Batch, held: Project) -> Sealed:
        not_own(batch, held)
        if held.fen > batch.policy.fund.project_max_fen:
            permit(batch, Action.APPROVE_LARGE_PROJECT, held.path)
        step(LIFECYCLE, held.state, ProjectApproved)
        decide_heard(batch.there(Publicity, held.id), batch.today)
        entry = batch.record(ProjectApproved(project=held.id))
        commit_funds(
            batch,
            held.id,
            source=held.source,
            unit=held.unit,
            purpose=held.purpose,
            fen=held.fen,
            negatives=held.negatives,
        )
        batch.record(ProjectCommitted(project=held.id))
        return entry

    return await move_project(actor, project, Action.JUDGE_PROJECT, key, one)


async def begin_works(actor: Actor, *, project: str, key: RequestKey) -> Proposed:
    """Begin the works; residents may say from now on whether they accept them.

    Refuses: NotFound, NotInThisState.
    """

    def one(batch: Batch, held: Project) -> Sealed:
        step(LIFECYCLE, held.state, WorksBegun)
        entry = batch.record(WorksBegun(project=held.id))
        ask_residents(batch, held, PollKind.ACCEPTANCE)
        return entry

    return await move_project(actor, project, Action.RUN_PROJECT, key, one)


async def accept_works(
    actor: Actor, *, project: str, fen: int, voucher: str, key: RequestKey
) -> Proposed:
    """Note that residents accepted the works and what they cost; the rest is not needed any more.

    Args: fen, the cost, at most what was promised; voucher, the SHA-256 of the bill for it.
    Refuses: NotFound, NotInThisState, WorksNotAccepted, VoucherMissing, VoucherUsed,
    FenNotPositive, NotEnoughMoney.   Source: domain 10 (N14).
    """

    def one(batch: Batch, held: Project) -> Sealed:
        step(LIFECYCLE, held.state, WorksAccepted)
        acceptance = held.poll(PollKind.ACCEPTANCE)
        batch.ask((Poll, acceptance), (Commitment, held.id), (Voucher, voucher))
        poll, promised = batch.there(Poll, acceptance), batch.there(Commitment, held.id)
        ask_of(batch, promised)
        decide_accepted(poll, batch.policy.fund)
        decide_voucher(voucher, used=batch.get(Voucher, voucher) is not None)
        decide_enough(promised.fen, fen)
        close_poll(batch, poll)
        entry = batch.record(WorksAccepted(project=held.id, fen=fen, voucher=voucher))
        release(batch, promised, promised.fen - fen)
        plan_tranches(batch, held.id, [(fen, Condition.ACCEPTANCE, 0)])
        meet(batch, held.id, Condition.ACCEPTANCE)
        return entry

    return await move_project(actor, project, Action.RUN_PROJECT, key, one)


async def ask_evaluation(actor: Actor, *, project: str, key: RequestKey) -> Proposed:
    """Ask residents how they find what was paid for, again after it was put right.

    Refuses: NotFound, NotInThisState.
    """

    def one(batch: Batch, held: Project) -> Sealed:
        step(LIFECYCLE, held.state, EvaluationAsked)
        number = held.evaluations + 1
        entry = batch.record(EvaluationAsked(project=held.id, number=number))
        ask_residents(batch, batch.there(Project, held.id), PollKind.EVALUATION)
        return entry

    return await move_project(actor, project, Action.RUN_PROJECT, key, one)


async def evaluate_project(actor: Actor, *, project: str, key: RequestKey) -> Proposed:
    """Count how residents find it: enough are satisfied, or it is put right.

    Refuses: NotFound, NotInThisState, NobodyAsked.   Source: domain 10.
    """

    def one(batch: Batch, held: Project) -> Sealed:
        poll = batch.get(Poll, held.poll(PollKind.EVALUATION))
        event = decide_evaluation(held, poll, batch.policy.fund)
        if poll is not None:
            close_poll(batch, poll)
        return batch.record(event)

    return await move_project(actor, project, Action.RUN_PROJECT, key, one)


async def close_project(actor: Actor, *, project: str, key: RequestKey) -> Proposed:
    """End a project that residents are satisfied with. Refuses: NotFound, NotInThisState."""

    def one(batch: Batch, held: Project) -> Sealed:
        step(LIFECYCLE, held.state, ProjectClosed)
        return batch.record(ProjectClosed(project=held.id))

    return await move_project(actor, project, Action.SCREEN_PROJECT, key, one)

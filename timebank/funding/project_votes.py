"""Project votes: how residents support and decide, and what is laid open before the street decides.

A proposal is a resident's with ten supporters: whoever proposes it is none of the ten.

Paper, telephone and page are merged into one poll; the quorum and the majority are the policy's of
the day the votes are counted (domain 10).
"""

from collections.abc import Collection
from datetime import date, timedelta

from ledger.entry import Sealed
from timebank.access import Action
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.funding.polls import Poll, PollKind, asks_others, close_poll
from timebank.funding.project_life import (
    LIFECYCLE,
    ProjectDeclined,
    ProjectDeclineReason,
    ProjectDiscussed,
    ProjectPublicised,
    ProjectVoted,
)
from timebank.funding.projects import (
    Project,
    Proposed,
    ask_residents,
    decline,
    move_project,
    not_own,
)
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.people import Person, selves_in
from timebank.policy import Fund
from timebank.publicity import (
    PublicityObjection,
    objection_key,
    rule_on_objection,
)
from timebank.refusals import Refusal

# Refusals


class ProposerSupports(Refusal):
    """A resident with ten supporters is eleven people (domain 10)."""

    says = "Whoever proposed this is not one of its supporters; other residents support it."


class EligibleMissing(Refusal):
    """A quorum is a part of somebody."""

    says = "Say how many residents may decide, more than 0."
    path = ("eligible",)


class VoteDayWrong(Refusal):
    """Residents have some days to answer."""

    says = "Residents answer until a day from today to {latest}."
    latest: date
    path = ("until",)


class VoteOpen(Refusal):
    """Votes are counted when the last day is over, or everybody answered."""

    says = "Residents may answer until the end of {until}; count from the next day on."
    until: date


class MoreThanEligible(Refusal):
    """More answers than residents: the number of those who may decide is wrong."""

    says = "{present} answered and only {eligible} may decide; correct the number first."
    present: int
    eligible: int


# Decisions


def decide_supporter(project: Project, selves: Collection[PersonId]) -> None:
    """Whether the support of a resident, by all ids that are theirs, counts for a proposal.

    A document that no registration holds says nothing of who it is: a proposer who signs a paper
    with another one than they registered with is not known, except to the staff who take it down.
    Refuses: ProposerSupports.
    """
    if project.proposer in selves:
        raise ProposerSupports


def decide_discussed(
    project: Project, eligible: int, until: date, rule: Fund, today: date
) -> ProjectDiscussed:
    """Refuses: NotInThisState, EligibleMissing, VoteDayWrong."""
    step(LIFECYCLE, project.state, ProjectDiscussed)
    if eligible <= 0:
        raise EligibleMissing
    latest = today + timedelta(days=rule.vote_days_max)
    if not today <= until <= latest:
        raise VoteDayWrong(latest=latest)
    return ProjectDiscussed(project=project.id, eligible=eligible, until=until)


def decide_vote(
    project: Project, poll: Poll, rule: Fund, today: date
) -> ProjectVoted | ProjectDeclined:
    """What residents decided: more than half present, more than half of those in favour.

    Refuses: NotInThisState, VoteOpen, MoreThanEligible.
    """
    step(LIFECYCLE, project.state, ProjectVoted)
    if poll.present > project.eligible:
        raise MoreThanEligible(present=poll.present, eligible=project.eligible)
    if poll.until is not None and today <= poll.until and poll.present < project.eligible:
        raise VoteOpen(until=poll.until)
    reason = None
    if poll.present * 100 <= project.eligible * rule.quorum_percent:
        reason = ProjectDeclineReason.NO_QUORUM
    elif poll.in_favour * 100 <= poll.present * rule.majority_percent:
        reason = ProjectDeclineReason.NO_MAJORITY
    if reason is not None:
        return ProjectDeclined(project=project.id, reason=reason)
    return ProjectVoted(
        project=project.id,
        eligible=project.eligible,
        in_favour=poll.in_favour,
        against=poll.against,
        quorum_percent=rule.quorum_percent,
        majority_percent=rule.majority_percent,
    )


@asks_others(PollKind.SUPPORT)
def _others_support(batch: Batch, poll: Poll, person: Person) -> None:
    batch.ask((Project, poll.about))
    decide_supporter(batch.there(Project, poll.about), selves_in(batch, person.id))


# Commands


async def open_vote(
    actor: Actor, *, project: str, eligible: int, until: date, key: RequestKey
) -> Proposed:
    """After the discussion, let residents decide until a day, as the committee.

    Args: eligible, how many may decide.
    Refuses: NotFound, NotInThisState, EligibleMissing, VoteDayWrong.   Source: domain 10.
    """

    def one(batch: Batch, held: Project) -> Sealed:
        entry = batch.record(
            decide_discussed(held, eligible, until, batch.policy.fund, batch.today)
        )
        ask_residents(batch, held, PollKind.DECISION, until)
        return entry

    return await move_project(actor, project, Action.RUN_PROJECT, key, one)


async def count_votes(actor: Actor, *, project: str, key: RequestKey) -> Proposed:
    """Count what residents answered; without quorum or majority the project ends.

    Refuses: NotFound, NotInThisState, VoteOpen, MoreThanEligible.   Source: domain 10.
    """

    def one(batch: Batch, held: Project) -> Sealed:
        step(LIFECYCLE, held.state, ProjectVoted)
        poll = batch.there(Poll, held.poll(PollKind.DECISION))
        event = decide_vote(held, poll, batch.policy.fund, batch.today)
        close_poll(batch, poll)
        return batch.record(event)

    return await move_project(actor, project, Action.RUN_PROJECT, key, one)


async def publicise_project(actor: Actor, *, project: str, key: RequestKey) -> Proposed:
    """Lay a project open to everybody for the rule's days. Refuses: NotFound, NotInThisState."""

    def one(batch: Batch, held: Project) -> Sealed:
        step(LIFECYCLE, held.state, ProjectPublicised)
        until = batch.today + timedelta(days=batch.policy.fund.publicity_days)
        return batch.record(ProjectPublicised(project=held.id, until=until))

    return await move_project(actor, project, Action.RUN_PROJECT, key, one)


async def rule_on_project_objection(
    actor: Actor, *, project: str, objector: PersonId, uphold: bool, key: RequestKey
) -> Proposed:
    """Decide an objection to a project that is laid open; upheld, the project ends.

    Refuses: NotFound, OwnProject, OwnPublicityObjection, NotInThisState.
    """
    id = objection_key(project, objector)

    def one(batch: Batch, held: Project) -> Sealed:
        not_own(batch, held)
        objection = batch.need(PublicityObjection, id, "objection")
        if uphold:
            step(LIFECYCLE, held.state, ProjectDeclined)
        entry = rule_on_objection(batch, objection, uphold=uphold)
        if uphold:
            decline(batch, held, ProjectDeclineReason.OBJECTION_UPHELD)
        return entry

    more = (PublicityObjection, id)
    return await move_project(actor, project, Action.SCREEN_PROJECT, key, one, more)

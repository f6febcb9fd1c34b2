"""Project votes: quorum and majority by policy, then laid open, and what objections do."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from tests.funding import allotted
from tests.projects import (
    ELIGIBLE,
    answered,
    asked,
    laid_open,
    on_paper,
    project_of,
    proposed,
    screened,
)
from tests.starring import SEEDED
from tests.test_funding_polls import OPEN
from tests.test_funding_projects import PROJECT
from tests.wire import act, ask, form
from tests.world import World, key, resident_id
from timebank import replay
from timebank.access import Role
from timebank.clock import day_of
from timebank.funding.polls import PollKind, PollOver, cast_ballot
from timebank.funding.project_life import (
    ProjectDeclined,
    ProjectDeclineReason,
    ProjectState,
    ProjectVoted,
)
from timebank.funding.project_votes import (
    EligibleMissing,
    MoreThanEligible,
    ProposerSupports,
    VoteDayWrong,
    VoteOpen,
    count_votes,
    decide_discussed,
    decide_supporter,
    decide_vote,
    open_vote,
    rule_on_project_objection,
)
from timebank.funding.project_works import approve_project
from timebank.funding.projects import TooFewSupporters, screen_project
from timebank.lifecycles import NotInThisState
from timebank.publicity import (
    OwnPublicityObjection,
    PublicityOpen,
    PublicityReason,
    PublicityUndecided,
    object_to_publicity,
)
from timebank.refusals import NotFound, Refusal

pytestmark = pytest.mark.one_database

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)
NO_QUORUM, NO_MAJORITY = ProjectDeclineReason.NO_QUORUM, ProjectDeclineReason.NO_MAJORITY


def test_who_proposes_is_none_of_the_supporters() -> None:
    decide_supporter(PROJECT, ["per_2"])
    for selves in ([PROJECT.proposer], ["per_2", PROJECT.proposer]):
        with pytest.raises(ProposerSupports):
            decide_supporter(PROJECT, selves)


@pytest.mark.anyio
async def test_ten_others_support_what_a_resident_proposes_whichever_way_it_comes(
    world: World,
) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    own, others = resident_id(world.count - 1), resident_id(world.count)
    project = await proposed(world, await allotted(world), by=who)
    poll = (await project_of(project)).poll(PollKind.SUPPORT)
    seen = "query($p: ID!) { node(id: $p) { ... on Project { proposedByMe } } }"
    for actor, mine in ((who, True), (other, False)):
        assert (await ask(world, actor, seen, p=project))["node"] == {"proposedByMe": mine}
    assert (await ask(world, form(), seen, p=project))["node"] == {"proposedByMe": False}

    told = await act(world, who, "castBallot", "poll { id }", poll=poll, inFavour=True)
    assert [no["code"] for no in told["userErrors"]] == ["PROPOSER_SUPPORTS"]
    with pytest.raises(ProposerSupports):
        await on_paper(world, poll, own)
    await on_paper(world, poll, others)
    await answered(world, project, PollKind.SUPPORT, SEEDED.fund.supporters - 2)
    street = world.staff[Role.STREET_OFFICER]
    with pytest.raises(TooFewSupporters) as no:
        await screen_project(street, project=project, negatives=[], key=key())
    assert no.value.details["have"] == "9"
    await cast_ballot(await world.volunteer(), poll=poll, in_favour=True, key=key())
    await screen_project(street, project=project, negatives=[], key=key())
    # Supporting is for others; deciding is for every resident.
    until = day_of(world.clock.now()) + DAY
    manager = world.staff[Role.STATION_MANAGER]
    await open_vote(manager, project=project, eligible=1, until=until, key=key())
    poll = (await project_of(project)).poll(PollKind.DECISION)
    await cast_ballot(who, poll=poll, in_favour=True, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.parametrize(
    ("eligible", "in_favour", "against", "outcome"),
    [
        (100, 51, 0, None),
        (100, 26, 25, None),
        (100, 50, 0, NO_QUORUM),
        (100, 25, 25, NO_QUORUM),
        (100, 30, 30, NO_MAJORITY),
        (100, 0, 60, NO_MAJORITY),
        (3, 2, 0, None),
        (3, 1, 1, NO_MAJORITY),
        (3, 1, 0, NO_QUORUM),
        (1, 1, 0, None),
        (1, 0, 0, NO_QUORUM),
        (2, 2, 1, MoreThanEligible),
    ],
)
def test_more_than_half_present_and_more_than_half_of_those_in_favour(
    eligible: int, in_favour: int, against: int, outcome: Any
) -> None:
    project = msgspec.structs.replace(PROJECT, state=ProjectState.DISCUSSED, eligible=eligible)
    poll = msgspec.structs.replace(OPEN, in_favour=in_favour, against=against)
    given = (project, poll, SEEDED.fund, TODAY + DAY)
    if isinstance(outcome, type) and issubclass(outcome, Refusal):
        with pytest.raises(outcome):
            decide_vote(*given)
        return
    told = decide_vote(*given)
    if outcome is None:
        assert isinstance(told, ProjectVoted)
        assert (told.quorum_percent, told.majority_percent) == (50, 50)
    else:
        assert isinstance(told, ProjectDeclined)
        assert told.reason is outcome


def test_votes_are_counted_after_the_last_day_or_when_everybody_answered() -> None:
    project = msgspec.structs.replace(PROJECT, state=ProjectState.DISCUSSED, eligible=2)
    one = msgspec.structs.replace(OPEN, in_favour=1)
    with pytest.raises(VoteOpen):
        decide_vote(project, one, SEEDED.fund, TODAY)
    both = msgspec.structs.replace(OPEN, in_favour=2)
    assert isinstance(decide_vote(project, both, SEEDED.fund, TODAY), ProjectVoted)


def test_residents_are_given_some_days_and_are_somebody() -> None:
    screened = msgspec.structs.replace(PROJECT, state=ProjectState.SCREENED)
    last = TODAY + SEEDED.fund.vote_days_max * DAY
    assert decide_discussed(screened, 1, last, SEEDED.fund, TODAY).until == last
    for project, eligible, until, no in (
        (screened, 0, TODAY, EligibleMissing),
        (screened, 1, last + DAY, VoteDayWrong),
        (screened, 1, TODAY - DAY, VoteDayWrong),
        (PROJECT, 1, TODAY, NotInThisState),
    ):
        with pytest.raises(no):
            decide_discussed(project, eligible, until, SEEDED.fund, TODAY)


@pytest.mark.anyio
async def test_a_project_is_discussed_decided_and_laid_open_on_the_wire(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    project = await screened(world, await allotted(world))
    told = await act(
        world,
        manager,
        "openVote",
        "project { state due eligible }",
        project=project,
        eligible=ELIGIBLE,
        until="2026-11-23",
    )
    assert told["project"] == {"state": "DISCUSSED", "due": "2026-11-23", "eligible": ELIGIBLE}
    await answered(world, project, PollKind.DECISION, 2, 1)
    told = await act(world, manager, "countVotes", "project { state }", project=project)
    assert [no["code"] for no in told["userErrors"]] == ["VOTE_OPEN"]
    world.clock.move(4 * DAY)
    with pytest.raises(PollOver):
        await answered(world, project, PollKind.DECISION, 1, from_n=760)
    told = await act(world, manager, "countVotes", "project { state }", project=project)
    assert told["project"] == {"state": "VOTED"}
    told = await act(world, manager, "publiciseProject", "project { state due }", project=project)
    assert told["project"] == {"state": "PUBLICISED", "due": "2026-12-01"}
    with pytest.raises(PublicityOpen):
        await approve_project(world.staff[Role.STREET_OFFICER], project=project, key=key())


@pytest.mark.anyio
async def test_without_quorum_the_project_ends(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    project = await asked(world, await allotted(world))
    await answered(world, project, PollKind.DECISION, 2)
    world.clock.move(4 * DAY)
    await count_votes(manager, project=project, key=key())
    assert (await project_of(project)).declined is NO_QUORUM
    with pytest.raises(NotInThisState):
        await open_vote(manager, project=project, eligible=9, until=date(2026, 12, 1), key=key())


@pytest.mark.anyio
async def test_objections_wait_for_their_answer_and_one_that_is_true_ends_it(
    world: World,
) -> None:
    source, street = await allotted(world), world.staff[Role.STREET_OFFICER]
    who = await world.volunteer()
    first, second = await laid_open(world, source), await laid_open(world, source)
    for project in (first, second):
        reason = PublicityReason.RULE_BROKEN
        await object_to_publicity(who, about=project, reason=reason, key=key())
    await object_to_publicity(street, about=second, reason=reason, key=key())
    with pytest.raises(OwnPublicityObjection):
        await rule_on_project_objection(
            street, project=second, objector=street.id, uphold=True, key=key()
        )
    query = "query($p: ID!) { node(id: $p) { ... on Project { objections { reason state } } } }"
    seen = (await ask(world, street, query, p=first))["node"]["objections"]
    assert seen == [{"reason": "RULE_BROKEN", "state": "RAISED"}]
    assert (await ask(world, form(), query, p=first))["node"]["objections"] == []
    world.clock.move(8 * DAY)
    with pytest.raises(PublicityUndecided):
        await approve_project(street, project=first, key=key())
    objector = who.person or ""
    for project, uphold in ((first, False), (second, True)):
        await rule_on_project_objection(
            street, project=project, objector=objector, uphold=uphold, key=key()
        )
    with pytest.raises(NotFound):
        await rule_on_project_objection(
            street, project=first, objector="per_none", uphold=True, key=key()
        )
    await approve_project(street, project=first, key=key())
    assert (await project_of(first)).state is ProjectState.COMMITTED
    assert (await project_of(second)).declined is ProjectDeclineReason.OBJECTION_UPHELD

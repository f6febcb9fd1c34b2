"""Community projects: proposed by residents with supporters or by their committee, and screened."""

from datetime import date
from typing import Any

import msgspec
import pytest

from tests.funding import SHARE, YEAR, allotted
from tests.organising import codes_of
from tests.projects import COST, answered, approved, project_of, proposed, screened
from tests.starring import SEEDED
from tests.wire import act, ask, form
from tests.world import World, found_station, key
from timebank import accounts, replay
from timebank.access import Role, grant_role
from timebank.accounts import balance_of
from timebank.actors import SYSTEM
from timebank.events import Event
from timebank.funding.commitments import PurposeOutside
from timebank.funding.moves import FundsPaid, PaymentReversed
from timebank.funding.polls import NotAResident, PollKind, PollOver
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
    ProjectPublicised,
    ProjectScreened,
    ProjectState,
    ProjectToRectify,
    ProjectVoted,
    WorksAccepted,
    WorksBegun,
)
from timebank.funding.projects import (
    OwnProject,
    Project,
    TooFewSupporters,
    decide_screening,
    drop_project,
    screen_project,
)
from timebank.funding.purposes import FundPurpose, Negative
from timebank.funding.sources import FenNotPositive, FundKind, FundSource, SourceState
from timebank.lifecycles import NotInThisState, step
from timebank.refusals import Forbidden, NotFound
from timebank.texts import TextMissing

pytestmark = pytest.mark.one_database

TODAY = date(YEAR, 11, 20)
LEAST = SEEDED.fund.supporters
PROJECT = Project(
    id="prj_1",
    station="sta_1",
    path="4/5/sta_1/",
    unit="5",
    unit_path="4/5/",
    source="src_1",
    purpose=FundPurpose.PUBLIC_PLACES,
    fen=COST,
    by_committee=False,
    proposer="per_1",
    proposed_on=TODAY,
    state=ProjectState.PROPOSED,
)
SOURCE = FundSource(
    id="src_1",
    fund=FundKind.COMMUNITY_BENEFIT,
    year=YEAR,
    fen=1,
    purposes=(FundPurpose.PUBLIC_PLACES,),
    negatives=(Negative.OFFICE, Negative.SPLIT),
    last_day=date(YEAR, 12, 31),
    state=SourceState.OPEN,
)
MOVES: list[type[Event]] = [
    ProjectScreened,
    ProjectDiscussed,
    ProjectVoted,
    ProjectPublicised,
    ProjectApproved,
    ProjectCommitted,
    WorksBegun,
    WorksAccepted,
    FundsPaid,
    PaymentReversed,
    EvaluationAsked,
    ProjectEvaluated,
    ProjectToRectify,
    ProjectClosed,
    ProjectDeclined,
]


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert set(LIFECYCLE) == set(ProjectState) == reached | {ProjectState.PROPOSED}
    for state in ProjectState:
        for event in MOVES:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in ProjectState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


def test_screening_looks_at_supporters_and_at_the_sources_own_list() -> None:
    def told(*negatives: Negative, supporters: int = LEAST, **changed: Any) -> object:
        project = msgspec.structs.replace(PROJECT, **changed)
        return decide_screening(project, SOURCE, negatives, supporters=supporters, least=LEAST)

    assert told() == ProjectScreened(project="prj_1")
    assert told(supporters=0, by_committee=True) == ProjectScreened(project="prj_1")
    beside = told(Negative.PARTY_ONLY, Negative.PARTY_ONLY)
    assert beside == ProjectScreened(project="prj_1", negatives=(Negative.PARTY_ONLY,))
    against = told(Negative.SPLIT, Negative.PARTY_ONLY)
    assert against == ProjectDeclined(
        project="prj_1",
        reason=ProjectDeclineReason.NEGATIVE_LIST,
        negatives=(Negative.PARTY_ONLY, Negative.SPLIT),
    )
    with pytest.raises(TooFewSupporters) as no:
        told(supporters=LEAST - 1)
    assert no.value.details == {"least": "10", "have": "9"}
    with pytest.raises(NotInThisState):
        told(state=ProjectState.SCREENED)


@pytest.mark.anyio
async def test_a_resident_finds_ten_supporters_and_the_street_screens(world: World) -> None:
    source, street = await allotted(world), world.staff[Role.STREET_OFFICER]
    who = await world.volunteer()
    told = await act(
        world,
        who,
        "proposeProject",
        "project { id title state byCommittee unit { code } source { id } commitment { fen } }",
        station=world.station,
        source=source,
        purpose="PUBLIC_PLACES",
        fen=COST,
        title="加装楼道扶手",
    )
    project = told["project"].pop("id")
    assert told["project"] == {
        "title": "加装楼道扶手",
        "state": "PROPOSED",
        "byCommittee": False,
        "unit": {"code": "420102002003"},
        "source": {"id": source},
        "commitment": None,
    }
    await answered(world, project, PollKind.SUPPORT, LEAST - 1)
    told = await act(
        world, street, "screenProject", "project { state }", project=project, negatives=[]
    )
    assert [no["code"] for no in told["userErrors"]] == ["TOO_FEW_SUPPORTERS"]
    await answered(world, project, PollKind.SUPPORT, 1, from_n=790)
    told = await act(
        world, street, "screenProject", "project { state }", project=project, negatives=[]
    )
    assert told["project"] == {"state": "SCREENED"}
    assert await codes_of(who) == ["project_moved"]
    with pytest.raises(PollOver):
        await answered(world, project, PollKind.SUPPORT, 1, from_n=795)
    asked = "query($p: String!) { projects(below: $p, state: SCREENED) { nodes { id } } }"
    seen = await ask(world, form(), asked, p="420100/420102/")
    assert seen["projects"]["nodes"] == [{"id": project}]
    assert (await ask(world, form(), asked, p="420100/420103/"))["projects"]["nodes"] == []
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_what_is_on_the_negative_list_ends_there(world: World) -> None:
    project = await screened(world, await allotted(world), Negative.MEALS_GIFTS_TRAVEL)
    held = await project_of(project)
    assert (held.state, held.declined) == (
        ProjectState.DECLINED,
        ProjectDeclineReason.NEGATIVE_LIST,
    )
    assert held.negatives == (Negative.MEALS_GIFTS_TRAVEL,)


@pytest.mark.anyio
async def test_proposals_are_of_the_place_for_its_purposes_and_screened_by_others(
    world: World,
) -> None:
    source = await allotted(world)
    other = await found_station(world, number="002", area="420102002004")
    stranger, street = await world.register(home=other), world.staff[Role.STREET_OFFICER]
    for changed, no in (
        ({"by": stranger}, NotAResident),
        ({"fen": 0}, FenNotPositive),
        ({"purpose": FundPurpose.PARTY_BUILDING}, PurposeOutside),
        ({"title": "  "}, TextMissing),
    ):
        with pytest.raises(no):
            await proposed(world, source, **changed)
    with pytest.raises(NotFound):
        await proposed(world, "src_none")
    mine = await proposed(world, source)
    with pytest.raises(Forbidden):
        await screen_project(
            world.staff[Role.STATION_MANAGER], project=mine, negatives=[], key=key()
        )
    await screen_project(street, project=mine, negatives=[], key=key())
    with pytest.raises(NotInThisState):
        await screen_project(street, project=mine, negatives=[], key=key())


@pytest.mark.anyio
async def test_nobody_screens_what_they_proposed(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    project = await proposed(world, await allotted(world))
    role, path = Role.STREET_OFFICER, "420100/"
    await grant_role(SYSTEM, person=manager.id, role=role, scope=path, key=key())
    with pytest.raises(OwnProject):
        await screen_project(manager, project=project, negatives=[], key=key())


@pytest.mark.anyio
async def test_a_dropped_project_gives_its_money_back(world: World) -> None:
    source = await allotted(world)
    project = await approved(world, source)
    held = accounts.allotment("420102002003", YEAR, source)
    assert await balance_of(held) == SHARE - COST
    await drop_project(
        world.staff[Role.STREET_OFFICER],
        project=project,
        reason=ProjectDeclineReason.NOT_FEASIBLE,
        key=key(),
    )
    assert await balance_of(held) == SHARE
    assert await balance_of(accounts.award(project)) == 0
    assert (await project_of(project)).state is ProjectState.DECLINED
    assert (await replay.compare(world.settings.database_url)).differing == 0

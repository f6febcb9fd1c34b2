"""Project works: approval commits, residents accept, two persons pay, residents evaluate."""

import msgspec
import pytest

from tests.funding import SHARE, YEAR, allotted, voucher
from tests.projects import (
    COST,
    DAY,
    answered,
    approved,
    built,
    laid_open,
    officer_of,
    paid,
    project_of,
)
from tests.starring import SEEDED
from tests.test_funding_polls import OPEN
from tests.test_funding_projects import PROJECT
from tests.wire import act, ask, form
from tests.world import COMMUNITY, World, key
from timebank import accounts, replay
from timebank.access import Role
from timebank.accounts import balance_of
from timebank.funding.balances import FundBalance, balance_key
from timebank.funding.commitments import NotAllotted
from timebank.funding.polls import PollKind
from timebank.funding.project_life import ProjectEvaluated, ProjectState, ProjectToRectify
from timebank.funding.project_works import (
    NobodyAsked,
    WorksNotAccepted,
    accept_works,
    approve_project,
    begin_works,
    close_project,
    decide_accepted,
    decide_evaluation,
    evaluate_project,
)
from timebank.funding.purposes import FundPurpose
from timebank.funding.sources import NotEnoughMoney
from timebank.funding.spending import VoucherMissing, VoucherUsed, lines_of
from timebank.lifecycles import NotInThisState
from timebank.refusals import Forbidden
from timebank.tables import find

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    ("in_favour", "against", "accepted"),
    [(3, 0, True), (2, 1, True), (2, 2, False), (2, 0, False), (0, 0, False), (1, 2, False)],
)
def test_some_residents_answer_and_more_than_half_of_them_accept(
    in_favour: int, against: int, accepted: bool
) -> None:
    poll = msgspec.structs.replace(OPEN, in_favour=in_favour, against=against)
    if accepted:
        decide_accepted(poll, SEEDED.fund)
    else:
        with pytest.raises(WorksNotAccepted):
            decide_accepted(poll, SEEDED.fund)


def test_how_many_must_answer_is_the_policy_of_the_day() -> None:
    rule = msgspec.structs.replace(SEEDED.fund, least_accepting=4)
    with pytest.raises(WorksNotAccepted):
        decide_accepted(msgspec.structs.replace(OPEN, in_favour=3), rule)
    decide_accepted(msgspec.structs.replace(OPEN, in_favour=4), rule)


def test_sixty_of_a_hundred_are_satisfied_or_it_is_put_right() -> None:
    project = msgspec.structs.replace(PROJECT, state=ProjectState.PAID)
    for in_favour, against, made, percent in (
        (3, 2, ProjectEvaluated, 60),
        (599, 401, ProjectToRectify, 59),
        (1, 0, ProjectEvaluated, 100),
        (0, 1, ProjectToRectify, 0),
    ):
        poll = msgspec.structs.replace(OPEN, in_favour=in_favour, against=against)
        told = decide_evaluation(project, poll, SEEDED.fund)
        assert (type(told), told.satisfied_percent) == (made, percent)
    for poll_or_none in (None, OPEN, msgspec.structs.replace(OPEN, in_favour=1, open=False)):
        with pytest.raises(NobodyAsked):
            decide_evaluation(project, poll_or_none, SEEDED.fund)
    with pytest.raises(NotInThisState):
        decide_evaluation(PROJECT, OPEN, SEEDED.fund)


@pytest.mark.anyio
async def test_a_project_from_approval_to_its_end_on_the_wire(world: World) -> None:
    source = await allotted(world)
    project, street = await laid_open(world, source), world.staff[Role.STREET_OFFICER]
    manager = world.staff[Role.STATION_MANAGER]
    world.clock.move(8 * DAY)
    asked = "project { state commitment { fen paid spent unit { code } tranches { fen state } } }"
    told = await act(world, street, "approveProject", asked, project=project)
    assert told["project"] == {
        "state": "COMMITTED",
        "commitment": {
            "fen": COST,
            "paid": 0,
            "spent": 0,
            "unit": {"code": COMMUNITY},
            "tranches": [],
        },
    }
    await act(world, manager, "beginWorks", "project { state }", project=project)
    await answered(world, project, PollKind.ACCEPTANCE, 3)
    bill = voucher()
    told = await act(
        world, manager, "acceptWorks", asked, project=project, fen=COST - 5, voucher=bill
    )
    commitment = told["project"]["commitment"]
    assert commitment["fen"] == COST - 5
    assert commitment["tranches"] == [{"fen": COST - 5, "state": "PLANNED"}]
    await paid(world, project)
    purpose = FundPurpose.PUBLIC_PLACES
    assert await balance_of(accounts.paid(purpose, source)) == COST - 5
    assert await balance_of(accounts.allotment(COMMUNITY, YEAR, source)) == SHARE - COST + 5
    held = await find(FundBalance, balance_key(source, COMMUNITY, purpose))
    assert held
    assert (held.committed, held.paid, held.spent) == (COST - 5,) * 3
    # Not satisfied, put right, asked again, satisfied, over.
    for number, (yes, no), state in ((1, (1, 1), "RECTIFY"), (2, (2, 1), "EVALUATED")):
        await act(world, manager, "askEvaluation", "project { state }", project=project)
        await answered(world, project, PollKind.EVALUATION, yes, no, from_n=700 + number)
        told = await act(world, manager, "evaluateProject", "project { state }", project=project)
        assert told["project"] == {"state": state}
    told = await act(
        world, street, "closeProject", "project { state satisfiedPercent }", project=project
    )
    assert told["project"] == {"state": "CLOSED", "satisfiedPercent": 66}
    query = "query($p: ID!) { spending(commitment: $p) { nodes { item fen voucher spentOn } } }"
    assert (await ask(world, form(), query, p=project))["spending"]["nodes"] == [
        {"item": "WORKS", "fen": COST - 5, "voucher": bill, "spentOn": "2026-11-28"}
    ]
    query = "query($s: ID!) { commitments(source: $s) { nodes { id name purpose paid } } }"
    assert (await ask(world, form(), query, s=source))["commitments"]["nodes"] == [
        {"id": project, "name": "加装楼道扶手", "purpose": "PUBLIC_PLACES", "paid": COST - 5}
    ]
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_nothing_is_approved_that_the_area_cannot_pay_or_was_not_given(world: World) -> None:
    street = world.staff[Role.STREET_OFFICER]
    poor = await allotted(world, COST - 1)
    other = await allotted(world, unit="420102002004")
    short, foreign = await laid_open(world, poor), await laid_open(world, other)
    world.clock.move(8 * DAY)
    for project, no in ((short, NotEnoughMoney), (foreign, NotAllotted)):
        with pytest.raises(no):
            await approve_project(street, project=project, key=key())
        assert (await project_of(project)).state is ProjectState.PUBLICISED
    assert await balance_of(accounts.allotment(COMMUNITY, YEAR, poor)) == COST - 1


@pytest.mark.anyio
async def test_above_the_streets_amount_the_district_approves(world: World) -> None:
    most = SEEDED.fund.project_max_fen
    source = await allotted(world, 3 * most)
    large, largest = (
        await laid_open(world, source, fen=most + 1),
        await laid_open(world, source, fen=most),
    )
    world.clock.move(8 * DAY)
    street, district = world.staff[Role.STREET_OFFICER], world.staff[Role.DISTRICT_LEAD]
    with pytest.raises(Forbidden):
        await approve_project(street, project=large, key=key())
    await approve_project(district, project=large, key=key())
    await approve_project(street, project=largest, key=key())


@pytest.mark.anyio
async def test_residents_accept_before_anything_is_planned_to_be_paid(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    (used,) = await lines_of(await built(world, await allotted(world)))
    project, bill = await approved(world, await allotted(world)), voucher()
    with pytest.raises(NotInThisState):
        await accept_works(manager, project=project, fen=COST, voucher=bill, key=key())
    await begin_works(manager, project=project, key=key())
    await answered(world, project, PollKind.ACCEPTANCE, 2)
    with pytest.raises(WorksNotAccepted):
        await accept_works(manager, project=project, fen=COST, voucher=bill, key=key())
    await answered(world, project, PollKind.ACCEPTANCE, 1, from_n=760)
    with pytest.raises(NotEnoughMoney):
        await accept_works(manager, project=project, fen=COST + 1, voucher=bill, key=key())
    for no, shown in ((VoucherMissing, ""), (VoucherUsed, used.voucher)):
        with pytest.raises(no):
            await accept_works(manager, project=project, fen=COST, voucher=shown, key=key())
    await accept_works(manager, project=project, fen=COST, voucher=bill, key=key())


@pytest.mark.anyio
async def test_a_project_is_closed_when_residents_are_satisfied(world: World) -> None:
    project = await built(world, await allotted(world))
    street, manager = world.staff[Role.STREET_OFFICER], world.staff[Role.STATION_MANAGER]
    await officer_of(world, Role.STREET_CASHIER)
    await paid(world, project)
    with pytest.raises(NobodyAsked):
        await evaluate_project(manager, project=project, key=key())
    with pytest.raises(NotInThisState):
        await close_project(street, project=project, key=key())

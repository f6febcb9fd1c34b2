"""Funded hours: a payment may ask for hours, which count once and when they are accepted."""

from datetime import timedelta

import pytest

from tests.annual import team_tied
from tests.disputes import decided, objected
from tests.funding import allotted
from tests.granting import applicant, awarded, called
from tests.projects import COST, approved, officer_of
from tests.test_funding_tranches import PROMISE
from tests.test_pages_module import browsing
from tests.volunteering import confirmed, record_of, visited
from tests.wire import act, ask, form
from tests.world import NOON, World, key
from timebank import replay
from timebank.access import Role
from timebank.activities import Activity, ActivityKind, ActivityState
from timebank.activity_plans import declare_activity
from timebank.actors import SYSTEM, Actor, person
from timebank.batch import Batch
from timebank.captures import capture_hours
from timebank.confirmations import accept_hours
from timebank.funding.commitments import Commitment, Condition, meet
from timebank.funding.funded_hours import (
    ActivityFundedAlready,
    FundedElsewhere,
    FundedForOthers,
    accepted_minutes,
    accepted_records,
    cost_of_hour,
    decide_funded,
    fund_activity,
    minutes_of,
)
from timebank.funding.payments import (
    TooFewAcceptedHours,
    approve_payment,
    pay_tranche,
    prepare_payment,
)
from timebank.funding.tranche_life import WithholdReason
from timebank.funding.tranches import (
    plan_tranches,
    resume_tranche,
    tranche_key,
    withhold_tranche,
)
from timebank.hours import record
from timebank.journal import Answer, write
from timebank.objection_life import Grounds
from timebank.refusals import Forbidden, NotFound
from timebank.reversals import repudiate_hours
from timebank.tables import find

pytestmark = pytest.mark.one_database

HOUR = timedelta(hours=1)


def test_an_hour_costs_what_was_spent_by_the_minutes_that_were_accepted() -> None:
    assert cost_of_hour(1_000, 120) == 500
    assert cost_of_hour(100, 90) == 66
    assert cost_of_hour(100, 0) is None


@pytest.mark.anyio
async def test_a_part_that_asks_for_hours_waits_until_volunteers_accepted_them(
    world: World,
) -> None:
    project = await approved(world, await allotted(world))
    who = await world.volunteer()
    visit = await visited(world, who, minutes=120)
    held = await record(visit)
    assert held
    assert held.activity
    activity = held.activity

    def work(batch: Batch) -> Answer:
        plan_tranches(batch, project, [(COST, Condition.ACCEPTANCE, 120)])
        meet(batch, project, Condition.ACCEPTANCE)
        return Answer()

    await write(SYSTEM, key(), work, answer=Answer)
    manager, cashier = (
        world.staff[Role.STATION_MANAGER],
        await officer_of(world, Role.STREET_CASHIER),
    )
    told = await act(
        world,
        manager,
        "fundActivity",
        "commitment { id acceptedMinutes fenAnHour }",
        activity=activity,
        commitment=project,
    )
    assert told["commitment"] == {"id": project, "acceptedMinutes": 0, "fenAnHour": None}
    tranche = tranche_key(project, 1)
    with pytest.raises(TooFewAcceptedHours) as no:
        await prepare_payment(cashier, tranche=tranche, key=key())
    assert no.value.details["accepted"] == "0"
    await confirmed(world, [visit])
    in_paid_time = await capture_hours(
        world.staff[Role.STATION_CLERK],
        volunteer=(await world.volunteer()).person or "",
        station=world.station,
        activity=activity,
        starts=held.starts,
        ends=held.ends,
        kind=held.kind,
        duty=True,
        key=key(),
    )
    await confirmed(world, [in_paid_time.record])
    worker = (await record_of(in_paid_time.record)).volunteer
    await accept_hours(person(worker), records=[in_paid_time.record], key=key())
    assert await accepted_records(project) == [visit], "work in paid time is no service"
    assert await minutes_of([project]) == {project: 120}
    query = "query($p: ID!) { node(id: $p) { ... on Project { commitment { acceptedMinutes } } } }"
    seen = (await ask(world, form(), query, p=project))["node"]["commitment"]
    assert seen == {"acceptedMinutes": 120}
    await prepare_payment(cashier, tranche=tranche, key=key())
    await repudiate_hours(who, records=[visit], key=key())
    assert await minutes_of([project]) == {project: 0}
    # Whoever looked for records a moment ago is told under the lock what is left of them.
    left: list[int] = []

    def look(batch: Batch) -> Answer:
        left.append(accepted_minutes(batch, [visit, in_paid_time.record]))
        return Answer()

    await write(SYSTEM, key(), look, answer=Answer)
    assert left == [0]
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_every_hand_of_a_payment_looks_at_the_accepted_hours_again(world: World) -> None:
    project = await approved(world, await allotted(world))
    one, other = await world.volunteer(), await world.volunteer()
    cashier = await officer_of(world, Role.STREET_CASHIER)
    checker = await officer_of(world, Role.STREET_CHECKER)
    tranche = tranche_key(project, 1)

    def work(batch: Batch) -> Answer:
        plan_tranches(batch, project, [(COST, Condition.ACCEPTANCE, 120)])
        meet(batch, project, Condition.ACCEPTANCE)
        return Answer()

    async def accepted(who: Actor) -> str:
        visit = await visited(world, who, minutes=60)
        held = await record_of(visit)
        assert held.activity
        manager = world.staff[Role.STATION_MANAGER]
        await fund_activity(manager, activity=held.activity, commitment=project, key=key())
        await confirmed(world, [visit])
        return visit

    await write(SYSTEM, key(), work, answer=Answer)
    first, second = await accepted(one), await accepted(other)
    await prepare_payment(cashier, tranche=tranche, key=key())
    objection = await objected(world, one, first)
    with pytest.raises(TooFewAcceptedHours) as no:
        await approve_payment(checker, tranche=tranche, key=key())
    assert no.value.details == {"least": "120", "accepted": "60"}
    await decided(world, objection, Grounds.NOT_SHOWN)
    await approve_payment(checker, tranche=tranche, key=key())
    await repudiate_hours(other, records=[second], key=key())
    with pytest.raises(TooFewAcceptedHours):
        await pay_tranche(cashier, tranche=tranche, reference="1", key=key())
    promised = await find(Commitment, project)
    assert promised
    assert (promised.paid, promised.spent) == (0, 0)
    async with await browsing(world, checker) as office:
        page = (await office.get("/office/payments")).text
        assert page.count('action="/office/payments/withhold"') == 1, (
            "what is not paid is held back"
        )
    reason = WithholdReason.HOURS_IN_DOUBT
    await withhold_tranche(checker, tranche=tranche, reason=reason, key=key())
    await resume_tranche(checker, tranche=tranche, key=key())
    await accepted(await world.volunteer())
    await prepare_payment(cashier, tranche=tranche, key=key())
    await approve_payment(checker, tranche=tranche, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_an_activity_is_paid_for_once_and_in_its_own_area(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    project = await approved(world, await allotted(world))
    activity = await world.activity()
    with pytest.raises(NotFound):
        await fund_activity(manager, activity=activity, commitment="prj_none", key=key())
    with pytest.raises(Forbidden):
        await fund_activity(
            world.staff[Role.STREET_OFFICER], activity=activity, commitment=project, key=key()
        )
    await fund_activity(manager, activity=activity, commitment=project, key=key())
    with pytest.raises(ActivityFundedAlready):
        await fund_activity(manager, activity=activity, commitment=project, key=key())


@pytest.mark.anyio
async def test_what_may_pay_is_of_its_areas_and_to_whose_team_holds_it(world: World) -> None:
    manager, who = world.staff[Role.STATION_MANAGER], await applicant(world)
    project = await approved(world, await allotted(world))
    grant = await awarded(world, who, await called(world))
    activity = await world.activity()
    query = """query($a: ID!) {
      promisesFor(activity: $a) { nodes { id } } promiseOf(activity: $a) { id }
    }"""

    async def offered(activity: str) -> tuple[set[str], dict[str, str] | None]:
        told = await ask(world, form(), query, a=activity)
        return {one["id"] for one in told["promisesFor"]["nodes"]}, told["promiseOf"]

    assert await offered(activity) == ({project, grant}, None)
    assert await offered("act_none") == (set(), None)
    await team_tied(world, who.leader, who.organisation)
    theirs = await declare_activity(
        manager,
        station=world.station,
        team=world.team,
        kind=ActivityKind.ELDER,
        title="独居老人探访",
        seats=5,
        starts=world.clock.now(),
        ends=world.clock.now() + HOUR,
        key=key(),
    )
    assert await offered(theirs.activity) == ({grant}, None)
    with pytest.raises(FundedForOthers):
        await fund_activity(manager, activity=theirs.activity, commitment=project, key=key())
    await fund_activity(manager, activity=theirs.activity, commitment=grant, key=key())
    assert await offered(theirs.activity) == ({grant}, {"id": grant})
    listed = "query($c: ID!) { fundedActivities(commitment: $c) { nodes { id } } }"
    for commitment, found in ((grant, [{"id": theirs.activity}]), (project, [])):
        told = await ask(world, form(), listed, c=commitment)
        assert told["fundedActivities"]["nodes"] == found


def test_money_of_one_area_pays_for_no_activity_of_another() -> None:
    activity = Activity(
        id="act_1",
        station="sta_1",
        team=None,
        path="5/sta_1/",
        organiser="per_1",
        kind=ActivityKind.ELDER,
        state=ActivityState.OPEN,
        seats=1,
        starts=NOON,
        ends=NOON,
        declared_at=NOON,
    )
    with pytest.raises(FundedElsewhere):
        decide_funded(activity, PROMISE, None, None)

"""Finding appeals: who asks, who decides, and what comes back."""

from datetime import date, timedelta
from typing import Any

import pytest

from ledger.verify import verify
from tests.misconduct import accepted, finding_of, findings_against, found, second_lead
from tests.volunteering import captured, confirmed, posted, record_of, spend, visited
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role, grant_role
from timebank.accounts import balance_of, conservation, floor, holder, owed, volunteer
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.confirmations import SameHand, accept_hours
from timebank.days import Overlaps
from timebank.divisions import CITY_PATH
from timebank.events import Event
from timebank.finding_appeals import (
    LIFECYCLE,
    AppealedBefore,
    FinderReviews,
    FindingAppeal,
    NobodyBlamed,
    OwnAppeal,
    appeal_finding,
    open_appeals,
    review_finding,
)
from timebank.finding_drafts import FindingMade, OwnMatter
from timebank.finding_life import (
    AppealAllowed,
    AppealDismissed,
    AppealGrounds,
    AppealState,
    Blame,
)
from timebank.hours import totals_of
from timebank.lifecycles import NotInThisState, step
from timebank.notice_codes import NoticeCode
from timebank.notices import inbox_of, open_inbox
from timebank.objections import ObjectionTooLate
from timebank.proxies import name_proxy
from timebank.record_life import RecordState, ReverseReason
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.reversals import reverse_hours
from timebank.silence import post_silent
from timebank.tables import find
from timebank.texts import TextMissing

DAY = timedelta(days=1)
EVENTS: list[type[Event]] = [AppealAllowed, AppealDismissed]


async def appealed(made: FindingMade, who: Actor) -> str:
    """An appeal of somebody against a finding."""
    return (await appeal_finding(who, finding=made.finding, words="我去过", key=key())).appeal


async def reviewed(officer: Actor, appeal: str, grounds: AppealGrounds) -> tuple[str, ...]:
    """What comes back by a decision."""
    told = await review_finding(
        officer, appeal=appeal, grounds=grounds, decision="已核实", key=key()
    )
    return told.returned


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert set(LIFECYCLE) == set(AppealState) == reached | {AppealState.ASKED}
    for state in AppealState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in AppealState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


# What comes back


@pytest.mark.anyio
async def test_what_was_taken_comes_back_and_what_is_owed_is_settled_first(world: World) -> None:
    who = await world.volunteer()
    id = await visited(world, who, minutes=120)
    await confirmed(world, [id])
    await spend(world, who.id, 100)
    made = await found(world, [id], blame=Blame.VOLUNTEER)
    assert await balance_of(owed(who.id)) == -100
    appeal = await appealed(made, who)
    await open_inbox(who)
    third = await second_lead(world)
    assert await reviewed(third, appeal, AppealGrounds.SERVICE_SHOWN) == (id,)
    held = await record_of(id)
    assert (held.state, held.credited, held.repaid) == (RecordState.POSTED, 120, 100)
    assert await balance_of(owed(who.id)) == 0
    assert await balance_of(volunteer(who.id)) == 20
    assert (await totals_of([who.id]))[who.id].minutes == 120
    assert (await finding_of(made.finding)).voided == 0
    assert (await inbox_of(who))[0].code is NoticeCode.FINDING_REVIEWED
    # What came back can be taken back again, once, by its own entry.
    lead = world.staff[Role.DISTRICT_LEAD]
    await reverse_hours(lead, records=[id], reason=ReverseReason.NEVER_HAPPENED, key=key())
    assert await balance_of(owed(who.id)) == -100
    assert await balance_of(volunteer(who.id)) == 0
    assert (await conservation()).whole
    url = world.settings.database_url
    assert (await verify(url, floor=floor, holder=holder)).sound
    assert (await replay.compare(url)).differing == 0


@pytest.mark.anyio
async def test_what_was_repaid_meanwhile_comes_back_as_balance(world: World) -> None:
    who = await world.volunteer()
    id = await visited(world, who, minutes=120)
    await confirmed(world, [id])
    await spend(world, who.id, 100)
    made = await found(world, [id], blame=Blame.RECORDER)
    appeal = await appealed(made, who)
    world.clock.move(DAY)
    await confirmed(world, [await visited(world, who, minutes=60)])
    assert await balance_of(owed(who.id)) == -40
    await reviewed(await second_lead(world), appeal, AppealGrounds.SERVICE_SHOWN)
    assert await balance_of(owed(who.id)) == 0
    assert await balance_of(volunteer(who.id)) == 80
    assert (await conservation()).whole


@pytest.mark.anyio
async def test_what_counted_by_silence_counts_by_silence_again(world: World) -> None:
    who = await world.volunteer()
    await open_inbox(who)
    id = await captured(world, who)
    await confirmed(world, [id])
    world.clock.move(8 * DAY)
    await post_silent(SYSTEM, record=id, key=key())
    made = await found(world, [id])
    await reviewed(await second_lead(world), await appealed(made, who), AppealGrounds.SERVICE_SHOWN)
    assert (await record_of(id)).state is RecordState.POSTED_SILENT
    assert (await totals_of([who.id]))[who.id].minutes == 60
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_volunteers_appeal_brings_back_their_own_records_only(world: World) -> None:
    people, clerk = [await world.volunteer() for _ in range(2)], world.staff[Role.STATION_CLERK]
    records = [await accepted(world, who, hours_ago=3) for who in people]
    made = await found(world, records)
    third = await second_lead(world)
    back = await reviewed(third, await appealed(made, people[0]), AppealGrounds.SERVICE_SHOWN)
    assert back == (records[0],)
    assert (await record_of(records[1])).state is RecordState.VOIDED
    assert (await finding_of(made.finding)).voided == 1
    (held,) = await findings_against(clerk.id)
    assert held.lifted_on is None
    # The other one's too, and nothing is left of what the recorder is blamed for.
    await reviewed(third, await appealed(made, people[1]), AppealGrounds.SERVICE_SHOWN)
    (held,) = await findings_against(clerk.id)
    assert held.lifted_on == date(2026, 11, 20)
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_blamed_recorders_appeal_brings_back_all_of_theirs(world: World) -> None:
    clerk = world.staff[Role.STATION_CLERK]
    records = [await accepted(world, await world.volunteer(), hours_ago=3) for _ in range(2)]
    made = await found(world, records)
    appeal = await appealed(made, clerk)
    back = await reviewed(await second_lead(world), appeal, AppealGrounds.SERVICE_SHOWN)
    assert set(back) == set(records)
    assert {(await record_of(id)).state for id in records} == {RecordState.POSTED}
    (held,) = await findings_against(clerk.id)
    assert held.lifted_on == date(2026, 11, 20)


@pytest.mark.anyio
async def test_who_is_not_to_blame_is_cleared_while_the_records_stay_void(world: World) -> None:
    who, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    id = await posted(world, who)
    made = await found(world, [id])
    third = await second_lead(world)
    with pytest.raises(NobodyBlamed):
        await reviewed(third, await appealed(made, who), AppealGrounds.NOT_TO_BLAME)
    appeal = await appealed(made, clerk)
    world.clock.move(DAY)
    assert await reviewed(third, appeal, AppealGrounds.NOT_TO_BLAME) == ()
    assert (await record_of(id)).state is RecordState.VOIDED
    (held,) = await findings_against(clerk.id)
    assert held.lifted_on == date(2026, 11, 21)
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
@pytest.mark.parametrize("grounds", [AppealGrounds.FOUND_RIGHTLY, AppealGrounds.NOTHING_SHOWN])
async def test_a_dismissed_appeal_changes_nothing_and_is_final(
    world: World, grounds: AppealGrounds
) -> None:
    who, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    made = await found(world, [await posted(world, who)])
    appeal, third = await appealed(made, clerk), await second_lead(world)
    assert await reviewed(third, appeal, grounds) == ()
    (held,) = await findings_against(clerk.id)
    assert held.lifted_on is None
    with pytest.raises(NotInThisState):
        await reviewed(third, appeal, AppealGrounds.SERVICE_SHOWN)
    with pytest.raises(AppealedBefore):
        await appealed(made, clerk)


@pytest.mark.anyio
async def test_a_record_whose_time_is_taken_meanwhile_waits_for_the_other(world: World) -> None:
    who = await world.volunteer()
    id = await posted(world, who)
    made = await found(world, [id])
    appeal, third = await appealed(made, who), await second_lead(world)
    lead = world.staff[Role.DISTRICT_LEAD]
    clerk = await world.officer(Role.STATION_CLERK, world.station_path)
    held = await record_of(id)
    other = await captured(world, who, starts=held.starts, minutes=30, by=clerk)
    with pytest.raises(Overlaps):
        await reviewed(third, appeal, AppealGrounds.SERVICE_SHOWN)
    assert (await record_of(id)).state is RecordState.VOIDED
    await confirmed(world, [other])
    await accept_hours(who, records=[other], key=key())
    await reverse_hours(lead, records=[other], reason=ReverseReason.RECORDED_WRONGLY, key=key())
    assert await reviewed(third, appeal, AppealGrounds.SERVICE_SHOWN) == (id,)


# Who asks, who decides


@pytest.mark.anyio
async def test_only_whom_it_touches_appeals_within_the_days(world: World) -> None:
    who = await world.volunteer()
    made = await found(world, [await posted(world, who)])
    with pytest.raises(Unauthenticated):
        await appealed(made, PUBLIC)
    for stranger in (await world.volunteer(), world.staff[Role.DISTRICT_LEAD]):
        with pytest.raises(NotFound):
            await appealed(made, stranger)
    with pytest.raises(TextMissing):
        await appeal_finding(who, finding=made.finding, words=" ", key=key())
    world.clock.move(30 * DAY)
    await appealed(made, world.staff[Role.STATION_CLERK])
    world.clock.move(DAY)
    with pytest.raises(ObjectionTooLate):
        await appealed(made, who)


@pytest.mark.anyio
async def test_a_proxy_appeals_for_who_named_them(world: World) -> None:
    who, proxy = await world.volunteer(), await world.volunteer()
    id = await posted(world, who)
    made = await found(world, [id])
    number = await world.number_of(who)
    given: dict[str, Any] = {"finding": made.finding, "words": "他去过", "number": number}
    with pytest.raises(NotFound):
        await appeal_finding(proxy, key=key(), **given)
    await name_proxy(who, number=await world.number_of(proxy), key=key())
    told = await appeal_finding(proxy, key=key(), **given)
    held = await find(FindingAppeal, told.appeal)
    assert held
    assert held.person == who.person
    assert NoticeCode.FINDING_APPEALED in {notice.code for notice in await inbox_of(who)}
    with pytest.raises(AppealedBefore):
        await appealed(made, who)


@pytest.mark.anyio
async def test_who_found_is_a_party_or_had_a_hand_does_not_review(world: World) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    id = await posted(world, who)
    made = await found(world, [id])
    appeal = await appealed(made, who)
    with pytest.raises(FinderReviews):
        await reviewed(lead, appeal, AppealGrounds.FOUND_RIGHTLY)
    second = Actor(
        id=(await finding_of(made.finding)).second,
        person=(await finding_of(made.finding)).second,
    )
    with pytest.raises(FinderReviews):
        await reviewed(second, appeal, AppealGrounds.FOUND_RIGHTLY)
    for party, refusal in (
        (who, OwnAppeal),
        (world.staff[Role.STATION_CLERK], SameHand),
        (world.staff[Role.STATION_MANAGER], SameHand),
    ):
        await grant_role(
            SYSTEM, person=party.id, role=Role.DISTRICT_LEAD, scope=CITY_PATH, key=key()
        )
        with pytest.raises(refusal):
            await reviewed(party, appeal, AppealGrounds.FOUND_RIGHTLY)
    assert (await record_of(id)).state is RecordState.VOIDED


@pytest.mark.anyio
async def test_a_volunteer_of_the_finding_does_not_review_the_recorders_appeal(
    world: World,
) -> None:
    who = await world.volunteer()
    made = await found(world, [await posted(world, who)])
    appeal = await appealed(made, world.staff[Role.STATION_CLERK])
    await grant_role(SYSTEM, person=who.id, role=Role.DISTRICT_LEAD, scope=CITY_PATH, key=key())
    with pytest.raises(OwnMatter):
        await reviewed(who, appeal, AppealGrounds.SERVICE_SHOWN)


@pytest.mark.anyio
async def test_only_the_district_reviews(world: World) -> None:
    who = await world.volunteer()
    made = await found(world, [await posted(world, who)])
    appeal = await appealed(made, who)
    page: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}
    for officer, refusal in (
        (PUBLIC, Unauthenticated),
        (await world.volunteer(), NotFound),
        (await world.officer(Role.DISTRICT_LEAD, "420100/420103/"), NotFound),
        (await world.officer(Role.CITY_LEAD), Forbidden),
    ):
        with pytest.raises(refusal):
            await reviewed(officer, appeal, AppealGrounds.SERVICE_SHOWN)
        assert await open_appeals(officer, "420100/420102/", **page) == []
    (held,) = await open_appeals(await second_lead(world), "420100/420102/", **page)
    assert (held.id, held.decide_by) == (appeal, date(2026, 12, 11))


# The wire


@pytest.mark.anyio
async def test_an_appeal_is_asked_and_decided_over_the_wire(world: World) -> None:
    who = await world.volunteer()
    id = await posted(world, who)
    made = await found(world, [id])
    asked = await act(
        world,
        who,
        "appealFinding",
        "appeal { id state decideBy appeal finding { id } }",
        finding=made.finding,
        appeal="我去过",
    )
    appeal = asked["appeal"].pop("id")
    assert asked["appeal"] == {
        "state": "ASKED",
        "decideBy": "2026-12-11",
        "appeal": "我去过",
        "finding": {"id": made.finding},
    }
    third = await second_lead(world)
    listed = await ask(
        world,
        third,
        'query { openFindingAppeals(scope: "420100/420102/") { edges { node { id } } } }',
    )
    assert listed["openFindingAppeals"]["edges"] == [{"node": {"id": appeal}}]
    told = await act(
        world,
        third,
        "decideFindingAppeal",
        "appeal { state grounds decision decidedOn } returned { id state }",
        appeal=appeal,
        grounds="SERVICE_SHOWN",
        decision="属实",
    )
    assert told["appeal"] == {
        "state": "ALLOWED",
        "grounds": "SERVICE_SHOWN",
        "decision": "属实",
        "decidedOn": "2026-11-20",
    }
    assert told["returned"] == [{"id": id, "state": "POSTED"}]

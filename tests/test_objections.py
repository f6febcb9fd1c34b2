"""Objections: who may object, until when, what it does to the record, and the one review."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.disputes import decided, objected, objection_of, served
from tests.volunteering import captured, posted, record_of
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.accounts import balance_of, volunteer
from timebank.actors import PUBLIC, SYSTEM, Actor, person
from timebank.confirmations import confirm_hours
from timebank.events import Event
from timebank.hours import totals_of
from timebank.lifecycles import NotInThisState, step
from timebank.notices import NoticeCode, inbox_of, open_inbox
from timebank.objection_life import (
    Grounds,
    ObjectionAnswered,
    ObjectionDismissed,
    ObjectionReason,
    ObjectionState,
    ObjectionUpheld,
    ReviewAsked,
    ReviewDismissed,
    ReviewUpheld,
)
from timebank.objections import (
    LIFECYCLE,
    NotConcerned,
    ObjectedBefore,
    ObjectionTooLate,
    ask_for_review,
    decide_in_time,
    objections_of,
    open_objections,
    raise_objection,
)
from timebank.proxies import name_proxy
from timebank.record_life import HoursRepudiated, RecordState, ReverseReason
from timebank.refusals import NotFound, Unauthenticated
from timebank.reversals import ObjectionOpen, repudiate_hours, reverse_hours
from timebank.silence import post_silent
from timebank.texts import TextMissing, TextTooLong, read_texts
from timebank.waiting import Party, Waiting, waiting_on

DAY = timedelta(days=1)
EVENTS: list[type[Event]] = [
    ObjectionAnswered,
    ObjectionUpheld,
    ObjectionDismissed,
    ReviewAsked,
    ReviewUpheld,
    ReviewDismissed,
    HoursRepudiated,
]
PAGE: dict[str, Any] = {"after": None, "before": None, "limit": 9}


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert set(LIFECYCLE) == set(ObjectionState) == reached | {ObjectionState.RAISED}
    for state in ObjectionState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in ObjectionState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


def test_the_last_day_is_whole_and_the_first_not_counted() -> None:
    posted_on = date(2026, 11, 20)
    decide_in_time(posted_on, date(2026, 12, 20), 30)
    with pytest.raises(ObjectionTooLate) as no:
        decide_in_time(posted_on, date(2026, 12, 21), 30)
    assert no.value.until == date(2026, 12, 20)


@pytest.mark.anyio
async def test_an_objection_holds_the_record_and_takes_nothing(world: World) -> None:
    who, elder = await world.volunteer(), await world.volunteer()
    id = await served(world, who, elder)
    for one in (who, elder):
        await open_inbox(one)
    made = await objected(world, elder, id)
    held = await record_of(id)
    assert held.state is RecordState.DISPUTED
    assert await balance_of(volunteer(who.id)) == 120
    assert (await totals_of([who.id]))[who.id].minutes == 120
    # Friday: three working days later is Wednesday, fifteen later a Friday.
    objection = await objection_of(made)
    assert (objection.answer_by, objection.decide_by) == (date(2026, 11, 25), date(2026, 12, 11))
    told = await waiting_on([held])
    assert told[id] == Waiting(party=Party.DISTRICT, by=date(2026, 11, 25))
    assert (await read_texts([made], "statement"))[made] == "时间记错了"
    assert [n.code for n in await inbox_of(who)] == [NoticeCode.OBJECTION_RAISED]
    assert await inbox_of(elder) == []
    assert [one.id for one in await objections_of(who, backward=False, **PAGE)] == [made]
    assert [one.id for one in await objections_of(elder, backward=False, **PAGE)] == [made]
    assert await objections_of(await world.volunteer(), backward=False, **PAGE) == []
    lead = world.staff[Role.DISTRICT_LEAD]
    path = world.station_path
    assert [one.id for one in await open_objections(lead, path, backward=True, **PAGE)] == [made]
    assert await open_objections(elder, path, backward=False, **PAGE) == []
    with pytest.raises(ObjectionOpen):
        await reverse_hours(lead, records=[id], reason=ReverseReason.NEVER_HAPPENED, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_only_who_served_or_was_served_objects_once(world: World) -> None:
    who, elder = await world.volunteer(), await world.volunteer()
    id = await served(world, who, elder)

    async def objecting(actor: Actor, statement: str = "没来过") -> None:
        await raise_objection(
            actor,
            record=id,
            reason=ObjectionReason.NEVER_HAPPENED,
            statement=statement,
            key=key(),
        )

    with pytest.raises(Unauthenticated):
        await objecting(PUBLIC)
    with pytest.raises(NotFound):
        await objecting(await world.volunteer())
    with pytest.raises(NotConcerned):
        await objecting(world.staff[Role.STATION_MANAGER])
    with pytest.raises(TextMissing):
        await objecting(elder, " ")
    with pytest.raises(TextTooLong):
        await objecting(elder, "没" * 2001)
    first = await objected(world, elder, id)
    with pytest.raises(NotInThisState):
        await objecting(who)
    await decided(world, first, Grounds.NOT_SHOWN)
    with pytest.raises(ObjectedBefore):
        await objecting(elder)
    await objecting(who)


@pytest.mark.anyio
async def test_a_record_that_does_not_count_yet_is_confirmed_or_rejected_instead(
    world: World,
) -> None:
    who = await world.volunteer()
    id = await captured(world, who)
    with pytest.raises(NotInThisState):
        await objected(world, who, id)


@pytest.mark.anyio
async def test_thirty_days_after_it_counted_it_is_too_late(world: World) -> None:
    who = await world.volunteer()
    early, late = await posted(world, who), await posted(world, await world.volunteer())
    world.clock.move(30 * DAY)
    await objected(world, who, early)
    world.clock.move(1 * DAY)
    with pytest.raises(ObjectionTooLate):
        await raise_objection(
            await _volunteer_of(late),
            record=late,
            reason=ObjectionReason.WRONG_PERSON,
            statement="不是我",
            key=key(),
        )


async def _volunteer_of(record: str) -> Actor:
    return person((await record_of(record)).volunteer)


@pytest.mark.anyio
async def test_a_proxy_objects_for_whom_they_act_and_sees_it(world: World) -> None:
    who, elder, proxy = (
        await world.volunteer(),
        await world.volunteer(),
        await world.volunteer(),
    )
    id = await served(world, who, elder)
    await name_proxy(elder, number=await world.number_of(proxy), key=key())
    told = await act(
        world,
        proxy,
        "raiseObjection",
        "objection { id state answer record { id } }",
        record=id,
        reason="WRONG_TIMES",
        statement="只来了一小时",
    )
    assert told["objection"]["state"] == "RAISED"
    assert told["objection"]["record"] == {"id": id}
    assert (await objection_of(told["objection"]["id"])).person == elder.id


@pytest.mark.anyio
async def test_not_me_ends_an_open_objection(world: World) -> None:
    who = await world.volunteer()
    id = await posted(world, who)
    made = await objected(world, who, id)
    await repudiate_hours(who, records=[id], key=key())
    held = await objection_of(made)
    assert held.state is ObjectionState.ENDED
    assert held.decide_by is None
    assert (await totals_of([who.id]))[who.id].minutes == 0
    with pytest.raises(NotInThisState):
        await decided(world, made, Grounds.NEVER_HAPPENED)


@pytest.mark.anyio
async def test_a_review_is_asked_once_within_its_days_and_disputes_the_record_again(
    world: World,
) -> None:
    who = await world.volunteer()
    id = await posted(world, who)
    made = await objected(world, who, id)

    async def asking() -> None:
        await ask_for_review(who, objection=made, appeal="请再看", key=key())

    with pytest.raises(NotInThisState):
        await asking()
    await decided(world, made, Grounds.NOT_SHOWN)
    assert (await record_of(id)).state is RecordState.POSTED
    with pytest.raises(NotFound):
        await ask_for_review(await world.volunteer(), objection=made, appeal="请再看", key=key())
    world.clock.move(30 * DAY)
    await asking()
    assert (await record_of(id)).state is RecordState.DISPUTED
    assert (await waiting_on([await record_of(id)]))[id].by == (await objection_of(made)).decide_by
    with pytest.raises(NotInThisState):
        await asking()


@pytest.mark.anyio
async def test_a_review_that_comes_too_late_is_refused(world: World) -> None:
    who = await world.volunteer()
    made = await objected(world, who)
    await decided(world, made, Grounds.NOT_SHOWN)
    world.clock.move(31 * DAY)
    with pytest.raises(ObjectionTooLate):
        await ask_for_review(who, objection=made, appeal="请再看", key=key())


@pytest.mark.anyio
async def test_what_counted_by_silence_goes_back_to_that(world: World) -> None:
    who = await world.volunteer()
    await open_inbox(who)
    id = await captured(world, who)
    await confirm_hours(world.staff[Role.STATION_MANAGER], records=[id], key=key())
    world.clock.move(8 * DAY)
    await post_silent(SYSTEM, record=id, key=key())
    made = await objected(world, who, id)
    await decided(world, made, Grounds.RECORDED_RIGHTLY)
    assert (await record_of(id)).state is RecordState.POSTED_SILENT


@pytest.mark.anyio
async def test_objections_on_the_wire(world: World) -> None:
    who, elder = await world.volunteer(), await world.volunteer()
    id = await served(world, who, elder)
    made = await objected(world, elder, id)
    asks = "{ objections { nodes { reason statement answerBy record { id waitingOn { by } } } } }"
    for one in (who, elder):
        told = await ask(world, one, asks)
        assert told["objections"]["nodes"] == [
            {
                "reason": "WRONG_TIMES",
                "statement": "时间记错了",
                "answerBy": "2026-11-25",
                "record": {"id": id, "waitingOn": {"by": "2026-11-25"}},
            }
        ]
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert (await ask(world, await world.volunteer(), node, id=made))["node"] is None

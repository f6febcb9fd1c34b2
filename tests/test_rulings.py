"""Rulings: who decides an objection, what follows, and the review by another officer."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.disputes import decided, objected, objection_of, served
from tests.test_silence import CONFIRMED
from tests.volunteering import captured, confirmed, posted, record_of
from tests.wire import act
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.accounts import balance_of, conservation, volunteer
from timebank.actors import PUBLIC
from timebank.confirmations import SameHand, accept_hours, confirm_hours
from timebank.divisions import CITY_PATH
from timebank.hours import totals_of
from timebank.lifecycles import NotInThisState
from timebank.notices import NoticeCode, inbox_of, open_inbox
from timebank.objection_life import Grounds, ObjectionReason, ObjectionState
from timebank.objections import Objection, ask_for_review, objections_of
from timebank.record_life import CaptureMode, RecordState, ReverseReason
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.reversals import NobodyObjected, reverse_hours
from timebank.rulings import (
    CorrectionMalformed,
    OwnObjection,
    SameOfficer,
    answer_objection,
    decide_correction,
    decide_officer,
    rule_on,
)
from timebank.waiting import waiting_on

HOUR = timedelta(hours=1)
RECORD = msgspec.structs.replace(
    CONFIRMED,
    state=RecordState.DISPUTED,
    recorder="per_recorder",
    confirmer="per_confirmer",
    reviewer="per_reviewer",
    recipient="per_recipient",
    mode=CaptureMode.CHECK_IN,
)
OBJECTION = Objection(
    id="obj_1",
    record=RECORD.id,
    volunteer=RECORD.volunteer,
    recipient=RECORD.recipient,
    path=RECORD.path,
    person="per_recipient",
    reason=ObjectionReason.WRONG_TIMES,
    state=ObjectionState.RAISED,
    stood=RecordState.POSTED,
    raised_at=datetime(2026, 11, 20, tzinfo=UTC),
    answer_by=date(2026, 11, 25),
    decide_by=date(2026, 12, 11),
    decided_by="per_lead",
)


@pytest.mark.parametrize(
    ("state", "officer", "refusal"),
    [
        (ObjectionState.RAISED, RECORD.volunteer, OwnObjection),
        (ObjectionState.RAISED, "per_recipient", OwnObjection),
        (ObjectionState.RAISED, "per_recorder", SameHand),
        (ObjectionState.RAISED, "per_confirmer", SameHand),
        (ObjectionState.RAISED, "per_reviewer", SameHand),
        (ObjectionState.IN_REVIEW, "per_lead", SameOfficer),
        (ObjectionState.IN_REVIEW, "per_recorder", SameHand),
    ],
)
def test_who_had_a_hand_in_it_does_not_decide(
    state: ObjectionState, officer: str, refusal: Any
) -> None:
    held = msgspec.structs.replace(OBJECTION, state=state)
    with pytest.raises(refusal):
        decide_officer(held, RECORD, officer)
    decide_officer(held, RECORD, "per_another")


def test_a_correction_within_the_checked_stay_stays_checked() -> None:
    starts, ends = RECORD.starts, RECORD.ends
    grounds = Grounds.RECORDED_WRONGLY
    within = decide_correction(RECORD, grounds, starts, ends - HOUR / 2)
    beyond = decide_correction(RECORD, grounds, starts, ends + HOUR)
    assert within
    assert within.mode is CaptureMode.CHECK_IN
    assert beyond
    assert beyond.mode is CaptureMode.MANUAL
    assert not within.own
    assert decide_correction(RECORD, grounds, None, None) is None


@pytest.mark.parametrize("grounds", Grounds)
def test_a_correction_has_two_times_and_an_upheld_objection(grounds: Grounds) -> None:
    starts, ends = RECORD.starts, RECORD.ends
    with pytest.raises(CorrectionMalformed):
        decide_correction(RECORD, grounds, starts, None)
    if grounds is not Grounds.RECORDED_WRONGLY:
        with pytest.raises(CorrectionMalformed):
            decide_correction(RECORD, grounds, starts, ends)


@pytest.mark.anyio
async def test_only_the_district_decides(world: World) -> None:
    made = await objected(world, await world.volunteer())
    with pytest.raises(Unauthenticated):
        await decided(world, made, Grounds.NOT_SHOWN, by=PUBLIC)
    with pytest.raises(NotFound):
        await decided(world, made, Grounds.NOT_SHOWN, by=await world.volunteer())
    with pytest.raises(Forbidden):
        await decided(world, made, Grounds.NOT_SHOWN, by=world.staff[Role.STATION_MANAGER])
    far = await world.officer(Role.DISTRICT_LEAD, "420100/420103/")
    with pytest.raises(NotFound):
        await decided(world, made, Grounds.NOT_SHOWN, by=far)


@pytest.mark.anyio
async def test_an_answer_moves_the_clock_on_and_is_told(world: World) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    id = await posted(world, who)
    made = await objected(world, who, id)
    await open_inbox(who)
    told = await act(
        world,
        lead,
        "answerObjection",
        "objection { state answer answerBy }",
        objection=made,
        answer="已收到",
    )
    assert told["objection"] == {"state": "ANSWERED", "answer": "已收到", "answerBy": None}
    held = await objection_of(made)
    assert (await waiting_on([await record_of(id)]))[id].by == held.decide_by
    assert (await inbox_of(who))[0].code is NoticeCode.OBJECTION_ANSWERED
    with pytest.raises(NotInThisState):
        await answer_objection(lead, objection=made, answer="再答", key=key())


@pytest.mark.anyio
async def test_upheld_the_record_is_reversed_and_made_anew(world: World) -> None:
    who, elder = await world.volunteer(), await world.volunteer()
    lead = world.staff[Role.DISTRICT_LEAD]
    id = await served(world, who, elder)
    made = await objected(world, elder, id)
    for person in (who, elder):
        await open_inbox(person)
    old = await record_of(id)
    told = await act(
        world,
        lead,
        "decideObjection",
        "objection { state decision grounds } corrected { id minutes state }",
        objection=made,
        grounds="RECORDED_WRONGLY",
        decision="只来了一小时",
        starts=old.starts.isoformat(),
        ends=(old.starts + HOUR).isoformat(),
    )
    assert told["objection"] == {
        "state": "UPHELD",
        "decision": "只来了一小时",
        "grounds": "RECORDED_WRONGLY",
    }
    assert (told["corrected"]["minutes"], told["corrected"]["state"]) == (60, "CAPTURED")
    assert (await record_of(id)).state is RecordState.REVERSED
    assert await balance_of(volunteer(who.id)) == 0
    for person in (who, elder):
        assert [n.code for n in await inbox_of(person)][:1] == [NoticeCode.OBJECTION_DECIDED]
    # The new record needs its own keys, each another hand's, before it counts.
    new = told["corrected"]["id"]
    with pytest.raises(Forbidden):
        await confirm_hours(lead, records=[new], key=key())
    await confirmed(world, [new])
    await accept_hours(who, records=[new], key=key())
    assert await balance_of(volunteer(who.id)) == 60
    assert (await totals_of([who.id]))[who.id].minutes == 60
    assert (await conservation()).whole
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_review_by_another_officer_turns_a_dismissal_round(world: World) -> None:
    who = await world.volunteer()
    id = await posted(world, who)
    made = await objected(world, who, id)
    await decided(world, made, Grounds.NOT_SHOWN)
    await ask_for_review(who, objection=made, appeal="请再看", key=key())
    with pytest.raises(SameOfficer):
        await decided(world, made, Grounds.NOT_SHOWN)
    other = await world.officer(Role.DISTRICT_LEAD, CITY_PATH)
    await decided(world, made, Grounds.NEVER_HAPPENED, by=other)
    assert (await objection_of(made)).state is ObjectionState.UPHELD_FINALLY
    assert (await record_of(id)).state is RecordState.REVERSED
    with pytest.raises(NotInThisState):
        await ask_for_review(who, objection=made, appeal="再看", key=key())


@pytest.mark.anyio
async def test_a_review_that_dismisses_what_was_upheld_records_the_service_again(
    world: World,
) -> None:
    who, elder = await world.volunteer(), await world.volunteer()
    id = await served(world, who, elder)
    made = await objected(world, elder, id)
    await decided(world, made, Grounds.NEVER_HAPPENED)
    assert await balance_of(volunteer(who.id)) == 0
    await ask_for_review(who, objection=made, appeal="我去过", key=key())
    other = await world.officer(Role.DISTRICT_LEAD, CITY_PATH)
    answer = await rule_on(
        other,
        objection=made,
        grounds=Grounds.RECORDED_RIGHTLY,
        decision="记录属实",
        key=key(),
    )
    new = await record_of(answer.corrected or "")
    old = await record_of(id)
    assert (new.starts, new.ends, new.mode) == (old.starts, old.ends, CaptureMode.CHECK_IN)
    assert (await objection_of(made)).state is ObjectionState.DISMISSED_FINALLY
    await confirmed(world, [new.id])
    await accept_hours(who, records=[new.id], key=key())
    assert await balance_of(volunteer(who.id)) == 120
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
@pytest.mark.one_database
async def test_what_the_district_takes_back_by_itself_another_officer_reviews(
    world: World,
) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    id = await served(world, who, await world.volunteer())
    with pytest.raises(NobodyObjected):
        await reverse_hours(lead, records=[id], reason=ReverseReason.OBJECTION_UPHELD, key=key())
    await reverse_hours(lead, records=[id], reason=ReverseReason.NEVER_HAPPENED, key=key())
    (made,) = await objections_of(who, after=None, before=None, limit=9, backward=False)
    assert (made.state, made.record, made.decided_by) == (ObjectionState.UPHELD, id, lead.id)
    assert made.grounds is Grounds.NEVER_HAPPENED
    await ask_for_review(who, objection=made.id, appeal="我去过", key=key())
    with pytest.raises(OwnObjection):
        await decided(world, made.id, Grounds.RECORDED_RIGHTLY, lead)
    other = await world.officer(Role.DISTRICT_LEAD, CITY_PATH)
    await decided(world, made.id, Grounds.RECORDED_RIGHTLY, other)
    again = (await objection_of(made.id)).corrected or ""
    await confirmed(world, [again])
    await accept_hours(who, records=[again], key=key())
    assert await balance_of(volunteer(who.id)) == 120
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_lead_who_recorded_it_does_not_decide(world: World) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    id = await captured(world, who, by=lead)
    await confirmed(world, [id])
    await accept_hours(who, records=[id], key=key())
    made = await objected(world, who, id)
    with pytest.raises(SameHand):
        await decided(world, made, Grounds.RECORDED_RIGHTLY)

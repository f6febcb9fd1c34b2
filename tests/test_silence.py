"""Silence: seven days after a notice arrived, minutes count; accepting them later still mints."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

import ledger.verify
from tests.volunteering import captured, confirmed, record_of, visited
from tests.world import World, key
from timebank import accounts, replay
from timebank.access import Role
from timebank.accounts import balance_of, volunteer
from timebank.activities import ActivityKind
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.confirmations import BatchHeld, accept_hours, confirm_hours
from timebank.hours import Record, totals_of
from timebank.lifecycles import NotInThisState
from timebank.notices import Notice, NoticeCode, open_inbox, tell_in_person
from timebank.record_life import CaptureMode, HoursPostedSilent, RecordState, ReverseReason
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.reversals import release_batch, repudiate_hours, reverse_hours
from timebank.silence import (
    NoticeNotArrived,
    TimeToAnswer,
    decide_silence,
    post_silent,
    unanswered,
)
from timebank.tables import select

DAY = timedelta(days=1)
LAST = date(2026, 11, 27)


async def told(world: World, who: Actor, *, minutes: int | None = None) -> str:
    """A confirmed record whose volunteer opened the inbox; a visit if `minutes` are confirmed."""
    await open_inbox(who)
    if minutes is None:
        id = await captured(world, who)
        await confirmed(world, [id])
        return id
    id = await visited(world, who)
    manager = world.staff[Role.STATION_MANAGER]
    await confirm_hours(manager, records=[id], minutes=minutes, key=key())
    return id


async def silent(world: World, who: Actor, *, minutes: int | None = None) -> str:
    """A record that nobody answered."""
    id = await told(world, who, minutes=minutes)
    world.clock.move(8 * DAY)
    await post_silent(SYSTEM, record=id, key=key())
    return id


async def state(id: str) -> RecordState:
    return (await record_of(id)).state


async def minutes_of(who: Actor) -> tuple[int, int, int]:
    """Lifetime minutes of service, minutes credited for them, and the balance."""
    person = who.person or ""
    total = (await totals_of([person])).get(person)
    counted = (total.minutes, total.credited) if total else (0, 0)
    return (*counted, await balance_of(volunteer(person)))


# Decisions

CONFIRMED = Record(
    id="rec_1",
    volunteer="per_1",
    station="stn_1",
    path="420100/",
    activity=None,
    day=date(2026, 11, 19),
    starts=datetime(2026, 11, 19, 1, tzinfo=UTC),
    ends=datetime(2026, 11, 19, 2, tzinfo=UTC),
    checked_minutes=60,
    minutes=50,
    kind=ActivityKind.ELDER,
    mode=CaptureMode.MANUAL,
    own=False,
    state=RecordState.CONFIRMED,
    batch="per_clerk/2026-11-19",
    recorder="per_clerk",
    captured_at=datetime(2026, 11, 19, 3, tzinfo=UTC),
    review=(),
    answer_by=LAST,
)


@pytest.mark.parametrize(
    ("change", "today", "refusal"),
    [
        ({}, LAST + DAY, None),
        ({}, LAST + 400 * DAY, None),
        ({}, LAST, TimeToAnswer),
        ({}, LAST - 7 * DAY, TimeToAnswer),
        ({"answer_by": None}, LAST + 400 * DAY, NoticeNotArrived),
        ({"state": RecordState.CAPTURED}, LAST + DAY, NotInThisState),
        ({"state": RecordState.TO_REVIEW}, LAST + DAY, NotInThisState),
        ({"state": RecordState.POSTED}, LAST + DAY, NotInThisState),
        ({"state": RecordState.POSTED_SILENT}, LAST + DAY, NotInThisState),
        ({"state": RecordState.REPUDIATED}, LAST + DAY, NotInThisState),
    ],
)
def test_silence_says_something_the_day_after_the_last_one(
    change: dict[str, object], today: date, refusal: type[Refusal] | None
) -> None:
    record = msgspec.structs.replace(CONFIRMED, **change)
    if refusal is not None:
        with pytest.raises(refusal):
            decide_silence(record, today)
        return
    assert decide_silence(record, today) == HoursPostedSilent(
        record="rec_1", volunteer="per_1", station="stn_1", minutes=50, answer_by=LAST
    )


# Records


@pytest.mark.anyio
async def test_unanswered_minutes_count_for_stars_and_mint_nothing(world: World) -> None:
    who = await world.volunteer()
    id = await told(world, who, minutes=90)
    world.clock.move(7 * DAY)
    assert await unanswered(skip=0, limit=9) == []
    with pytest.raises(TimeToAnswer):
        await post_silent(SYSTEM, record=id, key=key())
    world.clock.move(DAY)
    assert await unanswered(skip=0, limit=9) == [id]
    await post_silent(SYSTEM, record=id, key=key())
    assert await unanswered(skip=0, limit=9) == []
    assert await state(id) is RecordState.POSTED_SILENT
    assert await minutes_of(who) == (90, 0, 0)
    with pytest.raises(NotInThisState):
        await post_silent(SYSTEM, record=id, key=key())
    codes = [notice.code for notice in await select(Notice, person=who.person, order=["id"])]
    assert codes == [NoticeCode.HOURS_TO_ACCEPT, NoticeCode.HOURS_COUNTED]


@pytest.mark.anyio
async def test_no_notice_that_arrived_no_silence(world: World) -> None:
    who = await world.volunteer()
    id = await captured(world, who)
    await confirmed(world, [id])
    world.clock.move(400 * DAY)
    assert await unanswered(skip=0, limit=9) == []
    with pytest.raises(NoticeNotArrived):
        await post_silent(SYSTEM, record=id, key=key())
    clerk = await world.officer(Role.STATION_CLERK, world.station_path)
    await tell_in_person(clerk, person=who.person or "", key=key())
    with pytest.raises(TimeToAnswer):
        await post_silent(SYSTEM, record=id, key=key())
    world.clock.move(8 * DAY)
    await post_silent(SYSTEM, record=id, key=key())
    assert await minutes_of(who) == (60, 0, 0)


@pytest.mark.anyio
async def test_accepting_after_silence_mints_and_counts_no_minute_twice(world: World) -> None:
    who = await world.volunteer()
    id = await silent(world, who, minutes=90)
    await accept_hours(who, records=[id], key=key())
    assert await state(id) is RecordState.POSTED
    assert await minutes_of(who) == (90, 90, 90)
    with pytest.raises(NotInThisState):
        await accept_hours(who, records=[id], key=key())
    paper = await silent(world, who)
    await accept_hours(who, records=[paper], key=key())
    assert await minutes_of(who) == (150, 90, 90)


@pytest.mark.anyio
async def test_accepting_after_silence_keeps_the_caps_of_the_day_served(world: World) -> None:
    who = await world.volunteer()
    await open_inbox(who)
    records = []
    for _ in range(2):
        id = await visited(world, who, minutes=150)
        manager = world.staff[Role.STATION_MANAGER]
        await confirm_hours(manager, records=[id], minutes=140, key=key())
        records.append(id)
        world.clock.move(timedelta(minutes=30))
    world.clock.move(8 * DAY)
    for id in records:
        await post_silent(SYSTEM, record=id, key=key())
        await accept_hours(who, records=[id], key=key())
    assert await minutes_of(who) == (280, 240, 240)


@pytest.mark.anyio
@pytest.mark.parametrize("accepted", [False, True])
async def test_what_counted_in_silence_can_be_disowned_or_taken_back(
    world: World, accepted: bool
) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    disowned, wrong = await silent(world, who, minutes=90), await silent(world, other, minutes=60)
    if accepted:
        await accept_hours(who, records=[disowned], key=key())
        await accept_hours(other, records=[wrong], key=key())
    await repudiate_hours(who, records=[disowned], key=key())
    lead = world.staff[Role.DISTRICT_LEAD]
    await reverse_hours(lead, records=[wrong], reason=ReverseReason.NEVER_HAPPENED, key=key())
    assert await state(disowned) is RecordState.REPUDIATED
    assert await state(wrong) is RecordState.REVERSED
    assert await minutes_of(who) == await minutes_of(other) == (0, 0, 0)
    url = world.settings.database_url
    assert (await replay.compare(url)).differing == 0
    report = await ledger.verify.verify(url, floor=accounts.floor, holder=accounts.holder)
    assert report.sound, report.findings


@pytest.mark.anyio
async def test_silence_waits_while_the_recorders_batch_is_held(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    id, disowned = await told(world, who), await captured(world, other)
    await repudiate_hours(other, records=[disowned], key=key())
    world.clock.move(30 * DAY)
    with pytest.raises(BatchHeld):
        await post_silent(SYSTEM, record=id, key=key())
    lead = world.staff[Role.DISTRICT_LEAD]
    await release_batch(lead, batch=(await record_of(id)).batch, key=key())
    await post_silent(SYSTEM, record=id, key=key())
    assert await state(id) is RecordState.POSTED_SILENT


@pytest.mark.anyio
async def test_only_the_software_lets_silence_count(world: World) -> None:
    who = await world.volunteer()
    id = await told(world, who)
    world.clock.move(8 * DAY)
    for actor in (PUBLIC, who, world.staff[Role.STATION_MANAGER], world.staff[Role.DISTRICT_LEAD]):
        with pytest.raises(Forbidden):
            await post_silent(actor, record=id, key=key())
    with pytest.raises(NotFound):
        await post_silent(SYSTEM, record="rec_none", key=key())
    assert await state(id) is RecordState.CONFIRMED

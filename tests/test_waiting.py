"""Waiting: who holds a record up, and until when, in every state."""

from datetime import date, timedelta

import msgspec
import pytest

from tests.test_silence import CONFIRMED
from tests.volunteering import captured, confirmed, record_of
from tests.wire import ask
from tests.world import World, key
from timebank.actors import SYSTEM, Actor
from timebank.confirmations import accept_hours
from timebank.events import Event
from timebank.notices import open_inbox
from timebank.objection_life import ObjectionRaised, ReviewAsked
from timebank.record_life import (
    LIFECYCLE,
    HoursReinstated,
    HoursReinstatedSilent,
    HoursRepudiated,
    HoursReversed,
    HoursVoided,
    RecordState,
)
from timebank.reversals import repudiate_hours
from timebank.silence import post_silent
from timebank.waiting import Party, Waiting, decide_waiting, waiting_on

DAY = timedelta(days=1)
LAST = date(2026, 11, 27)
NOBODY = None

ANSWERS = {
    RecordState.CAPTURED: Waiting(party=Party.CONFIRMER),
    RecordState.TO_REVIEW: Waiting(party=Party.SECOND_REVIEWER),
    RecordState.CONFIRMED: Waiting(party=Party.VOLUNTEER, by=LAST),
    RecordState.POSTED_SILENT: Waiting(party=Party.VOLUNTEER),
    RecordState.DISPUTED: Waiting(party=Party.DISTRICT, by=LAST),
    RecordState.POSTED: NOBODY,
    RecordState.REJECTED: NOBODY,
    RecordState.REPUDIATED: NOBODY,
    RecordState.REVERSED: NOBODY,
    RecordState.VOIDED: NOBODY,
}


# Decisions


@pytest.mark.parametrize("state", RecordState)
def test_every_state_says_who_is_next(state: RecordState) -> None:
    record = msgspec.structs.replace(CONFIRMED, state=state, dispute_by=LAST)
    assert decide_waiting(record, halted=False) == ANSWERS[state]
    held = Waiting(party=Party.DISTRICT) if ANSWERS[state] else NOBODY
    if state is RecordState.DISPUTED:
        held = ANSWERS[state]
    assert decide_waiting(record, halted=True) == held


@pytest.mark.parametrize("state", RecordState)
def test_nobody_is_waited_for_where_only_undoing_or_objecting_follows(
    state: RecordState,
) -> None:
    undoing: set[type[Event]] = {HoursRepudiated, HoursReversed, ObjectionRaised, ReviewAsked}
    undoing |= {HoursVoided, HoursReinstated, HoursReinstatedSilent}
    forward = set(LIFECYCLE[state]) - undoing
    assert (ANSWERS[state] is not NOBODY) == bool(forward)


def test_a_notice_that_has_not_arrived_waits_for_the_counter() -> None:
    record = msgspec.structs.replace(CONFIRMED, answer_by=None)
    assert decide_waiting(record, halted=False) == Waiting(party=Party.COUNTER)


# Records


@pytest.mark.anyio
async def test_a_record_says_whom_it_waits_for_all_its_life(world: World) -> None:
    who = await world.volunteer()
    id = await captured(world, who)

    async def waits() -> Waiting | None:
        return (await waiting_on([await record_of(id)])).get(id)

    assert await waits() == Waiting(party=Party.CONFIRMER)
    await confirmed(world, [id])
    assert await waits() == Waiting(party=Party.COUNTER)
    await open_inbox(who)
    assert await waits() == Waiting(party=Party.VOLUNTEER, by=LAST)
    world.clock.move(8 * DAY)
    await post_silent(SYSTEM, record=id, key=key())
    assert await waits() == Waiting(party=Party.VOLUNTEER)
    await accept_hours(who, records=[id], key=key())
    assert await waits() is NOBODY


@pytest.mark.anyio
async def test_waiting_on_the_wire(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    await open_inbox(who)
    id = await captured(world, who)
    await confirmed(world, [id])

    async def told(actor: Actor) -> object:
        asks = "{ serviceRecords { nodes { waitingOn { party by } } } }"
        return (await ask(world, actor, asks))["serviceRecords"]["nodes"]

    assert await told(who) == [{"waitingOn": {"party": "VOLUNTEER", "by": "2026-11-27"}}]
    disowned = await captured(world, other)
    await repudiate_hours(other, records=[disowned], key=key())
    assert await told(who) == [{"waitingOn": {"party": "DISTRICT", "by": None}}]
    assert await told(other) == [{"waitingOn": None}]

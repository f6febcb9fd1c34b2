"""Waiting: who holds a record up, and until when (domain 2: hours that never arrive).

Knows who must act next on a record in each of its states; decides nothing about the record itself.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

import msgspec

from timebank.activities import HALTED, Activity
from timebank.days import RecorderDay
from timebank.hours import Record
from timebank.record_life import LIFECYCLE, CaptureMode, RecordState
from timebank.tables import find_many


class Party(StrEnum):
    """Who must act next."""

    CONFIRMER = "confirmer"
    SECOND_REVIEWER = "second_reviewer"
    SERVED = "served"
    COUNTER = "counter"
    VOLUNTEER = "volunteer"
    DISTRICT = "district"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Who must act next, and the last day for it; None where no rule sets a day."""

    party: Party
    by: date | None = None


PARTIES = {
    RecordState.CAPTURED: Party.CONFIRMER,
    RecordState.TO_REVIEW: Party.SECOND_REVIEWER,
    RecordState.CONFIRMED: Party.VOLUNTEER,
    RecordState.POSTED_SILENT: Party.VOLUNTEER,
    RecordState.DISPUTED: Party.DISTRICT,
}
"""Whose key is next, by state; a record in another state waits for nobody."""

# Decisions


def decide_waiting(record: Record, *, halted: bool) -> Waiting | None:
    """Who must act next on a record; None when nothing is held up.

    A held batch or activity waits for the district first. A confirmed record whose notice has not
    arrived waits for the counter, which must speak to the volunteer, unless the volunteer opens the
    inbox first. Help by an order waits for whoever was served. A disputed one waits for the
    district until its next last day.
    """
    party = PARTIES.get(record.state)
    if party is None:
        return None
    if record.state is RecordState.DISPUTED:
        return Waiting(party=party, by=record.dispute_by)
    if halted:
        return Waiting(party=Party.DISTRICT)
    if record.state is RecordState.CAPTURED and record.mode is CaptureMode.HELP_ORDER:
        return Waiting(party=Party.SERVED)
    if record.state is not RecordState.CONFIRMED:
        return Waiting(party=party)
    if record.answer_by is None:
        return Waiting(party=Party.COUNTER)
    return Waiting(party=party, by=record.answer_by)


# Reads


async def waiting_on(records: Sequence[Record]) -> dict[str, Waiting]:
    """Who must act next, by record; what is held up by nobody is not in it."""
    open_ones = [record for record in records if LIFECYCLE[record.state]]
    batches = await find_many(RecorderDay, {record.batch for record in open_ones})
    held = {str(id) for id, day in batches.items() if day.held_by is not None}
    theirs = await find_many(Activity, {one.activity for one in open_ones if one.activity})
    stopped = {id for id, activity in theirs.items() if activity.state in HALTED}
    told = {
        one.id: decide_waiting(one, halted=one.batch in held or one.activity in stopped)
        for one in open_ones
    }
    return {id: waiting for id, waiting in told.items() if waiting is not None}

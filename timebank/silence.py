"""Silence: what a volunteer does not answer counts, once a notice of it has arrived (domain 4).

No notice, no silence. Its minutes then count for stars and mint nothing; the volunteer may still
accept them, which mints, or say “not me”. Knows when silence says something; `notices` knows when a
notice arrived.
"""

from datetime import date

from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.confirmations import not_held, record_needs, tell
from timebank.due import over
from timebank.hours import Record
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notices import NoticeCode
from timebank.record_life import LIFECYCLE, HoursPostedSilent
from timebank.refusals import Forbidden, Refusal
from timebank.tables import find

# Refusals


class NoticeNotArrived(Refusal):
    """No notice, no silence (domain 4)."""

    says = "No notice of this record has arrived, so silence says nothing; tell the volunteer."
    record: str


class TimeToAnswer(Refusal):
    """The volunteer has days to answer."""

    says = "The volunteer may answer about this record until the end of {answer_by}."
    record: str
    answer_by: date


# Decisions


def decide_silence(record: Record, today: date) -> HoursPostedSilent:
    """Let a confirmed record's minutes count, because its volunteer did not answer.

    Refuses: NotInThisState, NoticeNotArrived, TimeToAnswer.
    """
    step(LIFECYCLE, record.state, HoursPostedSilent)
    if record.answer_by is None:
        raise NoticeNotArrived(record=record.id)
    if today <= record.answer_by:
        raise TimeToAnswer(record=record.id, answer_by=record.answer_by)
    return HoursPostedSilent(
        record=record.id,
        volunteer=record.volunteer,
        station=record.station,
        minutes=record.minutes,
        answer_by=record.answer_by,
    )


# Commands


class Counted(Answer, frozen=True, kw_only=True):
    """The record whose minutes count."""

    record: str


async def post_silent(actor: Actor, *, record: str, key: RequestKey) -> Counted:
    """Let what was not answered count, as the software's timer does; nobody else may.

    Refuses: NotFound, NotInThisState, NoticeNotArrived, TimeToAnswer, BatchHeld.
    """
    if actor != SYSTEM:
        raise Forbidden
    seen = await find(Record, record)

    def work(batch: Batch) -> Counted:
        held = batch.need(Record, record, "record")
        event = decide_silence(held, batch.today)
        not_held(batch, held)
        entry = batch.record(event)
        tell(batch, held, NoticeCode.HOURS_COUNTED)
        return Counted(entry=entry.seq, record=record)

    needs = record_needs(seen) if seen else []
    return await write(actor, key, work, answer=Counted, needs=needs)


# Reads


unanswered = over(Record, "answer_by")
"""Records whose last day for an answer is over, the longest first."""

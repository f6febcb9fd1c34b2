"""Rulings: how the district answers and decides an objection, and reviews a decision (domain 4).

An officer decides who turned none of the record's keys and is no party; a review is another
officer's. Upheld, the record is reversed, and a corrected one may take its place.
"""

from datetime import datetime

from timebank.access import Action, permit
from timebank.accounts import balance, volunteer
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.captures import Service, capture, may
from timebank.confirmations import SameHand
from timebank.days import MINUTE
from timebank.help_undone import undo_help
from timebank.hours import Record
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notices import NoticeCode
from timebank.objection_life import (
    Grounds,
    ObjectionAnswered,
    ObjectionDismissed,
    ObjectionState,
    ObjectionUpheld,
    ReviewDismissed,
    ReviewUpheld,
)
from timebank.objections import LIFECYCLE, Disputed, Objection, needs_of, tell
from timebank.record_life import (
    CaptureMode,
    HoursRestored,
    HoursRestoredSilent,
    HoursReversed,
    LateReason,
    RecordState,
    ReverseReason,
)
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.reversals import taking_back
from timebank.texts import LONGEST, keep_text

# Refusals


class OwnObjection(Refusal):
    """Nobody decides a matter of their own."""

    says = "You are party to this objection; another officer must decide it."


class SameOfficer(Refusal):
    """A review is another officer's."""

    says = "You decided this objection; another officer must review it."


class CorrectionMalformed(Refusal):
    """Only what was recorded wrongly is recorded again."""

    says = "Give both times of the corrected record, and only if it was recorded wrongly."
    path = ("starts",)


# Decisions

DECISIONS = {
    (False, True): ObjectionUpheld,
    (False, False): ObjectionDismissed,
    (True, True): ReviewUpheld,
    (True, False): ReviewDismissed,
}
"""The decision's event, by whether it is the review, and whether the objection is upheld."""


def decide_officer(objection: Objection, record: Record, officer: str) -> None:
    """Whether somebody may decide: no party, no hand of the record's, in a review not who decided.

    Refuses: OwnObjection, SameHand, SameOfficer.   Source: domain 4 and 11.
    """
    if officer in (objection.person, record.volunteer, record.recipient):
        raise OwnObjection
    if officer in (record.recorder, record.confirmer, record.reviewer):
        raise SameHand(record=record.id)
    if objection.state is ObjectionState.IN_REVIEW and officer == objection.decided_by:
        raise SameOfficer


def decide_correction(
    record: Record, grounds: Grounds, starts: datetime | None, ends: datetime | None
) -> Service | None:
    """The service to record instead, None if none is given.

    What lies within a checked-in stay stays attended by check-in and may mint; any other times, and
    those of help by an order, are by hand.   Refuses: CorrectionMalformed.
    """
    if starts is None and ends is None:
        return None
    if starts is None or ends is None or grounds is not Grounds.RECORDED_WRONGLY:
        raise CorrectionMalformed
    within = record.starts <= starts and ends <= record.ends
    attended = record.mode is CaptureMode.CHECK_IN and within
    kept = attended or not record.mode.counts
    return Service(
        volunteer=record.volunteer,
        station=record.station,
        starts=starts,
        ends=ends,
        kind=record.kind,
        activity=record.activity,
        mode=record.mode if kept else CaptureMode.MANUAL,
        late=LateReason.CORRECTION,
        evidence=record.evidence,
        instead=True,
        recipient=record.recipient,
    )


# Commands


async def answer_objection(
    actor: Actor, *, objection: str, answer: str, key: RequestKey
) -> Disputed:
    """Give the district's first answer, before the decision.

    Refuses: NotFound, NotInThisState, OwnObjection, SameHand, TextMissing, TextTooLong.
    """

    def work(batch: Batch) -> Disputed:
        held, record = _to_decide(batch, objection)
        step(LIFECYCLE, held.state, ObjectionAnswered)
        decide_officer(held, record, batch.actor.id)
        told = keep_text(batch, objection, "answer", answer, most=LONGEST, whose=held.person)
        event = ObjectionAnswered(objection=objection, record=record.id, answer=told)
        entry = batch.record(event)
        tell(batch, held, record, NoticeCode.OBJECTION_ANSWERED)
        return Disputed(entry=entry.seq, objection=objection)

    return await write(actor, key, work, answer=Disputed, needs=await needs_of(actor, objection))


async def rule_on(
    actor: Actor,
    *,
    objection: str,
    grounds: Grounds,
    decision: str,
    key: RequestKey,
    starts: datetime | None = None,
    ends: datetime | None = None,
) -> Disputed:
    """Decide an objection, or its review, as an officer of the district; the grounds say which way.

    Args: decision, the words; starts and ends, of the record to make instead, which then needs its
    keys like any other. A review that dismisses what was upheld records the service again.
    Refuses: NotFound, NotInThisState, OwnObjection, SameHand, SameOfficer, CorrectionMalformed,
    TextMissing, TextTooLong, and what `capture` refuses.   Source: domain 4.
    """

    def work(batch: Batch) -> Disputed:
        held, record = _to_decide(batch, objection)
        reviewing = held.state is ObjectionState.IN_REVIEW
        made = DECISIONS[reviewing, grounds.uphold]
        step(LIFECYCLE, held.state, made)
        decide_officer(held, record, batch.actor.id)
        instead = decide_correction(record, grounds, starts, ends)
        if record.state is RecordState.DISPUTED:
            kept = (instead.ends - instead.starts) // MINUTE if instead else 0
            _settle(batch, held, record, uphold=grounds.uphold, kept=kept)
        elif not grounds.uphold:
            instead = decide_correction(
                record, Grounds.RECORDED_WRONGLY, record.starts, record.ends
            )
        corrected = capture(batch, instead, record.path)[0] if instead else None
        label = "review" if reviewing else "decision"
        event = made(
            objection=objection,
            record=record.id,
            grounds=grounds,
            decision=keep_text(batch, objection, label, decision, most=LONGEST, whose=held.person),
            corrected=corrected,
        )
        entry = batch.record(event)
        tell(batch, held, record, NoticeCode.OBJECTION_DECIDED)
        return Disputed(entry=entry.seq, objection=objection, corrected=corrected)

    return await write(actor, key, work, answer=Disputed, needs=await needs_of(actor, objection))


def _to_decide(batch: Batch, objection: str) -> tuple[Objection, Record]:
    held = batch.need(Objection, objection, "objection")
    if not may(batch, Action.READ_RECORDS, held.path):
        if not batch.actor.known:
            raise Unauthenticated
        raise NotFound(what="objection")
    permit(batch, Action.DECIDE_OBJECTION, held.path)
    return held, batch.there(Record, held.record)


def _settle(batch: Batch, held: Objection, record: Record, *, uphold: bool, kept: int) -> None:
    if uphold:
        told = taking_back(record, balance(batch, volunteer(record.volunteer)))
        batch.record(HoursReversed(reason=ReverseReason.OBJECTION_UPHELD, **told))
        undo_help(batch, record, kept=kept)
    elif held.stood is RecordState.POSTED_SILENT:
        batch.record(HoursRestoredSilent(record=record.id))
    else:
        batch.record(HoursRestored(record=record.id))

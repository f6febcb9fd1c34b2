"""Rulings: how the district answers and decides an objection, and reviews a decision (domain 4).

An officer decides who turned none of the record's keys and is no party; a review is another
officer's. Upheld, the record is reversed, and a corrected one may take its place.
"""

from datetime import datetime

from timebank.access import Action, in_reach, permit
from timebank.accounts import balance, volunteer
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.captures import Service, capture
from timebank.confirmations import SameHand
from timebank.days import MINUTE
from timebank.events import kind_of
from timebank.help_undone import redo_help, undo_help
from timebank.hours import Record
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import NotInThisState, step
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
from timebank.objections import (
    LIFECYCLE,
    Disputed,
    Objection,
    RecordObjections,
    needs_of,
    tell,
)
from timebank.record_life import (
    CaptureMode,
    HoursRejected,
    HoursRestored,
    HoursRestoredSilent,
    HoursReversed,
    LateReason,
    RecordState,
    RejectReason,
    ReverseReason,
)
from timebank.refusals import Refusal
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
    keys like any other. A review that dismisses what was upheld records the service again and pays
    for the help that it was; what the first decision recorded instead is undone with it.
    Refuses: NotFound, NotInThisState, OwnObjection, SameHand, SameOfficer, CorrectionMalformed,
    TextMissing, TextTooLong, and what `capture` and `redo_help` refuse.   Source: domain 4.
    """

    def work(batch: Batch) -> Disputed:
        held, record = _to_decide(batch, objection)
        reviewing = held.state is ObjectionState.IN_REVIEW
        made = DECISIONS[reviewing, grounds.uphold]
        step(LIFECYCLE, held.state, made)
        decide_officer(held, record, batch.actor.id)
        instead = decide_correction(record, grounds, starts, ends)
        disputed = record.state is RecordState.DISPUTED
        if not disputed and not grounds.uphold:
            instead = decide_correction(
                record, Grounds.RECORDED_WRONGLY, record.starts, record.ends
            )
        kept = (instead.ends - instead.starts) // MINUTE if instead else 0
        if disputed:
            _settle(batch, held, record, uphold=grounds.uphold, kept=kept)
        elif instead or grounds is Grounds.NEVER_HAPPENED:
            _unmake(batch, held.corrected)
            undo_help(batch, record, kept=kept)
            redo_help(batch, record, kept=kept)
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
    held = in_reach(batch, Action.READ_RECORDS, Objection, objection, what="objection")
    permit(batch, Action.DECIDE_OBJECTION, held.path)
    return held, batch.there(Record, held.record)


def _settle(batch: Batch, held: Objection, record: Record, *, uphold: bool, kept: int) -> None:
    if uphold:
        _reverse(batch, record)
        undo_help(batch, record, kept=kept)
    elif held.stood is RecordState.POSTED_SILENT:
        batch.record(HoursRestoredSilent(record=record.id))
    else:
        batch.record(HoursRestored(record=record.id))


def _reverse(batch: Batch, record: Record) -> None:
    told = taking_back(record, balance(batch, volunteer(record.volunteer)))
    batch.record(HoursReversed(reason=ReverseReason.OBJECTION_UPHELD, **told))


def _unmake(batch: Batch, corrected: str | None) -> None:
    """Undo the record that a decision made, which its review changes; what is over stays so.

    One that waits for its volunteer, or is objected to itself, comes to its end first; where it was
    corrected once more, what was made of that is undone.
    Refuses: NotInThisState.
    """
    made = batch.there(Record, corrected) if corrected else None
    if made is None:
        return
    if made.state in (RecordState.CAPTURED, RecordState.TO_REVIEW):
        batch.record(HoursRejected(record=made.id, reason=RejectReason.DUPLICATE))
    elif made.state in (RecordState.POSTED, RecordState.POSTED_SILENT):
        _reverse(batch, made)
    elif made.state in (RecordState.CONFIRMED, RecordState.DISPUTED):
        raise NotInThisState(state=made.state.value, act=kind_of(HoursReversed))
    elif made.state is RecordState.REVERSED and (own := batch.get(RecordObjections, made.id)):
        _unmake(batch, batch.there(Objection, own.newest).corrected)

"""Reversals: “not me” by the volunteer, and taking back by the district (domain 2 and 4).

A correction is a new entry that names the one it reverses, with the mirror of its postings; what
the volunteer has spent already is owed. What the district takes back of its own accord stands as an
objection that it raised and upheld, so that whoever is concerned may ask for its one review. A
disowned record holds what its recorder recorded that day.
"""

from collections.abc import Sequence
from typing import Any

from ledger.entry import Sealed
from timebank.access import Action, may, may_read, permit
from timebank.accounts import balance, volunteer
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.confirmations import (
    SameHand,
    Turned,
    decide_hand,
    is_mine,
    proxy_of,
    tell,
    turn,
    visible,
)
from timebank.days import RecorderDay
from timebank.events import Reversed
from timebank.help_undone import undo_help
from timebank.hours import Record
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.minting import decide_take_back
from timebank.notices import NoticeCode, settle
from timebank.objection_life import Grounds, ObjectionReason, ObjectionState
from timebank.objections import Objection, RecordObjections
from timebank.projections import Rows, projects
from timebank.record_life import (
    LIFECYCLE,
    BatchReleased,
    HoursRepudiated,
    HoursReversed,
    RecordState,
    ReverseReason,
)
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.tables import select

# Refusals


class NotYourHours(Refusal):
    """Only the volunteer, or who acts for them, can say “not me”."""

    says = "Only the volunteer of this record can disown it."
    record: str


class ObjectionOpen(Refusal):
    """What is under an objection is decided there, by a hand that turned none of its keys."""

    says = "An objection to this record is open; decide that instead."
    record: str


class NobodyObjected(Refusal):
    """That an objection was upheld, only its ruling says."""

    says = "That an objection was upheld is said by deciding it; name another reason."
    path = ("reason",)


# Projectors

FOUND = {
    ReverseReason.RECORDED_WRONGLY: (ObjectionReason.RECORDED_WRONGLY, Grounds.RECORDED_WRONGLY),
    ReverseReason.NEVER_HAPPENED: (ObjectionReason.NEVER_HAPPENED, Grounds.NEVER_HAPPENED),
}
"""What the district's own objection says, and on what grounds it was upheld, by the reversal."""


@projects(HoursReversed)
def _reversed(rows: Rows, event: HoursReversed, entry: Sealed) -> None:
    if event.objection is None:
        return
    record, before = rows.there(Record, event.record), rows.get(RecordObjections, event.record)
    reason, grounds = FOUND[event.reason]
    rows.put(
        Objection(
            id=event.objection,
            record=record.id,
            volunteer=record.volunteer,
            recipient=record.recipient,
            path=record.path,
            person=entry.actor,
            reason=reason,
            state=ObjectionState.UPHELD,
            stood=record.state,
            raised_at=entry.at,
            answer_by=None,
            decide_by=None,
            grounds=grounds,
            decided_by=entry.actor,
            decided_on=day_of(entry.at),
        )
    )
    people = before.people if before else ()
    rows.put(RecordObjections(record=record.id, people=people, newest=event.objection))


# Decisions


def taking_back(record: Record, balance: int) -> dict[str, Any]:
    """What undoing the record takes, for its event: nothing is reversed unless it was posted."""
    told: dict[str, Any] = {
        "record": record.id,
        "volunteer": record.volunteer,
        "station": record.station,
    }
    if record.posted_seq is None or record.posted_leaf is None:
        return told
    taken = decide_take_back(credited=record.credited, repaid=record.repaid, balance=balance)
    told["reverses"] = Reversed(seq=record.posted_seq, leaf=record.posted_leaf.hex())
    return told | {"balance": taken.balance, "owed": taken.owed}


# Commands


async def repudiate_hours(actor: Actor, *, records: Sequence[str], key: RequestKey) -> Turned:
    """Say “not me”: what was minted is taken back, and the recorder's batch of that day is held.

    By the volunteer, or by a proxy who turned no key of the record.
    Refuses for each: NotFound, NotYourHours, NotInThisState, SameHand, PersonNotActive.
    Source: domain 2 and 4.
    """

    def one(batch: Batch, id: str) -> Sealed:
        record = visible(batch, id)
        if not is_mine(batch, record):
            raise NotYourHours(record=id)
        proxy = proxy_of(batch, record)
        step(LIFECYCLE, record.state, HoursRepudiated)
        settle(batch, record.volunteer, id)
        told = taking_back(record, balance(batch, volunteer(record.volunteer)))
        entry = batch.record(HoursRepudiated(batch=record.batch, proxy=proxy, **told))
        undo_help(batch, record)
        return entry

    return await turn(actor, records, key, one)


async def reverse_hours(
    actor: Actor, *, records: Sequence[str], reason: ReverseReason, key: RequestKey
) -> Turned:
    """Take posted records back, as the district, with a reason code; a review may be asked for.

    Refuses: NobodyObjected; for each NotFound, NotInThisState, ObjectionOpen.
    Source: domain 2 to 4, ledger format 1.
    """
    if reason not in FOUND:
        raise NobodyObjected

    def one(batch: Batch, id: str) -> Sealed:
        record = visible(batch, id)
        permit(batch, Action.REVERSE_HOURS, record.path)
        if record.state is RecordState.DISPUTED:
            raise ObjectionOpen(record=id)
        step(LIFECYCLE, record.state, HoursReversed)
        told = taking_back(record, balance(batch, volunteer(record.volunteer)))
        tell(batch, record, NoticeCode.HOURS_REVERSED)
        entry = batch.record(HoursReversed(reason=reason, objection=new("obj"), **told))
        undo_help(batch, record)
        return entry

    return await turn(actor, records, key, one)


class Released(Answer, frozen=True, kw_only=True):
    """The batch that goes on."""

    batch: str


async def release_batch(actor: Actor, *, batch: str, key: RequestKey) -> Released:
    """Let a held batch go on, as the district, by somebody without a hand in what it is held for.

    Refuses: NotFound, for one that is not held too; SameHand, OwnHours.   Source: domain 4 and 11.
    """
    if not actor.known:
        raise Unauthenticated

    def work(rows: Batch) -> Released:
        held = rows.need(RecorderDay, batch, "batch")
        if held.held_path is None or not may(rows, Action.READ_RECORDS, held.held_path):
            raise NotFound(what="batch")
        permit(rows, Action.REVERSE_HOURS, held.held_path)
        cause = rows.there(Record, held.held_by or "")
        decide_hand(cause, actor.id, reviewing=True)
        if actor.id in (held.recorder, cause.reviewer):
            raise SameHand(record=cause.id)
        entry = rows.record(BatchReleased(batch=batch))
        return Released(entry=entry.seq, batch=batch)

    return await write(actor, key, work, answer=Released, needs=[(RecorderDay, batch)])


# Reads


async def held_batches(actor: Actor, path: str) -> list[RecorderDay]:
    """The batches held for records below a path: what the district is told. For its staff."""
    if not await may_read(actor, Action.READ_RECORDS, path):
        return []
    return await select(RecorderDay, held_path__startswith=path, order=["id"])

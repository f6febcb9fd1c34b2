"""Finding drafts: two officers of a district find misconduct (domain 4).

One drafts a finding of up to 500 records that count, another makes it; neither turned a key of any
of them. Credit is taken from the balance; what is spent already is owed, and repaid first by later
minting. A draft is no entry: nobody is accused on the ledger by one person alone.
"""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial

from ledger.entry import Sealed
from timebank.access import Action, at_hand, in_reach, may_read, permit, reach
from timebank.accounts import balance, volunteer
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.batch import Batch
from timebank.confirmations import (
    MOST_AT_ONCE,
    Outcome,
    SameHand,
    TooManyRecords,
    Turned,
    record_needs,
)
from timebank.finding_life import Blame, Misconduct, MisconductFound
from timebank.help_undone import undo_help
from timebank.hours import Record
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.projections import Place
from timebank.record_life import LIFECYCLE, HoursVoided, RecordState
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.reversals import ObjectionOpen, taking_back
from timebank.tables import Row, find_many, select, table
from timebank.texts import LONGEST, Text, keep_text

DISTRICT_DEPTH = 2
"""A path begins with city and district."""

# Refusals


class ProposerFinds(Refusal):
    """Two persons find misconduct (domain 4)."""

    says = "Another officer of the district must make the finding that you proposed."


class OwnMatter(Refusal):
    """Nobody finds in a matter of their own."""

    says = "The record of {day} is of service by or to you; officers who are no party must act."
    record: str
    day: date


class DistrictsMixed(Refusal):
    """A finding is one district's."""

    says = "The record of {day} lies in another district than the others; its own must find on it."
    record: str
    day: date
    path = ("records",)


class NothingToVoid(Refusal):
    """Misconduct that brought nothing needs no finding."""

    says = "None of these records counts now, so nothing can be taken back."


# Decisions


def district_of(path: str) -> str:
    """The path of the district that something lies in."""
    return "/".join(path.split("/")[:DISTRICT_DEPTH]) + "/"


def decide_finder(record: Record, officer: str) -> None:
    """Whether somebody may find on a record: no party, no hand of it.

    Refuses: OwnMatter, SameHand.   Source: domain 4 and 11.
    """
    if officer in (record.volunteer, record.recipient):
        raise OwnMatter(record=record.id, day=record.day)
    if officer in (record.recorder, record.confirmer, record.reviewer):
        raise SameHand(record=record.id)


def decide_void(record: Record) -> Record:
    """The record, if what it brought can be taken back.

    Refuses: ObjectionOpen, for what is decided there; NotInThisState.
    """
    if record.state is RecordState.DISPUTED:
        raise ObjectionOpen(record=record.id)
    step(LIFECYCLE, record.state, HoursVoided)
    return record


def decide_one_district(records: Sequence[Record]) -> str:
    """The path of the district that all the records lie in. Refuses: DistrictsMixed."""
    area = district_of(records[0].path)
    for record in records:
        if district_of(record.path) != area:
            raise DistrictsMixed(record=record.id, day=record.day)
    return area


def blamed_for(record: Record, blame: Blame) -> tuple[PersonId, ...]:
    """Whose misconduct a record was; the software itself is nobody to blame."""
    told = {
        Blame.RECORDER: (record.recorder,),
        Blame.VOLUNTEER: (record.volunteer,),
        Blame.BOTH: (record.recorder, record.volunteer),
    }[blame]
    return tuple(dict.fromkeys(person for person in told if person != SYSTEM.id))


# Tables


@table("finding_draft", vault=True, index=[("area",)])
class FindingDraft(Row, frozen=True):
    """A proposed finding that waits for a second officer; `area` is its district's path."""

    id: str
    proposer: str
    proposed_at: datetime
    area: str
    misconduct: Misconduct
    blame: Blame
    records: tuple[str, ...]
    statement: str


# Commands


class Proposed(Answer, frozen=True, kw_only=True):
    """The draft that now waits for a second officer, and how many records it is about."""

    draft: str
    records: int


class FindingMade(Turned, frozen=True, kw_only=True):
    """The finding, and what became of each record it was to be about."""

    finding: str


async def propose_finding(
    actor: Actor,
    *,
    misconduct: Misconduct,
    blame: Blame,
    statement: str,
    key: RequestKey,
    records: Sequence[str] = (),
    batch: str | None = None,
) -> Proposed:
    """Draft a finding on 1 to 500 records that count, for another officer to make.

    Args: records, named one by one, or batch, whatever counts now of what one hand recorded on a
    day, in the district of the first of them; statement, the reasons, at most 2,000 characters.
    Refuses: TooManyRecords, NotFound, DistrictsMixed, OwnMatter, SameHand, NothingToVoid,
    TextMissing, TextTooLong.   Source: domain 4 and 11.
    """
    if not actor.known:
        raise Unauthenticated
    named = list(dict.fromkeys(records)) if batch is None else await _counting_of(actor, batch)
    if not 0 < len(named) <= MOST_AT_ONCE:
        raise TooManyRecords(most=MOST_AT_ONCE)
    draft = new("fnd")

    def work(rows: Batch) -> Proposed:
        held = [_in_scope(rows, id) for id in named]
        area = decide_one_district(held)
        for record in held:
            decide_finder(record, actor.id)
        if all(isinstance(rows.attempt(partial(decide_void, one)), Refusal) for one in held):
            raise NothingToVoid
        kept = keep_text(rows, draft, "statement", statement, most=LONGEST)
        rows.put(
            FindingDraft(
                id=draft,
                proposer=actor.id,
                proposed_at=rows.now,
                area=area,
                misconduct=misconduct,
                blame=blame,
                records=tuple(named),
                statement=kept,
            )
        )
        return Proposed(draft=draft, records=len(named))

    needs: list[Place] = [(Record, id) for id in named]
    return await write(actor, key, work, answer=Proposed, needs=needs)


async def _counting_of(actor: Actor, batch: str) -> list[str]:
    """What counts of a batch, as far as the actor may find on it, of one district."""
    counts = [RecordState.POSTED.value, RecordState.POSTED_SILENT.value]
    held = await select(Record, batch=batch, state__in=counts, order=["id"], limit=MOST_AT_ONCE)
    theirs = await reach(actor, Action.FIND_MISCONDUCT)
    seen = [record for record in held if theirs(record.path)]
    if not seen:
        raise NotFound(what="batch")
    area = district_of(seen[0].path)
    return [record.id for record in seen if record.path.startswith(area)]


def _in_scope(batch: Batch, id: str) -> Record:
    record = in_reach(batch, Action.READ_RECORDS, Record, id, what="record")
    permit(batch, Action.FIND_MISCONDUCT, record.path)
    return record


async def drop_draft(actor: Actor, *, draft: str, key: RequestKey) -> Proposed:
    """Let a proposed finding go, as its proposer or as the officer who does not agree.

    Refuses: NotFound.
    """

    def work(batch: Batch) -> Proposed:
        held = _draft(batch, draft)
        batch.drop(FindingDraft, draft)
        batch.drop(Text, f"{draft}:statement")
        return Proposed(draft=draft, records=len(held.records))

    return await write(actor, key, work, answer=Proposed, needs=[(FindingDraft, draft)])


async def make_finding(actor: Actor, *, draft: str, key: RequestKey) -> FindingMade:
    """Make a finding that another officer proposed: what counts of its records is taken back.

    A record that does not count any more, or is under an objection, is answered for and stays.
    Refuses: NotFound, ProposerFinds, OwnMatter, SameHand, NothingToVoid.   Source: domain 4.
    """
    seen = await at_hand(actor, Action.FIND_MISCONDUCT, FindingDraft, draft, where="area")
    records = await find_many(Record, seen.records) if seen else {}

    def work(batch: Batch) -> FindingMade:
        held = _draft(batch, draft)
        if held.proposer == actor.id:
            raise ProposerFinds
        return _make(batch, held)

    needs: list[Place] = [(FindingDraft, draft)]
    needs += [place for record in records.values() for place in record_needs(record)]
    return await write(actor, key, work, answer=FindingMade, needs=needs)


def _make(batch: Batch, draft: FindingDraft) -> FindingMade:
    records = [batch.there(Record, id) for id in draft.records]
    for record in records:
        decide_finder(record, batch.actor.id)
    decided = {one.id: batch.attempt(partial(decide_void, one)) for one in records}
    taken = [one for one in decided.values() if isinstance(one, Record)]
    if not taken:
        raise NothingToVoid
    entry = batch.record(
        MisconductFound(
            finding=draft.id,
            proposer=draft.proposer,
            area=draft.area,
            misconduct=draft.misconduct,
            blame=draft.blame,
            records=len(taken),
            statement=draft.statement,
        )
    )
    made = {one.id: batch.attempt(partial(_void, batch, draft, one)) for one in taken}
    blamed = [person for one in taken for person in blamed_for(one, draft.blame)]
    hands = (draft.proposer, batch.actor.id)
    for person in dict.fromkeys([*(one.volunteer for one in taken), *blamed]):
        # Attempted one by one only so that all the rows they lack are loaded together.
        batch.attempt(
            partial(notify, batch, person, NoticeCode.FINDING_MADE, draft.id, hands=hands)
        )
    batch.drop(FindingDraft, draft.id)
    outcomes = tuple(_outcome(id, made.get(id, no)) for id, no in decided.items())
    return FindingMade(entry=entry.seq, finding=draft.id, outcomes=outcomes)


def _void(batch: Batch, draft: FindingDraft, record: Record) -> Sealed:
    told = taking_back(record, balance(batch, volunteer(record.volunteer)))
    blamed = blamed_for(record, draft.blame)
    entry = batch.record(HoursVoided(finding=draft.id, blamed=blamed, **told))
    undo_help(batch, record)
    return entry


def _outcome(record: str, told: Refusal | Sealed | Record | None) -> Outcome:
    if isinstance(told, Refusal):
        return Outcome(record=record, code=told.code, details=told.details)
    return Outcome(record=record, entry=told.seq if isinstance(told, Sealed) else None)


def _draft(batch: Batch, draft: str) -> FindingDraft:
    held = in_reach(batch, Action.READ_RECORDS, FindingDraft, draft, what="finding", where="area")
    permit(batch, Action.FIND_MISCONDUCT, held.area)
    return held


# Reads


async def finding_drafts(actor: Actor, path: str) -> list[FindingDraft]:
    """The drafts of the districts below a path, oldest first, for officers who may make them."""
    if not await may_read(actor, Action.FIND_MISCONDUCT, path):
        return []
    return await select(FindingDraft, area__startswith=path, order=["id"])

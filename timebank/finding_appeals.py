"""Finding appeals: the one review of a finding, by another officer (domain 4).

Whoever a finding touches may ask once, in what concerns them: a volunteer for their own records, a
blamed recorder for all of theirs. Where the service is shown, the records count again and what was
taken for them comes back, what is still owed first; where only the blame was wrong, the blame goes.
Nobody decides who took part in the finding, turned a key or is a party.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial
from typing import Any, Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, at_hand, in_reach, may_read, permit, reach
from timebank.accounts import balance, owed
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.confirmations import record_needs
from timebank.days import (
    MINUTE,
    Interval,
    VolunteerDay,
    day_key,
    days_near,
    decide_place,
    minutes_with,
    street_of,
)
from timebank.finding_drafts import decide_finder
from timebank.finding_life import (
    AppealAllowed,
    AppealDismissed,
    AppealGrounds,
    AppealState,
    FindingAppealed,
)
from timebank.findings import (
    Finding,
    FindingPerson,
    VoidedRecord,
    lift,
    person_key,
    records_in,
)
from timebank.help_undone import redo_help
from timebank.hours import Record
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.objections import decide_in_time
from timebank.projections import Place, Rows, projects
from timebank.proxies import may_act_for, principal_in
from timebank.record_life import LIFECYCLE as RECORD_LIFE
from timebank.record_life import HoursReinstated, HoursReinstatedSilent, RecordState
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.tables import Row, Where, find_many, page_by_id, table
from timebank.texts import LONGEST, keep_text
from timebank.working_days import working_days_later

# Refusals


class AppealedBefore(Refusal):
    """One review a person and finding."""

    says = "You have asked for the review of this finding already."


class FinderReviews(Refusal):
    """A review is another officer's."""

    says = "You took part in this finding; another officer must review it."


class OwnAppeal(Refusal):
    """Nobody decides a matter of their own."""

    says = "This finding concerns you; another officer must review it."


class NobodyBlamed(Refusal):
    """Only a blame can be lifted alone."""

    says = "This person is not blamed; decide whether the service is shown."
    path = ("grounds",)


# Lifecycle

LIFECYCLE: Lifecycle[AppealState] = {
    AppealState.ASKED: {
        AppealAllowed: AppealState.ALLOWED,
        AppealDismissed: AppealState.DISMISSED,
    },
    AppealState.ALLOWED: {},
    AppealState.DISMISSED: {},
}

# Decisions


def decide_reviewer(finding: Finding, appellant: PersonId, officer: str) -> None:
    """Whether somebody may review a finding. Refuses: FinderReviews, OwnAppeal."""
    if officer in (finding.proposer, finding.second):
        raise FinderReviews
    if officer == appellant:
        raise OwnAppeal


def decide_return(
    record: Record, voided: VoidedRecord, debt: int
) -> HoursReinstated | HoursReinstatedSilent:
    """How a record comes back: as it stood, with all that was taken, what is owed repaid first.

    Caps limit what is minted; this was minted within them. Args: debt, what is owed, >= 0.
    Refuses: NotInThisState.
    """
    made = HoursReinstated if voided.stood is RecordState.POSTED else HoursReinstatedSilent
    step(RECORD_LIFE, record.state, made)
    told: dict[str, Any] = {
        "record": record.id,
        "volunteer": record.volunteer,
        "station": record.station,
        "finding": voided.finding,
        "minutes": record.minutes,
    }
    if made is HoursReinstatedSilent:
        return HoursReinstatedSilent(**told)
    return HoursReinstated(**told, credited=record.credited, repaid=min(record.credited, debt))


# Tables and projectors


@table("finding_appeal", index=[("finding",), ("person", "id"), ("area", "state", "id")])
class FindingAppeal(Row, frozen=True):
    """One appeal, in what concerns `person`; `decide_by` is None once it is decided."""

    id: str
    finding: str
    area: str
    person: str
    state: AppealState
    decide_by: date | None
    grounds: AppealGrounds | None = None
    decided_by: str | None = None
    decided_on: date | None = None


@table("appealed")
class Appealed(Row, frozen=True):
    """The appeal that a person made against a finding; `id` is `<finding>/<person>`."""

    id: str
    appeal: str


@projects(FindingAppealed)
def _appealed(rows: Rows, event: FindingAppealed, entry: Sealed) -> None:
    rows.put(
        FindingAppeal(
            id=event.appeal,
            finding=event.finding,
            area=rows.there(Finding, event.finding).area,
            person=event.person,
            state=AppealState.ASKED,
            decide_by=event.decide_by,
        )
    )
    rows.put(Appealed(id=person_key(event.finding, event.person), appeal=event.appeal))


@projects(AppealAllowed, AppealDismissed)
def _decided(rows: Rows, event: AppealAllowed | AppealDismissed, entry: Sealed) -> None:
    held = rows.there(FindingAppeal, event.appeal)
    rows.put(
        msgspec.structs.replace(
            held,
            state=step(LIFECYCLE, held.state, type(event)),
            decide_by=None,
            grounds=event.grounds,
            decided_by=entry.actor,
            decided_on=day_of(entry.at),
        )
    )
    if event.grounds is AppealGrounds.NOT_TO_BLAME:
        lift(rows, event.finding, event.person, day_of(entry.at))


# Commands


class Reviewed(Answer, frozen=True, kw_only=True):
    """The appeal, and the records that came back."""

    appeal: str
    returned: tuple[str, ...] = ()


async def appeal_finding(
    actor: Actor, *, finding: str, words: str, key: RequestKey, number: str | None = None
) -> Reviewed:
    """Ask for the one review of a finding, as somebody whom it touches, or as their proxy.

    Args: words, at most 2,000 characters; number, for a proxy, whose appeal it is.
    Refuses: NotFound, for a finding that does not touch them too; AppealedBefore, ObjectionTooLate,
    TextMissing, TextTooLong.   Source: domain 4.
    """
    if not actor.known:
        raise Unauthenticated
    appeal = new("fap")

    def work(batch: Batch) -> Reviewed:
        person, _ = principal_in(batch, number)
        held = batch.get(Finding, finding)
        if held is None or batch.get(FindingPerson, person_key(finding, person)) is None:
            raise NotFound(what="finding")
        if batch.get(Appealed, person_key(finding, person)) is not None:
            raise AppealedBefore
        days = batch.policy_on(held.found_on).record.object_days
        decide_in_time(held.found_on, batch.today, days)
        event = FindingAppealed(
            appeal=appeal,
            finding=finding,
            person=person,
            words=keep_text(batch, appeal, "appeal", words, most=LONGEST, whose=person),
            decide_by=working_days_later(batch.today, batch.policy.record.decide_working_days),
        )
        entry = batch.record(event)
        if person != actor.person:
            notify(batch, person, NoticeCode.FINDING_APPEALED, appeal, hands=[actor.id])
        return Reviewed(entry=entry.seq, appeal=appeal)

    return await write(actor, key, work, answer=Reviewed, needs=[(Finding, finding)])


async def review_finding(
    actor: Actor, *, appeal: str, grounds: AppealGrounds, decision: str, key: RequestKey
) -> Reviewed:
    """Decide an appeal against a finding, as another officer; the grounds say which way.

    Args: decision, the words, at most 2,000 characters.
    Refuses: NotFound, NotInThisState, FinderReviews, OwnAppeal, NobodyBlamed, OwnMatter, SameHand,
    TextMissing, TextTooLong, and Overlaps, GapTooShort, DayTooLong, where service recorded
    meanwhile leaves no room for a record: that one is to be taken back first; NotEnoughTime, where
    help is to be paid again and the pool that had granted it is empty.   Source: domain 4.
    """
    seen = await at_hand(actor, Action.FIND_MISCONDUCT, FindingAppeal, appeal, where="area")
    voided = (await records_in([seen.finding]))[seen.finding] if seen else []
    records = await find_many(Record, voided)

    def work(batch: Batch) -> Reviewed:
        held = _open_appeal(batch, appeal)
        if seen is None:
            raise NotFound(what="appeal")  # it was not there, or out of reach, a moment ago
        made = AppealAllowed if grounds.allow else AppealDismissed
        step(LIFECYCLE, held.state, made)
        decide_reviewer(batch.there(Finding, held.finding), held.person, batch.actor.id)
        concerned = list(_concerned(batch, held, voided))
        for record, _ in concerned:
            decide_finder(record, batch.actor.id)
        if grounds is AppealGrounds.NOT_TO_BLAME and not _blamed(batch, held):
            raise NobodyBlamed
        entry = batch.record(
            made(
                appeal=appeal,
                finding=held.finding,
                person=held.person,
                grounds=grounds,
                decision=keep_text(
                    batch, appeal, "decision", decision, most=LONGEST, whose=held.person
                ),
            )
        )
        back = concerned if grounds is AppealGrounds.SERVICE_SHOWN else []
        for record, before in back:
            told = batch.attempt(partial(_give_back, batch, record, before))
            if isinstance(told, Refusal):
                raise told
        _tell(batch, held, [record.volunteer for record, _ in back])
        returned = tuple(record.id for record, _ in back)
        return Reviewed(entry=entry.seq, appeal=appeal, returned=returned)

    needs: list[Place] = [(FindingAppeal, appeal)]
    needs += [(VoidedRecord, id) for id in voided]
    needs += [place for record in records.values() for place in record_needs(record)]
    return await write(actor, key, work, answer=Reviewed, needs=needs)


def _open_appeal(batch: Batch, appeal: str) -> FindingAppeal:
    held = in_reach(batch, Action.READ_RECORDS, FindingAppeal, appeal, what="appeal", where="area")
    permit(batch, Action.FIND_MISCONDUCT, held.area)
    return held


def _concerned(
    batch: Batch, appeal: FindingAppeal, voided: Iterable[str]
) -> Iterable[tuple[Record, VoidedRecord]]:
    # Read before the lock: a finding never takes another record back, so none can be missing here.
    for id in voided:
        before = batch.get(VoidedRecord, id)
        if before is not None and before.finding == appeal.finding:
            record = batch.there(Record, id)
            if appeal.person in (record.volunteer, *before.blamed):
                yield record, before


def _blamed(batch: Batch, appeal: FindingAppeal) -> bool:
    return batch.there(FindingPerson, person_key(appeal.finding, appeal.person)).blamed


def _give_back(batch: Batch, record: Record, voided: VoidedRecord) -> Sealed:
    rules = batch.policy_on(record.day).record
    interval = Interval(
        record=record.id, street=street_of(record.path), starts=record.starts, ends=record.ends
    )
    days = {}
    for day in days_near(record.starts, record.ends, rules.min_gap_minutes * MINUTE):
        held = batch.get(VolunteerDay, day_key(record.volunteer, day))
        days[day] = held.intervals if held else ()
    minutes = minutes_with(interval, days)
    decide_place(interval, days, minutes, rules, emergency=days if record.emergencies else ())
    debt = -balance(batch, owed(record.volunteer))
    entry = batch.record(decide_return(record, voided, debt))
    redo_help(batch, record, kept=record.minutes)
    return entry


def _tell(batch: Batch, appeal: FindingAppeal, volunteers: Sequence[PersonId]) -> None:
    """Tell the appellant, and everybody whose record came back."""
    for person in dict.fromkeys((appeal.person, *volunteers)):
        code, hands = NoticeCode.FINDING_REVIEWED, (batch.actor.id,)
        batch.attempt(partial(notify, batch, person, code, appeal.finding, hands=hands))


# Reads


async def visible_appeals(actor: Actor, ids: Sequence[str]) -> dict[str, FindingAppeal]:
    """Appeals by id: the actor's own, or of whom they act for, and those in their scope."""
    found = {held.id: held for held in (await find_many(FindingAppeal, ids)).values()}
    mine = await may_act_for(actor, {held.person for held in found.values()})
    theirs = await reach(actor, Action.FIND_MISCONDUCT)
    return {id: held for id, held in found.items() if held.person in mine or theirs(held.area)}


async def open_appeals(actor: Actor, path: str, **where: Unpack[Where]) -> list[FindingAppeal]:
    """The appeals to be decided below a path, the oldest first, for the district's officers."""
    if not await may_read(actor, Action.FIND_MISCONDUCT, path):
        return []
    waiting = Q(area__startswith=path, state=AppealState.ASKED.value)
    return await page_by_id(FindingAppeal, where, waiting)

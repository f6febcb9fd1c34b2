"""Findings: misconduct that two officers of a district found, and whom it touches (domain 4).

Knows whose misconduct was found, when, and until when if it was lifted; what a finding took back
and from whom. What a blamed recorder recorded that day and does not count yet stays held. How a
finding comes to be is `finding_drafts`, its review `finding_appeals`; refuses to know what follows
for a star.
"""

from collections.abc import Sequence
from datetime import date
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, may_read, reach
from timebank.actors import Actor, PersonId
from timebank.clock import day_of, months_later
from timebank.days import RecorderDay
from timebank.finding_life import Blame, Misconduct, MisconductFound
from timebank.hours import Record, count, fill_day, undo
from timebank.lifecycles import step
from timebank.projections import Rows, projects
from timebank.proxies import may_act_for
from timebank.record_life import (
    LIFECYCLE,
    HoursReinstated,
    HoursReinstatedSilent,
    HoursVoided,
    RecordState,
)
from timebank.tables import Row, Where, find_many, newest_by_id, select, table

# Tables and projectors


@table("finding", index=[("area", "id")])
class Finding(Row, frozen=True):
    """A finding that was made; `voided` of its `records` have not come back since."""

    id: str
    area: str
    misconduct: Misconduct
    blame: Blame
    proposer: str
    second: str
    found_on: date
    records: int
    voided: int


@table("voided_record", index=[("finding",)])
class VoidedRecord(Row, frozen=True):
    """The finding that took a record back the last time, and the state the record stood in."""

    record: str
    finding: str
    blamed: tuple[str, ...]
    stood: RecordState


@table("finding_person", index=[("finding",), ("person", "id")])
class FindingPerson(Row, frozen=True):
    """Whom a finding touches; `id` is `<finding>/<person>`.

    `voided` counts the records that concern them and have not come back; blamed for some, they are
    `blamed`.
    """

    id: str
    finding: str
    person: str
    blamed: bool
    voided: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One finding against somebody: what, since which day, and until which if it was lifted."""

    finding: str
    misconduct: Misconduct
    found_on: date
    lifted_on: date | None = None


@table("found_against")
class FoundAgainst(Row, frozen=True):
    """The findings against a person: what the quality gate of the stars asks (domain 7)."""

    person: str
    found: tuple[Found, ...]


@projects(MisconductFound)
def _made(rows: Rows, event: MisconductFound, entry: Sealed) -> None:
    rows.put(
        Finding(
            id=event.finding,
            area=event.area,
            misconduct=event.misconduct,
            blame=event.blame,
            proposer=event.proposer,
            second=entry.actor,
            found_on=day_of(entry.at),
            records=event.records,
            voided=event.records,
        )
    )


@projects(HoursVoided)
def _voided(rows: Rows, event: HoursVoided, entry: Sealed) -> None:
    record, finding = rows.there(Record, event.record), rows.there(Finding, event.finding)
    undo(rows, record, HoursVoided)
    rows.put(
        VoidedRecord(record=record.id, finding=finding.id, blamed=event.blamed, stood=record.state)
    )
    for person in dict.fromkeys((record.volunteer, *event.blamed)):
        _touch(rows, finding, person, blamed=person in event.blamed)
    if record.recorder in event.blamed:
        rows.put(rows.there(RecorderDay, record.batch).held_for(record.id, record.path))


def _touch(rows: Rows, finding: Finding, person: PersonId, *, blamed: bool) -> None:
    id = person_key(finding.id, person)
    held = rows.get(FindingPerson, id)
    rows.put(
        FindingPerson(
            id=id,
            finding=finding.id,
            person=person,
            blamed=blamed or (held is not None and held.blamed),
            voided=(held.voided if held else 0) + 1,
        )
    )
    if blamed and not (held and held.blamed):
        before = rows.get(FoundAgainst, person)
        made = Found(finding=finding.id, misconduct=finding.misconduct, found_on=finding.found_on)
        found = (*(before.found if before else ()), made)
        rows.put(FoundAgainst(person=person, found=found))


@projects(HoursReinstated, HoursReinstatedSilent)
def _reinstated(rows: Rows, event: HoursReinstated | HoursReinstatedSilent, entry: Sealed) -> None:
    record, voided = rows.there(Record, event.record), rows.there(VoidedRecord, event.record)
    credited = event.credited if isinstance(event, HoursReinstated) else 0
    rows.put(
        msgspec.structs.replace(
            record,
            state=step(LIFECYCLE, record.state, type(event)),
            credited=credited,
            repaid=event.repaid if isinstance(event, HoursReinstated) else 0,
            posted_seq=entry.seq,
            posted_leaf=entry.leaf,
            posted_on=day_of(entry.at),
        )
    )
    fill_day(rows, record)
    count(rows, record, event.minutes, credited)
    rows.drop(VoidedRecord, record.id)
    finding = rows.there(Finding, event.finding)
    rows.put(msgspec.structs.replace(finding, voided=finding.voided - 1))
    for person in dict.fromkeys((record.volunteer, *voided.blamed)):
        held = rows.there(FindingPerson, person_key(finding.id, person))
        rows.put(msgspec.structs.replace(held, voided=held.voided - 1))
        if held.voided == 1:
            lift(rows, finding.id, person, day_of(entry.at))


def lift(rows: Rows, finding: str, person: PersonId, day: date) -> None:
    """Let nothing of a finding be held against a person any more, for projectors."""
    held = rows.get(FoundAgainst, person)
    if held is None:
        return
    found = tuple(
        msgspec.structs.replace(one, lifted_on=one.lifted_on or day)
        if one.finding == finding
        else one
        for one in held.found
    )
    rows.put(msgspec.structs.replace(held, found=found))


def person_key(finding: str, person: PersonId) -> str:
    """The key of what a finding is to a person."""
    return f"{finding}/{person}"


# What other capabilities ask


def misconduct_within(held: FoundAgainst | None, day: date, months: int) -> tuple[Found, ...]:
    """The findings of the `months` before a day that stood on it, as of that day.

    For the quality gate of the stars: load `FoundAgainst` by the person, in a decision or a read.
    """
    return tuple(
        one
        for one in (held.found if held else ())
        if one.found_on <= day < months_later(one.found_on, months)
        and (one.lifted_on is None or day < one.lifted_on)
    )


# Reads


async def visible_findings(actor: Actor, ids: Sequence[str]) -> dict[str, Finding]:
    """Findings by id that touch the actor or whom they act for, or lie in their scope."""
    found = await find_many(Finding, ids)
    theirs = await reach(actor, Action.READ_RECORDS)
    far = [id for id, held in found.items() if not theirs(held.area)]
    touched = await select(FindingPerson, finding__in=far) if far else []
    mine = await may_act_for(actor, {one.person for one in touched})
    own = {one.finding for one in touched if one.person in mine}
    return {str(id): held for id, held in found.items() if theirs(held.area) or id in own}


async def findings_at(actor: Actor, path: str, **where: Unpack[Where]) -> list[Finding]:
    """The findings of the districts below a path, newest first. For their staff."""
    if not await may_read(actor, Action.READ_RECORDS, path):
        return []
    return await newest_by_id(Finding, where, Q(area__startswith=path))


async def records_in(findings: Sequence[str]) -> dict[str, list[str]]:
    """The records that findings took back and that have not come back, by finding."""
    told: dict[str, list[str]] = {id: [] for id in findings}
    for held in await select(VoidedRecord, finding__in=list(findings), order=["record"]):
        told[held.finding].append(held.record)
    return told

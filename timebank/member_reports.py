"""Member reports: an in-service Party member reports to the home community (domain 8).

Only the member and the community's Party secretary see one; for everybody else it is not there,
and asking for it looks and costs like asking for what does not exist. Knows reports under
aliases; whose they are, `aliases` tells; what a secretary does, `report_reviews`;
what a unit may know, `unit_consents`.
"""

from collections.abc import Collection
from datetime import date
from typing import Unpack

from msgspec.structs import replace

from ledger.entry import Sealed
from timebank.access import Action
from timebank.actors import Actor
from timebank.aliases import (
    LEAVING,
    Alias,
    MemberRow,
    Shared,
    alias_in,
    alias_of,
    module_enabled,
    module_on,
    tie,
    under_alias,
)
from timebank.batch import Batch
from timebank.clock import day_of, months_later
from timebank.divisions import Area
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.member_life import (
    CLAIMING,
    LIFECYCLE,
    MemberActivated,
    MemberLapsed,
    MemberMoved,
    MemberReceived,
    MemberReconfirmed,
    MemberReported,
    MemberReportMissing,
    MemberReturned,
    MemberWithdrew,
    Moved,
    ReportConsentMissing,
    ReportedThere,
    ReportStands,
    ReportState,
    ReturnReason,
)
from timebank.people import Person, active_person
from timebank.places import must_be_community
from timebank.projections import Place, Rows, projects
from timebank.tables import Row, Where, find, select, table

# Tables and projectors


@table("member_report", index=[("path", "id"), ("member", "id"), ("state", "reconfirm_by")])
class MemberReport(MemberRow, frozen=True):
    """One report to a community, which lies at `path`; `reconfirm_by` is the last day to do so."""

    community: str
    state: ReportState
    reported_on: date
    reconfirm_by: date | None = None
    reason: ReturnReason | None = None
    previous: str | None = None
    successor: str | None = None


@table("member_standing")
class MemberStanding(Row, frozen=True):
    """The report of a member that was neither returned nor withdrawn: the latest one."""

    member: str
    report: str


@projects(MemberReported)
def _reported(rows: Rows, event: MemberReported, entry: Sealed) -> None:
    rows.put(
        MemberReport(
            id=event.report,
            member=event.member,
            community=event.community,
            path=rows.there(Area, event.community).path,
            state=ReportState.SUBMITTED,
            reported_on=day_of(entry.at),
            previous=event.previous,
        )
    )
    rows.put(MemberStanding(member=event.member, report=event.report))


@projects(
    MemberReceived,
    MemberActivated,
    MemberReconfirmed,
    MemberReturned,
    MemberLapsed,
    MemberMoved,
    MemberWithdrew,
)
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    held = rows.there(MemberReport, event.report)
    held = replace(held, state=step(LIFECYCLE, held.state, type(event)))
    if isinstance(event, MemberActivated | MemberReconfirmed):
        held = replace(held, reconfirm_by=event.reconfirm_by)
    elif isinstance(event, MemberReturned):
        held = replace(held, reason=event.reason)
    elif isinstance(event, MemberMoved):
        held = replace(held, successor=event.successor)
    rows.put(held)
    if isinstance(event, MemberReturned | MemberWithdrew):
        rows.drop(MemberStanding, event.member)


# What other capabilities ask


def active_member(batch: Batch) -> MemberReport:
    """The actor's own report, with which they may claim. Refuses: MemberReportMissing."""
    held = batch.get(Alias, batch.actor.person) if batch.actor.person else None
    standing = batch.get(MemberStanding, held.alias) if held else None
    report = batch.there(MemberReport, standing.report) if standing else None
    if report is None or report.state not in CLAIMING or report.member != batch.actor.id:
        raise MemberReportMissing
    return report


def reconfirm_by(batch: Batch) -> date:
    """The last day to reconfirm what is confirmed today."""
    return months_later(batch.today, batch.policy.member.reconfirm_months)


# Commands


class Reported(Answer, frozen=True, kw_only=True):
    """The report that was made or moved on."""

    report: str


async def report_membership(
    actor: Actor, *, community: str, consent: bool, key: RequestKey
) -> Reported:
    """Report to a community as a member, with separate consent to its being known there.

    Refuses: MemberModuleOff, ReportConsentMissing, NotFound, PersonNotActive, NotACommunity,
    ReportStands.   Source: domain 8 and 11.
    """
    member, report = await under_alias(actor), new("mrp")

    def work(batch: Batch) -> Reported:
        module_on(batch)
        if not consent:
            raise ReportConsentMissing
        person = active_person(batch, actor.person or "").id
        must_be_community(batch.need(Area, community, "area"))
        id = tie(batch, person)
        if batch.get(MemberStanding, id) is not None:
            raise ReportStands
        event = MemberReported(report=report, member=id, community=community)
        return Reported(entry=batch.record(event).seq, report=report)

    return await write(member, key, work, answer=Reported, needs=_needs(member, community))


async def move_membership(actor: Actor, *, community: str, key: RequestKey) -> Reported:
    """Report to another community; the earlier report ends, and the new one names it.

    Refuses: MemberModuleOff, NotFound, NotACommunity, ReportedThere, NotInThisState.
    """
    member, report = await under_alias(actor), new("mrp")

    def work(batch: Batch) -> Reported:
        held = _own(batch, MemberMoved)
        must_be_community(batch.need(Area, community, "area"))
        if held.community == community:
            raise ReportedThere
        batch.record(MemberMoved(report=held.id, member=held.member, successor=report))
        event = MemberReported(
            report=report, member=held.member, community=community, previous=held.id
        )
        return Reported(entry=batch.record(event).seq, report=report)

    return await write(member, key, work, answer=Reported, needs=_needs(member, community))


async def reconfirm_membership(actor: Actor, *, key: RequestKey) -> Reported:
    """Say that the report still holds, for another half-year; after a lapse too.

    Refuses: MemberModuleOff, NotFound, NotInThisState.
    """
    member = await under_alias(actor)

    def work(batch: Batch) -> Reported:
        held = _own(batch, MemberReconfirmed)
        event = MemberReconfirmed(
            report=held.id, member=held.member, reconfirm_by=reconfirm_by(batch)
        )
        return Reported(entry=batch.record(event).seq, report=held.id)

    return await write(member, key, work, answer=Reported, needs=_needs(member))


async def withdraw_membership(actor: Actor, *, key: RequestKey) -> Reported:
    """Take one's report back, and with it what one claimed: as easy as reporting.

    Refuses: MemberModuleOff, NotFound, NotInThisState.
    """
    member = await under_alias(actor)

    def work(batch: Batch) -> Reported:
        held = _own(batch, MemberWithdrew)
        entry = batch.record(MemberWithdrew(report=held.id, member=held.member))
        for let_go in LEAVING:
            let_go(batch, held.member)
        return Reported(entry=entry.seq, report=held.id)

    return await write(member, key, work, answer=Reported, needs=_needs(member))


def _needs(member: Actor, community: str | None = None) -> list[Place]:
    person = member.person or ""
    area: list[Place] = [(Area, community)] if community else []
    return [(Alias, person), (Person, person), (MemberStanding, member.id), *area]


def _own(batch: Batch, event: type[Event]) -> MemberReport:
    """The actor's standing report, on which they may do this. Refuses: NotFound, NotInThisState."""
    module_on(batch)
    standing = batch.need(MemberStanding, alias_in(batch), "member report")
    held = batch.there(MemberReport, standing.report)
    step(LIFECYCLE, held.state, event)
    return held


# Reads


async def own_report(actor: Actor) -> MemberReport | None:
    """The actor's standing report; None where the module is off."""
    if not await module_enabled():
        return None
    member = await alias_of(actor)
    standing = await find(MemberStanding, member or "")
    return await find(MemberReport, standing.report) if standing else None


REPORTS = Shared(MemberReport, Action.HANDLE_MEMBER_REPORTS)
"""What the member and the secretary see of reports."""


async def reports_at(
    actor: Actor, community: str, *, states: Collection[ReportState] = (), **where: Unpack[Where]
) -> list[MemberReport]:
    """The reports at a community, newest first, for its secretary; nothing where it is none."""
    area = await find(Area, community)
    return await REPORTS.listed(actor, scope=area.path if area else "", states=states, **where)


async def reports_due(*, skip: int, limit: int) -> list[str]:
    """The reports that nobody reconfirmed in time, the longest overdue first."""
    today = day_of(current().clock.now())
    if not await module_enabled():
        return []
    due = await select(
        MemberReport,
        state__in=[state.value for state in CLAIMING],
        reconfirm_by__lt=today.isoformat(),
        order=["reconfirm_by", "id"],
        limit=limit,
        offset=skip,
    )
    return [held.id for held in due]

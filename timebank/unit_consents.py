"""Unit consents: a member lets one work unit learn what they did, and takes that back at a tap.

Separate from the report, for one unit at a time, with a version (domain 8 and 11). Without it a
unit learns nothing, not even that there is somebody. Refuses to know what a statement says.
"""

from collections.abc import Callable
from datetime import date

from msgspec.structs import replace

from ledger.entry import Sealed
from timebank.actors import Actor
from timebank.aliases import LEAVING, alias_in, alias_of, module_enabled, module_on, under_alias
from timebank.batch import Batch
from timebank.clock import day_of, months_later
from timebank.consents import CONSENT_VERSION
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.member_reports import active_member
from timebank.projections import Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.statement_life import StatementPrepared
from timebank.tables import Row, find, table
from timebank.units import WorkUnit

# Events


class UnitConsentGiven(Event, frozen=True, tag="member.unit_consented"):
    """A member lets a unit have a statement of every so many months, the first from a day on."""

    member: str
    unit: str
    version: str
    months: int
    next_on: date


class UnitConsentEnded(Event, frozen=True, tag="member.unit_consent_ended"):
    """A member took that back; the unit is told nothing more."""

    member: str


# Refusals


class UnitConsentStands(Refusal):
    """One unit at a time."""

    says = "You consented for a unit already; end that consent first."
    path = ("unit",)


# Tables and projectors


@table("unit_consent", index=[("unit", "member"), ("next_on", "member")])
class UnitConsent(Row, frozen=True):
    """Which unit a member lets know, since when, and from when on the next statement is due."""

    member: str
    unit: str
    version: str
    since: date
    months: int
    next_on: date


@projects(UnitConsentGiven)
def _given(rows: Rows, event: UnitConsentGiven, entry: Sealed) -> None:
    rows.put(
        UnitConsent(
            member=event.member,
            unit=event.unit,
            version=event.version,
            since=day_of(entry.at),
            months=event.months,
            next_on=event.next_on,
        )
    )


@projects(StatementPrepared)
def _told(rows: Rows, event: StatementPrepared, entry: Sealed) -> None:
    rows.put(replace(rows.there(UnitConsent, event.member), next_on=event.next_on))


@projects(UnitConsentEnded)
def _ended(rows: Rows, event: UnitConsentEnded, entry: Sealed) -> None:
    rows.drop(UnitConsent, event.member)


ENDING: list[Callable[[Batch, str], None]] = []
"""What ends with a consent."""


def _end(batch: Batch, member: str) -> None:
    if batch.get(UnitConsent, member) is not None:
        end_consent(batch, member)


LEAVING.append(_end)


def end_consent(batch: Batch, member: str) -> Sealed:
    """End a consent that stands, and whatever ends with it."""
    entry = batch.record(UnitConsentEnded(member=member))
    for let_go in ENDING:
        let_go(batch, member)
    return entry


def next_statement(day: date, months: int) -> date:
    """The first day after the months, counted from January, that a day falls into."""
    begun = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    return months_later(begun, months)


# Commands


class Consented(Answer, frozen=True, kw_only=True):
    """The consent was given or ended."""


async def consent_to_unit(actor: Actor, *, unit: str, key: RequestKey) -> Consented:
    """Let a work unit have one's quarterly statements.

    Refuses: MemberModuleOff, MemberReportMissing, NotFound, UnitConsentStands.   Source: domain 8.
    """
    as_one = await under_alias(actor)

    def work(batch: Batch) -> Consented:
        module_on(batch)
        member = active_member(batch).member
        batch.need(WorkUnit, unit, "unit")
        if batch.get(UnitConsent, member) is not None:
            raise UnitConsentStands
        months = batch.policy.member.feedback_months
        event = UnitConsentGiven(
            member=member,
            unit=unit,
            version=CONSENT_VERSION,
            months=months,
            next_on=next_statement(batch.today, months),
        )
        return Consented(entry=batch.record(event).seq)

    return await write(as_one, key, work, answer=Consented, needs=[(WorkUnit, unit)])


async def end_unit_consent(actor: Actor, *, key: RequestKey) -> Consented:
    """Take the consent back, at any time, whatever became of the report.

    Refuses: MemberModuleOff, NotFound.
    """
    as_one = await under_alias(actor)

    def work(batch: Batch) -> Consented:
        module_on(batch)
        member = alias_in(batch)
        if batch.get(UnitConsent, member) is None:
            raise NotFound(what="consent")
        return Consented(entry=end_consent(batch, member).seq)

    return await write(as_one, key, work, answer=Consented)


# Reads


async def own_unit_consent(actor: Actor) -> UnitConsent | None:
    """The actor's own consent; None where the module is off."""
    if not await module_enabled():
        return None
    return await find(UnitConsent, await alias_of(actor) or "")

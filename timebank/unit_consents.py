"""Unit consents: a member lets one work unit learn what they did, and takes that back at a tap.

Separate from the report, for one unit at a time, with a version (domain 8 and 11). Without it a
unit learns nothing, not even that there is somebody. Refuses to know what a statement says.
"""

from datetime import date

from ledger.entry import Sealed
from timebank.actors import Actor
from timebank.aliases import alias_in, alias_of, module_enabled, module_on, under_alias
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.consents import CONSENT_VERSION
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.member_reports import active_member
from timebank.projections import Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.tables import Row, find, table
from timebank.units import WorkUnit

# Events


class UnitConsentGiven(Event, frozen=True, tag="member.unit_consented"):
    """A member lets a unit have their statements."""

    member: str
    unit: str
    version: str


class UnitConsentEnded(Event, frozen=True, tag="member.unit_consent_ended"):
    """A member took that back; the unit is told nothing more."""

    member: str


# Refusals


class UnitConsentStands(Refusal):
    """One unit at a time."""

    says = "You consented for a unit already; end that consent first."
    path = ("unit",)


# Tables and projectors


@table("unit_consent", index=[("unit", "member")])
class UnitConsent(Row, frozen=True):
    """Which unit a member lets know, since when."""

    member: str
    unit: str
    version: str
    since: date


@projects(UnitConsentGiven)
def _given(rows: Rows, event: UnitConsentGiven, entry: Sealed) -> None:
    rows.put(
        UnitConsent(
            member=event.member, unit=event.unit, version=event.version, since=day_of(entry.at)
        )
    )


@projects(UnitConsentEnded)
def _ended(rows: Rows, event: UnitConsentEnded, entry: Sealed) -> None:
    rows.drop(UnitConsent, event.member)


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
        event = UnitConsentGiven(member=member, unit=unit, version=CONSENT_VERSION)
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
        return Consented(entry=batch.record(UnitConsentEnded(member=member)).seq)

    return await write(as_one, key, work, answer=Consented)


# Reads


async def own_unit_consent(actor: Actor) -> UnitConsent | None:
    """The actor's own consent; None where the module is off."""
    if not await module_enabled():
        return None
    return await find(UnitConsent, await alias_of(actor) or "")

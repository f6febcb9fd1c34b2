"""The register of annual reports: who sees which, their versions, and what was said (domain 9).

A report is for those who act for the organisation, its registrar and its supervising unit; what is
typed and not handed in is for the first alone. What the registrar found of a year, and whether the
supervising unit had said nothing, is for everybody.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar, Unpack

import msgspec
from tortoise.expressions import Q

from timebank.access import Action, may_read, reach
from timebank.actors import Actor
from timebank.annual_report_life import AnnualReportState
from timebank.annual_reports import AnnualReport, ReportDraft, version_of
from timebank.organisations import Organisation
from timebank.report_fields import FIELDS, ReportField
from timebank.report_filling import Behind, fill
from timebank.tables import Where, find, find_many, page_by_id, select
from timebank.texts import Text
from timebank.units import WorkUnit

T = TypeVar("T")

# Reads


async def visible_reports(actor: Actor, ids: Sequence[str]) -> dict[str, AnnualReport]:
    """Reports by id, for those who may read them."""
    found = await find_many(AnnualReport, ids)
    readable = await reports_readable(actor, {held.organisation for held in found.values()})
    return {str(id): held for id, held in found.items() if held.organisation in readable}


async def reports_readable(actor: Actor, organisations: Iterable[str]) -> set[str]:
    """Those of some organisations whose annual reports the actor may read.

    Whoever acts for them, their registrar and their supervising unit.
    """
    whose = await find_many(Organisation, organisations)
    own = await reach(actor, Action.ACT_FOR_ORGANISATION)
    registrars = await reach(actor, Action.REGISTER_ORGANISATION)
    units = await find_many(WorkUnit, {one.supervisor for one in whose.values() if one.supervisor})

    def readable(held: Organisation) -> bool:
        unit = units.get(held.supervisor or "")
        over = own(held.path) or registrars(held.path)
        return over or (unit is not None and own(unit.path))

    return {held.id for held in whose.values() if readable(held)}


class TellsField(msgspec.Struct, frozen=True):
    """One field of a report: its value if there is one, its entries, and what was said of it."""

    field: ReportField
    value: str | None
    behind: Behind
    comment: str | None


async def told_of(actor: Actor, report: AnnualReport, version: int | None) -> Sequence[TellsField]:
    """The fields of a version that was handed in, or as they stand now.

    What is not handed in is told to those who act for the organisation. Whether the actor may see
    the report was asked before.
    """
    if version is None and not await may_read(actor, Action.ACT_FOR_ORGANISATION, report.path):
        version = report.version
    if version is None:
        known = await fill(report.organisation, report.year)
        draft = await find(ReportDraft, report.id)
        values = {code: one.value for code, one in known.items()} | (draft.values if draft else {})
        behind = {code: one.behind for code, one in known.items()}
    else:
        # What was handed in leads to the entries that made it then, whatever was undone since.
        values = await _kept(report, version, "values", dict[str, str])
        behind = await _kept(report, version, "entries", dict[str, Behind])
    said = report.version if version is None else version
    comments = await _kept(report, said, "comments", dict[str, str])
    return [
        TellsField(
            field=field,
            value=values.get(code),
            behind=behind.get(code, Behind()),
            comment=comments.get(code),
        )
        for code, field in FIELDS.items()
    ]


async def _kept(
    report: AnnualReport, version: int, label: str, told: type[dict[str, T]]
) -> dict[str, T]:
    text = await find(Text, f"{version_of(report.id, version)}:{label}")
    return msgspec.json.decode(text.value, type=told) if text else {}


async def accepted_reports(organisation: str) -> list[AnnualReport]:
    """The years of an organisation that were decided on, the oldest first: for everybody."""
    accepted = AnnualReportState.ACCEPTED.value
    return await select(AnnualReport, organisation=organisation, state=accepted, order=["id"])


async def reports_below(
    actor: Actor, path: str, states: Sequence[AnnualReportState], **where: Unpack[Where]
) -> list[AnnualReport]:
    """Reports at or below a path, the oldest first: for registrars, or the organisation's own."""
    for action in (Action.REGISTER_ORGANISATION, Action.ACT_FOR_ORGANISATION):
        if await may_read(actor, action, path):
            break
    else:
        return []
    which = Q(path__startswith=path, state__in=[state.value for state in states])
    return await page_by_id(AnnualReport, where, which)

"""Work units (驻区单位): employers and institutions of a neighbourhood, registered by its street.

A unit's path goes on from its area's, so a scope can end with it. Names are texts with a commitment
on the ledger. Refuses to know who works there.
"""

from collections.abc import Sequence
from typing import Unpack

from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import SCOPES, Action, permit
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.divisions import Area
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.projections import Rows, projects
from timebank.tables import Row, Where, find_many, page_by_id, table
from timebank.texts import keep_text

# Events


class UnitRegistered(Event, frozen=True, tag="unit.registered"):
    """A street registered a work unit in one of its areas."""

    unit: str
    area: str
    name: str


# Tables and projectors


@table("work_unit", index=[("path",)])
class WorkUnit(Row, frozen=True):
    """One work unit; `path` ends with its own id."""

    id: str
    area: str
    path: str


SCOPES["uni"] = WorkUnit


@projects(UnitRegistered)
def _registered(rows: Rows, event: UnitRegistered, entry: Sealed) -> None:
    path = f"{rows.there(Area, event.area).path}{event.unit}/"
    rows.put(WorkUnit(id=event.unit, area=event.area, path=path))


# Commands


class UnitNamed(Answer, frozen=True, kw_only=True):
    """The unit that was registered."""

    unit: str


async def register_unit(actor: Actor, *, area: str, name: str, key: RequestKey) -> UnitNamed:
    """Register a work unit of an area. Refuses: NotFound, TextMissing, TextTooLong."""

    def work(batch: Batch) -> UnitNamed:
        permit(batch, Action.REGISTER_UNIT, batch.need(Area, area, "area").path)
        unit = new("uni")
        told = keep_text(batch, unit, "name", name, most=60)
        entry = batch.record(UnitRegistered(unit=unit, area=area, name=told))
        return UnitNamed(entry=entry.seq, unit=unit)

    return await write(actor, key, work, answer=UnitNamed, needs=[(Area, area)])


# Reads


async def units_by_id(ids: Sequence[str]) -> dict[str, WorkUnit]:
    """Units by their ids, in one statement."""
    return {str(id): held for id, held in (await find_many(WorkUnit, ids)).items()}


async def units_below(path: str, **where: Unpack[Where]) -> list[WorkUnit]:
    """The units at or below a path, strictly between two ids, in their order or from the end."""
    return await page_by_id(WorkUnit, where, Q(path__startswith=path))

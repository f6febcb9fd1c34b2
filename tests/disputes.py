"""Disputes for the tests: records that count, and what is said against them, by real commands."""

from datetime import timedelta
from typing import Any

from tests.volunteering import captured, confirmed, posted, visited
from tests.world import World, key
from timebank.access import Role
from timebank.actors import Actor
from timebank.confirmations import accept_hours
from timebank.objection_life import Grounds, ObjectionReason
from timebank.objections import Objection, raise_objection
from timebank.rulings import rule_on
from timebank.tables import find


async def served(world: World, who: Actor, whom: Actor, *, minutes: int = 120) -> str:
    """A record by check-in of service to somebody, with all its keys turned: it is minted."""
    id = await visited(world, who, minutes=minutes, recipient=await world.number_of(whom))
    await confirmed(world, [id])
    return id


async def objected(world: World, who: Actor, record: str | None = None) -> str:
    """An objection to a record, a new one by hand where none is named."""
    id = record or await posted(world, who)
    made = await raise_objection(
        who, record=id, reason=ObjectionReason.WRONG_TIMES, statement="时间记错了", key=key()
    )
    return made.objection


async def decided(world: World, objection: str, grounds: Grounds, by: Actor | None = None) -> None:
    """A decision by the district's lead, or somebody else."""
    lead = by or world.staff[Role.DISTRICT_LEAD]
    await rule_on(lead, objection=objection, grounds=grounds, decision="已核实", key=key())


async def objection_of(id: str) -> Objection:
    """An objection that must be there."""
    held = await find(Objection, id)
    assert held
    return held


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """Objections of the subject: to answer, to decide and decided; and a record to object to."""
    records, clerk = [], await world.officer(Role.STATION_CLERK, world.station_path)
    for hours in range(10, 14):
        starts = world.clock.now() - timedelta(hours=2 * hours)
        id = await captured(world, subject, starts=starts, minutes=20, by=clerk)
        records.append(id)
    await confirmed(world, records)
    await accept_hours(subject, records=records, key=key())
    made = [await objected(world, subject, id) for id in records[:3]]
    await decided(world, made[2], Grounds.NOT_SHOWN)
    return {
        "raiseObjection.record": records[3],
        "askForReview.objection": made[2],
        "answerObjection.objection": made[0],
        "decideObjection.objection": made[1],
        "openObjections.scope": world.station_path,
        "statement": "时间记错了",
        "answer": "已收到",
        "decision": "已核实",
        "appeal": "请再看",
        "decideObjection.grounds": "NOT_SHOWN",
    }

"""Forgotten visits: a missing check-out closes at the planned end and never credits (domain 4).

The software closes them half an hour after the planned end, when nobody may check out any more, and
tells the volunteer; whoever knows the times records them by hand. Knows when a visit counts as
forgotten; `attendance` knows visits.
"""

from datetime import datetime

from tortoise.expressions import Q

from timebank.actors import SYSTEM, Actor, PersonId
from timebank.attendance import (
    LATE,
    Attendance,
    Attended,
    CheckedOut,
    Present,
    Way,
    Whereabouts,
    tell_forgotten,
)
from timebank.batch import Batch
from timebank.journal import current, write
from timebank.keys import RequestKey
from timebank.notices import Inbox
from timebank.projections import Place
from timebank.refusals import Forbidden, Refusal
from timebank.tables import find, select

# Refusals


class CheckOutOpen(Refusal):
    """The volunteer may still check out."""

    says = "Volunteers may check out here until {until}; only then does a visit count as forgotten."
    until: datetime


# Decisions


def decide_forgotten(there: Whereabouts, now: datetime) -> CheckedOut:
    """Close the visit at the planned end, unconfirmed. Refuses: CheckOutOpen."""
    until = there.planned_end + LATE
    if now <= until:
        raise CheckOutOpen(until=until)
    return CheckedOut(
        activity=there.activity, person=there.person, at=there.planned_end, way=Way.UNCONFIRMED
    )


# Commands


async def close_visit(actor: Actor, *, person: PersonId, key: RequestKey) -> Attended:
    """Close the visit that somebody forgot to end, as the software's timer does; nobody else may.

    Refuses: NotFound, CheckOutOpen.
    """
    if actor != SYSTEM:
        raise Forbidden
    seen = await find(Whereabouts, person)

    def work(batch: Batch) -> Attended:
        event = decide_forgotten(batch.need(Whereabouts, person, "visit"), batch.now)
        entry = batch.record(event)
        tell_forgotten(batch, event.activity, [person])
        return Attended(entry=entry.seq, activity=event.activity, person=person)

    needs: list[Place] = [(Whereabouts, person), (Inbox, person)]
    if seen is not None:
        needs += [(Attendance, f"{seen.activity}/{person}"), (Present, seen.activity)]
    return await write(actor, key, work, answer=Attended, needs=needs)


# Reads


async def forgotten(*, skip: int, limit: int) -> list[PersonId]:
    """People who are checked in half an hour and more after the planned end, the longest first."""
    over = Q(planned_end__lt=current().clock.now() - LATE)
    order = ["planned_end", "person"]
    found = await select(Whereabouts, over, order=order, limit=limit, offset=skip)
    return [there.person for there in found]

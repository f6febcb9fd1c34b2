"""Holds: what keeps a person's data from being erased for a time, said by an officer (domain 11).

An audit, a money case or a period that a law sets is open elsewhere, and the data protection
officer, whom its keepers told, notes that it is. A hold turns erasure into restriction; it opens
nothing to anybody. It is lifted, or over by itself after its last day where it has one. Knows whose
data are held, why and until when; refuses to know the case.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, in_reach, may_read
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.batch import Batch
from timebank.counter import person_numbered, spelled
from timebank.due import over
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.people import Person, VolunteerNumber, person_by_number, person_in_scope
from timebank.projections import Place, Rows, projects
from timebank.refusals import Forbidden, Refusal
from timebank.tables import Row, Where, find_many, page_by_id, select, table


class KeepReason(StrEnum):
    """What is open elsewhere."""

    AUDIT = "audit"
    DISPUTE = "dispute"
    MONEY_CASE = "money_case"
    LEGAL_PERIOD = "legal_period"


class HoldState(StrEnum):
    """The life of a hold."""

    STANDING = "standing"
    LIFTED = "lifted"


# Events


class HoldPlaced(Event, frozen=True, tag="hold.placed"):
    """From now on a person's data are kept for a reason; `until` is the last day, if known."""

    hold: str
    person: PersonId
    reason: KeepReason
    until: date | None = None


class HoldLifted(Event, frozen=True, tag="hold.lifted"):
    """The reason is gone."""

    hold: str


class HoldLapsed(Event, frozen=True, tag="hold.lapsed"):
    """The last day of a hold is over."""

    hold: str


# Refusals


class HeldAlready(Refusal):
    """One hold a person and reason."""

    says = "The data of this person are held for this reason already: {reason}."
    reason: str


class HoldEndsTooSoon(Refusal):
    """A hold that is over before it begins."""

    says = "The last day of a hold, {until}, is over already."
    until: date
    path = ("until",)


class HoldStands(Refusal):
    """A hold is over by itself after its last day alone."""

    says = "The data of this person are held for longer."


# Lifecycle

LIFECYCLE: Lifecycle[HoldState] = {
    HoldState.STANDING: {HoldLifted: HoldState.LIFTED, HoldLapsed: HoldState.LIFTED},
    HoldState.LIFTED: {},
}


# Tables and projectors


@table("hold", index=[("person", "id"), ("state", "until"), ("path", "id")])
class Hold(Row, frozen=True):
    """One hold, by whom; `path` is where the person was at home when it was placed."""

    id: str
    person: str
    path: str
    reason: KeepReason
    state: HoldState
    placed_at: datetime
    placed_by: str
    until: date | None = None


@table("held_for")
class HeldFor(Row, frozen=True):
    """Why a person's data are held now: all that decisions ask."""

    person: str
    reasons: tuple[KeepReason, ...]


@projects(HoldPlaced)
def _placed(rows: Rows, event: HoldPlaced, entry: Sealed) -> None:
    rows.put(
        Hold(
            id=event.hold,
            person=event.person,
            path=rows.there(Person, event.person).home_path,
            reason=event.reason,
            state=HoldState.STANDING,
            placed_at=entry.at,
            placed_by=entry.actor,
            until=event.until,
        )
    )
    held = rows.get(HeldFor, event.person)
    reasons = (*(held.reasons if held else ()), event.reason)
    rows.put(HeldFor(person=event.person, reasons=reasons))


@projects(HoldLifted, HoldLapsed)
def _lifted(rows: Rows, event: HoldLifted | HoldLapsed, entry: Sealed) -> None:
    hold = rows.there(Hold, event.hold)
    rows.put(msgspec.structs.replace(hold, state=step(LIFECYCLE, hold.state, type(event))))
    held = rows.there(HeldFor, hold.person)
    left = tuple(reason for reason in held.reasons if reason is not hold.reason)
    rows.put(HeldFor(person=hold.person, reasons=left))


# Decisions


def decide_hold(
    held: HeldFor | None, reason: KeepReason, today: date, until: date | None = None
) -> None:
    """Whether a person's data may be held for a reason, up to a last day.

    Refuses: HeldAlready, HoldEndsTooSoon.
    """
    if held is not None and reason in held.reasons:
        raise HeldAlready(reason=reason.value)
    if until is not None and until < today:
        raise HoldEndsTooSoon(until=until)


# Commands


class Held(Answer, frozen=True, kw_only=True):
    """The hold that was placed or lifted."""

    hold: str


async def place_hold(
    actor: Actor,
    *,
    number: str,
    reason: KeepReason,
    key: RequestKey,
    until: date | None = None,
) -> Held:
    """Keep the data of the person with a volunteer number from being erased.

    Args: until, the last day, if it is known; else it stands until it is lifted.
    Refuses: NotFound, HeldAlready, HoldEndsTooSoon.   Source: domain 11.
    """
    hold = new("hld")

    def work(batch: Batch) -> Held:
        who = person_numbered(batch, number)
        person_in_scope(batch, Action.PLACE_HOLD, who.id)
        decide_hold(batch.get(HeldFor, who.id), reason, batch.today, until)
        entry = batch.record(HoldPlaced(hold=hold, person=who.id, reason=reason, until=until))
        return Held(entry=entry.seq, hold=hold)

    needs: list[Place] = [(VolunteerNumber, spelled(number))]
    return await write(actor, key, work, answer=Held, needs=needs)


async def lift_hold(actor: Actor, *, hold: str, key: RequestKey) -> Held:
    """Say that what kept the data is over. Refuses: NotFound, NotInThisState."""

    def work(batch: Batch) -> Held:
        held = in_reach(batch, Action.PLACE_HOLD, Hold, hold, what="hold")
        step(LIFECYCLE, held.state, HoldLifted)
        return Held(entry=batch.record(HoldLifted(hold=hold)).seq, hold=hold)

    return await write(actor, key, work, answer=Held, needs=[(Hold, hold)])


async def lapse_hold(actor: Actor, *, hold: str, key: RequestKey | None = None) -> Held:
    """Let a hold be over after its last day: the software's own act, by timer.

    Refuses: NotFound, NotInThisState, HoldStands.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Held:
        held = batch.need(Hold, hold, "hold")
        step(LIFECYCLE, held.state, HoldLapsed)
        if held.until is None or batch.today <= held.until:
            raise HoldStands
        return Held(entry=batch.record(HoldLapsed(hold=hold)).seq, hold=hold)

    return await write(actor, key, work, answer=Held, needs=[(Hold, hold)])


# Reads


async def holds_at(actor: Actor, path: str, **where: Unpack[Where]) -> list[Hold]:
    """The holds that stand below a path, the oldest first, for the officer who places them."""
    if not await may_read(actor, Action.PLACE_HOLD, path):
        return []
    return await page_by_id(Hold, where, Q(path__startswith=path, state=HoldState.STANDING.value))


holds_over = over(Hold, "until", HoldState.STANDING)
"""The standing holds whose last day is over, the longest over first."""


async def holds_on(actor: Actor, number: str) -> list[Hold]:
    """The holds on somebody's data, the oldest first: for the officer, and for the person."""
    held = await person_by_number(number)
    if held is None:
        return []
    if held.id != actor.person and not await may_read(actor, Action.PLACE_HOLD, held.home_path):
        return []
    return await select(Hold, person=held.id, order=["id"])


async def visible_holds(actor: Actor, ids: Sequence[str]) -> dict[str, Hold]:
    """Holds by id, as far as the actor may lift them or they are on the actor's own data."""
    found = list((await find_many(Hold, ids)).values())
    return {
        held.id: held
        for held in found
        if held.person == actor.person or await may_read(actor, Action.PLACE_HOLD, held.path)
    }

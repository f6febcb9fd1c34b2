"""Breaches: personal data that leaked, were altered or lost, told to whom it concerns (domain 11).

The data protection officer says what happened in which area, what may come of it and what people
can do; from then on everybody may read it, and whoever is at home there finds it beside their own
messages, until the officer says what was done. An area and no list of people: the ledger names
nobody, and who is told need not be found first. Source: Personal Information Protection Law
Art. 57.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Unpack

from msgspec.structs import replace
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, permit
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.divisions import Area
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.people import Person
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, Where, find, find_many, newest_by_id, select, table
from timebank.texts import LONGEST, keep_text


class BreachKind(StrEnum):
    """What happened to the data."""

    LEAKED = "leaked"
    ALTERED = "altered"
    LOST = "lost"


class BreachState(StrEnum):
    """The life of a breach."""

    REPORTED = "reported"
    CLOSED = "closed"


# Events


class BreachReported(Event, frozen=True, tag="breach.reported"):
    """Something happened to data of people of an area; `words` commits to what they are told."""

    breach: str
    area: str
    kind_of_breach: BreachKind
    found_on: date
    words: str


class BreachClosed(Event, frozen=True, tag="breach.closed"):
    """Whatever was to be done is done; `measures` commits to what it was."""

    breach: str
    measures: str


# Refusals


class BreachInFuture(Refusal):
    """What is reported was found before."""

    says = "This was found on {found_on}, which is still to come."
    found_on: date
    path = ("foundOn",)


# Lifecycle

LIFECYCLE: Lifecycle[BreachState] = {
    BreachState.REPORTED: {BreachClosed: BreachState.CLOSED},
    BreachState.CLOSED: {},
}


# Tables and projectors


@table("breach", index=[("path", "id"), ("area", "state")])
class Breach(Row, frozen=True):
    """One breach; `path` is where its area lies."""

    id: str
    area: str
    path: str
    kind: BreachKind
    state: BreachState
    found_on: date
    reported_at: datetime
    closed_at: datetime | None = None


@projects(BreachReported)
def _reported(rows: Rows, event: BreachReported, entry: Sealed) -> None:
    rows.put(
        Breach(
            id=event.breach,
            area=event.area,
            path=rows.there(Area, event.area).path,
            kind=event.kind_of_breach,
            state=BreachState.REPORTED,
            found_on=event.found_on,
            reported_at=entry.at,
        )
    )


@projects(BreachClosed)
def _closed(rows: Rows, event: BreachClosed, entry: Sealed) -> None:
    held = rows.there(Breach, event.breach)
    rows.put(replace(held, state=step(LIFECYCLE, held.state, BreachClosed), closed_at=entry.at))


# Commands


class Told(Answer, frozen=True, kw_only=True):
    """The breach that was reported or closed."""

    breach: str


async def report_breach(
    actor: Actor, *, area: str, kind: BreachKind, found_on: date, words: str, key: RequestKey
) -> Told:
    """Tell the people of an area what happened to their data, as the data protection officer.

    Args: words, which data, why, what may come of it, what people can do: 2,000 characters at most.
    Refuses: NotFound, BreachInFuture, TextMissing, TextTooLong.   Source: domain 11.
    """
    breach = new("brc")

    def work(batch: Batch) -> Told:
        permit(batch, Action.HANDLE_BREACH, batch.need(Area, area, "area").path)
        if found_on > batch.today:
            raise BreachInFuture(found_on=found_on)
        told = keep_text(batch, breach, "words", words, most=LONGEST)
        event = BreachReported(
            breach=breach, area=area, kind_of_breach=kind, found_on=found_on, words=told
        )
        return Told(entry=batch.record(event).seq, breach=breach)

    return await write(actor, key, work, answer=Told, needs=[(Area, area)])


async def close_breach(actor: Actor, *, breach: str, measures: str, key: RequestKey) -> Told:
    """Say what was done about a breach, which is over.

    Refuses: NotFound, NotInThisState, TextMissing, TextTooLong.
    """

    def work(batch: Batch) -> Told:
        held = batch.need(Breach, breach, "breach")
        permit(batch, Action.HANDLE_BREACH, held.path)
        step(LIFECYCLE, held.state, BreachClosed)
        told = keep_text(batch, breach, "measures", measures, most=LONGEST)
        entry = batch.record(BreachClosed(breach=breach, measures=told))
        return Told(entry=entry.seq, breach=breach)

    return await write(actor, key, work, answer=Told, needs=[(Breach, breach)])


# Reads


async def breaches_by_id(ids: Sequence[str]) -> dict[str, Breach]:
    """Breaches by their ids: everybody may know of them."""
    return {str(id): held for id, held in (await find_many(Breach, ids)).items()}


async def breaches_at(path: str, **where: Unpack[Where]) -> list[Breach]:
    """The breaches in the areas at or below a path, the newest first: for everybody."""
    return await newest_by_id(Breach, where, Q(path__startswith=path))


async def breaches_near(actor: Actor) -> list[Breach]:
    """The breaches that are not over where the actor is at home, the newest first."""
    held = await find(Person, actor.person) if actor.person else None
    areas = held.home_path.split("/") if held else []
    if not areas:
        return []
    state = BreachState.REPORTED.value
    return await select(Breach, area__in=areas, state=state, order=["-id"])

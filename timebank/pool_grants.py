"""Pool grants: help from a public pool for elders who live alone, a month at a time (domain 6).

The minutes wait in the grant's own escrow, apart from what the elder saved, so that they pay for
help and nothing else: they cannot be given on, and what is unused when the month ends returns. The
station notes who lives alone (`living_alone`), the city lead grants: two hands.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, permit
from timebank.accounts import (
    Account,
    balance,
    balance_of,
    decide_spend,
    escrow,
    moving,
    pool,
)
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.divisions import Area
from timebank.divisions import area as find_area
from timebank.events import Event, Postings, transfer
from timebank.households import HouseholdMember, in_household
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.living_alone import LivesAlone, LivesWithOthers
from timebank.people import AgeBand, Person, active_person
from timebank.pools import PoolDrawn, draw, granting_pool, pool_area
from timebank.projections import Place, Rows, projects
from timebank.refusals import Forbidden, Refusal
from timebank.tables import Row, Where, find_many, newest_by_id, select, table

MOST_AT_ONCE = 500


class GrantState(StrEnum):
    """The life of a grant."""

    GRANTED = "granted"
    CLOSED = "closed"


# Events


class PoolGranted(Event, frozen=True, tag="pool.granted"):
    """A pool grants an elder minutes of help for a month, named by its first day."""

    grant: str
    person: PersonId
    area: str
    month: date
    minutes: int

    def postings(self) -> Postings:
        """From the pool into the grant's escrow."""
        return transfer(pool(self.area), escrow(self.grant), "minute", self.minutes)


class PoolGrantClosed(Event, frozen=True, tag="pool.grant_closed"):
    """The month is over; `minutes` of the grant were not used and return."""

    grant: str
    area: str
    minutes: int

    def postings(self) -> Postings:
        """From the grant's escrow back to the pool."""
        return transfer(escrow(self.grant), pool(self.area), "minute", self.minutes)


# Refusals


class BelowGrantAge(Refusal):
    """Grants are for elders."""

    says = "Grants are for people of {least} and over."
    least: int


class GrantedAlready(Refusal):
    """One grant a month."""

    says = "This person has a grant for the month already."


class NobodyToGrant(Refusal):
    """A grant needs somebody to whom it goes."""

    says = "Nobody of this area who lives alone waits for a grant this month."


class GrantStillRuns(Refusal):
    """What is unused returns when the month ends, not before."""

    says = "This grant can be used until the end of {month}."
    month: str


# Lifecycle

LIFECYCLE: Lifecycle[GrantState] = {
    GrantState.GRANTED: {PoolGrantClosed: GrantState.CLOSED},
    GrantState.CLOSED: {},
}


# Tables and projectors


@table("pool_grant", index=[("person", "id"), ("state", "month")])
class PoolGrant(Row, frozen=True):
    """One grant; `minutes` is what was granted, what is left lies in its escrow."""

    id: str
    person: str
    area: str
    month: date
    minutes: int
    state: GrantState
    granted_on: date


@table("grant_month")
class GrantMonth(Row, frozen=True):
    """The grant of a person for a month; `id` is `<person>/<first day>`."""

    id: str
    grant: str


def first_day(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def month_id(person: PersonId, day: date) -> str:
    """The key of a person's grant for the month of a day."""
    return f"{person}/{first_day(day).isoformat()}"


@projects(PoolGranted)
def _granted(rows: Rows, event: PoolGranted, entry: Sealed) -> None:
    today = day_of(entry.at)
    rows.put(
        PoolGrant(
            id=event.grant,
            person=event.person,
            area=event.area,
            month=event.month,
            minutes=event.minutes,
            state=GrantState.GRANTED,
            granted_on=today,
        )
    )
    rows.put(GrantMonth(id=month_id(event.person, event.month), grant=event.grant))
    draw(rows, event.area, today, event.minutes, today)


@projects(PoolGrantClosed)
def _closed(rows: Rows, event: PoolGrantClosed, entry: Sealed) -> None:
    held = rows.there(PoolGrant, event.grant)
    state = step(LIFECYCLE, held.state, PoolGrantClosed)
    rows.put(msgspec.structs.replace(held, state=state))
    draw(rows, held.area, held.granted_on, -event.minutes, day_of(entry.at))


# Decisions


def decide_grant(
    ages: AgeBand, *, today: date, alone: bool, number: str, held: bool, least: int
) -> None:
    """Whether somebody may have this month's grant.

    Args: alone, no household is registered; held, whether they have one; least, the age.
    Refuses: BelowGrantAge, LivesWithOthers, GrantedAlready.   Source: domain 6.
    """
    if ages.turns(least) > today:
        raise BelowGrantAge(least=least)
    if not alone:
        raise LivesWithOthers(number=number)
    if held:
        raise GrantedAlready


# What other capabilities ask


def granted_minutes(batch: Batch, person: PersonId) -> tuple[str | None, int]:
    """A person's grant for this month and what is left in it, for help orders."""
    held = batch.get(GrantMonth, month_id(person, batch.today))
    return (held.grant, balance(batch, escrow(held.grant))) if held else (None, 0)


def granted_back(rows: Rows, grant: str, minutes: int, today: date) -> None:
    """Count granted minutes that an order gave back to the pool; for projectors of orders."""
    held = rows.there(PoolGrant, grant)
    draw(rows, held.area, held.granted_on, -minutes, today)


# Commands


class GrantsMade(Answer, frozen=True, kw_only=True):
    """To how many people a pool granted how many minutes; `left_out` counts refusals by code."""

    people: int
    minutes: int
    left_out: dict[str, int]


async def grant_from_pool(actor: Actor, *, area: str, key: RequestKey) -> GrantsMade:
    """Grant this month's minutes from a pool to the elders of its area who live alone.

    At most 500 people at once, those who wait longest first: ask again for the others. It stops
    where the pool's reserve is too low.
    Refuses: NotFound, NotAPool, ReserveTooLow, NotEnoughTime, NobodyToGrant, and, where nobody gets
    any, what decide_grant refuses.   Source: domain 6 and 11.
    """
    place = await find_area(area)
    people = await _waiting(place) if place else []
    grants = {person: new("pgr") for person in people}

    def work(batch: Batch) -> GrantsMade:
        held = pool_area(batch, area)
        permit(batch, Action.GRANT_FROM_POOL, held.path)
        granting_pool(batch, area)
        if not people:
            raise NobodyToGrant
        return _grant_all(batch, area, grants)

    return await write(actor, key, work, answer=GrantsMade, needs=_needs(actor, area, people))


def _grant_all(batch: Batch, area: str, grants: dict[PersonId, str]) -> GrantsMade:
    each = batch.policy.credit.pool_grant_per_month
    made: list[Sealed] = []
    refused: list[Refusal] = []
    for person, grant in grants.items():
        told = batch.attempt(partial(_grant, batch, area, person, grant, each))
        if isinstance(told, Refusal):
            refused.append(told)
        elif told is not None:
            made.append(told)
    if refused and not made and not batch.missing:
        raise refused[0]
    left_out: dict[str, int] = {}
    for no in refused:
        left_out[no.code] = left_out.get(no.code, 0) + 1
    entry = made[0].seq if made else None
    return GrantsMade(entry=entry, people=len(made), minutes=each * len(made), left_out=left_out)


def _grant(batch: Batch, area: str, person: PersonId, grant: str, minutes: int) -> Sealed:
    who = active_person(batch, person)
    batch.need(LivesAlone, person, "person")
    decide_grant(
        batch.need(AgeBand, person, "person"),
        today=batch.today,
        alone=not in_household(batch, person),
        number=who.number,
        held=batch.get(GrantMonth, month_id(person, batch.today)) is not None,
        least=batch.policy.credit.redeem_age,
    )
    decide_spend(granting_pool(batch, area), minutes)
    month = first_day(batch.today)
    event = PoolGranted(grant=grant, person=person, area=area, month=month, minutes=minutes)
    return batch.record(event)


async def _waiting(place: Area) -> list[PersonId]:
    """Who lives alone in an area and has no grant this month, in the order they were noted."""
    today = day_of(current().clock.now())
    waiting: list[PersonId] = []
    after: LivesAlone | None = None
    while len(waiting) < MOST_AT_ONCE:
        bounds = [Q(person__gt=after.person)] if after else []
        page = await select(
            LivesAlone, *bounds, path__startswith=place.path, order=["person"], limit=MOST_AT_ONCE
        )
        have = await find_many(GrantMonth, [month_id(row.person, today) for row in page])
        waiting += [row.person for row in page if month_id(row.person, today) not in have]
        if len(page) < MOST_AT_ONCE:
            break
        after = page[-1]
    return waiting[:MOST_AT_ONCE]


def _needs(actor: Actor, area: str, people: Sequence[PersonId]) -> list[Place]:
    today = day_of(current().clock.now())
    return [
        (Area, area),
        (PoolDrawn, area),
        (Account, pool(area)),
        *((row, person) for person in people for row in (Person, AgeBand, LivesAlone)),
        *((HouseholdMember, person) for person in people),
        *((GrantMonth, month_id(person, today)) for person in people),
    ]


class Closed(Answer, frozen=True, kw_only=True):
    """The grant that ended, and the minutes that returned."""

    grant: str
    minutes: int


async def close_grant(actor: Actor, *, grant: str, key: RequestKey | None = None) -> Closed:
    """Return what was not used when the month is over: the software's own act, by timer.

    What an order still holds of it then comes back to the pool with that order, not here.
    Refuses: NotFound, NotInThisState, GrantStillRuns.   Source: domain 6.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Closed:
        held = batch.need(PoolGrant, grant, "grant")
        step(LIFECYCLE, held.state, PoolGrantClosed)
        if first_day(batch.today) <= held.month:
            raise GrantStillRuns(month=f"{held.month:%Y-%m}")
        left = balance(batch, escrow(grant))
        entry = batch.record(PoolGrantClosed(grant=grant, area=held.area, minutes=left))
        return Closed(entry=entry.seq, grant=grant, minutes=left)

    needs: list[Place] = [(PoolGrant, grant), *moving(escrow(grant))]
    return await write(actor, key, work, answer=Closed, needs=needs)


# Reads


async def grants_of(actor: Actor, **where: Unpack[Where]) -> list[PoolGrant]:
    """The actor's own grants, newest first, strictly between two ids."""
    return await newest_by_id(PoolGrant, where, person=actor.person or "")


async def visible_grants(actor: Actor, ids: Sequence[str]) -> dict[str, PoolGrant]:
    """Grants by id, the actor's own."""
    found = (await find_many(PoolGrant, ids)).values()
    return {held.id: held for held in found if held.person == actor.person}


async def left_of(grant: str) -> int:
    """What can be used of a grant now, in minutes."""
    return await balance_of(escrow(grant))


async def grants_due(*, skip: int, limit: int) -> list[str]:
    """The grants whose month is over, the oldest first."""
    this_month = first_day(day_of(current().clock.now())).isoformat()
    due = await select(
        PoolGrant,
        state=GrantState.GRANTED.value,
        month__lt=this_month,
        order=["month", "id"],
        limit=limit,
        offset=skip,
    )
    return [held.id for held in due]

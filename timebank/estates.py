"""Estates: what somebody who died leaves, for an heir or the public pool (domain 6).

The station reports a death, which freezes the account. The district, who saw the papers, lets an
heir take the minutes over or gives them to the pool, or says that the report was wrong. Two hands:
whoever reported does not settle. Refuses to know who inherits; that is for the papers.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from timebank.access import Action, may_read, reach
from timebank.accounts import balance, balances_of, moving, volunteer
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of, months_later
from timebank.closings import LIFECYCLE, Closed, Closing, ClosingState, EstateSettled, Settled
from timebank.counter import OwnCounter, person_numbered
from timebank.help_holdings import no_open_help
from timebank.journal import current, write
from timebank.keys import RequestKey
from timebank.lifecycles import NotInThisState, step
from timebank.people import Person, active_person, person_in_scope
from timebank.person_life import LIFECYCLE as PERSON_LIFE
from timebank.person_life import DeathReported, DeathWithdrawn
from timebank.policy import Credit, policy_on
from timebank.pools import pool_at
from timebank.projections import Place
from timebank.refusals import Refusal
from timebank.tables import WhereByDay, find_many, page_by_day

# Refusals


class ReporterSettles(Refusal):
    """Two hands: one reports a death, another lets the minutes go (domain 11)."""

    says = "Whoever reported the death cannot settle the account; another officer must."


class EstateTooSoon(Refusal):
    """Gifts and donations on their way come to rest first."""

    says = "This account can be settled from {first}, when what was on its way has come to rest."
    first: date


class EstateOver(Refusal):
    """Heirs have some months."""

    says = "The heirs had until {until}; the minutes go to the public pool."
    until: date


# Decisions


def first_day(closing: Closing, rules: Credit) -> date:
    """From when an account can be settled: gifts and donations on their way rest by then."""
    days = max(rules.gift_accept_days, rules.donate_cool_days)
    return closing.since + timedelta(days=days + 1)


def decide_estate(closing: Closing, today: date, rules: Credit) -> None:
    """Whether the minutes of who died may be settled today.

    Refuses: NotInThisState, EstateTooSoon, EstateOver.   Source: domain 6.
    """
    step(LIFECYCLE, closing.state, EstateSettled)
    first = first_day(closing, rules)
    if today < first:
        raise EstateTooSoon(first=first)
    if today > closing.until:
        raise EstateOver(until=closing.until)


# Commands


async def report_death(actor: Actor, *, person: PersonId, key: RequestKey) -> Closed:
    """Freeze the account of somebody who died, as their station.

    Refuses: NotFound, OwnCounter, NotInThisState.   Source: domain 6.
    """

    def work(batch: Batch) -> Closed:
        held = person_in_scope(batch, Action.REPORT_DEATH, person)
        if actor.person == person:
            raise OwnCounter
        step(PERSON_LIFE, held.state, DeathReported)
        until = months_later(batch.today, batch.policy.credit.heir_months)
        entry = batch.record(DeathReported(person=person, until=until))
        return Closed(entry=entry.seq, person=person)

    return await write(actor, key, work, answer=Closed, needs=[(Person, person)])


async def withdraw_death(actor: Actor, *, person: PersonId, key: RequestKey) -> Closed:
    """Say, as the district, that a report of a death was wrong, before the minutes are settled.

    Refuses: NotFound, NotInThisState.
    """

    def work(batch: Batch) -> Closed:
        held = person_in_scope(batch, Action.SETTLE_ESTATE, person)
        step(PERSON_LIFE, held.state, DeathWithdrawn)
        step(LIFECYCLE, batch.there(Closing, person).state, DeathWithdrawn)
        return Closed(entry=batch.record(DeathWithdrawn(person=person)).seq, person=person)

    needs: list[Place] = [(Person, person), (Closing, person)]
    return await write(actor, key, work, answer=Closed, needs=needs)


async def settle_estate(
    actor: Actor, *, person: PersonId, key: RequestKey, heir: str | None = None
) -> Settled:
    """Let an heir take over what somebody left, or give it to the pool, as the district.

    Args: heir, a volunteer number, None for the pool; what has no room under the cap of the heir's
    balance is the pool's. The papers are the district's to see.
    Refuses: NotFound, OwnCounter, ReporterSettles, PersonNotActive, NotInThisState, EstateTooSoon,
    EstateOver, HelpStillOpen.   Source: domain 6.
    """

    def work(batch: Batch) -> Settled:
        held = person_in_scope(batch, Action.SETTLE_ESTATE, person)
        closing = batch.get(Closing, person)
        if closing is None:
            raise NotInThisState(state=held.state.value, act="account.estate_settled")
        decide_estate(closing, batch.today, batch.policy.credit)
        no_open_help(batch, person)
        if actor.id == closing.by:
            raise ReporterSettles
        whose = active_person(batch, person_numbered(batch, heir).id).id if heir else None
        if whose == actor.person:
            raise OwnCounter
        left, room = balance(batch, volunteer(person)), 0
        if whose is not None:
            room = max(0, batch.policy.credit.balance_cap - balance(batch, volunteer(whose)))
        event = EstateSettled(
            person=person,
            area=pool_at(held.home_path),
            taken=min(left, room),
            donated=left - min(left, room),
            heir=whose,
        )
        entry = batch.record(event)
        return Settled(entry=entry.seq, person=person, taken=event.taken, donated=event.donated)

    needs: list[Place] = [(Person, person), (Closing, person), *moving(volunteer(person))]
    return await write(actor, key, work, answer=Settled, needs=needs)


# Reads


class Estate(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who died left: their minutes, and from when to when they can be settled.

    `reported` says whether the asker reported the death, so that another officer must settle.
    """

    person: PersonId
    since: date
    first: date
    until: date
    minutes: int
    reported: bool


async def estates_at(actor: Actor, path: str, **where: Unpack[WhereByDay]) -> list[Estate]:
    """The deaths below a path that are neither settled nor withdrawn, for whoever settles them;
    the earliest last day first."""
    if not await may_read(actor, Action.SETTLE_ESTATE, path):
        return []
    open_ones = Q(state=ClosingState.FROZEN.value, path__startswith=path)
    found = await page_by_day(Closing, "until", where, open_ones)
    return await _estates(actor, found)


async def visible_estates(actor: Actor, people: Sequence[PersonId]) -> dict[PersonId, Estate]:
    """What these left whose account is frozen, as far as the actor settles it."""
    settles = await reach(actor, Action.SETTLE_ESTATE)
    frozen = (await find_many(Closing, people)).values()
    seen = [one for one in frozen if one.state is ClosingState.FROZEN and settles(one.path)]
    return {one.person: one for one in await _estates(actor, seen)}


async def _estates(actor: Actor, frozen: Sequence[Closing]) -> list[Estate]:
    left = await balances_of([volunteer(one.person) for one in frozen])
    policy = await policy_on(day_of(current().clock.now()))
    return [
        Estate(
            person=one.person,
            since=one.since,
            first=first_day(one, policy.document.credit),
            until=one.until,
            minutes=left[volunteer(one.person)],
            reported=one.by == actor.id,
        )
        for one in frozen
        if policy is not None
    ]

"""Accepted months: everything that waits in a month for its volunteer, accepted at one tap.

By the volunteer, by a proxy, or at the counter of the volunteer's home. Knows months and who may
ask for one; each record is accepted as `confirmations` accepts it, and answered for by itself.
"""

import re
from datetime import date

from tortoise.expressions import Q

from timebank.access import Action, may
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.confirmations import (
    MOST_AT_ONCE,
    Turned,
    accept_one,
    is_mine,
    record_needs,
    turned,
)
from timebank.hours import Record
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.people import Person, person_by_number, person_in_scope
from timebank.projections import Place
from timebank.proxies import registered_proxy
from timebank.record_life import LIFECYCLE, HoursPosted
from timebank.refusals import Refusal, Unauthenticated
from timebank.tables import select

MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")

# Refusals


class MonthWrong(Refusal):
    """A month has one spelling."""

    says = "Write the month as year and month, such as 2026-03."
    path = ("month",)


class NothingToAccept(Refusal):
    """Nothing of that month waits for its volunteer."""

    says = "Nothing of {month} waits to be accepted."
    month: str
    path = ("month",)


# Decisions


def decide_month(month: str) -> tuple[date, date]:
    """The first day of a month and of the next. Refuses: MonthWrong."""
    found = MONTH.fullmatch(month)
    if found is None:
        raise MonthWrong
    year, number = int(found[1]), int(found[2])
    return date(year, number, 1), date(year + number // 12, number % 12 + 1, 1)


# Commands


async def accept_month(
    actor: Actor, *, month: str, key: RequestKey, number: str | None = None
) -> Turned:
    """Accept whatever was served in a month and waits for its volunteer, at most 500 records.

    Args: month, such as 2026-03, of the days served; number, the volunteer number of whose month it
    is, None for one's own.
    Refuses: MonthWrong, NotFound, NothingToAccept, and for each record what `accept_hours` refuses.
    Source: domain 4.
    """
    if not actor.known:
        raise Unauthenticated
    first, after = decide_month(month)
    own = actor.person or ""
    named = await person_by_number(number) if number is not None else None
    whose = named.id if named else own if number is None else ""
    states = [state.value for state, following in LIFECYCLE.items() if HoursPosted in following]
    which = Q(volunteer=whose, state__in=states, day__gte=first, day__lt=after)
    found = await select(Record, which, order=["id"], limit=MOST_AT_ONCE)

    def work(batch: Batch) -> Turned:
        _may_ask(batch, whose)
        records = [held.id for held in found if _may_accept(batch, held)]
        if not records:
            raise NothingToAccept(month=month)
        return turned(batch, records, accept_one)

    needs: list[Place] = [place for held in found for place in record_needs(held)]
    needs += [(Person, whose)]
    return await write(actor, key, work, answer=Turned, needs=needs)


def _may_ask(batch: Batch, whose: str) -> None:
    """Refuses: NotFound, for a person out of sight as for one who is not there."""
    asking = batch.actor.person
    if asking is None:
        raise Unauthenticated
    if whose != asking:
        batch.need(Person, whose, "person")
        if not registered_proxy(batch, whose, asking):
            person_in_scope(batch, Action.ACCEPT_AT_COUNTER, whose)


def _may_accept(batch: Batch, record: Record) -> bool:
    """Whether it is the actor's to accept: a counter leaves what was served elsewhere."""
    return is_mine(batch, record) or may(batch, Action.ACCEPT_AT_COUNTER, record.path)

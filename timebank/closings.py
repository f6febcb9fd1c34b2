"""Closings: the minutes of an account that is closed, or whose holder died (domain 6).

Who closes an account gives its balance to kin or a pool beforehand, donates what is left with the
closing, or leaves it for some months and may come back. After a death the account is frozen for as
long (`estates`). What nobody wanted by then goes to the pool of the home district: it was earned by
help and stays help.
"""

from datetime import date
from enum import StrEnum

import msgspec

from ledger.entry import Sealed
from timebank.access import permit_self
from timebank.accounts import balance, moving, pool, volunteer
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of, months_later
from timebank.donations import give
from timebank.due import over
from timebank.events import Event, Postings
from timebank.help_holdings import no_open_help
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.people import Person
from timebank.person_life import (
    LIFECYCLE as PERSON_LIFE,
)
from timebank.person_life import (
    AccountClosed,
    AccountReopened,
    DeathReported,
    DeathWithdrawn,
)
from timebank.pools import pool_at
from timebank.projections import Place, Rows, projects
from timebank.refusals import Forbidden, Refusal
from timebank.tables import Row, find, table


class Rest(StrEnum):
    """What somebody who closes an account does with what is left in it."""

    DONATE = "donate"
    KEEP = "keep"


class ClosingState(StrEnum):
    """The life of a closing."""

    KEPT = "kept"
    FROZEN = "frozen"
    SETTLED = "settled"
    LAPSED = "lapsed"
    REOPENED = "reopened"


# Events


class EstateSettled(Event, frozen=True, tag="account.estate_settled"):
    """The district let an heir take `taken` minutes over, and gave `donated` to the pool."""

    person: PersonId
    area: str
    taken: int
    donated: int
    heir: PersonId | None = None

    def postings(self) -> Postings:
        """From the account of who died to the heir's and to the pool."""
        heir = [(volunteer(self.heir), self.taken)] if self.heir else []
        return _from(self.person, *heir, (pool(self.area), self.donated))


class BalanceLapsed(Event, frozen=True, tag="account.lapsed"):
    """Nobody came for the minutes in time: they are the pool's."""

    person: PersonId
    area: str
    minutes: int

    def postings(self) -> Postings:
        """From the account to the pool of the home district."""
        return _from(self.person, (pool(self.area), self.minutes))


def _from(person: PersonId, *targets: tuple[str, int]) -> Postings:
    given = [(code, minutes) for code, minutes in targets if minutes]
    moves = [(volunteer(person), -sum(minutes for _, minutes in given)), *given]
    return tuple((code, "minute", minutes) for code, minutes in moves if minutes)


# Refusals


class StillKept(Refusal):
    """What is kept is kept as long as was said."""

    says = "These minutes are kept until {until}."
    until: date


# Lifecycle

LIFECYCLE: Lifecycle[ClosingState] = {
    ClosingState.KEPT: {
        AccountReopened: ClosingState.REOPENED,
        BalanceLapsed: ClosingState.LAPSED,
    },
    ClosingState.FROZEN: {
        DeathWithdrawn: ClosingState.REOPENED,
        EstateSettled: ClosingState.SETTLED,
        BalanceLapsed: ClosingState.LAPSED,
    },
    ClosingState.LAPSED: {AccountReopened: ClosingState.REOPENED},
    ClosingState.SETTLED: {},
    ClosingState.REOPENED: {},
}


# Tables and projectors


@table("closing", index=[("state", "until"), ("state", "path", "person")])
class Closing(Row, frozen=True):
    """How a person's account was closed, or frozen, the last time; `by` is whose act it was.

    `path` is where the person was at home.
    """

    person: str
    path: str
    state: ClosingState
    since: date
    until: date
    by: str


@projects(AccountClosed, DeathReported)
def _closed(rows: Rows, event: AccountClosed | DeathReported, entry: Sealed) -> None:
    dead = isinstance(event, DeathReported)
    rows.put(
        Closing(
            person=event.person,
            path=rows.there(Person, event.person).home_path,
            state=ClosingState.FROZEN if dead else ClosingState.KEPT,
            since=day_of(entry.at),
            until=event.until,
            by=entry.actor,
        )
    )


@projects(AccountReopened, DeathWithdrawn, EstateSettled, BalanceLapsed)
def _moved(
    rows: Rows,
    event: AccountReopened | DeathWithdrawn | EstateSettled | BalanceLapsed,
    entry: Sealed,
) -> None:
    held = rows.there(Closing, event.person)
    rows.put(msgspec.structs.replace(held, state=step(LIFECYCLE, held.state, type(event))))


# Decisions


def decide_lapse(closing: Closing, today: date) -> None:
    """Whether what is left goes to the pool. Refuses: NotInThisState, StillKept."""
    step(LIFECYCLE, closing.state, BalanceLapsed)
    if today <= closing.until:
        raise StillKept(until=closing.until)


# What other capabilities ask


def close(batch: Batch, person: PersonId, rest: Rest, donation: str) -> Sealed:
    """Close an account; what is left is donated, under the id `donation`, or kept.

    Refuses: NotInThisState.
    """
    held = batch.need(Person, person, "person")
    step(PERSON_LIFE, held.state, AccountClosed)
    left = balance(batch, volunteer(person))
    donated = rest is Rest.DONATE and left > 0
    if donated:
        give(batch, donation, donor=person, area=pool_at(held.home_path), minutes=left)
    until = months_later(batch.today, batch.policy.credit.heir_months)
    return batch.record(
        AccountClosed(person=person, until=until, donation=donation if donated else None)
    )


# Commands


class Closed(Answer, frozen=True, kw_only=True):
    """Whose account it is."""

    person: PersonId


async def close_account(actor: Actor, *, rest: Rest, key: RequestKey) -> Closed:
    """Close one's own account; the service record stays.

    Args: rest, whether what is left goes to the pool of one's district, as any donation with some
    days to think again, or is kept for some months; minutes for kin are offered before.
    Refuses: NotInThisState, HelpStillOpen.   Source: domain 6.
    """
    person, donation = permit_self(actor, closed_too=True), new("don")

    def work(batch: Batch) -> Closed:
        no_open_help(batch, person)
        return Closed(entry=close(batch, person, rest, donation).seq, person=person)

    needs: list[Place] = [(Person, person), *moving(volunteer(person))]
    return await write(actor, key, work, answer=Closed, needs=needs)


async def reopen_account(actor: Actor, *, key: RequestKey) -> Closed:
    """Come back to an account one closed, with what is still in it. Refuses: NotInThisState."""
    person = permit_self(actor, closed_too=True)

    def work(batch: Batch) -> Closed:
        step(PERSON_LIFE, batch.need(Person, person, "person").state, AccountReopened)
        return Closed(entry=batch.record(AccountReopened(person=person)).seq, person=person)

    needs: list[Place] = [(Person, person), (Closing, person)]
    return await write(actor, key, work, answer=Closed, needs=needs)


class Settled(Answer, frozen=True, kw_only=True):
    """Whose account was settled, and the minutes that an heir took and the pool got."""

    person: PersonId
    taken: int
    donated: int


async def lapse_balance(
    actor: Actor, *, person: PersonId, key: RequestKey | None = None
) -> Settled:
    """Give what nobody came for to the pool: the software's own act, by timer.

    Refuses: NotFound, NotInThisState, StillKept, HelpStillOpen.   Source: domain 6.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Settled:
        decide_lapse(batch.need(Closing, person, "closing"), batch.today)
        no_open_help(batch, person)
        area = pool_at(batch.there(Person, person).home_path)
        left = balance(batch, volunteer(person))
        entry = batch.record(BalanceLapsed(person=person, area=area, minutes=left))
        return Settled(entry=entry.seq, person=person, taken=0, donated=left)

    needs: list[Place] = [(Person, person), (Closing, person), *moving(volunteer(person))]
    return await write(actor, key, work, answer=Settled, needs=needs)


# Reads


async def closing_of(actor: Actor) -> Closing | None:
    """How the actor's own account was closed the last time."""
    return await find(Closing, actor.person) if actor.person else None


closings_due = over(Closing, "until", ClosingState.KEPT, ClosingState.FROZEN)
"""The accounts whose minutes nobody came for in time, the longest overdue first."""

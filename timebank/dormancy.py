"""Dormancy: an account on which nothing moved for long is flagged, and its holder told (domain 6).

Nothing is lost: credit never expires, and the next movement takes the flag away. Knows when each
account moved last; refuses to know why.
"""

from datetime import date

import msgspec

from ledger.entry import Sealed
from timebank.actors import SYSTEM, Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of, months_later
from timebank.events import Event
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.notices import NoticeCode, notify
from timebank.people import Person
from timebank.person_life import PersonState
from timebank.policy import policy_on
from timebank.projections import Place, Rows, projects, projects_postings
from timebank.refusals import Forbidden, Refusal
from timebank.tables import Row, find, select, table

# Events


class AccountDormant(Event, frozen=True, tag="account.dormant"):
    """Nothing moved on an account since a day."""

    person: PersonId
    since: date


# Refusals


class InUse(Refusal):
    """Something moved on the account not so long ago, or it is flagged already."""

    says = "This account is not dormant: it moved last on {last}, or is flagged already."
    last: date


# Tables and projectors


@table("account_use", index=[("dormant", "moved_on")])
class AccountUse(Row, frozen=True):
    """The last day on which a volunteer's account moved, and whether it is flagged as dormant."""

    person: str
    moved_on: date
    dormant: bool = False


@projects_postings
def _used(rows: Rows, event: Event, entry: Sealed) -> None:
    for code, _, _ in entry.postings:
        kind, _, person = code.partition(":")
        if kind == "volunteer":
            rows.put(AccountUse(person=person, moved_on=day_of(entry.at)))


@projects(AccountDormant)
def _flagged(rows: Rows, event: AccountDormant, entry: Sealed) -> None:
    held = rows.there(AccountUse, event.person)
    rows.put(msgspec.structs.replace(held, dormant=True))


# Decisions


def decide_dormant(use: AccountUse, today: date, months: int) -> None:
    """Whether an account that moved last on a day is dormant today. Refuses: InUse."""
    if use.dormant or months_later(use.moved_on, months) > today:
        raise InUse(last=use.moved_on)


# Commands


class Flagged(Answer, frozen=True, kw_only=True):
    """Whose account was flagged."""

    person: PersonId


async def flag_dormant(actor: Actor, *, person: PersonId, key: RequestKey | None = None) -> Flagged:
    """Flag an account that rested for long and tell its holder: the software's own act, by timer.

    Nobody is told of an account that is closed or frozen.
    Refuses: NotFound, InUse.   Source: domain 6.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Flagged:
        use = batch.need(AccountUse, person, "account")
        decide_dormant(use, batch.today, batch.policy.credit.dormant_months)
        entry = batch.record(AccountDormant(person=person, since=use.moved_on))
        held = batch.get(Person, person)
        if held is not None and held.state in (PersonState.ACTIVE, PersonState.SUSPENDED):
            notify(batch, person, NoticeCode.ACCOUNT_DORMANT, person, hands=[])
        return Flagged(entry=entry.seq, person=person)

    needs: list[Place] = [(AccountUse, person), (Person, person)]
    return await write(actor, key, work, answer=Flagged, needs=needs)


# Reads


async def dormant_since(person: PersonId) -> date | None:
    """Since when an account rests, if it is flagged as dormant."""
    held = await find(AccountUse, person)
    return held.moved_on if held and held.dormant else None


async def dormant_due(*, skip: int, limit: int) -> list[PersonId]:
    """The accounts that rested for long and are not flagged, the longest rest first."""
    today = day_of(current().clock.now())
    policy = await policy_on(today)
    if policy is None:
        return []
    last = months_later(today, -policy.document.credit.dormant_months)
    due = await select(
        AccountUse,
        dormant=False,
        moved_on__lte=last.isoformat(),
        order=["moved_on", "person"],
        limit=limit,
        offset=skip,
    )
    return [held.person for held in due]

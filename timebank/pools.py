"""Public time pools: minutes that are everybody's, kept by districts and the city (domain 6).

The reserve ratio of a pool is what it holds over what was granted from it in the last 90 days, less
what came back: whether it could do as much for as long again. What savers draw is no part of it,
since they draw what they hold themselves; a pool pays for those without savings. Knows pools, the
ratio and who lets minutes above the cap go to a pool; `donations` and `pool_grants` move the rest.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum

import msgspec

from ledger.entry import Sealed
from timebank.access import permit_self
from timebank.accounts import Account, balance, pool, volunteer
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.divisions import Area, AreaLevel
from timebank.events import Event, Postings, transfer
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.people import Person
from timebank.policy import Credit
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, find, find_many, select, table

LEVELS = frozenset({AreaLevel.CITY, AreaLevel.DISTRICT})
"""Who keeps a pool: a level on which the ratio means something, and which a lead answers for."""

DRAWN_DAYS = 90
"""How far the reserve and solvency look back (domain 6)."""

DISTRICT_DEPTH = 2
"""A path begins with city and district."""


class ReserveState(StrEnum):
    """How a reserve stands against the policy's two marks."""

    SOUND = "sound"
    LOW = "low"
    STOPPED = "stopped"


# Events


class OverflowChosen(Event, frozen=True, tag="pool.overflow_chosen"):
    """Somebody chose whether what they earn above the cap of a balance goes to the pool."""

    person: PersonId
    wish: bool


class MinutesOverflowed(Event, frozen=True, tag="pool.overflowed"):
    """A record minted more than the cap of a balance has room for; the rest is the pool's."""

    person: PersonId
    area: str
    minutes: int
    record: str

    def postings(self) -> Postings:
        """From the volunteer, whom the record paid, to the pool of their district."""
        return transfer(volunteer(self.person), pool(self.area), "minute", self.minutes)


# Refusals


class NotAPool(Refusal):
    """Districts and the city keep pools."""

    says = "Pools are kept by districts and by the city; {area} is a {level}."
    area: str
    level: str
    path = ("area",)


class ReserveTooLow(Refusal):
    """Grants stop where the reserve is low."""

    says = "The reserve of this pool is {percent} percent; grants stop below {least}."
    percent: int
    least: int


# Decisions


def reserve_percent(held: int, drawn: int) -> int | None:
    """What a pool holds, in percent of what was granted from it in 90 days; None if nothing was."""
    return held * 100 // drawn if drawn else None


def reserve_state(percent: int | None, rules: Credit) -> ReserveState:
    """How a reserve stands. A pool from which nothing was granted lacks nothing."""
    if percent is None or percent >= rules.reserve_warn_percent:
        return ReserveState.SOUND
    return ReserveState.LOW if percent >= rules.reserve_stop_percent else ReserveState.STOPPED


def decide_reserve(held: int, drawn: int, rules: Credit) -> None:
    """Whether a pool may still grant. Refuses: ReserveTooLow.   Source: domain 6."""
    percent = reserve_percent(held, drawn)
    if percent is not None and reserve_state(percent, rules) is ReserveState.STOPPED:
        raise ReserveTooLow(percent=percent, least=rules.reserve_stop_percent)


# Tables and projectors


@table("overflow")
class Overflow(Row, frozen=True):
    """Whether what a person earns above the cap goes to the pool."""

    person: str
    wish: bool


@table("pool_drawn")
class PoolDrawn(Row, frozen=True):
    """What was granted from an area's pool on each day, less what came back, over 90 days."""

    area: str
    days: tuple[tuple[date, int], ...] = ()

    def drawn(self, today: date) -> int:
        """The minutes of the 90 days to `today`."""
        return sum(minutes for day, minutes in self.days if day > today - _SPAN)


_SPAN = timedelta(days=DRAWN_DAYS)


@projects(OverflowChosen)
def _chosen(rows: Rows, event: OverflowChosen, entry: Sealed) -> None:
    rows.put(Overflow(person=event.person, wish=event.wish))


def draw(rows: Rows, area: str, granted_on: date, minutes: int, today: date) -> None:
    """Count `minutes` granted on a day (negative: what came back of them), as of `today`.

    For the projectors of what is granted; days that no reading asks for any more are dropped.
    """
    held = rows.get(PoolDrawn, area) or PoolDrawn(area=area)
    days = {day: drawn for day, drawn in held.days if day > today - _SPAN}
    if granted_on > today - _SPAN:
        days[granted_on] = days.get(granted_on, 0) + minutes
    left = tuple((day, drawn) for day, drawn in sorted(days.items()) if drawn)
    rows.put(PoolDrawn(area=area, days=left))


# What other capabilities ask


def pool_at(path: str) -> str:
    """The area whose pool serves what lies at a path: its district, or the city."""
    parts = path.rstrip("/").split("/")
    return parts[:DISTRICT_DEPTH][-1]


def pool_area(batch: Batch, code: str) -> Area:
    """The area that keeps a pool. Refuses: NotFound, NotAPool."""
    area = batch.need(Area, code, "area")
    if area.level not in LEVELS:
        raise NotAPool(area=area.code, level=area.level.value)
    return area


def granting_pool(batch: Batch, area: str) -> int:
    """What a pool that may still grant holds. Refuses: ReserveTooLow."""
    held, drawn = balance(batch, pool(area)), batch.get(PoolDrawn, area)
    decide_reserve(held, drawn.drawn(batch.today) if drawn else 0, batch.policy.credit)
    return held


def wishes_overflow(batch: Batch, person: PersonId) -> bool:
    """Whether what a person earns above the cap goes to the pool."""
    held = batch.get(Overflow, person)
    return held is not None and held.wish


def overflow(batch: Batch, person: PersonId, minutes: int, record: str) -> None:
    """Move what a record minted above the cap to the pool of the person's district."""
    area = pool_at(batch.need(Person, person, "person").home_path)
    event = MinutesOverflowed(person=person, area=area, minutes=minutes, record=record)
    batch.record(event)


# Commands


class Chosen(Answer, frozen=True, kw_only=True):
    """What was chosen."""

    wish: bool


async def choose_overflow(actor: Actor, *, wish: bool, key: RequestKey) -> Chosen:
    """Choose whether minutes that one earns above the cap go to the pool, or are not minted.

    The service counts for stars either way.   Source: domain 6.
    """
    person = permit_self(actor)

    def work(batch: Batch) -> Chosen:
        return Chosen(entry=batch.record(OverflowChosen(person=person, wish=wish)).seq, wish=wish)

    return await write(actor, key, work, answer=Chosen, needs=[(Overflow, person)])


# Reads


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """What pools hold, and what was granted from them in 90 days, in minutes."""

    held: int
    granted: int

    @property
    def percent(self) -> int | None:
        """The reserve ratio in percent; None where nothing was granted."""
        return reserve_percent(self.held, self.granted)


async def reserves_of(areas: Sequence[str], today: date) -> dict[str, Reserve]:
    """The reserve of each of these areas' own pools."""
    held = await find_many(Account, [pool(area) for area in areas])
    drawn = await find_many(PoolDrawn, areas)
    return {
        area: Reserve(
            held=held[pool(area)].balance if pool(area) in held else 0,
            granted=drawn[area].drawn(today) if area in drawn else 0,
        )
        for area in areas
    }


async def reserve_of_all(today: date) -> Reserve:
    """The reserve of all pools together."""
    accounts = await select(Account, code__startswith=pool(""))
    drawn: Sequence[PoolDrawn] = await select(PoolDrawn)
    return Reserve(
        held=sum(account.balance for account in accounts),
        granted=sum(row.drawn(today) for row in drawn),
    )


async def overflow_of(actor: Actor) -> bool:
    """Whether the actor's minutes above the cap go to the pool."""
    held = await find(Overflow, actor.person) if actor.person else None
    return held is not None and held.wish

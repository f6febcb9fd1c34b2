"""Allotments: what each area may commit of a source, given in one command to thousands of them.

Community benefit money goes to every community and village in equal amounts, Party and community
building money by the number of members with a floor (domain 1); other money by rows. Once a unit
and source. After the source's last day what nobody committed goes back the way it came. Knows who
was allotted how much; refuses to know what it is committed to: that is `commitments`.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from typing import Unpack

import msgspec

from ledger.entry import Sealed
from timebank import accounts
from timebank.access import Action, permit
from timebank.accounts import balance, balances_of, moving
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.divisions import CITY_PATH, Area, AreaLevel
from timebank.funding.balances import FundBalance, balance_key, balances_touched
from timebank.funding.moves import AllotmentReturned, FundsAllotted
from timebank.funding.sources import (
    LIFECYCLE,
    Authorised,
    FundKind,
    FundSource,
    SourceClosed,
    SourceNotOver,
    SourceOver,
    decide_enough,
    decide_fen,
)
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.policy import Fund
from timebank.projections import Place, Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, Where, find, find_many, page_by_id, select, table

MOST_ROWS = 10_000
"""A guard, not a rule: three times the city's communities and villages."""
PEOPLED = (AreaLevel.COMMUNITY, AreaLevel.VILLAGE)

# Refusals


class AllottedAlready(Refusal):
    """A unit gets its share of a source once."""

    says = "{unit} was allotted its share of this source already, or stands here twice."
    unit: str


class NoFormula(Refusal):
    """The assistance plan and the purchase of social work have no formula; give rows."""

    says = "There is no formula for {fund}; say what each area gets."
    fund: str


class FormulaElsewhere(Refusal):
    """Formulas are for communities and villages (domain 1)."""

    says = "{unit} is neither a community nor a village, which the formula is for."
    unit: str


class MembersMissing(Refusal):
    """The formula counts Party members, none or more."""

    says = "Say how many Party members {unit} has, 0 or more."
    unit: str


class TooManyRows(Refusal):
    """One command allots to some units at most."""

    says = "One command allots to 1 to {most} areas; there were {given}."
    most: int
    given: int


class MoneyCommitted(Refusal):
    """What is promised is first paid or released."""

    says = "{fen} fen of this source are committed and neither spent nor released."
    fen: int


# Decisions


def decide_share(fund: FundKind, level: AreaLevel, unit: str, members: int, rule: Fund) -> int:
    """A unit's share in fen by the formula (domain 1).

    Refuses: NoFormula, FormulaElsewhere, MembersMissing.
    """
    if fund not in (FundKind.COMMUNITY_BENEFIT, FundKind.PARTY_BUILDING):
        raise NoFormula(fund=fund.value)
    if level not in PEOPLED:
        raise FormulaElsewhere(unit=unit)
    village = level is AreaLevel.VILLAGE
    if fund is FundKind.COMMUNITY_BENEFIT:
        return rule.benefit_village_fen if village else rule.benefit_community_fen
    if members < 0:
        raise MembersMissing(unit=unit)
    least = rule.party_floor_village_fen if village else rule.party_floor_community_fen
    return max(members * rule.party_per_member_fen, least)


def decide_allotment(
    source: FundSource,
    unit: str,
    fen: int,
    *,
    members: int | None,
    held: "Allotment | None",
    today: date,
) -> FundsAllotted:
    """Allot a unit its share. Refuses: SourceOver, FenNotPositive, AllottedAlready."""
    if today > source.last_day:
        raise SourceOver(first_day=date(source.year, 1, 1), last_day=source.last_day)
    if held is not None:
        raise AllottedAlready(unit=unit)
    return FundsAllotted(
        source=source.id, unit=unit, year=source.year, fen=decide_fen(fen), members=members
    )


def decide_close(source: FundSource, sum: FundBalance | None, today: date) -> None:
    """Whether a source can be closed. Refuses: SourceNotOver, MoneyCommitted."""
    if today <= source.last_day:
        raise SourceNotOver(last_day=source.last_day)
    if sum is not None and sum.committed != sum.spent:
        raise MoneyCommitted(fen=sum.committed - sum.spent)


# Tables and projectors


@table("allotment", index=[("source", "id"), ("unit", "id")])
class Allotment(Row, frozen=True):
    """What a unit was allotted of a source, in fen; `id` is `<source>/<unit>`."""

    id: str
    source: str
    unit: str
    year: int
    path: str
    fen: int
    members: int | None = None
    returned: int = 0

    @property
    def account(self) -> str:
        """The account of what it may still commit."""
        return accounts.allotment(self.unit, self.year, self.source)


def allotment_key(source: str, unit: str) -> str:
    """The key of Allotment."""
    return f"{source}/{unit}"


@projects(FundsAllotted)
def _allotted(rows: Rows, event: FundsAllotted, entry: Sealed) -> None:
    rows.put(
        Allotment(
            id=allotment_key(event.source, event.unit),
            source=event.source,
            unit=event.unit,
            year=event.year,
            path=rows.there(Area, event.unit).path,
            fen=event.fen,
            members=event.members,
        )
    )


@projects(AllotmentReturned)
def _returned(rows: Rows, event: AllotmentReturned, entry: Sealed) -> None:
    held = rows.there(Allotment, allotment_key(event.source, event.unit))
    rows.put(msgspec.structs.replace(held, returned=held.returned + event.fen))


# Commands


class Allotted(Answer, frozen=True, kw_only=True):
    """How many units were allotted how much in all."""

    source: str
    units: int
    fen: int


async def allot_funds(
    actor: Actor, *, source: str, rows: Sequence[tuple[str, int]], key: RequestKey
) -> Allotted:
    """Allot each area, by code, so much in fen of a source: all of them or none.

    Refuses: NotFound, TooManyRows, FenNotPositive, SourceOver, AllottedAlready, NotEnoughMoney.
    """
    given = _each_once(rows)

    def share(batch: Batch, held: FundSource, area: Area) -> tuple[int, int | None]:
        return given[area.code], None

    return await _allot(actor, source, list(given), share, key)


async def allot_by_formula(
    actor: Actor, *, source: str, key: RequestKey, members: Sequence[tuple[str, int]] = ()
) -> Allotted:
    """Allot every community and village its share by the formula: all of them or none.

    Args: members, for Party and community building money: Party members by area code; an area
    that is not named has none.
    Refuses: NotFound, NoFormula, FormulaElsewhere, MembersMissing, SourceOver, AllottedAlready,
    NotEnoughMoney.   Source: domain 1, 10.
    """
    counted = _each_once(members)
    areas = await select(Area, level__in=[level.value for level in PEOPLED], order=["code"])

    def share(batch: Batch, held: FundSource, area: Area) -> tuple[int, int | None]:
        told, party = counted.get(area.code, 0), held.fund is FundKind.PARTY_BUILDING
        fen = decide_share(held.fund, area.level, area.code, told, batch.policy.fund)
        return fen, told if party else None

    units = list(dict.fromkeys([*(area.code for area in areas), *counted]))
    return await _allot(actor, source, units, share, key)


def _each_once(rows: Sequence[tuple[str, int]]) -> dict[str, int]:
    """The rows by their unit. Refuses: AllottedAlready, for a unit that stands there twice."""
    units = Counter(unit for unit, _ in rows)
    if twice := [unit for unit, times in units.items() if times > 1]:
        raise AllottedAlready(unit=twice[0])
    return dict(rows)


async def _allot(
    actor: Actor,
    source: str,
    units: Sequence[str],
    share: Callable[[Batch, FundSource, Area], tuple[int, int | None]],
    key: RequestKey,
) -> Allotted:
    if not 0 < len(units) <= MOST_ROWS:
        raise TooManyRows(most=MOST_ROWS, given=len(units))
    found = await find(FundSource, source)
    year = found.year if found else 0

    def work(batch: Batch) -> Allotted:
        permit(batch, Action.AUTHORISE_FUNDS, CITY_PATH)
        held = batch.need(FundSource, source, "source")
        events = []
        for unit in units:
            fen, members = share(batch, held, batch.need(Area, unit, "area"))
            earlier = batch.get(Allotment, allotment_key(source, unit))
            events.append(
                decide_allotment(held, unit, fen, members=members, held=earlier, today=batch.today)
            )
        total = sum(event.fen for event in events)
        decide_enough(balance(batch, accounts.fund(source)), total)
        for event in events:
            entry = batch.record(event)
        return Allotted(entry=entry.seq, source=source, units=len(events), fen=total)

    needs = _needs(source, [(unit, year) for unit in units])
    return await write(actor, key, work, answer=Allotted, needs=needs)


def _needs(source: str, units: Sequence[tuple[str, int]]) -> list[Place]:
    codes = [accounts.allotment(unit, year, source) for unit, year in units]
    return [
        (FundSource, source),
        *moving(accounts.fund(source), accounts.treasury(source), *codes, unit="fen"),
        *((Area, unit) for unit, _ in units),
        *((Allotment, allotment_key(source, unit)) for unit, _ in units),
        *(place for unit, _ in units for place in balances_touched(source, unit)),
    ]


async def close_source(actor: Actor, *, source: str, key: RequestKey) -> Authorised:
    """After its last day, return what nobody committed of a source to the treasury.

    Refuses: NotFound, NotInThisState, SourceNotOver, MoneyCommitted.   Source: domain 10.
    """
    # Nothing is allotted after the last day, so that those found here are all there will be.
    allotted = await select(Allotment, source=source, order=["id"])

    def work(batch: Batch) -> Authorised:
        permit(batch, Action.AUTHORISE_FUNDS, CITY_PATH)
        held = batch.need(FundSource, source, "source")
        step(LIFECYCLE, held.state, SourceClosed)
        decide_close(held, batch.get(FundBalance, balance_key(source)), batch.today)
        for one in allotted:
            if left := balance(batch, one.account):
                batch.record(
                    AllotmentReturned(source=source, unit=one.unit, year=one.year, fen=left)
                )
        left = balance(batch, accounts.fund(source))
        entry = batch.record(SourceClosed(source=source, fen=left))
        return Authorised(entry=entry.seq, source=source)

    needs = _needs(source, [(one.unit, one.year) for one in allotted])
    return await write(actor, key, work, answer=Authorised, needs=needs)


# Reads


async def allotments_by_id(ids: Sequence[str]) -> dict[str, Allotment]:
    """Allotments by their ids: everybody may know them."""
    return {str(id): held for id, held in (await find_many(Allotment, ids)).items()}


async def left_of(ids: Sequence[str]) -> dict[str, int]:
    """What units may still commit of a source, in fen, by allotment."""
    found = await allotments_by_id(ids)
    held = await balances_of([one.account for one in found.values()])
    return {id: held[one.account] for id, one in found.items()}


async def allotments_of(
    source: str | None, unit: str | None, **where: Unpack[Where]
) -> list[Allotment]:
    """Allotments of a source, to a unit, or of any to any, by id."""
    asked = {"source": source, "unit": unit}
    filters = {name: value for name, value in asked.items() if value is not None}
    return await page_by_id(Allotment, where, **filters)

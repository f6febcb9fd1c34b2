"""Fund sources: public money with its year, its purposes, its negative list and its last day.

Authorising a source takes its money from the treasury into the source; whatever nobody committed
until the last day goes back there. Nothing ever moves from one source to another (domain 10). Knows
each source and what it allows; refuses to know who is given how much: that is `allotments`.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Unpack

import msgspec

from ledger.entry import Sealed
from timebank import accounts
from timebank.access import Action, permit
from timebank.accounts import moving, treasury
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.divisions import CITY_PATH
from timebank.events import Event, Postings, transfer
from timebank.funding.purposes import FundPurpose, Negative
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.policy import Policy
from timebank.projections import Place, Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, Where, find_many, page_by_id, table
from timebank.texts import keep_text

MOST_FEN = 10**14
"""A guard, not a rule: no source holds a trillion yuan, and sums stay exact in JSON."""
MOST_CARRIED = 5


class FundKind(StrEnum):
    """The four kinds of public money (domain 10)."""

    ASSISTANCE_PLAN = "assistance_plan"
    SOCIAL_WORK = "social_work"
    COMMUNITY_BENEFIT = "community_benefit"
    PARTY_BUILDING = "party_building"


class SourceState(StrEnum):
    """The life of a source."""

    OPEN = "open"
    CLOSED = "closed"


# Events


class SourceAuthorised(Event, frozen=True, tag="source.authorised"):
    """Money of a year was given for some purposes; `last_day` includes the years carried over."""

    source: str
    fund: FundKind
    year: int
    fen: int
    purposes: tuple[FundPurpose, ...]
    negatives: tuple[Negative, ...]
    last_day: date
    name: str

    def postings(self) -> Postings:
        return transfer(treasury(self.source), accounts.fund(self.source), "fen", self.fen)


class SourceClosed(Event, frozen=True, tag="source.closed"):
    """What was left of a source went back to the treasury."""

    source: str
    fen: int

    def postings(self) -> Postings:
        return transfer(accounts.fund(self.source), treasury(self.source), "fen", self.fen)


# Refusals


class FenNotPositive(Refusal):
    """Nothing, or less than nothing, cannot be given."""

    says = "The amount must be more than 0 fen and less than a trillion yuan, not {fen} fen."
    fen: int
    path = ("fen",)


class NotEnoughMoney(Refusal):
    """Less is there than is asked for: nobody spends what was not given."""

    says = "{held} fen are left there; {asked} were asked for."
    held: int
    asked: int


class FundYearWrong(Refusal):
    """Money is given for this year or the next."""

    says = "Money is given for {year} or the year after, not for {asked}."
    year: int
    asked: int
    path = ("year",)


class PurposesMissing(Refusal):
    """Money without a purpose could be spent on anything."""

    says = "Say what the money is for, each purpose once."
    path = ("purposes",)


class NegativesMissing(Refusal):
    """Every source has a list of what it is never spent on (domain 10)."""

    says = "Say what this money is never spent on: its negative list."
    path = ("negatives",)


class CarriedTooFar(Refusal):
    """What is left is carried over some years at most."""

    says = "What is left may be carried over 0 to {most} years."
    most: int
    path = ("carryOverYears",)


class AboveBudget(Refusal):
    """The policy says what a year's plan holds in all (domain 12)."""

    says = "Only {left} fen of this year's budget for {fund} are left to authorise."
    left: int
    fund: str
    path = ("fen",)


class SourceNotOver(Refusal):
    """A source is closed when its last day has passed."""

    says = "This money may be used until {last_day}; close the source from the next day on."
    last_day: date


class SourceOver(Refusal):
    """Money of a year is not given after its last day, nor committed before its year."""

    says = "This money may be used from {first_day} to {last_day} only."
    first_day: date
    last_day: date


# Lifecycle

LIFECYCLE: Lifecycle[SourceState] = {
    SourceState.OPEN: {SourceClosed: SourceState.CLOSED},
    SourceState.CLOSED: {},
}


# Decisions


def decide_fen(fen: int) -> int:
    """An amount that can be given. Refuses: FenNotPositive."""
    if not 0 < fen < MOST_FEN:
        raise FenNotPositive(fen=fen)
    return fen


def decide_enough(held: int, asked: int) -> None:
    """Whether `held` fen suffice. Refuses: FenNotPositive, NotEnoughMoney."""
    if held < decide_fen(asked):
        raise NotEnoughMoney(held=held, asked=asked)


def decide_source(
    source: str,
    fund: FundKind,
    year: int,
    fen: int,
    *,
    purposes: Sequence[FundPurpose],
    negatives: Sequence[Negative],
    carry_over_years: int,
    name: str,
    authorised: int,
    today: date,
    policy: Policy,
) -> SourceAuthorised:
    """Authorise a source; `authorised` fen of its kind and year are so already.

    Refuses: FenNotPositive, FundYearWrong, PurposesMissing, NegativesMissing, CarriedTooFar,
    AboveBudget.
    """
    decide_fen(fen)
    if year not in (today.year, today.year + 1):
        raise FundYearWrong(year=today.year, asked=year)
    if not purposes or len(set(purposes)) != len(purposes):
        raise PurposesMissing
    if not negatives:
        raise NegativesMissing
    if not 0 <= carry_over_years <= MOST_CARRIED:
        raise CarriedTooFar(most=MOST_CARRIED)
    budget = {
        FundKind.ASSISTANCE_PLAN: policy.fund.assistance_plan_fen,
        FundKind.SOCIAL_WORK: policy.fund.purchase_fen,
    }.get(fund)
    if budget is not None and authorised + fen > budget:
        raise AboveBudget(left=budget - authorised, fund=fund.value)
    return SourceAuthorised(
        source=source,
        fund=fund,
        year=year,
        fen=fen,
        purposes=tuple(sorted(purposes)),
        negatives=tuple(sorted(set(negatives))),
        last_day=date(year + carry_over_years, 12, 31),
        name=name,
    )


def decide_in_use(source: "FundSource", today: date) -> None:
    """Whether the source's money may be committed today. Refuses: SourceOver."""
    first_day = date(source.year, 1, 1)
    if not first_day <= today <= source.last_day:
        raise SourceOver(first_day=first_day, last_day=source.last_day)


# Tables and projectors


@table("fund_source", index=[("year", "id")])
class FundSource(Row, frozen=True):
    """One source; `fen` is what it was given, its balances are in `balances`."""

    id: str
    fund: FundKind
    year: int
    fen: int
    purposes: tuple[FundPurpose, ...]
    negatives: tuple[Negative, ...]
    last_day: date
    state: SourceState


@table("fund_budget")
class FundBudget(Row, frozen=True):
    """What was authorised of a kind for a year; `id` is `<kind>/<year>`."""

    id: str
    fen: int


def budget_key(fund: FundKind, year: int) -> str:
    """The key of FundBudget."""
    return f"{fund.value}/{year}"


@projects(SourceAuthorised)
def _authorised(rows: Rows, event: SourceAuthorised, entry: Sealed) -> None:
    rows.put(
        FundSource(
            id=event.source,
            fund=event.fund,
            year=event.year,
            fen=event.fen,
            purposes=event.purposes,
            negatives=event.negatives,
            last_day=event.last_day,
            state=SourceState.OPEN,
        )
    )
    key = budget_key(event.fund, event.year)
    held = rows.get(FundBudget, key)
    rows.put(FundBudget(id=key, fen=(held.fen if held else 0) + event.fen))


@projects(SourceClosed)
def _closed(rows: Rows, event: SourceClosed, entry: Sealed) -> None:
    held = rows.there(FundSource, event.source)
    state = step(LIFECYCLE, held.state, SourceClosed)
    rows.put(msgspec.structs.replace(held, state=state))


# Commands


class Authorised(Answer, frozen=True, kw_only=True):
    """The source that was authorised or closed."""

    source: str


async def authorise_source(
    actor: Actor,
    *,
    fund: FundKind,
    year: int,
    fen: int,
    name: str,
    purposes: Sequence[FundPurpose],
    negatives: Sequence[Negative],
    key: RequestKey,
    carry_over_years: int = 0,
) -> Authorised:
    """Take a year's money for some purposes from the treasury, as the city's fund officer.

    Args: carry_over_years, how many years after `year` what is left may still be used.
    Refuses: FenNotPositive, FundYearWrong, PurposesMissing, NegativesMissing, CarriedTooFar,
    AboveBudget, TextMissing, TextTooLong.   Source: domain 10, 12.
    """
    source, budget = new("src"), budget_key(fund, year)

    def work(batch: Batch) -> Authorised:
        permit(batch, Action.AUTHORISE_FUNDS, CITY_PATH)
        held = batch.get(FundBudget, budget)
        event = decide_source(
            source,
            fund,
            year,
            fen,
            purposes=purposes,
            negatives=negatives,
            carry_over_years=carry_over_years,
            name=keep_text(batch, source, "name", name, most=60),
            authorised=held.fen if held else 0,
            today=batch.today,
            policy=batch.policy,
        )
        return Authorised(entry=batch.record(event).seq, source=source)

    codes = (treasury(source), accounts.fund(source))
    needs: list[Place] = [(FundBudget, budget), *moving(*codes, unit="fen")]
    return await write(actor, key, work, answer=Authorised, needs=needs)


# Reads


async def sources_by_id(ids: Sequence[str]) -> dict[str, FundSource]:
    """Sources by their ids: everybody may know where public money comes from."""
    return {str(id): held for id, held in (await find_many(FundSource, ids)).items()}


async def sources_of(year: int, **where: Unpack[Where]) -> list[FundSource]:
    """The sources of a year, the oldest first, strictly between two ids."""
    return await page_by_id(FundSource, where, year=year)

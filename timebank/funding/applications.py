"""Applications: how an organisation drafts, changes, hands in and withdraws what it asks for.

Once to a call, while it is open and the organisation stands and is not barred, for a budget that
says what every fen is for and holds nothing of the source's negative list (domain 10).
"""

from datetime import date

from ledger.entry import Sealed
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.funding.calls import Call, CallState
from timebank.funding.commitments import AgainstNegativeList
from timebank.funding.grant_life import (
    LIFECYCLE,
    Budget,
    GrantDrafted,
    GrantRevised,
    GrantSubmitted,
    GrantWithdrawn,
)
from timebank.funding.grants import Grant, Granted, GrantOfCall, move_grant
from timebank.funding.purposes import FORBIDDEN_ITEMS
from timebank.funding.sources import FundSource, decide_fen
from timebank.ids import new
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.organisations import Organisation, acting_for, active_organisation
from timebank.projections import Place
from timebank.refusals import NotFound, Refusal
from timebank.texts import LONGEST, keep_text

MOST_LINES = 50

# Refusals


class CallNotOpen(Refusal):
    """Organisations apply while a call is open."""

    says = "Applications to this call could be handed in until {until}, while it was open."
    until: date


class BudgetWrong(Refusal):
    """A budget says what every fen is for."""

    says = "The lines of the budget add up to {sum} fen, not to {fen}; each is more than 0 fen."
    sum: int
    fen: int
    path = ("budget",)


class AskedTooMuch(Refusal):
    """A call says how much one application may ask for."""

    says = "One application may ask for at most {most} fen."
    most: int
    path = ("fen",)


class AppliedAlready(Refusal):
    """An organisation applies once to a call."""

    says = "This organisation has an application to this call already."


# Decisions


def decide_budget(
    fen: int, budget: Budget, least_minutes: int, *, call: Call, source: FundSource
) -> None:
    """Whether a budget may be applied for.

    Refuses: FenNotPositive, AskedTooMuch, BudgetWrong, AgainstNegativeList.
    """
    decide_fen(fen)
    if fen > call.most_fen:
        raise AskedTooMuch(most=call.most_fen)
    total = sum(line for _, line in budget)
    least = min((line for _, line in budget), default=0)
    if total != fen or least <= 0 or len(budget) > MOST_LINES or least_minutes < 0:
        raise BudgetWrong(sum=total, fen=fen)
    found = {FORBIDDEN_ITEMS[item] for item, _ in budget if item in FORBIDDEN_ITEMS}
    if against := sorted(found & set(source.negatives)):
        raise AgainstNegativeList(codes=", ".join(against))


def decide_call_open(call: Call, today: date) -> None:
    """Refuses: CallNotOpen."""
    if call.state is not CallState.OPEN or today > call.until:
        raise CallNotOpen(until=call.until)


# Commands


async def draft_grant(
    actor: Actor,
    *,
    call: str,
    organisation: str,
    fen: int,
    budget: Budget,
    plan: str,
    key: RequestKey,
    least_minutes: int = 0,
) -> Granted:
    """Begin an application, as whoever stands for the organisation.

    Args: least_minutes, the accepted service that the last payment is to wait for.
    Refuses: NotFound, CallNotOpen, AppliedAlready, OrganisationNotActive, BarredOrganisation,
    FenNotPositive, AskedTooMuch, BudgetWrong, AgainstNegativeList, TextMissing, TextTooLong.
    """
    grant, once = new("gra"), f"{call}/{organisation}"

    def work(batch: Batch) -> Granted:
        acting_for(batch, organisation)
        held = _open_call(batch, call)
        active_organisation(batch, organisation)
        if batch.get(GrantOfCall, once) is not None:
            raise AppliedAlready
        source = batch.there(FundSource, held.source)
        decide_budget(fen, budget, least_minutes, call=held, source=source)
        event = GrantDrafted(
            grant=grant,
            call=call,
            organisation=organisation,
            fen=fen,
            budget=budget,
            least_minutes=least_minutes,
            plan=keep_text(batch, grant, "plan", plan, most=LONGEST),
        )
        return Granted(entry=batch.record(event).seq, grant=grant)

    needs: list[Place] = [(Call, call), (Organisation, organisation), (GrantOfCall, once)]
    return await write(actor, key, work, answer=Granted, needs=needs)


async def revise_grant(
    actor: Actor,
    *,
    grant: str,
    fen: int,
    budget: Budget,
    plan: str,
    key: RequestKey,
    least_minutes: int = 0,
) -> Granted:
    """Change a draft. Refuses: NotFound, NotInThisState, and what `draft_grant` does."""

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantRevised)
        call = _open_call(batch, held.call)
        source = batch.there(FundSource, call.source)
        decide_budget(fen, budget, least_minutes, call=call, source=source)
        return batch.record(
            GrantRevised(
                grant=grant,
                fen=fen,
                budget=budget,
                least_minutes=least_minutes,
                plan=keep_text(batch, grant, "plan", plan, most=LONGEST),
            )
        )

    return await move_grant(actor, grant, key, one)


async def submit_grant(actor: Actor, *, grant: str, key: RequestKey) -> Granted:
    """Hand an application in.

    Refuses: NotFound, NotInThisState, CallNotOpen, OrganisationNotActive, BarredOrganisation.
    """

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantSubmitted)
        _open_call(batch, held.call)
        active_organisation(batch, held.organisation)
        return batch.record(GrantSubmitted(grant=grant))

    return await move_grant(actor, grant, key, one)


async def withdraw_grant(actor: Actor, *, grant: str, key: RequestKey) -> Granted:
    """Take an application back before the shortlist. Refuses: NotFound, NotInThisState."""

    def one(batch: Batch, held: Grant) -> Sealed:
        step(LIFECYCLE, held.state, GrantWithdrawn)
        return batch.record(GrantWithdrawn(grant=grant))

    return await move_grant(actor, grant, key, one)


def _open_call(batch: Batch, call: str) -> Call:
    held = batch.need(Call, call, "call")
    if held.state is CallState.DRAFT:
        raise NotFound(what="call")
    decide_call_open(held, batch.today)
    return held

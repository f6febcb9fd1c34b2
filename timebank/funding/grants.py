"""Grants: an organisation's application to a call, its budget, and where it stands from there on.

Everybody sees it from the shortlist on; before, its own people and the officers. Nobody moves on
what an organisation asks for that they stand for. Knows where each stands; how it is applied for
lies in `applications`, who judges it in `grant_reviews`, who gives the money in `grant_awards`, and
how it is accounted for in `grant_reports` and `spending`.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, may, may_read, permit, reach
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.funding.calls import Call
from timebank.funding.grant_life import (
    LIFECYCLE,
    Budget,
    FinalHandedIn,
    FundGrantState,
    GrantAccepted,
    GrantAudited,
    GrantAwarded,
    GrantBegun,
    GrantClosed,
    GrantContracted,
    GrantDrafted,
    GrantFormallyChecked,
    GrantPublicised,
    GrantRecovered,
    GrantRejected,
    GrantReminded,
    GrantReport,
    GrantReported,
    GrantRevised,
    GrantScored,
    GrantShortlisted,
    GrantStopped,
    GrantSubmitted,
    GrantWithdrawn,
    MidtermPassed,
    MidtermToFix,
    Moved,
    RecoveryBegun,
)
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notice_codes import NoticeCode
from timebank.organisation_life import LIFECYCLE as ENDS
from timebank.organisations import (
    Organisation,
    OrganisationNotActive,
    OwnOrganisation,
    acting_for,
    decide_unbarred,
)
from timebank.projections import Place, Rows, projects
from timebank.publicity import Publicity, lay_open, settle_publicity
from timebank.refusals import Forbidden, NotFound, Refusal
from timebank.representatives import tell_representatives
from timebank.tables import Row, Where, find, find_many, page_by_id, table

OPEN_TO_ALL = tuple(
    state
    for state in FundGrantState
    if state
    not in (
        FundGrantState.DRAFT,
        FundGrantState.SUBMITTED,
        FundGrantState.FORMAL_OK,
        FundGrantState.SCORED,
        FundGrantState.REJECTED,
        FundGrantState.WITHDRAWN,
    )
)

REPORTING = (FundGrantState.RUNNING, FundGrantState.MIDTERM_FIX, FundGrantState.MIDTERM_PASS)
"""The states in which a report is the organisation's to hand in."""

STOPPED = (FundGrantState.STOPPED, FundGrantState.RECOVERY, FundGrantState.RECOVERED)

# Refusals


class GrantOver(Refusal):
    """What was stopped is paid nothing more (domain 10)."""

    says = "This grant was stopped; nothing more is paid of it."


# Tables and projectors


@table(
    "fund_grant",
    index=[
        ("call", "state", "id"),
        ("organisation", "id"),
        ("path", "state"),
        ("remind_on",),
    ],
)
class Grant(Row, frozen=True):
    """One application and what became of it; `fen` asked for, and from the shortlist on given.

    `path` is the organisation's; `unit_path` the area's whose money it is. `due` is its state's
    last day, `midterm_due` and `final_due` those of the contract, `reported` the report that waits.
    """

    id: str
    call: str
    organisation: str
    path: str
    unit_path: str
    fen: int
    budget: Budget
    least_minutes: int
    state: FundGrantState
    reviewed: int = 0
    points_sum: int = 0
    points: int | None = None
    conflicts: tuple[str, ...] = ()
    due: date | None = None
    remind_on: date | None = None
    reported: GrantReport | None = None
    accepted_by: str | None = None
    midterm_due: date | None = None
    final_due: date | None = None

    def late(self, today: date) -> bool:
        """Whether a report's last day is over and it is not there."""
        return (
            self.state in REPORTING
            and self.reported is None
            and self.due is not None
            and self.due < today
        )


@table("grant_of_call")
class GrantOfCall(Row, frozen=True):
    """The application of an organisation to a call; `id` is `<call>/<organisation>`."""

    id: str
    grant: str


@projects(GrantDrafted)
def _drafted(rows: Rows, event: GrantDrafted, entry: Sealed) -> None:
    rows.put(
        Grant(
            id=event.grant,
            call=event.call,
            organisation=event.organisation,
            path=rows.there(Organisation, event.organisation).path,
            unit_path=rows.there(Call, event.call).path,
            fen=event.fen,
            budget=event.budget,
            least_minutes=event.least_minutes,
            state=FundGrantState.DRAFT,
        )
    )
    rows.put(GrantOfCall(id=f"{event.call}/{event.organisation}", grant=event.grant))


@projects(GrantRevised)
def _revised(rows: Rows, event: GrantRevised, entry: Sealed) -> None:
    held = rows.there(Grant, event.grant)
    rows.put(
        msgspec.structs.replace(
            held,
            state=step(LIFECYCLE, held.state, GrantRevised),
            fen=event.fen,
            budget=event.budget,
            least_minutes=event.least_minutes,
        )
    )


@projects(
    GrantSubmitted,
    GrantWithdrawn,
    GrantFormallyChecked,
    GrantScored,
    GrantShortlisted,
    GrantPublicised,
    GrantAwarded,
    GrantRejected,
    GrantContracted,
    GrantBegun,
    GrantReported,
    MidtermPassed,
    MidtermToFix,
    GrantReminded,
    FinalHandedIn,
    GrantAccepted,
    GrantAudited,
    GrantClosed,
    GrantStopped,
    RecoveryBegun,
    GrantRecovered,
)
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    held = rows.there(Grant, event.grant)
    state = step(LIFECYCLE, held.state, type(event))
    changed: dict[str, object] = {"state": state, **_days(held, event)}
    match event:
        case GrantScored():
            changed["points"] = event.points
        case GrantShortlisted():
            changed["fen"] = event.fen
        case GrantPublicised():
            lay_open(
                rows, held.id, person=held.organisation, path=held.unit_path, until=event.until
            )
        case GrantAwarded() | GrantRejected():
            settle_publicity(rows, held.id)
        case GrantContracted():
            changed |= {"midterm_due": event.midterm_due, "final_due": event.final_due}
        case GrantReported():
            changed["reported"] = event.report
        case MidtermToFix() | MidtermPassed():
            changed["reported"] = None
        case GrantAccepted():
            changed |= {"reported": None, "accepted_by": entry.actor}
        case GrantWithdrawn():
            rows.drop(GrantOfCall, f"{held.call}/{held.organisation}")
    rows.put(msgspec.structs.replace(held, **changed))


def _days(held: Grant, event: Moved) -> dict[str, date | None]:
    """The last day of the state that an event leads to, and when a reminder of it goes out."""
    due: date | None = None
    match event:
        case GrantPublicised():
            due = event.until
        case GrantBegun():
            due = held.midterm_due
        case GrantReported() | GrantReminded():
            due = held.due
        case MidtermToFix():
            due = event.fix_by
        case MidtermPassed():
            due = held.final_due
    return {"due": due, "remind_on": getattr(event, "remind_on", None)}


# What other capabilities ask


class Granted(Answer, frozen=True, kw_only=True):
    """The grant that was applied for or moved on."""

    grant: str


async def move_grant(
    actor: Actor,
    grant: str,
    key: RequestKey,
    one: Callable[[Batch, Grant], Sealed],
    *more: Place,
    action: Action | None = None,
    near: bool = False,
) -> Granted:
    """Let officers of the money's area with `action`, or the organisation's own people, move on.

    Its representatives are told what officers came to. Args: near, whether officers who stand for
    the organisation may do it too. Refuses: NotFound, for whoever is neither; OwnOrganisation.
    """

    def work(batch: Batch) -> Granted:
        held = batch.need(Grant, grant, "application")
        if action is None:
            acting_for(batch, held.organisation, what="application")
        else:
            _permit(batch, action, held)
            if not near:
                not_related(batch, held.path)
        entry = one(batch, held)
        if action is not None and batch.there(Grant, grant).state is not held.state:
            tell_representatives(batch, held.organisation, NoticeCode.GRANT_MOVED, grant)
        return Granted(entry=entry.seq, grant=grant)

    found = await find(Grant, grant)
    needs: list[Place] = [(Grant, grant), (Publicity, grant), *more]
    if found is not None:
        needs += [(Organisation, found.organisation), (Call, found.call)]
    return await write(actor, key, work, answer=Granted, needs=needs)


def not_related(batch: Batch, path: str) -> None:
    """Let nobody decide or pay what an organisation gets that they stand for or keep books of.

    Refuses: OwnOrganisation.   Source: domain 10 (N11) and 11.
    """
    if any(may(batch, own, path) for own in (Action.ACT_FOR_ORGANISATION, Action.KEEP_BOOKS)):
        raise OwnOrganisation


def decide_payable(batch: Batch, commitment: str, payee: str) -> None:
    """Whether anything more is paid of a commitment to an organisation.

    Refuses: OrganisationNotActive where it ended, GrantOver, BarredOrganisation.
    Source: domain 10.
    """
    whose, held = batch.there(Organisation, payee), batch.get(Grant, commitment)
    if not ENDS[whose.state]:
        raise OrganisationNotActive(state=whose.state.value)
    if held is not None and held.state in STOPPED:
        raise GrantOver
    decide_unbarred(whose, batch.today)


def _permit(batch: Batch, action: Action, held: Grant) -> None:
    """Let an officer do it; whoever may not see the application is told that there is none."""
    try:
        permit(batch, action, held.unit_path)
    except Forbidden:
        reads = may(batch, Action.READ_APPLICATIONS, held.unit_path)
        own = may(batch, Action.ACT_FOR_ORGANISATION, held.path)
        if held.state in OPEN_TO_ALL or reads or own:
            raise
        raise NotFound(what="application") from None


# Reads


def late_today(held: Grant) -> bool:
    """Whether a report of the grant is late today."""
    return held.late(day_of(current().clock.now()))


async def visible_grants(actor: Actor, ids: Sequence[str]) -> dict[str, Grant]:
    """Grants by id: for everybody from the shortlist on, before that as the module says."""
    found = await find_many(Grant, ids)
    officers = await reach(actor, Action.READ_APPLICATIONS)
    own = await reach(actor, Action.ACT_FOR_ORGANISATION)
    return {
        held.id: held
        for held in found.values()
        if held.state in OPEN_TO_ALL or officers(held.unit_path) or own(held.path)
    }


async def private_grants(actor: Actor, ids: Sequence[str]) -> list[str]:
    """Those of these grants whose papers the actor may read: the officers' and their own."""
    officers = await reach(actor, Action.READ_APPLICATIONS)
    own = await reach(actor, Action.ACT_FOR_ORGANISATION)
    found = await find_many(Grant, ids)
    return [held.id for held in found.values() if officers(held.unit_path) or own(held.path)]


async def grants_of_call(
    actor: Actor, call: str, state: FundGrantState, **where: Unpack[Where]
) -> list[Grant]:
    """The grants of a call in a state, the oldest first, as far as the actor may see them."""
    held = await find(Call, call)
    if held is None:
        return []
    if state not in OPEN_TO_ALL and not await may_read(actor, Action.READ_APPLICATIONS, held.path):
        return []
    return await page_by_id(Grant, where, Q(call=call, state=state.value))


async def grants_of_organisation(
    actor: Actor, organisation: str, **where: Unpack[Where]
) -> list[Grant]:
    """An organisation's grants, the oldest first; what is not public for its own people."""
    held = await find(Organisation, organisation)
    states = Q(state__in=[state.value for state in OPEN_TO_ALL])
    if held and await may_read(actor, Action.ACT_FOR_ORGANISATION, held.path):
        states = Q()
    return await page_by_id(Grant, where, states, organisation=organisation)

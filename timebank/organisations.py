"""Social organisations (社会组织): what they are, where they sit, who may act for them (domain 9).

An organisation's path goes on from the area it sits in, so a scope can end with it, and the
registrars and streets above reach it. Its name, purpose and address are texts with a commitment on
the ledger; what is only applied for is its founder's and the officers' to see. Knows each
organisation; who registers, files, changes and ends one lies in the modules beside this.
"""

from collections.abc import Sequence
from datetime import date, datetime

from msgspec.structs import replace

from ledger.entry import Sealed
from timebank.access import SCOPES, Action, in_reach, may, permit_self
from timebank.batch import Batch
from timebank.clock import day_of, months_later
from timebank.divisions import Area
from timebank.journal import Answer, current
from timebank.lifecycles import step
from timebank.organisation_life import (
    ACTIVE,
    LIFECYCLE,
    OPEN_TO_ALL,
    AbnormalReason,
    DirectKind,
    LegalForm,
    Moved,
    OrganisationAbnormal,
    OrganisationApplied,
    OrganisationBarred,
    OrganisationChecked,
    OrganisationCleared,
    OrganisationDeregistered,
    OrganisationDissolving,
    OrganisationEntered,
    OrganisationFiled,
    OrganisationFilingAsked,
    OrganisationFilingLapsed,
    OrganisationFilingRefused,
    OrganisationGrown,
    OrganisationNameApproved,
    OrganisationNameAsked,
    OrganisationNameLapsed,
    OrganisationNameRefused,
    OrganisationReady,
    OrganisationRefused,
    OrganisationRegistered,
    OrganisationRevoked,
    OrganisationSerious,
    OrganisationState,
    OrganisationWithdrawn,
    OrganisationWoundUp,
    RegistrationCheck,
)
from timebank.projections import Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.tables import Row, find_many, table
from timebank.units import WorkUnit

# Refusals


class OrganisationNotActive(Refusal):
    """Only an organisation that stands, and on no list, undertakes anything."""

    says = "This organisation is {state} and can undertake nothing now."
    state: str
    path = ("organisation",)


class BarredOrganisation(Refusal):
    """Whoever misused money gets none for some years (domain 10)."""

    says = "This organisation is barred from public money until {until}."
    until: date
    path = ("organisation",)


class OwnOrganisation(Refusal):
    """Nobody decides about an organisation that they founded or stand for."""

    says = "You founded this organisation or stand for it; another officer must decide."


# Decisions


def decide_active(organisation: "Organisation", today: date) -> None:
    """Whether an organisation may apply for and be given public money on a day.

    Refuses: OrganisationNotActive, BarredOrganisation.   Source: domain 9 and 10.
    """
    if organisation.state not in ACTIVE:
        raise OrganisationNotActive(state=organisation.state.value)
    decide_unbarred(organisation, today)


def decide_unbarred(organisation: "Organisation", today: date) -> None:
    """Whether an organisation gets public money at all on a day. Refuses: BarredOrganisation."""
    if organisation.barred_until is not None and today <= organisation.barred_until:
        raise BarredOrganisation(until=organisation.barred_until)


# Tables and projectors


@table(
    "organisation",
    index=[
        ("path", "state", "id"),
        ("state", "due"),
        ("applicant", "id"),
        ("supervisor", "id"),
        ("barred_until", "id"),
    ],
)
class Organisation(Row, frozen=True):
    """One organisation; `path` ends with its own id, `due` is its state's last day.

    `persons` and `units` are its members as it applied, `funds_fen` what it is founded with;
    `barred_until` is the last day on which it gets no public money.
    """

    id: str
    form: LegalForm
    area: str
    path: str
    state: OrganisationState
    asked_at: datetime
    applicant: str | None = None
    representative: str | None = None
    direct: DirectKind | None = None
    supervisor: str | None = None
    code: str | None = None
    registered_on: date | None = None
    due: date | None = None
    persons: int = 0
    units: int = 0
    founders: int = 0
    funds_fen: int = 0
    checks: tuple[tuple[RegistrationCheck, bool], ...] = ()
    reasons: tuple[str, ...] = ()
    abnormal: AbnormalReason | None = None
    wound_up: bool = False
    ended_on: date | None = None
    barred_until: date | None = None
    grown_from: str | None = None
    grown_into: str | None = None


SCOPES["org"] = Organisation


@table("credit_code")
class CreditCode(Row, frozen=True):
    """Who has a unified social credit code: nobody else ever gets it."""

    code: str
    organisation: str


@projects(OrganisationNameAsked, OrganisationFilingAsked, OrganisationEntered)
def _begun(
    rows: Rows,
    event: OrganisationNameAsked | OrganisationFilingAsked | OrganisationEntered,
    entry: Sealed,
) -> None:
    made = Organisation(
        id=event.organisation,
        form=LegalForm.COMMUNITY_GROUP,
        area=event.area,
        path=f"{rows.there(Area, event.area).path}{event.organisation}/",
        state=OrganisationState.NAME_ASKED,
        asked_at=entry.at,
    )
    if isinstance(event, OrganisationFilingAsked):
        made = replace(
            made,
            state=OrganisationState.FILING_ASKED,
            applicant=event.applicant,
            founders=event.founders,
            persons=event.persons,
            due=event.decide_by,
        )
    else:
        made = replace(made, form=event.form, direct=event.direct, supervisor=event.supervisor)
    if isinstance(event, OrganisationNameAsked):
        made = replace(made, applicant=event.applicant, grown_from=event.grown_from)
    elif isinstance(event, OrganisationEntered):
        made = replace(
            made,
            state=OrganisationState.REGISTERED,
            code=event.code,
            representative=event.representative,
            registered_on=event.registered_on,
        )
        rows.put(CreditCode(code=event.code, organisation=event.organisation))
    rows.put(made)


@projects(
    OrganisationNameApproved,
    OrganisationNameRefused,
    OrganisationNameLapsed,
    OrganisationReady,
    OrganisationApplied,
    OrganisationChecked,
    OrganisationRegistered,
    OrganisationRefused,
    OrganisationWithdrawn,
    OrganisationFiled,
    OrganisationFilingRefused,
    OrganisationFilingLapsed,
    OrganisationGrown,
    OrganisationAbnormal,
    OrganisationCleared,
    OrganisationSerious,
    OrganisationDissolving,
    OrganisationWoundUp,
    OrganisationDeregistered,
    OrganisationRevoked,
)
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    held = rows.there(Organisation, event.organisation)
    changed: dict[str, object] = {"state": step(LIFECYCLE, held.state, type(event))}
    today = day_of(entry.at)
    if not isinstance(event, OrganisationReady | OrganisationChecked):
        # A name stays kept while the supervising unit consents.
        changed["due"] = due_after(event)
    if isinstance(event, OrganisationApplied):
        changed |= {"persons": event.persons, "units": event.units, "funds_fen": event.funds_fen}
    elif isinstance(event, OrganisationChecked):
        left = [one for one in held.checks if one[0] is not event.check]
        changed["checks"] = (*left, (event.check, event.passed))
    elif isinstance(event, OrganisationRegistered):
        changed |= {"code": event.code, "representative": event.representative}
        changed["registered_on"] = today
        rows.put(CreditCode(code=event.code, organisation=held.id))
    elif isinstance(event, OrganisationFiled):
        changed |= {"representative": event.representative, "registered_on": today}
    elif isinstance(
        event, OrganisationRefused | OrganisationFilingRefused | OrganisationNameRefused
    ):
        changed["reasons"] = tuple(reason.value for reason in event.reasons)
    elif isinstance(event, OrganisationGrown):
        changed["grown_into"] = event.into
    elif isinstance(event, OrganisationAbnormal):
        changed["abnormal"] = event.reason
    elif isinstance(event, OrganisationCleared):
        changed["abnormal"] = None
    elif isinstance(event, OrganisationWoundUp):
        changed["wound_up"] = True
    elif isinstance(event, OrganisationDissolving | OrganisationRevoked):
        changed["reasons"] = (event.reason.value,)
    moved = replace(held, **changed)
    rows.put(moved if LIFECYCLE[moved.state] else replace(moved, ended_on=today))


def due_after(event: Moved) -> date | None:
    """The last day for what an event asks for next, if it asks for anything."""
    if isinstance(event, OrganisationNameApproved | OrganisationFiled):
        return event.until
    if isinstance(event, OrganisationApplied):
        return event.decide_by
    if isinstance(event, OrganisationAbnormal):
        return event.serious_on
    return event.deregister_by if isinstance(event, OrganisationWoundUp) else None


@projects(OrganisationBarred)
def _barred(rows: Rows, event: OrganisationBarred, entry: Sealed) -> None:
    held = rows.there(Organisation, event.organisation)
    rows.put(replace(held, barred_until=event.until))


# What other capabilities ask


class Organised(Answer, frozen=True, kw_only=True):
    """The organisation that something was done for or to."""

    organisation: str


def active_organisation(batch: Batch, organisation: str) -> Organisation:
    """The organisation, if it may apply for and be given public money today.

    Refuses: NotFound, for what is only applied for too; OrganisationNotActive, BarredOrganisation.
    """
    held = batch.need(Organisation, organisation, "organisation")
    if held.state not in OPEN_TO_ALL:
        raise NotFound(what="organisation")
    decide_active(held, batch.today)
    return held


def acting_for(
    batch: Batch,
    organisation: str,
    action: Action = Action.ACT_FOR_ORGANISATION,
    *,
    what: str = "organisation",
) -> Organisation:
    """The organisation that the actor stands for by a role over it; for others it is not there.

    Before it is registered or filed its founder acts for it. Args: what, the thing of the
    organisation's that was asked for, so that one of another's is missed like none at all.
    Refuses: NotFound.
    """
    held = batch.need(Organisation, organisation, "organisation")
    if held.state not in OPEN_TO_ALL:
        if permit_self(batch.actor) != held.applicant:
            raise NotFound(what=what)
        return held
    return in_reach(batch, action, Organisation, organisation, what=what)


def organisation_at_hand(
    batch: Batch, organisation: str, action: Action, *, what: str = "organisation"
) -> Organisation:
    """The organisation, for an officer above it. Refuses: NotFound, OwnOrganisation."""
    held = in_reach(batch, action, Organisation, organisation, what=what)
    own = (Action.ACT_FOR_ORGANISATION, Action.KEEP_BOOKS)
    founded = batch.actor.person in (held.applicant, held.representative)
    if founded or any(may(batch, one, held.path) for one in own):
        raise OwnOrganisation
    return held


def supervised(batch: Batch, organisation: str, *, what: str = "organisation") -> Organisation:
    """The organisation, for whoever stands for its supervising unit. Refuses: NotFound.

    Those hold the role of a representative over the unit's path.
    """
    held = batch.need(Organisation, organisation, "organisation")
    if held.supervisor is None:
        raise NotFound(what=what)
    in_reach(batch, Action.ACT_FOR_ORGANISATION, WorkUnit, held.supervisor, what=what)
    return held


def bar_organisation(batch: Batch, organisation: str, case: str) -> Sealed:
    """Bar an organisation from public money for the policy's years, counted from today.

    Args: case, the id of what it is barred for.   Source: domain 10.
    """
    until = months_later(batch.today, 12 * batch.policy.fund.barred_years)
    return batch.record(OrganisationBarred(organisation=organisation, until=until, case=case))


# Reads


async def organisations_by_id(ids: Sequence[str]) -> dict[str, Organisation]:
    """Organisations by id, in one statement: for whoever was asked already who may see them."""
    found = await find_many(Organisation, ids)
    return {str(id): held for id, held in found.items()}


def days_left(organisation: Organisation) -> int | None:
    """How many days are left until the last day of its state; negative once that is over."""
    if organisation.due is None:
        return None
    return (organisation.due - day_of(current().clock.now())).days

"""Registrations: from a name to a registered organisation, or to a refusal with reasons (domain 9).

A founder asks for a name; the name is kept for some months; the supervising unit consents, or none
is needed for the four direct kinds; the application is decided within a term that everybody
concerned sees. A registrar looks at each condition of the form before registering. Foundations, and
whatever was registered before, are entered with the code they have.
"""

from datetime import timedelta

from timebank.access import permit_self
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.divisions import Area
from timebank.ids import new
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.organisation_life import (
    CHECKS,
    LIFECYCLE,
    DirectKind,
    LegalForm,
    OrganisationApplied,
    OrganisationGrown,
    OrganisationNameAsked,
    OrganisationReady,
    OrganisationWithdrawn,
)
from timebank.organisation_names import keep_name
from timebank.organisations import (
    Organisation,
    Organised,
    acting_for,
    supervised,
)
from timebank.people import active_person
from timebank.policy import Organisation as Rules
from timebank.projections import Place
from timebank.refusals import Refusal
from timebank.texts import LONGEST, keep_text
from timebank.units import WorkUnit

NAME_MOST = 60

# Refusals


class FormNotRegisteredHere(Refusal):
    """A city registers two of the three forms; below them the street files."""

    says = "The city does not register this form: {form}. The registrar enters it by its code."
    form: str
    path = ("form",)


class RouteUnclear(Refusal):
    """One of two routes: directly, for the four kinds, or with a supervising unit."""

    says = "Name either the kind that registers directly or the supervising unit, one of the two."
    path = ("supervisor",)


class TooFewMembers(Refusal):
    """An association has people, or units, or both (domain 9)."""

    says = "An association has {persons} persons, or {units} units, or {persons} of both together."
    persons: int
    units: int
    path = ("persons",)


class TooLittleFunds(Refusal):
    """A legal person has something to answer with (domain 9)."""

    says = "This form needs funds of at least {least} fen."
    least: int
    path = ("fundsFen",)


class MembersNegative(Refusal):
    """Counts and sums are not negative."""

    says = "Members and funds cannot be fewer than none."
    path = ("persons",)


# Decisions


def decide_route(form: LegalForm, direct: DirectKind | None, supervisor: str | None) -> None:
    """Whether a form is registered here, on one of two routes.

    Refuses: FormNotRegisteredHere, RouteUnclear.   Source: domain 9.
    """
    if form not in CHECKS:
        raise FormNotRegisteredHere(form=form.value)
    if (direct is None) == (supervisor is None):
        raise RouteUnclear


def decide_conditions(
    form: LegalForm, *, persons: int, units: int, funds_fen: int, rules: Rules
) -> None:
    """Whether what an application tells meets the form's own conditions.

    Args: funds_fen, what it is founded with.
    Refuses: MembersNegative, TooFewMembers, TooLittleFunds.   Source: domain 9.
    """
    if min(persons, units, funds_fen) < 0:
        raise MembersNegative
    if form is LegalForm.ASSOCIATION:
        enough = persons + units >= rules.association_persons or units >= rules.association_units
        if not enough:
            raise TooFewMembers(persons=rules.association_persons, units=rules.association_units)
    # The law names a sum for associations; a service body has what its work needs, so something.
    least = rules.association_funds_fen if form is LegalForm.ASSOCIATION else 1
    if funds_fen < least:
        raise TooLittleFunds(least=least)


# Commands


async def ask_organisation_name(
    actor: Actor,
    *,
    form: LegalForm,
    area: str,
    name: str,
    key: RequestKey,
    direct: DirectKind | None = None,
    supervisor: str | None = None,
    grown_from: str | None = None,
) -> Organised:
    """Ask the registrar of an area for a name, as a founder.

    Args: area, where it will sit; direct, the kind that needs no supervising unit; supervisor, the
    supervising unit; grown_from, the filed organisation that becomes this one.
    Refuses: FormNotRegisteredHere, RouteUnclear, NotFound, PersonNotActive, NotInThisState,
    OrganisationNameTaken, TextMissing, TextTooLong.   Source: domain 9.
    """
    person, organisation = permit_self(actor), new("org")
    decide_route(form, direct, supervisor)

    def work(batch: Batch) -> Organised:
        active_person(batch, person)
        batch.need(Area, area, "area")
        if supervisor is not None:
            batch.need(WorkUnit, supervisor, "unit")
        if grown_from is not None:
            step(LIFECYCLE, acting_for(batch, grown_from).state, OrganisationGrown)
        event = OrganisationNameAsked(
            organisation=organisation,
            form=form,
            area=area,
            applicant=person,
            name=keep_text(batch, organisation, "name", name, most=NAME_MOST),
            direct=direct,
            supervisor=supervisor,
            grown_from=grown_from,
        )
        entry = batch.record(event)
        keep_name(batch, organisation, name, giving_way=grown_from)
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=[(Area, area)])


async def apply_for_registration(
    actor: Actor,
    *,
    organisation: str,
    persons: int,
    units: int,
    funds_fen: int,
    purpose: str,
    address: str,
    key: RequestKey,
) -> Organised:
    """Hand in the whole application, as the founder; it is decided within the policy's days.

    Args: persons and units, the members; funds_fen, what it is founded with.
    Refuses: NotFound, NotInThisState, MembersNegative, TooFewMembers, TooLittleFunds, TextMissing,
    TextTooLong.   Source: domain 9.
    """

    def work(batch: Batch) -> Organised:
        held = acting_for(batch, organisation)
        step(LIFECYCLE, held.state, OrganisationApplied)
        rules = batch.policy.organisation
        decide_conditions(held.form, persons=persons, units=units, funds_fen=funds_fen, rules=rules)
        event = OrganisationApplied(
            organisation=organisation,
            persons=persons,
            units=units,
            funds_fen=funds_fen,
            purpose=keep_text(batch, organisation, "purpose", purpose, most=LONGEST),
            address=keep_text(batch, organisation, "address", address),
            decide_by=batch.today + timedelta(days=rules.decision_days),
        )
        return Organised(entry=batch.record(event).seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


async def withdraw_application(actor: Actor, *, organisation: str, key: RequestKey) -> Organised:
    """Take an application back, as its founder. Refuses: NotFound, NotInThisState."""

    def work(batch: Batch) -> Organised:
        held = acting_for(batch, organisation)
        step(LIFECYCLE, held.state, OrganisationWithdrawn)
        entry = batch.record(OrganisationWithdrawn(organisation=organisation))
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


async def consent_to_organisation(actor: Actor, *, organisation: str, key: RequestKey) -> Organised:
    """Consent as the supervising unit. Refuses: NotFound, NotInThisState."""

    def work(batch: Batch) -> Organised:
        held = supervised(batch, organisation)
        step(LIFECYCLE, held.state, OrganisationReady)
        entry = batch.record(OrganisationReady(organisation=organisation))
        tell_founder(batch, held)
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


# What the rulings ask


def tell_founder(batch: Batch, held: Organisation) -> None:
    """Let the founder know that something was decided on the application."""
    if held.applicant is not None:
        hands = [batch.actor.person]
        notify(batch, held.applicant, NoticeCode.ORGANISATION_DECIDED, held.id, hands=hands)


def needs_of(organisation: str) -> list[Place]:
    """The rows that a step on an application asks for."""
    return [(Organisation, organisation)]

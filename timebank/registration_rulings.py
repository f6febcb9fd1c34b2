"""Rulings on registrations: what a registrar decides, with reasons, and enters (domain 9).

A name is approved or refused; each condition of the form is looked at; then the organisation is
registered under its code, or refused. Knows the codes that are taken; what founders hand in is in
`registrations`.
"""

from collections.abc import Collection, Sequence
from datetime import date

from timebank.access import Action, permit
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.clock import months_later
from timebank.credit_codes import areas_of, decide_code
from timebank.divisions import Area
from timebank.ids import new
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.organisation_life import (
    CHECKS,
    LIFECYCLE,
    DirectKind,
    LegalForm,
    NameRefuseReason,
    OrganisationChecked,
    OrganisationEntered,
    OrganisationGrown,
    OrganisationNameApproved,
    OrganisationNameRefused,
    OrganisationReady,
    OrganisationRefused,
    OrganisationRegistered,
    RegistrationCheck,
    RegistrationRefuseReason,
)
from timebank.organisation_names import keep_name
from timebank.organisations import (
    CreditCode,
    Organisation,
    Organised,
    organisation_at_hand,
)
from timebank.refusals import Refusal
from timebank.registrations import (
    NAME_MOST,
    FormNotRegisteredHere,
    RouteUnclear,
    needs_of,
    tell_founder,
)
from timebank.representatives import end_roles, make_representative, representative_numbered
from timebank.texts import LONGEST, keep_text
from timebank.units import WorkUnit

# Refusals


class CheckNotOfForm(Refusal):
    """Another form is checked for that."""

    says = "This form is not checked for that."
    path = ("check",)


class ChecksMissing(Refusal):
    """Every condition of the form is looked at, and met, before it is registered."""

    says = "Still to be checked and met: {missing}."
    missing: str


class ReasonMissing(Refusal):
    """A refusal says why (domain 9)."""

    says = "Give at least one reason."
    path = ("reasons",)


class CreditCodeTaken(Refusal):
    """No two organisations ever share a code."""

    says = "Another organisation has this code already."
    path = ("code",)


class RegisteredInTheFuture(Refusal):
    """What is entered was registered before."""

    says = "The day of registration lies ahead."
    path = ("registeredOn",)


# Decisions


def decide_checked(organisation: Organisation) -> None:
    """Whether every condition of the form was looked at and met. Refuses: ChecksMissing."""
    met = {check for check, passed in organisation.checks if passed}
    missing = sorted(check.value for check in CHECKS[organisation.form] - met)
    if missing:
        raise ChecksMissing(missing=", ".join(missing))


def decide_reasons(reasons: Collection[object]) -> None:
    """A refusal says why. Refuses: ReasonMissing."""
    if not reasons:
        raise ReasonMissing


# Commands


async def approve_organisation_name(
    actor: Actor, *, organisation: str, key: RequestKey
) -> Organised:
    """Keep the name for some months. Refuses: NotFound, OwnOrganisation, NotInThisState."""

    def work(batch: Batch) -> Organised:
        held = organisation_at_hand(batch, organisation, Action.REGISTER_ORGANISATION)
        step(LIFECYCLE, held.state, OrganisationNameApproved)
        until = months_later(batch.today, batch.policy.organisation.name_months)
        entry = batch.record(OrganisationNameApproved(organisation=organisation, until=until))
        if held.direct is not None:
            batch.record(OrganisationReady(organisation=organisation))
        tell_founder(batch, held)
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


async def refuse_organisation_name(
    actor: Actor, *, organisation: str, reasons: Sequence[NameRefuseReason], key: RequestKey
) -> Organised:
    """Refuse a name. Refuses: ReasonMissing, NotFound, OwnOrganisation, NotInThisState."""
    decide_reasons(reasons)

    def work(batch: Batch) -> Organised:
        held = organisation_at_hand(batch, organisation, Action.REGISTER_ORGANISATION)
        step(LIFECYCLE, held.state, OrganisationNameRefused)
        event = OrganisationNameRefused(organisation=organisation, reasons=tuple(reasons))
        entry = batch.record(event)
        tell_founder(batch, held)
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


async def check_registration(
    actor: Actor, *, organisation: str, check: RegistrationCheck, passed: bool, key: RequestKey
) -> Organised:
    """Note that a condition was looked at. Refuses: NotFound, OwnOrganisation, NotInThisState,
    CheckNotOfForm."""

    def work(batch: Batch) -> Organised:
        held = organisation_at_hand(batch, organisation, Action.REGISTER_ORGANISATION)
        step(LIFECYCLE, held.state, OrganisationChecked)
        if check not in CHECKS[held.form]:
            raise CheckNotOfForm
        event = OrganisationChecked(organisation=organisation, check=check, passed=passed)
        return Organised(entry=batch.record(event).seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


async def register_organisation(
    actor: Actor, *, organisation: str, code: str, representative: str, key: RequestKey
) -> Organised:
    """Register an organisation whose conditions are all met.

    Args: code, its unified social credit code; representative, the volunteer number of the legal
    representative, who acts for it from now on.
    Refuses: NotFound, OwnOrganisation, NotInThisState, ChecksMissing, PersonNotActive,
    CreditCodeMalformed, CreditCodeCheckWrong, CreditCodeFormWrong, CreditCodeAreaWrong,
    CreditCodeTaken.   Source: domain 9.
    """

    def work(batch: Batch) -> Organised:
        held = organisation_at_hand(batch, organisation, Action.REGISTER_ORGANISATION)
        step(LIFECYCLE, held.state, OrganisationRegistered)
        decide_checked(held)
        event = OrganisationRegistered(
            organisation=organisation,
            code=_free_code(batch, code, held.form, held.path),
            representative=representative_numbered(batch, representative),
        )
        entry = batch.record(event)
        make_representative(batch, event.representative, held.path)
        if held.grown_from is not None:
            _grow(batch, held.grown_from, organisation)
        tell_founder(batch, held)
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


async def refuse_registration(
    actor: Actor,
    *,
    organisation: str,
    reasons: Sequence[RegistrationRefuseReason],
    words: str,
    key: RequestKey,
) -> Organised:
    """Refuse an application, with reasons and words for its founder.

    Refuses: ReasonMissing, NotFound, OwnOrganisation, NotInThisState, TextMissing, TextTooLong.
    """
    decide_reasons(reasons)

    def work(batch: Batch) -> Organised:
        held = organisation_at_hand(batch, organisation, Action.REGISTER_ORGANISATION)
        step(LIFECYCLE, held.state, OrganisationRefused)
        told = keep_text(batch, organisation, "refusal", words, most=LONGEST, whose=held.applicant)
        event = OrganisationRefused(organisation=organisation, reasons=tuple(reasons), words=told)
        entry = batch.record(event)
        tell_founder(batch, held)
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


async def enter_organisation(
    actor: Actor,
    *,
    form: LegalForm,
    area: str,
    name: str,
    code: str,
    representative: str,
    registered_on: date,
    key: RequestKey,
    direct: DirectKind | None = None,
    supervisor: str | None = None,
) -> Organised:
    """Enter an organisation that was registered before, or by the province or the ministry.

    Refuses: NotFound, RouteUnclear, RegisteredInTheFuture, what `register_organisation` refuses of
    codes and people, OrganisationNameTaken, TextMissing, TextTooLong.   Source: domain 9.
    """
    organisation = new("org")
    if form is LegalForm.COMMUNITY_GROUP:
        raise FormNotRegisteredHere(form=form.value)
    if (direct is None) == (supervisor is None):
        raise RouteUnclear

    def work(batch: Batch) -> Organised:
        place = batch.need(Area, area, "area")
        permit(batch, Action.REGISTER_ORGANISATION, place.path)
        if supervisor is not None:
            batch.need(WorkUnit, supervisor, "unit")
        if registered_on > batch.today:
            raise RegisteredInTheFuture
        event = OrganisationEntered(
            organisation=organisation,
            form=form,
            area=area,
            name=keep_text(batch, organisation, "name", name, most=NAME_MOST),
            code=_free_code(batch, code, form, place.path),
            representative=representative_numbered(batch, representative),
            registered_on=registered_on,
            direct=direct,
            supervisor=supervisor,
        )
        entry = batch.record(event)
        keep_name(batch, organisation, name)
        make_representative(batch, event.representative, f"{place.path}{organisation}/")
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=[(Area, area)])


def _free_code(batch: Batch, code: str, form: LegalForm, path: str) -> str:
    told = decide_code(code, form, areas_of(path, form))
    if batch.get(CreditCode, told) is not None:
        raise CreditCodeTaken
    return told


def _grow(batch: Batch, filed: str, into: str) -> None:
    """The filed organisation ends where the registered one begins, if it was not over before."""
    if OrganisationGrown in LIFECYCLE[batch.there(Organisation, filed).state]:
        batch.record(OrganisationGrown(organisation=filed, into=into))
        end_roles(batch, filed)

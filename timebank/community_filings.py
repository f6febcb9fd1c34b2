"""Filings of community organisations (备案): below the legal forms, by their street (domain 9).

Two founders and ten members are enough; the street decides in some days; a filing is valid for some
years and may grow into a registration. A filed organisation is no legal person and has no code.
"""

from collections.abc import Sequence
from datetime import timedelta

from timebank.access import Action, permit_self
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.clock import months_later
from timebank.divisions import Area, AreaLevel
from timebank.ids import new
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.organisation_life import (
    LIFECYCLE,
    OrganisationFiled,
    OrganisationFilingAsked,
    OrganisationFilingRefused,
    RegistrationRefuseReason,
)
from timebank.organisation_names import keep_name
from timebank.organisations import Organised, organisation_at_hand
from timebank.people import active_person
from timebank.policy import Organisation as Rules
from timebank.refusals import Refusal
from timebank.registration_rulings import decide_reasons
from timebank.registrations import NAME_MOST, needs_of, tell_founder
from timebank.representatives import make_representative
from timebank.texts import keep_text

FILED_IN = frozenset({AreaLevel.STREET, AreaLevel.COMMUNITY, AreaLevel.VILLAGE})

# Refusals


class FilingAreaTooWide(Refusal):
    """A street files what is at home in it."""

    says = "A community organisation is at home in a street, a community or a village."
    path = ("area",)


class FilingTooSmall(Refusal):
    """A few founders and some members more make an organisation."""

    says = "A filing needs {founders} founders and {members} members."
    founders: int
    members: int
    path = ("members",)


# Decisions


def decide_filing_size(founders: int, members: int, rules: Rules) -> None:
    """Whether there are people enough to be filed. Refuses: FilingTooSmall.   Source: domain 9."""
    if founders < rules.filing_founders or members < rules.filing_min_members:
        raise FilingTooSmall(founders=rules.filing_founders, members=rules.filing_min_members)


# Commands


async def ask_filing(
    actor: Actor, *, area: str, name: str, founders: int, members: int, key: RequestKey
) -> Organised:
    """Ask the street to file a community organisation, as one of its founders.

    Args: members, all of them, the founders too.
    Refuses: NotFound, FilingAreaTooWide, FilingTooSmall, PersonNotActive, OrganisationNameTaken,
    TextMissing, TextTooLong.   Source: domain 9.
    """
    person, organisation = permit_self(actor), new("org")

    def work(batch: Batch) -> Organised:
        active_person(batch, person)
        rules = batch.policy.organisation
        if batch.need(Area, area, "area").level not in FILED_IN:
            raise FilingAreaTooWide
        decide_filing_size(founders, members, rules)
        event = OrganisationFilingAsked(
            organisation=organisation,
            area=area,
            applicant=person,
            name=keep_text(batch, organisation, "name", name, most=NAME_MOST),
            founders=founders,
            persons=members,
            decide_by=batch.today + timedelta(days=rules.filing_decision_days),
        )
        entry = batch.record(event)
        keep_name(batch, organisation, name)
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=[(Area, area)])


async def file_organisation(actor: Actor, *, organisation: str, key: RequestKey) -> Organised:
    """File it, as the street; its founder acts for it from now on.

    Refuses: NotFound, OwnOrganisation, NotInThisState.   Source: domain 9.
    """

    def work(batch: Batch) -> Organised:
        held = organisation_at_hand(batch, organisation, Action.FILE_ORGANISATION)
        step(LIFECYCLE, held.state, OrganisationFiled)
        founder = active_person(batch, held.applicant or "").id
        until = months_later(batch.today, 12 * batch.policy.organisation.filing_years)
        event = OrganisationFiled(organisation=organisation, until=until, representative=founder)
        entry = batch.record(event)
        make_representative(batch, founder, held.path)
        tell_founder(batch, held)
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


async def refuse_filing(
    actor: Actor,
    *,
    organisation: str,
    reasons: Sequence[RegistrationRefuseReason],
    key: RequestKey,
) -> Organised:
    """Do not file it, as the street, for reasons.

    Refuses: ReasonMissing, NotFound, OwnOrganisation, NotInThisState.
    """
    decide_reasons(reasons)

    def work(batch: Batch) -> Organised:
        held = organisation_at_hand(batch, organisation, Action.FILE_ORGANISATION)
        step(LIFECYCLE, held.state, OrganisationFilingRefused)
        event = OrganisationFilingRefused(organisation=organisation, reasons=tuple(reasons))
        entry = batch.record(event)
        tell_founder(batch, held)
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))

"""Lists and endings: the abnormal list, serious cases, liquidation, revocation (domain 9).

An organisation on the abnormal list puts right what is wrong, or is a serious case after some
years. It dissolves by winding up its affairs and is deregistered within some days after that; or
the registrar takes its registration away. Whoever ended is acted for by nobody.
"""

from collections.abc import Callable
from datetime import date, timedelta

from timebank.access import Action
from timebank.actors import SYSTEM, Actor
from timebank.batch import Batch
from timebank.clock import months_later
from timebank.due import over
from timebank.events import Event
from timebank.funding.commitments import open_promises
from timebank.funding.grant_awards import decide_settled
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.organisation_life import (
    LIFECYCLE,
    AbnormalReason,
    EndReason,
    OrganisationAbnormal,
    OrganisationCleared,
    OrganisationDeregistered,
    OrganisationDissolving,
    OrganisationFilingLapsed,
    OrganisationNameLapsed,
    OrganisationRevoked,
    OrganisationSerious,
    OrganisationState,
    OrganisationWoundUp,
    RevokeReason,
)
from timebank.organisations import Organisation, Organised, acting_for, organisation_at_hand
from timebank.refusals import Forbidden, Refusal
from timebank.registrations import needs_of
from timebank.representatives import end_roles

FOLLOWS: dict[OrganisationState, type[Event]] = {
    OrganisationState.NAME_OK: OrganisationNameLapsed,
    OrganisationState.READY: OrganisationNameLapsed,
    OrganisationState.ABNORMAL: OrganisationSerious,
    OrganisationState.FILED: OrganisationFilingLapsed,
}
"""What follows by itself when a state's last day is over; officers who are late are shown."""

# Refusals


class OrganisationNotDue(Refusal):
    """What the software does, it does after the day, not before."""

    says = "Nothing is due on this organisation before {due} is over."
    due: date


class AffairsNotWoundUp(Refusal):
    """An organisation is deregistered when its affairs are wound up."""

    says = "The liquidation of this organisation has not ended."


class WoundUpAlready(Refusal):
    """A liquidation ends once."""

    says = "The liquidation of this organisation has ended already."


# Decisions


def decide_end(organisation: Organisation) -> None:
    """Whether a dissolving organisation can be deregistered. Refuses: AffairsNotWoundUp."""
    step(LIFECYCLE, organisation.state, OrganisationDeregistered)
    if not organisation.wound_up:
        raise AffairsNotWoundUp


def decide_follows(organisation: Organisation, today: date) -> type[Event]:
    """What follows by itself from a day that is over. Refuses: OrganisationNotDue."""
    following = FOLLOWS.get(organisation.state)
    if following is None or organisation.due is None or today <= organisation.due:
        raise OrganisationNotDue(due=organisation.due or today)
    return following


# Commands


async def list_abnormal(
    actor: Actor, *, organisation: str, reason: AbnormalReason, key: RequestKey
) -> Organised:
    """Put an organisation on the abnormal list, as its registrar.

    Refuses: NotFound, OwnOrganisation, NotInThisState.   Source: domain 9.
    """

    def event(batch: Batch, held: Organisation) -> Event:
        until = months_later(batch.today, 12 * batch.policy.organisation.abnormal_years)
        return OrganisationAbnormal(organisation=held.id, reason=reason, serious_on=until)

    return await _rule(actor, organisation, event, key)


async def clear_abnormal(actor: Actor, *, organisation: str, key: RequestKey) -> Organised:
    """Take an organisation off the abnormal list, since all is put right.

    Refuses: NotFound, OwnOrganisation, NotInThisState.
    """
    return await _rule(
        actor, organisation, lambda batch, held: OrganisationCleared(organisation=held.id), key
    )


async def revoke_organisation(
    actor: Actor, *, organisation: str, reason: RevokeReason, key: RequestKey
) -> Organised:
    """Take a registration away. Refuses: NotFound, OwnOrganisation, NotInThisState."""
    return await _rule(
        actor,
        organisation,
        lambda batch, held: OrganisationRevoked(organisation=held.id, reason=reason),
        key,
    )


async def deregister_organisation(actor: Actor, *, organisation: str, key: RequestKey) -> Organised:
    """Strike out an organisation whose affairs are wound up.

    Refuses: NotFound, OwnOrganisation, NotInThisState, AffairsNotWoundUp, NotAccountedFor.
    """

    def event(batch: Batch, held: Organisation) -> Event:
        decide_end(held)
        _settled(batch, organisation)
        return OrganisationDeregistered(organisation=held.id)

    return await _rule(actor, organisation, event, key)


async def _rule(
    actor: Actor,
    organisation: str,
    event: Callable[[Batch, Organisation], Event],
    key: RequestKey,
) -> Organised:
    def work(batch: Batch) -> Organised:
        held = organisation_at_hand(batch, organisation, Action.REGISTER_ORGANISATION)
        return _move(batch, held, event(batch, held))

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


async def dissolve_organisation(
    actor: Actor, *, organisation: str, reason: EndReason, key: RequestKey
) -> Organised:
    """Begin to wind up, as the organisation itself. Refuses: NotFound, NotInThisState."""

    def work(batch: Batch) -> Organised:
        held = acting_for(batch, organisation)
        return _move(batch, held, OrganisationDissolving(organisation=held.id, reason=reason))

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


async def end_liquidation(actor: Actor, *, organisation: str, key: RequestKey) -> Organised:
    """Say that one's organisation has wound up; it is to be deregistered within some days.

    Public money that it was paid is accounted for or given back by then.
    Refuses: NotFound, NotInThisState, WoundUpAlready, NotAccountedFor.   Source: domain 9, 10.
    """

    def work(batch: Batch) -> Organised:
        held = acting_for(batch, organisation)
        if held.wound_up:
            raise WoundUpAlready
        _settled(batch, organisation)
        until = batch.today + timedelta(days=batch.policy.organisation.deregister_days)
        return _move(batch, held, OrganisationWoundUp(organisation=held.id, deregister_by=until))

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


async def move_organisation_on(
    actor: Actor, *, organisation: str, key: RequestKey | None = None
) -> Organised:
    """Do what follows when a day is over: the software's own act, by timer.

    Names lapse, filings lapse, abnormal cases turn serious.
    Refuses: NotFound, OrganisationNotDue.   Source: domain 9.
    """
    if actor != SYSTEM:
        raise Forbidden

    def work(batch: Batch) -> Organised:
        held = batch.need(Organisation, organisation, "organisation")
        following = decide_follows(held, batch.today)
        return _move(batch, held, following(organisation=organisation))

    return await write(actor, key, work, answer=Organised, needs=needs_of(organisation))


def _settled(batch: Batch, organisation: str) -> None:
    for promised in open_promises(batch, organisation):
        decide_settled(promised)


def _move(batch: Batch, held: Organisation, event: Event) -> Organised:
    state = step(LIFECYCLE, held.state, type(event))
    entry = batch.record(event)
    whom = held.representative or held.applicant
    if whom is not None:
        code = NoticeCode.ORGANISATION_DECIDED
        notify(batch, whom, code, held.id, hands=[batch.actor.person])
    if not LIFECYCLE[state]:
        end_roles(batch, held.id)
    return Organised(entry=entry.seq, organisation=held.id)


# Reads


organisations_due = over(Organisation, "due", *FOLLOWS)
"""The organisations whose day is over, the longest over first."""

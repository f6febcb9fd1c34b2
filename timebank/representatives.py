"""Representatives: who acts for an organisation, by a role over it (domain 9 and 11).

The registrar or the street names the first, the legal representative; those appoint others, for
papers or for money. A role is an ordinary grant whose scope ends with the organisation, so every
right is decided where all rights are; what concerns the organisation is told to them. Refuses to
know what they do.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from msgspec.structs import replace

from ledger.entry import Sealed
from timebank.access import (
    Grant,
    Grants,
    Role,
    RoleEnded,
    RoleGranted,
    decide_grant,
    reach,
)
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.counter import person_numbered
from timebank.ids import is_id, new
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.organisation_life import STANDING
from timebank.organisations import (
    Organisation,
    OrganisationNotActive,
    Organised,
    acting_for,
    organisations_by_id,
)
from timebank.people import active_person
from timebank.projections import Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.rights import Action
from timebank.tables import Row, find_many, table

ROLES = (Role.ORGANISATION_REPRESENTATIVE, Role.ORGANISATION_FINANCE)

REMIND_DAYS = (30, 7)
"""How many days before the last one a reminder goes out; the last goes out when it is over."""

# Refusals


class ReminderNotDue(Refusal):
    """A reminder goes out on its day."""

    says = "No reminder is due today."


class NotAnOrganisationRole(Refusal):
    """An organisation gives no roles but its own two."""

    says = "An organisation appoints representatives and those who keep its money, nobody else."
    path = ("role",)


class LegalRepresentativeStays(Refusal):
    """The legal representative is registered, and changes by registration (domain 9)."""

    says = "This is the legal representative; have the change registered instead."


# Tables and projectors


@table("organisation_people")
class OrganisationPeople(Row, frozen=True):
    """Who holds a role over an organisation: grant, person, role."""

    organisation: str
    roles: tuple[tuple[str, str, Role], ...]


@table("organisation_grant")
class OrganisationGrant(Row, frozen=True):
    """Over which organisation a grant reaches."""

    grant: str
    organisation: str


def organisation_over(scope: str) -> str | None:
    """The organisation that a grant's scope is; None where it is a place."""
    last = scope.rstrip("/").rpartition("/")[2]
    return last if is_id(last, "org") else None


@projects(RoleGranted)
def _granted(rows: Rows, event: RoleGranted, entry: Sealed) -> None:
    organisation = organisation_over(event.scope)
    if organisation is None:
        return
    held = rows.get(OrganisationPeople, organisation)
    roles = (*(held.roles if held else ()), (event.grant, event.person, event.role))
    rows.put(OrganisationPeople(organisation=organisation, roles=roles))
    rows.put(OrganisationGrant(grant=event.grant, organisation=organisation))


@projects(RoleEnded)
def _ended(rows: Rows, event: RoleEnded, entry: Sealed) -> None:
    over = rows.get(OrganisationGrant, event.grant)
    if over is None:
        return
    held = rows.there(OrganisationPeople, over.organisation)
    left = tuple(one for one in held.roles if one[0] != event.grant)
    rows.put(replace(held, roles=left))
    rows.drop(OrganisationGrant, event.grant)


# What other capabilities ask


def representative_numbered(batch: Batch, number: str) -> PersonId:
    """Who has a volunteer number and may stand for an organisation.

    Refuses: NotFound, PersonNotActive.
    """
    return active_person(batch, person_numbered(batch, number).id).id


def make_representative(batch: Batch, person: PersonId, path: str) -> None:
    """Let somebody stand for the organisation at a path, if they do not yet."""
    held = batch.get(Grants, person)
    role = Role.ORGANISATION_REPRESENTATIVE
    if held and any((g.role, g.scope) == (role, path) for g in held.standing(batch.today)):
        return
    _give(batch, person, role, path, by=batch.actor)


def end_roles(batch: Batch, organisation: str, *, of: PersonId | None = None) -> None:
    """Nobody (or somebody no more) acts for an organisation, which has ended or changed hands."""
    held = batch.get(OrganisationPeople, organisation)
    for grant, person, _ in held.roles if held else ():
        if of in (None, person):
            batch.record(RoleEnded(grant=grant, person=person))


def tell_representatives(batch: Batch, organisation: str, code: NoticeCode, about: str) -> None:
    """Put a notice about something before everybody who acts for an organisation by papers."""
    people = batch.get(OrganisationPeople, organisation)
    whom = {
        person
        for _, person, role in (people.roles if people else ())
        if role is Role.ORGANISATION_REPRESENTATIVE
    }
    for person in sorted(whom):
        notify(batch, person, code, about, hands=[batch.actor.person])


def next_reminder(due: date, after: date) -> date | None:
    """The next day after another on which a reminder of a last day goes out."""
    days = [due - timedelta(days=days) for days in REMIND_DAYS] + [due + timedelta(days=1)]
    return next((day for day in days if day > after), None)


def _give(batch: Batch, person: PersonId, role: Role, path: str, *, by: Actor) -> Sealed:
    made = Grant(id=new("grt"), role=role, scope=path)
    held = batch.get(Grants, person)
    return batch.record(decide_grant(held, made, person=person, actor=by, today=batch.today))


# Commands


async def appoint_representative(
    actor: Actor, *, organisation: str, number: str, role: Role, key: RequestKey
) -> Organised:
    """Let the person with a volunteer number act for an organisation that one stands for.

    Refuses: NotFound, OrganisationNotActive, NotAnOrganisationRole, PersonNotActive, GrantToSelf,
    RoleHeldAlready, HolderGone.   Source: domain 11.
    """
    if role not in ROLES:
        raise NotAnOrganisationRole

    def work(batch: Batch) -> Organised:
        held = _standing(batch, organisation)
        person = representative_numbered(batch, number)
        entry = _give(batch, person, role, held.path, by=actor)
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=[(Organisation, organisation)])


async def dismiss_representative(
    actor: Actor, *, organisation: str, grant: str, key: RequestKey
) -> Organised:
    """End a role over an organisation that one stands for, also one's own.

    Refuses: NotFound, OrganisationNotActive, LegalRepresentativeStays.
    """

    def work(batch: Batch) -> Organised:
        held = _standing(batch, organisation)
        people = batch.get(OrganisationPeople, organisation)
        roles = people.roles if people else ()
        found = next((one for one in roles if one[0] == grant), None)
        if found is None:
            raise NotFound(what="grant")
        _, person, role = found
        if person == held.representative and role is Role.ORGANISATION_REPRESENTATIVE:
            raise LegalRepresentativeStays
        entry = batch.record(RoleEnded(grant=grant, person=person))
        return Organised(entry=entry.seq, organisation=organisation)

    return await write(actor, key, work, answer=Organised, needs=[(Organisation, organisation)])


def _standing(batch: Batch, organisation: str) -> Organisation:
    held = acting_for(batch, organisation)
    if held.state not in STANDING:
        raise OrganisationNotActive(state=held.state.value)
    return held


# Reads


Acting = tuple[str, PersonId, Role]
"""Who acts: their grant, who it is, in which role."""


async def roles_over_each(actor: Actor, ids: Sequence[str]) -> dict[str, list[Acting]]:
    """Who acts for each of some organisations; for those who do, and its registrar."""
    acts = await reach(actor, Action.ACT_FOR_ORGANISATION)
    registers = await reach(actor, Action.REGISTER_ORGANISATION)
    known = (await organisations_by_id(ids)).items()
    seen = [id for id, held in known if acts(held.path) or registers(held.path)]
    found = await find_many(OrganisationPeople, seen)
    return {id: list(found[id].roles) for id in seen if id in found}

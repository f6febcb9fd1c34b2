"""Registered changes: name, address, purpose, supervising unit, legal representative (domain 9).

An organisation asks within some days of its own decision; later is possible and is told. Until the
registrar has approved it, nothing has changed. What it changes to is a text with a commitment, or
the volunteer number of a person, whose id alone reaches the ledger.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Unpack

from msgspec.structs import replace
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, may_read
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.counter import spelled
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.notice_codes import NoticeCode
from timebank.notices import notify
from timebank.organisation_life import STANDING
from timebank.organisation_names import free_name, keep_name
from timebank.organisation_register import private_to
from timebank.organisations import (
    Organisation,
    OrganisationNotActive,
    acting_for,
    organisation_at_hand,
)
from timebank.people import VolunteerNumber
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.registrations import NAME_MOST
from timebank.representatives import end_roles, make_representative, representative_numbered
from timebank.tables import Row, Where, find_many, page_by_id, table
from timebank.texts import LONGEST, Text, keep_text
from timebank.units import WorkUnit


class ChangeKind(StrEnum):
    """What of an organisation changes by registration."""

    NAME = "name"
    ADDRESS = "address"
    PURPOSE = "purpose"
    SUPERVISOR = "supervisor"
    REPRESENTATIVE = "representative"


class ChangeState(StrEnum):
    """The life of a change."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


MOST = {ChangeKind.NAME: NAME_MOST, ChangeKind.ADDRESS: 200, ChangeKind.PURPOSE: LONGEST}

# Events


class OrganisationChangeAsked(Event, frozen=True, tag="organisation.change_asked"):
    """An organisation decided on a change on a day; `late` when it asks after its time.

    `to` is the new unit or person, or commits to the new text.
    """

    change: str
    organisation: str
    what: ChangeKind
    to: str
    decided_on: date
    late: bool


class OrganisationChangeApproved(Event, frozen=True, tag="organisation.change_approved"):
    """It is registered, and holds from now on; `to` is as asked, or commits to the same text."""

    change: str
    organisation: str
    what: ChangeKind
    to: str


class OrganisationChangeRefused(Event, frozen=True, tag="organisation.change_refused"):
    """Nothing changes; `words` commits to what the registrar wrote."""

    change: str
    organisation: str
    words: str


Ruled = OrganisationChangeApproved | OrganisationChangeRefused

# Refusals


class ChangeDecidedLater(Refusal):
    """What is registered was decided before."""

    says = "The day of the decision lies ahead."
    path = ("decidedOn",)


# Lifecycle

LIFECYCLE: Lifecycle[ChangeState] = {
    ChangeState.ASKED: {
        OrganisationChangeApproved: ChangeState.APPROVED,
        OrganisationChangeRefused: ChangeState.REFUSED,
    },
    ChangeState.APPROVED: {},
    ChangeState.REFUSED: {},
}

# Decisions


def decide_late(decided_on: date, today: date, days: int) -> bool:
    """Whether a change comes after its time. Refuses: ChangeDecidedLater.   Source: domain 9."""
    if decided_on > today:
        raise ChangeDecidedLater
    return today > decided_on + timedelta(days=days)


# Tables and projectors


@table("organisation_change", index=[("organisation", "id"), ("path", "state", "id")])
class OrganisationChange(Row, frozen=True):
    """One change that was asked for; `path` is its organisation's."""

    id: str
    organisation: str
    path: str
    what: ChangeKind
    to: str
    decided_on: date
    asked_at: datetime
    late: bool
    state: ChangeState = ChangeState.ASKED


@projects(OrganisationChangeAsked)
def _asked(rows: Rows, event: OrganisationChangeAsked, entry: Sealed) -> None:
    rows.put(
        OrganisationChange(
            id=event.change,
            organisation=event.organisation,
            path=rows.there(Organisation, event.organisation).path,
            what=event.what,
            to=event.to,
            decided_on=event.decided_on,
            asked_at=entry.at,
            late=event.late,
        )
    )


@projects(OrganisationChangeApproved, OrganisationChangeRefused)
def _ruled(rows: Rows, event: Ruled, entry: Sealed) -> None:
    held = rows.there(OrganisationChange, event.change)
    rows.put(replace(held, state=step(LIFECYCLE, held.state, type(event))))
    if isinstance(event, OrganisationChangeApproved):
        changed = rows.there(Organisation, event.organisation)
        if event.what is ChangeKind.SUPERVISOR:
            rows.put(replace(changed, supervisor=event.to, direct=None))
        elif event.what is ChangeKind.REPRESENTATIVE:
            rows.put(replace(changed, representative=event.to))


# Commands


class Changed(Answer, frozen=True, kw_only=True):
    """The change that was asked for or decided, and whose it is."""

    change: str
    organisation: str


async def ask_change(
    actor: Actor,
    *,
    organisation: str,
    what: ChangeKind,
    to: str,
    decided_on: date,
    key: RequestKey,
) -> Changed:
    """Ask to have a change registered, as the organisation.

    Args: to, the new text, the id of the new supervising unit, or the volunteer number of the new
    legal representative; decided_on, the day the organisation decided it.
    Refuses: NotFound, OrganisationNotActive, ChangeDecidedLater, PersonNotActive, TextMissing,
    TextTooLong, OrganisationNameTaken.   Source: domain 9.
    """
    change = new("chg")

    def work(batch: Batch) -> Changed:
        held = acting_for(batch, organisation)
        if held.state not in STANDING:
            raise OrganisationNotActive(state=held.state.value)
        days = batch.policy.organisation.change_days
        event = OrganisationChangeAsked(
            change=change,
            organisation=organisation,
            what=what,
            to=_kept(batch, change, what, to),
            decided_on=decided_on,
            late=decide_late(decided_on, batch.today, days),
        )
        if what is ChangeKind.NAME:
            keep_name(batch, organisation, to)
        entry = batch.record(event)
        return Changed(entry=entry.seq, change=change, organisation=organisation)

    needs: list[Place] = [(Organisation, organisation), (VolunteerNumber, spelled(to))]
    return await write(actor, key, work, answer=Changed, needs=needs)


def _kept(batch: Batch, change: str, what: ChangeKind, to: str) -> str:
    if what is ChangeKind.SUPERVISOR:
        return batch.need(WorkUnit, to, "unit").id
    if what is ChangeKind.REPRESENTATIVE:
        return representative_numbered(batch, to)
    return keep_text(batch, change, what.value, to, most=MOST[what])


async def approve_change(actor: Actor, *, change: str, key: RequestKey) -> Changed:
    """Register a change; a name that was given up is free again.

    Refuses: NotFound, OwnOrganisation, NotInThisState, OrganisationNotActive, PersonNotActive,
    OrganisationNameTaken.
    """

    def work(batch: Batch) -> Changed:
        held, whose = _at_hand(batch, change)
        step(LIFECYCLE, held.state, OrganisationChangeApproved)
        if whose.state not in STANDING:
            raise OrganisationNotActive(state=whose.state.value)
        to = held.to
        if held.what is ChangeKind.NAME:
            free_name(batch, whose.id, batch.there(Text, f"{whose.id}:name").value)
            keep_name(batch, whose.id, batch.there(Text, f"{change}:name").value)
        if held.what in MOST:
            text = batch.there(Text, f"{change}:{held.what.value}").value
            to = keep_text(batch, whose.id, held.what.value, text, most=MOST[held.what])
        event = OrganisationChangeApproved(
            change=change, organisation=whose.id, what=held.what, to=to
        )
        entry = batch.record(event)
        if held.what is ChangeKind.REPRESENTATIVE:
            end_roles(batch, whose.id, of=whose.representative)
            make_representative(batch, to, whose.path)
        _tell(batch, whose.representative, change)
        return Changed(entry=entry.seq, change=change, organisation=whose.id)

    return await write(actor, key, work, answer=Changed, needs=[(OrganisationChange, change)])


async def refuse_change(actor: Actor, *, change: str, words: str, key: RequestKey) -> Changed:
    """Do not register a change, with words for the organisation; its new name is free again.

    Refuses: NotFound, OwnOrganisation, NotInThisState, TextMissing, TextTooLong.
    """

    def work(batch: Batch) -> Changed:
        held, whose = _at_hand(batch, change)
        step(LIFECYCLE, held.state, OrganisationChangeRefused)
        told = keep_text(batch, change, "refusal", words, most=LONGEST)
        if held.what is ChangeKind.NAME:
            free_name(batch, whose.id, batch.there(Text, f"{change}:name").value)
            keep_name(batch, whose.id, batch.there(Text, f"{whose.id}:name").value)
        event = OrganisationChangeRefused(change=change, organisation=whose.id, words=told)
        entry = batch.record(event)
        _tell(batch, whose.representative, change)
        return Changed(entry=entry.seq, change=change, organisation=whose.id)

    return await write(actor, key, work, answer=Changed, needs=[(OrganisationChange, change)])


def _at_hand(batch: Batch, change: str) -> tuple[OrganisationChange, Organisation]:
    held = batch.get(OrganisationChange, change)
    if held is None:
        raise NotFound(what="organisation")
    return held, organisation_at_hand(batch, held.organisation, Action.REGISTER_ORGANISATION)


def _tell(batch: Batch, whom: PersonId | None, change: str) -> None:
    if whom is not None:
        code = NoticeCode.ORGANISATION_DECIDED
        notify(batch, whom, code, change, hands=[batch.actor.person])


# Reads


async def visible_changes(actor: Actor, ids: Sequence[str]) -> dict[str, OrganisationChange]:
    """Changes by id, for those who may read their organisation's papers."""
    found = await find_many(OrganisationChange, ids)
    private = await private_to(actor, [held.organisation for held in found.values()])
    return {str(id): held for id, held in found.items() if held.organisation in private}


async def changes_below(
    actor: Actor, path: str, **where: Unpack[Where]
) -> list[OrganisationChange]:
    """Changes that wait at or below a path, the oldest first; for registrars, and for those who
    act for the organisation that the path ends with."""
    for action in (Action.REGISTER_ORGANISATION, Action.ACT_FOR_ORGANISATION):
        if await may_read(actor, action, path):
            break
    else:
        return []
    which = Q(path__startswith=path, state=ChangeState.ASKED.value)
    return await page_by_id(OrganisationChange, where, which)


async def asked_of(actor: Actor, ids: Sequence[str]) -> dict[str, str]:
    """What changes ask for, by change that the actor may see: a text, or the id of a unit or
    person."""
    seen = await visible_changes(actor, ids)
    keys = {f"{id}:{held.what.value}": id for id, held in seen.items()}
    told = {keys[str(key)]: text.value for key, text in (await find_many(Text, keys)).items()}
    return {id: held.to for id, held in seen.items() if held.what not in MOST} | told

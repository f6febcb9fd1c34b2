"""Households: who lives together, which two agree on, or the station with both there (domain 6).

Somebody invites, the other joins: each person is of one household at most, and whoever is of the
same one is so with all of it, however they came in. Anybody leaves alone. Knows no address.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import permit_self
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.counter import at_counter, person_numbered, spelled, whose
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.notices import NoticeCode, notify
from timebank.people import Person, VolunteerNumber
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.tables import Row, Where, find, find_many, newest_by_id, select, table


class InviteState(StrEnum):
    """The life of an invitation into a household."""

    INVITED = "invited"
    JOINED = "joined"
    DECLINED = "declined"


# Events


class HouseholdInvited(Event, frozen=True, tag="household.invited"):
    """`inviter` says that `invited` lives with them; it holds nothing until they agree."""

    invite: str
    inviter: PersonId
    invited: PersonId


class HouseholdJoined(Event, frozen=True, tag="household.joined"):
    """The other agreed: these people are of this household from now on."""

    invite: str
    household: str
    people: tuple[PersonId, ...]


class HouseholdDeclined(Event, frozen=True, tag="household.declined"):
    """The other declined, or whoever invited thought again."""

    invite: str


class HouseholdRegistered(Event, frozen=True, tag="household.registered"):
    """Both were at the counter, and the entry's actor, of the station, wrote it down.

    Or one who lives there was registered twice, and takes the place of that registration.
    """

    household: str
    people: tuple[PersonId, ...]


class HouseholdLeft(Event, frozen=True, tag="household.left"):
    """Somebody does not live there any more."""

    household: str
    person: PersonId


# Refusals


class HouseholdIsSelf(Refusal):
    """Two people are needed."""

    says = "Living alone needs no registration; give the other person's volunteer number."
    path = ("number",)


class InHouseholdAlready(Refusal):
    """Each person is of one household at most."""

    says = "Each of you has another household already; one of you must leave it first."


class SameHouseholdAlready(Refusal):
    """It stands already."""

    says = "You two are of the same household already."


class NotInHousehold(Refusal):
    """Who lives alone leaves nobody."""

    says = "Volunteer {number} is registered as living alone."
    number: str


class OwnInvitation(Refusal):
    """Nobody agrees with themselves."""

    says = "You sent this invitation yourself; the other person must agree."


# Lifecycle

LIFECYCLE: Lifecycle[InviteState] = {
    InviteState.INVITED: {
        HouseholdJoined: InviteState.JOINED,
        HouseholdDeclined: InviteState.DECLINED,
    },
    InviteState.JOINED: {},
    InviteState.DECLINED: {},
}


# Tables and projectors


@table("household_invite", index=[("inviter", "id"), ("invited", "id")])
class HouseholdInvite(Row, frozen=True):
    """One invitation."""

    id: str
    inviter: str
    invited: str
    inviter_number: str
    invited_number: str
    state: InviteState
    since: datetime


@table("household")
class Household(Row, frozen=True):
    """Everybody of a household, two people or more."""

    id: str
    people: tuple[PersonId, ...]


@table("household_member", index=[("household",)])
class HouseholdMember(Row, frozen=True):
    """Of which household somebody is; who lives alone has no row."""

    person: str
    number: str
    household: str
    since: datetime


@projects(HouseholdInvited)
def _invited(rows: Rows, event: HouseholdInvited, entry: Sealed) -> None:
    rows.put(
        HouseholdInvite(
            id=event.invite,
            inviter=event.inviter,
            invited=event.invited,
            inviter_number=rows.there(Person, event.inviter).number,
            invited_number=rows.there(Person, event.invited).number,
            state=InviteState.INVITED,
            since=entry.at,
        )
    )


@projects(HouseholdJoined, HouseholdDeclined)
def _answered(rows: Rows, event: HouseholdJoined | HouseholdDeclined, entry: Sealed) -> None:
    held = rows.there(HouseholdInvite, event.invite)
    state = step(LIFECYCLE, held.state, type(event))
    rows.put(msgspec.structs.replace(held, state=state, since=entry.at))


@projects(HouseholdJoined, HouseholdRegistered)
def _moved_in(rows: Rows, event: HouseholdJoined | HouseholdRegistered, entry: Sealed) -> None:
    held = rows.get(Household, event.household)
    people = (*(held.people if held else ()), *event.people)
    rows.put(Household(id=event.household, people=people))
    for person in event.people:
        rows.put(
            HouseholdMember(
                person=person,
                number=rows.there(Person, person).number,
                household=event.household,
                since=entry.at,
            )
        )


@projects(HouseholdLeft)
def _left(rows: Rows, event: HouseholdLeft, entry: Sealed) -> None:
    held = rows.there(Household, event.household)
    left = tuple(person for person in held.people if person != event.person)
    rows.drop(HouseholdMember, event.person)
    if len(left) > 1:
        rows.put(Household(id=held.id, people=left))
        return
    for person in left:  # Whoever stays behind lives alone, which is no household.
        rows.drop(HouseholdMember, person)
    rows.drop(Household, held.id)


# Decisions


def decide_household(
    one: HouseholdMember | None, other: HouseholdMember | None, *, fresh: str
) -> str:
    """The household that two people are of from now on: one's, or a `fresh` one.

    Refuses: SameHouseholdAlready, InHouseholdAlready.
    """
    if one is not None and other is not None:
        if one.household == other.household:
            raise SameHouseholdAlready
        raise InHouseholdAlready
    held = one or other
    return held.household if held else fresh


# What other capabilities ask


def same_household(batch: Batch, one: PersonId, other: PersonId) -> bool:
    """Whether two people live together, as far as is registered."""
    first, second = batch.get(HouseholdMember, one), batch.get(HouseholdMember, other)
    return first is not None and second is not None and first.household == second.household


def in_household(batch: Batch, person: PersonId) -> bool:
    """Whether somebody is registered as living with others."""
    return batch.get(HouseholdMember, person) is not None


# Commands


class Lived(Answer, frozen=True, kw_only=True):
    """The invitation, or the household and who joined or left it."""

    invite: str | None = None
    household: str | None = None


async def invite_to_household(actor: Actor, *, number: str, key: RequestKey) -> Lived:
    """Say that the person with a volunteer number lives with oneself; they must agree.

    Refuses: NotFound, HouseholdIsSelf, SameHouseholdAlready, InHouseholdAlready. Source: domain 6.
    """
    inviter, invite = permit_self(actor), new("hhi")

    def work(batch: Batch) -> Lived:
        invited = person_numbered(batch, number).id
        if invited == inviter:
            raise HouseholdIsSelf
        _household(batch, inviter, invited, fresh=invite)
        event = HouseholdInvited(invite=invite, inviter=inviter, invited=invited)
        notify(batch, invited, NoticeCode.HOUSEHOLD_INVITED, invite, hands=[inviter])
        return Lived(entry=batch.record(event).seq, invite=invite)

    needs: list[Place] = [(Person, inviter), (HouseholdMember, inviter)]
    needs.append((VolunteerNumber, spelled(number)))
    return await write(actor, key, work, answer=Lived, needs=needs)


async def join_household(actor: Actor, *, invite: str, key: RequestKey) -> Lived:
    """Agree that one lives with whoever invited.

    Refuses: NotFound, OwnInvitation, NotInThisState, SameHouseholdAlready, InHouseholdAlready.
    """
    fresh = new("hhd")

    def work(batch: Batch) -> Lived:
        held = _mine(batch, invite)
        step(LIFECYCLE, held.state, HouseholdJoined)
        if actor.person == held.inviter:
            raise OwnInvitation
        household = _household(batch, held.inviter, held.invited, fresh=fresh)
        people = _newcomers(batch, held.inviter, held.invited)
        event = HouseholdJoined(invite=invite, household=household, people=people)
        return Lived(entry=batch.record(event).seq, invite=invite, household=household)

    return await write(actor, key, work, answer=Lived, needs=[(HouseholdInvite, invite)])


async def decline_household(actor: Actor, *, invite: str, key: RequestKey) -> Lived:
    """Decline an invitation, or take one's own back. Refuses: NotFound, NotInThisState."""

    def work(batch: Batch) -> Lived:
        step(LIFECYCLE, _mine(batch, invite).state, HouseholdDeclined)
        entry = batch.record(HouseholdDeclined(invite=invite))
        return Lived(entry=entry.seq, invite=invite)

    return await write(actor, key, work, answer=Lived, needs=[(HouseholdInvite, invite)])


async def register_household(actor: Actor, *, first: str, second: str, key: RequestKey) -> Lived:
    """Register at the counter, with both present, that two people live together.

    Args: first and second, volunteer numbers; the station is that of `first`.
    Refuses: NotFound, OwnCounter, HouseholdIsSelf, SameHouseholdAlready, InHouseholdAlready.
    """
    fresh = new("hhd")

    def work(batch: Batch) -> Lived:
        one, other = person_numbered(batch, first).id, person_numbered(batch, second).id
        at_counter(batch, one, other)
        if one == other:
            raise HouseholdIsSelf
        household = _household(batch, one, other, fresh=fresh)
        people = _newcomers(batch, one, other)
        entry = batch.record(HouseholdRegistered(household=household, people=people))
        return Lived(entry=entry.seq, household=household)

    needs: list[Place] = [(VolunteerNumber, spelled(n)) for n in (first, second)]
    return await write(actor, key, work, answer=Lived, needs=needs)


async def leave_household(
    actor: Actor, *, key: RequestKey, person: PersonId | None = None
) -> Lived:
    """Say that one does not live there any more; at the counter, for `person`.

    Refuses: NotFound, OwnCounter, NotInHousehold.
    """
    who = person or permit_self(actor)

    def work(batch: Batch) -> Lived:
        if who != actor.person:
            at_counter(batch, who)
        held = batch.get(HouseholdMember, who)
        if held is None:
            raise NotInHousehold(number=batch.need(Person, who, "person").number)
        entry = batch.record(HouseholdLeft(household=held.household, person=who))
        return Lived(entry=entry.seq, household=held.household)

    return await write(
        actor, key, work, answer=Lived, needs=[(HouseholdMember, who), (Person, who)]
    )


def _household(batch: Batch, one: PersonId, other: PersonId, *, fresh: str) -> str:
    return decide_household(
        batch.get(HouseholdMember, one), batch.get(HouseholdMember, other), fresh=fresh
    )


def _newcomers(batch: Batch, *people: PersonId) -> tuple[PersonId, ...]:
    return tuple(person for person in people if not in_household(batch, person))


def _mine(batch: Batch, invite: str) -> HouseholdInvite:
    """An invitation that concerns the actor; to anybody else it is not there."""
    held = batch.need(HouseholdInvite, invite, "invitation")
    if batch.actor.person not in (held.inviter, held.invited):
        raise NotFound(what="invitation")
    return held


# Reads


async def visible_invites(actor: Actor, ids: Sequence[str]) -> dict[str, HouseholdInvite]:
    """Invitations by id that the actor sent or got."""
    found = (await find_many(HouseholdInvite, ids)).values()
    return {held.id: held for held in found if actor.person in (held.inviter, held.invited)}


async def invites_of(actor: Actor, **where: Unpack[Where]) -> list[HouseholdInvite]:
    """The invitations the actor sent or got, newest first, strictly between two ids."""
    own = actor.person or ""
    which = Q(inviter=own) | Q(invited=own)
    return await newest_by_id(HouseholdInvite, where, which)


async def household_of(actor: Actor, person: PersonId | None = None) -> list[HouseholdMember]:
    """Who lives with the actor, or with a person at the actor's counter, they too, by number.

    At most 100; nobody for who lives alone.
    """
    own = await find(HouseholdMember, await whose(actor, person))
    if own is None:
        return []
    return await select(HouseholdMember, household=own.household, order=["number"], limit=100)

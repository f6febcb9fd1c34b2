"""Proxies: who acts for somebody who cannot well act alone, both being named (domain 2 and 11).

A person names their own proxy, or does so at the counter; either ends it. A guardian needs no
naming: until the ward is of age, registration made them one. Whoever acts for another signs in as
themselves, so an entry's actor is the proxy and its body names the principal. Knows who may act for
whom; what they may do is each command's own.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, permit_self, reach
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.counter import at_counter, person_numbered, spelled, whose
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, current, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.people import (
    AgeBand,
    Person,
    VolunteerNumber,
    active_person,
    people_by_id,
    person_by_number,
    selves,
)
from timebank.person_life import PersonState
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.tables import Row, Where, find_many, newest_by_id, table


class MandateState(StrEnum):
    """The life of a mandate."""

    STANDING = "standing"
    ENDED = "ended"


# Events


class ProxyNamed(Event, frozen=True, tag="proxy.named"):
    """Somebody named who may act for them: by themselves, or at the counter by the actor.

    Or one of the two was registered twice, and it `follows` the mandate of that registration.
    """

    mandate: str
    principal: PersonId
    proxy: PersonId
    follows: str | None = None


class ProxyEnded(Event, frozen=True, tag="proxy.ended"):
    """The principal, the proxy, or the station for one of them, ended it."""

    mandate: str


# Refusals


class ProxyIsSelf(Refusal):
    """A proxy is another person."""

    says = "Everybody acts for themselves already; give another person's volunteer number."
    path = ("number",)


class ProxyAlready(Refusal):
    """One mandate for the same two people."""

    says = "This person is your proxy already."


class ProxyTooYoung(Refusal):
    """Whoever acts for another is of age."""

    says = "A proxy is at least 18 years old."
    path = ("number",)


# Lifecycle

LIFECYCLE: Lifecycle[MandateState] = {
    MandateState.STANDING: {ProxyEnded: MandateState.ENDED},
    MandateState.ENDED: {},
}


# Tables and projectors


@table("mandate", index=[("principal", "id"), ("proxy", "id")])
class Mandate(Row, frozen=True):
    """Who may act for whom, since when; `path` is where the principal is at home."""

    id: str
    principal: str
    proxy: str
    principal_number: str
    proxy_number: str
    path: str
    state: MandateState
    since: datetime


@table("proxy_for")
class ProxyFor(Row, frozen=True):
    """A standing mandate: all that decisions ask; `id` is `<principal>/<proxy>`."""

    id: str
    mandate: str


def proxy_key(principal: PersonId, proxy: PersonId) -> str:
    """The key of ProxyFor."""
    return f"{principal}/{proxy}"


@projects(ProxyNamed)
def _named(rows: Rows, event: ProxyNamed, entry: Sealed) -> None:
    principal, proxy = rows.there(Person, event.principal), rows.there(Person, event.proxy)
    rows.put(
        Mandate(
            id=event.mandate,
            principal=principal.id,
            proxy=proxy.id,
            principal_number=principal.number,
            proxy_number=proxy.number,
            path=principal.home_path,
            state=MandateState.STANDING,
            since=entry.at,
        )
    )
    rows.put(ProxyFor(id=proxy_key(principal.id, proxy.id), mandate=event.mandate))


@projects(ProxyEnded)
def _ended(rows: Rows, event: ProxyEnded, entry: Sealed) -> None:
    held = rows.there(Mandate, event.mandate)
    state = step(LIFECYCLE, held.state, ProxyEnded)
    rows.put(msgspec.structs.replace(held, state=state, since=entry.at))
    rows.drop(ProxyFor, proxy_key(held.principal, held.proxy))


# Decisions


def decide_proxy(
    principal: PersonId, proxy: AgeBand, *, today: date, standing: ProxyFor | None
) -> None:
    """Whether `proxy` may be named by `principal`.

    Refuses: ProxyIsSelf, ProxyAlready, ProxyTooYoung.
    """
    if proxy.person == principal:
        raise ProxyIsSelf
    if standing is not None:
        raise ProxyAlready
    if proxy.adult_from > today:
        raise ProxyTooYoung


# What other capabilities ask


def registered_proxy(batch: Batch, principal: PersonId, proxy: PersonId) -> bool:
    """Whether `proxy` may act for `principal` today: named by them, or the guardian of a minor."""
    held = batch.get(Person, principal)
    if held is not None and held.state is PersonState.MERGING:
        return False
    if batch.get(ProxyFor, proxy_key(principal, proxy)) is not None:
        return True
    if held is None or held.guardian != proxy:
        return False
    return batch.there(AgeBand, principal).adult_from > batch.today


def acting_for(batch: Batch, principal: PersonId) -> PersonId | None:
    """The proxy by whom `principal` acts in this batch; None if it is the principal's own act.

    An event names whoever this gives beside the principal.
    Refuses: NotFound, for a stranger as for a person who is not there; PersonNotActive.
    """
    actor = batch.actor.person
    if actor is None:
        raise Unauthenticated
    if actor == principal:
        return None
    if not registered_proxy(batch, principal, actor):
        raise NotFound(what="person")
    active_person(batch, actor)
    return actor


def principal_in(batch: Batch, number: str | None) -> tuple[PersonId, PersonId | None]:
    """Whose act it is, and the proxy by whom: the actor's own without a volunteer `number`.

    Refuses: NotFound, PersonNotActive.
    """
    whose = person_numbered(batch, number).id if number else permit_self(batch.actor)
    return whose, acting_for(batch, whose)


# Commands


class Mandated(Answer, frozen=True, kw_only=True):
    """The mandate that was given or ended."""

    mandate: str


async def name_proxy(actor: Actor, *, number: str, key: RequestKey) -> Mandated:
    """Let the person with a volunteer number act for oneself, until either ends it.

    Refuses: NotFound, ProxyIsSelf, ProxyAlready, ProxyTooYoung.   Source: domain 2 and 11.
    """
    principal, mandate = permit_self(actor), new("man")

    def work(batch: Batch) -> Mandated:
        return _name(batch, mandate, principal, person_numbered(batch, number).id)

    needs: list[Place] = [(Person, principal), (VolunteerNumber, spelled(number))]
    return await write(actor, key, work, answer=Mandated, needs=needs)


async def register_proxy(actor: Actor, *, principal: str, proxy: str, key: RequestKey) -> Mandated:
    """Register at the counter, with both present, who may act for somebody.

    Args: principal and proxy, volunteer numbers; the station is the principal's.
    Refuses: NotFound, OwnCounter, ProxyIsSelf, ProxyAlready, ProxyTooYoung.
    """
    mandate = new("man")

    def work(batch: Batch) -> Mandated:
        whose, who = person_numbered(batch, principal).id, person_numbered(batch, proxy).id
        at_counter(batch, whose, who)
        return _name(batch, mandate, whose, who)

    needs: list[Place] = [(VolunteerNumber, spelled(n)) for n in (principal, proxy)]
    return await write(actor, key, work, answer=Mandated, needs=needs)


def _name(batch: Batch, mandate: str, principal: PersonId, proxy: PersonId) -> Mandated:
    decide_proxy(
        principal,
        batch.need(AgeBand, proxy, "person"),
        today=batch.today,
        standing=batch.get(ProxyFor, proxy_key(principal, proxy)),
    )
    entry = batch.record(ProxyNamed(mandate=mandate, principal=principal, proxy=proxy))
    return Mandated(entry=entry.seq, mandate=mandate)


async def end_proxy(actor: Actor, *, mandate: str, key: RequestKey) -> Mandated:
    """End a mandate: by either of the two, or at the counter of the principal.

    Refuses: NotFound, NotInThisState.
    """
    if not actor.known:
        raise Unauthenticated

    def work(batch: Batch) -> Mandated:
        held = batch.need(Mandate, mandate, "mandate")
        if actor.person not in (held.principal, held.proxy):
            try:
                at_counter(batch, held.principal)
            except NotFound:
                raise NotFound(what="mandate") from None
        step(LIFECYCLE, held.state, ProxyEnded)
        return Mandated(entry=batch.record(ProxyEnded(mandate=mandate)).seq, mandate=mandate)

    return await write(actor, key, work, answer=Mandated, needs=[(Mandate, mandate)])


# Reads


async def visible_mandates(actor: Actor, ids: Sequence[str]) -> dict[str, Mandate]:
    """Mandates by id that concern the actor, or whose principal's counter is the actor's."""
    theirs = await reach(actor, Action.REGISTER_KIN)
    return {
        held.id: held
        for held in (await find_many(Mandate, ids)).values()
        if actor.person in (held.principal, held.proxy) or theirs(held.path)
    }


async def mandates_of(
    actor: Actor, person: PersonId | None = None, **where: Unpack[Where]
) -> list[Mandate]:
    """The mandates the actor gave or was given, or those a person gave, at the actor's counter;
    newest first."""
    own = await whose(actor, person)
    which = Q(principal=own) if person else Q(principal=own) | Q(proxy=own)
    return await newest_by_id(Mandate, where, which)


async def may_act_for(actor: Actor, people: Iterable[PersonId]) -> set[PersonId]:
    """Those of some people whose the actor's acts may be: the actor, principals, wards."""
    if actor.person is None:
        return set()
    asked = sorted(set(people))
    named = await find_many(ProxyFor, [proxy_key(person, actor.person) for person in asked])
    held = await people_by_id(asked)
    wards = [id for id in asked if id in held and held[id].guardian == actor.person]
    today = day_of(current().clock.now())
    young = await find_many(AgeBand, wards)
    return {
        person
        for person in asked
        if person in actor.selves
        or proxy_key(person, actor.person) in named
        or (person in young and young[person].adult_from > today)
    }


async def selves_of(actor: Actor, number: str | None) -> tuple[PersonId, ...]:
    """Every id of the actor, or of whoever has a volunteer `number` if the actor may act for them.

    None where they may not.
    """
    if number is None:
        return actor.selves
    whose = await principal_of(actor, number)
    return tuple(await selves(whose)) if whose else ()


async def principal_of(actor: Actor, number: str | None) -> PersonId | None:
    """The actor, or whoever has a volunteer `number` if the actor may act for them."""
    if number is None:
        return actor.person
    held = await person_by_number(number)
    return held.id if held and held.id in await may_act_for(actor, [held.id]) else None

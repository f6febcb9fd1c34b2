"""Kin: who is whose, registered by both, or by the station with both at the counter (domain 6).

One of the two proposes and the other agrees; either ends it. Knows whether two people are kin, and
whether in the direct line. Refuses to know who lives together or acts for whom.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, may, permit_self, reach
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.counter import at_counter, person_numbered, spelled, whose
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.notices import NoticeCode, notify
from timebank.people import AgeBand, Person, VolunteerNumber
from timebank.projections import Place, Rows, projects
from timebank.refusals import NotFound, Refusal
from timebank.tables import Row, Where, find_many, newest_by_id, table


class Kinship(StrEnum):
    """What somebody is to somebody else: the near relatives of the Civil Code (Art. 1045)."""

    SPOUSE = "spouse"
    PARENT = "parent"
    CHILD = "child"
    GRANDPARENT = "grandparent"
    GRANDCHILD = "grandchild"
    SIBLING = "sibling"
    OTHER = "other"


TURNED: Mapping[Kinship, Kinship] = {
    Kinship.SPOUSE: Kinship.SPOUSE,
    Kinship.PARENT: Kinship.CHILD,
    Kinship.CHILD: Kinship.PARENT,
    Kinship.GRANDPARENT: Kinship.GRANDCHILD,
    Kinship.GRANDCHILD: Kinship.GRANDPARENT,
    Kinship.SIBLING: Kinship.SIBLING,
    Kinship.OTHER: Kinship.OTHER,
}
"""The same kinship, seen from the other side."""

ELDERS = frozenset({Kinship.PARENT, Kinship.GRANDPARENT})
LINEAL = ELDERS | {TURNED[kinship] for kinship in ELDERS}
"""Kin in the direct line. A spouse is none: domain 6 names spouse and lineal kin apart."""


class KinState(StrEnum):
    """The life of a registered kinship."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    DECLINED = "declined"
    ENDED = "ended"


# Events


class KinProposed(Event, frozen=True, tag="kin.proposed"):
    """`one` says what `other` is to them; it holds nothing until `other` agrees."""

    tie: str
    one: PersonId
    other: PersonId
    kinship: Kinship


class KinRegistered(Event, frozen=True, tag="kin.registered"):
    """Both were at the counter, and the entry's actor, of the station, wrote it down.

    Or one of them was registered twice, and it `follows` the tie of that registration.
    """

    tie: str
    one: PersonId
    other: PersonId
    kinship: Kinship
    follows: str | None = None


class KinAgreed(Event, frozen=True, tag="kin.agreed"):
    """The other agreed."""

    tie: str


class KinDeclined(Event, frozen=True, tag="kin.declined"):
    """The other declined, or whoever proposed it thought again."""

    tie: str


class KinEnded(Event, frozen=True, tag="kin.ended"):
    """One of the two ended it, or the station for them."""

    tie: str


# Refusals


class KinIsSelf(Refusal):
    """Two people are needed."""

    says = "Nobody is their own kin; give the other person's volunteer number."
    path = ("number",)


class KinAlready(Refusal):
    """Two people are kin in one way at a time."""

    says = "You two have this registered or proposed already; end that first."


class KinAgesWrong(Refusal):
    """Parents are born before their children."""

    says = "A parent or grandparent is older than the child; check which of you is which."
    path = ("kinship",)


class OwnProposal(Refusal):
    """Nobody agrees with themselves."""

    says = "You proposed this yourself; the other person must agree."


# Lifecycle

LIFECYCLE: Lifecycle[KinState] = {
    KinState.PROPOSED: {KinAgreed: KinState.AGREED, KinDeclined: KinState.DECLINED},
    KinState.AGREED: {KinEnded: KinState.ENDED},
    KinState.DECLINED: {},
    KinState.ENDED: {},
}

STANDS = frozenset({KinState.PROPOSED, KinState.AGREED})

Moved = KinAgreed | KinDeclined | KinEnded


# Tables and projectors


@table("kin_tie", index=[("one", "id"), ("other", "id")])
class KinTie(Row, frozen=True):
    """One registered or proposed kinship: what `other` is to `one`.

    `path` is where `one` is at home: the station there sees it too.
    """

    id: str
    one: str
    other: str
    one_number: str
    other_number: str
    path: str
    kinship: Kinship
    state: KinState
    since: datetime


@table("kin_pair")
class KinPair(Row, frozen=True):
    """How two people are tied now: all that decisions ask; `id` is both ids, the lower first."""

    id: str
    tie: str
    one: str
    kinship: Kinship
    agreed: bool


def pair_id(one: PersonId, other: PersonId) -> str:
    """The key of what two people share, whoever is named first."""
    return f"{min(one, other)}/{max(one, other)}"


@projects(KinProposed, KinRegistered)
def _tied(rows: Rows, event: KinProposed | KinRegistered, entry: Sealed) -> None:
    agreed = isinstance(event, KinRegistered)
    one, other = rows.there(Person, event.one), rows.there(Person, event.other)
    rows.put(
        KinTie(
            id=event.tie,
            one=one.id,
            other=other.id,
            one_number=one.number,
            other_number=other.number,
            path=one.home_path,
            kinship=event.kinship,
            state=KinState.AGREED if agreed else KinState.PROPOSED,
            since=entry.at,
        )
    )
    rows.put(
        KinPair(
            id=pair_id(one.id, other.id),
            tie=event.tie,
            one=one.id,
            kinship=event.kinship,
            agreed=agreed,
        )
    )


@projects(KinAgreed, KinDeclined, KinEnded)
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    tie = rows.there(KinTie, event.tie)
    state = step(LIFECYCLE, tie.state, type(event))
    rows.put(msgspec.structs.replace(tie, state=state, since=entry.at))
    id = pair_id(tie.one, tie.other)
    if state in STANDS:
        rows.put(msgspec.structs.replace(rows.there(KinPair, id), agreed=True))
    else:
        rows.drop(KinPair, id)


# Decisions


def decide_tie(
    first: AgeBand, second: AgeBand, kinship: Kinship, *, standing: KinPair | None
) -> None:
    """Whether `second` can be what `first` says. Refuses: KinIsSelf, KinAlready, KinAgesWrong."""
    if first.person == second.person:
        raise KinIsSelf
    if standing is not None:
        raise KinAlready
    elder, younger = (second, first) if kinship in ELDERS else (first, second)
    if kinship in LINEAL and elder.adult_from >= younger.adult_from:
        raise KinAgesWrong


# What other capabilities ask


def kinship(batch: Batch, one: PersonId, other: PersonId) -> Kinship | None:
    """What `other` is to `one`, both having agreed; None if they are no registered kin."""
    held = batch.get(KinPair, pair_id(one, other))
    if held is None or not held.agreed:
        return None
    return held.kinship if held.one == one else TURNED[held.kinship]


def are_kin(batch: Batch, one: PersonId, other: PersonId) -> bool:
    """Whether two people are registered kin, in whatever way."""
    return kinship(batch, one, other) is not None


def are_lineal(batch: Batch, one: PersonId, other: PersonId) -> bool:
    """Whether two people are registered kin in the direct line."""
    return kinship(batch, one, other) in LINEAL


# Commands


class Tied(Answer, frozen=True, kw_only=True):
    """The kinship that was proposed, registered or moved on."""

    tie: str


async def propose_kin(actor: Actor, *, number: str, kinship: Kinship, key: RequestKey) -> Tied:
    """Say what the person with a volunteer number is to oneself; they must agree.

    Refuses: NotFound, KinIsSelf, KinAlready, KinAgesWrong.   Source: domain 6.
    """
    one, tie = permit_self(actor), new("kin")

    def work(batch: Batch) -> Tied:
        other = person_numbered(batch, number).id
        made = _tie(batch, KinProposed(tie=tie, one=one, other=other, kinship=kinship))
        notify(batch, other, NoticeCode.KIN_PROPOSED, tie, hands=[one])
        return made

    needs: list[Place] = [(Person, one), (AgeBand, one), (VolunteerNumber, spelled(number))]
    return await write(actor, key, work, answer=Tied, needs=needs)


async def register_kin(
    actor: Actor, *, first: str, second: str, kinship: Kinship, key: RequestKey
) -> Tied:
    """Register at the counter, with both present, what `second` is to `first`.

    Args: first and second, volunteer numbers; the station is that of `first`.
    Refuses: NotFound, OwnCounter, KinIsSelf, KinAlready, KinAgesWrong.   Source: domain 6.
    """
    tie = new("kin")

    def work(batch: Batch) -> Tied:
        one, other = person_numbered(batch, first).id, person_numbered(batch, second).id
        at_counter(batch, one, other)
        return _tie(batch, KinRegistered(tie=tie, one=one, other=other, kinship=kinship))

    needs: list[Place] = [(VolunteerNumber, spelled(n)) for n in (first, second)]
    return await write(actor, key, work, answer=Tied, needs=needs)


def _tie(batch: Batch, event: KinProposed | KinRegistered) -> Tied:
    decide_tie(
        batch.need(AgeBand, event.one, "person"),
        batch.need(AgeBand, event.other, "person"),
        event.kinship,
        standing=batch.get(KinPair, pair_id(event.one, event.other)),
    )
    return Tied(entry=batch.record(event).seq, tie=event.tie)


async def agree_to_kin(actor: Actor, *, tie: str, key: RequestKey) -> Tied:
    """Agree to a kinship that somebody else proposed.

    Refuses: NotFound, OwnProposal, NotInThisState.   Source: domain 6.
    """

    def work(batch: Batch) -> Tied:
        held = _mine(batch, tie)
        step(LIFECYCLE, held.state, KinAgreed)
        if actor.person == held.one:
            raise OwnProposal
        return Tied(entry=batch.record(KinAgreed(tie=tie)).seq, tie=tie)

    return await write(actor, key, work, answer=Tied, needs=[(KinTie, tie)])


async def decline_kin(actor: Actor, *, tie: str, key: RequestKey) -> Tied:
    """Decline a proposed kinship, or take one's own proposal back.

    Refuses: NotFound, NotInThisState.
    """

    def work(batch: Batch) -> Tied:
        step(LIFECYCLE, _mine(batch, tie).state, KinDeclined)
        return Tied(entry=batch.record(KinDeclined(tie=tie)).seq, tie=tie)

    return await write(actor, key, work, answer=Tied, needs=[(KinTie, tie)])


async def end_kin(actor: Actor, *, tie: str, key: RequestKey) -> Tied:
    """End a registered kinship: by either of the two, or at the counter for one of them.

    Refuses: NotFound, NotInThisState.   Source: domain 6.
    """

    def work(batch: Batch) -> Tied:
        step(LIFECYCLE, _mine(batch, tie, counter=True).state, KinEnded)
        return Tied(entry=batch.record(KinEnded(tie=tie)).seq, tie=tie)

    return await write(actor, key, work, answer=Tied, needs=[(KinTie, tie)])


def _mine(batch: Batch, tie: str, *, counter: bool = False) -> KinTie:
    """A kinship that concerns the actor, or their `counter`; to anybody else it is not there."""
    held = batch.need(KinTie, tie, "kinship")
    both = (held.one, held.other)
    homes = [batch.there(Person, one).home_path for one in both] if counter else []
    near = any(may(batch, Action.REGISTER_KIN, home) for home in homes)
    if batch.actor.person not in both and not near:
        raise NotFound(what="kinship")
    return held


# Reads


async def visible_ties(actor: Actor, ids: Sequence[str]) -> dict[str, KinTie]:
    """Kinships by id that concern the actor, or were made at the actor's counter."""
    theirs = await reach(actor, Action.REGISTER_KIN)
    return {
        tie.id: tie
        for tie in (await find_many(KinTie, ids)).values()
        if actor.person in (tie.one, tie.other) or theirs(tie.path)
    }


async def ties_of(
    actor: Actor, person: PersonId | None = None, **where: Unpack[Where]
) -> list[KinTie]:
    """The actor's own kinships, or a person's at the actor's counter; newest first."""
    own = await whose(actor, person)
    return await newest_by_id(KinTie, where, Q(one=own) | Q(other=own))

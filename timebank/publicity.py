"""Publicity: what is laid open to everybody for some days before it holds (公示, domain 7).

Anybody signed in may object, once, with a code and no words: nothing is written about a person that
everybody reads. Every objection is decided before the matter goes on. Counts the days and decides
who was heard as objections to records do. Knows no star, grant or project: whoever lays something
open says what it is about, where it lies, whose it is, and what follows.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from enum import StrEnum

import msgspec

from ledger.entry import Sealed
from timebank.access import Action, permit_self, reach
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import Lifecycle, step
from timebank.notices import NoticeCode, notify
from timebank.projections import Place, Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, find_many, select, table
from timebank.working_days import working_days_later


class PublicityReason(StrEnum):
    """What somebody says against what is laid open."""

    HOURS_FALSE = "hours_false"
    MISCONDUCT = "misconduct"
    WRONG_PERSON = "wrong_person"
    RULE_BROKEN = "rule_broken"


class PublicityObjectionState(StrEnum):
    """The life of an objection to what is laid open."""

    RAISED = "raised"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


# Events


class PublicityObjected(Event, frozen=True, tag="publicity.objected"):
    """Somebody objected; it is to be decided until `decide_by`, counted in working days."""

    about: str
    person: PersonId
    reason: PublicityReason
    decide_by: date


class PublicityObjectionUpheld(Event, frozen=True, tag="publicity.objection_upheld"):
    """What was objected is true, and speaks against the matter."""

    about: str
    person: PersonId


class PublicityObjectionDismissed(Event, frozen=True, tag="publicity.objection_dismissed"):
    """What was objected was not shown, or does not speak against the matter."""

    about: str
    person: PersonId


# Refusals


class PublicityOver(Refusal):
    """The days to object have passed, or the matter is settled."""

    says = "Objections could be raised until the end of {until}."
    until: date


class PublicityOpen(Refusal):
    """Nothing goes on before everybody had the time to object."""

    says = "This is laid open until the end of {until}; decide from the next day on."
    until: date


class PublicityUndecided(Refusal):
    """Nothing goes on while an objection waits."""

    says = "Objections that wait: {count}; decide every one of them first."
    count: int


class OwnPublicityObjection(Refusal):
    """Nobody decides their own objection."""

    says = "This objection is your own; another officer must decide it."


class ObjectedToPublicity(Refusal):
    """One objection a person and matter."""

    says = "You have objected to this already; your objection will be decided."


class OwnPublicity(Refusal):
    """Nobody objects to themselves."""

    says = "This is your own matter; take it back instead of objecting to it."


# Lifecycle

LIFECYCLE: Lifecycle[PublicityObjectionState] = {
    PublicityObjectionState.RAISED: {
        PublicityObjectionUpheld: PublicityObjectionState.UPHELD,
        PublicityObjectionDismissed: PublicityObjectionState.DISMISSED,
    },
    PublicityObjectionState.UPHELD: {},
    PublicityObjectionState.DISMISSED: {},
}


# Decisions


def decide_heard(publicity: "Publicity", today: date) -> None:
    """Whether everybody was heard. Refuses: PublicityOpen, PublicityUndecided."""
    if today <= publicity.until:
        raise PublicityOpen(until=publicity.until)
    if publicity.waiting:
        raise PublicityUndecided(count=publicity.waiting)


def decide_objectable(publicity: "Publicity", selves: Collection[PersonId], today: date) -> None:
    """Whether somebody, by all ids that are theirs, may object today.

    Refuses: PublicityOver, OwnPublicity.
    """
    if not publicity.open or today > publicity.until:
        raise PublicityOver(until=publicity.until)
    if publicity.person in selves:
        raise OwnPublicity


# Tables and projectors


@table("publicity")
class Publicity(Row, frozen=True):
    """What is or was laid open; `waiting` objections are not decided."""

    about: str
    person: str
    path: str
    until: date
    open: bool = True
    waiting: int = 0


@table("publicity_objection", index=[("about", "id")])
class PublicityObjection(Row, frozen=True):
    """One objection; `id` is `<about>/<person>`, so that nobody objects twice."""

    id: str
    about: str
    person: str
    reason: PublicityReason
    state: PublicityObjectionState
    raised_at: datetime
    decide_by: date
    decided_by: str | None = None


def objection_key(about: str, person: PersonId) -> str:
    """The key of PublicityObjection."""
    return f"{about}/{person}"


@projects(PublicityObjected)
def _objected(rows: Rows, event: PublicityObjected, entry: Sealed) -> None:
    _wait(rows, event.about, 1)
    rows.put(
        PublicityObjection(
            id=objection_key(event.about, event.person),
            about=event.about,
            person=event.person,
            reason=event.reason,
            state=PublicityObjectionState.RAISED,
            raised_at=entry.at,
            decide_by=event.decide_by,
        )
    )


@projects(PublicityObjectionUpheld, PublicityObjectionDismissed)
def _decided(
    rows: Rows, event: PublicityObjectionUpheld | PublicityObjectionDismissed, entry: Sealed
) -> None:
    held = rows.there(PublicityObjection, objection_key(event.about, event.person))
    state = step(LIFECYCLE, held.state, type(event))
    rows.put(msgspec.structs.replace(held, state=state, decided_by=entry.actor))
    _wait(rows, event.about, -1)


def _wait(rows: Rows, about: str, more: int) -> None:
    held = rows.there(Publicity, about)
    rows.put(msgspec.structs.replace(held, waiting=held.waiting + more))


# What other capabilities ask


def lay_open(rows: Rows, about: str, *, person: PersonId, path: str, until: date) -> None:
    """Lay a matter open, for projectors."""
    rows.put(Publicity(about=about, person=person, path=path, until=until))


def settle_publicity(rows: Rows, about: str) -> None:
    """The matter is settled and takes no more objections, for projectors."""
    held = rows.get(Publicity, about)
    if held is not None:
        rows.put(msgspec.structs.replace(held, open=False))


def rule_on_objection(batch: Batch, objection: "PublicityObjection", *, uphold: bool) -> Sealed:
    """Decide an objection; whoever raised it is told.

    Refuses: OwnPublicityObjection, NotInThisState.
    """
    if objection.person == batch.actor.person:
        raise OwnPublicityObjection
    made = PublicityObjectionUpheld if uphold else PublicityObjectionDismissed
    step(LIFECYCLE, objection.state, made)
    code = NoticeCode.PUBLICITY_UPHELD if uphold else NoticeCode.PUBLICITY_DISMISSED
    notify(batch, objection.person, code, objection.about, hands=[batch.actor.id])
    return batch.record(made(about=objection.about, person=objection.person))


# Commands


class ObjectedOpenly(Answer, frozen=True, kw_only=True):
    """The objection, and what it is about."""

    about: str
    objection: str


async def object_to_publicity(
    actor: Actor, *, about: str, reason: PublicityReason, key: RequestKey
) -> ObjectedOpenly:
    """Object to what is laid open, as anybody who is signed in, once.

    Refuses: NotFound, PublicityOver, OwnPublicity, ObjectedToPublicity.   Source: domain 7.
    """
    person = permit_self(actor)
    id = objection_key(about, person)

    def work(batch: Batch) -> ObjectedOpenly:
        held = batch.need(Publicity, about, "publicity")
        decide_objectable(held, actor.selves, batch.today)
        if batch.get(PublicityObjection, id) is not None:
            raise ObjectedToPublicity
        days = batch.policy.record.decide_working_days
        event = PublicityObjected(
            about=about,
            person=person,
            reason=reason,
            decide_by=working_days_later(batch.today, days),
        )
        return ObjectedOpenly(entry=batch.record(event).seq, about=about, objection=id)

    needs: list[Place] = [(Publicity, about), (PublicityObjection, id)]
    return await write(actor, key, work, answer=ObjectedOpenly, needs=needs)


# Reads


async def publicity_objections(
    actor: Actor, action: Action, about: Sequence[str]
) -> dict[str, list[PublicityObjection]]:
    """The objections to matters, by matter, for those who do the action where the matter lies."""
    theirs = await reach(actor, action)
    told: dict[str, list[PublicityObjection]] = {
        str(id): [] for id, held in (await find_many(Publicity, about)).items() if theirs(held.path)
    }
    for objection in await select(PublicityObjection, about__in=list(told), order=["id"]):
        told[objection.about].append(objection)
    return told

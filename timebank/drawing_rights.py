"""Rights to draw: who may order help below the age for it, as somebody certified (domain 6).

The counter or the street saw the disability card or the relief papers. The ledger holds that
somebody may draw, and until when; on what ground lies in the vault, since it tells of health and
money and is nobody's business for ten years. Knows no order.
"""

from datetime import date
from enum import StrEnum

from ledger.entry import Sealed
from timebank.access import Action, at_hand
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.counter import OwnCounter
from timebank.events import Event
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.people import Person, person_in_scope
from timebank.projections import Place, Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, find, table


class Ground(StrEnum):
    """Why somebody may draw at any age."""

    DISABILITY = "disability"
    HARDSHIP = "hardship"


# Events


class DrawingCertified(Event, frozen=True, tag="drawing.certified"):
    """The entry's actor saw that a person may draw until the end of `until`."""

    certificate: str
    person: PersonId
    until: date


class DrawingEnded(Event, frozen=True, tag="drawing.ended"):
    """What was certified holds no more."""

    certificate: str
    person: PersonId


# Refusals


class CertificateOver(Refusal):
    """What is certified holds from today on."""

    says = "The last day of this certificate, {until}, is over; ask for a new one."
    until: date
    path = ("until",)


class NothingCertified(Refusal):
    """Only what stands can end."""

    says = "Nothing is certified of this person, or it was ended already."


# Decisions


def decide_certificate(until: date, today: date) -> None:
    """Whether a certificate still holds. Refuses: CertificateOver."""
    if until < today:
        raise CertificateOver(until=until)


# Tables and projectors


@table("drawing_right")
class DrawingRight(Row, frozen=True):
    """The latest certificate of a person, while it was not ended."""

    person: str
    certificate: str
    until: date


@table("drawing_ground", vault=True)
class DrawingGround(Row, frozen=True):
    """On what ground a certificate was made."""

    certificate: str
    person: str
    ground: Ground


@projects(DrawingCertified)
def _certified(rows: Rows, event: DrawingCertified, entry: Sealed) -> None:
    rows.put(DrawingRight(person=event.person, certificate=event.certificate, until=event.until))


@projects(DrawingEnded)
def _ended(rows: Rows, event: DrawingEnded, entry: Sealed) -> None:
    rows.drop(DrawingRight, event.person)


# What other capabilities ask


def may_draw_on(batch: Batch, person: PersonId, day: date) -> bool:
    """Whether it is certified that a person may draw on a day, whatever their age."""
    held = batch.get(DrawingRight, person)
    return held is not None and day <= held.until


# Commands


class Certified(Answer, frozen=True, kw_only=True):
    """Whose right it is, and its certificate."""

    person: PersonId
    certificate: str


async def certify_drawing(
    actor: Actor, *, person: PersonId, ground: Ground, until: date, key: RequestKey
) -> Certified:
    """Certify, as the person's counter or street, that they may draw; a newer one takes over.

    Args: until, the last day by the papers.
    Refuses: NotFound, OwnCounter, CertificateOver.   Source: domain 6.
    """
    certificate = new("drw")

    def work(batch: Batch) -> Certified:
        _seen_by(batch, person)
        decide_certificate(until, batch.today)
        entry = batch.record(DrawingCertified(certificate=certificate, person=person, until=until))
        batch.put(DrawingGround(certificate=certificate, person=person, ground=ground))
        return Certified(entry=entry.seq, person=person, certificate=certificate)

    needs: list[Place] = [(Person, person), (DrawingRight, person)]
    return await write(actor, key, work, answer=Certified, needs=needs)


async def end_drawing(actor: Actor, *, person: PersonId, key: RequestKey) -> Certified:
    """End, as the counter or street, what was certified; orders that stand are served.

    Refuses: NotFound, OwnCounter, NothingCertified.
    """

    def work(batch: Batch) -> Certified:
        _seen_by(batch, person)
        held = batch.get(DrawingRight, person)
        if held is None:
            raise NothingCertified
        batch.drop(DrawingGround, held.certificate)
        entry = batch.record(DrawingEnded(certificate=held.certificate, person=person))
        return Certified(entry=entry.seq, person=person, certificate=held.certificate)

    needs: list[Place] = [(Person, person), (DrawingRight, person)]
    return await write(actor, key, work, answer=Certified, needs=needs)


def _seen_by(batch: Batch, person: PersonId) -> None:
    person_in_scope(batch, Action.CERTIFY_DRAWING, person)
    if batch.actor.person == person:
        raise OwnCounter


# Reads


async def right_of(
    actor: Actor, person: PersonId
) -> tuple[DrawingRight, DrawingGround | None] | None:
    """A person's right and its ground: for themselves, and whoever may certify it."""
    seen = await at_hand(actor, Action.CERTIFY_DRAWING, Person, person, where="home_path")
    if seen is None and actor.person != person:
        return None
    right = await find(DrawingRight, person)
    return (right, await find(DrawingGround, right.certificate)) if right else None

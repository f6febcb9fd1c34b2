"""Certificates of service: free, asked for by the volunteer, issued by another hand (domain 7).

A certificate says which activities and how many minutes a record held in a period on the day of
issue. Knows no document number and prints none. What the entry keeps is ids, numbers and days; the
names are put in when it is printed, so that an erased person's certificate tells no name any more.
Refuses to know how it is issued (`certificate_issuing`) and shown (`certificate_sheets`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Unpack

import msgspec
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, may_read, permit_self, reach
from timebank.actors import Actor
from timebank.batch import Batch
from timebank.certificate_life import (
    LIFECYCLE,
    CertificateDeclined,
    CertificateDeclineReason,
    CertificateIssued,
    CertificateMoved,
    CertificateRequested,
    CertificateRevoked,
    CertificateRevokeReason,
    CertificateState,
    CertificateSuperseded,
    CertificateWithdrawn,
    Line,
)
from timebank.clock import day_of
from timebank.hours import Record
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.people import Person, active_person
from timebank.places import served_by
from timebank.projections import Place, Rows, projects
from timebank.proxies import may_act_for
from timebank.record_life import is_service
from timebank.refusals import NotFound, Refusal
from timebank.tables import Row, Where, find_many, newest_by_id, page_by_id, table

MOST_LINES = 20

# Refusals


class CertificatePeriodWrong(Refusal):
    """A period begins before it ends, and ends today at the latest."""

    says = "A certificate covers the days from a first one to a last one, today at the latest."
    path = ("until",)


class NothingToCertify(Refusal):
    """No service counts in the period."""

    says = "No service counts from {since} to {until}; choose other days."
    since: date
    until: date


class CertificateNeedsHome(Refusal):
    """Certificates are issued by the station that looks after the volunteer."""

    says = "A certificate is issued by a home station, and you have none; choose one first."


class CertificateWaiting(Refusal):
    """One request at a time."""

    says = "Your last request for a certificate is not answered yet."
    certificate: str


# Decisions


def decide_period(since: date, until: date, today: date) -> None:
    """Refuses: CertificatePeriodWrong."""
    if not since <= until <= today:
        raise CertificatePeriodWrong


def decide_content(records: Iterable[Record], since: date, until: date) -> dict[str, object]:
    """What a certificate says of a period: only what counts, and no work in paid time.

    The longest activities come first, those by hand under their kind.   Refuses: NothingToCertify.
    """
    counted = [
        one for one in records if is_service(one.state, one.mode) and since <= one.day <= until
    ]
    total = sum(one.minutes for one in counted)
    if total == 0:
        raise NothingToCertify(since=since, until=until)
    minutes, count = Counter[str](), Counter[str]()
    for one in counted:
        about = one.activity or one.kind.value
        minutes[about] += one.minutes
        count[about] += 1
    longest = sorted(minutes, key=lambda about: (-minutes[about], about))[:MOST_LINES]
    lines = tuple(Line(about, count[about], minutes[about]) for about in longest)
    return {
        "minutes": total,
        "records": len(counted),
        "lines": lines,
        "rest": total - sum(line.minutes for line in lines),
    }


# Tables and projectors


@table(
    "certificate",
    index=[("person", "id"), ("code",), ("state", "id")],
)
class Certificate(Row, frozen=True):
    """One certificate; `station` issues it by the hand of `issued_by`, with the entry at `seq`."""

    id: str
    person: str
    station: str
    path: str
    since: date
    until: date
    state: CertificateState
    requested_at: datetime
    replaces: str | None = None
    code: str | None = None
    number: str | None = None
    minutes: int = 0
    records: int = 0
    lines: tuple[Line, ...] = ()
    rest: int = 0
    issued_on: date | None = None
    issued_by: str | None = None
    seq: int | None = None
    superseded_by: str | None = None
    declined: CertificateDeclineReason | None = None
    revoked: CertificateRevokeReason | None = None
    revoked_on: date | None = None


@table("certificate_count")
class CertificateCount(Row, frozen=True):
    """How many certificates were issued in a year."""

    year: str
    issued: int


@table("certificate_waiting")
class CertificateWaits(Row, frozen=True):
    """A person's request that nobody answered yet."""

    person: str
    certificate: str


@projects(CertificateRequested)
def _requested(rows: Rows, event: CertificateRequested, entry: Sealed) -> None:
    rows.put(CertificateWaits(person=event.person, certificate=event.certificate))
    rows.put(
        Certificate(
            id=event.certificate,
            person=event.person,
            station=event.station,
            path=event.path,
            since=event.since,
            until=event.until,
            state=CertificateState.REQUESTED,
            requested_at=entry.at,
            replaces=event.replaces,
        )
    )


@projects(
    CertificateWithdrawn,
    CertificateDeclined,
    CertificateIssued,
    CertificateSuperseded,
    CertificateRevoked,
)
def _moved(rows: Rows, event: CertificateMoved, entry: Sealed) -> None:
    held = rows.there(Certificate, event.certificate)
    changed: dict[str, object] = {"state": step(LIFECYCLE, held.state, type(event))}
    if isinstance(event, CertificateIssued):
        names = ("code", "number", "minutes", "records", "lines", "rest")
        changed |= {name: getattr(event, name) for name in names}
        changed |= {
            "issued_on": day_of(entry.at),
            "issued_by": entry.actor,
            "seq": entry.seq,
        }
        _count(rows, event.number)
    elif isinstance(event, CertificateSuperseded):
        changed["superseded_by"] = event.by
    elif isinstance(event, CertificateDeclined):
        changed["declined"] = event.reason
    elif isinstance(event, CertificateRevoked):
        changed |= {"revoked": event.reason, "revoked_on": day_of(entry.at)}
    rows.put(msgspec.structs.replace(held, **changed))
    if held.state is CertificateState.REQUESTED:
        rows.drop(CertificateWaits, held.person)


def _count(rows: Rows, number: str) -> None:
    year, _, count = number.partition("-")
    rows.put(CertificateCount(year=year, issued=int(count)))


# Commands


class Certified(Answer, frozen=True, kw_only=True):
    """The certificate that was asked for, issued or ended."""

    certificate: str


async def request_certificate(
    actor: Actor, *, since: date, until: date, key: RequestKey, replaces: str | None = None
) -> Certified:
    """Ask one's home station for a certificate of the service of some days; it is free.

    Args: replaces, an issued certificate of one's own that the new one supersedes.
    Refuses: NotFound, PersonNotActive, CertificatePeriodWrong, CertificateNeedsHome,
    CertificateWaiting, NotInThisState.   Source: domain 7.
    """
    person, certificate = permit_self(actor), new("cer")

    def work(batch: Batch) -> Certified:
        held = active_person(batch, person)
        decide_period(since, until, batch.today)
        if held.home is None:
            raise CertificateNeedsHome
        waiting = batch.get(CertificateWaits, person)
        if waiting is not None:
            raise CertificateWaiting(certificate=waiting.certificate)
        if replaces is not None:
            step(LIFECYCLE, own_certificate(batch, replaces).state, CertificateSuperseded)
        issuing = served_by(batch, held.home)
        entry = batch.record(
            CertificateRequested(
                certificate=certificate,
                person=person,
                station=issuing.id,
                path=issuing.path,
                since=since,
                until=until,
                replaces=replaces,
            )
        )
        return Certified(entry=entry.seq, certificate=certificate)

    needs: list[Place] = [(Person, person), (CertificateWaits, person)]
    return await write(actor, key, work, answer=Certified, needs=needs)


async def withdraw_certificate(actor: Actor, *, certificate: str, key: RequestKey) -> Certified:
    """Take one's own request back. Refuses: NotFound, NotInThisState."""

    def work(batch: Batch) -> Certified:
        held = own_certificate(batch, certificate)
        step(LIFECYCLE, held.state, CertificateWithdrawn)
        event = CertificateWithdrawn(certificate=certificate, person=held.person)
        return Certified(entry=batch.record(event).seq, certificate=certificate)

    return await write(actor, key, work, answer=Certified, needs=[(Certificate, certificate)])


def own_certificate(batch: Batch, certificate: str) -> Certificate:
    """A certificate of the actor's own. Refuses: NotFound. Raises: Unauthenticated."""
    person = permit_self(batch.actor)
    held = batch.need(Certificate, certificate, "certificate")
    if held.person != person:
        raise NotFound(what="certificate")
    return held


# Reads


async def visible_certificates(actor: Actor, ids: Sequence[str]) -> dict[str, Certificate]:
    """Certificates by id: the actor's own or of whom they act for, and those in their scope."""
    found = list((await find_many(Certificate, ids)).values())
    mine = await may_act_for(actor, {held.person for held in found})
    theirs = await reach(actor, Action.READ_RECORDS)
    return {held.id: held for held in found if held.person in mine or theirs(held.path)}


async def certificates_of(actor: Actor, **where: Unpack[Where]) -> list[Certificate]:
    """The actor's own certificates and requests, newest first, strictly between two ids."""
    return await newest_by_id(Certificate, where, person__in=actor.selves)


async def certificates_at(
    actor: Actor, path: str, state: CertificateState, **where: Unpack[Where]
) -> list[Certificate]:
    """Certificates and requests below a path in a state, oldest first. For its staff."""
    if not await may_read(actor, Action.READ_RECORDS, path):
        return []
    which = Q(path__startswith=path, state=state.value)
    return await page_by_id(Certificate, where, which)

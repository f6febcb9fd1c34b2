"""Issuing certificates: what the home station does with a request, and with what it issued.

The person in charge is whoever issues, never the volunteer. A certificate prints every character of
the name, or it is not issued: whatever prints in this process says beforehand what it cannot.
Refuses to know how anything is printed.
"""

import secrets
from collections.abc import Awaitable, Callable

from timebank.access import Action, at_hand, in_reach, permit
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.certificate_keys import CertificateKey, publish_key, signer
from timebank.certificate_life import (
    LIFECYCLE,
    CertificateDeclined,
    CertificateDeclineReason,
    CertificateIssued,
    CertificateRevoked,
    CertificateRevokeReason,
    CertificateSuperseded,
)
from timebank.certificates import (
    Certificate,
    CertificateCount,
    Certified,
    decide_content,
)
from timebank.hours import SERVED, Record
from timebank.ids import ALPHABET
from timebank.journal import write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notices import NoticeCode, notify
from timebank.projections import Place
from timebank.refusals import NotFound, Refusal
from timebank.tables import select
from timebank.vault import read_fields

CODE_LENGTH = 16
MOST_RECORDS = 5_000

Unprintable = Callable[[str], Awaitable[str]]
"""Tells which characters of a name no certificate could print."""

# Refusals


class TooMuchToCertify(Refusal):
    """One request has its limit."""

    says = "The period holds more than {most} records; choose a shorter one."
    most: int


class OwnCertificate(Refusal):
    """Nobody certifies their own service."""

    says = "This certificate is your own; a colleague must issue it."


class NameUnprintable(Refusal):
    """A certificate prints every character of the name, or it is not issued."""

    says = "The name cannot be printed whole: {characters} is in no font of this server."
    characters: str


# Commands


async def issue_certificate(actor: Actor, *, certificate: str, key: RequestKey) -> Certified:
    """Issue what was asked for, as the person in charge, who is never the volunteer.

    Every character of the name must be printable, and only what counts today is certified.
    Refuses: NotFound, OwnCertificate, NotInThisState, NameUnprintable, NothingToCertify,
    TooMuchToCertify.   Source: domain 7.
    """
    seen = await at_hand(actor, Action.ISSUE_CERTIFICATE, Certificate, certificate)
    found = await _records_of(seen) if seen else []
    strange = await _strange_characters(seen.person) if seen else ""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))

    def work(batch: Batch) -> Certified:
        held = _at_my_desk(batch, certificate)
        if seen is None:
            raise NotFound(what="certificate")  # it was out of reach a moment ago
        step(LIFECYCLE, held.state, CertificateIssued)
        if strange:
            raise NameUnprintable(characters=strange)
        if len(found) > MOST_RECORDS:
            raise TooMuchToCertify(most=MOST_RECORDS)
        content = decide_content((batch.there(Record, id) for id in found), held.since, held.until)
        publish_key(batch)
        entry = batch.record(
            CertificateIssued(
                certificate=certificate,
                person=held.person,
                code=code,
                number=_next_number(batch),
                since=held.since,
                until=held.until,
                **content,  # type: ignore[arg-type]  # the very fields of the event, by name
            )
        )
        _supersede(batch, held)
        _tell(batch, held, NoticeCode.CERTIFICATE_ISSUED)
        return Certified(entry=entry.seq, certificate=certificate)

    needs: list[Place] = [(Certificate, certificate)]
    needs += [(Record, id) for id in found[:MOST_RECORDS]]
    needs.append((CertificateKey, signer().verifier.id.hex()))
    return await write(actor, key, work, answer=Certified, needs=needs)


async def decline_certificate(
    actor: Actor, *, certificate: str, reason: CertificateDeclineReason, key: RequestKey
) -> Certified:
    """Issue none, with a reason code. Refuses: NotFound, OwnCertificate, NotInThisState."""

    def work(batch: Batch) -> Certified:
        held = _at_my_desk(batch, certificate)
        step(LIFECYCLE, held.state, CertificateDeclined)
        _tell(batch, held, NoticeCode.CERTIFICATE_DECLINED)
        event = CertificateDeclined(certificate=certificate, person=held.person, reason=reason)
        return Certified(entry=batch.record(event).seq, certificate=certificate)

    needs: list[Place] = [(Certificate, certificate)]
    return await write(actor, key, work, answer=Certified, needs=needs)


async def revoke_certificate(
    actor: Actor, *, certificate: str, reason: CertificateRevokeReason, key: RequestKey
) -> Certified:
    """Revoke a certificate, with a reason code; its verification page says so from now on.

    Refuses: NotFound, OwnCertificate, NotInThisState.
    """

    def work(batch: Batch) -> Certified:
        held = _at_my_desk(batch, certificate)
        step(LIFECYCLE, held.state, CertificateRevoked)
        _tell(batch, held, NoticeCode.CERTIFICATE_REVOKED)
        event = CertificateRevoked(certificate=certificate, person=held.person, reason=reason)
        return Certified(entry=batch.record(event).seq, certificate=certificate)

    needs: list[Place] = [(Certificate, certificate)]
    return await write(actor, key, work, answer=Certified, needs=needs)


def _at_my_desk(batch: Batch, certificate: str) -> Certificate:
    held = in_reach(batch, Action.READ_RECORDS, Certificate, certificate, what="certificate")
    permit(batch, Action.ISSUE_CERTIFICATE, held.path)
    if batch.actor.person == held.person:
        raise OwnCertificate
    return held


def _next_number(batch: Batch) -> str:
    year = str(batch.today.year)
    held = batch.get(CertificateCount, year)
    return f"{year}-{(held.issued if held else 0) + 1:06d}"


def _supersede(batch: Batch, held: Certificate) -> None:
    """End the certificate that this one replaces, unless it ended by itself meanwhile."""
    old = batch.get(Certificate, held.replaces) if held.replaces else None
    if old is not None and CertificateSuperseded in LIFECYCLE[old.state]:
        batch.record(CertificateSuperseded(certificate=old.id, person=held.person, by=held.id))


def _tell(batch: Batch, held: Certificate, code: NoticeCode) -> None:
    notify(batch, held.person, code, held.id, hands=(batch.actor.id,))


async def _records_of(held: Certificate) -> list[str]:
    found = await select(
        Record,
        SERVED,
        volunteer=held.person,
        day__gte=held.since,
        day__lte=held.until,
        limit=MOST_RECORDS + 1,
    )
    return [record.id for record in found]


async def _strange_characters(person: PersonId) -> str:
    """The characters of the name that cannot be printed. Refuses: NotFound, for an erased name."""
    name = (await read_fields([person], "name"))[person].get("name")
    if name is None:
        raise NotFound(what="person")
    return await _unprintable(name) if _unprintable is not None else ""


# What this process can print

_unprintable: Unprintable | None = None


def install(unprintable: Unprintable | None) -> None:
    """Say what this process cannot print; where it prints nothing, the browser does."""
    global _unprintable
    _unprintable = unprintable

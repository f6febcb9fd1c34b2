"""Certificate sheets: what a certificate prints, and what its verification page says (domain 7).

Reads alone. The sheet has names and goes to whoever may see the certificate; the verification goes
to everybody who holds the code, with a masked name, and always answers: also of a certificate that
was superseded, revoked, or never was.
"""

from datetime import date
from enum import StrEnum

import msgspec

from timebank.actors import Actor
from timebank.certificate_keys import CertificateKey, signer
from timebank.certificate_life import CertificateState
from timebank.certificate_seals import Sealed, seal_text
from timebank.certificates import Certificate, visible_certificates
from timebank.entries import receipt_of
from timebank.hours import SERVED, Record
from timebank.people import people_by_id
from timebank.places import names_of as station_names
from timebank.tables import find, select
from timebank.texts import read_texts
from timebank.vault import read_fields

MASK = "*"


class Standing(StrEnum):
    """What a verification says."""

    VALID = "valid"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


STANDINGS = {
    CertificateState.ISSUED: Standing.VALID,
    CertificateState.SUPERSEDED: Standing.SUPERSEDED,
    CertificateState.REVOKED: Standing.REVOKED,
}


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a certificate prints; `titles` are those of its lines, in their order."""

    certificate: Certificate
    name: str
    volunteer: str
    station: str
    in_charge: str
    titles: tuple[str | None, ...]
    seal: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What the register says of a code.

    `taken_back` minutes of what was certified count no longer; `replaced_by` is the number of the
    certificate that superseded it.
    """

    standing: Standing
    number: str | None = None
    name: str | None = None
    station: str | None = None
    issued: date | None = None
    since: date | None = None
    until: date | None = None
    minutes: int | None = None
    taken_back: int = 0
    replaced_by: str | None = None
    ended: date | None = None


def masked(name: str) -> str:
    """A name's first character and a star for each other one."""
    return name[:1] + MASK * (len(name) - 1)


def seal_of(held: Certificate) -> str:
    """The signed text of an issued certificate, which its QR code carries."""
    told = (held.code, held.number, held.issued_on, held.seq)
    code, number, issued, seq = told
    if code is None or number is None or issued is None or seq is None:
        raise ValueError("a certificate that was never issued has no seal")
    sealed = Sealed(
        code=code,
        number=number,
        minutes=held.minutes,
        issued=issued,
        since=held.since,
        until=held.until,
        seq=seq,
    )
    return seal_text(sealed, signer())


async def sheet(actor: Actor, id: str) -> Sheet | None:
    """What an issued certificate prints, for whoever may see it; None once its name was erased."""
    held = (await visible_certificates(actor, [id])).get(id)
    if held is None or held.issued_by is None:
        return None
    names = await read_fields([held.person, held.issued_by], "name")
    name, in_charge = (names[who].get("name") for who in (held.person, held.issued_by))
    person = (await people_by_id([held.person])).get(held.person)
    if name is None or person is None:
        return None
    titles = await read_texts([line.about for line in held.lines], "title")
    return Sheet(
        certificate=held,
        name=name,
        volunteer=person.number,
        station=(await station_names([held.station])).get(held.station, ""),
        in_charge=in_charge or "",
        titles=tuple(titles.get(line.about) for line in held.lines),
        seal=seal_of(held),
    )


async def receipts_for(held: Certificate) -> dict[str, str]:
    """The receipts that a certificate carries: of its entry, and of its key's publication.

    Whoever has the log's verifier key can check everything else with these. Missing is what is not
    signed yet.
    """
    key = await find(CertificateKey, signer().verifier.id.hex())
    seqs = {"receipt.txt": held.seq, "key-receipt.txt": key.seq if key else None}
    told = {}
    for name, seq in seqs.items():
        text = await receipt_of(seq, wait=True) if seq is not None else None
        if text is not None:
            told[name] = text
    return told


async def verification(code: str) -> Verification:
    """What the register says of a certificate's code: for everybody, and it always answers."""
    found = await select(Certificate, code=code, limit=1)
    if not found:
        return Verification(standing=Standing.UNKNOWN)
    held = found[0]
    names = await read_fields([held.person], "name")
    name = names[held.person].get("name")
    newer = await find(Certificate, held.superseded_by) if held.superseded_by else None
    return Verification(
        standing=STANDINGS[held.state],
        number=held.number,
        name=masked(name) if name is not None else None,
        station=(await station_names([held.station])).get(held.station),
        issued=held.issued_on,
        since=held.since,
        until=held.until,
        minutes=held.minutes,
        taken_back=max(0, held.minutes - await _standing_minutes(held)),
        replaced_by=newer.number if newer else None,
        ended=newer.issued_on if newer else held.revoked_on,
    )


async def _standing_minutes(held: Certificate) -> int:
    who = (await people_by_id([held.person])).get(held.person)
    found = await select(
        Record,
        SERVED,
        # What was served under a number that was merged since is the kept person's.
        volunteer=who.id if who else held.person,
        day__gte=held.since,
        day__lte=held.until,
    )
    return sum(record.minutes for record in found)

"""Brought copies: whoever comes from another bank brings what it kept of them (domain 3 and 11).

The file is one of `portability`: signed by the other bank, with a key that the district got from
that bank and not from the file. What counted there becomes service attested by the district, as any
from elsewhere is: each record is confirmed and accepted here, counts for stars and mints nothing;
a balance stays where it was earned. Brought twice it comes in once.
"""

from ledger.checkpoint import InvalidNote, Verifier
from timebank.access import Action, may_read
from timebank.activities import ActivityKind
from timebank.actors import Actor
from timebank.people import person_by_number
from timebank.places import Station
from timebank.portability import PortableCopy, open_copy
from timebank.record_life import Evidence, RecordState
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated
from timebank.roster_files import RosterRow
from timebank.rosters import MOST_ROWS, Recorded, record_roster
from timebank.tables import find
from timebank.vault import found_alone, keyring

COUNTS = frozenset({RecordState.POSTED, RecordState.POSTED_SILENT})
KINDS = frozenset(kind.value for kind in ActivityKind)

# Refusals


class BankKeyWrong(Refusal):
    """Without the other bank's key nothing in a file is known to be its word."""

    says = "This is no bank's public key: ask the other bank for the one that checks its files."
    path = ("bankKey",)


class CopyOfOurs(Refusal):
    """What was served here is in the ledger already."""

    says = "This file is this bank's own; there is nothing in it to bring."
    path = ("copy",)


class CopyOfAnother(Refusal):
    """A file is brought by whom it is about: the document tells."""

    says = "This file is about somebody else: its document is not that of the volunteer."
    path = ("copy",)


class NothingBrought(Refusal):
    """A file without service that counted."""

    says = "There is no service in this file that counted at the other bank."
    path = ("copy",)


# Decisions


def bank_key(text: str) -> Verifier:
    """The other bank's key as it is published. Refuses: BankKeyWrong."""
    try:
        return Verifier.parse(text.strip())
    except InvalidNote:
        raise BankKeyWrong from None


def decide_brought(copy: PortableCopy, *, volunteer: str, station: str) -> list[RosterRow]:
    """The service that counted at the other bank, as rows of the volunteer's own station.

    Args: volunteer, station, public numbers; a kind that is unknown here is `OTHER`.
    Refuses: NothingBrought.
    """
    rows = [
        RosterRow(
            station=station,
            volunteer=volunteer,
            starts=record.starts,
            ends=record.ends,
            kind=ActivityKind(record.kind) if record.kind in KINDS else ActivityKind.OTHER,
        )
        for record in copy.records
        if record.state in COUNTS
    ]
    if not rows:
        raise NothingBrought
    return rows


# Commands


async def bring_copy(
    actor: Actor, *, number: str, text: str, key_text: str, dry_run: bool = False
) -> Recorded:
    """Record, as the district, what another bank's signed file says that a volunteer served there.

    Args: number, the volunteer's here; text, the file; key_text, the other bank's public key; the
    rows' own keys keep each from coming in twice, and a dry run writes nothing.
    Refuses: NotFound, BankKeyWrong, CopyForged, CopyOfOurs, CopyOfAnother, NothingBrought; for each
    row what record_roster refuses.   Source: domain 3, 4 and 11.
    """
    if not actor.known:
        raise Unauthenticated
    held = await person_by_number(number)
    home = await find(Station, held.home) if held and held.home else None
    if held is None or home is None:
        raise NotFound(what="volunteer")
    if not await may_read(actor, Action.CAPTURE_OLD_HOURS, home.path):
        raise Forbidden
    copy = open_copy(text.replace("\r\n", "\n"), bank_key(key_text))
    if copy.bank == keyring().settings.origin:
        raise CopyOfOurs
    document, told = copy.document, copy.document_number
    if not document or not told or await found_alone(document.value, told) != held.id:
        raise CopyOfAnother
    rows = decide_brought(copy, volunteer=held.number, station=home.number)
    answers = [
        await record_roster(
            actor,
            rows=rows[start : start + MOST_ROWS],
            key=None,
            dry_run=dry_run,
            evidence=Evidence.OTHER_SYSTEM,
        )
        for start in range(0, len(rows), MOST_ROWS)
    ]
    entry = next((one.entry for one in answers if one.entry is not None), None)
    return Recorded(entry=entry, rows=tuple(row for one in answers for row in one.rows))
